//! The services that members of a set can name, and how they are spelt.

use crate::packet::{IcmpMatch, PortRange, Protocol, Set, TransportRow, TransportSet};
use crate::targets::packet_filters::ip_set_member::has_ports;
use crate::targets::packet_filters::region::Family;

/// The service of one or more members of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Member {
    /// Ports of TCP, UDP, SCTP or UDP-Lite: a member for each.
    Ports(Protocol, PortRange),
    /// A type of ICMP: a member for each of its codes, or one for one code.
    Icmp(Protocol, IcmpMatch),
    /// Another protocol, all of it.
    Whole(Protocol),
}

impl Member {
    /// The members that a set of services takes over a family, and the services that none can name.
    pub(super) fn of(transport: &TransportSet, family: Family) -> (Vec<Self>, TransportSet) {
        let (mut members, mut unsaid) = (Vec::new(), Vec::new());
        for row in transport.rows() {
            match row {
                TransportRow::Any => unsaid.push(TransportSet::full()),
                TransportRow::Protocols(first, last) => {
                    for protocol in (first.0..=last.0).map(Protocol) {
                        match Self::whole(protocol, family) {
                            Some(member) => members.push(member),
                            None => unsaid.push(TransportSet::protocol(protocol)),
                        }
                    }
                }
                TransportRow::Ports(protocol, ranges) => {
                    for range in ranges {
                        if has_ports(protocol) {
                            members.push(Self::Ports(protocol, range));
                        } else {
                            unsaid.push(TransportSet::port(protocol, range));
                        }
                    }
                }
                TransportRow::Icmp(protocol, types) => {
                    for icmp in types {
                        if protocol == own_icmp(family) {
                            members.push(Self::Icmp(protocol, icmp));
                        } else {
                            unsaid.push(TransportSet::icmp(protocol, icmp));
                        }
                    }
                }
            }
        }
        (members, TransportSet::union_all(&unsaid))
    }

    /// The member that stands for a whole protocol. The kernel looks behind extension headers, so it never sees them; ICMP
    /// has no member for all of its types.
    fn whole(protocol: Protocol, family: Family) -> Option<Self> {
        let is_header = family == Family::V6 && matches!(protocol.0, 43 | 44 | 51 | 60);
        if protocol.0 == 0 || is_header || protocol.has_icmp_types() {
            return None;
        }
        if has_ports(protocol) {
            return PortRange::new(0, u16::MAX).ok().map(|all| Self::Ports(protocol, all));
        }
        Some(Self::Whole(protocol))
    }

    /// The packets.
    pub(super) fn packets(self) -> TransportSet {
        match self {
            Self::Ports(protocol, range) => TransportSet::port(protocol, range),
            Self::Icmp(protocol, icmp) => TransportSet::icmp(protocol, icmp),
            Self::Whole(protocol) => TransportSet::protocol(protocol),
        }
    }

    /// How many members of a set it is for each block.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Ports(_, range) => {
                usize::from(range.last()).saturating_sub(usize::from(range.first())).saturating_add(1)
            }
            Self::Icmp(_, IcmpMatch { code: None, .. }) => 256,
            Self::Icmp(_, IcmpMatch { code: Some(_), .. }) | Self::Whole(_) => 1,
        }
    }

    /// The words for it: a range of ports is one word, and codes have one each.
    pub(super) fn words(self) -> Vec<String> {
        match self {
            Self::Ports(protocol, range) if range.first() == range.last() => {
                vec![format!("{}:{}", name(protocol), range.first())]
            }
            Self::Ports(protocol, range) => {
                vec![format!("{}:{}-{}", name(protocol), range.first(), range.last())]
            }
            Self::Icmp(protocol, IcmpMatch { kind, code }) => {
                let codes = code.map_or(0..=u8::MAX, |code| code..=code);
                codes.map(|code| format!("{}:{kind}/{code}", name(protocol))).collect()
            }
            Self::Whole(protocol) => vec![format!("{}:0", protocol.0)],
        }
    }
}

fn own_icmp(family: Family) -> Protocol {
    match family {
        Family::V4 => Protocol::ICMP,
        Family::V6 => Protocol::ICMPV6,
    }
}

/// Names that `ipset` knows by itself.
fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::UDP => "udp",
        Protocol::SCTP => "sctp",
        Protocol::UDPLITE => "udplite",
        Protocol::ICMP => "icmp",
        Protocol::ICMPV6 => "icmpv6",
        _ => "tcp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::packet_filters::ip_set_member::services;

    #[test]
    fn the_words_of_a_member_are_read_as_its_packets() {
        for number in 0..=u8::MAX {
            for family in [Family::V4, Family::V6] {
                let asked = TransportSet::protocol(Protocol(number));
                let (members, unsaid) = Member::of(&asked, family);
                let words: Vec<String> = members.iter().flat_map(|member| member.words()).collect();
                let read: Vec<TransportSet> = words.iter().map(|word| services(word).unwrap()).collect();
                assert_eq!(TransportSet::union_all(&read), asked.subtract(&unsaid), "{number}");
            }
        }
        let ping = TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 8, code: None });
        let (members, unsaid) = Member::of(&ping, Family::V4);
        let read: Vec<TransportSet> =
            members.iter().flat_map(|member| member.words()).map(|word| services(&word).unwrap()).collect();
        assert_eq!((TransportSet::union_all(&read), read.len()), (ping.clone(), 256));
        assert!(unsaid.is_empty() && Member::of(&ping, Family::V6) == (Vec::new(), ping));
    }

    #[test]
    fn what_no_member_can_name_is_told() {
        for protocol in [Protocol(0), Protocol::ICMP, Protocol::ICMPV6] {
            assert!(Member::of(&TransportSet::protocol(protocol), Family::V4).0.is_empty());
        }
        assert_eq!(Member::of(&TransportSet::full(), Family::V4), (Vec::new(), TransportSet::full()));
    }
}
