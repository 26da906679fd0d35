//! From the rules of policies as a file states them to what they mean for the instances of a network.
//!
//! The rule with the lowest priority number that matches decides ("Firewall policy rules", "Priority"). What no rule
//! decides goes on, at last to the network's implied rules: egress is allowed, ingress is denied.
//!
//! A name stands for addresses that Google looks up.

use super::rule::Ends;
use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, PeerSet, Set as _};
use crate::policy::{
    Absent, Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Traffic, Unmodelled,
};
use crate::targets::asked::named::{both_families, with_names};
use crate::targets::clouds::gcp_network::implied;
use crate::targets::clouds::terraform::{Doubtful, Stated, found, unknown, unmodelled};
use std::collections::{BTreeMap, BTreeSet};

/// One rule as a file states it.
#[derive(Debug, Clone)]
pub(super) struct PolicyRule {
    /// The policy.
    pub(super) policy: String,
    /// Which way; both where the file does not let it be known.
    pub(super) directions: Vec<Direction>,
    /// What it does, with the doubt where the file does not let it be known.
    pub(super) actions: Vec<(Action, Option<Unmodelled>)>,
    /// The lower, the earlier.
    pub(super) priority: Stated<u32>,
    /// The services, each with what is not known about it.
    pub(super) services: Vec<Doubtful>,
    /// The far end.
    pub(super) far: Ends<PeerSet>,
    /// The near end.
    pub(super) near: Ends<AddrSet>,
    /// The instances, as `service-account:A` or `secure-tag:T`; none when all are meant.
    pub(super) targets: Vec<String>,
    /// Reports whether only Terraform knows which instances these are.
    pub(super) unresolved: bool,
    /// What else the file does not let be known.
    pub(super) doubts: Vec<Unmodelled>,
    /// Where it was read.
    pub(super) place: Place,
}

/// A rule with its place among the others. A rule whose priority is not known stands first: as it is also unmodelled, it
/// then counts for the bounds wherever it would have stood.
type Ordered = (Option<u32>, Rule);

/// A policy, a direction, and the instances: all of them, or those with an account or a tag.
pub(super) type Spoken = (String, Direction, Option<String>);

/// Rules of each policy and direction for all instances.
type Everyone<'a> = BTreeMap<(&'a str, Direction), Vec<Ordered>>;

/// What the rules mean together: a rule set for each policy, direction and target, and one for instances that no rule
/// targets. Each target's holds its own rules and those for all instances. What is `spoken` of has a rule set even when
/// no rule is about it: then the implied rules decide.
pub(super) fn lift(rules: &[PolicyRule], spoken: &BTreeSet<Spoken>, findings: &mut Vec<Finding>) -> Policy {
    let mut everyone: Everyone<'_> = BTreeMap::new();
    let mut targeted: BTreeMap<(&str, Direction, &str), Vec<Ordered>> = BTreeMap::new();
    for (policy, direction, target) in spoken {
        match target {
            Some(target) => drop(targeted.entry((policy, *direction, target)).or_default()),
            None => drop(everyone.entry((policy, *direction)).or_default()),
        }
    }
    let mut places: BTreeSet<(&str, u32)> = BTreeSet::new();
    for rule in rules {
        if let (Stated::Known(priority), []) = (&rule.priority, rule.doubts.as_slice())
            && !places.insert((&rule.policy, *priority))
        {
            let message = format!("two rules of `{}` have the priority {priority}", rule.policy);
            findings.push(refused(message, &rule.place));
        }
        let parts = parts(rule);
        let mut named: BTreeSet<&Unmodelled> = BTreeSet::new();
        named.extend(parts.iter().flat_map(|(_, part)| &part.unmodelled));
        findings.extend(named.into_iter().map(|part| unmodelled(part, &rule.place)));
        for direction in &rule.directions {
            if rule.targets.is_empty() {
                everyone.entry((&rule.policy, *direction)).or_default().extend(parts.clone());
            }
            for target in &rule.targets {
                targeted.entry((&rule.policy, *direction, target)).or_default().extend(parts.clone());
            }
        }
    }
    let mut sets = Vec::new();
    // Where it is not known which instances are meant, another file may name the same ones.
    let unresolved = |policy: &str| rules.iter().any(|rule| rule.unresolved && rule.policy == policy);
    let named = everyone.keys().map(|(policy, _)| *policy).chain(targeted.keys().map(|(policy, ..)| *policy));
    let known: BTreeSet<&str> = named.filter(|policy| !unresolved(policy)).collect();
    let mut absent = absent(&everyone, &known);
    for ((policy, direction, target), mut own) in targeted {
        own.extend(everyone.get(&(policy, direction)).cloned().unwrap_or_default());
        sets.push(set(format!("{policy}/{target}"), direction, own));
        if known.contains(policy) {
            absent.look_up(Scope { name: format!("{policy}/{target}"), direction }, keys(policy));
        }
    }
    for ((policy, direction), rules) in everyone {
        sets.push(set(policy.to_owned(), direction, rules));
        absent.look_up(Scope { name: policy.to_owned(), direction }, keys(policy));
    }
    Policy { absent, ..Policy::new(sets) }
}

