//! What listeners let pass: the chain that is most specific is chosen, criterion by criterion, and there is no way back.
//!
//! The order of the criteria is that of Envoy: port, address, server name, transport, then the client
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto>). A chain with the
//! port of a connection hides all chains without a port, whatever else they ask, and so on. So the connections are cut
//! into parts, each with the chains that are left for it.

use super::chain::{Chain, Listener, ServerName, by_prefix};
use super::outcome::Outcome;
use crate::diag::{Code, Finding, Place};
use crate::packet::{
    AddrSet, Constraint, NamePattern, NameSet, PeerSet, PortSet, Protocol, Set, TransportSet,
};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use std::collections::BTreeMap;

/// The meaning: one rule set for all listeners where no two are for the same port, else one for each.
pub(super) fn lift(listeners: &[Listener], findings: &mut Vec<Finding>) -> Policy {
    let (mut taken, mut apart) = (PortSet::default(), true);
    let mut each: Vec<(&Listener, Vec<Rule>)> = Vec::new();
    for listener in listeners {
        let ports =
            if listener.original { PortSet::full() } else { PortSet::range(listener.port, &listener.port) };
        apart &= taken.intersect(&ports).is_empty();
        taken = taken.union(&ports);
        let mut cut = Parts { listener, rules: Vec::new() };
        cut.ports(&ports);
        each.push((listener, cut.rules));
    }
    let set = |name: String, rules: Vec<Rule>| {
        let of_address = |rule: &Rule| rule.matches.peer.set().is_none_or(|peer| !Set::is_empty(&peer.addrs));
        let names = PeerSet::all_names();
        let universe = if rules.iter().any(of_address) { names.union(&PeerSet::all_addrs()) } else { names };
        let scope = Scope { name, direction: Direction::Egress };
        RuleSet { scope, subject: Subject::Host, universe, rules, default: Action::Deny }
    };
    let sets: Vec<RuleSet> = if apart {
        vec![set("envoy".to_owned(), each.into_iter().flat_map(|(_, rules)| rules).collect())]
    } else {
        each.into_iter().map(|(listener, rules)| set(format!("envoy/{}", listener.name), rules)).collect()
    };
    let mut told = std::collections::BTreeSet::new();
    for rule in sets.iter().flat_map(|set| &set.rules) {
        let Origin::File(place) = &rule.origin else { continue };
        for doubt in &rule.unmodelled {
            if told.insert(doubt.clone()) {
                let message = format!("`{}` is not modelled: {}", doubt.text, doubt.why);
                findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
            }
        }
    }
    Policy::new(sets)
}

struct Parts<'a> {
    listener: &'a Listener,
    rules: Vec<Rule>,
}

/// A part of the connections.
#[derive(Debug, Clone)]
struct Part<'a> {
    ports: &'a PortSet,
    peer: PeerSet,
    source: Option<AddrSet>,
    doubts: Vec<Unmodelled>,
}

impl<'a> Parts<'a> {
    /// Cuts by the port that the client connects to.
    fn ports(&mut self, all: &PortSet) {
        let chains: Vec<&'a Chain> = self.listener.chains.iter().collect();
        let mut rest = all.clone();
        let mut own: Vec<u16> = chains.iter().filter_map(|chain| chain.port).collect();
        own.sort_unstable();
        own.dedup();
        for port in own {
            let ports = PortSet::range(port, &port).intersect(all);
            rest = rest.subtract(&ports);
            if !ports.is_empty() {
                let those: Vec<&Chain> =
                    chains.iter().copied().filter(|chain| chain.port == Some(port)).collect();
                self.addresses(&ports, &those);
            }
        }
        if !rest.is_empty() {
            let those: Vec<&Chain> = chains.into_iter().filter(|chain| chain.port.is_none()).collect();
            self.addresses(&rest, &those);
        }
    }

