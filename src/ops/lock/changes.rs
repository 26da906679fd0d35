//! Which addresses a refresh brought and took away, host by host.

use crate::packet::{AddrSet, Hostname, Prefix};
use crate::resolve::{LockedHost, Lockfile, Provenance};
use std::collections::BTreeSet;

/// The addresses of one host that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostChange {
    /// The host.
    pub name: Hostname,
    /// Addresses that came.
    pub added: Vec<Prefix>,
    /// Addresses that went.
    pub removed: Vec<Prefix>,
    /// Whether the change was too large and was held back.
    pub held: bool,
}

/// What changes from one lockfile to the one after, where `free` is that without anything held back.
pub(super) fn of(before: &Lockfile, after: &Lockfile, free: &Lockfile) -> Vec<HostChange> {
    let names: BTreeSet<&Hostname> = before.hosts().chain(free.hosts()).map(LockedHost::name).collect();
    let change = |name: &Hostname| {
        let (old, new) = (blocks(before.host(name)), blocks(free.host(name)));
        let added: Vec<Prefix> = new.difference(&old).copied().collect();
        let removed: Vec<Prefix> = old.difference(&new).copied().collect();
        let held = blocks(after.host(name)) != new;
        let differs = !(added.is_empty() && removed.is_empty());
        differs.then(|| HostChange { name: name.clone(), added, removed, held })
    };
    names.into_iter().filter_map(change).collect()
}

/// The addresses that the vendor lists for a host, as far as the lockfile knows.
pub(super) fn published(lock: &Lockfile, name: &Hostname) -> AddrSet {
    let known = lock.host(name).into_iter().flat_map(LockedHost::addresses);
    let listed = known.filter(|address| matches!(address.provenance, Provenance::Published(_)));
    AddrSet::of(listed.map(|address| address.prefix))
}

fn blocks(host: Option<&LockedHost>) -> BTreeSet<Prefix> {
    host.into_iter().flat_map(LockedHost::addresses).map(|address| address.prefix).collect()
}
