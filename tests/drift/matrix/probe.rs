//! Packets to ask about, and what rule sets and declared losses say of each: an oracle that looks at points.

use egressor::packet::{
    AddrSet, Hostname, NamePattern, Packet, PacketSet, Peer, Protocol, RowPeer, Set, TransportRow,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The far end of a probe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Far {
    Addr(IpAddr),
    Name(Hostname, String),
    Group(String),
}

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Probe {
    pub(crate) far: Far,
    pub(crate) protocol: Protocol,
    pub(crate) detail: u16,
}

/// Whether a packet passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passes {
    Surely,
    Perhaps,
    Never,
}

impl Probe {
    pub(crate) fn is_in(&self, set: &PacketSet) -> bool {
        let (peer, v6) = match &self.far {
            Far::Addr(addr) => (Peer::Addr(*addr), addr.is_ipv6()),
            Far::Name(host, path) => (Peer::Name(host, path), false),
            Far::Group(group) => (Peer::Group(group), false),
        };
        let source: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        set.at(&Packet { peer, source, protocol: self.protocol, detail: self.detail })
    }

    /// Whether a packet to an address passes where rules name hosts: surely by a host whose every path is let
    /// through and perhaps by one of which a part is, or where these count by one that nobody looked up.
    pub(crate) fn by_name(&self, set: &PacketSet, lock: &Lock, strangers: bool) -> Passes {
        let Far::Addr(addr) = &self.far else { return self.passes(set) };
        if self.is_in(set) {
            return Passes::Surely;
        }
        // ICMP is IPv4's and ICMPv6 is IPv6's.
        if self.protocol == if addr.is_ipv6() { Protocol::ICMP } else { Protocol::ICMPV6 } {
            return Passes::Never;
        }
        let mut perhaps = false;
        for (host, addrs) in &lock.hosts {
            if !addrs.contains(*addr) {
                continue;
            }
            let paths = ["/", "/public/", "/private/"];
            let pass = |path: &&str| self.at(Far::Name(host.clone(), (*path).to_owned())).is_in(set);
            match paths.iter().filter(|path| pass(path)).count() {
                0 => {}
                count if count == paths.len() => return Passes::Surely,
                _ => perhaps = true,
            }
        }
        let stranger = |name: &Hostname| self.at(Far::Name(name.clone(), "/".into())).is_in(set);
        if perhaps || (strangers && lock.strangers.iter().any(stranger)) {
            Passes::Perhaps
        } else {
            Passes::Never
        }
    }

    pub(crate) fn passes(&self, set: &PacketSet) -> Passes {
        if self.is_in(set) { Passes::Surely } else { Passes::Never }
    }

    fn at(&self, far: Far) -> Self {
        Self { far, ..self.clone() }
    }
}

/// What is known of hosts, and names that nobody looked up.
pub(crate) struct Lock {
    pub(crate) hosts: BTreeMap<Hostname, AddrSet>,
    pub(crate) strangers: Vec<Hostname>,
}

impl Lock {
    /// These hosts; strangers are names beside and below all that sets speak of.
    pub(crate) fn of(hosts: BTreeMap<Hostname, AddrSet>, sets: &[&PacketSet]) -> Self {
        let mut strangers: BTreeSet<Hostname> = BTreeSet::new();
        for name in named(sets) {
            for text in [name.as_str().to_owned(), format!("x.{name}"), format!("x.y.{name}")] {
                strangers.extend(text.parse::<Hostname>().ok());
            }
        }
        strangers.extend("stranger.example.net".parse::<Hostname>().ok());
        strangers.retain(|name| !hosts.contains_key(name));
        Self { hosts, strangers: strangers.into_iter().collect() }
    }
}

fn named(sets: &[&PacketSet]) -> BTreeSet<Hostname> {
    let mut hosts = BTreeSet::new();
    for row in sets.iter().flat_map(|set| set.rows()) {
        let RowPeer::Names(names, except) = row.peer else { continue };
        hosts.extend(names.into_iter().chain(except).filter_map(|pattern| match pattern {
            NamePattern::Any => None,
            NamePattern::Host(host)
            | NamePattern::Path(host, _)
            | NamePattern::Tree(host)
            | NamePattern::Below(host)
            | NamePattern::OneBelow(host) => Some(host),
        }));
    }
    hosts
}

/// Packets at, before and behind every edge of some sets, and of the addresses of hosts.
pub(crate) fn probes(sets: &[&PacketSet], lock: &Lock) -> Vec<Probe> {
    let mut far: BTreeSet<Far> = BTreeSet::new();
    let mut services: BTreeSet<(Protocol, u16)> =
        [(Protocol::TCP, 1), (Protocol::UDP, 1), (Protocol(99), 0)].into();
    let mut addrs: Vec<AddrSet> = lock.hosts.values().cloned().collect();
    for row in sets.iter().flat_map(|set| set.rows()) {
        match &row.peer {
            RowPeer::Addrs(of_row) => addrs.push(of_row.clone()),
            RowPeer::Groups(groups, _) => {
                far.extend(groups.iter().filter(|group| *group != "*").cloned().map(Far::Group));
            }
            RowPeer::Names(..) => {}
        }
        match &row.transport {
            TransportRow::Any => {}
            TransportRow::Protocols(first, last) => {
                let edges = [first.0.wrapping_sub(1), first.0, last.0, last.0.wrapping_add(1)];
                services.extend(edges.map(|number| (Protocol(number), 0)));
            }
            TransportRow::Ports(protocol, ranges) => {
                for range in ranges {
                    let (first, last) = (range.first(), range.last());
                    let edges = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
                    services.extend(edges.map(|port| (*protocol, port)));
                }
            }
            TransportRow::Icmp(protocol, types) => {
                for icmp in types {
                    let detail = u16::from_be_bytes([icmp.kind, icmp.code.unwrap_or(0)]);
                    services.extend(
                        [detail, detail.wrapping_add(1), detail.wrapping_add(256)].map(|it| (*protocol, it)),
                    );
                }
            }
        }
    }
    let addrs = AddrSet::union_all(&addrs);
    for (first, last) in addrs.v4.ranges() {
        let edges = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
        far.extend(edges.map(|bits| Far::Addr(Ipv4Addr::from_bits(bits).into())));
    }
    for (first, last) in addrs.v6.ranges() {
        let edges = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
        far.extend(edges.map(|bits| Far::Addr(Ipv6Addr::from_bits(bits).into())));
    }
    let hosts = lock.hosts.keys().cloned().chain(lock.strangers.iter().cloned()).chain(named(sets));
    for host in hosts {
        far.extend(["/", "/public/", "/private/"].map(|path| Far::Name(host.clone(), path.to_owned())));
    }
    far.into_iter()
        .flat_map(|far| services.iter().map(move |(protocol, detail)| (far.clone(), *protocol, *detail)))
        .map(|(far, protocol, detail)| Probe { far, protocol, detail })
        .collect()
}
