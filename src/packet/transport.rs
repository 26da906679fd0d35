//! Protocols, ports and ICMP types as one set.

use super::interval::IntervalSet;
use super::port::{PortRange, PortSet};
use super::protocol::Protocol;

/// A set of services: TCP/UDP/SCTP/DCCP/UDP-Lite ports, ICMP types and codes, and whole protocols.
///
/// The axis is `protocol << 16 | detail`, 24 bits: the detail is the destination port, `type << 8 | code` for ICMP,
/// and for every other protocol the whole span of 65,536 keys together.
// INVARIANT: keys are below 2^24, no cut stands at 2^24, and a protocol without details has all of its span or none.
pub type TransportSet = IntervalSet<u32>;

/// An ICMP type, with all its codes or with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IcmpMatch {
    /// The ICMP type.
    pub kind: u8,
    /// The code, or `None` for every code.
    pub code: Option<u8>,
}

/// The last key of the service axis.
pub(super) const LAST: u32 = 0x00FF_FFFF;
/// The last detail of a protocol.
pub(super) const LAST_DETAIL: u16 = u16::MAX;

/// A place on the service axis.
pub(super) fn service(protocol: Protocol, detail: u16) -> u32 {
    (u32::from(protocol.0) << 16) | u32::from(detail)
}

/// The protocol and the detail of a place on the service axis.
pub(super) fn protocol_and_detail(service: u32) -> (Protocol, u16) {
    let [_, protocol, high, low] = service.to_be_bytes();
    (Protocol(protocol), u16::from_be_bytes([high, low]))
}

fn services(spans: impl IntoIterator<Item = (u32, u32)>) -> TransportSet {
    // The axis ends at 2^24, so a span that reaches its end is written as one without an end.
    TransportSet::from_ranges(
        spans.into_iter().map(|(first, last)| (first, if last >= LAST { u32::MAX } else { last })),
    )
}

impl TransportSet {
    /// Every packet of the protocol.
    pub fn protocol(protocol: Protocol) -> Self {
        Self::protocols(protocol, protocol)
    }

    /// Every packet of the protocols from `first` to `last`, both inclusive.
    pub fn protocols(first: Protocol, last: Protocol) -> Self {
        services([(service(first, 0), service(last, LAST_DETAIL))])
    }

    /// The packets of the protocol to these destination ports; all of its packets when it has no ports. No ports at
    /// all are no packets, whatever the protocol.
    pub fn ports(protocol: Protocol, ports: &PortSet) -> Self {
        if !protocol.has_ports() {
            return if ports.is_empty() { Self::default() } else { Self::protocol(protocol) };
        }
        services(ports.ranges().map(|(first, last)| (service(protocol, first), service(protocol, last))))
    }

    /// The packets of the protocol to the ports of one range.
    pub fn port(protocol: Protocol, range: PortRange) -> Self {
        Self::ports(protocol, &PortSet::of([range]))
    }

    /// The ICMP packets (`Protocol::ICMP` or `Protocol::ICMPV6`) of a type and, where given, a code. No packet of
    /// another protocol has a type.
    pub fn icmp(protocol: Protocol, icmp: IcmpMatch) -> Self {
        if !protocol.has_icmp_types() {
            return Self::default();
        }
        let (first, last) = match icmp.code {
            Some(code) => (code, code),
            None => (0, u8::MAX),
        };
        let detail = |code| u16::from_be_bytes([icmp.kind, code]);
        services([(service(protocol, detail(first)), service(protocol, detail(last)))])
    }

    /// The details of one protocol: its ports, or its ICMP types and codes.
    pub(super) fn details(&self, protocol: Protocol) -> PortSet {
        let (start, end) = (service(protocol, 0), service(protocol, LAST_DETAIL));
        PortSet::from_ranges(self.ranges().filter(|(first, last)| *first <= end && *last >= start).map(
            |(first, last)| (protocol_and_detail(first.max(start)).1, protocol_and_detail(last.min(end)).1),
        ))
    }

    /// The destination ports of a protocol that are in the set.
    pub fn ports_of(&self, protocol: Protocol) -> PortSet {
        self.details(protocol)
    }
}
