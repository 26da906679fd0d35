//! What rule files mean, as lines for people.
//!
//! ```text
//! scope filter/OUTPUT egress
//!   allow tcp/443 192.0.2.0/24 from 10.0.0.0/8     packets that surely pass: service, far end, near end
//!   perhaps tcp/0-65535 10.0.0.0/8                 packets that may pass beside those
//!   unmodelled -m owner --uid-owner 1000           what the difference is about
//!   return traffic is ruled apart
//! finding note read/unmodelled 7:9 …               severity, code, line and column, message
//! ```

use egressor::diag::Finding;
use egressor::packet::{AddrSet, IcmpMatch, PacketSet, Row, RowPeer, Set, TransportRow};
use egressor::policy::{Policy, Traffic};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The scopes of a policy.
pub(crate) fn scopes(policy: &Policy) -> String {
    let mut out = String::new();
    for set in &policy.sets {
        let bounds = set.allows();
        writeln!(out, "scope {} {}", set.scope.name, set.scope.direction).unwrap();
        let doubt = bounds.at_most.subtract(&bounds.at_least);
        if bounds.at_least.is_empty() && doubt.is_empty() {
            out.push_str("  allow nothing\n");
        }
        for (word, packets) in [("allow", &bounds.at_least), ("perhaps", &doubt)] {
            out.extend(rows(packets).into_iter().map(|row| format!("  {word} {row}\n")));
        }
        let unmodelled: BTreeSet<&str> =
            set.rules.iter().flat_map(|rule| &rule.unmodelled).map(|one| one.text.as_str()).collect();
        for text in unmodelled {
            writeln!(out, "  unmodelled {text}").unwrap();
        }
        for (traffic, word) in [(Traffic::Return, "return"), (Traffic::Loopback, "loopback")] {
            if set.rules.iter().any(|rule| rule.traffic == traffic) {
                writeln!(out, "  {word} traffic is ruled apart").unwrap();
            }
        }
    }
    out
}

/// A finding in a line. Its file is named where several were read.
pub(crate) fn in_a_line(finding: &Finding, several: bool) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.source.line_column(place.span.start);
        let file = if several { format!("{}:", place.source.name()) } else { String::new() };
        format!("{file}{line}:{column} ")
    });
    format!("finding {} {} {place}{}\n", finding.severity, finding.code, finding.message)
}

fn rows(packets: &PacketSet) -> Vec<String> {
    packets.rows().iter().map(row).collect()
}

fn row(row: &Row) -> String {
    let service = match &row.transport {
        TransportRow::Any => "any".to_owned(),
        TransportRow::Protocols(first, last) if first == last => first.to_string(),
        TransportRow::Protocols(first, last) => format!("protocols/{}-{}", first.0, last.0),
        TransportRow::Ports(protocol, ports) => format!("{protocol}/{}", words(ports, ",")),
        TransportRow::Icmp(protocol, types) => format!("{protocol}/{}", icmp(types)),
    };
    let but = |except: String| if except.is_empty() { except } else { format!(" except {except}") };
    let peers = match &row.peer {
        RowPeer::Addrs(addrs) => ranges(addrs),
        RowPeer::Names(names, except) => format!("{}{}", words(names, " "), but(words(except, " "))),
        RowPeer::Groups(groups, except) => format!("group {}{}", groups.join(" "), but(except.join(" "))),
    };
    let source = row.source.as_ref().map(|source| format!(" from {}", ranges(source)));
    format!("{service} {peers}{}", source.unwrap_or_default())
}

fn words<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// Blocks where a range is one, else its ends.
fn ranges(addrs: &AddrSet) -> String {
    let v4 = addrs
        .v4
        .ranges()
        .map(|(first, last)| (Ipv4Addr::from_bits(first).into(), Ipv4Addr::from_bits(last).into()));
    let v6 = addrs
        .v6
        .ranges()
        .map(|(first, last)| (Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(last).into()));
    let range =
        |(first, last): (IpAddr, IpAddr)| match AddrSet::from_ranges([(first, last)]).prefixes().as_slice() {
            [block] => block.to_string(),
            _ => format!("{first}-{last}"),
        };
    v4.chain(v6).map(range).collect::<Vec<_>>().join(" ")
}

/// Types, with their codes where not all are meant: `0-7,9,3:4`.
fn icmp(types: &[IcmpMatch]) -> String {
    let mut runs: Vec<(IcmpMatch, IcmpMatch)> = Vec::new();
    let follows = |a: IcmpMatch, b: IcmpMatch| match (a.code, b.code) {
        (None, None) => a.kind.checked_add(1) == Some(b.kind),
        (Some(one), Some(next)) => a.kind == b.kind && one.checked_add(1) == Some(next),
        _ => false,
    };
    for one in types {
        match runs.last_mut() {
            Some((_, last)) if follows(*last, *one) => *last = *one,
            _ => runs.push((*one, *one)),
        }
    }
    let name = |one: IcmpMatch| one.code.map_or(one.kind.to_string(), |code| format!("{}:{code}", one.kind));
    let run =
        |(first, last)| if first == last { name(first) } else { format!("{}-{}", name(first), name(last)) };
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}
