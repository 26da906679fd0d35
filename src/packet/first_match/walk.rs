//! The walk through the blocks of two lists of rules, and what differs in each.
//!
//! A block inherits what its parent matches. While few rules match, they are kept as a list in the order of their levels,
//! and what passes is found from the last one up: an allow adds its services, a deny takes its own away. Where many rules
//! match, they are kept as one function from services to the level that decides them. To put the rules of a block before
//! or behind those of its parent is then to take the lower level of both, place by place, which costs as much as the
//! block's own rules and not as much as its parent's.

use super::super::addr::Bits;
use super::Side;
use super::functions::{EMPTY, Functions, Join};

/// A rule about one block.
// INVARIANT: the order of the fields is the order of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record<K> {
    /// The first address of the block.
    pub(super) first: K,
    /// The length of its prefix.
    pub(super) len: u8,
    /// Whose rule it is.
    pub(super) side: Side,
    /// Its level; even ones allow.
    pub(super) level: u32,
    /// The number of its services.
    pub(super) services: u32,
}

impl<K: PartialEq> Record<K> {
    /// Reports whether another one is about the same block.
    pub(super) fn is_same_block(&self, other: &Self) -> bool {
        self.first == other.first && self.len == other.len
    }
}

/// How many rules are kept as a list.
const LISTED: usize = 24;

/// A rule on the way to a block: its level and its services.
type Entry = (u32, u32);

/// What matches at a block on one side.
#[derive(Debug, Clone, Copy)]
struct Matching {
    /// Where the list of rules begins and ends.
    from: usize,
    until: usize,
    /// The level of each service, where there are too many rules for a list.
    levels: Option<u32>,
    /// The services that pass.
    passing: u32,
}

/// A block that the walk is in.
#[derive(Debug, Clone, Copy)]
struct Frame<K> {
    /// The first address behind it; none at the end of the axis.
    after: Option<K>,
    sides: [Matching; 2],
}

/// From which address on which services differ.
type Cuts<K> = Vec<(K, u32)>;

/// A walk.
#[derive(Debug)]
pub(super) struct Walk<'f, K> {
    functions: &'f mut Functions,
    /// The lists of all open blocks of either side, one behind the other.
    lists: [Vec<Entry>; 2],
    open: Vec<Frame<K>>,
    /// What only the new and what only the old list lets pass.
    cuts: [Cuts<K>; 2],
}

impl<'f, K: Bits> Walk<'f, K> {
    pub(super) fn new(functions: &'f mut Functions) -> Self {
        Self { functions, lists: [Vec::new(), Vec::new()], open: Vec::new(), cuts: [Vec::new(), Vec::new()] }
    }

    /// Enters a block with all of its rules, in their order.
    pub(super) fn enter(&mut self, block: &[Record<K>]) {
        let Some(Record { first, len, .. }) = block.first() else { return };
        self.leave_until(first);
        let split = block.partition_point(|record| record.side == Side::Old);
        let (old, new) = block.split_at_checked(split).unwrap_or_default();
        let nothing = Matching { from: 0, until: 0, levels: None, passing: EMPTY };
        let parent = self.open.last().map_or([nothing; 2], |frame| frame.sides);
        let [of_old, of_new] = parent;
        let [old_list, new_list] = &mut self.lists;
        let sides = [
            matching(self.functions, old_list, of_old, old),
            matching(self.functions, new_list, of_new, new),
        ];
        let after = first.after_block(K::WIDTH.saturating_sub(u32::from(*len)));
        self.open.push(Frame { after, sides });
        self.differ(first);
    }

    /// Leaves all blocks; what only the new and what only the old list lets pass.
    pub(super) fn finish(mut self) -> [Cuts<K>; 2] {
        while let Some(frame) = self.open.pop() {
            if let Some(after) = frame.after {
                self.differ(&after);
            }
        }
        self.cuts
    }

    /// Leaves the blocks that end before an address or right there.
    fn leave_until(&mut self, first: &K) {
        while let Some(frame) = self.open.pop_if(|frame| frame.after.is_some_and(|after| after <= *first)) {
            if let Some(after) = frame.after.filter(|after| after < first) {
                self.differ(&after);
            }
        }
        let ends = self.open.last().map_or([0; 2], |frame| frame.sides.map(|side| side.until));
        for (list, end) in self.lists.iter_mut().zip(ends) {
            list.truncate(end);
        }
    }

    /// What differs from here on.
    fn differ(&mut self, from: &K) {
        let [old, new] = self.open.last().map_or([EMPTY; 2], |frame| frame.sides.map(|side| side.passing));
        let (more, less) = if old == new {
            (EMPTY, EMPTY)
        } else {
            (self.functions.join(Join::Without, new, old), self.functions.join(Join::Without, old, new))
        };
        let [added, removed] = &mut self.cuts;
        cut(added, from, more);
        cut(removed, from, less);
    }
}

/// Cuts at a place, where the last cut is another or at the same place.
fn cut<K: Bits>(cuts: &mut Cuts<K>, at: &K, number: u32) {
    cuts.pop_if(|(last, _)| last == at);
    if cuts.last().map_or(EMPTY, |(_, last)| *last) != number {
        cuts.push((*at, number));
    }
}

/// What matches at a block with these rules of its own.
fn matching<K>(
    functions: &mut Functions,
    list: &mut Vec<Entry>,
    parent: Matching,
    own: &[Record<K>],
) -> Matching {
    let Some(highest) = own.last() else { return parent };
    let inherited = list.get(parent.from..parent.until).unwrap_or_default();
    if parent.levels.is_some() || inherited.len().saturating_add(own.len()) > LISTED {
        let levels = parent.levels.unwrap_or_else(|| functions.levels(inherited));
        let own: Vec<Entry> = own.iter().map(|record| (record.level, record.services)).collect();
        let own = functions.levels(&own);
        let levels = functions.join(Join::First, levels, own);
        let passing = functions.join(Join::Passes, levels, EMPTY);
        return Matching { from: list.len(), until: list.len(), levels: Some(levels), passing };
    }
    // Rules before all that is inherited decide on top of it. In a list that only allows they always do.
    let on_top = inherited.first().is_none_or(|(level, _)| highest.level <= *level);
    let from = list.len();
    list.extend_from_within(parent.from..parent.until);
    list.extend(own.iter().map(|record| (record.level, record.services)));
    let until = list.len();
    let entries = list.get_mut(from..).unwrap_or_default();
    if until.saturating_sub(from) > own.len() {
        entries.sort_unstable();
    }
    let mut decide = |passing: u32, (level, services): Entry| {
        let join = if level.is_multiple_of(2) { Join::Or } else { Join::Without };
        functions.join(join, passing, services)
    };
    let passing = if on_top {
        own.iter().rev().fold(parent.passing, |below, record| decide(below, (record.level, record.services)))
    } else {
        entries.iter().rev().fold(EMPTY, |below, entry| decide(below, *entry))
    };
    Matching { from, until, levels: None, passing }
}
