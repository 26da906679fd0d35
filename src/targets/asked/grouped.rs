//! Endpoints that need the same services at the same addresses, family by family: what shares a rule.

use crate::packet::{AddrSet, Interval, IntervalSet, Prefix, Set, TransportSet};
use crate::policy::Origin;
use crate::targets::asked::absorb::{Allowing, absorb};
use crate::targets::asked::demand::{Demand, id};
use std::collections::{BTreeMap, BTreeSet};

/// The groups that demands make, each of them for a rule. A group that another one covers is a part of that one.
pub(in crate::targets) fn grouped<'a>(
    by_service: &'a BTreeMap<TransportSet, Vec<Demand<'a>>>,
) -> Vec<Group<'a>> {
    let all: Vec<Group<'_>> =
        by_service.iter().flat_map(|(transport, demands)| groups(transport, demands)).collect();
    merge_same_endpoints(absorb(all))
}

/// Blocks of one family that the same endpoints need for the same services.
pub(in crate::targets) struct Group<'a> {
    pub(in crate::targets) addrs: AddrSet,
    pub(in crate::targets) family: &'static str,
    pub(in crate::targets) transport: &'a TransportSet,
    pub(in crate::targets) origins: Vec<&'a Origin>,
}

impl Allowing for Group<'_> {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        Some(self.addrs.prefixes())
    }

    fn covers(&self, other: &Self) -> bool {
        other.transport.is_subset(self.transport) && other.addrs.is_subset(&self.addrs)
    }

    fn take(&mut self, other: Self) {
        self.origins.extend(other.origins);
    }
}

/// The addresses by who needs them, family by family.
fn groups<'a>(transport: &'a TransportSet, demands: &[Demand<'a>]) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let of =
        |members: &BTreeSet<usize>| members.iter().filter_map(|at| Some(demands.get(*at)?.origin)).collect();
    for (members, v4) in sweep(demands.iter().map(|demand| &demand.addrs.v4)) {
        let addrs = AddrSet { v4, ..AddrSet::default() };
        groups.push(Group { addrs, family: "v4", transport, origins: of(&members) });
    }
    for (members, v6) in sweep(demands.iter().map(|demand| &demand.addrs.v6)) {
        let addrs = AddrSet { v6, ..AddrSet::default() };
        groups.push(Group { addrs, family: "v6", transport, origins: of(&members) });
    }
    groups
}

/// Joins groups of one service whose endpoints have the same ids, for rules are named after them.
fn merge_same_endpoints(groups: Vec<Group<'_>>) -> Vec<Group<'_>> {
    let mut merged: BTreeMap<(&TransportSet, &'static str, BTreeSet<String>), Group<'_>> = BTreeMap::new();
    for group in groups {
        let ids = group.origins.iter().map(|origin| id(origin)).collect();
        let key = (group.transport, group.family, ids);
        match merged.entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(group)),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.addrs = known.addrs.union(&group.addrs);
                known.origins.extend(group.origins);
            }
        }
    }
    merged.into_values().collect()
}

/// The keys by which of the sets they are in, for each combination that occurs. One sweep over all ends of ranges.
fn sweep<'a, K: Interval + 'a>(
    sets: impl Iterator<Item = &'a IntervalSet<K>>,
) -> BTreeMap<BTreeSet<usize>, IntervalSet<K>> {
    let mut ends: Vec<(K, bool, usize)> = Vec::new();
    for (at, set) in sets.enumerate() {
        for (first, last) in set.ranges() {
            ends.push((first, true, at));
            ends.extend(last.successor().map(|after| (after, false, at)));
        }
    }
    ends.sort();
    let mut spans: BTreeMap<BTreeSet<usize>, Vec<(K, K)>> = BTreeMap::new();
    let mut inside: BTreeSet<usize> = BTreeSet::new();
    let mut since = K::least();
    for (key, begins, at) in ends {
        if let (false, true, Some(last)) = (inside.is_empty(), since < key, key.predecessor()) {
            spans.entry(inside.clone()).or_default().push((since, last));
        }
        since = key;
        if begins {
            inside.insert(at)
        } else {
            inside.remove(&at)
        };
    }
    if !inside.is_empty() {
        spans.entry(inside).or_default().push((since, K::greatest()));
    }
    spans.into_iter().map(|(members, ranges)| (members, IntervalSet::from_ranges(ranges))).collect()
}
