//! Sets of ordered keys as sorted, disjoint, non-touching intervals.

use super::steps::{Key, Steps};

/// The integers that make up addresses, ports and services: keys that have a successor and can be counted.
pub trait Interval: Key {
    /// The next key, or `None` after the greatest.
    fn successor(&self) -> Option<Self>;
    /// The key before, or `None` before the least.
    fn predecessor(&self) -> Option<Self>;
    /// The greatest key.
    fn greatest() -> Self;
}

macro_rules! integer_key {
    ($($integer:ty),*) => {$(
        impl Key for $integer {
            fn least() -> Self {
                Self::MIN
            }
        }
        impl Interval for $integer {
            fn successor(&self) -> Option<Self> {
                self.checked_add(1)
            }
            fn predecessor(&self) -> Option<Self> {
                self.checked_sub(1)
            }
            fn greatest() -> Self {
                Self::MAX
            }
        }
    )*};
}
integer_key!(u8, u16, u32, u128);

/// How many times longer a set has to be than another one before the short one leads the way through it.
pub(super) const MUCH_LONGER: usize = 8;

/// A set of keys: the function that is `true` for its members.
pub type IntervalSet<K> = Steps<K, bool>;

impl<K: Key> IntervalSet<K> {
    /// Every key.
    pub fn full() -> Self {
        Self::constant(true)
    }

    /// Reports whether no key is in the set.
    pub fn is_empty(&self) -> bool {
        self.is_default()
    }

    /// Reports whether every key is in the set.
    pub fn is_full(&self) -> bool {
        *self == Self::full()
    }

    /// Reports whether the key is in the set.
    pub fn contains(&self, key: &K) -> bool {
        self.at(key)
    }

    /// The keys of either set.
    pub fn union(&self, other: &Self) -> Self {
        self.zip(other, |a, b| *a || *b)
    }

    /// The keys of both sets.
    pub fn intersect(&self, other: &Self) -> Self {
        self.inside(other, |a, b| *a && *b)
    }

    /// The keys of this set that are not in the other.
    pub fn subtract(&self, other: &Self) -> Self {
        self.inside(other, |a, b| *a && !*b)
    }

    /// The keys that `keep` keeps, all of them of this set. A set that is much shorter than the other leads the way: what is
    /// far from it in the long one is not looked at.
    fn inside(&self, other: &Self, keep: impl Fn(&bool, &bool) -> bool) -> Self {
        if self.cuts().len().saturating_mul(MUCH_LONGER) > other.cuts().len() {
            self.zip(other, keep)
        } else {
            other.within(self, |b, a| keep(a, b))
        }
    }

    /// The keys that are not in the set.
    pub fn complement(&self) -> Self {
        self.map(|member| !member)
    }

    /// Reports whether every key of this set is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.subtract(other).is_empty()
    }
}

impl<K: Interval> IntervalSet<K> {
    /// The keys from `first` to `last`, both inclusive; empty when `first > last`.
    pub fn range(first: K, last: &K) -> Self {
        if first > *last { Self::default() } else { Self::span(first, last.successor(), true) }
    }

    /// The union of inclusive ranges, in any order, overlapping or not. Sorts once, then sweeps.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (K, K)>) -> Self {
        let mut ranges: Vec<(K, K)> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(K, K)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            //   open  |------|            open  |------|
            //   next      |------|        next          |---|   (touching: merged too)
            match merged.last_mut() {
                Some((_, end)) if end.successor().is_none_or(|after| first <= after) => {
                    if last > *end {
                        *end = last;
                    }
                }
                _ => merged.push((first, last)),
            }
        }
        Self::from_disjoint(merged)
    }

    /// The union of inclusive ranges that come in order and neither overlap nor touch.
    pub(super) fn from_disjoint(ranges: impl IntoIterator<Item = (K, K)>) -> Self {
        Self::from_cuts(ranges.into_iter().flat_map(|(first, last)| {
            let end = last.successor().map(|after| (after, false));
            std::iter::once((first, true)).chain(end)
        }))
    }

    /// The maximal inclusive ranges, in order.
    pub fn ranges(&self) -> impl Iterator<Item = (K, K)> + '_ {
        self.segments().map(|(first, after, _)| {
            (first.clone(), after.and_then(Interval::predecessor).unwrap_or_else(K::greatest))
        })
    }
}
