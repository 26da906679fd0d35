//! Generators of sets at every level, and the points at which their membership is asked.

use egressor::packet::{
    AddrSet, GroupSet, Hostname, IcmpMatch, Interval, IntervalSet, NamePattern, NameSet, Packet, PacketSet,
    PathPrefix, Peer, PeerSet, PortRange, PortSet, Protocol, Set, TransportSet,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How the next piece joins what is there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    /// Adds it.
    Union,
    /// Keeps only what it has too.
    Intersect,
    /// Takes it away.
    Subtract,
}

impl Op {
    /// The operation on sets.
    pub(crate) fn apply<S: Set>(self, left: &S, right: &S) -> S {
        match self {
            Self::Union => left.union(right),
            Self::Intersect => left.intersect(right),
            Self::Subtract => left.subtract(right),
        }
    }

    /// The operation on membership.
    pub(crate) fn holds(self, left: bool, right: bool) -> bool {
        match self {
            Self::Union => left || right,
            Self::Intersect => left && right,
            Self::Subtract => left && !right,
        }
    }
}

/// Any of the three operations, the union most often, so that sets grow.
pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![3 => Just(Op::Union), 1 => Just(Op::Intersect), 2 => Just(Op::Subtract)]
}

/// A set made of up to six pieces.
pub(crate) fn combined<S: Set + std::fmt::Debug + 'static>(
    piece: impl Strategy<Value = S> + 'static,
) -> impl Strategy<Value = S> {
    vec((op(), piece), 0..6).prop_map(|pieces| {
        pieces.iter().fold(
            S::default(),
            |set, (op, piece)| {
                if set.is_empty() { piece.clone() } else { op.apply(&set, piece) }
            },
        )
    })
}

/// Ranges of integers, most of them with ends near the ends and the middle of the axis.
pub(crate) fn ranges<K: Interval + Arbitrary + 'static>(
    near: Vec<K>,
) -> impl Strategy<Value = IntervalSet<K>> {
    let key = prop_oneof![3 => select(near), 1 => any::<K>()];
    let key = key.boxed();
    let range = (key.clone(), key).prop_map(|(a, b)| if a <= b { (a, b) } else { (b, a) });
    vec(range, 0..4).prop_map(IntervalSet::from_ranges)
}

/// The keys at which any of the sets changes, those before them, and the ends of the axis.
pub(crate) fn points<K: Interval>(sets: &[&IntervalSet<K>]) -> Vec<K> {
    let mut points = vec![K::least(), K::greatest()];
    for (key, _) in sets.iter().flat_map(|set| set.cuts()) {
        points.extend(key.predecessor());
        points.push(key.clone());
    }
    points
}

/// Integers around the ends and the middle of each axis.
pub(crate) fn near_u8() -> Vec<u8> {
    vec![0, 1, 2, 126, 127, 128, 129, 253, 254, 255]
}
/// As `near_u8`.
pub(crate) fn near_u16() -> Vec<u16> {
    vec![0, 1, 2, 442, 443, 444, 32_767, 32_768, 65_533, 65_534, 65_535]
}
/// As `near_u8`.
pub(crate) fn near_u32() -> Vec<u32> {
    vec![0, 1, 2, 0x0A00_0000, 0x0A00_0001, 0x7FFF_FFFF, 0x8000_0000, u32::MAX - 2, u32::MAX - 1, u32::MAX]
}
/// As `near_u8`.
pub(crate) fn near_u128() -> Vec<u128> {
    let middle = 1_u128 << 127;
    let mapped = 0xFFFF_0000_0000_u128;
    vec![0, 1, 2, mapped, mapped + 1, middle - 1, middle, u128::MAX - 2, u128::MAX - 1, u128::MAX]
}

/// Sets of addresses of either family or both.
pub(crate) fn addrs() -> impl Strategy<Value = AddrSet> {
    (ranges(near_u32()), ranges(near_u128()), 0..3_u8).prop_map(|(v4, v6, families)| match families {
        0 => AddrSet { v4, v6: IntervalSet::default() },
        1 => AddrSet { v4: IntervalSet::default(), v6 },
        _ => AddrSet { v4, v6 },
    })
}

/// The address of these bits.
pub(crate) fn v4(bits: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(bits))
}

/// The address of these bits.
pub(crate) fn v6(bits: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(bits))
}

