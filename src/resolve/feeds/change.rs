//! Changes of a feed that are too large to take in unseen.

use crate::catalog::Catalog;
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Interval, IntervalSet, NamePattern, Set as _};
use std::collections::BTreeSet;

/// From where on a change is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLimits {
    /// The greatest share of what was listed, in percent, that may go at once.
    pub lost: u128,
    /// The greatest growth, in percent, that may come at once.
    pub gained: u128,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { lost: 50, gained: 200 }
    }
}

/// What goes beyond the limits from one state of a feed's catalog to the next.
pub fn change(old: &Catalog, new: &Catalog, limits: FeedLimits) -> Vec<Finding> {
    let (before, after) = (Extent::of(old), Extent::of(new));
    let v4 = |set: &AddrSet| size(&set.v4, 0);
    // Networks of IPv6 are counted, each of 2^64 addresses.
    let v6 = |set: &AddrSet| size(&set.v6, 64);
    let lost = before.addresses.subtract(&after.addresses);
    let gained = after.addresses.subtract(&before.addresses);
    let count = |a: &BTreeSet<NamePattern>, b: &BTreeSet<NamePattern>| wide(a.difference(b).count());
    let measures = [
        ("IPv4 addresses", v4(&before.addresses), v4(&lost), v4(&gained)),
        ("IPv6 networks", v6(&before.addresses), v6(&lost), v6(&gained)),
        (
            "names",
            wide(before.names.len()),
            count(&before.names, &after.names),
            count(&after.names, &before.names),
        ),
        (
            "entries",
            wide(before.entries.len()),
            wide(before.entries.difference(&after.entries).count()),
            wide(after.entries.difference(&before.entries).count()),
        ),
    ];
    let mut findings = Vec::new();
    for (what, had, lost, gained) in measures.into_iter().filter(|(_, had, _, _)| *had > 0) {
        let beyond = |part: u128, share: u128| part.saturating_mul(100) > had.saturating_mul(share);
        if beyond(lost, limits.lost) {
            findings.push(held(new, &format!("{lost} of {had} {what} went at once")));
        }
        if beyond(gained, limits.gained) {
            findings.push(held(new, &format!("{gained} {what} came at once to the {had} known")));
        }
    }
    findings
}

fn held(catalog: &Catalog, what: &str) -> Finding {
    let message = format!("`{}`: {what}; everything was left as it is", catalog.id());
    let help = "compare the two with `egressor catalog diff`, then take the new state in with `--accept`";
    Finding::new(Code::FeedQuarantined, message).help(help)
}

/// What a catalog reaches, whoever uses it.
struct Extent {
    addresses: AddrSet,
    names: BTreeSet<NamePattern>,
    entries: BTreeSet<String>,
}

impl Extent {
    fn of(catalog: &Catalog) -> Self {
        let blocks = catalog.endpoints().flat_map(|endpoint| catalog.listed(endpoint).unwrap_or_default());
        let hosts = catalog.endpoints().flat_map(|endpoint| {
            endpoint.hosts_in(&[]).into_iter().flat_map(|host| endpoint.patterns(&host)).collect::<Vec<_>>()
        });
        Self {
            addresses: AddrSet::of(blocks),
            names: hosts.collect(),
            entries: catalog.endpoints().map(|endpoint| endpoint.id.value.to_string()).collect(),
        }
    }
}

/// How many units of 2^`shift` addresses a set touches.
fn size<K: Interval + Into<u128>>(set: &IntervalSet<K>, shift: u32) -> u128 {
    set.ranges().fold(0, |sum: u128, (first, last)| {
        let (first, last): (u128, u128) = (first.into() >> shift, last.into() >> shift);
        sum.saturating_add(last.saturating_sub(first)).saturating_add(1)
    })
}

fn wide(count: usize) -> u128 {
    u128::try_from(count).unwrap_or(u128::MAX)
}
