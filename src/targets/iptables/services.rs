//! Protocols, ports and ICMP types as the options of a rule write them.

use crate::packet::{IcmpMatch, PortRange, PortSet, Protocol, Set, TransportSet};
use crate::targets::packet_filters::well_known;

/// Names of ICMP types: type, and code where the name stands for one.
const ICMP: [(&str, u8, Option<u8>); 37] = [
    ("echo-reply", 0, None),
    ("pong", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("source-route-failed", 3, Some(5)),
    ("network-unknown", 3, Some(6)),
    ("host-unknown", 3, Some(7)),
    ("network-prohibited", 3, Some(9)),
    ("host-prohibited", 3, Some(10)),
    ("TOS-network-unreachable", 3, Some(11)),
    ("TOS-host-unreachable", 3, Some(12)),
    ("communication-prohibited", 3, Some(13)),
    ("host-precedence-violation", 3, Some(14)),
    ("precedence-cutoff", 3, Some(15)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("network-redirect", 5, Some(0)),
    ("host-redirect", 5, Some(1)),
    ("TOS-network-redirect", 5, Some(2)),
    ("TOS-host-redirect", 5, Some(3)),
    ("echo-request", 8, None),
    ("ping", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("ttl-exceeded", 11, None),
    ("ttl-zero-during-transit", 11, Some(0)),
    ("ttl-zero-during-reassembly", 11, Some(1)),
    ("parameter-problem", 12, None),
    ("ip-header-bad", 12, Some(0)),
    ("required-option-missing", 12, Some(1)),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
];

/// Names of `ICMPv6` types.
const ICMPV6: [(&str, u8, Option<u8>); 24] = [
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("communication-prohibited", 1, Some(1)),
    ("beyond-scope", 1, Some(2)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("failed-policy", 1, Some(5)),
    ("reject-route", 1, Some(6)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("ttl-exceeded", 3, None),
    ("ttl-zero-during-transit", 3, Some(0)),
    ("ttl-zero-during-reassembly", 3, Some(1)),
    ("parameter-problem", 4, None),
    ("echo-request", 128, None),
    ("ping", 128, None),
    ("echo-reply", 129, None),
    ("pong", 129, None),
    ("router-solicitation", 133, None),
    ("router-advertisement", 134, None),
    ("neighbour-solicitation", 135, None),
    ("neighbor-solicitation", 135, None),
    ("neighbour-advertisement", 136, None),
    ("neighbor-advertisement", 136, None),
];

/// The protocol of `-p`; the inner `None` for every protocol, which `all` and the number 0 stand for.
#[expect(
    clippy::option_option,
    reason = "the outer says whether the text is a protocol, the inner whether it is one"
)]
pub(super) fn protocol(text: &str) -> Option<Option<Protocol>> {
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "all" | "ip" | "hopopt") {
        return Some(None);
    }
    // A number that begins with 0 is octal to iptables; nobody means that, so it is not read as anything.
    if lower.len() > 1 && lower.starts_with('0') {
        return None;
    }
    let listed = well_known::protocol(&lower);
    let number = lower.bytes().all(|byte| byte.is_ascii_digit()).then(|| lower.parse().ok().map(Protocol));
    let protocol = number.unwrap_or_else(|| listed.or_else(|| Protocol::parse(&lower)))?;
    Some((protocol.0 != 0).then_some(protocol))
}

/// Reports whether `ip6tables` never sees this as the protocol of a packet: it looks behind such headers.
pub(super) fn is_extension_header(protocol: Protocol) -> bool {
    matches!(protocol.0, 0 | 43 | 44 | 51 | 60)
}

/// Ports as `443`, `https`, `8000:8100`, `1024:` or `:1023`.
pub(super) fn ports(text: &str) -> Result<PortRange, String> {
    let number = |text: &str, missing: u16| {
        if text.is_empty() {
            return Ok(missing);
        }
        port(text)
    };
    let Some((first, last)) = text.split_once(':') else { return port(text).map(PortRange::single) };
    let (first, last) = (number(first, 0)?, number(last, u16::MAX)?);
    PortRange::new(first, last).map_err(|error| error.to_string())
}

/// A list of ports and ranges separated by commas, as `multiport` takes it: 15 slots, of which a range takes two.
pub(super) fn port_list(text: &str) -> Result<PortSet, String> {
    let mut ranges = Vec::new();
    let mut slots = 0_usize;
    for item in text.split(',') {
        if item.is_empty() || item.starts_with(':') || item.ends_with(':') {
            return Err(format!("`{item}` is not a port in a list of ports"));
        }
        slots = slots.saturating_add(if item.contains(':') { 2 } else { 1 });
        ranges.push(ports(item)?);
    }
    if slots > super::MULTIPORT_SLOTS {
        return Err(format!("{slots} slots of ports in one rule, {} are allowed", super::MULTIPORT_SLOTS));
    }
    Ok(PortSet::of(ranges))
}

fn port(text: &str) -> Result<u16, String> {
    if let Some(port) = well_known::port(text) {
        return Ok(port);
    }
    text.parse::<PortRange>().map(PortRange::first).ok().filter(|_| !text.contains('-')).ok_or_else(|| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let why =
            if digits { "the highest port is 65535" } else { "no number, and no service that is known" };
        format!("`{text}` is not a port: {why}")
    })
}

/// The packets of an ICMP type: `8`, `3/1`, `echo-request`, `any`. Type 255 of ICMP for IPv4 means any, in the kernel.
pub(super) fn icmp(protocol: Protocol, text: &str) -> Result<TransportSet, String> {
    let v4 = protocol == Protocol::ICMP;
    if v4 && text.eq_ignore_ascii_case("any") {
        return Ok(TransportSet::protocol(protocol));
    }
    let names: &[(&str, u8, Option<u8>)] = if v4 { &ICMP } else { &ICMPV6 };
    if let Some((_, kind, code)) = names.iter().find(|(name, ..)| name.eq_ignore_ascii_case(text)) {
        return Ok(TransportSet::icmp(protocol, IcmpMatch { kind: *kind, code: *code }));
    }
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain
            .then(|| digits.parse::<u8>().ok())
            .flatten()
            .ok_or_else(|| format!("`{text}` is not an ICMP type"))
    };
    let (kind, code) = match text.split_once('/') {
        None => (number(text)?, None),
        Some((kind, code)) => (number(kind)?, Some(number(code)?)),
    };
    if v4 && kind == u8::MAX {
        return Ok(TransportSet::protocol(protocol));
    }
    Ok(TransportSet::icmp(protocol, IcmpMatch { kind, code }))
}

