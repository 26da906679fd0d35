//! The values of `src` and `dst`: blocks, ranges, masks, words, and names that Squid resolves when it starts.

use super::acl::{Value, never, refused};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Hostname, Prefix, PrefixError, Set};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where Squid keeps the IPv4 addresses among those of IPv6: `::ffff:0:0/96`.
const MAPPED: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);
/// What the word `ipv6` stands for, as Squid 5.7 matches it: unicast addresses, less those that no network routes.
const ROUTED_V6: [(Ipv6Addr, Ipv6Addr); 3] = [
    (Ipv6Addr::from_bits(0x1000 << 112), Ipv6Addr::from_bits((0xf000 << 112) - 1)),
    (Ipv6Addr::from_bits(0xfc00 << 112), Ipv6Addr::from_bits((0xfe00 << 112) - 1)),
    (Ipv6Addr::from_bits(0xfe80 << 112), Ipv6Addr::from_bits((0xfec0 << 112) - 1)),
];

/// Reports whether a set holds addresses of IPv6 that stand for IPv4 clients in Squid.
pub(super) fn holds_mapped(set: &AddrSet) -> bool {
    let last = Ipv6Addr::from_bits(MAPPED.to_bits() | u128::from(u32::MAX));
    !AddrSet::from_ranges([(MAPPED.into(), last.into())]).intersect(set).is_empty()
}

/// The addresses of an ACL.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// The inclusive ranges that are known.
    pub(super) ranges: Vec<(IpAddr, IpAddr)>,
    /// There are names among them, whose addresses a file does not tell.
    pub(super) unresolved: bool,
}

impl Addresses {
    /// The addresses that are known.
    pub(super) fn set(&self) -> AddrSet {
        AddrSet::from_ranges(self.ranges.iter().copied())
    }

    /// Takes a value, and says what is amiss with it; what comes with a warning was taken.
    pub(super) fn add(&mut self, value: &Value) -> Result<(), Finding> {
        let text = value.text.as_str();
        let ranges = ranges(text);
        if ranges.is_empty() {
            return if text.parse::<Hostname>().is_ok() {
                self.unresolved = true;
                Ok(())
            } else {
                let why = if text.starts_with("::ffff:") || text.starts_with("::FFFF:") {
                    format!("Squid reads the mask of the IPv4-mapped `{text}` as one of IPv4")
                } else {
                    format!("`{text}` is no address, block or range")
                };
                Err(refused(value, &why))
            };
        }
        if ranges.iter().any(|(first, last)| first > last) {
            return Err(never(value));
        }
        self.ranges.extend(ranges);
        match text.parse::<Prefix>() {
            Err(PrefixError::HostBits { network, .. }) => {
                let message =
                    format!("`{text}` has host bits set, which Squid clears: it stands for `{network}`");
                Err(Finding::new(Code::ReadIneffective, message).at(&value.place.source, value.place.span))
            }
            Ok(_) | Err(PrefixError::Address(_) | PrefixError::Length { .. }) => Ok(()),
        }
    }
}

/// The inclusive ranges that a value stands for, one for each family; none when it is no address. A range that is
/// written backwards comes back as it is.
pub(super) fn ranges(text: &str) -> Vec<(IpAddr, IpAddr)> {
    let v4 = (IpAddr::V4(Ipv4Addr::from_bits(0)), IpAddr::V4(Ipv4Addr::from_bits(u32::MAX)));
    let v6 = (IpAddr::V6(Ipv6Addr::from_bits(0)), IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)));
    match text {
        // Squid takes the old ways of writing every IPv4 address for `all`, and logs a security notice.
        "all" | "0/0" | "0.0.0.0/0" | "0.0.0.0/0.0.0.0" | "0.0.0.0-255.255.255.255" | "0.0.0.0-0.0.0.0/0" => {
            vec![v4, v6]
        }
        "ipv4" => vec![v4],
        "ipv6" => ROUTED_V6.map(|(first, last)| (first.into(), last.into())).to_vec(),
        // Squid 5.7 lets no client match it, neither of IPv4 nor of IPv6.
        "::/0" => vec![(v6.1, v6.0)],
        _ => match range(text) {
            // Squid 5.7 takes a mask beyond 32 behind an IPv4-mapped address for one that leaves no bit, so that every
            // client matches, and logs a warning.
            Some((IpAddr::V6(first), _)) if first.to_ipv4_mapped().is_some() => Vec::new(),
            Some((IpAddr::V6(first), IpAddr::V6(last))) if (first..=last).contains(&MAPPED) => {
                vec![v4, (first.into(), last.into())]
            }
            found => found.into_iter().collect(),
        },
    }
}

fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (ends, mask) = text.split_once('/').map_or((text, None), |(ends, mask)| (ends, Some(mask)));
    let (first, last) = ends.split_once('-').map_or((ends, ends), |ends| ends);
    let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
    if first.is_ipv4() != last.is_ipv4() {
        return None;
    }
    let len = match mask {
        None if first.is_ipv4() => 32,
        None => 128,
        Some(mask) => length(mask, first.is_ipv4())?,
    };
    // Squid clears the bits behind the mask.
    Some((Prefix::containing(first, len)?.addr(), Prefix::containing(last, len)?.last()))
}

/// A mask as a prefix length; nothing when it has holes.
fn length(mask: &str, v4: bool) -> Option<u8> {
    if !mask.is_empty() && mask.bytes().all(|byte| byte.is_ascii_digit()) {
        return mask.parse().ok();
    }
    let bits = mask.parse::<Ipv4Addr>().ok().filter(|_| v4)?.to_bits();
    let len = bits.leading_ones();
    (bits.checked_shl(len).unwrap_or(0) == 0).then(|| u8::try_from(len).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let set = AddrSet::from_ranges(ranges(text));
        set.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_read_as_squid_reads_them() {
        for (text, meaning) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.0.0.0/255.255.0.0", "10.0.0.0/16"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.0-192.0.2.3", "192.0.2.0/30"),
            ("10.1.0.0-10.2.0.0/16", "10.1.0.0/16 10.2.0.0/16"),
            ("fe80::/10", "fe80::/10"),
            ("::1", "::1/128"),
            ("all", "0.0.0.0/0 ::/0"),
            ("0.0.0.0/0", "0.0.0.0/0 ::/0"),
            ("ipv4", "0.0.0.0/0"),
            ("::/0", ""),
            ("ipv6", "1000::/4 2000::/3 4000::/2 8000::/2 c000::/3 e000::/4 fc00::/7 fe80::/10"),
            ("::/64", "0.0.0.0/0 ::/64"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.0/104", ""),
            ("::ffff:10.0.0.1", ""),
            ("10.0.0.0/255.0.255.0", ""),
            ("10.0.0.0/33", ""),
            ("10.0.0.0-::1", ""),
        ] {
            assert_eq!(shown(text), meaning, "{text}");
        }
    }
}
