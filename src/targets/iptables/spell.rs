//! Protocols, ports and ICMP types as options of `iptables`.

use super::MULTIPORT_SLOTS;
use super::services::is_extension_header;
use crate::packet::{PortRange, Protocol, Set, TransportRow, TransportSet};
use crate::targets::packet_filters::accepted::Service;
use crate::targets::packet_filters::region::Family;

/// One option with the module that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Test {
    /// `tcp`, `multiport`.
    pub(super) module: String,
    /// `--dport`.
    pub(super) option: &'static str,
    /// `443`.
    pub(super) value: String,
}

/// Names that iptables knows by itself. Any other name takes a look-up in a file that a host may not have.
const NAMES: [(Protocol, &str); 8] = [
    (Protocol::ICMP, "icmp"),
    (Protocol::TCP, "tcp"),
    (Protocol::UDP, "udp"),
    (Protocol(50), "esp"),
    (Protocol(51), "ah"),
    (Protocol::ICMPV6, "ipv6-icmp"),
    (Protocol::SCTP, "sctp"),
    (Protocol::UDPLITE, "udplite"),
];

impl Service {
    /// The value of `-p`, if there is one.
    pub(super) fn protocol(&self) -> Option<String> {
        let (Self::Protocol(protocol) | Self::Ports(protocol, _) | Self::Icmp(protocol, _)) = self else {
            return None;
        };
        let name = NAMES.iter().find(|(known, _)| known == protocol).map(|(_, name)| (*name).to_owned());
        Some(name.unwrap_or_else(|| protocol.0.to_string()))
    }

    /// What is asked besides the protocol.
    pub(super) fn test(&self) -> Option<Test> {
        match self {
            Self::Any | Self::Protocol(_) => None,
            Self::Icmp(protocol, icmp) => {
                let (module, option) = if *protocol == Protocol::ICMP {
                    ("icmp", "--icmp-type")
                } else {
                    ("icmp6", "--icmpv6-type")
                };
                let code = icmp.code.map(|code| format!("/{code}")).unwrap_or_default();
                Some(Test { module: module.to_owned(), option, value: format!("{}{code}", icmp.kind) })
            }
            Self::Ports(protocol, ranges) => {
                let items: Vec<String> = ranges.iter().map(|range| ports(*range)).collect();
                // UDP-Lite has no module of its own for a single port.
                let module = protocol.name().filter(|_| ranges.len() == 1 && *protocol != Protocol::UDPLITE);
                let option = if module.is_some() { "--dport" } else { "--dports" };
                Some(Test {
                    module: module.unwrap_or("multiport").to_owned(),
                    option,
                    value: items.join(","),
                })
            }
        }
    }
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
                    // `-p 0` is every protocol, so the protocol of that number cannot be named.
                    let protocol = Protocol(number);
                    if number == 0 || (family == Family::V6 && is_extension_header(protocol)) {
                        unsaid = Set::union(&unsaid, &TransportSet::protocol(protocol));
                    } else {
                        said.push(Service::Protocol(protocol));
                    }
                }
            }
            TransportRow::Ports(protocol, ranges) => {
                said.extend(slots(&ranges).into_iter().map(|ranges| Service::Ports(protocol, ranges)));
            }
            TransportRow::Icmp(protocol, types) => {
                let own = if family == Family::V4 { Protocol::ICMP } else { Protocol::ICMPV6 };
                for icmp in types {
                    // The types of the other family have no option, and type 255 of ICMP stands for every type.
                    if protocol != own || (protocol == Protocol::ICMP && icmp.kind == u8::MAX) {
                        unsaid = Set::union(&unsaid, &TransportSet::icmp(protocol, icmp));
                    } else {
                        said.push(Service::Icmp(protocol, icmp));
                    }
                }
            }
        }
    }
    (said, unsaid)
}

/// Ports in lists that fit one rule each.
fn slots(ranges: &[PortRange]) -> Vec<Vec<PortRange>> {
    let mut lists: Vec<Vec<PortRange>> = Vec::new();
    let mut free = 0_usize;
    for range in ranges {
        let size = if range.first() == range.last() { 1 } else { 2 };
        match lists.last_mut() {
            Some(list) if size <= free => list.push(*range),
            _ => {
                lists.push(vec![*range]);
                free = MULTIPORT_SLOTS;
            }
        }
        free = free.saturating_sub(size);
    }
    lists
}

fn ports(range: PortRange) -> String {
    if range.first() == range.last() {
        range.first().to_string()
    } else {
        format!("{}:{}", range.first(), range.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{IcmpMatch, PortSet};

    fn said(transport: &TransportSet, family: Family) -> Vec<String> {
        let (services, _) = services(transport, family);
        services
            .iter()
            .map(|service| {
                let test =
                    service.test().map(|test| format!(" -m {} {} {}", test.module, test.option, test.value));
                format!("{}{}", service.protocol().unwrap_or_default(), test.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn many_ports_are_split_so_that_each_rule_has_room() {
        let ranges = (0..20).map(|port| PortRange::new(port * 10, port * 10 + u16::from(port > 9)).unwrap());
        let transport = TransportSet::ports(Protocol::TCP, &PortSet::of(ranges));
        assert_eq!(
            said(&transport, Family::V4),
            [
                "tcp -m multiport --dports 0,10,20,30,40,50,60,70,80,90,100:101,110:111",
                "tcp -m multiport --dports 120:121,130:131,140:141,150:151,160:161,170:171,180:181",
                "tcp -m tcp --dport 190:191",
            ]
        );
    }

    #[test]
    fn what_would_widen_is_left_unsaid() {
        let zero = TransportSet::protocols(Protocol(0), Protocol(1));
        let (services_, unsaid) = services(&zero, Family::V4);
        assert_eq!(services_, [Service::Protocol(Protocol::ICMP)]);
        assert_eq!(unsaid, TransportSet::protocol(Protocol(0)));
        let last = TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 255, code: None });
        assert_eq!(services(&last, Family::V4), (vec![], last.clone()));
        let echo = TransportSet::icmp(Protocol::ICMPV6, IcmpMatch { kind: 128, code: Some(0) });
        assert_eq!(services(&echo, Family::V4), (vec![], echo.clone()));
        assert_eq!(said(&echo, Family::V6), ["ipv6-icmp -m icmp6 --icmpv6-type 128/0"]);
    }

    #[test]
    fn protocols_are_named_where_iptables_knows_the_name_itself() {
        assert_eq!(said(&TransportSet::full(), Family::V4), [""]);
        assert_eq!(said(&TransportSet::protocol(Protocol(47)), Family::V4), ["47"]);
        let port = PortRange::single(5);
        assert_eq!(
            said(&TransportSet::port(Protocol::UDPLITE, port), Family::V4),
            ["udplite -m multiport --dports 5"]
        );
        assert_eq!(said(&TransportSet::port(Protocol::DCCP, port), Family::V4), ["33 -m dccp --dport 5"]);
    }
}
