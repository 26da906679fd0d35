//! A packet set as a list of products, for people and for JSON.

use super::addr::AddrSet;
use super::group::GroupSet;
use super::interval::IntervalSet;
use super::map::{Layer, PacketSet, SourceKey};
use super::name::{NamePattern, NameSet};
use super::peer::PeerSet;
use super::port::{PortRange, PortSet};
use super::protocol::Protocol;
use super::set::Set;
use super::steps::{Key, Steps, Value};
use super::transport::{IcmpMatch, LAST, LAST_DETAIL, TransportSet, protocol_and_detail, service};
use std::collections::BTreeMap;

/// One product of sources, peers and services of one protocol. The rows of a list are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// What the packets carry.
    pub transport: TransportRow,
    /// The near end; `None` when it is not constrained.
    pub source: Option<AddrSet>,
    /// The far end.
    pub peer: RowPeer,
}

/// The far end of a row: exactly one kind of peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowPeer {
    /// Addresses of one or both families.
    Addrs(AddrSet),
    /// Names less the excepted names.
    Names(Vec<NamePattern>, Vec<NamePattern>),
    /// Groups (`*` for all) less the excepted groups.
    Groups(Vec<String>, Vec<String>),
}

/// What the packets of a row carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportRow {
    /// Every protocol.
    Any,
    /// Whole protocols, from the first to the last, both inclusive.
    Protocols(Protocol, Protocol),
    /// Some ports of a protocol that has ports.
    Ports(Protocol, Vec<PortRange>),
    /// Some types and codes of ICMP or ICMPv6.
    Icmp(Protocol, Vec<IcmpMatch>),
}

impl TransportSet {
    /// The set as disjoint pieces: whole protocols in runs, ports and ICMP types per protocol.
    pub fn rows(&self) -> Vec<TransportRow> {
        if self.is_full() {
            return vec![TransportRow::Any];
        }
        let mut rows: Vec<TransportRow> = Vec::new();
        for (first, last) in self.ranges() {
            let last = last.min(LAST);
            for number in protocol_and_detail(first).0.0..=protocol_and_detail(last).0.0 {
                let protocol = Protocol(number);
                let is_whole = first <= service(protocol, 0) && service(protocol, LAST_DETAIL) <= last;
                match rows.last_mut() {
                    Some(TransportRow::Protocols(_, end))
                        if is_whole && end.0.checked_add(1) == Some(number) =>
                    {
                        *end = protocol;
                    }
                    _ if is_whole => rows.push(TransportRow::Protocols(protocol, protocol)),
                    // A protocol of which several ranges are in the set has one row.
                    Some(TransportRow::Ports(known, _) | TransportRow::Icmp(known, _))
                        if *known == protocol => {}
                    _ => rows.push(partial(protocol, &self.details(protocol))),
                }
            }
        }
        rows
    }
}

fn partial(protocol: Protocol, details: &PortSet) -> TransportRow {
    if !protocol.has_icmp_types() {
        return TransportRow::Ports(protocol, details.port_ranges().collect());
    }
    let mut icmp = Vec::new();
    for kind in 0..=u8::MAX {
        let of_kind = PortSet::range(u16::from_be_bytes([kind, 0]), &u16::from_be_bytes([kind, u8::MAX]));
        let codes = details.intersect(&of_kind);
        if codes == of_kind {
            icmp.push(IcmpMatch { kind, code: None });
            continue;
        }
        let each = codes.ranges().flat_map(|(first, last)| first..=last);
        icmp.extend(each.map(|detail| IcmpMatch { kind, code: Some(detail.to_be_bytes()[1]) }));
    }
    TransportRow::Icmp(protocol, icmp)
}

impl PacketSet {
    /// The set as disjoint rows whose union is exactly the set, in a fixed order.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        // One family's addresses and the other's stand in one row where they carry the same and no source is named.
        let mut both: BTreeMap<(Option<AddrSet>, TransportSet), AddrSet> = BTreeMap::new();
        for (peers, source, services) in products(&self.v4) {
            let source = (!source.is_full()).then(|| AddrSet { v4: source, v6: IntervalSet::default() });
            let entry = both.entry((source, services)).or_default();
            entry.v4 = entry.v4.union(&peers);
        }
        for (peers, source, services) in products(&self.v6) {
            let source = (!source.is_full()).then(|| AddrSet { v4: IntervalSet::default(), v6: source });
            let entry = both.entry((source, services)).or_default();
            entry.v6 = entry.v6.union(&peers);
        }
        for ((source, services), peers) in both {
            push(&mut rows, source.as_ref(), &RowPeer::Addrs(peers), &services);
        }
        for (peers, source, services) in products(&self.names) {
            for (names, except) in NameSet::patterns(&peers) {
                push(&mut rows, one_family(&source).as_ref(), &RowPeer::Names(names, except), &services);
            }
        }
        for (peers, source, services) in products(&self.groups) {
            let (groups, except) = peers.names();
            push(&mut rows, one_family(&source).as_ref(), &RowPeer::Groups(groups, except), &services);
        }
        rows.sort();
        rows
    }

    /// All addresses that any packet of the set goes to.
    pub fn peer_addrs(&self) -> AddrSet {
        AddrSet { v4: self.v4.map(|inner| !inner.is_default()), v6: self.v6.map(|inner| !inner.is_default()) }
    }

    /// All opaque groups that any packet of the set goes to.
    pub fn peer_groups(&self) -> GroupSet {
        self.groups.map(|inner| !inner.is_default())
    }

    /// All names that any packet of the set goes to.
    pub fn peer_names(&self) -> NameSet {
        self.names.map(|inner| !inner.is_default())
    }
}

