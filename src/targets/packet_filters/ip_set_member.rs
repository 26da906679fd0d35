//! The service of a set's member: `tcp:443`, `udp:8000-8100`, `icmp:8/0`, `icmp:echo-request`, `gre:0`.
//!
//! ipset(8), "hash:ip,port": ports of TCP, SCTP, UDP and UDP-Lite, types and codes of ICMP, and for every other protocol the
//! pseudo port zero, which stands for all of its packets. Without a protocol TCP is meant.

use crate::packet::{IcmpMatch, PortRange, Protocol, TransportSet};
use crate::targets::packet_filters::well_known;

/// The names that `ipset save` prints for types and codes of ICMP.
const ICMP: [(&str, u8, u8); 34] = [
    ("echo-reply", 0, 0),
    ("pong", 0, 0),
    ("network-unreachable", 3, 0),
    ("host-unreachable", 3, 1),
    ("protocol-unreachable", 3, 2),
    ("port-unreachable", 3, 3),
    ("fragmentation-needed", 3, 4),
    ("source-route-failed", 3, 5),
    ("network-unknown", 3, 6),
    ("host-unknown", 3, 7),
    ("network-prohibited", 3, 9),
    ("host-prohibited", 3, 10),
    ("tos-network-unreachable", 3, 11),
    ("tos-host-unreachable", 3, 12),
    ("communication-prohibited", 3, 13),
    ("host-precedence-violation", 3, 14),
    ("precedence-cutoff", 3, 15),
    ("source-quench", 4, 0),
    ("network-redirect", 5, 0),
    ("host-redirect", 5, 1),
    ("tos-network-redirect", 5, 2),
    ("tos-host-redirect", 5, 3),
    ("echo-request", 8, 0),
    ("ping", 8, 0),
    ("router-advertisement", 9, 0),
    ("router-solicitation", 10, 0),
    ("ttl-zero-during-transit", 11, 0),
    ("ttl-zero-during-reassembly", 11, 1),
    ("ip-header-bad", 12, 0),
    ("required-option-missing", 12, 1),
    ("timestamp-request", 13, 0),
    ("timestamp-reply", 14, 0),
    ("address-mask-request", 17, 0),
    ("address-mask-reply", 18, 0),
];

/// The same of ICMPv6.
const ICMPV6: [(&str, u8, u8); 20] = [
    ("no-route", 1, 0),
    ("communication-prohibited", 1, 1),
    ("address-unreachable", 1, 3),
    ("port-unreachable", 1, 4),
    ("packet-too-big", 2, 0),
    ("ttl-zero-during-transit", 3, 0),
    ("ttl-zero-during-reassembly", 3, 1),
    ("bad-header", 4, 0),
    ("unknown-header-type", 4, 1),
    ("unknown-option", 4, 2),
    ("echo-request", 128, 0),
    ("ping", 128, 0),
    ("echo-reply", 129, 0),
    ("pong", 129, 0),
    ("router-solicitation", 133, 0),
    ("router-advertisement", 134, 0),
    ("neighbour-solicitation", 135, 0),
    ("neighbour-advertisement", 136, 0),
    ("neighbor-solicitation", 135, 0),
    ("redirect", 137, 0),
];

/// Reports whether members name ports of the protocol.
pub(in crate::targets) fn has_ports(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE)
}

/// The packets that the service of a member stands for, or why it is none.
pub(in crate::targets) fn services(text: &str) -> Result<TransportSet, String> {
    let (protocol, detail) = text.split_once(':').unwrap_or(("tcp", text));
    let lower = protocol.to_ascii_lowercase();
    let number =
        (!lower.is_empty() && lower.bytes().all(|byte| byte.is_ascii_digit())).then(|| lower.parse().ok());
    let protocol = match number {
        Some(number) => number.map(Protocol),
        None => well_known::protocol(&lower).or_else(|| Protocol::parse(&lower)),
    };
    let protocol = protocol.filter(|protocol| protocol.0 != 0);
    let protocol = protocol.ok_or_else(|| format!("`{text}` names no protocol that is known"))?;
    if has_ports(protocol) {
        return ports(detail)
            .map(|range| TransportSet::port(protocol, range))
            .ok_or_else(|| format!("`{text}` names no port from 0 to 65535"));
    }
    if protocol.has_icmp_types() {
        return icmp(protocol, detail)
            .map(|icmp| TransportSet::icmp(protocol, icmp))
            .ok_or_else(|| format!("`{text}` names no type and code of ICMP"));
    }
    if detail == "0" {
        return Ok(TransportSet::protocol(protocol));
    }
    Err(format!("`{text}` must have the port 0, for members name no ports of this protocol"))
}

fn ports(text: &str) -> Option<PortRange> {
    let port = |text: &str| -> Option<u16> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        if plain { text.parse().ok() } else { well_known::port(text) }
    };
    // A name may have a hyphen, too.
    if let Some(port) = port(text) {
        return Some(PortRange::single(port));
    }
    let (first, last) = text.split_once('-')?;
    PortRange::new(port(first)?, port(last)?).ok()
}

fn icmp(protocol: Protocol, text: &str) -> Option<IcmpMatch> {
    if let Some((kind, code)) = text.split_once('/') {
        return Some(IcmpMatch { kind: kind.parse().ok()?, code: Some(code.parse().ok()?) });
    }
    let names: &[(&str, u8, u8)] = if protocol == Protocol::ICMP { &ICMP } else { &ICMPV6 };
    let lower = text.to_ascii_lowercase();
    let known = names.iter().find(|(name, ..)| *name == lower);
    known.map(|(_, kind, code)| IcmpMatch { kind: *kind, code: Some(*code) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_as_ipset_prints_them() {
        let rows = |text: &str| services(text).map(|services| services.rows());
        assert_eq!(rows("443"), rows("tcp:443"));
        assert_eq!(rows("6:443"), rows("TCP:https"));
        assert_eq!(rows("icmp:echo-request"), rows("1:8/0"));
        assert_eq!(rows("ipv6-icmp:echo-request"), rows("icmpv6:128/0"));
        assert_eq!(rows("gre:0"), rows("47:0"));
        assert!(
            rows("udplite:5-6").is_ok() && rows("sctp:0").is_ok() && rows("icmp:TOS-host-redirect").is_ok()
        );
    }

    #[test]
    fn what_is_no_service_is_refused() {
        for text in [
            "",
            "tcp:",
            "tcp:9-1",
            "tcp:70000",
            "0:0",
            "icmp:8",
            "icmp:8/300",
            "gre:1",
            "nothing:0",
            "300:0",
            ":1",
        ] {
            assert!(services(text).is_err(), "{text}");
        }
    }
}
