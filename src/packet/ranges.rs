//! Address ranges that are collected in any order, and what they come to.

use super::addr::{AddrSet, cover};
use super::interval::{Interval, IntervalSet};

/// Ranges of addresses in any order, overlapping or not, as they come out of a list. An IPv4 range takes eight bytes.
#[derive(Debug, Default)]
pub struct Ranges {
    /// The first address in the upper half, the last one in the lower: the order of the numbers is that of the ranges.
    v4: Vec<u64>,
    v6: Vec<(u128, u128)>,
}

/// The ranges once sorted, each joined with those that it overlaps or touches.
// INVARIANT: both lists are sorted.
#[derive(Debug, Default)]
pub struct Joined {
    v4: Vec<u64>,
    v6: Vec<(u128, u128)>,
}

impl Ranges {
    /// Adds the addresses from `first` to `last`, both inclusive; none when they run backwards.
    pub fn push_v4(&mut self, first: u32, last: u32) {
        if first <= last {
            self.v4.push((u64::from(first) << 32) | u64::from(last));
        }
    }

    /// Adds the addresses from `first` to `last`, both inclusive; none when they run backwards.
    pub fn push_v6(&mut self, first: u128, last: u128) {
        if first <= last {
            self.v6.push((first, last));
        }
    }

    /// Adds the ranges of another collection.
    pub fn append(&mut self, mut other: Self) {
        // The longer list stays where it is.
        if self.v4.len() < other.v4.len() {
            std::mem::swap(&mut self.v4, &mut other.v4);
        }
        if self.v6.len() < other.v6.len() {
            std::mem::swap(&mut self.v6, &mut other.v6);
        }
        self.v4.append(&mut other.v4);
        self.v6.append(&mut other.v6);
    }

    /// Sorts and joins them. Lists that are sorted already, as most feeds are, are only looked at.
    pub fn join(mut self) -> Joined {
        sort_by_bucket(&mut self.v4, |key| half(*key >> 32));
        if !self.v6.is_sorted() {
            self.v6.sort_unstable();
        }
        Joined { v4: self.v4, v6: self.v6 }
    }
}

impl Joined {
    /// The disjoint IPv4 ranges that do not touch, both ends inclusive, in order.
    pub fn v4(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        join(self.v4.iter().map(|key| (half(key >> 32), half(*key))))
    }

    /// The disjoint IPv6 ranges that do not touch, both ends inclusive, in order.
    pub fn v6(&self) -> impl Iterator<Item = (u128, u128)> + '_ {
        join(self.v6.iter().copied())
    }

    /// The ranges of the addresses about which `keep` says so, told whether this and the other list have them.
    // INVARIANT: `keep(false, false)` is false, for what neither has would be without end.
    fn sweep(&self, other: &Self, keep: impl Fn(bool, bool) -> bool) -> Self {
        let mut ranges = Ranges::default();
        sweep(self.v4(), other.v4(), &keep, |first, last| ranges.push_v4(first, last));
        sweep(self.v6(), other.v6(), &keep, |first, last| ranges.push_v6(first, last));
        Self { v4: ranges.v4, v6: ranges.v6 }
    }

    /// The addresses of both lists.
    pub fn intersect(&self, other: &Self) -> Self {
        self.sweep(other, |own, others| own && others)
    }

    /// The addresses of this list that the other has not.
    pub fn subtract(&self, other: &Self) -> Self {
        self.sweep(other, |own, others| own && !others)
    }

    /// The addresses of one of the lists that the other has not.
    pub fn differing(&self, other: &Self) -> Self {
        self.sweep(other, |own, others| own != others)
    }

    /// Reports whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Calls `emit` with the address and the length of every IPv4 block of the shortest list, in order.
    pub fn blocks_v4(&self, mut emit: impl FnMut(u32, u32)) {
        self.v4().for_each(|(first, last)| cover(first, last, 32, &mut emit));
    }

    /// Calls `emit` with the address and the length of every IPv6 block of the shortest list, in order.
    pub fn blocks_v6(&self, mut emit: impl FnMut(u128, u32)) {
        self.v6().for_each(|(first, last)| cover(first, last, 128, &mut emit));
    }
}

impl From<Joined> for AddrSet {
    fn from(joined: Joined) -> Self {
        Self { v4: IntervalSet::from_disjoint(joined.v4()), v6: IntervalSet::from_disjoint(joined.v6()) }
    }
}

