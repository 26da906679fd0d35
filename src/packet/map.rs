//! Functions over the whole space of packets.

use super::addr::AddrSet;
use super::group::GroupKey;
use super::hostname::Hostname;
use super::interval::{IntervalSet, MUCH_LONGER};
use super::name::NameKey;
use super::peer::PeerSet;
use super::protocol::Protocol;
use super::set::Set;
use super::steps::{Key, Steps, Value};
use super::transport::{TransportSet, service};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A source address of either family; IPv4 before IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum SourceKey {
    /// An IPv4 address.
    V4(u32),
    /// An IPv6 address.
    V6(u128),
}

impl Key for SourceKey {
    fn least() -> Self {
        Self::V4(0)
    }
}

/// Services for each source, for each peer.
pub(super) type Layer<P, S, V> = Steps<P, Steps<S, Steps<u32, V>>>;

/// A function from packets to `V`, piecewise constant and canonical: peer, then source, then service.
///
/// A packet between addresses has a source of the same family as its peer. A packet to a name or to an opaque group
/// may have a source of either.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketMap<V> {
    pub(super) v4: Layer<u32, u32, V>,
    pub(super) v6: Layer<u128, u128, V>,
    pub(super) names: Layer<NameKey, SourceKey, V>,
    pub(super) groups: Layer<GroupKey, SourceKey, V>,
}

impl<V> Default for PacketMap<V> {
    fn default() -> Self {
        Self { v4: Steps::default(), v6: Steps::default(), names: Steps::default(), groups: Steps::default() }
    }
}

impl<V: Value> PacketMap<V> {
    /// `value` for the packets of this product, the default for all others.
    pub fn product(sources: Option<&AddrSet>, peers: &PeerSet, transport: &TransportSet, value: &V) -> Self {
        let services = transport.map(|member| if *member { value.clone() } else { V::default() });
        let v4_sources = sources.map_or_else(IntervalSet::full, |set| set.v4.clone());
        let v6_sources = sources.map_or_else(IntervalSet::full, |set| set.v6.clone());
        let either = sources.map_or_else(IntervalSet::full, either_family);
        let (v4_sources, v6_sources) = (fill(&v4_sources, &services), fill(&v6_sources, &services));
        let either = fill(&either, &services);
        Self {
            v4: fill(&peers.addrs.v4, &v4_sources),
            v6: fill(&peers.addrs.v6, &v6_sources),
            names: fill(&peers.names, &either),
            groups: fill(&peers.groups, &either),
        }
    }

    /// Reports whether the function is the default everywhere.
    pub fn is_default(&self) -> bool {
        self.v4.is_default() && self.v6.is_default() && self.names.is_default() && self.groups.is_default()
    }

    /// The function whose value is `f` of both values, for every packet. `f` of two defaults must be the default.
    pub fn zip<W: Value, X: Value>(&self, other: &PacketMap<W>, f: impl Fn(&V, &W) -> X) -> PacketMap<X> {
        PacketMap {
            v4: zip_layer(&self.v4, &other.v4, &f),
            v6: zip_layer(&self.v6, &other.v6, &f),
            names: zip_layer(&self.names, &other.names, &f),
            groups: zip_layer(&self.groups, &other.groups, &f),
        }
    }

    /// How large the answer of [`Self::zip`] can become, found without computing it: the cuts of each pair of service
    /// functions that meet, each pair counted once.
    pub fn zip_size<W: Value>(&self, other: &PacketMap<W>) -> usize {
        let sizes = [
            zip_size(&self.v4, &other.v4),
            zip_size(&self.v6, &other.v6),
            zip_size(&self.names, &other.names),
            zip_size(&self.groups, &other.groups),
        ];
        sizes.into_iter().fold(0, usize::saturating_add)
    }

    /// The function whose value is `f` of this one's, for every packet. `f` of the default must be the default.
    pub fn map<W: Value>(&self, f: impl Fn(&V) -> W) -> PacketMap<W> {
        // The second operand is the default everywhere, so only `f` decides.
        self.zip(&PacketMap::<bool>::default(), |value, _| f(value))
    }

    /// The function for the packets of a set, and the default for all others. Costs what the set and the answer are
    /// large, however large the function is elsewhere.
    pub fn within(&self, set: &PacketSet) -> Self {
        Self {
            v4: within_layer(&self.v4, &set.v4),
            v6: within_layer(&self.v6, &set.v6),
            names: within_layer(&self.names, &set.names),
            groups: within_layer(&self.groups, &set.groups),
        }
    }

    /// At how many peers the function changes.
    pub fn peer_cuts(&self) -> usize {
        self.v4.cuts().len() + self.v6.cuts().len() + self.names.cuts().len() + self.groups.cuts().len()
    }

