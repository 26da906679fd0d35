//! What a rule set speaks about: kinds of peers.

use crate::packet::{AddrSet, GroupSet, NameSet, PacketSet, PeerSet, TransportSet};
use crate::policy::RuleSet;
use std::fmt;

/// A kind of peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// IPv4 addresses.
    V4,
    /// IPv6 addresses.
    V6,
    /// Host names.
    Names,
    /// Groups of unknown members.
    Groups,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::V4, Self::V6, Self::Names, Self::Groups];

    /// Every peer of the kind.
    pub fn peers(self) -> PeerSet {
        match self {
            Self::V4 => PeerSet::from(AddrSet::all_v4()),
            Self::V6 => PeerSet::from(AddrSet::all_v6()),
            Self::Names => PeerSet::all_names(),
            Self::Groups => PeerSet::all_groups(),
        }
    }

    /// Every packet of the kind.
    pub fn packets(self) -> PacketSet {
        PacketSet::product(None, &self.peers(), &TransportSet::full(), &true)
    }

    fn of(self, peers: &PeerSet) -> bool {
        match self {
            Self::V4 => !peers.addrs.v4.is_empty(),
            Self::V6 => !peers.addrs.v6.is_empty(),
            Self::Names => peers.names != NameSet::default(),
            Self::Groups => peers.groups != GroupSet::default(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
            Self::Names => "host names",
            Self::Groups => "groups",
        })
    }
}

/// The kinds that a rule set speaks about, in general or in one of its rules.
pub(super) fn covered(set: &RuleSet) -> Vec<Kind> {
    let mut silent: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !kind.of(&set.universe)).collect();
    for peers in set.rules.iter().filter_map(|rule| rule.matches.peer.set()) {
        silent.retain(|kind| !kind.of(peers));
    }
    Kind::ALL.into_iter().filter(|kind| !silent.contains(kind)).collect()
}
