//! What all sets have in common, and the difference between no constraint and an empty one.

use super::interval::IntervalSet;
use super::steps::Key;

/// The operations that every set has. All of them leave their operands as they are.
pub trait Set: Clone + Eq + Default {
    /// Reports whether nothing is in the set.
    fn is_empty(&self) -> bool;
    /// What is in either set.
    fn union(&self, other: &Self) -> Self;
    /// What is in both sets.
    fn intersect(&self, other: &Self) -> Self;
    /// What is in this set and not in the other.
    fn subtract(&self, other: &Self) -> Self;
    /// Reports whether everything in this set is in the other.
    fn is_subset(&self, other: &Self) -> bool {
        self.subtract(other).is_empty()
    }
    /// The union of many sets, by halves, so that no set is copied more than log₂ n times.
    fn union_all(sets: &[Self]) -> Self {
        match sets {
            [] => Self::default(),
            [set] => set.clone(),
            _ => {
                let (left, right) = sets.split_at(sets.len() / 2);
                Self::union_all(left).union(&Self::union_all(right))
            }
        }
    }
}

impl<K: Key> Set for IntervalSet<K> {
    fn is_empty(&self) -> bool {
        self.is_default()
    }
    fn union(&self, other: &Self) -> Self {
        Self::union(self, other)
    }
    fn intersect(&self, other: &Self) -> Self {
        Self::intersect(self, other)
    }
    fn subtract(&self, other: &Self) -> Self {
        Self::subtract(self, other)
    }
}

/// A set with something in it.
// INVARIANT: not empty; `NonEmpty::new` is the only constructor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NonEmpty<S>(S);

impl<S: Set> NonEmpty<S> {
    /// The set, or `None` when nothing is in it.
    pub fn new(set: S) -> Option<Self> {
        if set.is_empty() { None } else { Some(Self(set)) }
    }

    /// The set.
    pub fn get(&self) -> &S {
        &self.0
    }
}

/// What a rule asks of one dimension of a packet.
///
/// A list that became empty is not a constraint at all: there is no way to write it, so whoever meets one must drop
/// the rule and say so. This is what keeps an emptied list from meaning "anything".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constraint<S> {
    /// Nothing is asked.
    Any,
    /// A member of this set.
    Only(NonEmpty<S>),
}

impl<S: Set> Constraint<S> {
    /// The constraint to a set, or `None` when nothing is in it.
    pub fn only(set: S) -> Option<Self> {
        NonEmpty::new(set).map(Self::Only)
    }

    /// The set, or `None` when nothing is asked.
    pub fn set(&self) -> Option<&S> {
        match self {
            Self::Any => None,
            Self::Only(set) => Some(set.get()),
        }
    }
}
