//! Rules that no packet reaches, and rules that change nothing.

use super::{list, named};
use crate::diag::{Code, Finding, Place, Severity, Span};
use crate::policy::{Action, Anomalies, Origin, Policy, Redundant, Rule, Shadow, Statement};
use std::collections::BTreeSet;

/// A finding for each statement that could go. `told` is what the reader said of the files.
pub(super) fn findings(
    policy: &Policy,
    found: &Anomalies<'_>,
    format: &str,
    told: &[Finding],
) -> Vec<Finding> {
    let limited = Limited::new(told);
    let of = |statement: &Statement<'_>| {
        let (set, rule) = statement.rules.first()?;
        policy.sets.get(*set)?.rules.get(*rule)
    };
    let mut findings = Vec::new();
    for shadow in &found.shadowed {
        let Some(statement) = found.statements.get(shadow.statement) else { continue };
        let Some(rule) = of(statement) else { continue };
        if limited.touches(statement, &shadow.hidden_by) || by_answers(&shadow.hidden_by, format) {
            continue;
        }
        let closes = closes(policy, statement, format);
        findings.push(shadowed(shadow, statement, rule, closes));
    }
    for redundant in &found.redundant {
        let Some(statement) = found.statements.get(redundant.statement) else { continue };
        let Some(rule) = of(statement).filter(|_| !closes(policy, statement, format)) else { continue };
        if limited.touches(statement, &redundant.instead) || by_answers(&redundant.instead, format) {
            continue;
        }
        findings.push(changes_nothing(redundant, statement, rule));
    }
    findings.extend(found.unjudged.iter().map(|scope| {
        let message = format!(
            "the rules of `{}` {} overlap so much that not all that are shadowed or redundant were sought",
            scope.name, scope.direction
        );
        Finding { severity: Severity::Warning, ..Finding::new(Code::ReadTooLarge, message) }
    }));
    findings
}

/// Reports whether it is missing answers that hide a rule of a stateless list. The rule may be what lets answers of the other
/// direction pass, and what is missing was told of both.
fn by_answers(rules: &[&Rule], format: &str) -> bool {
    let system = |rule: &&Rule| matches!(rule.origin, Origin::System(_));
    format.contains("aws-network-acl") && rules.iter().any(system)
}

/// Lines of a proxy that hold for some methods only. A host and port count as allowed when any method may reach
/// them, so of two such lines one can hide the other from the sets and still be needed for its own methods.
struct Limited<'a>(BTreeSet<(&'a str, Span)>);

impl<'a> Limited<'a> {
    fn new(told: &'a [Finding]) -> Self {
        let limited = told.iter().filter(|finding| finding.code == Code::ReadMethodLimited);
        Self(limited.filter_map(|finding| finding.place.as_ref()).map(key).collect())
    }

    /// Reports whether the statement or one of these rules is such a line, or may be.
    fn touches(&self, statement: &Statement<'_>, rules: &[&Rule]) -> bool {
        let mut places = rules.iter().filter_map(|rule| match &rule.origin {
            Origin::File(place) => Some(place),
            Origin::System(_) | Origin::Endpoint(_) | Origin::Implied(_) => None,
        });
        !self.0.is_empty()
            && (rules.is_empty()
                || self.0.contains(&key(statement.place))
                || places.any(|place| self.0.contains(&key(place))))
    }
}

fn key(place: &Place) -> (&str, Span) {
    (place.source.name(), place.span)
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
                "it {this} what {} {other_does}: let it come first; if that is not meant, {remove}",
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
