//! From firewall rules as a file states them to what they mean for the instances of a network.
//!
//! The rule with the lowest priority number wins, a denial wins among equals, and at the end stand two rules that
//! nobody wrote: egress is allowed, ingress is denied ("VPC firewall rules", "Implied rules" and "Priority").

use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, PeerSet, Set, TransportSet};
use crate::policy::{
    Absent, Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Traffic, Unmodelled,
};
use crate::targets::clouds::gcp_network::implied;
use crate::targets::clouds::terraform::{Stated, found, unknown, unmodelled};
use std::collections::{BTreeMap, BTreeSet};

/// One rule as a file states it.
#[derive(Debug, Clone)]
pub(super) struct Firewall {
    /// The network.
    pub(super) network: String,
    /// Which way; both where the file does not let it be known.
    pub(super) directions: Vec<Direction>,
    /// The lower, the earlier.
    pub(super) priority: Stated<u16>,
    /// What it does.
    pub(super) action: Action,
    /// The services, each with what is not known about it.
    pub(super) services: Vec<(TransportSet, Vec<Unmodelled>)>,
    /// The far end.
    pub(super) peers: Ends<PeerSet>,
    /// The near end; nothing stated means any.
    pub(super) near: Ends<AddrSet>,
    /// The instances, as `tag:T` or `service-account:A`; none when all are meant.
    pub(super) targets: Vec<String>,
    /// What decides whether the rule exists, where that is not known.
    pub(super) conditions: Vec<String>,
    /// Where it was read.
    pub(super) place: Place,
}

/// One end of a connection as a file states it.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends<S> {
    /// What is known.
    pub(super) known: S,
    /// Expressions that only Terraform can compute.
    pub(super) unknown: Vec<String>,
}

/// A rule with what decides its place among the others. A rule whose priority is not known stands first: as it is
/// also unmodelled, it then counts for the bounds wherever it would have stood.
type Ordered = (Option<u16>, Action, Rule);

/// A network, a direction, and the instances: all of them, or those with a tag or an account.
pub(super) type Spoken = (String, Direction, Option<String>);

/// What the rules mean together: a rule set for each network, direction and target, and one for instances that no
/// rule targets. Each target's holds its own rules and those for all instances. What is `spoken` of has a rule set even
/// when no rule is about it: then the implied rules decide.
pub(super) fn lift(firewalls: &[Firewall], spoken: &BTreeSet<Spoken>, findings: &mut Vec<Finding>) -> Policy {
    let mut everyone: BTreeMap<(&str, Direction), Vec<Ordered>> = BTreeMap::new();
    let mut targeted: BTreeMap<(&str, Direction, &str), Vec<Ordered>> = BTreeMap::new();
    for (network, direction, target) in spoken {
        match target {
            Some(target) => drop(targeted.entry((network, *direction, target)).or_default()),
            None => drop(everyone.entry((network, *direction)).or_default()),
        }
    }
    for firewall in firewalls {
        let rules = rules(firewall);
        let mut named: BTreeSet<&Unmodelled> = BTreeSet::new();
        named.extend(rules.iter().flat_map(|(_, _, rule)| &rule.unmodelled));
        findings.extend(named.into_iter().map(|part| unmodelled(part, &firewall.place)));
        for direction in &firewall.directions {
            if firewall.targets.is_empty() {
                everyone.entry((&firewall.network, *direction)).or_default().extend(rules.clone());
            }
            for target in &firewall.targets {
                targeted.entry((&firewall.network, *direction, target)).or_default().extend(rules.clone());
            }
        }
    }
    let mut sets = Vec::new();
    let mut absent = absent(&everyone, targeted.keys().map(|(network, ..)| *network));
    for ((network, direction, target), mut own) in targeted {
        own.extend(everyone.get(&(network, direction)).cloned().unwrap_or_default());
        sets.push(set(format!("{network}/{target}"), direction, own));
        absent.look_up(Scope { name: format!("{network}/{target}"), direction }, keys(network));
    }
    for ((network, direction), rules) in everyone {
        sets.push(set(network.to_owned(), direction, rules));
        absent.look_up(Scope { name: network.to_owned(), direction }, keys(network));
    }
    Policy { absent, ..Policy::new(sets) }
}

