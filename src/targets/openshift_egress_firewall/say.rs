//! One rule in the terms of an egress firewall: what of it can be said, and what cannot.
//!
//! One rule there names one block or one host, and ports one by one.

use crate::packet::{
    AddrSet, NamePattern, NameSet, PacketSet, PeerSet, PortRange, Prefix, Protocol, Set, TransportRow,
    TransportSet,
};
use crate::policy::{Direction, Rule, RuleSet};
use crate::targets::clusters::component::{self, Said};

/// The protocols that have ports here, with their names.
pub(super) const PROTOCOLS: [(&str, Protocol); 3] =
    [("TCP", Protocol::TCP), ("UDP", Protocol::UDP), ("SCTP", Protocol::SCTP)];

/// The most ports that a range is written out to.
const PORTS_MAX: u16 = 256;

/// What can be said of a rule, ordered so that equal rules stand together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Saying {
    /// The peer.
    pub(super) peer: Peer,
    /// Protocols with a port, or with all of theirs; `None` when every service of every protocol is meant.
    pub(super) ports: Option<Vec<(&'static str, Option<u16>)>>,
}

/// A peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// A block of addresses.
    Block(Prefix),
    /// A host.
    Name(String),
}

impl component::Saying for Saying {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        match &self.peer {
            Peer::Block(block) => Some(vec![*block]),
            Peer::Name(_) => None,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let peers = match (&self.peer, &other.peer) {
            (Peer::Block(own), Peer::Block(other)) => own.contains(*other),
            (Peer::Name(own), Peer::Name(other)) => own == other,
            (Peer::Block(_), Peer::Name(_)) | (Peer::Name(_), Peer::Block(_)) => false,
        };
        peers
            && match (&self.ports, &other.ports) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(ports)) => {
                    let holds = |port: &(&'static str, Option<u16>)| {
                        own.iter().any(|own| own.0 == port.0 && (own.1.is_none() || own.1 == port.1))
                    };
                    ports.iter().all(holds)
                }
            }
    }
}

/// Says a rule as far as it can be said.
pub(super) fn say(set: &RuleSet, rule: &Rule) -> Said<Saying> {
    let asked = set.packets(&rule.matches);
    let (mut why, mut widened) = (Vec::new(), Vec::new());
    if set.scope.direction == Direction::Ingress {
        why.push("traffic that comes in".to_owned());
        return Said { lost: asked, why, ..Said::default() };
    }
    if rule.matches.source.set().is_some_and(|source| !(source.v4.is_full() && source.v6.is_full())) {
        why.push("a condition on the address of the pods themselves".to_owned());
        return Said { lost: asked, why, ..Said::default() };
    }
    let everything = TransportSet::full();
    let peers = rule.matches.peer.set().unwrap_or(&set.universe);
    if !peers.groups.is_empty() {
        why.push("pods of the cluster, which an egress firewall does not hold back".to_owned());
    }
    let (ports, transport) = say_ports(rule.matches.transport.set().unwrap_or(&everything), &mut why);
    let blocks = AddrSet::prefixes(&peers.addrs).into_iter().map(Peer::Block);
    let (names, meant) = say_names(&peers.names, &mut why, &mut widened);
    let said = PeerSet { addrs: peers.addrs.clone(), names: meant, ..PeerSet::default() };
    let packets = PacketSet::product(None, &said, &transport, &true);
    let lost = asked.subtract(&packets);
    let sayings = blocks.chain(names.into_iter().map(Peer::Name));
    let sayings = sayings.map(|peer| Saying { peer, ports: ports.clone() });
    let sayings = if transport.is_empty() { Vec::new() } else { sayings.collect() };
    Said { sayings, packets, lost, why, widened }
}

fn say_names(asked: &NameSet, why: &mut Vec<String>, widened: &mut Vec<String>) -> (Vec<String>, NameSet) {
    let (mut hosts, mut meant) = (Vec::new(), Vec::new());
    for (patterns, exceptions) in asked.patterns() {
        let exceptions = NameSet::of(&exceptions);
        for pattern in patterns {
            let host = match &pattern {
                NamePattern::Host(host) | NamePattern::Path(host, _) => host,
                NamePattern::Tree(host) => {
                    why.push(format!("names below `{host}`"));
                    host
                }
                NamePattern::Any => {
                    why.push("every host name".to_owned());
                    continue;
                }
                NamePattern::Below(host) | NamePattern::OneBelow(host) => {
                    why.push(format!("names below `{host}`"));
                    continue;
                }
            };
            let names = NamePattern::Host(host.clone()).names();
            if !names.intersect(&exceptions).is_empty() {
                why.push("names but for some".to_owned());
                continue;
            }
            // The API takes letters, digits and hyphens only.
            if host.as_str().contains('_') {
                why.push(format!("the name `{host}` with an underscore"));
                continue;
            }
            if !names.is_subset(asked) {
                widened.push("paths of a host cannot be told apart, so the whole host is allowed".to_owned());
            }
            hosts.push(host.to_string());
            meant.push(names);
        }
    }
    widened.dedup();
    hosts.sort();
    hosts.dedup();
    (hosts, NameSet::union_all(&meant))
}

/// Ports one by one.
type Ports = Option<Vec<(&'static str, Option<u16>)>>;

fn say_ports(asked: &TransportSet, why: &mut Vec<String>) -> (Ports, TransportSet) {
    if asked.is_full() {
        return (None, asked.clone());
    }
    let (mut ports, mut said) = (Vec::new(), Vec::new());
    for row in asked.rows() {
        match row {
            TransportRow::Protocols(first, last) => {
                for (name, protocol) in PROTOCOLS {
                    if (first..=last).contains(&protocol) {
                        ports.push((name, None));
                        said.push(TransportSet::protocol(protocol));
                    }
                }
            }
            TransportRow::Ports(protocol, ranges) => {
                let Some((name, _)) = PROTOCOLS.into_iter().find(|(_, known)| *known == protocol) else {
                    continue;
                };
                for range in ranges {
                    let (first, last) = (range.first().max(1), range.last());
                    if last.saturating_sub(first) >= PORTS_MAX {
                        continue;
                    }
                    ports.extend((first..=last).map(|port| (name, Some(port))));
                    said.extend(PortRange::new(first, last).map(|range| TransportSet::port(protocol, range)));
                }
            }
            TransportRow::Any | TransportRow::Icmp(..) => {}
        }
    }
    let said = TransportSet::union_all(&said);
    why.extend(asked.subtract(&said).rows().iter().map(describe));
    (Some(ports), said)
}

/// Services in words, for a finding.
fn describe(row: &TransportRow) -> String {
    match row {
        TransportRow::Any => "every protocol".to_owned(),
        TransportRow::Protocols(first, last) if first == last => format!("the protocol {first}"),
        TransportRow::Protocols(first, last) => format!("the protocols {} to {}", first.0, last.0),
        TransportRow::Ports(protocol, ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("the {protocol} ports {} (0, or a range of more than {PORTS_MAX})", ranges.join(","))
        }
        TransportRow::Icmp(protocol, _) => format!("types of {protocol}"),
    }
}
