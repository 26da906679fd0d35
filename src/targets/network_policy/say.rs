//! One rule in the terms of a NetworkPolicy: what of it can be said, and what cannot.

use super::traffic::PROTOCOLS;
use crate::packet::{
    AddrSet, GroupSet, PacketSet, PeerSet, PortRange, Prefix, Set, TransportRow, TransportSet,
};
use crate::policy::{Rule, RuleSet};
use crate::syntax::kubernetes::pods::PodPeer;
use crate::syntax::kubernetes::selector::{Selector, Test};
use crate::targets::clusters::component::{self, Said};

/// What can be said of a rule, ordered so that equal rules stand together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Saying {
    /// The peers; `None` when every peer is meant.
    pub(super) peers: Option<Peers>,
    /// The services; `None` when every service is meant.
    pub(super) ports: Option<Vec<Service>>,
}

/// Peers of a rule.
// INVARIANT: not both lists are empty; `say` leaves such a rule out.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Peers {
    /// Addresses, as the fewest blocks.
    pub(super) blocks: Vec<Prefix>,
    /// Pods.
    pub(super) pods: Vec<PodPeer>,
}

/// Services of one protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Service {
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: &'static str,
    /// The ports; `None` when all are meant.
    pub(super) ports: Option<PortRange>,
}

impl component::Saying for Saying {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        let peers = self.peers.as_ref().filter(|peers| peers.pods.is_empty())?;
        Some(peers.blocks.clone())
    }

    fn covers(&self, other: &Self) -> bool {
        let peers = match (&self.peers, &other.peers) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(peers)) => own.covers(peers),
        };
        let ports = match (&self.ports, &other.ports) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(ports)) => ports.iter().all(|port| own.iter().any(|own| own.covers(port))),
        };
        peers && ports
    }
}

impl Peers {
    fn covers(&self, other: &Self) -> bool {
        let holds = |block: &Prefix| block.holders().any(|holder| self.blocks.binary_search(&holder).is_ok());
        let everywhere = self.pods.contains(&PodPeer::everywhere());
        let selects = |pods: &PodPeer| everywhere || self.pods.contains(pods);
        other.blocks.iter().all(holds) && other.pods.iter().all(selects)
    }
}

impl Service {
    fn covers(&self, other: &Self) -> bool {
        let ports = match (self.ports, other.ports) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(ports)) => own.first() <= ports.first() && ports.last() <= own.last(),
        };
        self.protocol == other.protocol && ports
    }
}

/// Says a rule as far as it can be said. Nothing is ever widened: what has no words is left out.
pub(super) fn say(set: &RuleSet, rule: &Rule) -> Said<Saying> {
    let asked = set.packets(&rule.matches);
    let mut why = Vec::new();
    if rule.matches.source.set().is_some_and(|source| !(source.v4.is_full() && source.v6.is_full())) {
        why.push("a condition on the address of the pods themselves".to_owned());
        return Said { lost: asked, why, ..Said::default() };
    }
    let everything = TransportSet::full();
    let (peers, said_peers) = say_peers(rule.matches.peer.set().unwrap_or(&set.universe), &mut why);
    let (ports, said_transport) =
        say_transport(rule.matches.transport.set().unwrap_or(&everything), &mut why);
    let packets = PacketSet::product(None, &said_peers, &said_transport, &true);
    let lost = asked.subtract(&packets);
    let sayings = if packets.is_empty() { Vec::new() } else { vec![Saying { peers, ports }] };
    Said { sayings, packets, lost, why, ..Said::default() }
}

fn say_peers(asked: &PeerSet, why: &mut Vec<String>) -> (Option<Peers>, PeerSet) {
    if !asked.names.is_empty() {
        why.push("host names".to_owned());
    }
    let every = PeerSet { addrs: asked.addrs.clone(), groups: asked.groups.clone(), ..PeerSet::default() };
    if every == super::lift::universe() {
        return (None, every);
    }
    let mut pods = Vec::new();
    let mut groups = Vec::new();
    let (held, left_out) = asked.groups.names();
    if asked.groups.is_full() {
        pods.push(PodPeer::everywhere());
        groups.push(GroupSet::full());
    } else if !left_out.is_empty() || GroupSet::of(held.iter().map(String::as_str)) != asked.groups {
        why.push("all pods but some".to_owned());
    } else {
        for group in held {
            match PodPeer::parse(&group).filter(|peer| *peer != PodPeer::everywhere() && is_sayable(peer)) {
                Some(peer) => {
                    groups.push(peer.groups());
                    pods.push(peer);
                }
                None => why.push(format!("the group `{group}`, which is not one of pods")),
            }
        }
    }
    pods.sort();
    let said =
        PeerSet { addrs: asked.addrs.clone(), groups: GroupSet::union_all(&groups), ..PeerSet::default() };
    (Some(Peers { blocks: AddrSet::prefixes(&asked.addrs), pods }), said)
}

/// A selector that chooses nothing has no words in the API.
fn is_sayable(peer: &PodPeer) -> bool {
    let sayable = |selector: &Selector| {
        selector.tests().all(|(_, test)| !matches!(test, Test::In(values) if values.is_empty()))
    };
    sayable(&peer.namespace_selector()) && sayable(&peer.pods)
}

fn say_transport(asked: &TransportSet, why: &mut Vec<String>) -> (Option<Vec<Service>>, TransportSet) {
    if asked.is_full() {
        // The API says that a rule without ports does not restrict its traffic by port.
        return (None, asked.clone());
    }
    let mut services = Vec::new();
    let mut said = Vec::new();
    for row in asked.rows() {
        match row {
            TransportRow::Protocols(first, last) => {
                for (name, protocol) in
                    PROTOCOLS.into_iter().filter(|(_, known)| (first..=last).contains(known))
                {
                    services.push(Service { protocol: name, ports: None });
                    said.push(TransportSet::protocol(protocol));
                }
            }
            TransportRow::Ports(protocol, ranges) => {
                let Some((name, _)) = PROTOCOLS.into_iter().find(|(_, known)| *known == protocol) else {
                    continue;
                };
                // Port 0 cannot be written.
                for range in ranges
                    .into_iter()
                    .filter_map(|range| PortRange::new(range.first().max(1), range.last()).ok())
                {
                    services.push(Service { protocol: name, ports: Some(range) });
                    said.push(TransportSet::port(protocol, range));
                }
            }
            TransportRow::Any | TransportRow::Icmp(..) => {}
        }
    }
    let said = TransportSet::union_all(&said);
    why.extend(asked.subtract(&said).rows().iter().map(describe));
    (Some(services), said)
}

fn describe(row: &TransportRow) -> String {
    match row {
        TransportRow::Any => "every protocol".to_owned(),
        TransportRow::Protocols(first, last) if first == last => format!("the protocol {first}"),
        TransportRow::Protocols(first, last) => format!("the protocols {} to {}", first.0, last.0),
        TransportRow::Ports(protocol, ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("the {protocol} port {}", ranges.join(","))
        }
        TransportRow::Icmp(protocol, _) => format!("types of {protocol}"),
    }
}