    /// About how much [`Self::within`] has to look at for a set with these peers.
    pub fn cuts_within(&self, peers: &PeerSet) -> usize {
        let counts = [
            self.v4.cuts_within(&peers.addrs.v4),
            self.v6.cuts_within(&peers.addrs.v6),
            self.names.cuts_within(&peers.names),
            self.groups.cuts_within(&peers.groups),
        ];
        counts.into_iter().fold(1, usize::saturating_add)
    }

    /// For each value but the default, the packets that have it. One pass over the function, however many values.
    pub fn by_value(&self) -> BTreeMap<V, PacketSet>
    where
        V: Ord,
    {
        let mut sets: BTreeMap<V, PacketSet> = BTreeMap::new();
        for (value, part) in split_layer(&self.v4) {
            sets.entry(value).or_default().v4 = part;
        }
        for (value, part) in split_layer(&self.v6) {
            sets.entry(value).or_default().v6 = part;
        }
        for (value, part) in split_layer(&self.names) {
            sets.entry(value).or_default().names = part;
        }
        for (value, part) in split_layer(&self.groups) {
            sets.entry(value).or_default().groups = part;
        }
        sets
    }

    /// The value at one packet.
    pub fn at(&self, packet: &Packet<'_>) -> V {
        let key = service(packet.protocol, packet.detail);
        let source = |addr: IpAddr| match addr {
            IpAddr::V4(v4) => SourceKey::V4(v4.to_bits()),
            IpAddr::V6(v6) => SourceKey::V6(v6.to_bits()),
        };
        match (packet.peer, packet.source) {
            (Peer::Addr(IpAddr::V4(peer)), IpAddr::V4(source)) => {
                self.v4.at(&peer.to_bits()).at(&source.to_bits()).at(&key)
            }
            (Peer::Addr(IpAddr::V6(peer)), IpAddr::V6(source)) => {
                self.v6.at(&peer.to_bits()).at(&source.to_bits()).at(&key)
            }
            (Peer::Addr(_), _) => V::default(),
            (Peer::Name(host, path), from) => {
                self.names.at(&NameKey::of_host(host, path)).at(&source(from)).at(&key)
            }
            (Peer::Group(group), from) => self.groups.at(&GroupKey::of(group)).at(&source(from)).at(&key),
        }
    }
}

/// A set of packets: peers × sources × services. The direction is that of the rule set it belongs to.
pub type PacketSet = PacketMap<bool>;

impl Set for PacketSet {
    fn is_empty(&self) -> bool {
        self.is_default()
    }
    fn union(&self, other: &Self) -> Self {
        if other.is_default() {
            return self.clone();
        }
        if self.is_default() {
            return other.clone();
        }
        self.zip(other, |a, b| *a || *b)
    }
    fn intersect(&self, other: &Self) -> Self {
        let both = |a: &bool, b: &bool| *a && *b;
        Self {
            v4: inside_layer(&self.v4, &other.v4, both),
            v6: inside_layer(&self.v6, &other.v6, both),
            names: inside_layer(&self.names, &other.names, both),
            groups: inside_layer(&self.groups, &other.groups, both),
        }
    }
    fn subtract(&self, other: &Self) -> Self {
        let rest = |a: &bool, b: &bool| *a && !*b;
        Self {
            v4: inside_layer(&self.v4, &other.v4, rest),
            v6: inside_layer(&self.v6, &other.v6, rest),
            names: inside_layer(&self.names, &other.names, rest),
            groups: inside_layer(&self.groups, &other.groups, rest),
        }
    }
}

/// One packet, as a point in the space.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The far end.
    pub peer: Peer<'a>,
    /// The near end.
    pub source: IpAddr,
    /// The IP protocol.
    pub protocol: Protocol,
    /// The destination port; `type << 8 | code` for ICMP; ignored for all other protocols.
    pub detail: u16,
}

/// The far end of one packet.
#[derive(Debug, Clone, Copy)]
pub enum Peer<'a> {
    /// An address.
    Addr(IpAddr),
    /// A host name and a URL path on it (`/` when there is none).
    Name(&'a Hostname, &'a str),
    /// An opaque group.
    Group(&'a str),
}

pub(super) fn fill<K: Key, V: Value>(members: &IntervalSet<K>, value: &V) -> Steps<K, V> {
    members.map(|member| if *member { value.clone() } else { V::default() })
}

/// Both families of an address set on one axis.
pub(super) fn either_family(set: &AddrSet) -> IntervalSet<SourceKey> {
    let v4 = set.v4.cuts().iter().map(|(key, member)| (SourceKey::V4(*key), *member));
    // Where the IPv4 axis ends inside the set, the set must end too, unless IPv6 begins inside it.
    let between = std::iter::once((SourceKey::V6(0), set.v6.contains(&0)));
    let v6 =
        set.v6.cuts().iter().filter(|(key, _)| *key > 0).map(|(key, member)| (SourceKey::V6(*key), *member));
    Steps::from_cuts(v4.chain(between).chain(v6))
}

