//! Addresses as `-s`, `-d` and `iprange` write them.

use crate::packet::{AddrSet, Prefix};
use crate::targets::packet_filters::masked::masked;
use crate::targets::packet_filters::region::Family;
use std::net::{IpAddr, Ipv4Addr};

pub(in crate::targets) use crate::targets::packet_filters::masked::Block;

/// Reads `192.0.2.1`, `192.0.2.0/24`, `10.0.2.0/255.0.255.0` or the like in IPv6. Host bits are cleared, as iptables
/// does; leading zeros are refused, because iptables reads them as octal.
pub(in crate::targets) fn block(text: &str, family: Family) -> Result<Block, String> {
    let (addr, mask) = text.split_once('/').map_or((text, None), |(addr, mask)| (addr, Some(mask)));
    let ip = address(addr, family)?;
    let Some(mask) = mask else { return Ok(Block::Exact(AddrSet::block(Prefix::host(ip)))) };
    if !mask.is_empty() && mask.bytes().all(|byte| byte.is_ascii_digit()) {
        let prefix = mask.parse().ok().and_then(|len| Prefix::containing(ip, len));
        let prefix = prefix
            .ok_or_else(|| format!("`/{mask}` is not a prefix length of an {} address", family.as_str()))?;
        return Ok(Block::Exact(AddrSet::block(prefix)));
    }
    let mask = address(mask, family).map_err(|_| format!("`/{mask}` is not a prefix length or a mask"))?;
    Ok(masked(ip, mask))
}

/// The block that [`block`] makes of an address with or without a prefix length; nothing of what is written otherwise.
pub(in crate::targets) fn plain(text: &str, family: Family) -> Option<Prefix> {
    let slash = text.bytes().position(|byte| byte == b'/');
    let (addr, len) = match slash {
        Some(slash) => (text.get(..slash)?, Some(text.get(slash.checked_add(1)?..)?)),
        None => (text, None),
    };
    let ip = match family {
        Family::V4 => IpAddr::V4(plain_v4(addr.as_bytes())?),
        Family::V6 => IpAddr::V6(addr.parse().ok()?),
    };
    match len.map(str::as_bytes) {
        None => Some(Prefix::host(ip)),
        // A number of up to three digits; longer ones fit no family, or begin with zeros.
        Some(digits @ ([_] | [_, _] | [_, _, _])) if digits.iter().all(u8::is_ascii_digit) => {
            let len = digits.iter().fold(0_u16, |len, digit| len * 10 + u16::from(digit - b'0'));
            Prefix::containing(ip, u8::try_from(len).ok()?)
        }
        Some(_) => None,
    }
}

/// Four numbers up to 255 without leading zeros.
fn plain_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut addr, mut octet, mut dots) = (0_u32, None::<u32>, 0_u32);
    for byte in text {
        match (byte, octet) {
            (b'.', Some(done)) => {
                (addr, octet, dots) = ((addr << 8) | done, None, dots.wrapping_add(1));
            }
            (b'0'..=b'9', None) => octet = Some(u32::from(byte - b'0')),
            (b'0'..=b'9', Some(before @ 1..=25)) => {
                octet = Some(before * 10 + u32::from(byte - b'0')).filter(|octet| *octet <= 255);
                octet?;
            }
            _ => return None,
        }
    }
    (dots == 3).then_some(Ipv4Addr::from_bits((addr << 8) | octet?))
}

/// Reads `192.0.2.1-192.0.2.9`, or one address.
pub(in crate::targets) fn range(text: &str, family: Family) -> Result<AddrSet, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (address(first, family)?, address(last, family)?);
    if first > last {
        return Err(format!("the range `{text}` runs backwards"));
    }
    Ok(AddrSet::from_ranges([(first, last)]))
}