/// The hosts that patterns are about: up to three labels from an alphabet of two.
pub(crate) fn hosts() -> Vec<Hostname> {
    let labels = ["a", "b"];
    let mut hosts: Vec<String> = labels.map(str::to_owned).to_vec();
    for _ in 0..2 {
        let below: Vec<String> =
            hosts.iter().flat_map(|host| labels.map(|label| format!("{label}.{host}"))).collect();
        hosts.extend(below);
    }
    hosts.sort();
    hosts.dedup();
    hosts.iter().map(|host| host.parse().unwrap()).collect()
}

/// Path prefixes that touch, nest and stand alone. `/` stands for the whole host.
pub(crate) const PATHS: [&str; 9] = ["/", "/a", "/a/", "/a/a", "/a/b", "/a/c", "/b", "/c", "/d"];

/// Every kind of pattern about one host.
pub(crate) fn patterns_of(host: &Hostname) -> Vec<NamePattern> {
    let mut patterns = vec![
        NamePattern::Host(host.clone()),
        NamePattern::Tree(host.clone()),
        NamePattern::Below(host.clone()),
        NamePattern::OneBelow(host.clone()),
    ];
    let paths = PATHS.iter().map(|path| path.parse::<PathPrefix>().unwrap());
    patterns.extend(paths.map(|path| NamePattern::Path(host.clone(), path)));
    patterns
}

/// One pattern, mostly about few hosts, so that patterns meet.
pub(crate) fn pattern() -> impl Strategy<Value = NamePattern> {
    let few: Vec<NamePattern> =
        ["a", "a.a", "b.a"].iter().flat_map(|host| patterns_of(&host.parse().unwrap())).collect();
    let all: Vec<NamePattern> = hosts().iter().flat_map(patterns_of).collect();
    prop_oneof![1 => Just(NamePattern::Any), 12 => select(few), 6 => select(all)]
}

/// Sets of names.
pub(crate) fn names() -> impl Strategy<Value = NameSet> {
    combined(pattern().prop_map(|pattern| pattern.names()))
}

/// Hosts and paths in every region that patterns about `hosts` and `PATHS` can tell apart.
pub(crate) fn name_points() -> Vec<(Hostname, String)> {
    let mut points = Vec::new();
    let mut all: Vec<String> = vec!["z".into(), "z.z".into()];
    for host in hosts() {
        all.extend([host.to_string(), format!("z.{host}"), format!("z.z.{host}"), format!("{host}z")]);
    }
    for host in all {
        let host: Hostname = host.parse().unwrap();
        for path in PATHS {
            points.push((host.clone(), path.to_owned()));
            points.push((host.clone(), format!("{path}~")));
        }
    }
    points
}

/// Groups that are awkward: empty, the star, one that continues another with the least character.
pub(crate) const GROUPS: [&str; 9] = ["", "*", "\\*", "a", "a\0", "a\0\0", "b", "sg-0123", "ns/app=x"];

/// Sets of groups, finite and all but some.
pub(crate) fn groups() -> impl Strategy<Value = GroupSet> {
    let few = vec(select(GROUPS.to_vec()), 0..5).prop_map(GroupSet::of);
    combined(prop_oneof![5 => few, 1 => Just(GroupSet::full())])
}

/// Groups inside and outside of what is generated.
pub(crate) fn group_points() -> Vec<&'static str> {
    let mut points = GROUPS.to_vec();
    points.extend(["\0", "a\0\0\0", "a\0b", "zz"]);
    points
}

/// Sets of services: whole protocols, runs of them, ports, ICMP types, at both ends of each.
pub(crate) fn transports() -> impl Strategy<Value = TransportSet> {
    let protocol =
        || select(vec![0_u8, 1, 2, 5, 6, 7, 16, 17, 18, 57, 58, 132, 136, 254, 255]).prop_map(Protocol);
    let detail = || select(vec![0_u8, 1, 8, 128, 254, 255]);
    let port = || select(near_u16());
    let ported =
        select(vec![Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::DCCP, Protocol::UDPLITE]);
    let ports = (ported, vec((port(), port()), 1..4)).prop_map(|(protocol, ranges)| {
        let ranges = ranges.into_iter().map(|(a, b)| PortRange::new(a.min(b), a.max(b)).unwrap());
        TransportSet::ports(protocol, &PortSet::of(ranges))
    });
    let icmp = (select(vec![Protocol::ICMP, Protocol::ICMPV6]), detail(), proptest::option::of(detail()))
        .prop_map(|(protocol, kind, code)| TransportSet::icmp(protocol, IcmpMatch { kind, code }));
    let run = (protocol(), protocol())
        .prop_map(|(a, b)| TransportSet::protocols(Protocol(a.0.min(b.0)), Protocol(a.0.max(b.0))));
    combined(prop_oneof![
        1 => Just(TransportSet::full()),
        2 => protocol().prop_map(TransportSet::protocol),
        2 => run,
        5 => ports,
        3 => icmp,
    ])
}