fn zip_layer<P: Key, S: Key, V: Value, W: Value, X: Value>(
    left: &Layer<P, S, V>,
    right: &Layer<P, S, W>,
    f: &impl Fn(&V, &W) -> X,
) -> Layer<P, S, X> {
    if left.is_default() && right.is_default() {
        return Steps::default();
    }
    // Most neighbouring stretches share their sources and services, so each pair is computed once.
    let services = RefCell::new(BTreeMap::new());
    let sources = RefCell::new(BTreeMap::new());
    left.zip(right, |a, b| {
        remember(&sources, a, b, || a.zip(b, |a, b| remember(&services, a, b, || a.zip(b, |a, b| f(a, b)))))
    })
}

fn zip_size<P: Key, S: Key, V: Value, W: Value>(left: &Layer<P, S, V>, right: &Layer<P, S, W>) -> usize {
    let (sources, services) = (RefCell::new(BTreeMap::new()), RefCell::new(BTreeMap::new()));
    left.zip(right, |a, b| {
        remember(&sources, a, b, || {
            a.zip(b, |a, b| {
                remember(&services, a, b, || a.cuts().len().saturating_add(b.cuts().len()));
                false
            })
            .is_default()
        });
        false
    });
    let services = services.into_inner();
    services.into_values().fold(0, usize::saturating_add)
}

/// The layer of `f` of both values, which is false wherever the left one is. A short left one leads the way: what is far
/// from it in a long right one is not looked at.
fn inside_layer<P: Key, S: Key>(
    left: &Layer<P, S, bool>,
    right: &Layer<P, S, bool>,
    f: impl Fn(&bool, &bool) -> bool,
) -> Layer<P, S, bool> {
    if left.is_default() {
        return Steps::default();
    }
    if right.is_default() {
        return if f(&true, &false) { left.clone() } else { Steps::default() };
    }
    if left.cuts().len().saturating_mul(MUCH_LONGER) > right.cuts().len() {
        return zip_layer(left, right, &f);
    }
    right.within(left, |right, left| right.within(left, |right, left| right.within(left, |b, a| f(a, b))))
}

fn within_layer<P: Key, S: Key, V: Value>(layer: &Layer<P, S, V>, set: &Layer<P, S, bool>) -> Layer<P, S, V> {
    layer.within(set, |sources, of_set| {
        sources.within(of_set, |services, of_set| services.within(of_set, |value, _| value.clone()))
    })
}

/// Where a layer has each value but the default.
fn split_layer<P: Key, S: Key, V: Value + Ord>(layer: &Layer<P, S, V>) -> BTreeMap<V, Layer<P, S, bool>> {
    let services = RefCell::new(BTreeMap::new());
    let sources = RefCell::new(BTreeMap::new());
    let none = Steps::<S, bool>::default();
    let no_service = Steps::<u32, bool>::default();
    split(layer, |from| {
        remember(&sources, from, &none, || {
            split(from, |carried| {
                remember(&services, carried, &no_service, || {
                    split(carried, |value| BTreeMap::from([(value.clone(), true)]))
                })
            })
        })
    })
}

/// Splits a function by what lies inside its values: `parts` does so for one of them.
fn split<K: Key, U: Value, V: Ord, W: Value>(
    steps: &Steps<K, U>,
    parts: impl Fn(&U) -> BTreeMap<V, W>,
) -> BTreeMap<V, Steps<K, W>> {
    let mut cuts: BTreeMap<V, Vec<(K, W)>> = BTreeMap::new();
    for (from, until, value) in steps.segments() {
        for (part, within) in parts(value) {
            let cuts = cuts.entry(part).or_default();
            // The stretch before may end right here, where this one goes on.
            cuts.pop_if(|(end, _)| end == from);
            cuts.push((from.clone(), within));
            cuts.extend(until.map(|until| (until.clone(), W::default())));
        }
    }
    cuts.into_iter().map(|(part, cuts)| (part, Steps::from_cuts(cuts))).collect()
}

/// The answer for this pair of functions, computed at its first appearance.
///
/// The memory is keyed by identity, which is sound because both operands outlive the operation.
fn remember<K: Key, V: Value, W: Value, X: Clone>(
    memory: &RefCell<BTreeMap<(usize, usize), X>>,
    left: &Steps<K, V>,
    right: &Steps<K, W>,
    compute: impl FnOnce() -> X,
) -> X {
    let pair = (left.identity(), right.identity());
    if let Some(known) = memory.borrow().get(&pair) {
        return known.clone();
    }
    let answer = compute();
    memory.borrow_mut().insert(pair, answer.clone());
    answer
}
