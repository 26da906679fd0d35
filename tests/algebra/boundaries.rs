//! The ends of every axis, minimal lists of blocks, and counts that no machine integer holds.

use super::pieces::{addrs, near_u8, near_u16, ranges, v4, v6};
use egressor::packet::{
    AddrSet, IcmpMatch, IntervalSet, Packet, PacketSet, Peer, PeerSet, PortRange, PortSet, Prefix, Protocol,
    Set, TransportSet,
};
use proptest::prelude::*;
use std::net::IpAddr;

fn blocks(set: &AddrSet) -> Vec<String> {
    set.prefixes().iter().map(ToString::to_string).collect()
}

fn of(prefixes: &[&str]) -> AddrSet {
    AddrSet::of(prefixes.iter().map(|prefix| prefix.parse::<Prefix>().unwrap()))
}

fn between(first: &str, last: &str) -> AddrSet {
    AddrSet::from_ranges([(first.parse().unwrap(), last.parse().unwrap())])
}

#[test]
fn the_first_and_the_last_address_of_each_family_are_members() {
    for end in [v4(0), v4(u32::MAX), v6(0), v6(u128::MAX)] {
        let one = AddrSet::of([Prefix::host(end)]);
        let all = AddrSet::all_v4().union(&AddrSet::all_v6());
        assert!(one.contains(end));
        assert_eq!(one.count().to_string(), "1");
        let rest = all.subtract(&one);
        assert!(!rest.contains(end));
        for other in [v4(0), v4(u32::MAX), v6(0), v6(u128::MAX)].into_iter().filter(|other| *other != end) {
            assert!(rest.contains(other) && !one.contains(other));
        }
        assert_eq!(rest.union(&one), all);
        let packets =
            PacketSet::product(Some(&one), &PeerSet::from(one.clone()), &TransportSet::full(), &true);
        assert!(packets.at(&Packet {
            peer: Peer::Addr(end),
            source: end,
            protocol: Protocol(255),
            detail: 0
        }));
    }
}

#[test]
fn families_never_mix() {
    let v4_any = PacketSet::product(None, &PeerSet::from(AddrSet::all_v4()), &TransportSet::full(), &true);
    let packet = |peer: IpAddr, source: IpAddr| Packet {
        peer: Peer::Addr(peer),
        source,
        protocol: Protocol(6),
        detail: 1,
    };
    assert!(v4_any.at(&packet(v4(0), v4(0))));
    for (peer, source) in [(v6(0), v6(0)), (v4(0), v6(0)), (v6(0), v4(0))] {
        assert!(!v4_any.at(&packet(peer, source)));
    }
    // An IPv4-mapped address is an IPv6 address.
    let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
    assert!(!of(&["192.0.2.1/32"]).contains(mapped));
    assert!(AddrSet::from_ranges([(v4(0), v6(1)), (v6(0), v4(1))]).is_empty());
}

#[test]
fn ports_and_protocols_have_both_ends() {
    let all = PortSet::of([PortRange::new(0, 65_535).unwrap()]);
    assert!(all.is_full());
    for protocol in [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::DCCP, Protocol::UDPLITE] {
        assert_eq!(TransportSet::ports(protocol, &all), TransportSet::protocol(protocol));
        for end in [0, 65_535] {
            let one = TransportSet::port(protocol, PortRange::single(end));
            assert_eq!(one.ports_of(protocol), PortSet::of([PortRange::single(end)]));
            let rest = TransportSet::full().subtract(&one);
            assert_eq!(
                rest.ports_of(protocol),
                PortSet::full().subtract(&PortSet::of([PortRange::single(end)]))
            );
        }
    }
    for number in [0, 1, 254, 255] {
        let one = TransportSet::protocol(Protocol(number));
        let rest = TransportSet::full().subtract(&one);
        assert_eq!(rest.union(&one), TransportSet::full());
        assert!(rest.intersect(&one).is_empty());
    }
    let halves =
        [(0, 127), (128, 255)].map(|(first, last)| TransportSet::protocols(Protocol(first), Protocol(last)));
    assert!(halves[0].union(&halves[1]).is_full());
    let each: Vec<TransportSet> = (0..=255).map(|number| TransportSet::protocol(Protocol(number))).collect();
    assert!(TransportSet::union_all(&each).is_full());
    assert!(TransportSet::protocols(Protocol(9), Protocol(8)).is_empty());
}

#[test]
fn icmp_types_and_codes_have_both_ends() {
    for protocol in [Protocol::ICMP, Protocol::ICMPV6] {
        let kinds: Vec<TransportSet> =
            (0..=255).map(|kind| TransportSet::icmp(protocol, IcmpMatch { kind, code: None })).collect();
        assert_eq!(TransportSet::union_all(&kinds), TransportSet::protocol(protocol));
        let codes: Vec<TransportSet> = (0..=255)
            .map(|code| TransportSet::icmp(protocol, IcmpMatch { kind: 255, code: Some(code) }))
            .collect();
        assert_eq!(TransportSet::union_all(&codes), kinds[255]);
        assert_eq!(codes[0].intersect(&codes[255]), TransportSet::default());
    }
}

#[test]
fn no_list_of_ports_and_no_list_of_types_is_nothing() {
    for number in 0..=255 {
        assert!(TransportSet::ports(Protocol(number), &PortSet::default()).is_empty(), "protocol {number}");
    }
    // A type of a protocol that has none is no packet; it is neither the whole protocol nor some port of it.
    for number in (0..=255).filter(|number| ![1, 58].contains(number)) {
        let none = TransportSet::icmp(Protocol(number), IcmpMatch { kind: 8, code: None });
        assert!(none.is_empty(), "protocol {number}");
    }
}