fn push(rows: &mut Vec<Row>, source: Option<&AddrSet>, peer: &RowPeer, services: &TransportSet) {
    rows.extend(services.rows().into_iter().map(|transport| Row {
        transport,
        source: source.cloned(),
        peer: peer.clone(),
    }));
}

/// The products that make up one layer: peers that share their sources, and sources that share their services.
fn products<P: Key, S: Key>(
    layer: &Layer<P, S, bool>,
) -> Vec<(IntervalSet<P>, IntervalSet<S>, TransportSet)> {
    let mut out = Vec::new();
    for (inner, peers) in levels(layer) {
        for (services, sources) in levels(&inner) {
            out.push((peers.clone(), sources, services));
        }
    }
    out
}

/// For each value but the default, in the order of values, the keys that have it.
fn levels<K: Key, I: Key, V: Value + Ord>(
    steps: &Steps<K, Steps<I, V>>,
) -> Vec<(Steps<I, V>, IntervalSet<K>)> {
    // Most stretches share their value, and a shared one is looked up among the others only once.
    let mut class_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut classes: BTreeMap<&Steps<I, V>, usize> = BTreeMap::new();
    let mut cuts: Vec<Vec<(K, bool)>> = Vec::new();
    for (from, until, value) in steps.segments() {
        let class = *class_of.entry(value.identity()).or_insert_with(|| {
            let next = classes.len();
            *classes.entry(value).or_insert(next)
        });
        cuts.resize_with(cuts.len().max(class + 1), Vec::new);
        if let Some(cuts) = cuts.get_mut(class) {
            cuts.push((from.clone(), true));
            cuts.extend(until.map(|until| (until.clone(), false)));
        }
    }
    let keys = |class: usize| cuts.get(class).cloned().map(Steps::from_cuts).unwrap_or_default();
    classes.into_iter().map(|(value, class)| (value.clone(), keys(class))).collect()
}

/// The sources of a name or group as addresses; `None` when they are not constrained.
fn one_family(source: &IntervalSet<SourceKey>) -> Option<AddrSet> {
    if source.is_full() {
        return None;
    }
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (key, member) in source.cuts() {
        match key {
            SourceKey::V4(key) => v4.push((*key, *member)),
            SourceKey::V6(key) => v6.push((*key, *member)),
        }
    }
    // A set that is still open where IPv4 ends begins IPv6 open, unless a cut stands right there.
    if v4.last().is_some_and(|(_, member)| *member) && v6.first().is_none_or(|(key, _)| *key > 0) {
        v6.insert(0, (0, true));
    }
    Some(AddrSet { v4: Steps::from_cuts(v4), v6: Steps::from_cuts(v6) })
}

impl Row {
    /// The packets of the row.
    pub fn packets(&self) -> PacketSet {
        PacketSet::product(self.source.as_ref(), &self.peer.peers(), &self.transport.services(), &true)
    }
}

impl RowPeer {
    /// The peers of the row.
    pub fn peers(&self) -> PeerSet {
        match self {
            Self::Addrs(addrs) => PeerSet::from(addrs.clone()),
            Self::Names(names, except) => PeerSet::from(NameSet::of(names).subtract(&NameSet::of(except))),
            Self::Groups(groups, except) => {
                let set = |names: &[String]| {
                    if names.iter().any(|name| name == "*") {
                        GroupSet::full()
                    } else {
                        // A backslash stands before a name that could be mistaken for the sign of all.
                        GroupSet::of(names.iter().map(|name| name.strip_prefix('\\').unwrap_or(name)))
                    }
                };
                PeerSet::from(set(groups).subtract(&set(except)))
            }
        }
    }
}

impl TransportRow {
    /// The services of the row.
    pub fn services(&self) -> TransportSet {
        match self {
            Self::Any => TransportSet::full(),
            Self::Protocols(first, last) => TransportSet::protocols(*first, *last),
            Self::Ports(protocol, ports) => {
                TransportSet::ports(*protocol, &PortSet::of(ports.iter().copied()))
            }
            Self::Icmp(protocol, types) => {
                let sets: Vec<TransportSet> =
                    types.iter().map(|icmp| TransportSet::icmp(*protocol, *icmp)).collect();
                Set::union_all(&sets)
            }
        }
    }
}
