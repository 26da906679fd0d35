//! What the chains of all files mean together, as one policy.

use super::chains::Chains;
use super::hook::Hook;
use super::walk;
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Constraint, PeerSet, Set};
use crate::policy::{Absent, Action, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::targets::packet_filters::region::Family;
use std::collections::BTreeSet;

/// The policy of all chains: one scope for each hook that something hangs from.
pub(super) fn lift(chains: &Chains, findings: &mut Vec<Finding>) -> Policy {
    chains.check(findings);
    if let Some((chain, rule)) = chains.find_loop() {
        let message = format!("the chain `{}` jumps in a circle", chain.name);
        findings.push(Finding::new(Code::ReadRefused, message).at(&chain.source, rule.span));
        return Policy::default();
    }
    let mut sets = Vec::new();
    let mut absent = Absent::default();
    let mut named = BTreeSet::new();
    for hook in Hook::ALL {
        let scope = Scope { name: hook.as_str().to_owned(), direction: hook.direction() };
        let mut set = RuleSet {
            scope: scope.clone(),
            subject: Subject::Host,
            universe: PeerSet::default(),
            rules: Vec::new(),
            default: Action::Deny,
        };
        for family in [Family::V4, Family::V6] {
            if let Some(rules) = walk::flatten(chains, hook, family, &mut named, findings) {
                set.universe.addrs = set.universe.addrs.union(&family.all());
                set.rules.extend(rules);
            }
        }
        let key = format!("nftables hook {}", scope.name);
        absent.look_up(scope.clone(), vec![key.clone()]);
        if set.universe.addrs == AddrSet::default() {
            absent.hold(key, without_chains(&scope));
        } else {
            sets.push(set);
        }
    }
    Policy { absent, ..Policy::new(sets) }
}

/// What holds at a hook that nothing hangs from: everything passes.
fn without_chains(scope: &Scope) -> RuleSet {
    let origin = Origin::System(format!("nothing filters at the hook {}", scope.name));
    let rule = Rule {
        action: Action::Allow,
        matches: Match { source: Constraint::Any, peer: Constraint::Any, transport: Constraint::Any },
        traffic: Traffic::New,
        unmodelled: Vec::new(),
        origin,
    };
    let name = format!("a host without a chain at the hook {}", scope.name);
    RuleSet {
        scope: Scope { name, direction: scope.direction },
        subject: Subject::Host,
        universe: PeerSet::all_addrs(),
        rules: vec![rule],
        default: Action::Deny,
    }
}
