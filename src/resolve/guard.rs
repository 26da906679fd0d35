//! Addresses that a public name must not have.
//!
//! The blocks are those of the IANA registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>, `iana-ipv6-special-registry`), and the addresses
//! at which clouds serve instance metadata.

use crate::packet::Prefix;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is no public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Special {
    /// A metadata service of a cloud: whoever reaches it holds the credentials of the machine.
    Metadata,
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// The addresses between a provider and its customers (RFC 6598).
    CarrierNat,
    /// An IPv6 network that is not routed publicly.
    UniqueLocal,
    /// The neighbours on one link.
    LinkLocal,
    /// Kept for examples.
    Documentation,
    /// Kept for measurements between devices.
    Benchmark,
    /// No address, or "this network".
    Unspecified,
    /// Many receivers.
    Multicast,
    /// All receivers.
    Broadcast,
    /// An IPv4 address written as an IPv6 one, which never is on a wire as such.
    Mapped,
    /// Kept by the registries for something else than hosts.
    Reserved,
}

impl Special {
    /// Reports whether no host can have such an address, so that not even an explicit permission lets it in.
    pub fn never_a_host(self) -> bool {
        match self {
            Self::Unspecified | Self::Multicast | Self::Broadcast | Self::Mapped | Self::Reserved => true,
            Self::Metadata
            | Self::Loopback
            | Self::Private
            | Self::CarrierNat
            | Self::UniqueLocal
            | Self::LinkLocal
            | Self::Documentation
            | Self::Benchmark => false,
        }
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "metadata service",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::CarrierNat => "carrier NAT",
            Self::UniqueLocal => "unique-local",
            Self::LinkLocal => "link-local",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Mapped => "IPv4-mapped",
            Self::Reserved => "reserved",
        })
    }
}

/// Why a block must not belong to a public name: the first reason that holds for any address in it.
pub fn special(prefix: Prefix) -> Option<Special> {
    reasons(prefix).into_iter().min()
}

/// Reports whether some address of the block can be no host's. `0.0.0.0/0` and every other block that is too wide to
/// be one vendor's is among them.
pub(super) fn never_a_host(prefix: Prefix) -> bool {
    reasons(prefix).into_iter().any(Special::never_a_host)
}

fn reasons(prefix: Prefix) -> Vec<Special> {
    match (prefix.addr(), prefix.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let meets = |base: Ipv4Addr, len: u8| {
                let (base, size) = (base.to_bits(), u32::MAX.checked_shr(len.into()).unwrap_or(0));
                base <= last && first <= (base | size)
            };
            V4.iter().filter(|(base, len, _)| meets(*base, *len)).map(|(_, _, special)| *special).collect()
        }
        (first, last) => match (first, last) {
            (IpAddr::V6(first), IpAddr::V6(last)) => reasons_v6(first.to_bits(), last.to_bits()),
            _ => vec![Special::Reserved],
        },
    }
}

fn reasons_v6(first: u128, last: u128) -> Vec<Special> {
    let meets = |base: u128, len: u8| {
        base <= last && first <= (base | u128::MAX.checked_shr(len.into()).unwrap_or(0))
    };
    let inside = |base: u128, len: u8| {
        base <= first && last <= (base | u128::MAX.checked_shr(len.into()).unwrap_or(0))
    };
    let own = V6.iter().filter(|(base, len, _)| meets(base.to_bits(), *len)).map(|(_, _, special)| *special);
    // The special IPv4 blocks as they look inside NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses.
    let embedded = EMBEDDINGS.iter().flat_map(|(base, at)| {
        V4.iter().filter_map(move |(v4, len, special)| {
            let shift = 96_u8.checked_sub(*at)?;
            let start = base.to_bits() | u128::from(v4.to_bits()).checked_shl(shift.into())?;
            meets(start, at + len).then_some(*special)
        })
    });
    let mut found: Vec<Special> = own.chain(embedded).collect();
    // Of all other space only 2000::/3 is given out to networks.
    let given_out = inside(GLOBAL.to_bits(), 3) || inside(NAT64.to_bits(), 96);
    if found.is_empty() && !given_out {
        found.push(Special::Reserved);
    }
    found
}

/// `2000::/3`: the global unicast addresses that have been given out.
const GLOBAL: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);
/// `64:ff9b::/96`: IPv4 addresses as a translating resolver (DNS64) writes them.
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
/// Blocks that carry an IPv4 address, and the bit that it starts at.
const EMBEDDINGS: [(Ipv6Addr, u8); 2] = [(NAT64, 96), (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16)];

