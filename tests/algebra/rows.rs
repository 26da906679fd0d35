//! Rows: disjoint products whose union is exactly the set, in one order.

use super::names::rebuild_groups;
use super::pieces::{everything, packets};
use egressor::packet::{
    AddrSet, GroupSet, IcmpMatch, NamePattern, NameSet, PacketSet, PeerSet, PortRange, PortSet, Prefix,
    Protocol, Row, RowPeer, Set, TransportRow, TransportSet,
};
use proptest::prelude::*;

/// The services that a row stands for.
fn transport(row: &TransportRow) -> TransportSet {
    match row {
        TransportRow::Any => TransportSet::full(),
        TransportRow::Protocols(first, last) => TransportSet::protocols(*first, *last),
        TransportRow::Ports(protocol, ports) => {
            TransportSet::ports(*protocol, &PortSet::of(ports.iter().copied()))
        }
        TransportRow::Icmp(protocol, types) => {
            let each: Vec<TransportSet> =
                types.iter().map(|icmp| TransportSet::icmp(*protocol, *icmp)).collect();
            TransportSet::union_all(&each)
        }
    }
}

/// The packets that a row stands for. No list in it may be empty.
fn product(row: &Row) -> PacketSet {
    let peers = match &row.peer {
        RowPeer::Addrs(addrs) => PeerSet::from(addrs.clone()),
        RowPeer::Names(names, except) => {
            assert!(!names.is_empty(), "an empty list of names");
            PeerSet::from(NameSet::of(names).subtract(&NameSet::of(except)))
        }
        RowPeer::Groups(groups, except) => {
            assert!(!groups.is_empty(), "an empty list of groups");
            PeerSet::from(rebuild_groups(groups, except))
        }
    };
    assert!(!peers.is_empty(), "a row without a peer: {row:?}");
    assert!(row.source.as_ref().is_none_or(|source| !source.is_empty()), "a row without a source: {row:?}");
    if let TransportRow::Ports(_, ports) = &row.transport {
        assert!(!ports.is_empty(), "an empty list of ports");
    }
    if let TransportRow::Icmp(_, types) = &row.transport {
        assert!(!types.is_empty(), "an empty list of ICMP types");
    }
    PacketSet::product(row.source.as_ref(), &peers, &transport(&row.transport), &true)
}

/// Checks that the rows of a set are sorted, disjoint and together the set.
fn exact(set: &PacketSet) {
    let rows = set.rows();
    assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "rows out of order");
    let mut rebuilt = PacketSet::default();
    for row in &rows {
        let product = product(row);
        assert!(product.intersect(&rebuilt).is_empty(), "{row:?} overlaps a row before it");
        rebuilt = rebuilt.union(&product);
    }
    assert_eq!(rebuilt, *set, "{rows:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn rows_are_disjoint_and_exact(set in packets()) {
        exact(&set);
    }

    #[test]
    fn rows_of_the_rest_are_disjoint_and_exact(set in packets()) {
        exact(&everything().subtract(&set));
    }

    #[test]
    fn rows_do_not_depend_on_how_the_set_was_made(a in packets(), b in packets()) {
        prop_assert_eq!(a.union(&b).rows(), b.union(&a).rows());
        prop_assert_eq!(a.subtract(&b).union(&b).rows(), b.union(&a).rows());
    }

    #[test]
    fn services_decompose_into_disjoint_rows(set in super::pieces::transports()) {
        let mut rebuilt = TransportSet::default();
        for row in set.rows() {
            let piece = transport(&row);
            prop_assert!(piece.intersect(&rebuilt).is_empty());
            rebuilt = rebuilt.union(&piece);
        }
        prop_assert_eq!(rebuilt, set);
    }
}

fn addrs(prefixes: &[&str]) -> AddrSet {
    AddrSet::of(prefixes.iter().map(|prefix| prefix.parse::<Prefix>().unwrap()))
}

fn https() -> TransportSet {
    TransportSet::port(Protocol::TCP, PortRange::single(443))
}

