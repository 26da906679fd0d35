//! Ports and types of ICMP as Cilium writes them.

use crate::packet::{IcmpMatch, PortRange, Protocol, Set, TransportRow, TransportSet};

/// The most ports of an entry of `toPorts`.
pub(super) const PORTS_MAX: usize = 40;
/// The most types of an entry of `icmps`.
pub(super) const ICMPS_MAX: usize = 40;

/// The protocols that have ports here, with their names.
pub(super) const PROTOCOLS: [(&str, Protocol); 3] =
    [("TCP", Protocol::TCP), ("UDP", Protocol::UDP), ("SCTP", Protocol::SCTP)];
/// The families of ICMP.
pub(super) const FAMILIES: [(&str, Protocol); 2] = [("IPv4", Protocol::ICMP), ("IPv6", Protocol::ICMPV6)];

/// What one rule says of services.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Services {
    /// Nothing: every service of every protocol.
    All,
    /// Ports of TCP, UDP and SCTP.
    Ports(Vec<Service>),
    /// Types of ICMP, with the family.
    Icmp(Vec<(&'static str, u8)>),
}

/// Services of one protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Service {
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: &'static str,
    /// The ports; `None` when all are meant, which the port 0 says.
    pub(super) ports: Option<PortRange>,
}

impl Services {
    /// Reports whether everything in the other ones is in these too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let holds = |own: &Service, other: &Service| {
            let ports = match (own.ports, other.ports) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(ports)) => own.first() <= ports.first() && ports.last() <= own.last(),
            };
            own.protocol == other.protocol && ports
        };
        match (self, other) {
            (Self::All, _) => true,
            (Self::Ports(own), Self::Ports(ports)) => {
                ports.iter().all(|port| own.iter().any(|own| holds(own, port)))
            }
            (Self::Icmp(own), Self::Icmp(types)) => types.iter().all(|kind| own.contains(kind)),
            (Self::Ports(_) | Self::Icmp(_), _) => false,
        }
    }

    /// Reports whether nothing but the port of the DNS is meant, where Cilium can look into queries.
    pub(super) fn is_dns(&self) -> bool {
        let is_53 =
            |service: &Service| service.protocol != "SCTP" && service.ports == Some(PortRange::single(53));
        matches!(self, Self::Ports(ports) if ports.iter().all(is_53))
    }
}

/// Says services as far as they can be said: what is written, what that means, and what has no words.
pub(super) fn say(asked: &TransportSet, why: &mut Vec<String>) -> Vec<(Services, TransportSet)> {
    if asked.is_full() {
        return vec![(Services::All, asked.clone())];
    }
    let (mut ports, mut said_ports) = (Vec::new(), Vec::new());
    let (mut types, mut said_types) = (Vec::new(), Vec::new());
    let every_type = |family, protocol, types: &mut Vec<_>, said: &mut Vec<_>| {
        types.extend((0..=u8::MAX).map(|kind| (family, kind)));
        said.push(TransportSet::protocol(protocol));
    };
    for row in asked.rows() {
        match row {
            TransportRow::Protocols(first, last) => {
                for (name, protocol) in PROTOCOLS {
                    if (first..=last).contains(&protocol) {
                        ports.push(Service { protocol: name, ports: None });
                        said_ports.push(TransportSet::protocol(protocol));
                    }
                }
                for (family, protocol) in FAMILIES {
                    if (first..=last).contains(&protocol) {
                        every_type(family, protocol, &mut types, &mut said_types);
                    }
                }
            }
            TransportRow::Ports(protocol, ranges) => {
                let Some((name, _)) = PROTOCOLS.into_iter().find(|(_, known)| *known == protocol) else {
                    continue;
                };
                // The port 0 means all ports, so it cannot be said by itself.
                let ranges = ranges.into_iter();
                for range in
                    ranges.filter_map(|range| PortRange::new(range.first().max(1), range.last()).ok())
                {
                    ports.push(Service { protocol: name, ports: Some(range) });
                    said_ports.push(TransportSet::port(protocol, range));
                }
            }
            TransportRow::Icmp(protocol, matches) => {
                let family = FAMILIES.into_iter().find(|(_, known)| *known == protocol);
                for (family, kind) in family.into_iter().flat_map(|(family, _)| {
                    matches.iter().filter(|one| one.code.is_none()).map(move |one| (family, one.kind))
                }) {
                    types.push((family, kind));
                    said_types.push(TransportSet::icmp(protocol, IcmpMatch { kind, code: None }));
                }
            }
            TransportRow::Any => {}
        }
    }
    types.sort_unstable();
    let said = [said_ports.clone(), said_types.clone()].concat();
    why.extend(asked.subtract(&TransportSet::union_all(&said)).rows().iter().map(describe));
    let mut pieces = Vec::new();
    if !ports.is_empty() {
        pieces.push((Services::Ports(ports), TransportSet::union_all(&said_ports)));
    }
    if !types.is_empty() {
        pieces.push((Services::Icmp(types), TransportSet::union_all(&said_types)));
    }
    pieces
}

/// Services in words, for a finding.
fn describe(row: &TransportRow) -> String {
    match row {
        TransportRow::Any => "every protocol".to_owned(),
        TransportRow::Protocols(first, last) if first == last => format!("the protocol {first}"),
        TransportRow::Protocols(first, last) => format!("the protocols {} to {}", first.0, last.0),
        TransportRow::Ports(protocol, ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("the {protocol} port {}", ranges.join(","))
        }
        TransportRow::Icmp(protocol, _) => format!("codes of {protocol}"),
    }
}

/// The names that Cilium has for types of ICMP.
/// <https://docs.cilium.io/en/stable/security/policy/language/#limit-icmp-icmpv6-types>
const TYPES: [(&str, &str, u8); 25] = [
    ("IPv4", "EchoReply", 0),
    ("IPv4", "DestinationUnreachable", 3),
    ("IPv4", "Redirect", 5),
    ("IPv4", "Echo", 8),
    ("IPv4", "EchoRequest", 8),
    ("IPv4", "RouterAdvertisement", 9),
    ("IPv4", "RouterSelection", 10),
    ("IPv4", "TimeExceeded", 11),
    ("IPv4", "ParameterProblem", 12),
    ("IPv4", "Timestamp", 13),
    ("IPv4", "TimestampReply", 14),
    ("IPv6", "DestinationUnreachable", 1),
    ("IPv6", "PacketTooBig", 2),
    ("IPv6", "TimeExceeded", 3),
    ("IPv6", "ParameterProblem", 4),
    ("IPv6", "EchoRequest", 128),
    ("IPv6", "EchoReply", 129),
    ("IPv6", "MulticastListenerQuery", 130),
    ("IPv6", "MulticastListenerReport", 131),
    ("IPv6", "MulticastListenerDone", 132),
    ("IPv6", "RouterSolicitation", 133),
    ("IPv6", "RouterAdvertisement", 134),
    ("IPv6", "NeighborSolicitation", 135),
    ("IPv6", "NeighborAdvertisement", 136),
    ("IPv6", "RedirectMessage", 137),
];

/// The number of a type of ICMP by its name.
pub(super) fn type_named(family: &str, name: &str) -> Option<u8> {
    TYPES.into_iter().find(|(of, known, _)| *of == family && *known == name).map(|(_, _, kind)| kind)
}
