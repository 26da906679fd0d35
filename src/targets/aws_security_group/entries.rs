//! Entries of prefix lists, in the place of the lists that rules name.

use super::lift::{Peer, Permission};
use crate::packet::AddrSet;
use crate::targets::clouds::managed_entries::Entries;

/// Puts the entries in place of the lists whose entries are known.
pub(super) fn resolve(entries: &Entries, permissions: &mut [Permission]) {
    for peer in permissions.iter_mut().flat_map(|permission| &mut permission.peers) {
        if let Peer::Group(name) = peer
            && let Some(entries) = entries.of(name)
        {
            *peer = Peer::Addrs(AddrSet::of(entries.iter().map(|(prefix, _)| *prefix)));
        }
    }
}