/// What `!` makes of a set of ports or types: the rest of the protocol.
pub(super) fn others(protocol: Protocol, services: &TransportSet) -> TransportSet {
    Set::subtract(&TransportSet::protocol(protocol), services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_a_name_or_a_number_and_zero_is_every_protocol() {
        assert_eq!(protocol("tcp"), Some(Some(Protocol::TCP)));
        assert_eq!(protocol("TCP"), Some(Some(Protocol::TCP)));
        assert_eq!(protocol("58"), Some(Some(Protocol::ICMPV6)));
        assert_eq!(protocol("ipv6-icmp"), Some(Some(Protocol::ICMPV6)));
        assert_eq!(protocol("ipv6"), Some(Some(Protocol(41))));
        assert_eq!((protocol("0"), protocol("all")), (Some(None), Some(None)));
        assert_eq!((protocol("256"), protocol("tpc"), protocol("")), (None, None, None));
        assert_eq!((protocol("010"), protocol("0x6")), (None, None));
    }

    #[test]
    fn the_names_of_etc_protocols_are_those_that_iptables_prints() {
        for (name, number) in [("ipencap", 4), ("ipip", 94), ("idrp", 45), ("ospf", 89), ("rohc", 142)] {
            assert_eq!(protocol(name), Some(Some(Protocol(number))), "{name}");
        }
    }

    #[test]
    fn ports_are_read_in_every_spelling() {
        let range = |first, last| Ok(PortRange::new(first, last).unwrap());
        assert_eq!(ports("443"), range(443, 443));
        assert_eq!(ports("https"), range(443, 443));
        assert_eq!((ports("1024:"), ports(":1023")), (range(1024, 65535), range(0, 1023)));
        for text in ["", "70000", "443-444", "90:80", "80,443", "-1", "+1", "1:2:3"] {
            assert!(ports(text).is_err(), "{text}");
        }
        assert!(port_list("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15").is_ok());
        assert!(port_list("1,2,3,4,5,6,7,8,9,10,11,12,13,14:15,16").is_err());
    }

    #[test]
    fn icmp_type_255_is_any_in_ipv4_only() {
        assert_eq!(icmp(Protocol::ICMP, "255"), Ok(TransportSet::protocol(Protocol::ICMP)));
        let one = IcmpMatch { kind: 255, code: None };
        assert_eq!(icmp(Protocol::ICMPV6, "255"), Ok(TransportSet::icmp(Protocol::ICMPV6, one)));
        let unreachable = IcmpMatch { kind: 3, code: Some(1) };
        assert_eq!(icmp(Protocol::ICMP, "3/1"), Ok(TransportSet::icmp(Protocol::ICMP, unreachable)));
        assert_eq!(icmp(Protocol::ICMP, "host-unreachable"), icmp(Protocol::ICMP, "3/1"));
        assert!(icmp(Protocol::ICMP, "256").is_err() && icmp(Protocol::ICMPV6, "any").is_err());
    }
}
