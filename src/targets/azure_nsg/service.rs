//! The services that a rule of a network security group can say.
//!
//! Azure's REST API, "Security Rules", `SecurityRuleProtocol`: `*`, `Ah`, `Esp`, `Icmp`, `Tcp`, `Udp`. Ports are those of
//! TCP and UDP; there is no field for ICMP types, and "ICMPv6 isn't currently supported in Network Security Groups".

use crate::packet::{PortRange, PortSet, Protocol, TransportRow, TransportSet};

/// The protocol and the ports of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    /// As Azure spells it.
    pub(super) protocol: &'static str,
    /// The ports; none when all are meant.
    pub(super) ports: Vec<PortRange>,
    /// The packets.
    pub(super) set: TransportSet,
}

/// A set of services as rules say it, and what of it cannot be said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sayable {
    pub(super) services: Vec<Service>,
    /// Protocols that have no name here.
    pub(super) unnamed: TransportSet,
    /// Ports of protocols whose ports are not looked at.
    pub(super) portless: TransportSet,
    /// ICMP types.
    pub(super) typed: TransportSet,
}

/// Every protocol.
const ANY: &str = "*";

const NAMES: [(&str, Protocol); 5] = [
    ("Icmp", Protocol::ICMP),
    ("Tcp", Protocol::TCP),
    ("Udp", Protocol::UDP),
    ("Esp", Protocol(50)),
    ("Ah", Protocol(51)),
];

/// Splits a set of services into what rules can say, protocol by protocol, and what they cannot.
pub(super) fn sayable(transport: &TransportSet) -> Sayable {
    let mut sayable = Sayable::default();
    for row in transport.rows() {
        match row {
            TransportRow::Any => {
                let set = TransportSet::full();
                sayable.services.push(Service { protocol: ANY, ports: Vec::new(), set });
            }
            TransportRow::Protocols(first, last) => {
                for protocol in (first.0..=last.0).map(Protocol) {
                    let set = TransportSet::protocol(protocol);
                    match spelled(protocol) {
                        Some(name) => {
                            sayable.services.push(Service { protocol: name, ports: Vec::new(), set });
                        }
                        None => sayable.unnamed = sayable.unnamed.union(&set),
                    }
                }
            }
            TransportRow::Ports(protocol, ranges) => {
                let set = TransportSet::ports(protocol, &PortSet::of(ranges.iter().copied()));
                match spelled(protocol) {
                    Some(name) => sayable.services.push(Service { protocol: name, ports: ranges, set }),
                    None => sayable.portless = sayable.portless.union(&set),
                }
            }
            TransportRow::Icmp(protocol, types) => {
                for icmp in types {
                    sayable.typed = sayable.typed.union(&TransportSet::icmp(protocol, icmp));
                }
            }
        }
    }
    sayable
}

/// What a file names as a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Every one.
    Any,
    /// One.
    One(Protocol),
}

/// The protocol of that name, whatever its case; Azure does not mind it.
pub(super) fn protocol(text: &str) -> Option<Named> {
    if text == ANY || text.eq_ignore_ascii_case("any") {
        return Some(Named::Any);
    }
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, known)| Named::One(*known))
}

impl Named {
    /// All packets of the protocol.
    pub(super) fn whole(self) -> TransportSet {
        match self {
            Self::Any => TransportSet::full(),
            Self::One(protocol) => TransportSet::protocol(protocol),
        }
    }

    /// The packets of some ports, or nothing where the protocol has none. Without a protocol, ports are those of TCP and
    /// UDP: a packet of any other has no port that could be looked at.
    pub(super) fn ports(self, ports: &PortSet) -> Option<TransportSet> {
        match self {
            Self::Any => {
                let of = |protocol| TransportSet::ports(protocol, ports);
                Some(of(Protocol::TCP).union(&of(Protocol::UDP)))
            }
            Self::One(protocol) if matches!(protocol, Protocol::TCP | Protocol::UDP) => {
                Some(TransportSet::ports(protocol, ports))
            }
            Self::One(_) => None,
        }
    }
}

fn spelled(protocol: Protocol) -> Option<&'static str> {
    NAMES.iter().find(|(_, known)| *known == protocol).map(|(name, _)| *name)
}
