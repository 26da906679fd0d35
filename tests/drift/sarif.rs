//! SARIF 2.1.0: what the standard asks of what is written, over comparisons of the whole corpus.
//!
//! The checks are written after the text of the standard, so that they hold everywhere. Where `EGRESSOR_SARIF_SCHEMA`
//! names the schema of OASIS, as in CI, it judges the same logs.

use super::common::corpus::{Case, all};
use super::common::real;
use egressor::diag::CODES;
use egressor::drift::Doubt;
use egressor::ops::{DiffRequest, Project, Side, diff};
use egressor::packet::Limit;
use egressor::report::{Comparison, diff_sarif};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

fn log(old: &Case, new: &Case) -> Value {
    let request = DiffRequest {
        old: Side::Files(old.files.clone()),
        new: Side::Files(new.files.clone()),
        project: Project::default(),
        explain: false,
        maps: Vec::new(),
        scopes: Vec::new(),
        ignore: None,
        doubt: Doubt::Unknown,
        envelope: Vec::new(),
        limit: Limit::default(),
        readers: Vec::new(),
    };
    let diffed = diff(&request);
    diff_sarif(&Comparison {
        sources: &diffed.sources,
        drift: &diffed.drift,
        findings: &diffed.findings,
        compared: diffed.compared,
        wanted_is_new: None,
        witness: false,
    })
}

/// Comparisons of neighbours in the corpus, which now and then are of two formats.
static LOGS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    let all = all();
    let pairs = all.iter().zip(all.iter().skip(1));
    pairs.map(|(old, new)| (format!("{} and {}", old.name(), new.name()), log(old, new))).collect()
});

/// The members of an object, all of which must be known here.
fn members<'a>(value: &'a Value, known: &[&str], required: &[&str]) -> &'a Value {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for key in object.keys() {
        assert!(known.contains(&key.as_str()), "`{key}` is no property here: {value}");
    }
    for key in required {
        assert!(object.contains_key(*key), "`{key}` is missing: {value}");
    }
    value
}

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    let text = members(value, &["text"], &["text"])["text"].as_str().unwrap();
    assert!(!text.is_empty());
    text
}

fn level(value: &Value) {
    assert!(["none", "note", "warning", "error"].contains(&value.as_str().unwrap()), "{value}");
}

/// A reference as RFC 3986 has it, of a path: no scheme, no blank, no backslash, every `%` before two digits.
fn reference(uri: &str) {
    assert!(!uri.is_empty() && !uri.contains("//"), "{uri}");
    let mut rest = uri.chars();
    while let Some(char) = rest.next() {
        match char {
            '%' => {
                let digits: Vec<char> = rest.by_ref().take(2).collect();
                assert!(digits.len() == 2 && digits.iter().all(char::is_ascii_hexdigit), "{uri}");
            }
            '-' | '.' | '_' | '~' | '/' => {}
            _ => assert!(char.is_ascii_alphanumeric(), "{uri}"),
        }
    }
}

fn location(value: &Value) {
    let physical = &members(value, &["physicalLocation"], &["physicalLocation"])["physicalLocation"];
    members(physical, &["artifactLocation", "region"], &["artifactLocation"]);
    reference(members(&physical["artifactLocation"], &["uri"], &["uri"])["uri"].as_str().unwrap());
    let region = members(&physical["region"], &["startLine", "startColumn"], &["startLine"]);
    for key in ["startLine", "startColumn"] {
        assert!(region.get(key).is_none_or(|at| at.as_u64().unwrap() >= 1), "{region}");
    }
}

/// What the standard asks.
fn check(log: &Value) -> usize {
    members(log, &["$schema", "version", "runs"], &["version", "runs"]);
    assert_eq!(log["version"], "2.1.0");
    let [run] = items(&log["runs"]) else { panic!("one run: {log}") };
    members(run, &["tool", "columnKind", "properties", "results"], &["tool", "results"]);
    assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap()));
    let driver = members(&run["tool"], &["driver"], &["driver"])["driver"].clone();
    members(&driver, &["name", "version", "rules"], &["name"]);
    assert!(!driver["name"].as_str().unwrap().is_empty());
    let mut ids = BTreeSet::new();
    for rule in items(&driver["rules"]) {
        members(rule, &["id", "shortDescription", "fullDescription", "defaultConfiguration"], &["id"]);
        let id = rule["id"].as_str().unwrap();
        assert!(ids.insert(id), "`{id}` twice");
        assert!(CODES.iter().any(|code| code.as_str() == id), "{id}");
        text(&rule["shortDescription"]);
        text(&rule["fullDescription"]);
        level(&members(&rule["defaultConfiguration"], &["level"], &[])["level"]);
    }
    let results = items(&run["results"]);
    let mut used = BTreeSet::new();
    for result in results {
        let known = ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"];
        members(result, &known, &["ruleId", "message", "partialFingerprints"]);
        let id = result["ruleId"].as_str().unwrap();
        assert!(ids.contains(id), "no rule {id}");
        used.insert(id);
        if let Some(index) = result.get("ruleIndex") {
            let index = usize::try_from(index.as_u64().unwrap()).unwrap();
            assert_eq!(items(&driver["rules"])[index]["id"], id);
        }
        level(&result["level"]);
        assert!(!text(&result["message"]).chars().any(char::is_control), "{result}");
        // Unique items, as the schema says.
        let places: BTreeSet<String> = items(&result["locations"]).iter().map(Value::to_string).collect();
        assert_eq!(places.len(), items(&result["locations"]).len(), "{result}");
        items(&result["locations"]).iter().for_each(location);
        assert!(!places.is_empty(), "code scanning refuses the log: {result}");
        let prints = result["partialFingerprints"].as_object().unwrap();
        assert!(!prints.is_empty() && prints.values().all(|print| print.as_str().unwrap().len() == 64));
    }
    assert_eq!(ids, used, "rules that no result names");
    results.len()
}

#[test]
fn every_log_is_as_the_standard_says() {
    let results: usize = LOGS.iter().map(|(_, log)| check(log)).sum();
    assert!(results > 500, "{results}");
}

#[test]
fn results_of_one_log_are_told_apart_by_their_fingerprints() {
    for (name, log) in &*LOGS {
        let mut seen = BTreeSet::new();
        for result in items(&log["runs"][0]["results"]) {
            if result["ruleId"].as_str().unwrap().starts_with("drift/") {
                assert!(seen.insert(result["partialFingerprints"].to_string()), "{name}: {result}");
            }
        }
    }
}

#[test]
fn every_log_is_valid_by_the_schema_of_oasis() {
    let Some(path) = std::env::var_os("EGRESSOR_SARIF_SCHEMA") else {
        return real::skipped("the SARIF schema", LOGS.len(), "EGRESSOR_SARIF_SCHEMA names no file");
    };
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let id = schema.get("id").or(schema.get("$id")).and_then(Value::as_str).unwrap_or_default();
    assert!(id.contains("sarif") && id.contains("2.1.0"), "{id} is another schema");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, log) in &*LOGS {
        let errors: Vec<String> = validator.iter_errors(log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}
