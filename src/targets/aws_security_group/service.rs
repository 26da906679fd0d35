//! The services that one rule of a security group can say.
//!
//! EC2's `IpPermission`: `-1` is every protocol; TCP and UDP take a range of ports; ICMP and ICMPv6 take a type and a
//! code in place of the ports, `-1` for all; every other protocol stands for all of its packets.

use crate::packet::{AddrSet, IcmpMatch, PortRange, PortSet, Protocol, TransportRow, TransportSet};

/// What one rule says about the packets it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    /// Every protocol.
    All,
    /// Ports of TCP or UDP.
    Ports(Protocol, PortRange),
    /// ICMP or ICMPv6: every type, or one.
    Icmp(Protocol, Option<IcmpMatch>),
    /// Another protocol, all of it.
    Whole(Protocol),
}

/// Every port, as a range.
pub(super) fn all_ports() -> Option<PortRange> {
    PortRange::new(0, u16::MAX).ok()
}

impl Service {
    /// The services that make up a row, or the row's packets where they cannot be said: ports of a protocol whose
    /// ports EC2 does not look at.
    pub(super) fn of(row: &TransportRow) -> Result<Vec<Self>, TransportSet> {
        match row {
            TransportRow::Any => Ok(vec![Self::All]),
            TransportRow::Protocols(first, last) => {
                Ok((first.0..=last.0).filter_map(|number| Self::whole(Protocol(number))).collect())
            }
            TransportRow::Ports(protocol, ranges) if has_ports(*protocol) => {
                Ok(ranges.iter().map(|range| Self::Ports(*protocol, *range)).collect())
            }
            TransportRow::Ports(protocol, ranges) => {
                Err(TransportSet::ports(*protocol, &PortSet::of(ranges.iter().copied())))
            }
            TransportRow::Icmp(protocol, types) => {
                Ok(types.iter().map(|icmp| Self::Icmp(*protocol, Some(*icmp))).collect())
            }
        }
    }

    /// Reports whether this is another service that allows all that `other` allows.
    pub(super) fn is_wider_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::All, other) => other != Self::All,
            (Self::Ports(a, wide), Self::Ports(b, narrow)) => {
                a == b && wide != narrow && wide.first() <= narrow.first() && narrow.last() <= wide.last()
            }
            (Self::Icmp(a, None), Self::Icmp(b, narrow)) => a == b && narrow.is_some(),
            (Self::Icmp(a, Some(wide)), Self::Icmp(b, Some(narrow))) => {
                a == b && wide.kind == narrow.kind && wide.code.is_none() && narrow.code.is_some()
            }
            (Self::Ports(_, _) | Self::Icmp(_, _) | Self::Whole(_), _) => false,
        }
    }

    fn whole(protocol: Protocol) -> Option<Self> {
        if has_ports(protocol) {
            return all_ports().map(|ports| Self::Ports(protocol, ports));
        }
        Some(if protocol.has_icmp_types() { Self::Icmp(protocol, None) } else { Self::Whole(protocol) })
    }

    /// The packets.
    pub(super) fn packets(self) -> TransportSet {
        match self {
            Self::All => TransportSet::full(),
            Self::Ports(protocol, range) => TransportSet::port(protocol, range),
            Self::Icmp(protocol, Some(icmp)) => TransportSet::icmp(protocol, icmp),
            Self::Icmp(protocol, None) | Self::Whole(protocol) => TransportSet::protocol(protocol),
        }
    }

    /// The addresses that can carry it: ICMP is IPv4's and ICMPv6 is IPv6's.
    pub(super) fn carriers(self, addrs: &AddrSet) -> AddrSet {
        match self {
            Self::Icmp(Protocol::ICMP, _) => AddrSet { v4: addrs.v4.clone(), ..AddrSet::default() },
            Self::Icmp(_, _) => AddrSet { v6: addrs.v6.clone(), ..AddrSet::default() },
            Self::All | Self::Ports(_, _) | Self::Whole(_) => addrs.clone(),
        }
    }

    /// `ip_protocol` as EC2 spells it.
    pub(super) fn protocol(self) -> String {
        match self {
            Self::All => "-1".to_owned(),
            Self::Ports(protocol, _) | Self::Icmp(protocol, _) => protocol.to_string(),
            Self::Whole(protocol) => protocol.0.to_string(),
        }
    }

    /// `from_port` and `to_port`, where they are written.
    pub(super) fn ports(self) -> Option<(i32, i32)> {
        match self {
            Self::All | Self::Whole(_) => None,
            Self::Ports(_, range) => Some((range.first().into(), range.last().into())),
            Self::Icmp(_, None) => Some((-1, -1)),
            Self::Icmp(_, Some(icmp)) => Some((icmp.kind.into(), icmp.code.map_or(-1, i32::from))),
        }
    }

    /// The service in the label of a resource: `tcp_443`, `udp_8000_to_8100`, `icmp_8_any`, `protocol_47`, `all`.
    pub(super) fn label(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Ports(protocol, range) if range.first() == range.last() => {
                format!("{protocol}_{}", range.first())
            }
            Self::Ports(protocol, range) => format!("{protocol}_{}_to_{}", range.first(), range.last()),
            Self::Icmp(protocol, None) => format!("{protocol}_all"),
            Self::Icmp(protocol, Some(IcmpMatch { kind, code: None })) => format!("{protocol}_{kind}_any"),
            Self::Icmp(protocol, Some(IcmpMatch { kind, code: Some(code) })) => {
                format!("{protocol}_{kind}_{code}")
            }
            Self::Whole(protocol) => format!("protocol_{}", protocol.0),
        }
    }
}

/// Reports whether EC2 takes ports for the protocol.
pub(super) fn has_ports(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::TCP | Protocol::UDP)
}