    /// Cuts by the address that the client connects to.
    fn addresses(&mut self, ports: &PortSet, chains: &[&'a Chain]) {
        let blocks = by_prefix(chains, |chain| &chain.prefixes);
        // Which address a connection is for is not known of one that names a host.
        let one = blocks.len() == 1;
        for (addrs, those) in blocks {
            let text = "prefix_ranges".to_owned();
            let why = "it depends on the address that a client connects to".to_owned();
            let doubts = if one { Vec::new() } else { vec![Unmodelled { text, why }] };
            self.names(ports, &those, &doubts);
            let part = Part { ports, peer: PeerSet::from(addrs), source: None, doubts: Vec::new() };
            let nameless: Vec<&Chain> =
                those.iter().copied().filter(|chain| chain.names.is_empty()).collect();
            self.transports(&part, &nameless, false);
        }
    }

    /// Cuts by the server name: the name itself, then what it is below, the nearest first, then any.
    fn names(&mut self, ports: &PortSet, chains: &[&'a Chain], doubts: &[Unmodelled]) {
        if !self.listener.inspects {
            let any: Vec<&Chain> = chains.iter().copied().filter(|chain| chain.names.is_empty()).collect();
            let peer = PeerSet::all_names();
            return self.transports(&Part { ports, peer, source: None, doubts: doubts.to_vec() }, &any, true);
        }
        let mut named: BTreeMap<&ServerName, Vec<usize>> = BTreeMap::new();
        for (at, chain) in chains.iter().enumerate() {
            for name in &chain.names {
                let of = named.entry(name).or_default();
                if of.last() != Some(&at) {
                    of.push(at);
                }
            }
        }
        let depth = |name: &ServerName| match name {
            ServerName::Exact(_) => usize::MAX,
            ServerName::Below(host) => host.as_str().split('.').count(),
        };
        // Names of one depth are apart from each other, so only deeper ones take something away.
        let mut levels: BTreeMap<std::cmp::Reverse<usize>, BTreeMap<Vec<usize>, Vec<NameSet>>> =
            BTreeMap::new();
        for (name, of) in named {
            let pattern = match name {
                ServerName::Exact(host) => NamePattern::Host(host.clone()),
                ServerName::Below(host) => NamePattern::Below(host.clone()),
            };
            let level = levels.entry(std::cmp::Reverse(depth(name))).or_default();
            level.entry(of).or_default().push(pattern.names());
        }
        let mut taken = NameSet::default();
        let mut sets: BTreeMap<Vec<usize>, NameSet> = BTreeMap::new();
        for level in levels.into_values() {
            let level: Vec<(Vec<usize>, NameSet)> =
                level.into_iter().map(|(of, names)| (of, NameSet::union_all(&names))).collect();
            for (of, names) in &level {
                let own = sets.entry(of.clone()).or_default();
                *own = own.union(&names.subtract(&taken));
            }
            for (_, names) in &level {
                taken = taken.union(names);
            }
        }
        let rest = taken.complement();
        let any: Vec<&Chain> = chains.iter().copied().filter(|chain| chain.names.is_empty()).collect();
        let before = self.rules.len();
        let part = |names: NameSet, doubts: Vec<Unmodelled>| Part {
            ports,
            peer: PeerSet::from(names),
            source: None,
            doubts,
        };
        self.transports(&part(rest, doubts.to_vec()), &any, true);
        let rest_passes = self.rules.len() > before;
        for (of, names) in sets {
            let those: Vec<&Chain> = of.iter().filter_map(|at| chains.get(*at).copied()).collect();
            if names.is_empty() {
                continue;
            }
            self.transports(&part(names.clone(), doubts.to_vec()), &those, true);
            if rest_passes {
                let why =
                    "a client can spell a name in ways that no chain names, such as with a dot at its end";
                let doubt = Unmodelled { text: "a chain for any name".to_owned(), why: why.to_owned() };
                self.allow(&part(names, [doubts, &[doubt]].concat()), &self.listener.place.clone());
            }
        }
    }

    /// Cuts by what the connection carries: with a server name, TLS; without, whatever the client likes.
    fn transports(&mut self, part: &Part<'_>, chains: &[&'a Chain], named: bool) {
        if Set::is_empty(&part.peer) {
            return;
        }
        let both = !named && chains.iter().any(|chain| chain.transport.is_some());
        let kinds: &[&str] = match (self.listener.inspects, both) {
            (false, _) => &["raw_buffer"],
            (true, true) => &["tls", "raw_buffer"],
            (true, false) => &["tls"],
        };
        for kind in kinds {
            let own: Vec<&Chain> =
                chains.iter().copied().filter(|chain| chain.transport.as_deref() == Some(*kind)).collect();
            let any = || chains.iter().copied().filter(|chain| chain.transport.is_none()).collect();
            let those: Vec<&Chain> = if own.is_empty() { any() } else { own };
            self.sources(part, &those, named);
        }
    }

    /// Cuts by the client.
    fn sources(&mut self, part: &Part<'_>, chains: &[&'a Chain], named: bool) {
        for (set, those) in by_prefix(chains, |chain| &chain.sources) {
            let whole = set.v4.is_full() && set.v6.is_full();
            let part = Part { source: (!whole).then_some(set), ..part.clone() };
            self.decided(&part, &those, named);
        }
    }

    /// What becomes of a part: one of the chains that are left has it.
    fn decided(&mut self, part: &Part<'_>, chains: &[&'a Chain], named: bool) {
        let listener = self.listener;
        let mut found: Vec<(&Outcome, &Place, Vec<String>)> =
            chains.iter().map(|chain| (&chain.outcome, &chain.place, chain.doubts.clone())).collect();
        let doubtful = found.iter().any(|(_, _, doubts)| !doubts.is_empty());
        // Where something is asked that is not modelled, the default may have it as well.
        if let Some((outcome, place)) = listener.default.as_ref().filter(|_| found.is_empty() || doubtful) {
            found.push((outcome, place, Vec::new()));
        }
        let asked: Vec<String> = found.iter().flat_map(|(_, _, doubts)| doubts.clone()).collect();
        for (outcome, place, _) in found {
            let mut doubts = part.doubts.clone();
            let more = asked.iter().chain(&listener.doubts);
            doubts.extend(more.map(|text| unmodelled(text, "it decides which connections a chain is for")));
            match outcome {
                Outcome::Stop => continue,
                Outcome::Pass { by_name } if *by_name && !named => continue,
                Outcome::Pass { .. } => {}
                Outcome::Doubt(what) => doubts.push(unmodelled(what, "what the filter does is not read")),
            }
            self.allow(&Part { doubts, ..part.clone() }, place);
        }
    }

    fn allow(&mut self, part: &Part<'_>, place: &Place) {
        let transport = Constraint::only(TransportSet::ports(Protocol::TCP, part.ports));
        let peer = Constraint::only(part.peer.clone());
        let source = part.source.clone().map_or(Some(Constraint::Any), Constraint::only);
        let (Some(transport), Some(peer), Some(source)) = (transport, peer, source) else { return };
        let mut unmodelled = part.doubts.clone();
        unmodelled.sort();
        unmodelled.dedup();
        self.rules.push(Rule {
            action: Action::Allow,
            matches: Match { source, peer, transport },
            traffic: Traffic::New,
            unmodelled,
            origin: Origin::File(place.clone()),
        });
    }
}

fn unmodelled(text: &str, why: &str) -> Unmodelled {
    Unmodelled { text: text.to_owned(), why: why.to_owned() }
}
