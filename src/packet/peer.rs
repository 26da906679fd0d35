//! Who is at the far end of a packet.

use super::addr::AddrSet;
use super::group::GroupSet;
use super::interval::IntervalSet;
use super::name::NameSet;
use super::set::Set;

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

    /// What is in both sets, at a cost that grows with the other one and not with this one.
    pub fn among(&self, few: &Self) -> Self {
        let both = |a: &bool, b: &bool| *a && *b;
        Self {
            addrs: AddrSet {
                v4: self.addrs.v4.within(&few.addrs.v4, both),
                v6: self.addrs.v6.within(&few.addrs.v6, both),
            },
            names: self.names.within(&few.names, both),
            groups: self.groups.within(&few.groups, both),
        }
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