const V4: &[(Ipv4Addr, u8, Special)] = &[
    // AWS, GCP, Azure and most others; Azure's wire server; Alibaba; Oracle.
    (Ipv4Addr::new(169, 254, 169, 254), 32, Special::Metadata),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Special::Metadata),
    (Ipv4Addr::new(100, 100, 100, 200), 32, Special::Metadata),
    (Ipv4Addr::new(192, 0, 0, 192), 32, Special::Metadata),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Special::Loopback),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Special::Private),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Special::Private),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Special::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Special::CarrierNat),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Special::LinkLocal),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Special::Documentation),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Special::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Special::Documentation),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Special::Benchmark),
    (Ipv4Addr::UNSPECIFIED, 8, Special::Unspecified),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Special::Multicast),
    (Ipv4Addr::BROADCAST, 32, Special::Broadcast),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Special::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Special::Reserved),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Special::Reserved),
];

const V6: &[(Ipv6Addr, u8, Special)] = &[
    // AWS, GCP, and OpenStack.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Special::Metadata),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Special::Metadata),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), 128, Special::Metadata),
    (Ipv6Addr::LOCALHOST, 128, Special::Loopback),
    // Site-local addresses, and NAT64 for local use (RFC 8215).
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Special::Private),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Special::Private),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Special::UniqueLocal),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Special::LinkLocal),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Special::Documentation),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Special::Documentation),
    (Ipv6Addr::UNSPECIFIED, 128, Special::Unspecified),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Special::Multicast),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Special::Mapped),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, Special::Mapped),
    // The protocol assignments: Teredo, benchmarks, ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Special::Reserved),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Special> {
        special(text.parse().expect(text))
    }

    #[test]
    fn public_addresses_have_no_reason() {
        for text in [
            "8.8.8.8",
            "104.16.81.56",
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "199.36.153.8/30",
            "185.199.108.0/22",
            "2606:50c0:8000::153",
            "2a0a:a440::/29",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2600:2d00:2:2000::/64",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn each_special_block_is_known_from_its_first_to_its_last_address() {
        for (text, special) in [
            ("127.0.0.1", Special::Loopback),
            ("127.255.255.255", Special::Loopback),
            ("10.0.0.0", Special::Private),
            ("172.31.255.255", Special::Private),
            ("192.168.1.1", Special::Private),
            ("100.64.0.0", Special::CarrierNat),
            ("100.127.255.255", Special::CarrierNat),
            ("169.254.0.1", Special::LinkLocal),
            ("169.254.169.254", Special::Metadata),
            ("168.63.129.16", Special::Metadata),
            ("224.0.0.1", Special::Multicast),
            ("239.255.255.255", Special::Multicast),
            ("192.0.2.1", Special::Documentation),
            ("0.0.0.0", Special::Unspecified),
            ("255.255.255.255", Special::Broadcast),
            ("240.0.0.1", Special::Reserved),
            ("::", Special::Unspecified),
            ("::1", Special::Loopback),
            ("::2", Special::Reserved),
            ("fc00::1", Special::UniqueLocal),
            ("fdff::1", Special::UniqueLocal),
            ("fd00:ec2::254", Special::Metadata),
            ("fe80::1", Special::LinkLocal),
            ("ff02::1", Special::Multicast),
            ("2001:db8::1", Special::Documentation),
            ("::ffff:8.8.8.8", Special::Mapped),
            ("::ffff:127.0.0.1", Special::Mapped),
            ("4000::1", Special::Reserved),
        ] {
            assert_eq!(of(text), Some(special), "{text}");
        }
    }

    #[test]
    fn special_addresses_are_seen_through_translation() {
        assert_eq!(of("64:ff9b::10.1.2.3"), Some(Special::Private));
        assert_eq!(of("64:ff9b::169.254.169.254"), Some(Special::Metadata));
        assert_eq!(of("64:ff9b:1::8.8.8.8"), Some(Special::Private));
        assert_eq!(of("2002:7f00:1::1"), Some(Special::Loopback));
        assert_eq!(of("2002:a00::/24"), Some(Special::Private));
    }

    #[test]
    fn a_block_that_is_too_wide_can_be_no_hosts() {
        for text in ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "192.0.0.0/9"] {
            assert!(never_a_host(text.parse().expect(text)), "{text}");
        }
        for text in ["10.0.0.0/8", "192.0.2.0/24", "fd00::/8", "8.0.0.0/9", "127.0.0.1"] {
            assert!(!never_a_host(text.parse().expect(text)), "{text}");
        }
    }
}
