//! The laws that every set obeys, for generated sets of every level.

use super::pieces::{
    Point, addrs, combined, everyone, everything, group_points, groups, name_points, names, near_u8,
    near_u16, near_u32, near_u128, packet_points, packets, pattern, peers, points, ranges, service,
    service_points, transports, v4, v6,
};
use egressor::packet::{
    AddrSet, GroupSet, IntervalSet, NameSet, PacketSet, PeerSet, PortRange, PortSet, Prefix, Protocol, Set,
    TransportSet,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Debug;

/// Checks every law on three sets of one kind; `all` is the whole space.
fn hold<S: Set + Debug>(all: &S, a: &S, b: &S, c: &S) {
    let nothing = S::default();
    let not = |set: &S| all.subtract(set);
    // Identity, domination, idempotence, involution.
    assert_eq!(a.union(&nothing), *a);
    assert_eq!(a.intersect(all), *a);
    assert_eq!(a.union(all), *all);
    assert_eq!(a.intersect(&nothing), nothing);
    assert_eq!(a.union(a), *a);
    assert_eq!(a.intersect(a), *a);
    assert_eq!(a.subtract(a), nothing);
    assert_eq!(not(&not(a)), *a);
    assert_eq!(a.union(&not(a)), *all);
    assert_eq!(a.intersect(&not(a)), nothing);
    // Commutativity, associativity, distributivity, absorption.
    assert_eq!(a.union(b), b.union(a));
    assert_eq!(a.intersect(b), b.intersect(a));
    assert_eq!(a.union(b).union(c), a.union(&b.union(c)));
    assert_eq!(a.intersect(b).intersect(c), a.intersect(&b.intersect(c)));
    assert_eq!(a.intersect(&b.union(c)), a.intersect(b).union(&a.intersect(c)));
    assert_eq!(a.union(&b.intersect(c)), a.union(b).intersect(&a.union(c)));
    assert_eq!(a.union(&a.intersect(b)), *a);
    assert_eq!(a.intersect(&a.union(b)), *a);
    // De Morgan, and difference as intersection with the complement.
    assert_eq!(not(&a.union(b)), not(a).intersect(&not(b)));
    assert_eq!(not(&a.intersect(b)), not(a).union(&not(b)));
    assert_eq!(a.subtract(b), a.intersect(&not(b)));
    assert_eq!(a.subtract(b).union(&a.intersect(b)), *a);
    // Subsets.
    assert!(nothing.is_subset(a) && a.is_subset(all) && a.is_subset(a));
    assert!(a.intersect(b).is_subset(a) && a.is_subset(&a.union(b)));
    assert_eq!(a.is_subset(b), a.union(b) == *b);
    assert_eq!(a.is_subset(b), not(b).is_subset(&not(a)));
    assert_eq!(a == b, a.is_subset(b) && b.is_subset(a));
    assert_eq!(a.is_empty(), *a == nothing);
    // Many at once, in any order.
    let many = [a.clone(), b.clone(), c.clone(), a.clone(), nothing];
    assert_eq!(S::union_all(&many), a.union(b).union(c));
}

/// Checks that the operations mean what they say, point by point, and that equality is equality of members when the
/// points tell all regions apart.
fn mean<S: Set + Debug, P: Debug>(a: &S, b: &S, points: &[P], complete: bool, has: impl Fn(&S, &P) -> bool) {
    let (both, either, only) = (a.intersect(b), a.union(b), a.subtract(b));
    for point in points {
        let (in_a, in_b) = (has(a, point), has(b, point));
        assert_eq!(has(&either, point), in_a || in_b, "union at {point:?}");
        assert_eq!(has(&both, point), in_a && in_b, "intersection at {point:?}");
        assert_eq!(has(&only, point), in_a && !in_b, "difference at {point:?}");
    }
    let same_members = points.iter().all(|point| has(a, point) == has(b, point));
    assert!(same_members || a != b);
    assert!(!complete || !same_members || a == b, "the same members, yet not equal");
}

macro_rules! integer_laws {
    ($laws:ident, $order:ident, $integer:ty, $near:expr) => {
        proptest! {
            #[test]
            fn $laws(a in combined(ranges($near)), b in combined(ranges($near)), c in combined(ranges($near))) {
                hold(&IntervalSet::<$integer>::full(), &a, &b, &c);
                mean(&a, &b, &points(&[&a, &b]), true, |set, key| set.contains(key));
                prop_assert_eq!(a.complement(), IntervalSet::full().subtract(&a));
                prop_assert_eq!(IntervalSet::from_ranges(a.ranges()), a.clone());
                // The ranges are sorted and do not touch: between two there is a key that is in neither.
                for (left, right) in a.ranges().zip(a.ranges().skip(1)) {
                    prop_assert!(left.1.checked_add(1).is_some_and(|after| after < right.0));
                }
            }

            #[test]
            fn $order(ranges in vec((any::<$integer>(), any::<$integer>()), 0..8), seed in any::<prop::sample::Index>()) {
                let sorted: Vec<_> = ranges.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
                let mut turned = sorted.clone();
                turned.rotate_left(seed.index(sorted.len() + 1).min(sorted.len()));
                turned.reverse();
                let at_once = IntervalSet::from_ranges(turned.clone());
                let one_by_one = turned.iter().fold(IntervalSet::default(), |set, (first, last)| {
                    IntervalSet::range(*first, last).union(&set)
                });
                prop_assert_eq!(&at_once, &one_by_one);
                prop_assert_eq!(at_once, IntervalSet::from_ranges(sorted));
            }
        }
    };
}

integer_laws!(sets_of_bytes_obey_the_laws, byte_sets_do_not_depend_on_order, u8, near_u8());
integer_laws!(sets_of_ports_obey_the_laws, port_sets_do_not_depend_on_order, u16, near_u16());
integer_laws!(sets_of_v4_addresses_obey_the_laws, v4_sets_do_not_depend_on_order, u32, near_u32());
integer_laws!(sets_of_v6_addresses_obey_the_laws, v6_sets_do_not_depend_on_order, u128, near_u128());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn address_sets_obey_the_laws(a in combined(addrs()), b in combined(addrs()), c in combined(addrs())) {
        let all = AddrSet::all_v4().union(&AddrSet::all_v6());
        hold(&all, &a, &b, &c);
        let mut ends: Vec<_> = points(&[&a.v4, &b.v4]).into_iter().map(v4).collect();
        ends.extend(points(&[&a.v6, &b.v6]).into_iter().map(v6));
        mean(&a, &b, &ends, true, |set, addr| set.contains(*addr));
        prop_assert_eq!(AddrSet::of(a.prefixes()), a);
    }

    #[test]
    fn name_sets_obey_the_laws(a in names(), b in names(), c in names()) {
        hold(&NameSet::full(), &a, &b, &c);
        mean(&a, &b, &name_points(), true, |set, (host, path)| set.contains_host(host, path));
    }

    #[test]
    fn name_sets_do_not_depend_on_order(mut patterns in vec(pattern(), 0..8)) {
        let forward = NameSet::of(&patterns);
        patterns.reverse();
        let backward = patterns.iter().fold(NameSet::default(), |set, pattern| set.union(&pattern.names()));
        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn group_sets_obey_the_laws(a in groups(), b in groups(), c in groups()) {
        hold(&GroupSet::full(), &a, &b, &c);
        mean(&a, &b, &group_points(), true, |set, group| set.contains_group(group));
    }

    #[test]
    fn transport_sets_obey_the_laws(a in transports(), b in transports(), c in transports()) {
        hold(&TransportSet::full(), &a, &b, &c);
        mean(&a, &b, &service_points(), true, |set, (protocol, detail)| set.contains(&service(*protocol, *detail)));
        for (protocol, detail) in service_points() {
            if protocol.has_ports() {
                let ports: PortSet = a.ports_of(protocol);
                prop_assert_eq!(ports.contains(&detail), a.contains(&service(protocol, detail)));
            }
        }
    }

    #[test]
    fn peer_sets_obey_the_laws(a in peers(), b in peers(), c in peers()) {
        hold(&everyone(), &a, &b, &c);
        prop_assert_eq!(a.union(&b).addrs, a.addrs.union(&b.addrs));
        prop_assert_eq!(a.subtract(&b).names, a.names.subtract(&b.names));
        prop_assert_eq!(a.intersect(&b).groups, a.groups.intersect(&b.groups));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packet_sets_obey_the_laws(a in packets(), b in packets(), c in packets(), points in packet_points(200)) {
        hold(&everything(), &a, &b, &c);
        mean(&a, &b, &points, false, |set: &PacketSet, point: &Point| point.is_in(set));
    }

    #[test]
    fn a_function_within_a_set_is_itself_there_and_the_default_elsewhere(a in packets(), b in packets(), c in packets()) {
        prop_assert_eq!(a.within(&b), a.intersect(&b));
        let values = a.zip(&b, |a, b| u8::from(*a) + 2 * u8::from(*b));
        let expected = values.zip(&c, |value, member| if *member { *value } else { 0 });
        prop_assert_eq!(values.within(&c), expected);
    }

    #[test]
    fn a_short_set_and_a_long_one_meet_as_any_two_do(few in packets(), other in packets(), step in 1..2_000_000_u32) {
        // A comb with so many teeth that the short set leads the way through it.
        let teeth = (0..1_000_u32).map(|tooth| (tooth.wrapping_mul(step) | 1) ^ 1);
        let comb = AddrSet::of(teeth.map(|bits| Prefix::containing(v4(bits), 32).unwrap()));
        let services = TransportSet::port(Protocol::TCP, PortRange::new(440, 443).unwrap());
        let many = PacketSet::product(None, &PeerSet::from(comb), &services, &true).union(&other);
        prop_assert_eq!(few.subtract(&many), few.zip(&many, |a, b| *a && !*b));
        prop_assert_eq!(few.intersect(&many), few.zip(&many, |a, b| *a && *b));
        prop_assert_eq!(many.subtract(&few), many.zip(&few, |a, b| *a && !*b));
        prop_assert_eq!(many.intersect(&few), few.intersect(&many));
        let (few, many) = (few.peer_addrs().v4, many.peer_addrs().v4);
        prop_assert_eq!(few.subtract(&many), few.zip(&many, |a, b| *a && !*b));
        prop_assert_eq!(few.intersect(&many), few.zip(&many, |a, b| *a && *b));
    }

    #[test]
    fn a_product_holds_the_packets_that_all_its_factors_hold(
        source in proptest::option::of(addrs()), peers in peers(), transport in transports(), points in packet_points(200),
    ) {
        let product = PacketSet::product(source.as_ref(), &peers, &transport, &true);
        for point in points {
            let (peer, family) = match &point.end {
                super::pieces::End::Addr(addr) => {
                    (peers.addrs.contains(*addr), addr.is_ipv4() == point.source.is_ipv4())
                }
                super::pieces::End::Name(host, path) => (peers.names.contains_host(host, path), true),
                super::pieces::End::Group(group) => (peers.groups.contains_group(group), true),
            };
            let from = source.as_ref().is_none_or(|source| source.contains(point.source));
            let carries = transport.contains(&service(point.protocol, point.detail));
            prop_assert_eq!(point.is_in(&product), peer && family && from && carries, "{:?}", point);
        }
    }

    #[test]
    fn packet_sets_do_not_depend_on_order(mut sets in vec(packets(), 0..5)) {
        let forward = PacketSet::union_all(&sets);
        sets.reverse();
        let backward = sets.iter().fold(PacketSet::default(), |set, piece| piece.union(&set));
        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn a_function_splits_into_the_packets_of_each_value(a in packets(), b in packets(), c in packets()) {
        let pairs = a.zip(&b, |a, b| u8::from(*a) + 2 * u8::from(*b));
        let values = pairs.zip(&c, |pair, c| if *c { 3 - pair } else { *pair });
        let parts = values.by_value();
        prop_assert!(!parts.contains_key(&0));
        for value in 1..4_u8 {
            let expected = values.map(|other| *other == value);
            prop_assert_eq!(parts.get(&value).cloned().unwrap_or_default(), expected);
        }
    }

    /// The projections, and parts that were computed by another road, agree.
    #[test]
    fn peers_of_packets_are_those_with_any_packet(peers in peers(), transport in transports()) {
        let product = PacketSet::product(None, &peers, &transport, &true);
        if transport.is_empty() {
            prop_assert!(product.is_empty());
        } else {
            prop_assert_eq!(product.peer_addrs(), peers.addrs);
            prop_assert_eq!(product.peer_names(), peers.names);
        }
    }
}
