//! Reading, and packet sets as lines.

use egressor::diag::{Finding, Source};
use egressor::packet::{PacketSet, RowPeer, Set, TransportRow};
use egressor::policy::{Direction, Policy};
use egressor::targets::{Importer, TARGETS};
use std::fmt::Write;
use std::sync::Arc;

pub(crate) fn importers() -> impl Iterator<Item = &'static dyn Importer> {
    TARGETS.iter().flat_map(|target| target.importers().iter().copied())
}

pub(crate) fn importer(name: &str) -> &'static dyn Importer {
    importers().find(|importer| importer.name() == name).unwrap()
}

/// The importers that claim a text.
pub(crate) fn claimed(source: &Source) -> Vec<&'static str> {
    importers().filter(|importer| importer.recognizes(source)).map(Importer::name).collect()
}

pub(crate) fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(name, text))
}

/// What a text means that one importer claims and has nothing to say about.
pub(crate) fn read(name: &str, text: &str) -> Policy {
    let source = source(name, text);
    let claimed = claimed(&source);
    assert_eq!(claimed.len(), 1, "{claimed:?} {text}");
    let read = importer(claimed[0]).import(&[source]);
    assert!(!read.findings.iter().any(Finding::is_error), "{:?}\n{text}", read.findings);
    read.policy
}

/// What a scope allows, where it is known exactly.
pub(crate) fn exactly(policy: &Policy, name: &str, direction: Direction) -> PacketSet {
    let set = policy.sets.iter().find(|set| set.scope.name == name && set.scope.direction == direction);
    let set = set.unwrap_or_else(|| {
        let scopes: Vec<_> = policy.sets.iter().map(|set| &set.scope).collect();
        panic!("no {name} {direction} among {scopes:?}")
    });
    let bounds = set.allows();
    assert!(bounds.is_exact());
    bounds.at_least
}

pub(crate) fn scopes(policy: &Policy) -> String {
    let mut out = String::new();
    for set in &policy.sets {
        let bounds = set.allows();
        writeln!(out, "scope {} {}", set.scope.name, set.scope.direction).unwrap();
        out.push_str(&rows("allow", &bounds.at_least));
        out.push_str(&rows("perhaps", &bounds.at_most.subtract(&bounds.at_least)));
        let mut unmodelled: Vec<String> =
            set.rules.iter().flat_map(|rule| &rule.unmodelled).map(|one| one.text.clone()).collect();
        unmodelled.sort();
        unmodelled.dedup();
        for text in unmodelled {
            writeln!(out, "  unmodelled {text}").unwrap();
        }
    }
    out
}

fn words<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn rows(word: &str, packets: &PacketSet) -> String {
    let mut out = String::new();
    for row in packets.rows() {
        let service = match &row.transport {
            TransportRow::Any => "any".to_owned(),
            TransportRow::Protocols(first, last) if first == last => first.to_string(),
            TransportRow::Protocols(first, last) => format!("protocols/{}-{}", first.0, last.0),
            TransportRow::Ports(protocol, ports) => format!("{protocol}/{}", words(ports)),
            TransportRow::Icmp(protocol, types) => {
                let one = |icmp: &egressor::packet::IcmpMatch| match icmp.code {
                    Some(code) => format!("{}.{code}", icmp.kind),
                    None => icmp.kind.to_string(),
                };
                format!("{protocol}/{}", words(&types.iter().map(one).collect::<Vec<_>>()))
            }
        };
        let peers = match &row.peer {
            RowPeer::Addrs(addrs) => words(&addrs.prefixes()).replace(',', " "),
            RowPeer::Groups(groups, except) if except.is_empty() => format!("group {}", groups.join(" ")),
            RowPeer::Groups(groups, except) => {
                format!("group {} except {}", groups.join(" "), except.join(" "))
            }
            RowPeer::Names(..) => "names".to_owned(),
        };
        let near = row
            .source
            .as_ref()
            .map(|source| format!(" from {}", words(&source.prefixes()).replace(',', " ")));
        writeln!(out, "  {word} {service} {peers}{}", near.unwrap_or_default()).unwrap();
    }
    out
}

pub(crate) fn in_a_line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.source.line_column(place.span.start);
        format!("{line}:{column} ")
    });
    format!("finding {} {} {place}{}\n", finding.severity, finding.code, finding.message)
}
