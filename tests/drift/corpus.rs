//! The laws of `diff` over the whole corpus: a thing is equal to itself, and a comparison turned round is its mirror.

use super::common::corpus::{Case, all, cases, importer, importers};
use egressor::diag::any_error;
use egressor::drift::{Drift, Terms, drift};
use egressor::policy::Policy;
use egressor::report::{Comparison, DiffJson, check_schema, diff_schema, lint_schema, policy_schema};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::process::Command;

/// What error-free files mean, and for a plan what was there before.
fn policies(case: &Case) -> Vec<(String, Policy)> {
    let sources = case.sources();
    let now = importer(case.importer).import(&sources);
    let before = importer(case.importer).import_before(&sources);
    let both = [(case.name(), Some(now)), (format!("{} before", case.name()), before)];
    both.into_iter()
        .filter_map(|(name, read)| {
            read.filter(|read| !any_error(&read.findings)).map(|read| (name, read.policy))
        })
        .collect()
}

fn document(drift: &Drift) -> Value {
    let comparison = Comparison {
        sources: &[String::new(), String::new()],
        drift,
        findings: &[],
        compared: true,
        wanted_is_new: None,
        witness: false,
    };
    serde_json::to_value(DiffJson::new(&comparison)).unwrap()
}

/// A comparison without the rules that are responsible: its scopes by their names, in an order of their own. Turned
/// round, what was added was removed.
fn essence(document: &Value, turned: bool) -> Value {
    let verdict = |verdict: &Value| match verdict.as_str() {
        Some("broadened") if turned => json!("narrowed"),
        Some("narrowed") if turned => json!("broadened"),
        _ => verdict.clone(),
    };
    let rows = |rows: &Value| -> Vec<String> {
        let without_origins = |row: &Value| {
            let mut row = row.clone();
            row.as_object_mut().unwrap().remove("origins");
            row.to_string()
        };
        let mut rows: Vec<String> = rows.as_array().unwrap().iter().map(without_origins).collect();
        rows.sort();
        rows
    };
    let scope = |scope: &Value| {
        let old = scope["scope"].as_str().unwrap();
        let new = scope["new_scope"].as_str().unwrap_or(old);
        let (old, new) = if turned { (new, old) } else { (old, new) };
        let (added, removed) = if turned { ("removed", "added") } else { ("added", "removed") };
        let mut unmodelled: Vec<&str> =
            scope["unmodelled"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
        unmodelled.sort_unstable();
        unmodelled.dedup();
        json!([
            [old, new, scope["direction"]],
            verdict(&scope["verdict"]),
            rows(&scope[added]),
            rows(&scope[removed]),
            rows(&scope["unknown"]),
            unmodelled,
        ])
    };
    let mut scopes: Vec<Value> = document["scopes"].as_array().unwrap().iter().map(scope).collect();
    scopes.sort_by_key(Value::to_string);
    json!([verdict(&document["verdict"]), document["rewritten_rules"], scopes])
}

fn valid(validator: &Validator, document: &Value, about: &str) {
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{about}: {errors:?}\n{document:#}");
}

/// Compares two policies both ways, and reports whether they differ.
fn mirrored(validator: &Validator, (a, old): &(String, Policy), (b, new): &(String, Policy)) -> bool {
    let (there, back) = (drift(old, new, &Terms::default()), drift(new, old, &Terms::default()));
    let (there, back) = (document(&there.unwrap()), document(&back.unwrap()));
    let about = format!("{a} and {b}");
    valid(validator, &there, &about);
    assert_eq!(essence(&there, false), essence(&back, true), "{about}");
    there["verdict"] != "equal"
}

#[test]
fn comparisons_within_an_importer_are_mirrored_and_valid() {
    let validator = jsonschema::validator_for(&diff_schema()).unwrap();
    let (mut pairs, mut different) = (0, 0);
    for name in importers().map(egressor::targets::Importer::name) {
        let all: Vec<_> = cases(name).iter().flat_map(policies).collect();
        for (at, one) in all.iter().enumerate() {
            for other in all.iter().skip(at) {
                pairs += 1;
                different += usize::from(mirrored(&validator, one, other));
            }
        }
    }
    assert!(pairs > 1_500 && different > pairs / 2, "{different} of {pairs}");
}

#[test]
fn comparisons_across_formats_are_mirrored_and_valid() {
    let validator = jsonschema::validator_for(&diff_schema()).unwrap();
    let all: Vec<_> = all().iter().flat_map(policies).collect();
    let mut different = 0;
    // A stride that is prime to the number of cases meets every format with every other.
    for at in 0..400 {
        let (one, other) = (&all[at * 37 % all.len()], &all[(at * 101 + at / 7) % all.len()]);
        different += usize::from(mirrored(&validator, one, other));
    }
    assert!(different > 200, "{different}");
}

fn run(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_egressor")).args(arguments).output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn every_case_is_equal_to_itself_and_shown_as_its_schema_says() {
    let [diff, show] =
        [diff_schema(), policy_schema()].map(|schema| jsonschema::validator_for(&schema).unwrap());
    for case in all() {
        let files: Vec<&str> = case.files.iter().map(|path| path.to_str().unwrap()).collect();
        let readable = !any_error(&importer(case.importer).import(&case.sources()).findings);
        let (code, shown) = run(&[&["show", "--format", "json"], files.as_slice()].concat());
        valid(&show, &shown, &case.name());
        assert_eq!(code, Some(if readable { 0 } else { 2 }), "{}", case.name());
        let sides = [&["diff", "--format", "json", "--old"], files.as_slice(), &["--new"], files.as_slice()];
        let (code, found) = run(&sides.concat());
        valid(&diff, &found, &case.name());
        if !readable {
            assert_eq!((code, &found["verdict"]), (Some(2), &json!("unknown")), "{}", case.name());
            continue;
        }
        assert_eq!((code, &found["verdict"]), (Some(0), &json!("equal")), "{}\n{found:#}", case.name());
        assert_eq!(found["rewritten_rules"], 0, "{}", case.name());
        for scope in found["scopes"].as_array().unwrap() {
            for rows in ["added", "removed", "unknown"] {
                assert_eq!(scope[rows], json!([]), "{}", case.name());
            }
        }
    }
}

#[test]
fn what_check_and_lint_print_of_every_case_is_what_their_schemas_say() {
    let [check, lint] =
        [check_schema(), lint_schema()].map(|schema| jsonschema::validator_for(&schema).unwrap());
    let (mut answered, mut judged) = (0, 0);
    // Every case is asked one question; every other one is judged.
    for (at, case) in all().iter().enumerate() {
        let files: Vec<&str> = case.files.iter().map(|path| path.to_str().unwrap()).collect();
        let question = ["192.0.2.1:443", "api.example.com:443/tcp"][at % 2];
        let (code, found) = run(&[&["check", question, "--format", "json"], files.as_slice()].concat());
        valid(&check, &found, &case.name());
        answered += usize::from(code != Some(2));
        if at % 2 == 0 {
            let (code, found) = run(&[&["lint", "--format", "json"], files.as_slice()].concat());
            valid(&lint, &found, &case.name());
            judged += usize::from(code != Some(2));
        }
    }
    assert!(answered > 200 && judged > 100, "{answered} {judged}");
}

#[test]
fn the_list_of_targets_is_what_its_schema_says_and_names_each() {
    let (code, schema) = run(&["targets", "--schema"]);
    assert_eq!(code, Some(0));
    let (_, found) = run(&["targets", "--project", "none", "--format", "json"]);
    valid(&jsonschema::validator_for(&schema).unwrap(), &found, "targets");
    assert_eq!(found["targets"].as_array().unwrap().len(), egressor::targets::TARGETS.len());
}
