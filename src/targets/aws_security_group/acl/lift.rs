//! From the rules of ACLs as a file states them to what they let pass, each direction by itself, in the order of numbers.

use super::entry::Entry;
use super::returns::{Half, connections};
use crate::diag::{Code, Finding, Place};
use crate::packet::PeerSet;
use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::targets::clouds::terraform::{Stated, found, unmodelled};
use std::collections::{BTreeMap, BTreeSet};

/// Both directions.
pub(super) const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

/// What the rules mean together: for each ACL and direction that rules are about or that is `stated`, the connections that
/// it lets be opened. `stated` gives the place of the ACL.
pub(super) fn lift(
    entries: &[Entry],
    stated: &BTreeMap<Scope, Place>,
    findings: &mut Vec<Finding>,
) -> Policy {
    let mut halves: BTreeMap<Scope, Vec<(i64, Rule)>> =
        stated.keys().map(|scope| (scope.clone(), Vec::new())).collect();
    let mut places = stated.clone();
    let mut taken: BTreeSet<(Scope, i64)> = BTreeSet::new();
    for entry in entries {
        for direction in &entry.directions {
            let scope = Scope { name: entry.acl.clone(), direction: *direction };
            places.entry(scope.clone()).or_insert_with(|| entry.place.clone());
            let sure = entry.doubts.is_empty() && entry.directions.len() == 1;
            let number = match entry.number {
                Stated::Known(number) => {
                    if sure && !taken.insert((scope.clone(), number)) {
                        let message = format!("{scope} has two rules of the number {number}");
                        findings.push(found(Code::ReadRefused, message, &entry.place));
                    }
                    number
                }
                // As it is also unmodelled, it counts for the bounds wherever it would have stood.
                Stated::Unknown(_) | Stated::Absent => 0,
            };
            let rules = entry.actions.iter().map(|(action, doubt)| Rule {
                action: *action,
                matches: Match { peer: entry.peers.clone(), transport: entry.services.clone(), ..Match::ANY },
                traffic: Traffic::New,
                unmodelled: entry.doubts.iter().chain(doubt).cloned().collect(),
                origin: Origin::File(entry.place.clone()),
            });
            halves.entry(scope).or_default().extend(rules.map(|rule| (number, rule)));
        }
        let named: BTreeSet<_> =
            entry.doubts.iter().chain(entry.actions.iter().filter_map(|(_, doubt)| doubt.as_ref())).collect();
        findings.extend(named.into_iter().map(|part| unmodelled(part, &entry.place)));
    }
    let halves: BTreeMap<Scope, Half> = halves
        .into_iter()
        .filter_map(|(scope, mut rules)| {
            rules.sort_by_key(|(number, _)| *number);
            let rules = rules.into_iter().map(|(_, rule)| rule).collect();
            let place = places.get(&scope)?.clone();
            Some((scope.clone(), Half { set: set(scope, rules), place }))
        })
        .collect();
    Policy::new(connections(&halves, findings))
}

/// Rules with the last one behind them, `*`, which denies the rest.
fn set(scope: Scope, rules: Vec<Rule>) -> RuleSet {
    RuleSet { scope, subject: Subject::Host, universe: PeerSet::all_addrs(), rules, default: Action::Deny }
}
