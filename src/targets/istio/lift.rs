//! What sidecars let out: the hosts that they know on their ports, and what becomes of all else.

use super::objects::{Egress, Mode, Objects, Port, ServiceEntry, Sidecar, Wanted};
use crate::diag::{Code, Finding, Place};
use crate::packet::{
    Constraint, NamePattern, NameSet, PeerSet, PortRange, PortSet, Protocol, Set, TransportSet,
};
use crate::policy::{
    Action, Direction, Match, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use std::collections::{BTreeMap, BTreeSet};

/// The meaning: one rule set for the workloads of each `Sidecar`.
pub(super) fn lift(objects: &Objects, findings: &mut Vec<Finding>) -> Policy {
    let mut sets: BTreeMap<String, RuleSet> = BTreeMap::new();
    for sidecar in &objects.sidecars {
        let rules = rules(objects, sidecar);
        let set = rule_set(sidecar.pods.clone(), rules);
        let place = &sidecar.place;
        if sets.contains_key(&set.scope.name) {
            let message =
                format!("a second Sidecar for {}, and it is not defined which one counts", set.scope);
            findings.push(Finding::new(Code::ReadRefused, message).at(&place.source, place.span));
        } else {
            sets.insert(set.scope.name.clone(), set);
        }
    }
    if objects.sidecars.is_empty()
        && let Some(first) = objects.entries.first()
    {
        let pods = Pods { namespace: first.namespace.clone(), labels: BTreeMap::new() };
        let everything =
            Sidecar { pods: pods.clone(), egress: None, mode: Mode::Unsaid, place: first.place.clone() };
        let set = rule_set(pods, rules(objects, &everything));
        sets.insert(set.scope.name.clone(), set);
    }
    let mut told = BTreeSet::new();
    for rule in sets.values().flat_map(|set| &set.rules) {
        let Origin::File(place) = &rule.origin else { continue };
        for doubt in &rule.unmodelled {
            if told.insert(doubt.clone()) {
                let message = format!("`{}` is not modelled: {}", doubt.text, doubt.why);
                findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
            }
        }
    }
    Policy::new(sets.into_values().collect())
}

fn rule_set(pods: Pods, rules: Vec<Rule>) -> RuleSet {
    let addresses =
        rules.iter().any(|rule| rule.matches.peer.set().is_some_and(|peer| !Set::is_empty(&peer.addrs)));
    let names = PeerSet::all_names();
    RuleSet {
        scope: Scope { name: pods.group(), direction: Direction::Egress },
        subject: Subject::Pods(pods),
        universe: if addresses { names.union(&PeerSet::all_addrs()) } else { names },
        rules,
        default: Action::Deny,
    }
}

fn rules(objects: &Objects, sidecar: &Sidecar) -> Vec<Rule> {
    let namespace = &sidecar.pods.namespace;
    let everything = [Egress { port: None, hosts: vec![("*".to_owned(), Wanted::All)], bound: false }];
    let listeners = sidecar.egress.as_deref().unwrap_or(&everything);
    let mut rules = Vec::new();
    // A thousand hosts of a Sidecar are looked through once, and not for each entry.
    let mut known: BTreeMap<(usize, &str), Known<'_>> = BTreeMap::new();
    for entry in objects.entries.iter().filter(|entry| is_seen(entry, namespace)) {
        for (number, listener) in listeners.iter().enumerate() {
            let known = known
                .entry((number, entry.namespace.as_str()))
                .or_insert_with(|| Known::of(listener, &entry.namespace, namespace));
            let (sure, perhaps) = known.chosen(entry);
            for port in entry.ports.iter().filter(|port| listener.port.is_none_or(|own| own == port.number)) {
                let mut doubts = Vec::new();
                if listener.bound {
                    doubts.push(doubt("bind", "the listener is bound to an address of its own"));
                }
                rules.extend(allow(entry, port, &sure, doubts.clone()));
                doubts.push(doubt("a host of a Sidecar", "it is one of those that an entry stands for"));
                rules.extend(allow(entry, port, &perhaps, doubts));
            }
        }
    }
    let rest = match sidecar.mode {
        Mode::RegistryOnly => None,
        Mode::AllowAny => Some(Vec::new()),
        Mode::Unsaid => {
            let why = "where no Sidecar says it, the configuration of the mesh does";
            Some(vec![doubt("outboundTrafficPolicy", why)])
        }
    };
    rules.extend(rest.and_then(|doubts| rule(Constraint::Any, &PortSet::full(), doubts, &sidecar.place)));
    rules
}

/// Reports whether an entry can be seen from a namespace.
fn is_seen(entry: &ServiceEntry, namespace: &str) -> bool {
    let here = |to: &String| match to.as_str() {
        "*" => true,
        "." => entry.namespace == namespace,
        named => named == namespace,
    };
    entry.export.is_empty() || entry.export.iter().any(here)
}

/// The hosts that a listener knows of the entries of a namespace.
struct Known<'a> {
    /// All of them.
    all: bool,
    patterns: BTreeSet<&'a NamePattern>,
    /// The names of each pattern.
    names: Vec<NameSet>,
    /// The names of all of them.
    together: NameSet,
}