/// What holds for instances that no rule targets: in a network that is spoken of, the rules for all of its instances;
/// in any other, the rules that nobody wrote.
fn absent<'a>(
    everyone: &BTreeMap<(&'a str, Direction), Vec<Ordered>>,
    targeted: impl Iterator<Item = &'a str>,
) -> Absent {
    let mut absent = Absent::default();
    let networks: BTreeSet<&str> = everyone.keys().map(|(network, _)| *network).chain(targeted).collect();
    for direction in [Direction::Egress, Direction::Ingress] {
        absent.hold(ANY_NETWORK.to_owned(), set("a network without rules".to_owned(), direction, Vec::new()));
        for network in &networks {
            let rules = everyone.get(&(*network, direction)).cloned().unwrap_or_default();
            absent.hold(format!("{ANY_NETWORK} {network}"), set((*network).to_owned(), direction, rules));
        }
    }
    absent
}

/// Under what the scopes of a network are looked up where no rule targets them.
fn keys(network: &str) -> Vec<String> {
    vec![format!("{ANY_NETWORK} {network}"), ANY_NETWORK.to_owned()]
}

/// What all networks of Google Cloud are looked up under.
const ANY_NETWORK: &str = "google_compute_network";

fn set(name: String, direction: Direction, mut rules: Vec<Ordered>) -> RuleSet {
    // `Action::Allow` sorts before `Action::Deny`; a denial comes first here.
    rules.sort_by_key(|(priority, action, _)| (*priority, std::cmp::Reverse(*action)));
    let rules = rules.into_iter().map(|(_, _, rule)| rule).collect();
    // A source can be a tag or a service account, too.
    implied(name, direction, PeerSet::all_addrs(), rules)
}

/// The rules that one firewall rule stands for: one for what is known, and one for each part that is not.
fn rules(firewall: &Firewall) -> Vec<Ordered> {
    let mut doubts: Vec<Unmodelled> =
        firewall.conditions.iter().map(|text| unknown(text, "it decides whether the rule applies")).collect();
    if firewall.directions.len() > 1 {
        doubts.push(unknown("direction", "it decides whether the rule is ingress or egress"));
    }
    let priority = match &firewall.priority {
        Stated::Known(priority) => Some(*priority),
        Stated::Absent => Some(1000),
        Stated::Unknown(text) => {
            doubts.push(unknown(text, "it decides which rules come first"));
            None
        }
    };
    let far = ends(&firewall.peers, "it decides which peers the rule is for");
    let near = ends(&firewall.near, "it decides which addresses of the instances the rule is for");
    let mut rules = Vec::new();
    for (peer, peer_doubt) in far {
        for (source, near_doubt) in &near {
            for (transport, service_doubts) in &firewall.services {
                let Some(transport) = Constraint::only(transport.clone()) else { continue };
                let mut unmodelled = doubts.clone();
                unmodelled.extend(peer_doubt.iter().chain(near_doubt).chain(service_doubts).cloned());
                let rule = Rule {
                    action: firewall.action,
                    matches: Match { source: source.clone(), peer: peer.clone(), transport },
                    traffic: Traffic::New,
                    unmodelled,
                    origin: Origin::File(firewall.place.clone()),
                };
                rules.push((priority, firewall.action, rule));
            }
        }
    }
    rules
}

/// An end as constraints: what is known, and anything for what is not. Nothing stated means any, as for the near end.
fn ends<S: Set>(ends: &Ends<S>, why: &str) -> Vec<(Constraint<S>, Option<Unmodelled>)> {
    let mut all: Vec<(Constraint<S>, Option<Unmodelled>)> = Vec::new();
    all.extend(Constraint::only(ends.known.clone()).map(|known| (known, None)));
    all.extend(ends.unknown.iter().map(|text| (Constraint::Any, Some(unknown(text, why)))));
    if all.is_empty() {
        all.push((Constraint::Any, None));
    }
    all
}

/// Refuses a rule that Google would refuse.
pub(super) fn refused(message: impl Into<String>, place: &Place) -> Finding {
    found(Code::ReadRefused, message, place)
}
