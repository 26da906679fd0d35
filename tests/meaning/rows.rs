//! Rows of the JSON documents, as their published description tells what they mean.

use super::world::{Far, Packet};
use serde_json::Value;
use std::net::IpAddr;

/// How many of the rows hold a packet. More than one would be wrong: rows are disjoint.
pub(crate) fn holding(rows: &Value, packet: &Packet) -> usize {
    rows.as_array().unwrap().iter().filter(|row| holds(row, packet)).count()
}

fn texts<'a>(row: &'a Value, key: &str) -> Option<Vec<&'a str>> {
    let list = row.get(key)?.as_array().unwrap();
    assert!(!list.is_empty(), "an empty list: {row}");
    Some(list.iter().map(|item| item.as_str().unwrap()).collect())
}

fn holds(row: &Value, packet: &Packet) -> bool {
    let kinds = ["cidrs", "names", "groups"].iter().filter(|key| row.get(**key).is_some()).count();
    assert_eq!(kinds, 1, "exactly one kind of peer: {row}");
    let near = texts(row, "source").is_none_or(|list| list.iter().any(|cidr| within(cidr, packet.near)));
    let far = match &packet.far {
        Far::Addr(addr) => {
            texts(row, "cidrs").is_some_and(|list| list.iter().any(|cidr| within(cidr, *addr)))
        }
        Far::Name(name) => named(row, "names", "except_names", |pattern| matches_name(pattern, name)),
        Far::Group(group) => named(row, "groups", "except_groups", |item| item == "*" || item == group),
    };
    near && far && carries(row, packet)
}

fn named(row: &Value, key: &str, except: &str, matches: impl Fn(&str) -> bool) -> bool {
    texts(row, key).is_some_and(|list| list.iter().any(|item| matches(item)))
        && !texts(row, except).is_some_and(|list| list.iter().any(|item| matches(item)))
}

fn matches_name(pattern: &str, name: &str) -> bool {
    let below = |suffix: &str| name.strip_suffix(suffix).is_some_and(|head| head.ends_with('.'));
    if pattern == "*" {
        true
    } else if let Some(host) = pattern.strip_prefix('=') {
        name == host
    } else if let Some(suffix) = pattern.strip_prefix("*.") {
        below(suffix)
    } else if let Some(suffix) = pattern.strip_prefix("?.") {
        below(suffix) && name.split('.').count() == suffix.split('.').count() + 1
    } else if let Some(suffix) = pattern.strip_prefix('.') {
        name == suffix || below(suffix)
    } else {
        panic!("{pattern} is no pattern of names")
    }
}

fn carries(row: &Value, packet: &Packet) -> bool {
    let protocol = row["protocol"].as_str().unwrap();
    let protocols = match protocol {
        "any" => 0..=255,
        _ => match protocol.split_once('-').map(|(first, last)| (first.parse(), last.parse())) {
            Some((Ok(first), Ok(last))) => first..=last,
            _ => number(protocol)..=number(protocol),
        },
    };
    let ports = texts(row, "ports").is_none_or(|list| {
        list.iter().any(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            (first.parse::<u16>().unwrap()..=last.parse().unwrap()).contains(&packet.detail)
        })
    });
    let icmp = row.get("icmp").is_none_or(|list| {
        let list = list.as_array().unwrap();
        assert!(!list.is_empty(), "{row}");
        list.iter().any(|one| {
            one["type"] == packet.detail >> 8
                && one.get("code").is_none_or(|code| *code == (packet.detail & 255))
        })
    });
    protocols.contains(&packet.protocol) && ports && icmp
}

/// Protocols by their names in `/etc/protocols`.
fn number(name: &str) -> u8 {
    const NAMES: [(&str, u8); 12] = [
        ("icmp", 1),
        ("igmp", 2),
        ("tcp", 6),
        ("udp", 17),
        ("dccp", 33),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("icmpv6", 58),
        ("sctp", 132),
        ("udplite", 136),
        ("udp-lite", 136),
    ];
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    known.unwrap_or_else(|| name.parse().unwrap_or_else(|_| panic!("{name} is no protocol")))
}

/// By bits, one at a time.
fn within(cidr: &str, addr: IpAddr) -> bool {
    let (network, len) = cidr.split_once('/').unwrap();
    let bits = |addr: IpAddr| match addr {
        IpAddr::V4(v4) => v4.octets().map(|octet| format!("{octet:08b}")).concat(),
        IpAddr::V6(v6) => v6.octets().map(|octet| format!("{octet:08b}")).concat(),
    };
    let network: IpAddr = network.parse().unwrap();
    let len: usize = len.parse().unwrap();
    assert!(bits(network)[len..].bytes().all(|bit| bit == b'0'), "host bits in {cidr}");
    network.is_ipv4() == addr.is_ipv4() && bits(addr)[..len] == bits(network)[..len]
}