/// Reads one address of the family.
pub(in crate::targets) fn address(text: &str, family: Family) -> Result<IpAddr, String> {
    let ip: IpAddr = text.parse().map_err(|_| format!("`{text}` is not an {} address", family.as_str()))?;
    let fits = ip.is_ipv4() == (family == Family::V4);
    if fits { Ok(ip) } else { Err(format!("`{text}` is not an {} address", family.as_str())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str, family: Family) -> Vec<String> {
        match block(text, family).unwrap() {
            Block::Exact(set) => set.prefixes().iter().map(ToString::to_string).collect(),
            Block::Within(set, _) => panic!("only within {:?}", set.prefixes()),
        }
    }

    #[test]
    fn a_plain_block_is_what_the_reader_of_all_blocks_makes_of_it() {
        let addrs = [
            "0.0.0.0",
            "255.255.255.255",
            "192.0.2.77",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.04",
            "1..3.4",
            "1.2.3.",
            ".1.2.3.4",
            "1.2.3.4 ",
            "+1.2.3.4",
            "00.1.2.3",
            "260.1.1.1",
            "1000.1.1.1",
            "::",
            "2001:db8::1",
            "::ffff:192.0.2.1",
            "",
            "x",
        ];
        let lens = [
            "",
            "/0",
            "/8",
            "/24",
            "/024",
            "/32",
            "/33",
            "/128",
            "/129",
            "/256",
            "/",
            "/x",
            "/+8",
            "/0008",
            "/255.0.0.0",
        ];
        for (addr, len) in addrs.iter().flat_map(|addr| lens.map(|len| (addr, len))) {
            let text = format!("{addr}{len}");
            for family in [Family::V4, Family::V6] {
                let Some(prefix) = plain(&text, family) else {
                    let is_left = len.len() > 4 || len == "/" || block(&text, family).is_err();
                    assert!(is_left, "{text} could be read at once");
                    continue;
                };
                assert_eq!(block(&text, family), Ok(Block::Exact(AddrSet::block(prefix))), "{text}");
            }
        }
    }

    #[test]
    fn masks_are_read_as_iptables_reads_them() {
        assert_eq!(exact("192.0.2.1", Family::V4), ["192.0.2.1/32"]);
        assert_eq!(exact("192.0.2.77/24", Family::V4), ["192.0.2.0/24"]);
        assert_eq!(exact("192.0.2.77/255.255.255.0", Family::V4), ["192.0.2.0/24"]);
        assert_eq!(exact("0.0.0.0/0.0.0.0", Family::V4), ["0.0.0.0/0"]);
        assert_eq!(exact("2001:db8::1/ffff:ffff::", Family::V6), ["2001:db8::/32"]);
        assert_eq!(exact("::/0", Family::V6), ["::/0"]);
    }

    #[test]
    fn a_scattered_mask_is_exact_or_bounded() {
        let written = exact("10.0.2.0/255.0.255.252", Family::V4);
        assert_eq!(written.len(), 256);
        assert_eq!(written[3], "10.3.2.0/30");
        let within = block("10.9.9.2/255.0.0.255", Family::V4).unwrap();
        let bound = AddrSet::of(["10.0.0.0/8".parse().unwrap()]);
        assert_eq!(within, Block::Within(bound, "10.0.0.2/255.0.0.255".to_owned()));
        let suffix = block("9::1/::ffff:ffff", Family::V6).unwrap();
        assert_eq!(suffix, Block::Within(AddrSet::all_v6(), "::1/::ffff:ffff".to_owned()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["010.1.2.3", "10.1", "example.com", "10.0.0.0/33", "10.0.0.0/", "::1", "10.0.0.0/-1", ""]
        {
            assert!(block(text, Family::V4).is_err(), "{text}");
        }
        assert!(block("10.0.0.1", Family::V6).is_err());
        assert!(range("10.0.0.9-10.0.0.1", Family::V4).is_err());
        assert_eq!(range("10.0.0.0-10.0.0.3", Family::V4), Ok(AddrSet::of(["10.0.0.0/30".parse().unwrap()])));
    }
}
