//! Two lists of rules compared in one walk, against the same lists laid over each other packet by packet.

use super::pieces::{peers, transports};
use egressor::packet::{
    AddrSet, Differing, FirstMatch, Limit, Overlay, PacketSet, PeerSet, PortRange, PortSet, Prefix, Protocol,
    Set, Side, TransportSet,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

type Rule = (PeerSet, Option<TransportSet>, bool);

fn walked(old: &[Rule], new: &[Rule]) -> Differing {
    let mut lists = FirstMatch::new(Limit::NONE);
    for (side, rules) in [(Side::Old, old), (Side::New, new)] {
        for (peers, services, allows) in rules {
            lists.push(side, peers, services.as_ref(), *allows);
        }
    }
    lists.differing(Limit::NONE).expect("no limit")
}

fn allowed(rules: &[Rule]) -> PacketSet {
    let mut overlay = Overlay::default();
    for (peers, services, allows) in rules {
        overlay.product(None, peers, services.as_ref(), &Some(*allows));
    }
    let decided = overlay.join(|first, second| first.or(*second), Limit::NONE).expect("no limit");
    decided.map(|verdict| *verdict == Some(true))
}

/// Checks both answers, and each list against the list without rules.
fn agree(old: &[Rule], new: &[Rule]) {
    let (before, after) = (allowed(old), allowed(new));
    let expected = Differing { added: after.subtract(&before), removed: before.subtract(&after) };
    assert_eq!(walked(old, new), expected);
    assert_eq!(walked(&[], new).added, after);
    assert_eq!(walked(new, new), Differing::default());
}

fn ports(ranges: impl IntoIterator<Item = (u16, u16)>) -> TransportSet {
    let range = |(first, last)| PortRange::new(first, last).expect("a range");
    TransportSet::ports(Protocol::TCP, &PortSet::of(ranges.into_iter().map(range)))
}

/// Every so many ports from one on: sets that agree on long stretches and are shifted against each other.
fn periodic(first: u16, period: u16, count: u16) -> TransportSet {
    ports((0..count).map(|index| first + index * period).map(|port| (port, port)))
}

/// Blocks that hold each other: short prefixes of few addresses, in both families.
fn nested() -> impl Strategy<Value = PeerSet> {
    (0..4_u32, 0..=32_u8, any::<bool>()).prop_map(|(stem, len, v4)| {
        let stem = stem.wrapping_mul(0x4000_0001);
        let prefix = if v4 {
            Prefix::containing(Ipv4Addr::from_bits(stem).into(), len)
        } else {
            Prefix::containing(Ipv6Addr::from_bits(u128::from(stem) << 96 | 1).into(), len * 4)
        };
        PeerSet::from(AddrSet::block(prefix.expect("a prefix")))
    })
}

fn services() -> impl Strategy<Value = Option<TransportSet>> {
    prop_oneof![
        1 => Just(None),
        4 => (0..4_u16, 1..5_u16, 1..60_u16).prop_map(|(first, period, count)| Some(periodic(first, period, count))),
        4 => (0..90_u16, 0..90_u16).prop_map(|(a, b)| Some(ports([(a.min(b), a.max(b))]))),
        2 => transports().prop_map(Some),
    ]
}

fn nest(most: usize) -> impl Strategy<Value = Vec<Rule>> {
    vec((nested(), services(), any::<bool>()), 0..most)
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    vec((peers(), services(), any::<bool>()), 0..8)
}

proptest! {
    #[test]
    fn lists_of_any_peers_differ_as_their_packets_do(old in any_rules(), new in any_rules()) {
        agree(&old, &new);
    }

    #[test]
    fn blocks_that_hold_each_other_differ_as_their_packets_do(old in nest(12), new in nest(12)) {
        agree(&old, &new);
    }

    #[test]
    fn one_rule_more_differs_as_its_packets_do(rules in nest(20), at in 0..20_usize, more in nest(2)) {
        let mut new = rules.clone();
        let at = at.min(new.len());
        new.splice(at..at, more);
        agree(&rules, &new);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn more_rules_than_are_kept_as_a_list_differ_as_their_packets_do(old in nest(120), new in nest(120)) {
        agree(&old, &new);
    }
}

#[test]
fn shifted_patterns_are_never_taken_for_each_other() {
    // On a stretch of the axis each is the other one, shifted: equal parts at different places must stay different.
    let all = PeerSet::all_addrs();
    for period in [2, 3, 4, 5, 7, 8, 16] {
        for shift in 0..period {
            let rule = |first| vec![(all.clone(), Some(periodic(first, period, 500)), true)];
            agree(&rule(0), &rule(shift));
            let joined = [rule(0), rule(shift)].concat();
            agree(&joined, &rule(shift));
        }
    }
}

#[test]
fn rules_of_either_verdict_in_turn_keep_their_order() {
    let block = |len| {
        let prefix = Prefix::containing(Ipv4Addr::new(10, 0, 0, 0).into(), len).expect("a prefix");
        PeerSet::from(AddrSet::block(prefix))
    };
    let mut rules: Vec<Rule> = Vec::new();
    for index in 0..200_u16 {
        let len = u8::try_from(32 - index % 30).expect("a length");
        rules.push((block(len), Some(periodic(index % 7, 1 + index % 5, 40)), index % 2 == 0));
    }
    let mut other = rules.clone();
    other.swap(3, 120);
    agree(&rules, &other);
    other.reverse();
    agree(&rules, &other);
}

#[test]
fn what_is_large_by_nature_is_refused() {
    let mut lists = FirstMatch::new(Limit::of(1_000));
    for index in 0..1_000_u16 {
        let host = Prefix::host(Ipv4Addr::from_bits(0x0A00_0000 + u32::from(index) * 2).into());
        lists.push(Side::New, &PeerSet::all_addrs(), Some(&ports([(index * 3, index * 3)])), true);
        lists.push(
            Side::New,
            &PeerSet::from(AddrSet::block(host)),
            Some(&ports([(index * 3 + 1, index * 3 + 1)])),
            true,
        );
    }
    let error = lists.differing(Limit::of(1_000)).expect_err("thousands of services at a thousand hosts");
    assert!(error.to_string().contains("more than the limit of 1000"), "{error}");
}