/// A place on the service axis, as `TransportSet` documents it.
pub(crate) fn service(protocol: Protocol, detail: u16) -> u32 {
    (u32::from(protocol.0) << 16) | u32::from(detail)
}

/// Services in every region that `transports` can tell apart.
pub(crate) fn service_points() -> Vec<(Protocol, u16)> {
    let ported: Vec<u16> = near_u16();
    let icmp: Vec<u16> = [0, 1, 8, 100, 128, 254, 255]
        .iter()
        .flat_map(|kind| [0, 1, 8, 100, 128, 254, 255].map(|code| kind << 8 | code))
        .collect();
    let mut points = Vec::new();
    for number in 0..=u8::MAX {
        let protocol = Protocol(number);
        let details: &[u16] = if protocol.has_ports() {
            &ported
        } else if protocol.has_icmp_types() {
            &icmp
        } else {
            &[0, u16::MAX]
        };
        points.extend(details.iter().map(|detail| (protocol, *detail)));
    }
    points
}

/// Sets of peers, of one kind or of several.
pub(crate) fn peers() -> impl Strategy<Value = PeerSet> {
    prop_oneof![
        3 => addrs().prop_map(PeerSet::from),
        3 => names().prop_map(PeerSet::from),
        2 => groups().prop_map(PeerSet::from),
        2 => (addrs(), names(), groups()).prop_map(|(addrs, names, groups)| PeerSet { addrs, names, groups }),
        1 => Just(everyone()),
    ]
}

/// Every peer of every kind.
pub(crate) fn everyone() -> PeerSet {
    PeerSet::all_addrs().union(&PeerSet::all_names()).union(&PeerSet::all_groups())
}

/// Every packet.
pub(crate) fn everything() -> PacketSet {
    PacketSet::product(None, &everyone(), &TransportSet::full(), &true)
}

/// Sets of packets.
pub(crate) fn packets() -> impl Strategy<Value = PacketSet> {
    let source = prop_oneof![2 => Just(None), 3 => addrs().prop_map(Some)];
    let product = (source, peers(), transports()).prop_map(|(source, peers, transport)| {
        PacketSet::product(source.as_ref(), &peers, &transport, &true)
    });
    combined(product)
}

/// The far end of a packet, owned.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// An address.
    Addr(IpAddr),
    /// A host and a path on it.
    Name(Hostname, String),
    /// A group.
    Group(&'static str),
}

/// One packet, owned.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// The far end.
    pub(crate) end: End,
    /// The near end.
    pub(crate) source: IpAddr,
    /// The protocol.
    pub(crate) protocol: Protocol,
    /// Its port or ICMP type and code.
    pub(crate) detail: u16,
}

impl Point {
    /// Reports whether the set holds the packet.
    pub(crate) fn is_in(&self, set: &PacketSet) -> bool {
        let peer = match &self.end {
            End::Addr(addr) => Peer::Addr(*addr),
            End::Name(host, path) => Peer::Name(host, path),
            End::Group(group) => Peer::Group(group),
        };
        set.at(&Packet { peer, source: self.source, protocol: self.protocol, detail: self.detail })
    }
}

/// Packets chosen at random from all regions that `packets` can tell apart.
pub(crate) fn packet_points(count: usize) -> impl Strategy<Value = Vec<Point>> {
    let addr = || prop_oneof![select(near_u32()).prop_map(v4), select(near_u128()).prop_map(v6)];
    let end = prop_oneof![
        addr().prop_map(End::Addr),
        select(name_points()).prop_map(|(host, path)| End::Name(host, path)),
        select(group_points()).prop_map(End::Group),
    ];
    let point = (end, addr(), select(service_points())).prop_map(|(end, source, (protocol, detail))| Point {
        end,
        source,
        protocol,
        detail,
    });
    vec(point, count..=count)
}
