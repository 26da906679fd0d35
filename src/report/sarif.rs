//! What differs, as SARIF 2.1.0 for code scanning.

use super::change::{Comparison, causes, wide};
use super::words::{peers, service};
use super::{OriginJson, RowJson};
use crate::diag::{Code, Finding, Place, Severity};
use crate::drift::{Change, Effect, ScopeDrift};
use crate::policy::Origin;
use crate::syntax::digest::sha256;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The most results that code scanning keeps of one run.
const MOST_RESULTS: usize = 5_000;

/// The log of a comparison: a result for each row, and one for each finding that is no row. A result is known again by
/// its meaning (scope, direction, service and peers), wherever its rule stands. What stands nowhere, such as traffic that no
/// rule allows yet, is put into the first file that was compared.
pub fn diff_sarif(comparison: &Comparison<'_>) -> Value {
    let mut results = Vec::new();
    for scope in &comparison.drift.scopes {
        results.extend(scope.changes.iter().map(|change| of_change(scope, change, comparison.wanted_is_new)));
    }
    // Findings about rows are told by the rows.
    let others = comparison.findings.iter().filter(|finding| !finding.code.as_str().starts_with("drift/"));
    results.extend(others.map(of_finding));
    let all = results.len();
    results.truncate(MOST_RESULTS);
    let somewhere = somewhere(comparison);
    for result in &mut results {
        // INVARIANT: each result has a place. Code scanning refuses a whole log for one without: "locationFromSarifResult:
        // expected at least one location".
        if let Some(places) = result.get_mut("locations").and_then(Value::as_array_mut)
            && places.is_empty()
        {
            places.push(somewhere.clone());
        }
    }
    let ids: BTreeSet<&str> = results.iter().filter_map(|result| result.get("ruleId")?.as_str()).collect();
    let rules: Vec<Value> = ids.into_iter().filter_map(Code::parse).map(rule).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "egressor",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "properties": {
                "verdict": comparison.verdict().as_str(),
                "rewrittenRules": comparison.drift.rewritten,
                "resultsLeftOut": all.saturating_sub(MOST_RESULTS),
            },
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.title()},
        "fullDescription": {"text": code.page()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn of_change(scope: &ScopeDrift, change: &Change, wanted_is_new: Option<bool>) -> Value {
    let code = change.code(wanted_is_new);
    let wide = wide(&change.row).filter(|_| change.effect.may_open());
    let level = if wide.is_some() { "error" } else { level(code.severity()) };
    let what = match change.effect {
        Effect::Added => "newly allowed",
        Effect::Removed => "no longer allowed",
        Effect::MayOpen => "perhaps newly allowed",
        Effect::MayClose => "perhaps no longer allowed",
        Effect::MayEither => "perhaps newly or no longer allowed",
    };
    let mut message = format!(
        "{} of {} ({}): {} {}",
        what,
        scope.name,
        scope.direction,
        service(&change.row.transport),
        peers(&change.row, 8)
    );
    for words in wide.map(str::to_owned).into_iter().chain(causes(change).into_iter().take(8)) {
        let _ = write!(message, "; {words}");
    }
    let places = change.allowed_by.iter().chain(&change.stopped_by).filter_map(place);
    json!({
        "ruleId": code.as_str(),
        "level": level,
        "message": {"text": message},
        "locations": places.take(10).map(location).collect::<Vec<_>>(),
        "partialFingerprints": {"meaning/v1": fingerprint(scope, change)},
    })
}

fn of_finding(finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.code.as_str(),
        "level": level(finding.severity),
        "message": {"text": finding.message},
        "locations": finding.place.iter().map(location).collect::<Vec<_>>(),
    });
    if let Some(object) = result.as_object_mut() {
        let digest = sha256(format!("{}\n{}", finding.code, finding.message));
        object.insert("partialFingerprints".to_owned(), json!({"meaning/v1": digest}));
    }
    result
}

/// What a change means, without where it stands: two runs give the same as long as the traffic is the same.
fn fingerprint(scope: &ScopeDrift, change: &Change) -> String {
    let row = RowJson::new(&change.row, Vec::<OriginJson>::new());
    let row = serde_json::to_string(&row).unwrap_or_default();
    sha256(format!("{:?}\n{}\n{}\n{row}", change.effect, scope.name, scope.direction))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn place(origin: &Origin) -> Option<&Place> {
    match origin {
        Origin::File(place) => Some(place),
        Origin::Endpoint(_) | Origin::Implied(_) | Origin::System(_) => None,
    }
}

/// The first line of the first file of a side that has files.
fn somewhere(comparison: &Comparison<'_>) -> Value {
    let [old, new] = comparison.sources;
    let files = if comparison.wanted_is_new == Some(false) { new } else { old };
    let first = files.split(", ").next().unwrap_or_default();
    let first = first.strip_suffix(" (before)").unwrap_or(first);
    let first = if first.is_empty() { "egressor.yaml" } else { first };
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(first)}, "region": {"startLine": 1}}})
}

fn location(place: &Place) -> Value {
    let (line, column) = place.source.line_column(place.span.start);
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(place.source.name())},
        "region": {"startLine": line, "startColumn": column},
    }})
}

/// A path as a reference: what is no plain character of a path is written as its bytes.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
