//! What all sets have in common, peers, packets, and the difference between no constraint and an empty one.

use super::addr::AddrSet;
use super::group::GroupSet;
use super::interval::IntervalSet;
use super::map::PacketMap;
use super::name::NameSet;
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
        self.zip(other, |a, b| *a || *b)
    }
    fn intersect(&self, other: &Self) -> Self {
        self.zip(other, |a, b| *a && *b)
    }
    fn subtract(&self, other: &Self) -> Self {
        self.zip(other, |a, b| *a && !*b)
    }
}

/// Implements [`Set`] for a struct whose fields are sets, field by field.
macro_rules! set_of_fields {
    ($name:ident { $($field:ident),* }) => {
        impl Set for $name {
            fn is_empty(&self) -> bool {
                $(Set::is_empty(&self.$field))&&*
            }
            fn union(&self, other: &Self) -> Self {
                Self { $($field: Set::union(&self.$field, &other.$field)),* }
            }
            fn intersect(&self, other: &Self) -> Self {
                Self { $($field: Set::intersect(&self.$field, &other.$field)),* }
            }
            fn subtract(&self, other: &Self) -> Self {
                Self { $($field: Set::subtract(&self.$field, &other.$field)),* }
            }
        }
    };
}

set_of_fields!(AddrSet { v4, v6 });

/// Who is at the far end of a packet: by address, by name, or by a name for a group of unknown members.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerSet {
    /// Addresses.
    pub addrs: AddrSet,
    /// Host names, as a proxy or a DNS-aware policy sees them.
    pub names: NameSet,
    /// Opaque groups.
    pub groups: GroupSet,
}

set_of_fields!(PeerSet { addrs, names, groups });

impl PeerSet {
    /// Every address of both families.
    pub fn all_addrs() -> Self {
        Self::from(AddrSet { v4: IntervalSet::full(), v6: IntervalSet::full() })
    }

    /// Every name.
    pub fn all_names() -> Self {
        Self::from(NameSet::full())
    }

    /// Every opaque group.
    pub fn all_groups() -> Self {
        Self::from(GroupSet::full())
    }
}

impl From<AddrSet> for PeerSet {
    fn from(addrs: AddrSet) -> Self {
        Self { addrs, ..Self::default() }
    }
}

impl From<NameSet> for PeerSet {
    fn from(names: NameSet) -> Self {
        Self { names, ..Self::default() }
    }
}

impl From<GroupSet> for PeerSet {
    fn from(groups: GroupSet) -> Self {
        Self { groups, ..Self::default() }
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

/// A set of packets: peers × sources × services. The direction is that of the rule set it belongs to.
pub type PacketSet = PacketMap<bool>;

impl Set for PacketSet {
    fn is_empty(&self) -> bool {
        self.is_default()
    }
    fn union(&self, other: &Self) -> Self {
        self.zip(other, |a, b| *a || *b)
    }
    fn intersect(&self, other: &Self) -> Self {
        self.zip(other, |a, b| *a && *b)
    }
    fn subtract(&self, other: &Self) -> Self {
        self.zip(other, |a, b| *a && !*b)
    }
}
