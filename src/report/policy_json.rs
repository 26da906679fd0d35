//! What rules mean, as JSON: `egressor/policy/v1`.

use super::{finding_json, row_json};
use crate::diag::Finding;
use crate::packet::{PacketSet, Row};
use crate::policy::{Action, Origin, Policy, RuleSet, Traffic};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The document for a rule file.
pub fn policy_json(source: &str, format: &str, policy: &Policy, findings: &[Finding]) -> Value {
    json!({
        "schema": "egressor/policy/v1",
        "source": source,
        "format": format,
        "scopes": policy.sets.iter().map(scope_json).collect::<Vec<_>>(),
        "findings": findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn scope_json(set: &RuleSet) -> Value {
    let allows = set.allows();
    let rows = |packets: &PacketSet| -> Vec<Value> {
        let rows = packets.rows();
        let origins = origins(set, &rows);
        rows.iter().zip(origins).map(|(row, origins)| row_json(row, origins)).collect()
    };
    let unmodelled: Vec<Value> = set
        .rules
        .iter()
        .flat_map(|rule| rule.unmodelled.iter().map(move |unmodelled| (rule, unmodelled)))
        .map(|(rule, unmodelled)| {
            let mut object = json!({"text": unmodelled.text});
            if let Origin::File(place) = &rule.origin {
                object["line"] = place.source.line_column(place.span.start).0.into();
            }
            object["why"] = unmodelled.why.clone().into();
            object
        })
        .collect();
    let mut object = json!({
        "scope": set.scope.name,
        "direction": set.scope.direction.as_str(),
        "exact": allows.is_exact(),
        "allows": {"at_least": rows(&allows.at_least), "at_most": rows(&allows.at_most)},
        "unmodelled": unmodelled,
    });
    let apart = |traffic: Traffic| -> Vec<Value> {
        set.rules.iter().filter(|rule| rule.traffic == traffic).map(|rule| origin_json(&rule.origin)).collect()
    };
    for (key, traffic) in [("return_traffic", Traffic::Return), ("loopback", Traffic::Loopback)] {
        let rules = apart(traffic);
        if !rules.is_empty() {
            object[key] = rules.into();
        }
    }
    object
}

/// For each row, the allowing rules that decide some packet of it.
fn origins(set: &RuleSet, rows: &[Row]) -> Vec<Vec<Value>> {
    let packets: Vec<PacketSet> = rows.iter().map(Row::packets).collect();
    let rule = |decision: u32| set.rules.get(usize::try_from(decision).ok()?.checked_sub(1)?);
    let allowing = |decision: u32| rule(decision).filter(|rule| rule.action == Action::Allow);
    let of_row = |decisions: &BTreeSet<u32>| {
        decisions.iter().filter_map(|decision| allowing(*decision)).map(|rule| origin_json(&rule.origin)).collect()
    };
    set.deciding(&packets).iter().map(of_row).collect()
}

fn origin_json(origin: &Origin) -> Value {
    match origin {
        Origin::Endpoint(why) => json!({"endpoint": why.endpoint}),
        Origin::Implied(need) => json!({"implied": need.id(), "text": need.reason()}),
        Origin::System(text) => json!({"system": text}),
        Origin::File(place) => {
            let (line, _) = place.source.line_column(place.span.start);
            let text = place.source.slice(place.span);
            let first = text.lines().next().unwrap_or_default().trim();
            json!({"file": place.source.name(), "line": line, "text": first})
        }
    }
}
