//! Rules that no packet reaches, and rules that change nothing.

use super::{list, named};
use crate::diag::{Code, Finding, Severity};
use crate::policy::{Action, Anomalies, Origin, Policy, Redundant, Rule, Shadow, Statement};

/// A finding for each statement that could go.
pub(super) fn findings(policy: &Policy, found: &Anomalies<'_>, format: &str) -> Vec<Finding> {
    let of = |statement: &Statement<'_>| {
        let (set, rule) = statement.rules.first()?;
        policy.sets.get(*set)?.rules.get(*rule)
    };
    let mut findings = Vec::new();
    for shadow in &found.shadowed {
        let Some(statement) = found.statements.get(shadow.statement) else { continue };
        let Some(rule) = of(statement) else { continue };
        let closes = closes(policy, statement, format);
        findings.push(shadowed(shadow, statement, rule, closes));
    }
    for redundant in &found.redundant {
        let Some(statement) = found.statements.get(redundant.statement) else { continue };
        let Some(rule) = of(statement).filter(|_| !closes(policy, statement, format)) else { continue };
        findings.push(changes_nothing(redundant, statement, rule));
    }
    findings
}

/// Reports whether the statement is the last line of a Squid configuration, from which Squid takes its default
/// (`squid.conf.documented`, `http_access`): it does more than it says.
fn closes(policy: &Policy, statement: &Statement<'_>, format: &str) -> bool {
    format.starts_with("squid")
        && policy.sets.iter().any(|set| {
            let last = set.rules.iter().rev().find_map(|rule| match &rule.origin {
                Origin::File(place) => Some(place),
                Origin::System(_) | Origin::Endpoint(_) | Origin::Implied(_) => None,
            });
            last.is_some_and(|last| {
                last.span == statement.place.span && last.source == statement.place.source
            })
        })
}

fn does(action: Action) -> &'static str {
    match action {
        Action::Allow => "allows",
        Action::Deny => "denies",
    }
}

fn shadowed(shadow: &Shadow<'_>, statement: &Statement<'_>, rule: &Rule, closes: bool) -> Finding {
    let place = statement.place;
    let by = match list(&shadow.hidden_by, place) {
        (names, _) if names.is_empty() => "rules before it decide".to_owned(),
        (names, false) => format!("{names} decides"),
        (names, true) => format!("{names} together decide"),
    };
    let message = format!("no packet reaches this rule: {by} all that it matches");
    let remove = if closes {
        "it is the last line, from which Squid takes its default, so put `http_access deny all` in its place"
    } else {
        "it can be removed"
    };
    let help = match shadow.opposite {
        Some(other) => {
            let (this, other_does) = (does(rule.action), does(other.action));
            format!(
                "it {this} what {} {other_does}: move it up; if that is not meant, {remove}",
                named(other, place)
            )
        }
        None => remove.to_owned(),
    };
    Finding::new(Code::LintShadowed, message).at(&place.source, place.span).help(help)
}

fn changes_nothing(redundant: &Redundant<'_>, statement: &Statement<'_>, rule: &Rule) -> Finding {
    let place = statement.place;
    let (mut by, _) = list(&redundant.instead, place);
    if redundant.default {
        by = if by.is_empty() { "the default".to_owned() } else { format!("{by} and the default") };
    }
    let verb = match rule.action {
        Action::Allow => "allow",
        Action::Deny => "deny",
    };
    let message = format!("without this rule nothing changes: what it decides, {by} would {verb} too");
    let finding =
        Finding::new(Code::LintRedundant, message).at(&place.source, place.span).help("it can be removed");
    // Many close a list with a denial that the default would make anyway, so that the reader sees it.
    let by_default = redundant.instead.iter().all(|rule| matches!(rule.origin, Origin::System(_)));
    if rule.action == Action::Deny && by_default {
        Finding { severity: Severity::Note, ..finding }
    } else {
        finding
    }
}
