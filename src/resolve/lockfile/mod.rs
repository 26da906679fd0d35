//! The lockfile: which addresses a name had, when that was last seen, and how it is known.

mod parts;
mod read;
mod table;
mod write;

use super::dns::Resolvers;
use super::outcome::{Family, Outcome, Verdict};
use super::time::Timestamp;
use crate::packet::{Hostname, Prefix};
use crate::syntax::text::one_line;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of names and feeds; the content of `egressor.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    pub(super) hosts: BTreeMap<Hostname, LockedHost>,
    feeds: BTreeMap<String, Feed>,
}

/// What is known of one name.
// INVARIANT: `addresses` is sorted by block and provenance, and has each once per provenance; an address that DNS gave
// is a single one. A family whose last lookup answered has such an address; one that has none for certain has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedHost {
    pub(super) name: Hostname,
    pub(super) last: Option<LastLookup>,
    pub(super) cname: Vec<Hostname>,
    pub(super) ttl: Option<u32>,
    pub(super) rotating: bool,
    pub(super) addresses: Vec<LockedAddress>,
}

/// How the last lookup of a name went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastLookup {
    pub(super) tried: Timestamp,
    pub(super) a: LastOutcome,
    pub(super) aaaa: LastOutcome,
}

/// How the last lookup of one family went.
// INVARIANT: `failing` is only there when the outcome is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastOutcome {
    pub(super) outcome: Outcome,
    /// The first of the failures in a row that this one ends.
    pub(super) failing: Option<Timestamp>,
}

/// An address, or a block of them, that a name is served from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedAddress {
    /// The block; of one address when it came from DNS.
    pub prefix: Prefix,
    /// How it is known.
    pub provenance: Provenance,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

/// How an address is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// DNS gave it; the resolvers that did when it was last seen.
    Dns(Resolvers),
    /// The vendor's page or feed lists it. A person or an importer put it here, and no refresh removes it.
    Published(String),
    /// The catalog lists it among the dedicated addresses of the host, in this set. It is here to be seen when it
    /// changes; rules take it from the catalog.
    Dedicated(String),
}

/// A feed that addresses were taken from, in the state it had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// A short name, unique in the lockfile.
    pub name: String,
    /// Where it is served.
    pub url: String,
    /// The vendor's own mark of the state: a sync token, change number or `ETag`.
    pub token: Option<String>,
    /// When it was made, if it says so, else when it was served.
    pub date: Timestamp,
    /// What the server marked that state with, to ask whether there is another one.
    pub etag: Option<String>,
    /// When that state was last modified, in the server's own words, to ask the same.
    pub modified: Option<String>,
    /// The digest of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

/// A reason to believe that a name is served from a block of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The block.
    pub prefix: Prefix,
    /// How it is known.
    pub kind: EvidenceKind,
}

/// How strong the evidence is, best first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// The vendor lists the block.
    Published {
        /// The page or feed.
        source: String,
    },
    /// A resolver gave the address.
    Dns {
        /// The resolver, or several with commas.
        resolver: String,
        /// When the address was first seen.
        first_seen: Timestamp,
        /// When it was last seen.
        last_seen: Timestamp,
    },
}

/// The addresses of a family are older than the last lookup, because that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// How the last lookup failed.
    pub outcome: Outcome,
    /// When an answer was last had.
    pub since: Timestamp,
}

impl Lockfile {
    /// What is known of that name.
    pub fn host(&self, name: &Hostname) -> Option<&LockedHost> {
        self.hosts.get(name)
    }

    /// Every name, in order.
    pub fn hosts(&self) -> impl Iterator<Item = &LockedHost> {
        self.hosts.values()
    }

    /// The time of the last refresh of most hosts, which is written once for all of them.
    pub(super) fn usual(&self) -> Option<Timestamp> {
        let mut counts: BTreeMap<Timestamp, usize> = BTreeMap::new();
        for tried in self.hosts.values().filter_map(LockedHost::tried) {
            let count = counts.entry(tried).or_default();
            *count = count.saturating_add(1);
        }
        counts.into_iter().max_by_key(|(tried, count)| (*count, *tried)).map(|(tried, _)| tried)
    }

    /// What is known of a feed.
    pub fn feed(&self, name: &str) -> Option<&Feed> {
        self.feeds.get(name)
    }

    /// Every feed, by name.
    pub fn feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.values()
    }

    /// Puts in addresses that the vendor lists for a name, and takes out those that the same page or feed listed
    /// before and no longer does. Blocks that can be no host's are left out and returned.
    pub fn publish(
        &mut self,
        name: &Hostname,
        source: &str,
        prefixes: impl IntoIterator<Item = Prefix>,
        now: Timestamp,
    ) -> Vec<Prefix> {
        let provenance = Provenance::Published(one_line(source));
        let host = self.hosts.entry(name.clone()).or_insert_with(|| LockedHost::new(name.clone()));
        let (known, mut addresses): (Vec<_>, Vec<_>) = std::mem::take(&mut host.addresses)
            .into_iter()
            .partition(|address| address.provenance == provenance);
        let first_seen: BTreeMap<Prefix, Timestamp> =
            known.iter().map(|address| (address.prefix, address.first_seen)).collect();
        let wanted: BTreeSet<Prefix> = prefixes.into_iter().collect();
        let (refused, wanted): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|prefix| super::guard::never_a_host(*prefix));
        addresses.extend(wanted.into_iter().map(|prefix| LockedAddress {
            prefix,
            provenance: provenance.clone(),
            first_seen: first_seen.get(&prefix).map_or(now, |first| now.min(*first)),
            last_seen: now,
        }));
        host.set_addresses(addresses);
        refused
    }

    /// Notes the addresses that the catalog dedicates to a name, in place of those that it did before.
    pub fn dedicate(
        &mut self,
        name: &Hostname,
        set: &str,
        prefixes: impl IntoIterator<Item = Prefix>,
        now: Timestamp,
    ) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let dedicated = |address: &LockedAddress| matches!(address.provenance, Provenance::Dedicated(_));
        let (known, mut addresses): (Vec<_>, Vec<_>) =
            std::mem::take(&mut host.addresses).into_iter().partition(dedicated);
        addresses.extend(prefixes.into_iter().map(|prefix| {
            let before = known.iter().find(|address| address.prefix == prefix);
            let first_seen = before.map_or(now, |before| before.first_seen.min(now));
            LockedAddress {
                prefix,
                provenance: Provenance::Dedicated(one_line(set)),
                first_seen,
                last_seen: now,
            }
        }));
        host.set_addresses(addresses);
    }

    /// Notes the state of a feed, in place of its former state.
    pub fn record_feed(&mut self, feed: Feed) {
        let plain = |text: Option<String>| text.map(|text| one_line(&text)).filter(|text| !text.is_empty());
        let feed = Feed {
            name: one_line(&feed.name),
            url: one_line(&feed.url),
            token: plain(feed.token),
            etag: plain(feed.etag),
            modified: plain(feed.modified),
            ..feed
        };
        self.feeds.insert(feed.name.clone(), feed);
    }

    /// Reports whether both know the same addresses for the same names, whenever and by whom they were seen. A refresh
    /// that changes nothing else gives no reason to commit a new lockfile.
    pub fn knows_the_same(&self, other: &Self) -> bool {
        let same_host = |one: &LockedHost, two: &LockedHost| {
            let outcomes = |host: &LockedHost| host.last.map(|last| (last.a.outcome, last.aaaa.outcome));
            one.name == two.name
                && outcomes(one) == outcomes(two)
                && one.cname == two.cname
                && one.has_the_same_addresses(&two.addresses)
        };
        self.hosts.len() == other.hosts.len()
            && self.hosts.values().zip(other.hosts.values()).all(|(one, two)| same_host(one, two))
            && self.feeds == other.feeds
    }
}

impl LockedHost {
    pub(super) fn new(name: Hostname) -> Self {
        Self { name, last: None, cname: Vec::new(), ttl: None, rotating: false, addresses: Vec::new() }
    }

    /// The name.
    pub fn name(&self) -> &Hostname {
        &self.name
    }

    /// When it was last looked up, if ever.
    pub fn tried(&self) -> Option<Timestamp> {
        self.last.map(|last| last.tried)
    }

    /// How the last lookup of a family ended, if there ever was one.
    pub fn outcome(&self, family: Family) -> Option<Outcome> {
        self.last.map(|last| last.of(family).outcome)
    }

    /// Since when the lookups of a family fail, when the last one did.
    pub fn failing_since(&self, family: Family) -> Option<Timestamp> {
        let last = self.last?;
        let of_family = last.of(family);
        let failed = of_family.outcome.verdict() == Verdict::Failed;
        failed.then(|| of_family.failing.unwrap_or(last.tried))
    }

    /// The names that it was an alias of, in the order of the chain.
    pub fn cname(&self) -> &[Hostname] {
        &self.cname
    }

    /// The least time, in seconds, that any record of the last answer was good for.
    pub fn ttl(&self) -> Option<u32> {
        self.ttl
    }

    /// The addresses, sorted.
    pub fn addresses(&self) -> &[LockedAddress] {
        &self.addresses
    }

    /// The reasons to believe in each address. Dedicated ones are not among them: the catalog vouches for those.
    pub fn evidence(&self) -> Vec<Evidence> {
        let known = self.addresses.iter().filter_map(|address| {
            let kind = match &address.provenance {
                Provenance::Dedicated(_) => return None,
                Provenance::Published(source) => EvidenceKind::Published { source: source.clone() },
                Provenance::Dns(resolvers) => EvidenceKind::Dns {
                    resolver: resolvers.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
                    first_seen: address.first_seen,
                    last_seen: address.last_seen,
                },
            };
            Some(Evidence { prefix: address.prefix, kind })
        });
        known.collect()
    }

    /// Says that the DNS addresses of a family are kept from an earlier answer, when they are.
    pub fn stale(&self, family: Family) -> Option<Stale> {
        let outcome = self.outcome(family).filter(|outcome| outcome.verdict() == Verdict::Failed)?;
        let since = self.dns(family).map(|address| address.last_seen).max()?;
        Some(Stale { outcome, since })
    }

    /// Reports whether the answers change from one lookup to the next: rounds of the last refresh differed, or it
    /// lacked addresses that earlier ones had.
    pub fn rotates(&self) -> bool {
        self.rotating
    }

    /// Reports whether the last answers lacked addresses that earlier ones had.
    pub(super) fn lacks_known(&self) -> bool {
        Family::BOTH.into_iter().any(|family| {
            let newest = self.dns(family).map(|address| address.last_seen).max();
            let answered = self.outcome(family) == Some(Outcome::Answer);
            answered && self.dns(family).any(|address| Some(address.last_seen) < newest)
        })
    }

    /// The addresses of a family that DNS gave.
    pub(super) fn dns(&self, family: Family) -> impl Iterator<Item = &LockedAddress> {
        self.addresses.iter().filter(move |address| {
            matches!(address.provenance, Provenance::Dns(_)) && Family::of(address.prefix.addr()) == family
        })
    }

    pub(super) fn set_addresses(&mut self, mut addresses: Vec<LockedAddress>) {
        addresses.sort_by(|a, b| a.key().cmp(&b.key()));
        addresses.dedup_by(|a, b| a.key() == b.key());
        addresses.shrink_to_fit();
        self.addresses = addresses;
    }

    /// Reports whether these are its addresses, whenever they were seen.
    pub(super) fn has_the_same_addresses(&self, others: &[LockedAddress]) -> bool {
        self.addresses.iter().map(LockedAddress::key).eq(others.iter().map(LockedAddress::key))
    }
}

impl LockedAddress {
    /// What makes it another entry: the block, and the page that lists it, if one does.
    pub(super) fn key(&self) -> (Prefix, u8, Option<&str>) {
        match &self.provenance {
            Provenance::Dns(_) => (self.prefix, 0, None),
            Provenance::Dedicated(set) => (self.prefix, 1, Some(set)),
            Provenance::Published(source) => (self.prefix, 2, Some(source)),
        }
    }
}

impl LastLookup {
    pub(super) fn of(&self, family: Family) -> LastOutcome {
        match family {
            Family::V4 => self.a,
            Family::V6 => self.aaaa,
        }
    }
}
