//! First match over prefixes: which packets two ordered lists of rules treat differently, in one sweep.
//!
//! 1. The services of each rule become a number (`functions`): equal sets have equal numbers, and what was joined once is
//!    looked up from then on. Each rule gets a *level*, the number of times that the verdict changed before it in its list.
//!    Rules of one level do the same, so their order is no matter and a list that only allows has one level.
//! 2. The peers of each rule are cut into CIDR blocks, which hold each other or are disjoint. Sorted by first address and
//!    then by size, the blocks of both lists come in the order in which a walk through the tree of blocks enters them.
//! 3. The walk (`walk`) keeps the blocks that it is in on a stack, and for each of them what either list lets pass there:
//!    two numbers. Equal numbers end it, and nothing that both lists treat alike is ever taken apart. Only where they
//!    differ the differing services are worked out, and only those become sets.
//!
//! The cost is that of sorting the rules, of a few look-ups for each, and of the answer. A limit on what is kept ends what
//! is large by nature with an error.

mod functions;
mod table;
mod walk;

use super::addr::{Bits, cover};
use super::interval::IntervalSet;
use super::map::{Layer, PacketMap, PacketSet};
use super::overlay::{Limit, Overlay, TooLarge};
use super::peer::PeerSet;
use super::ranges::sort_by_bucket;
use super::set::Set;
use super::steps::{Key, Steps};
use super::transport::TransportSet;
use functions::{FULL, Functions};
use std::collections::BTreeMap;
use table::Table;
use walk::{Record, Walk};

/// Which of two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The first.
    Old,
    /// The second.
    New,
}

/// Two lists of rules, of which in each the first that matches a packet decides; a packet that none matches is stopped.
#[derive(Debug)]
pub struct FirstMatch {
    functions: Functions,
    v4: Vec<Record<u32>>,
    v6: Vec<Record<u128>>,
    /// Peers that are no numbers.
    others: [Overlay<Option<bool>>; 2],
    levels: [Levels; 2],
    /// The numbers of sets of services by where the sets lie in memory, and those sets, which therefore stay there.
    met: Table,
    services: Vec<TransportSet>,
}

/// The level that a list has come to.
// INVARIANT: even levels allow.
#[derive(Debug, Clone, Copy, Default)]
struct Levels {
    level: u32,
}

impl Levels {
    fn next(&mut self, allows: bool) -> u32 {
        if self.level.is_multiple_of(2) != allows {
            self.level = self.level.saturating_add(1);
        }
        self.level
    }
}

/// What two lists treat differently.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differing {
    /// What only the new list lets pass.
    pub added: PacketSet,
    /// What only the old list lets pass.
    pub removed: PacketSet,
}

impl FirstMatch {
    /// Two lists without rules.
    pub fn new(limit: Limit) -> Self {
        Self {
            functions: Functions::new(limit),
            v4: Vec::new(),
            v6: Vec::new(),
            others: [Overlay::default(), Overlay::default()],
            levels: [Levels::default(); 2],
            met: Table::default(),
            services: Vec::new(),
        }
    }

    /// Room for so many more rules about single blocks of IPv4 addresses.
    pub fn reserve(&mut self, rules: usize) {
        self.v4.reserve(rules);
    }

    /// Adds a rule behind the others of a list. No services are all of them.
    pub fn push(&mut self, side: Side, peers: &PeerSet, services: Option<&TransportSet>, allows: bool) {
        let [old, new] = &mut self.levels;
        let level = match side {
            Side::Old => old.next(allows),
            Side::New => new.next(allows),
        };
        let number = services.map_or(FULL, |services| self.number(services));
        let record = |first, len| Record { first, len, side, level, services: number };
        blocks(&peers.addrs.v4, |first, len| self.v4.push(record(first, len)));
        if !peers.addrs.v6.is_empty() {
            let record = |first, len| Record { first, len, side, level, services: number };
            blocks(&peers.addrs.v6, |first, len| self.v6.push(record(first, len)));
        }
        if !(peers.names.is_empty() && peers.groups.is_empty()) {
            let named =
                PeerSet { names: peers.names.clone(), groups: peers.groups.clone(), ..PeerSet::default() };
            let [old, new] = &mut self.others;
            let others = match side {
                Side::Old => old,
                Side::New => new,
            };
            others.product(None, &named, services, &Some(allows));
        }
    }

    fn number(&mut self, services: &TransportSet) -> u32 {
        let at = u64::try_from(services.identity()).unwrap_or(u64::MAX);
        if let Some(known) = self.met.find(at, |_| true) {
            return known;
        }
        let number = self.functions.of_set(services);
        self.met.insert(at, number);
        self.services.push(services.clone());
        number
    }

    /// What the lists treat differently.
    pub fn differing(mut self, limit: Limit) -> Result<Differing, TooLarge> {
        sort_by_bucket(&mut self.v4, |record| record.first);
        self.v6.sort_unstable();
        let (mut added, mut removed) = (PacketSet::default(), PacketSet::default());
        (added.v4, removed.v4) = sweep(&mut self.functions, &self.v4)?;
        (added.v6, removed.v6) = sweep(&mut self.functions, &self.v6)?;
        let [old, new] = self.others.map(|others| {
            let decided = others.join(|first, second| first.or(*second), limit)?;
            Ok::<PacketSet, TooLarge>(decided.map(|verdict| *verdict == Some(true)))
        });
        let (old, new) = (old?, new?);
        if old != new {
            let (more, less) = (new.subtract(&old), old.subtract(&new));
            added = PacketMap { v4: added.v4, v6: added.v6, ..more };
            removed = PacketMap { v4: removed.v4, v6: removed.v6, ..less };
        }
        Ok(Differing { added, removed })
    }
}

/// Calls `emit` with the blocks that make up a set.
fn blocks<K: Bits>(set: &IntervalSet<K>, mut emit: impl FnMut(K, u8)) {
    for (first, last) in set.ranges() {
        cover(first, last, K::WIDTH, |first, len| emit(first, u8::try_from(len).unwrap_or(u8::MAX)));
    }
}

/// Both answers for one family.
type Layers<K> = (Layer<K, K, bool>, Layer<K, K, bool>);

fn sweep<K: Bits>(functions: &mut Functions, records: &[Record<K>]) -> Result<Layers<K>, TooLarge> {
    let mut walk = Walk::new(functions);
    records.chunk_by(Record::is_same_block).for_each(|block| walk.enter(block));
    let [added, removed] = walk.finish();
    let peers = records.chunk_by(Record::is_same_block).count();
    let mut known = BTreeMap::new();
    let mut layer = |cuts: Vec<(K, u32)>| {
        Steps::from_cuts(cuts.into_iter().map(|(first, number)| {
            let of_peer = known.entry(number).or_insert_with(|| of_peer(functions.set(number)));
            (first, of_peer.clone())
        }))
    };
    let layers = (layer(added), layer(removed));
    match functions.too_large(peers) {
        None => Ok(layers),
        Some(size) => Err(size),
    }
}

/// These services from any source.
fn of_peer<S: Key>(services: TransportSet) -> Steps<S, TransportSet> {
    if services.is_empty() { Steps::default() } else { Steps::constant(services) }
}
