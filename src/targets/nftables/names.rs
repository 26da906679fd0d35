//! Names that `nft` prints and takes for ICMP types and codes, states and flags; `nft describe` lists them.

use crate::packet::Protocol;

/// Types of ICMP.
const ICMP_TYPES: [(&str, u8); 15] = [
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

/// Types of `ICMPv6`.
const ICMPV6_TYPES: [(&str, u8); 19] = [
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];

/// Codes of ICMP.
const ICMP_CODES: [(&str, u8); 8] = [
    ("net-unreachable", 0),
    ("host-unreachable", 1),
    ("prot-unreachable", 2),
    ("port-unreachable", 3),
    ("frag-needed", 4),
    ("net-prohibited", 9),
    ("host-prohibited", 10),
    ("admin-prohibited", 13),
];

/// Codes of `ICMPv6`.
const ICMPV6_CODES: [(&str, u8); 6] = [
    ("no-route", 0),
    ("admin-prohibited", 1),
    ("addr-unreachable", 3),
    ("port-unreachable", 4),
    ("policy-fail", 5),
    ("reject-route", 6),
];

/// Flags of TCP.
const FLAGS: [(&str, u8); 8] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("ecn", 0x40),
    ("cwr", 0x80),
];

/// The number of an ICMP type.
pub(super) fn icmp_type(protocol: Protocol, name: &str) -> Option<u8> {
    find(if protocol == Protocol::ICMP { &ICMP_TYPES } else { &ICMPV6_TYPES }, name)
}

/// The number of an ICMP code.
pub(super) fn icmp_code(protocol: Protocol, name: &str) -> Option<u8> {
    find(if protocol == Protocol::ICMP { &ICMP_CODES } else { &ICMPV6_CODES }, name)
}

/// The bit of a flag of TCP.
pub(super) fn flag(name: &str) -> Option<u8> {
    find(&FLAGS, name)
}

fn find(names: &[(&str, u8)], name: &str) -> Option<u8> {
    names.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// Words that `nft` 1.0.6 takes for its own, so that no table can have them as its name.
const KEY_WORDS: &str = "accept add ah all and arp auto-merge bridge cgroup chain comment comp constant continue counter cpu \
    create ct day dccp define delete describe destroy device devices dnat drop dst dup dynamic ecn element elements esp ether \
    exists expires export exthdr fib flags flow flowtable flush frag fwd gc-interval get goto handle hbh hook hour ibriport \
    ibrname icmp icmpv6 igmp iif iifgroup iifname iiftype import include index inet insert interval ip ip6 ipsec jhash jump \
    last le limit list log lt map mark masquerade meta meter mh missing monitor netdev nftrace not notrack numgen obriport \
    obrname offload oif oifgroup oifname oiftype or osf pkttype policy position priority queue quota random redefine redirect \
    reject rename replace reset return rt rt0 rt2 rtclassid rule ruleset sctp secmark set size skgid skuid snat socket srh \
    symhash synproxy table tcp th time timeout tproxy type typeof udp udplite undefine update vlan vmap xt";

/// Reports whether a name is a word of the language.
pub(super) fn is_key_word(name: &str) -> bool {
    KEY_WORDS.split_whitespace().any(|word| word == name)
}
