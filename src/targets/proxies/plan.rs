//! What is to be written: patterns of names, each with its ports and reasons, in as few lists as possible.

use crate::packet::{AddrSet, Hostname, NamePattern, PortSet};
use std::collections::{BTreeMap, BTreeSet};

/// The rules for one set of clients.
#[derive(Debug, Default)]
pub(in crate::targets) struct Plan {
    /// The clients; nothing when all are meant.
    pub(in crate::targets) clients: Option<AddrSet>,
    entries: BTreeMap<NamePattern, Entry>,
}

/// What is known of a pattern.
#[derive(Debug, Clone, Default)]
struct Entry {
    ports: PortSet,
    why: BTreeSet<String>,
}

/// Names that share their ports. Nothing in it covers anything else in it.
#[derive(Debug)]
pub(in crate::targets) struct Group {
    /// The ports.
    pub(in crate::targets) ports: PortSet,
    /// The names, each with the reasons for it.
    pub(in crate::targets) names: BTreeMap<NamePattern, BTreeSet<String>>,
}

impl Plan {
    /// A plan for these clients.
    pub(in crate::targets) fn new(clients: Option<AddrSet>) -> Self {
        Self { clients, entries: BTreeMap::new() }
    }

    /// Adds names on ports, and why.
    pub(in crate::targets) fn add(&mut self, patterns: &[NamePattern], ports: &PortSet, why: Option<&str>) {
        for pattern in patterns {
            let entry = self.entries.entry(pattern.clone()).or_default();
            entry.ports = entry.ports.union(ports);
            entry.why.extend(why.map(str::to_owned));
        }
    }

    /// The names by the ports they share. A name that another one covers, on the same ports or more, is left to it.
    pub(in crate::targets) fn groups(self) -> Vec<Group> {
        let covered_by = |pattern: &NamePattern, entry: &Entry| {
            let holds = |wider: &NamePattern| {
                self.entries.get(wider).is_some_and(|wide| entry.ports.is_subset(&wide.ports))
            };
            wider(pattern).into_iter().rev().find(holds)
        };
        let mut groups: BTreeMap<PortSet, BTreeMap<NamePattern, BTreeSet<String>>> = BTreeMap::new();
        for (pattern, entry) in &self.entries {
            // The widest one is covered by nothing, so it stays and carries the reason.
            let keeper = covered_by(pattern, entry).unwrap_or_else(|| pattern.clone());
            let ports = self.entries.get(&keeper).map_or(&entry.ports, |keeper| &keeper.ports);
            let names = groups.entry(ports.clone()).or_default();
            names.entry(keeper).or_default().extend(entry.why.iter().cloned());
        }
        groups.into_iter().map(|(ports, names)| Group { ports, names }).collect()
    }
}

/// The patterns that cover a pattern, narrower ones first.
fn wider(pattern: &NamePattern) -> Vec<NamePattern> {
    let mut wider = Vec::new();
    let (host, above) = match pattern {
        NamePattern::Any => return wider,
        NamePattern::Host(host) | NamePattern::Path(host, _) => {
            if matches!(pattern, NamePattern::Path(..)) {
                wider.push(NamePattern::Host(host.clone()));
            }
            wider.extend(parent(host).map(NamePattern::OneBelow));
            (host, true)
        }
        NamePattern::OneBelow(host) => {
            wider.push(NamePattern::Below(host.clone()));
            (host, true)
        }
        NamePattern::Below(host) => (host, true),
        NamePattern::Tree(host) => (host, false),
    };
    if above {
        wider.push(NamePattern::Tree(host.clone()));
    }
    let mut next = parent(host);
    while let Some(ancestor) = next {
        next = parent(&ancestor);
        wider.push(NamePattern::Below(ancestor.clone()));
        wider.push(NamePattern::Tree(ancestor));
    }
    wider.push(NamePattern::Any);
    wider
}

fn parent(host: &Hostname) -> Option<Hostname> {
    host.as_str().split_once('.')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::PortRange;

    fn host(name: &str) -> Hostname {
        name.parse().unwrap()
    }

    fn ports(numbers: &[u16]) -> PortSet {
        PortSet::of(numbers.iter().map(|port| PortRange::single(*port)))
    }

    fn shown(plan: Plan) -> Vec<String> {
        let list = |names: &BTreeMap<NamePattern, BTreeSet<String>>| {
            names.iter().map(|(name, why)| format!("{name}({})", why.len())).collect::<Vec<_>>().join(" ")
        };
        plan.groups().iter().map(|group| list(&group.names)).collect()
    }

    #[test]
    fn a_covered_name_is_left_to_the_one_that_covers_it() {
        let mut plan = Plan::new(None);
        plan.add(&[NamePattern::Host(host("a.b.x.com"))], &ports(&[443]), Some("1"));
        plan.add(&[NamePattern::Below(host("b.x.com"))], &ports(&[443]), Some("2"));
        plan.add(&[NamePattern::Tree(host("x.com"))], &ports(&[443]), Some("3"));
        plan.add(&[NamePattern::Host(host("x.com"))], &ports(&[443]), Some("4"));
        assert_eq!(shown(plan), [".x.com(4)"]);
    }

    #[test]
    fn a_name_with_more_ports_than_what_covers_it_stays() {
        let mut plan = Plan::new(None);
        plan.add(&[NamePattern::Host(host("a.x.com"))], &ports(&[443, 8443]), Some("1"));
        plan.add(&[NamePattern::Tree(host("x.com"))], &ports(&[443]), Some("2"));
        assert_eq!(shown(plan).len(), 2);
    }

    #[test]
    fn one_name_for_two_reasons_stands_once() {
        let mut plan = Plan::new(None);
        plan.add(&[NamePattern::Host(host("a.com"))], &ports(&[443]), Some("1"));
        plan.add(&[NamePattern::Host(host("a.com"))], &ports(&[443]), Some("2"));
        assert_eq!(shown(plan), ["=a.com(2)"]);
    }
}
