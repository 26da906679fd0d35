//! Protocols, ports and ICMP types as matches of `nft`.

use crate::packet::{PortRange, Protocol, Set, TransportRow, TransportSet};
use crate::targets::packet_filters::accepted::Service;
use crate::targets::packet_filters::region::Family;
use serde::Serialize;

/// A service in the words of `nft`. Every absent field is unconstrained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Spelt {
    /// The number of `meta l4proto`.
    protocol: Option<String>,
    /// `tcp`, before its ports.
    with_ports: Option<&'static str>,
    /// Ports and ranges of ports.
    ports: Vec<String>,
    /// `icmp` or `icmpv6`, before its type.
    icmp: Option<&'static str>,
    /// Types.
    types: Vec<String>,
    /// A code.
    code: Option<String>,
}

/// The headers of IPv6 behind which the kernel looks for the protocol.
const EXTENSIONS: [u8; 5] = [0, 43, 44, 51, 60];

/// The match of a service; none when it is all of them.
pub(super) fn spelt(service: &Service) -> Option<Spelt> {
    match service {
        Service::Any => None,
        Service::Protocol(protocol) => {
            let name = protocol.name().filter(|_| *protocol == Protocol::TCP || *protocol == Protocol::UDP);
            let word = name.map_or_else(|| protocol.0.to_string(), str::to_owned);
            Some(Spelt { protocol: Some(word), ..Spelt::default() })
        }
        Service::Ports(protocol, ranges) => {
            let ports = ranges.iter().map(PortRange::to_string).collect();
            Some(Spelt { with_ports: protocol.name(), ports, ..Spelt::default() })
        }
        Service::Icmp(protocol, icmp) => {
            let word = if *protocol == Protocol::ICMP { "icmp" } else { "icmpv6" };
            let code = icmp.code.map(|code| code.to_string());
            Some(Spelt { icmp: Some(word), types: vec![icmp.kind.to_string()], code, ..Spelt::default() })
        }
    }
}

/// The match of some types of `ICMPv6`.
pub(super) fn icmpv6(types: &[u8]) -> Spelt {
    Spelt { icmp: Some("icmpv6"), types: types.iter().map(u8::to_string).collect(), ..Spelt::default() }
}

/// The rules that a set of services takes, and the services that no rule can say.
pub(super) fn services(transport: &TransportSet, family: Family) -> (Vec<Service>, TransportSet) {
    let mut said = Vec::new();
    let mut unsaid = TransportSet::default();
    for row in transport.rows() {
        match row {
            TransportRow::Any => said.push(Service::Any),
            TransportRow::Protocols(first, last) => {
                for number in first.0..=last.0 {
                    let protocol = Protocol(number);
                    if family == Family::V6 && EXTENSIONS.contains(&number) {
                        unsaid = Set::union(&unsaid, &TransportSet::protocol(protocol));
                    } else {
                        said.push(Service::Protocol(protocol));
                    }
                }
            }
            TransportRow::Ports(protocol, ranges) => said.push(Service::Ports(protocol, ranges)),
            TransportRow::Icmp(protocol, types) => {
                let own = if family == Family::V4 { Protocol::ICMP } else { Protocol::ICMPV6 };
                for icmp in types {
                    // The types of the other family have no words: `icmp type` is of IPv4.
                    if protocol == own {
                        said.push(Service::Icmp(protocol, icmp));
                    } else {
                        unsaid = Set::union(&unsaid, &TransportSet::icmp(protocol, icmp));
                    }
                }
            }
        }
    }
    (said, unsaid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::IcmpMatch;

    #[test]
    fn what_would_widen_is_left_unsaid() {
        let echo = TransportSet::icmp(Protocol::ICMPV6, IcmpMatch { kind: 128, code: Some(0) });
        assert_eq!(services(&echo, Family::V4), (vec![], echo.clone()));
        let zero = TransportSet::protocols(Protocol(0), Protocol(1));
        let (said, unsaid) = services(&zero, Family::V6);
        assert_eq!(said, [Service::Protocol(Protocol::ICMP)]);
        assert_eq!(unsaid, TransportSet::protocol(Protocol(0)));
        assert!(services(&zero, Family::V4).1.is_empty());
    }
}
