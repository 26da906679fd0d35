//! IP protocol numbers.

use std::fmt;

/// An IP protocol number (0–255), as IANA assigns them: the IPv4 protocol field and the IPv6 next header alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

/// Names as `/etc/protocols` and iptables write them, the ones that firewalls name.
const NAMES: [(&str, Protocol); 16] = [
    ("icmp", Protocol::ICMP),
    ("igmp", Protocol(2)),
    ("ipip", Protocol(4)),
    ("tcp", Protocol::TCP),
    ("udp", Protocol::UDP),
    ("dccp", Protocol::DCCP),
    ("gre", Protocol(47)),
    ("esp", Protocol(50)),
    ("ah", Protocol(51)),
    ("icmpv6", Protocol::ICMPV6),
    ("ospf", Protocol(89)),
    ("pim", Protocol(103)),
    ("vrrp", Protocol(112)),
    ("sctp", Protocol::SCTP),
    ("mobility-header", Protocol(135)),
    ("udplite", Protocol::UDPLITE),
];

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// DCCP.
    pub const DCCP: Self = Self(33);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
    /// SCTP.
    pub const SCTP: Self = Self(132);
    /// UDP-Lite.
    pub const UDPLITE: Self = Self(136);

    /// Reports whether packets of this protocol carry a destination port.
    pub fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP | Self::DCCP | Self::SCTP | Self::UDPLITE)
    }

    /// Reports whether packets of this protocol carry an ICMP type and code.
    pub fn has_icmp_types(self) -> bool {
        matches!(self, Self::ICMP | Self::ICMPV6)
    }

    /// The usual lower-case name, where there is one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, protocol)| *protocol == self).map(|(name, _)| *name)
    }

    /// The protocol of that name (any case, `ipv6-icmp` too), or of that decimal number.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let by_name = NAMES.iter().find(|(name, _)| *name == lower).map(|(_, protocol)| *protocol);
        by_name.or(match lower.as_str() {
            "ipv6-icmp" | "icmp6" => Some(Self::ICMPV6),
            "ipencap" => Some(Self(4)),
            "ipv6-auth" => Some(Self(51)),
            "0" => Some(Self(0)),
            // Neither a sign nor leading zeros, which some tools read as octal.
            digits if digits.starts_with(|char: char| matches!(char, '1'..='9')) => {
                digits.parse().ok().map(Self)
            }
            _ => None,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}
