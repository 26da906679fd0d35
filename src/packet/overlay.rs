//! Many functions over packets joined into one, in a single sweep over the peers.
//!
//! Joining n functions one after the other copies the first n times, and by halves log₂ n times. Here the places where
//! any of them changes are sorted once. Between two such places the functions are constants of the peer, and a binary
//! tree over their order holds what each stretch of them joins to: where one changes, the nodes above it are joined
//! anew, and most of those have a single function below them, which is theirs.

use super::addr::AddrSet;
use super::fingerprint::fingerprint;
use super::group::GroupKey;
use super::interval::IntervalSet;
use super::map::{Layer, PacketMap, SourceKey, either_family, fill};
use super::name::NameKey;
use super::peer::PeerSet;
use super::steps::{Key, Steps, Value};
use super::transport::TransportSet;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

/// How large functions may become, in cuts that are kept at once. Some are quadratic by nature: thousands of ports that
/// are open to any peer, and thousands of peers with rules of their own, make millions of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    /// No limit.
    pub const NONE: Self = Self(usize::MAX);
    /// How often a cut may be looked at for each one that may be kept.
    const LOOKS: usize = 32;

    /// At most so many cuts.
    pub const fn of(cuts: usize) -> Self {
        Self(cuts)
    }

    /// The number of cuts.
    pub fn cuts(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    /// What fits into some 200 MiB.
    fn default() -> Self {
        Self(1 << 24)
    }
}

/// A function would become larger than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("up to {services} steps of services at {peers} steps of peers are more than the limit of {limit}")]
pub struct TooLarge {
    /// At how many places along the peers the functions change.
    pub peers: usize,
    /// At how many places along sources and services the largest of them changes.
    pub services: usize,
    /// The limit.
    pub limit: usize,
}

/// Functions in their order, to be joined.
#[derive(Debug)]
pub struct Overlay<V> {
    v4: Sweep<u32, u32, V>,
    v6: Sweep<u128, u128, V>,
    names: Sweep<NameKey, SourceKey, V>,
    groups: Sweep<GroupKey, SourceKey, V>,
}

impl<V> Default for Overlay<V> {
    fn default() -> Self {
        Self { v4: Sweep::new(), v6: Sweep::new(), names: Sweep::new(), groups: Sweep::new() }
    }
}

impl<V: Value + Ord + Hash> Overlay<V> {
    /// Adds the function that has a value on a product of sets, and the default elsewhere. No sources and no services
    /// are all of them.
    pub fn product(
        &mut self,
        sources: Option<&AddrSet>,
        peers: &PeerSet,
        services: Option<&TransportSet>,
        value: &V,
    ) {
        self.v4.product(sources.map(|set| &set.v4), &peers.addrs.v4, services, value);
        self.v6.product(sources.map(|set| &set.v6), &peers.addrs.v6, services, value);
        if peers.names.is_empty() && peers.groups.is_empty() {
            return;
        }
        let either = sources.map(either_family);
        self.names.product(either.as_ref(), &peers.names, services, value);
        self.groups.product(either.as_ref(), &peers.groups, services, value);
    }

    /// Adds a function.
    pub fn function(&mut self, function: &PacketMap<V>) {
        self.v4.function(&function.v4);
        self.v6.function(&function.v6);
        self.names.function(&function.names);
        self.groups.function(&function.groups);
    }

    /// Joins them with an operation for which it does not matter where it begins, and which the default leaves as it
    /// is: `join(a, join(b, c)) == join(join(a, b), c)`, and `join(default, a) == join(a, default) == a`.
    pub fn join(self, join: impl Fn(&V, &V) -> V, limit: Limit) -> Result<PacketMap<V>, TooLarge> {
        let meter = Meter { limit, kept: Cell::new(0), looked: Cell::new(0) };
        Ok(PacketMap {
            v4: self.v4.join(&join, &meter)?,
            v6: self.v6.join(&join, &meter)?,
            names: self.names.join(&join, &meter)?,
            groups: self.groups.join(&join, &meter)?,
        })
    }
}

/// What was spent.
struct Meter {
    limit: Limit,
    kept: Cell<usize>,
    looked: Cell<usize>,
}

impl Meter {
    fn keep(&self, cuts: usize) -> bool {
        self.kept.set(self.kept.get().saturating_add(cuts));
        self.kept.get() <= self.limit.0
    }

    fn look(&self, cuts: usize) -> bool {
        self.looked.set(self.looked.get().saturating_add(cuts));
        self.looked.get() <= self.limit.0.saturating_mul(Limit::LOOKS)
    }
}

/// A function of one peer.
type Inner<S, V> = Steps<S, Steps<u32, V>>;

/// The number of the function that is the default everywhere.
const NOTHING: u32 = 0;