#[test]
fn both_families_share_a_row_only_without_a_source() {
    let peers = PeerSet::from(addrs(&["192.0.2.0/24", "2001:db8::/32"]));
    let open = PacketSet::product(None, &peers, &https(), &true);
    assert_eq!(open.rows().len(), 1);
    exact(&open);
    let both = PacketSet::product(Some(&addrs(&["10.0.0.0/8", "fd00::/8"])), &peers, &https(), &true);
    let sources: Vec<_> = both.rows().into_iter().map(|row| row.source.unwrap()).collect();
    assert_eq!(sources, [addrs(&["fd00::/8"]), addrs(&["10.0.0.0/8"])]);
    exact(&both);
    // A source of one family says nothing to the peers of the other.
    let one = PacketSet::product(Some(&addrs(&["10.0.0.0/8"])), &peers, &https(), &true);
    assert_eq!(one.peer_addrs(), addrs(&["192.0.2.0/24"]));
    exact(&one);
    // Every source of one family is not every source, for names.
    let names = PeerSet::from(NameSet::full()).union(&PeerSet::from(GroupSet::of(["sg-1"])));
    let v4_only = PacketSet::product(Some(&AddrSet::all_v4()), &names, &https(), &true);
    assert!(v4_only.rows().iter().all(|row| row.source == Some(AddrSet::all_v4())));
    exact(&v4_only);
    let either =
        PacketSet::product(Some(&AddrSet::all_v4().union(&AddrSet::all_v6())), &names, &https(), &true);
    assert_eq!(either, PacketSet::product(None, &names, &https(), &true));
    assert!(either.rows().iter().all(|row| row.source.is_none()));
}

#[test]
fn sources_of_names_are_exact_at_the_seam_of_the_families() {
    let seam = [
        "255.255.255.255/32",
        "::/128",
        "0.0.0.0/32",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
        "128.0.0.0/1",
        "8000::/1",
        "0.0.0.0/0",
        "::/0",
        "::1/128",
        "255.255.255.254/32",
    ];
    let peers = PeerSet::from(NamePattern::Any.names()).union(&PeerSet::all_groups());
    for mask in 0..1_u32 << seam.len() {
        let chosen: Vec<&str> =
            (0..).zip(seam).filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, text)| text).collect();
        let source = addrs(&chosen);
        let set = PacketSet::product(Some(&source), &peers, &https(), &true);
        let all = source == AddrSet::all_v4().union(&AddrSet::all_v6());
        for row in set.rows() {
            assert_eq!(row.source, (!all).then(|| source.clone()), "{chosen:?}");
        }
        assert_eq!(set.rows().len(), if source.is_empty() { 0 } else { 2 });
    }
}

#[test]
fn whole_protocols_come_in_runs_and_icmp_by_type() {
    let all_but_tcp = TransportSet::full().subtract(&TransportSet::protocol(Protocol::TCP));
    let run = |first, last| TransportRow::Protocols(Protocol(first), Protocol(last));
    assert_eq!(all_but_tcp.rows(), [run(0, 5), run(7, 255)]);
    assert_eq!(TransportSet::full().rows(), [TransportRow::Any]);
    assert_eq!(TransportSet::protocols(Protocol(0), Protocol(255)).rows(), [TransportRow::Any]);
    assert_eq!(TransportSet::protocol(Protocol(255)).rows(), [run(255, 255)]);
    assert_eq!(TransportSet::full().subtract(&TransportSet::protocol(Protocol(255))).rows(), [run(0, 254)]);
    let ports = |first, last| PortRange::new(first, last).unwrap();
    let mixed = TransportSet::protocols(Protocol(5), Protocol(7))
        .subtract(&TransportSet::port(Protocol::TCP, ports(1, 65_534)))
        .union(&TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 255, code: Some(255) }))
        .union(&TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 0, code: None }));
    assert_eq!(
        mixed.rows(),
        [
            TransportRow::Icmp(
                Protocol::ICMP,
                vec![IcmpMatch { kind: 0, code: None }, IcmpMatch { kind: 255, code: Some(255) },]
            ),
            run(5, 5),
            TransportRow::Ports(Protocol::TCP, vec![ports(0, 0), ports(65_535, 65_535)]),
            run(7, 7),
        ]
    );
}
