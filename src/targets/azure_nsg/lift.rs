//! From the rules of groups as a file states them to what they mean.
//!
//! The rule with the lowest priority number that matches decides, and behind all of them stand the default rules, which
//! nobody writes and nobody can take away.

use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, PeerSet, TransportSet};
use crate::policy::{
    Absent, Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::clouds::service_tags::UNLISTED;
use crate::targets::clouds::terraform::{Stated, found, unknown, unmodelled};
use std::collections::{BTreeMap, BTreeSet};

/// An end of connections: what is known of it, and each part that is known to Azure alone.
pub(super) type Ends = Vec<(Constraint<AddrSet>, Option<Unmodelled>)>;

/// One rule as a file states it.
#[derive(Debug, Clone)]
pub(super) struct SecurityRule {
    /// The group.
    pub(super) group: String,
    /// The name of the rule.
    pub(super) name: String,
    /// Which way; both where the file does not let it be known.
    pub(super) directions: Vec<Direction>,
    /// What it does, with the doubt where the file does not let it be known.
    pub(super) actions: Vec<(Action, Option<Unmodelled>)>,
    /// The lower, the earlier.
    pub(super) priority: Stated<u16>,
    /// The services, each with what is not known about it.
    pub(super) services: Vec<(TransportSet, Vec<Unmodelled>)>,
    /// Where connections come from.
    pub(super) source: Ends,
    /// Where they go.
    pub(super) destination: Ends,
    /// What else the file does not let be known.
    pub(super) doubts: Vec<Unmodelled>,
    /// Where it was read.
    pub(super) place: Place,
}

/// Both directions.
pub(super) const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

/// The rules that every group ends with: direction, name, source, destination, action.
/// "Network security groups", "Default security rules".
const DEFAULTS: [(Direction, &str, &str, &str, Action); 6] = [
    (Direction::Egress, "AllowVnetOutBound", "VirtualNetwork", "VirtualNetwork", Action::Allow),
    (Direction::Egress, "AllowInternetOutBound", "*", "Internet", Action::Allow),
    (Direction::Egress, "DenyAllOutBound", "*", "*", Action::Deny),
    (Direction::Ingress, "AllowVnetInBound", "VirtualNetwork", "VirtualNetwork", Action::Allow),
    (Direction::Ingress, "AllowAzureLoadBalancerInBound", "AzureLoadBalancer", "*", Action::Allow),
    (Direction::Ingress, "DenyAllInBound", "*", "*", Action::Deny),
];

/// Reports whether a rule of that name is one of those that every group has.
pub(super) fn is_default(name: &str) -> bool {
    DEFAULTS.iter().any(|(_, known, ..)| *known == name)
}

/// A service tag of which it is not known what it stands for.
pub(super) fn tag(end: &str, name: &str, why: &str) -> Unmodelled {
    // The names that the first version of the API had.
    let name = match name.to_ascii_uppercase().as_str() {
        "VIRTUALNETWORK" | "VIRTUAL_NETWORK" => "VirtualNetwork",
        "INTERNET" => "Internet",
        "AZURELOADBALANCER" | "AZURE_LOADBALANCER" => "AzureLoadBalancer",
        _ => name,
    };
    unknown(&format!("{end} {name}"), why)
}

/// What the rules mean together: a rule set for each group and direction that rules are about or that is `stated`.
pub(super) fn lift(rules: &[SecurityRule], stated: &BTreeSet<Scope>, findings: &mut Vec<Finding>) -> Policy {
    let mut scopes: BTreeMap<Scope, Vec<(Option<u16>, Rule)>> =
        stated.iter().map(|scope| (scope.clone(), Vec::new())).collect();
    let mut places: BTreeMap<(Scope, u16), &str> = BTreeMap::new();
    for rule in rules {
        let mut named: BTreeSet<Unmodelled> = BTreeSet::new();
        for direction in &rule.directions {
            let scope = Scope { name: rule.group.clone(), direction: *direction };
            if let (Stated::Known(priority), [], [_]) =
                (&rule.priority, rule.doubts.as_slice(), rule.directions.as_slice())
            {
                let other = places.insert((scope.clone(), *priority), &rule.name);
                if let Some(other) = other {
                    let message = format!("`{}` has the priority {priority}, as `{other}` has", rule.name);
                    findings.push(refused(message, &rule.place));
                }
            }
            let parts = parts(rule, *direction);
            named.extend(parts.iter().flat_map(|(_, rule)| rule.unmodelled.iter().cloned()));
            scopes.entry(scope).or_default().extend(parts);
        }
        findings.extend(named.iter().map(|part| unmodelled(part, &rule.place)));
    }
    let mut absent = Absent::default();
    for direction in BOTH {
        absent.hold(super::GROUP.to_owned(), set("a group without rules".to_owned(), direction, Vec::new()));
    }
    let mut sets = Vec::new();
    for (scope, rules) in scopes {
        for direction in BOTH {
            let key = format!("{} {}", super::GROUP, scope.name);
            absent.hold(key, set(scope.name.clone(), direction, Vec::new()));
        }
        absent.look_up(
            scope.clone(),
            vec![format!("{} {}", super::GROUP, scope.name), super::GROUP.to_owned()],
        );
        sets.push(set(scope.name, scope.direction, rules));
    }
    Policy { absent, ..Policy::new(sets) }
}

/// A group's rules of one direction. A rule whose priority is not known stands first: as it is also unmodelled, it then
/// counts for the bounds wherever it would have stood.
fn set(name: String, direction: Direction, mut rules: Vec<(Option<u16>, Rule)>) -> RuleSet {
    rules.sort_by_key(|(priority, _)| *priority);
    let mut rules: Vec<Rule> = rules.into_iter().map(|(_, rule)| rule).collect();
    // Behind a rule for everything none of them decides anything.
    if !rules.iter().any(|rule| rule.matches == Match::ANY && rule.unmodelled.is_empty()) {
        rules.extend(DEFAULTS.iter().filter(|(of, ..)| *of == direction).map(default));
    }
    let scope = Scope { name, direction };
    RuleSet { scope, subject: Subject::Host, universe: PeerSet::all_addrs(), rules, default: Action::Deny }
}

fn default((_, name, source, destination, action): &(Direction, &str, &str, &str, Action)) -> Rule {
    let ends = [("source", source), ("destination", destination)];
    let tagged = ends.iter().filter(|(_, name)| **name != "*");
    Rule {
        action: *action,
        matches: Match::ANY,
        traffic: Traffic::New,
        unmodelled: tagged.map(|(end, name)| tag(end, name, UNLISTED)).collect(),
        origin: Origin::System(format!("{name}, which every group ends with")),
    }
}

/// The rules that one stands for: one for what is known, and one for each part that is not.
fn parts(rule: &SecurityRule, direction: Direction) -> Vec<(Option<u16>, Rule)> {
    let mut doubts = rule.doubts.clone();
    if rule.directions.len() > 1 {
        doubts.push(unknown("direction", "it decides whether the rule is inbound or outbound"));
    }
    let priority = match &rule.priority {
        Stated::Known(priority) => Some(*priority),
        Stated::Absent => None,
        Stated::Unknown(text) => {
            doubts.push(unknown(text, "it decides which rules come first"));
            None
        }
    };
    let (near, far) = match direction {
        Direction::Egress => (&rule.source, &rule.destination),
        Direction::Ingress => (&rule.destination, &rule.source),
    };
    let mut parts = Vec::new();
    for (action, action_doubt) in &rule.actions {
        for (peer, peer_doubt) in far {
            for (source, near_doubt) in near {
                for (transport, service_doubts) in &rule.services {
                    let transport = if transport.is_full() {
                        Constraint::Any
                    } else {
                        match Constraint::only(transport.clone()) {
                            Some(transport) => transport,
                            None => continue,
                        }
                    };
                    let mut unmodelled = doubts.clone();
                    unmodelled.extend(action_doubt.iter().chain(peer_doubt).chain(near_doubt).cloned());
                    unmodelled.extend(service_doubts.iter().cloned());
                    let matches = Match { source: source.clone(), peer: peers(peer), transport };
                    let rule = Rule {
                        action: *action,
                        matches,
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

fn peers(addrs: &Constraint<AddrSet>) -> Constraint<PeerSet> {
    match addrs.set() {
        Some(addrs) => Constraint::only(PeerSet::from(addrs.clone())).unwrap_or(Constraint::Any),
        None => Constraint::Any,
    }
}

/// Refuses a rule that Azure would refuse.
pub(super) fn refused(message: impl Into<String>, place: &Place) -> Finding {
    found(Code::ReadRefused, message, place)
}