/// The functions over one kind of peers.
#[derive(Debug)]
struct Sweep<P, S, V> {
    /// From which peer on which function has which value.
    events: Vec<(P, u32, u32)>,
    /// How many functions there are.
    slots: u32,
    /// The functions of one peer that were met, by their numbers less one; number 0 is the default.
    // INVARIANT: no two are equal, and none is the default.
    inner: Vec<Inner<S, V>>,
    nothing: Inner<S, V>,
    known: BTreeSet<(u64, u32)>,
    /// Products by where their sets lie in memory, and those sets, which therefore stay there.
    #[expect(clippy::type_complexity, reason = "a key and the sets that keep it true")]
    products: BTreeMap<(usize, usize, V), (u32, Option<IntervalSet<S>>, Option<TransportSet>)>,
}

impl<P, S, V> Sweep<P, S, V> {
    fn new() -> Self {
        Self {
            events: Vec::new(),
            slots: 0,
            inner: Vec::new(),
            nothing: Steps::default(),
            known: BTreeSet::new(),
            products: BTreeMap::new(),
        }
    }
}

impl<P: Key, S: Key + Hash, V: Value + Ord + Hash> Sweep<P, S, V> {
    fn product(
        &mut self,
        sources: Option<&IntervalSet<S>>,
        peers: &IntervalSet<P>,
        services: Option<&TransportSet>,
        value: &V,
    ) {
        let nothing = |set: Option<bool>| set.unwrap_or(false);
        if peers.is_empty()
            || nothing(sources.map(IntervalSet::is_empty))
            || nothing(services.map(IntervalSet::is_empty))
        {
            return;
        }
        let at = (sources.map_or(0, Steps::identity), services.map_or(0, Steps::identity), value.clone());
        let known = self.products.get(&at).map(|(inner, _, _)| *inner);
        let inner = known.unwrap_or_else(|| {
            let carried = match services {
                Some(services) => fill(services, value),
                None => Steps::constant(value.clone()),
            };
            let inner = match sources {
                Some(sources) => fill(sources, &carried),
                None => Steps::constant(carried),
            };
            let inner = self.number(inner);
            self.products.insert(at, (inner, sources.cloned(), services.cloned()));
            inner
        });
        let events = peers
            .cuts()
            .iter()
            .map(|(key, member)| (key.clone(), self.slots, if *member { inner } else { NOTHING }));
        self.events.extend(events);
        self.slots = self.slots.saturating_add(1);
    }

    fn function(&mut self, function: &Layer<P, S, V>) {
        for (key, inner) in function.cuts() {
            let inner = self.number(inner.clone());
            self.events.push((key.clone(), self.slots, inner));
        }
        self.slots = self.slots.saturating_add(u32::from(!function.is_default()));
    }

    /// The number of a function of one peer.
    fn number(&mut self, inner: Inner<S, V>) -> u32 {
        if inner.is_default() {
            return NOTHING;
        }
        let print = fingerprint(&inner);
        for (_, number) in self.known.range((print, 0)..=(print, u32::MAX)) {
            if *self.at(*number) == inner {
                return *number;
            }
        }
        self.inner.push(inner);
        let number = u32::try_from(self.inner.len()).unwrap_or(u32::MAX);
        self.known.insert((print, number));
        number
    }