/// Sorted ranges, each joined with those behind it that overlap or touch it.
fn join<K: Interval + Copy>(mut sorted: impl Iterator<Item = (K, K)>) -> impl Iterator<Item = (K, K)> {
    let mut open = sorted.next();
    std::iter::from_fn(move || {
        let (first, mut last) = open?;
        open = None;
        for (next, end) in sorted.by_ref() {
            //   open  |------|            open  |------|
            //   next      |------|        next          |---|   (touching: joined too)
            if last.successor().is_some_and(|after| next > after) {
                open = Some((next, end));
                break;
            }
            last = last.max(end);
        }
        Some((first, last))
    })
}

/// Calls `emit` with the ranges on which `keep` holds, of two lists of joined ranges.
fn sweep<K: Interval + Copy>(
    a: impl Iterator<Item = (K, K)>,
    b: impl Iterator<Item = (K, K)>,
    keep: impl Fn(bool, bool) -> bool,
    mut emit: impl FnMut(K, K),
) {
    // A list changes sides at the first key of each range and at the first key behind it.
    let (mut a, mut b) = (turns(a), turns(b));
    let (mut next_a, mut next_b) = (a.next(), b.next());
    let (mut in_a, mut in_b) = (false, false);
    let mut open: Option<K> = None;
    loop {
        let at = match (next_a, next_b) {
            (Some(a), Some(b)) => a.min(b),
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => break,
        };
        if next_a == Some(at) {
            (in_a, next_a) = (!in_a, a.next());
        }
        if next_b == Some(at) {
            (in_b, next_b) = (!in_b, b.next());
        }
        match (open, keep(in_a, in_b)) {
            (None, true) => open = Some(at),
            (Some(first), false) => {
                open = None;
                if let Some(last) = at.predecessor() {
                    emit(first, last);
                }
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    if let Some(first) = open {
        emit(first, K::greatest());
    }
}

/// The keys at which joined ranges begin and behind which they end; a range up to the greatest key does not end.
fn turns<K: Interval + Copy>(ranges: impl Iterator<Item = (K, K)>) -> impl Iterator<Item = K> {
    ranges.flat_map(|(first, last)| [Some(first), last.successor()]).flatten()
}

/// How many of the first bits of an address choose its bucket.
const BUCKET_BITS: u32 = 11;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// Lists shorter than this are not worth the buckets.
const FEW: usize = 4096;

/// The lower half of a number.
fn half(key: u64) -> u32 {
    u32::try_from(key & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// Sorts things in place whose order is first that of an address. They are put into buckets by their first bits before each bucket is sorted: of a random list of
/// 100,000 this takes two fifths of the instructions of sorting it as a whole, and no memory.
pub(super) fn sort_by_bucket<T: Ord + Copy>(keys: &mut [T], addr: impl Fn(&T) -> u32) {
    if keys.is_sorted() {
        return;
    }
    if keys.len() < FEW {
        keys.sort_unstable();
        return;
    }
    let bucket = |key: &T| usize::try_from(addr(key) >> (32 - BUCKET_BITS)).unwrap_or_default();
    let (mut next, mut ends) = ([0_usize; BUCKETS], [0_usize; BUCKETS]);
    for key in keys.iter() {
        if let Some(count) = next.get_mut(bucket(key)) {
            *count = count.wrapping_add(1);
        }
    }
    let mut before = 0_usize;
    for (next, end) in next.iter_mut().zip(&mut ends) {
        let count = std::mem::replace(next, before);
        before = before.wrapping_add(count);
        *end = before;
    }
    // Each key is carried to the next free place of its bucket, and the key that was there is carried on.
    for (here, end) in ends.iter().enumerate() {
        while let Some(at) = next.get(here).copied().filter(|at| at < end) {
            let Some(mut carried) = keys.get(at).copied() else { break };
            while bucket(&carried) != here {
                let Some(place) = next.get_mut(bucket(&carried)) else { break };
                if let Some(key) = keys.get_mut(*place) {
                    std::mem::swap(&mut carried, key);
                }
                *place = place.wrapping_add(1);
            }
            if let Some(key) = keys.get_mut(at) {
                *key = carried;
            }
            if let Some(next) = next.get_mut(here) {
                *next = at.wrapping_add(1);
            }
        }
    }
    let mut rest = keys;
    let mut start = 0_usize;
    for end in ends {
        let (bucket, later) = rest.split_at_mut_checked(end.wrapping_sub(start)).unwrap_or_default();
        bucket.sort_unstable();
        (rest, start) = (later, end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::set::Set as _;
    use super::*;
    use proptest::prelude::*;

    /// Numbers without a pattern, the same in every run.
    fn dice(count: usize) -> Vec<u64> {
        let step = |seed: &mut u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(*seed ^ (*seed >> 29))
        };
        std::iter::successors(Some(7_u64), |seed| step(&mut seed.clone())).take(count).collect()
    }

    #[test]
    fn buckets_sort_as_the_library_does() {
        for keys in [
            dice(20_000),
            dice(FEW),
            // All in one bucket, and the ends of the axis.
            dice(9_000).iter().map(|key| key >> 20).collect(),
            dice(5_000).into_iter().chain([0, u64::MAX, u64::MAX, 0]).collect(),
        ] {
            let (mut ours, mut theirs) = (keys.clone(), keys);
            sort_by_bucket(&mut ours, |key| half(*key >> 32));
            theirs.sort_unstable();
            assert!(ours == theirs, "{} keys", theirs.len());
        }
    }

    #[test]
    fn joined_ranges_are_the_set_of_all_of_them() {
        let mut ranges = Ranges::default();
        let mut pairs = Vec::new();
        for key in dice(10_000) {
            let first = u32::try_from(key >> 44).expect("twenty bits");
            let last = first + u32::try_from(key % 9).expect("small");
            ranges.push_v4(first, last);
            ranges.push_v6(u128::from(first) << 64, u128::from(last) << 64);
            pairs.push((first, last));
        }
        ranges.push_v4(9, 8);
        let joined = ranges.join();
        let expected = IntervalSet::from_ranges(pairs.clone());
        assert!(joined.v4().eq(expected.ranges()));
        let wide = pairs.into_iter().map(|(first, last)| (u128::from(first) << 64, u128::from(last) << 64));
        assert!(joined.v6().eq(IntervalSet::from_ranges(wide).ranges()));
        let mut blocks = 0_usize;
        joined.blocks_v4(|_, _| blocks += 1);
        let set = AddrSet::from(joined);
        assert_eq!(set.v4, expected);
        assert_eq!(blocks, set.prefixes().iter().filter(|prefix| prefix.is_ipv4()).count());
    }

    proptest! {
        #[test]
        fn sweeps_are_the_operations_of_sets(
            a in prop::collection::vec((0_u8..=40, 0_u8..4), 0..12), b in prop::collection::vec((0_u8..=40, 0_u8..4), 0..12),
        ) {
            // Both ends of the axis are among the keys.
            let wide = |key: u8| if key < 20 { u32::from(key) } else { u32::MAX - u32::from(43 - key) };
            let list = |ranges: &[(u8, u8)]| {
                let mut list = Ranges::default();
                for (first, more) in ranges {
                    list.push_v4(wide(*first), wide(first + more));
                    list.push_v6(u128::from(wide(*first)), u128::from(wide(first + more)));
                }
                list.join()
            };
            let set = |ranges: &[(u8, u8)]| AddrSet::from(list(ranges));
            let (ours, theirs) = ((list(&a), list(&b)), (set(&a), set(&b)));
            prop_assert_eq!(AddrSet::from(ours.0.intersect(&ours.1)), theirs.0.intersect(&theirs.1));
            prop_assert_eq!(AddrSet::from(ours.0.subtract(&ours.1)), theirs.0.subtract(&theirs.1));
            let differing = theirs.0.subtract(&theirs.1).union(&theirs.1.subtract(&theirs.0));
            prop_assert_eq!(AddrSet::from(ours.0.differing(&ours.1)), differing);
        }
    }

    #[test]
    fn the_ends_of_both_families_are_joined() {
        let mut ranges = Ranges::default();
        ranges.push_v4(0, u32::MAX);
        ranges.push_v4(u32::MAX, u32::MAX);
        ranges.push_v6(1, u128::MAX);
        ranges.push_v6(0, 0);
        let joined = ranges.join();
        assert!(joined.v4().eq([(0, u32::MAX)]) && joined.v6().eq([(0, u128::MAX)]));
        assert_eq!(AddrSet::from(joined), AddrSet { v4: IntervalSet::full(), v6: IntervalSet::full() });
    }
}