impl<'a> Known<'a> {
    fn of(listener: &'a Egress, of_entries: &str, namespace: &str) -> Self {
        let is_meant = |wanted: &str| match wanted {
            "*" => true,
            "." => of_entries == namespace,
            named => named == of_entries,
        };
        let wanted = listener.hosts.iter().filter(|(from, _)| is_meant(from)).map(|(_, host)| host);
        let (mut all, mut patterns) = (false, BTreeSet::new());
        for wanted in wanted {
            match wanted {
                Wanted::All => all = true,
                Wanted::Only(pattern) => {
                    patterns.insert(pattern);
                }
            }
        }
        let names: Vec<NameSet> = patterns.iter().map(|pattern| pattern.names()).collect();
        Self { all, patterns, together: NameSet::union_all(&names), names }
    }

    /// The hosts of an entry that are known, surely and perhaps.
    fn chosen(&self, entry: &ServiceEntry) -> (Vec<NamePattern>, Vec<NamePattern>) {
        let (mut sure, mut perhaps) = (Vec::new(), Vec::new());
        for host in &entry.hosts {
            if self.all || self.patterns.contains(host) {
                sure.push(host.clone());
                continue;
            }
            let names = host.names();
            if names.intersect(&self.together).is_empty() {
                continue;
            }
            let is_one = self.names.iter().any(|known| names.is_subset(known));
            if is_one { &mut sure } else { &mut perhaps }.push(host.clone());
        }
        (sure, perhaps)
    }
}

/// What a port of an entry lets out for some of its hosts.
fn allow(
    entry: &ServiceEntry,
    port: &Port,
    hosts: &[NamePattern],
    mut doubts: Vec<Unmodelled>,
) -> Option<Rule> {
    if hosts.is_empty() {
        return None;
    }
    if port.elsewhere {
        doubts.push(doubt("targetPort", "what is led to a port of another number"));
    }
    let names = PeerSet::from(NameSet::of(hosts));
    let peer = match port.protocol.as_str() {
        // A name is compared: that of the handshake, or that of the request.
        "TLS" | "HTTPS" | "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => names,
        "UDP" => return None,
        // No name is compared.
        _ if !Set::is_empty(&entry.addresses) => PeerSet::from(entry.addresses.clone()),
        _ if entry.keeps_address => PeerSet::all_names().union(&PeerSet::all_addrs()),
        _ => names,
    };
    let ports = PortSet::of([PortRange::single(port.number)]);
    rule(Constraint::only(peer)?, &ports, doubts, &entry.place)
}

fn rule(
    peer: Constraint<PeerSet>,
    ports: &PortSet,
    mut unmodelled: Vec<Unmodelled>,
    place: &Place,
) -> Option<Rule> {
    unmodelled.sort();
    unmodelled.dedup();
    let transport = Constraint::only(TransportSet::ports(Protocol::TCP, ports))?;
    Some(Rule {
        action: Action::Allow,
        matches: Match { source: Constraint::Any, peer, transport },
        traffic: Traffic::New,
        unmodelled,
        origin: Origin::File(place.clone()),
    })
}

fn doubt(text: &str, why: &str) -> Unmodelled {
    Unmodelled { text: text.to_owned(), why: why.to_owned() }
}