#[test]
fn products_with_an_empty_factor_are_empty() {
    let everyone = PeerSet::all_addrs().union(&PeerSet::all_names()).union(&PeerSet::all_groups());
    let any = TransportSet::full();
    assert!(PacketSet::product(Some(&AddrSet::default()), &everyone, &any, &true).is_empty());
    assert!(PacketSet::product(None, &PeerSet::default(), &any, &true).is_empty());
    assert!(PacketSet::product(None, &everyone, &TransportSet::default(), &true).is_empty());
    assert!(PacketSet::product(None, &everyone, &any, &false).is_empty());
}

#[test]
fn blocks_are_minimal_at_the_ends() {
    for (first, last, expected) in [
        ("0.0.0.0", "255.255.255.255", &["0.0.0.0/0"][..]),
        ("0.0.0.0", "0.0.0.0", &["0.0.0.0/32"]),
        ("255.255.255.255", "255.255.255.255", &["255.255.255.255/32"]),
        ("0.0.0.1", "0.0.0.2", &["0.0.0.1/32", "0.0.0.2/32"]),
        ("255.255.255.253", "255.255.255.255", &["255.255.255.253/32", "255.255.255.254/31"]),
        ("127.255.255.255", "128.0.0.0", &["127.255.255.255/32", "128.0.0.0/32"]),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["::/0"]),
        ("8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["8000::/1"]),
        ("::", "::2", &["::/127", "::2/128"]),
    ] {
        assert_eq!(blocks(&between(first, last)), expected, "{first} to {last}");
    }
    assert_eq!(blocks(&between("0.0.0.1", "255.255.255.255")).len(), 32);
    assert_eq!(blocks(&between("0.0.0.1", "255.255.255.254")).len(), 62);
    assert_eq!(blocks(&between("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")).len(), 254);
    assert!(blocks(&between("0.0.0.2", "0.0.0.1")).is_empty());
    // Blocks that touch or overlap become one, whatever their order.
    assert_eq!(blocks(&of(&["192.0.2.128/25", "192.0.2.0/25", "192.0.2.7/32"])), ["192.0.2.0/24"]);
}

proptest! {
    #[test]
    fn blocks_are_exact_sorted_disjoint_and_none_can_be_joined(set in addrs()) {
        let blocks = set.prefixes();
        prop_assert_eq!(&AddrSet::of(blocks.clone()), &set);
        for pair in blocks.windows(2) {
            let (left, right) = (pair[0], pair[1]);
            prop_assert!(left.last() < right.addr(), "{} {}", left, right);
            // Two halves of one block are written as that block.
            let parent = left.len().checked_sub(1).and_then(|len| Prefix::containing(left.addr(), len));
            let halves = left.len() == right.len() && parent.is_some_and(|parent| parent.last() == right.last());
            prop_assert!(!halves, "{} {}", left, right);
        }
    }

    #[test]
    fn counts_add_up(bytes in ranges(near_u8()), ports in ranges(near_u16())) {
        let members = (0..=u8::MAX).filter(|key| bytes.contains(key)).count();
        let widths: usize = bytes.ranges().map(|(first, last)| usize::from(last - first) + 1).sum();
        prop_assert_eq!(members, widths);
        let set = AddrSet::from_ranges(ports.ranges().map(|(first, last)| (v4(first.into()), v4(last.into()))));
        let widths: u64 = ports.ranges().map(|(first, last)| u64::from(last - first) + 1).sum();
        prop_assert_eq!(set.count().to_string(), widths.to_string());
    }
}

#[test]
fn addresses_are_counted_beyond_128_bits() {
    let all = AddrSet::all_v4().union(&AddrSet::all_v6());
    for (set, expected) in [
        (AddrSet::default(), "0"),
        (AddrSet::all_v4(), "4294967296"),
        (AddrSet::all_v6(), "340282366920938463463374607431768211456"),
        (all.clone(), "340282366920938463463374607436063178752"),
        (all.subtract(&of(&["0.0.0.0/32"])), "340282366920938463463374607436063178751"),
        (all.subtract(&of(&["::/128"])), "340282366920938463463374607436063178751"),
        (all.subtract(&of(&["::/96"])), "340282366920938463463374607431768211456"),
        (all.subtract(&of(&["::/96", "::1:0:0/128"])), "340282366920938463463374607431768211455"),
        (AddrSet::all_v6().subtract(&of(&["::/128"])), "340282366920938463463374607431768211455"),
        (of(&["::/1", "0.0.0.0/1"]), "170141183460469231731687303718031589376"),
    ] {
        assert_eq!(set.count().to_string(), expected);
    }
    // The order of counts is the order of numbers, across the limit.
    let ordered = [of(&["::/1"]), AddrSet::all_v6().subtract(&of(&["::/128"])), AddrSet::all_v6(), all];
    assert!(ordered.windows(2).all(|pair| pair[0].count() < pair[1].count()));
}

#[test]
fn an_interval_that_ends_at_the_end_has_no_key_behind_it() {
    let top = IntervalSet::<u8>::range(200, &255);
    assert_eq!(top.cuts(), [(200, true)]);
    assert_eq!(top.complement().cuts(), [(0, true), (200, false)]);
    assert_eq!(IntervalSet::<u8>::range(0, &255), IntervalSet::full());
    assert_eq!(IntervalSet::<u8>::from_ranges([(128, 255), (0, 127)]), IntervalSet::full());
    assert!(IntervalSet::<u8>::range(1, &0).is_empty());
}