    fn at(&self, number: u32) -> &Inner<S, V> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        index.and_then(|index| self.inner.get(index)).unwrap_or(&self.nothing)
    }

    /// The sweep.
    fn join(mut self, join: &impl Fn(&V, &V) -> V, meter: &Meter) -> Result<Layer<P, S, V>, TooLarge> {
        let mut events = std::mem::take(&mut self.events);
        events.sort_unstable();
        let leaves = usize::try_from(self.slots).unwrap_or_default().next_power_of_two();
        // Node 1 is the root, and the nodes below node n are 2n and 2n + 1.
        let mut tree = vec![NOTHING; leaves.saturating_mul(2)];
        let number_at = |tree: &[u32], node: usize| tree.get(node).copied().unwrap_or(NOTHING);
        let mut pairs = BTreeMap::new();
        let (mut cuts, mut last) = (Vec::new(), NOTHING);
        let mut changed: Vec<usize> = Vec::new();
        for here in events.chunk_by(|(a, _, _), (b, _, _)| a == b) {
            changed.clear();
            for (_, slot, number) in here {
                let leaf = usize::try_from(*slot).unwrap_or_default() + leaves;
                set(&mut tree, leaf, *number, &mut changed);
            }
            while changed.first().is_some_and(|node| *node > 1) {
                let below = std::mem::take(&mut changed);
                for siblings in below.chunk_by(|a, b| a / 2 == b / 2) {
                    let Some(node) = siblings.first().map(|node| node / 2) else { continue };
                    let pair = (number_at(&tree, 2 * node), number_at(&tree, 2 * node + 1));
                    let number = if pair.0 == NOTHING || pair.1 == NOTHING {
                        pair.0.max(pair.1)
                    } else if let Some(known) = pairs.get(&pair) {
                        *known
                    } else {
                        let joined = self.joined(pair, join, meter);
                        let joined = joined.ok_or_else(|| self.too_large(&events, meter))?;
                        *pairs.entry(pair).or_insert(joined)
                    };
                    set(&mut tree, node, number, &mut changed);
                }
            }
            let root = number_at(&tree, 1);
            if let (Some((key, _, _)), true) = (here.first(), root != last) {
                cuts.push((key.clone(), self.at(root).clone()));
                last = root;
            }
        }
        Ok(Steps::of_distinct(cuts))
    }

    /// The number of two functions of one peer joined, or nothing at the limit.
    fn joined(&mut self, pair: (u32, u32), join: &impl Fn(&V, &V) -> V, meter: &Meter) -> Option<u32> {
        let (left, right) = (self.at(pair.0), self.at(pair.1));
        let mut within = meter.look(left.cuts().len().saturating_add(right.cuts().len()));
        let joined = left.zip(right, |a, b| {
            if a.is_default() {
                return b.clone();
            }
            if b.is_default() {
                return a.clone();
            }
            within = within && meter.look(a.cuts().len().saturating_add(b.cuts().len()));
            if within { a.zip(b, join) } else { Steps::default() }
        });
        let size = joined.cuts().iter().map(|(_, services)| services.cuts().len().saturating_add(1));
        within = within && meter.keep(size.fold(1, usize::saturating_add));
        within.then(|| self.number(joined))
    }

    fn too_large(&self, events: &[(P, u32, u32)], meter: &Meter) -> TooLarge {
        let size = |inner: &Inner<S, V>| {
            inner
                .cuts()
                .iter()
                .fold(0_usize, |size, (_, services)| size.saturating_add(services.cuts().len()))
        };
        TooLarge {
            peers: events.chunk_by(|(a, _, _), (b, _, _)| a == b).count(),
            services: self.inner.iter().map(size).max().unwrap_or_default(),
            limit: meter.limit.0,
        }
    }
}

/// Puts a number at a node, and the node among the changed ones if it is another than before.
fn set(tree: &mut [u32], node: usize, number: u32, changed: &mut Vec<usize>) {
    if let Some(there) = tree.get_mut(node).filter(|there| **there != number) {
        *there = number;
        changed.push(node);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AddrSet, PacketSet, PortRange, Prefix, Protocol, Set};
    use super::*;

    fn host(index: u32) -> PeerSet {
        let prefix = Prefix::host(std::net::Ipv4Addr::from_bits(0x0A00_0000 + index * 2).into());
        PeerSet::from(AddrSet::block(prefix))
    }

    fn port(port: u32) -> TransportSet {
        let port = u16::try_from(port).expect("a port");
        TransportSet::port(Protocol::TCP, PortRange::new(port, port).expect("a range"))
    }

    #[test]
    fn a_sweep_is_the_union_of_its_products() {
        let sources = AddrSet::of([
            "10.0.0.0/8".parse().expect("a prefix"),
            "2001:db8::/32".parse().expect("a prefix"),
        ]);
        let both = PeerSet { names: super::super::NameSet::full(), ..PeerSet::all_addrs() };
        let products: Vec<(Option<&AddrSet>, PeerSet, Option<TransportSet>)> = vec![
            (None, host(1), Some(port(80))),
            (Some(&sources), both, Some(port(443))),
            (None, host(1), None),
            (Some(&sources), host(2), Some(port(80))),
            (None, host(3), Some(TransportSet::default())),
        ];
        let mut overlay = Overlay::default();
        let mut sets = Vec::new();
        for (sources, peers, services) in &products {
            overlay.product(*sources, peers, services.as_ref(), &true);
            let all = TransportSet::full();
            sets.push(PacketSet::product(*sources, peers, services.as_ref().unwrap_or(&all), &true));
        }
        let mut whole = Overlay::default();
        for set in &sets {
            whole.function(set);
        }
        let or = |a: &bool, b: &bool| *a || *b;
        let union = PacketSet::union_all(&sets);
        assert_eq!(overlay.join(or, Limit::NONE).as_ref(), Ok(&union));
        assert_eq!(whole.join(or, Limit::NONE).as_ref(), Ok(&union));
        assert_eq!(Overlay::default().join(or, Limit::NONE), Ok(PacketSet::default()));
    }

    #[test]
    fn crossed_hosts_and_ports_end_at_the_limit() {
        let crossed = |limit| {
            let mut overlay = Overlay::default();
            for index in 0..2_000 {
                overlay.product(None, &host(index), Some(&port(50_000 + index)), &true);
                overlay.product(None, &PeerSet::all_addrs(), Some(&port(index * 3)), &true);
            }
            overlay.join(|a, b| *a || *b, limit)
        };
        let error = crossed(Limit::of(100_000)).expect_err("more than that");
        assert!(error.peers >= 4_000 && error.limit == 100_000, "{error}");
        assert!(crossed(Limit::default()).is_ok(), "8 million cuts are within the limit");
    }
}