/// What holds for instances that no rule targets: under a policy that is spoken of, its rules for all instances; without
/// one, the rules that nobody wrote.
fn absent(everyone: &Everyone<'_>, policies: &BTreeSet<&str>) -> Absent {
    let mut absent = Absent::default();
    for direction in super::hcl::BOTH {
        let none = "a network without a policy".to_owned();
        absent.hold(ANY_POLICY.to_owned(), set(none, direction, Vec::new()));
        for policy in policies {
            let rules = everyone.get(&(*policy, direction)).cloned().unwrap_or_default();
            absent.hold(format!("{ANY_POLICY} {policy}"), set((*policy).to_owned(), direction, rules));
        }
    }
    absent
}

/// Under what the scopes of a policy are looked up where no rule targets them.
fn keys(policy: &str) -> Vec<String> {
    vec![format!("{ANY_POLICY} {policy}"), ANY_POLICY.to_owned()]
}

/// What all policies are looked up under.
const ANY_POLICY: &str = "google_compute_network_firewall_policy";

fn set(name: String, direction: Direction, mut rules: Vec<Ordered>) -> RuleSet {
    rules.sort_by_key(|(priority, _)| *priority);
    let rules = rules.into_iter().map(|(_, rule)| rule).collect();
    let rules = with_names(rules, &both_families());
    // A source can be a name or a tag.
    implied(name, direction, PeerSet::all_addrs().union(&PeerSet::all_names()), rules)
}

/// The rules that one stands for: one for what is known, and one for each part that is not.
fn parts(rule: &PolicyRule) -> Vec<Ordered> {
    let mut doubts = rule.doubts.clone();
    let priority = match &rule.priority {
        Stated::Known(priority) => Some(*priority),
        Stated::Absent => None,
        Stated::Unknown(text) => {
            doubts.push(unknown(text, "it decides which rules come first"));
            None
        }
    };
    let mut parts = Vec::new();
    for (action, action_doubt) in &rule.actions {
        for (peer, peer_doubt) in &rule.far {
            for (source, near_doubt) in &rule.near {
                for (transport, service_doubts) in &rule.services {
                    let Some(transport) = Constraint::only(transport.clone()) else { continue };
                    let mut unmodelled = doubts.clone();
                    unmodelled.extend(action_doubt.iter().chain(peer_doubt).chain(near_doubt).cloned());
                    unmodelled.extend(service_doubts.iter().cloned());
                    let rule = Rule {
                        action: *action,
                        matches: Match { source: source.clone(), peer: peer.clone(), transport },
                        traffic: Traffic::New,
                        unmodelled,
                        origin: Origin::File(rule.place.clone()),
                    };
                    parts.push((priority, rule));
                }
            }
        }
    }
    parts
}

/// Refuses a rule that Google would refuse.
pub(super) fn refused(message: impl Into<String>, place: &Place) -> Finding {
    found(Code::ReadRefused, message, place)
}
