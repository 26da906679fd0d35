//! Quick answers beside the long way: whether sets may meet, and what is in both.

use super::pieces::{addrs, near_u32, packets, peers, transports, v4};
use egressor::packet::{
    AddrSet, GroupSet, IntervalSet, NamePattern, PacketSet, PeerSet, PortRange, Protocol, Set, TransportSet,
    fingerprint,
};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

fn product(sources: Option<&AddrSet>, peers: &PeerSet, services: Option<&TransportSet>) -> PacketSet {
    PacketSet::product(sources, peers, services.unwrap_or(&TransportSet::full()), &true)
}

/// One range of addresses, near the ends of the axis and of others.
fn one_range() -> impl Strategy<Value = AddrSet> {
    (select(near_u32()), select(near_u32()))
        .prop_map(|(a, b)| AddrSet::from_ranges([(v4(a.min(b)), v4(a.max(b)))]))
}

/// Peers of one kind that are one stretch.
fn one_peer() -> impl Strategy<Value = PeerSet> {
    let host = |name: &str| NamePattern::Tree(name.parse().expect("a host")).names();
    prop_oneof![
        4 => one_range().prop_map(PeerSet::from),
        1 => select(vec!["a", "b", "a.b"]).prop_map(move |name| PeerSet::from(host(name))),
        1 => select(vec!["a", "b", "c"]).prop_map(|name| PeerSet::from(GroupSet::of([name]))),
    ]
}

fn one_service() -> impl Strategy<Value = TransportSet> {
    (0..4_u16, 0..4_u16).prop_map(|(a, b)| {
        TransportSet::port(Protocol::TCP, PortRange::new(a.min(b), a.max(b)).expect("a range"))
    })
}

proptest! {
    #[test]
    fn sets_that_share_a_packet_may_meet(
        set in packets(), sources in proptest::option::of(addrs()), peers in peers(),
        services in proptest::option::of(transports()),
    ) {
        let other = product(sources.as_ref(), &peers, services.as_ref());
        let may = set.may_meet(sources.as_ref(), &peers, services.as_ref());
        prop_assert!(may || set.intersect(&other).is_empty());
    }

    #[test]
    fn of_sets_that_are_one_stretch_it_is_known_whether_they_meet(
        (from, to, by) in (proptest::option::of(one_range()), one_peer(), proptest::option::of(one_service())),
        (sources, peers, services) in
            (proptest::option::of(one_range()), one_peer(), proptest::option::of(one_service())),
    ) {
        let set = product(from.as_ref(), &to, by.as_ref());
        let shared = set.intersect(&product(sources.as_ref(), &peers, services.as_ref()));
        prop_assert_eq!(set.may_meet(sources.as_ref(), &peers, services.as_ref()), !shared.is_empty());
    }

    #[test]
    fn what_is_among_few_peers_is_what_both_have(many in peers(), few in peers()) {
        prop_assert_eq!(many.among(&few), many.intersect(&few));
    }
}

#[test]
fn every_kind_of_peers_is_a_kind_of_its_own() {
    let all = [PeerSet::all_addrs(), PeerSet::all_names(), PeerSet::all_groups()];
    for (at, one) in all.iter().enumerate() {
        assert!(!one.is_empty());
        assert!(all.iter().skip(at + 1).all(|other| one.intersect(other).is_empty()));
    }
    assert_eq!(all[0].addrs.v4, IntervalSet::full());
    assert!(all[1].names == egressor::packet::NameSet::full() && all[2].groups == GroupSet::full());
}

#[test]
fn numbers_of_every_width_and_lengths_count_in_a_fingerprint() {
    let distinct = |prints: Vec<u64>| prints.iter().collect::<BTreeSet<_>>().len() == prints.len();
    assert!(distinct((0..200_u8).map(|value| fingerprint(&value)).collect()));
    assert!(distinct((0..200_u32).map(|value| fingerprint(&value)).collect()));
    assert!(distinct((0..200_u64).map(|value| fingerprint(&value)).collect()));
    assert!(distinct((0..200_usize).map(|value| fingerprint(&value)).collect()));
    assert!(distinct((0..200_u128).map(|value| fingerprint(&(value << 60))).collect()));
    assert!(distinct((0..20).map(|length| fingerprint(&vec![(); length])).collect()), "lengths");
    assert!(distinct(["", "a", "b", "12345678", "123456789", "a2345678"].map(fingerprint).to_vec()), "bytes");
}
