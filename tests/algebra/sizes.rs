//! What operations say of their size before they are done: limits rest on it.

use egressor::packet::{
    AddrSet, GroupSet, Limit, NamePattern, Overlay, PacketSet, PeerSet, PortRange, PortSet, Prefix, Protocol,
    Set, TransportSet,
};

fn block(text: &str) -> AddrSet {
    AddrSet::of([text.parse::<Prefix>().expect("a block")])
}

fn tcp(port: u16) -> TransportSet {
    TransportSet::port(Protocol::TCP, PortRange::new(port, port).expect("a port"))
}

fn packets(peers: &PeerSet, port: u16) -> PacketSet {
    PacketSet::product(None, peers, &tcp(port), &true)
}

fn everywhere() -> PeerSet {
    let names = NamePattern::Host("a.example".parse().expect("a host")).names();
    let addrs = block("10.0.0.0/8").union(&block("2001:db8::/32"));
    PeerSet { addrs, names, groups: GroupSet::of(["nodes"]) }
}

/// The functions of services of one port have two cuts each.
#[test]
fn the_size_of_a_combination_counts_each_pair_of_services_that_meet_once() {
    let of = |text: &str, port: u16| packets(&PeerSet::from(block(text)), port);
    let small = of("10.0.0.0/9", 80);
    // Half of the block meets the other one's services, and half of it nothing.
    assert_eq!(of("10.0.0.0/8", 443).zip_size(&small), 4 + 2);
    assert_eq!(of("11.0.0.0/8", 443).zip_size(&small), 2 + 2, "apart, each meets nothing");
    assert_eq!(of("2001:db8::/32", 443).zip_size(&small), 2 + 2, "in two families");
    assert_eq!(PacketSet::default().zip_size(&small), 2);
    assert_eq!(PacketSet::default().zip_size(&PacketSet::default()), 0);
    // In each of the four kinds of peers, two functions of services meet.
    let (one, other) = (packets(&everywhere(), 443), packets(&everywhere(), 80));
    assert_eq!(one.zip_size(&other), 4 * 4);
}

/// A combination is not larger than was said: every block meets every port of the other set.
#[test]
fn no_combination_has_more_cuts_than_was_said() {
    let several = |port: u16, length: u8| {
        let sets = (0..20_u8)
            .map(|at| packets(&PeerSet::from(block(&format!("10.{at}.0.0/{length}"))), port + u16::from(at)));
        sets.fold(PacketSet::default(), |all, one| all.union(&one))
    };
    let (one, other) = (several(100, 16), several(110, 17));
    let rows = one.union(&other).rows().len();
    assert!(rows > 20 && rows <= one.zip_size(&other), "{rows} rows, {}", one.zip_size(&other));
}

#[test]
fn cuts_of_every_kind_of_peer_are_counted() {
    assert_eq!(PacketSet::default().peer_cuts(), 0);
    assert_eq!(packets(&PeerSet::from(block("10.0.0.0/8")), 80).peer_cuts(), 2);
    let PeerSet { addrs, names, groups } = everywhere();
    let only = |peers: PeerSet| packets(&peers, 80).peer_cuts();
    let each = [only(PeerSet::from(addrs)), only(PeerSet::from(names)), only(PeerSet::from(groups))];
    assert_eq!(each.map(|cuts| cuts > 1), [true; 3], "{each:?}");
    assert_eq!(packets(&everywhere(), 80).peer_cuts(), each.iter().sum::<usize>());
}

#[test]
fn what_lies_within_peers_is_counted_for_those_peers_only() {
    let all = packets(&everywhere(), 80);
    assert_eq!(all.cuts_within(&PeerSet::default()), 1);
    // A block begins and ends in the one around it, and in nothing that lies apart.
    assert_eq!(all.cuts_within(&PeerSet::from(block("0.0.0.0/1"))), 1 + 1 + 2);
    assert_eq!(all.cuts_within(&PeerSet::from(block("192.0.2.0/24"))), 1 + 1);
    assert!(all.cuts_within(&everywhere()) > all.cuts_within(&PeerSet::from(block("0.0.0.0/1"))));
}

/// Every other port, but for one: a thousand ranges.
fn every_other(except: u16) -> TransportSet {
    let ports = (0..1000_u16).map(|at| 2 * at + 1).filter(|port| *port != 2 * except + 1);
    let ranges = ports.map(|port| PortRange::new(port, port).expect("a port"));
    TransportSet::ports(Protocol::TCP, &PortSet::of(ranges))
}

/// Fifty blocks with a thousand ranges of ports each, and a value that holds for the whole block around them.
fn fifty_blocks(around: u8) -> Overlay<u8> {
    let mut overlay = Overlay::default();
    for at in 0..50_u8 {
        let peers = PeerSet::from(block(&format!("10.{at}.0.0/16")));
        overlay.product(None, &peers, Some(&every_other(u16::from(at))), &1);
    }
    overlay.product(None, &PeerSet::from(block("10.0.0.0/8")), Some(&TransportSet::full()), &around);
    overlay
}

#[test]
fn what_is_kept_and_what_is_only_looked_at_is_limited() {
    let joined = |around: u8, limit: Limit| fifty_blocks(around).join(|a, b| *a.max(b), limit);
    // Where the ports stay, fifty functions of two thousand cuts are kept. A limit a little above them is kept to.
    let mixed = |limit: Limit| {
        let mut overlay = fifty_blocks(0);
        for at in 0..50_u8 {
            let peers = PeerSet::from(block(&format!("10.{at}.0.0/16")));
            overlay.product(None, &peers, Some(&tcp(2)), &2);
        }
        overlay.join(|a, b| *a.max(b), limit)
    };
    assert!(mixed(Limit::of(110_000)).is_ok());
    let error = mixed(Limit::of(50_000)).expect_err("fifty times two thousand");
    assert!(error.limit == 50_000 && error.services >= 1998 && error.peers >= 50, "{error:?}");
    // Where the value around them hides the ports, next to nothing is kept, and a hundred thousand cuts are looked at.
    assert!(joined(2, Limit::of(110_000)).is_ok() && joined(2, Limit::of(5_000)).is_ok());
    assert!(joined(2, Limit::of(1_000)).is_err(), "32 looks for each cut that may be kept");
}
