//! From the rules of a firewall policy as files state them to what they mean.
//!
//! Network rules are tried before application rules, each by the priority of its group, then of its collection; the first
//! that matches decides, and what none matches is denied ("Azure Firewall rule processing logic").

use super::rule::Ends;
use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, PeerSet, Set as _};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::asked::named::with_names;
use crate::targets::clouds::terraform::{Doubtful, Stated, found, unknown, unmodelled};
use std::collections::{BTreeMap, BTreeSet};

/// Which of the two kinds of rules one is, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// By address and port.
    Network,
    /// By what a connection tells of its host.
    Application,
}

/// The priorities of a group and of a collection.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) group: Stated<u32>,
    pub(super) collection: Stated<u32>,
}

/// One rule as a file states it.
#[derive(Debug, Clone)]
pub(super) struct FirewallRule {
    /// The firewall policy.
    pub(super) policy: String,
    /// Its kind.
    pub(super) layer: Layer,
    /// Its place.
    pub(super) order: Order,
    /// What it does, with the doubt where the file does not let it be known.
    pub(super) actions: Vec<(Action, Option<Unmodelled>)>,
    /// The services, each with what is not known about it.
    pub(super) services: Vec<Doubtful>,
    /// Where connections go.
    pub(super) far: Ends<PeerSet>,
    /// Where they come from.
    pub(super) near: Ends<AddrSet>,
    /// What else the file does not let be known.
    pub(super) doubts: Vec<Unmodelled>,
    /// Where it was read.
    pub(super) place: Place,
}

/// A rule with its place. One whose place is not known stands first: as it is also unmodelled, it then counts for the
/// bounds wherever it would have stood.
type Ordered = (Layer, Option<u32>, Option<u32>, Rule);

/// What the rules mean together: a rule set for each policy that has rules or is `spoken` of.
pub(super) fn lift(rules: &[FirewallRule], spoken: &BTreeSet<String>, findings: &mut Vec<Finding>) -> Policy {
    let mut policies: BTreeMap<&str, Vec<Ordered>> =
        spoken.iter().map(|policy| (policy.as_str(), Vec::new())).collect();
    for rule in rules {
        let parts = parts(rule);
        let named: BTreeSet<&Unmodelled> = parts.iter().flat_map(|(.., part)| &part.unmodelled).collect();
        findings.extend(named.into_iter().map(|part| unmodelled(part, &rule.place)));
        policies.entry(&rule.policy).or_default().extend(parts);
    }
    Policy::new(policies.into_iter().map(|(policy, rules)| set(policy, rules)).collect())
}

fn set(policy: &str, mut rules: Vec<Ordered>) -> RuleSet {
    rules.sort_by_key(|(layer, group, collection, _)| (*layer, *group, *collection));
    let (networks, applications): (Vec<Ordered>, Vec<Ordered>) =
        rules.into_iter().partition(|(layer, ..)| *layer == Layer::Network);
    let v6 = networks
        .iter()
        .any(|(.., rule)| rule.matches.peer.set().is_some_and(|peer| !peer.addrs.v6.is_empty()));
    let addrs = if v6 { PeerSet::all_addrs() } else { PeerSet::from(AddrSet::all_v4()) };
    let networks = networks.into_iter().map(|(.., rule)| rule).collect();
    let mut rules = with_names(networks, &[AddrSet::all_v4()]);
    rules.extend(applications.into_iter().map(|(.., rule)| rule));
    RuleSet {
        scope: Scope { name: policy.to_owned(), direction: Direction::Egress },
        subject: Subject::Host,
        universe: addrs.union(&PeerSet::all_names()),
        rules,
        default: Action::Deny,
    }
}

/// The rules that one stands for: one for what is known, and one for each part that is not.
fn parts(rule: &FirewallRule) -> Vec<Ordered> {
    let mut doubts = rule.doubts.clone();
    let mut place = |priority: &Stated<u32>| match priority {
        Stated::Known(priority) => Some(*priority),
        Stated::Absent => None,
        Stated::Unknown(text) => {
            doubts.push(unknown(text, "it decides which rules come first"));
            None
        }
    };
    let (group, collection) = (place(&rule.order.group), place(&rule.order.collection));
    let mut parts = Vec::new();
    for (action, action_doubt) in &rule.actions {
        for (peer, peer_doubt) in &rule.far {
            for (source, near_doubt) in &rule.near {
                for (transport, service_doubts) in &rule.services {
                    let Some(transport) = Constraint::only(transport.clone()) else { continue };
                    let mut unmodelled = doubts.clone();
                    unmodelled.extend(action_doubt.iter().chain(peer_doubt).chain(near_doubt).cloned());
                    unmodelled.extend(service_doubts.iter().cloned());
                    let made = Rule {
                        action: *action,
                        matches: Match { source: source.clone(), peer: peer.clone(), transport },
                        traffic: Traffic::New,
                        unmodelled,
                        origin: Origin::File(rule.place.clone()),
                    };
                    parts.push((rule.layer, group, collection, made));
                }
            }
        }
    }
    parts
}

/// Refuses a rule that Azure would refuse.
pub(super) fn refused(message: impl Into<String>, place: &Place) -> Finding {
    found(Code::ReadRefused, message, place)
}
