//! Lines that hold one block or address and nothing else, byte by byte: most lines do. Anything else, and anything
//! doubtful, is left to the reader that can say what is wrong.

/// As many bytes as the longest plain IPv4 line has, `255.255.255.255/32` and its end, and what is read beyond.
pub(super) const V4_WINDOW: usize = 24;

// A digit, a dot and the like with the code of `0` taken away by exclusive or.
const DOT: u32 = 0x1e;
const SLASH: u32 = 0x1f;
const NEWLINE: u32 = 0x3a;

/// The first and last address of the IPv4 block on the first line, and the length of the line with its end.
///
/// Each octet is taken from four bytes at once without a branch; what is wrong with any of them is gathered in the sign
/// of one number and in the bits of another. Random addresses have digits in no order, so a branch for each would be
/// guessed wrongly every third time.
#[inline]
pub(super) fn v4(window: &[u8; V4_WINDOW]) -> Option<(u32, u32, usize)> {
    let mut at = 0_usize;
    let (mut addr, mut separator) = (0_u32, DOT);
    let (mut wrong_sign, mut wrong_bits) = (0_i64, 0_u32);
    for _ in 0..4 {
        wrong_bits |= separator ^ DOT;
        let bytes = digits(window, at)?;
        // The highest bit of each byte that is no digit. The fourth byte counts as none: four digits are one too many, and
        // the fourth is then found where a separator must be.
        let others = ((bytes.wrapping_add(0x7676_7676) | bytes) & 0x0080_8080) | 0x8000_0000;
        // Of the first such byte: 7, 15, 23 or 31 for no, one, two or three digits before it.
        let zeros = others.trailing_zeros();
        // The digits alone, the last one in the highest byte. Without digits nothing is shifted, and the lowest byte,
        // which must be empty, is not.
        let aligned = bytes.wrapping_shl(7_u32.wrapping_sub(zeros));
        // At most 2, 5, 5 when compared from the first digit on.
        wrong_sign |= 0x0002_0505 - i64::from(aligned.swap_bytes());
        // No zero before another digit: some tools read that as octal.
        wrong_sign |= (i64::from(bytes & 0xff) - 1) & (15 - i64::from(zeros));
        separator = bytes.wrapping_shr(zeros.wrapping_sub(7)) & 0xff;
        // Hundreds, tens and ones meet in the highest byte.
        addr = (addr << 8) | (aligned.wrapping_mul(0x0064_0a01) >> 24);
        at = at.wrapping_add(usize::try_from(zeros >> 3).ok()?).wrapping_add(1);
    }
    if wrong_sign < 0 || wrong_bits != 0 {
        return None;
    }
    if separator == NEWLINE {
        return Some((addr, addr, at));
    }
    if separator != SLASH {
        return None;
    }
    let bytes = digits(window, at)?;
    let [a, b, c, _] = bytes.to_le_bytes().map(u32::from);
    let (len, taken) = match (a, b, c) {
        (0..=9, NEWLINE, _) => (a, 2),
        (1..=9, 0..=9, NEWLINE) => (a.wrapping_mul(10).wrapping_add(b), 3),
        _ => return None,
    };
    let host = u32::MAX.checked_shr(len).unwrap_or(0);
    let is_block = len <= 32 && addr & host == 0;
    is_block.then_some((addr, addr | host, at.wrapping_add(taken)))
}

/// Four bytes, the first one lowest, in which a digit is its value.
#[inline]
fn digits(window: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*window.get(at..)?.first_chunk()?) ^ 0x3030_3030)
}

/// The first and last address of the IPv6 block that is the whole line.
pub(super) fn v6(line: &[u8]) -> Option<(u128, u128)> {
    let mut bytes = line.iter().copied();
    let (mut addr, mut groups, mut group, mut digits) = (0_u128, 0_u32, 0_u32, 0_u32);
    // How many groups stand before `::`.
    let mut gap = None;
    let mut len = 128;
    let mut after_colon = false;
    loop {
        let byte = bytes.next();
        if let Some(digit) = byte.and_then(|byte| char::from(byte).to_digit(16)) {
            (group, digits, after_colon) = ((group << 4) | digit, digits.wrapping_add(1), false);
            if digits > 4 {
                return None;
            }
            continue;
        }
        if digits > 0 {
            (addr, groups) = ((addr << 16) | u128::from(group), groups.wrapping_add(1));
            (group, digits) = (0, 0);
        } else if byte == Some(b':') && groups == 0 && gap.is_none() {
            // The text begins with `::`.
            (gap, after_colon) = (Some(0), bytes.next() == Some(b':'));
            if !after_colon {
                return None;
            }
            continue;
        } else if byte == Some(b':') && after_colon && gap.is_none() {
            gap = Some(groups);
            continue;
        } else if byte == Some(b':') || gap != Some(groups) {
            // A third colon, or a single one at the end.
            return None;
        }
        match byte {
            Some(b':') if groups < 8 => after_colon = true,
            Some(b'/') => {
                len = prefix_length(&mut bytes)?;
                break;
            }
            None => break,
            Some(_) => return None,
        }
    }
    let missing = 8_u32.checked_sub(groups)?;
    let addr = match gap {
        None if missing == 0 => addr,
        Some(before) if missing > 0 => {
            let behind = groups.checked_sub(before)?.checked_mul(16)?;
            let low = u128::MAX.checked_shr(128_u32.checked_sub(behind)?).unwrap_or(0);
            let high = addr.checked_shr(behind).unwrap_or(0).checked_shl(behind + missing * 16).unwrap_or(0);
            high | (addr & low)
        }
        None | Some(_) => return None,
    };
    let host = u128::MAX.checked_shr(len).unwrap_or(0);
    (addr & host == 0).then_some((addr, addr | host))
}

/// The number up to 128, without zeros before it, that is the rest of a line.
fn prefix_length(bytes: &mut impl Iterator<Item = u8>) -> Option<u32> {
    let mut len = None;
    for byte in bytes {
        let digit = char::from(byte).to_digit(10)?;
        len = match len {
            None => Some(digit),
            Some(1..=12) => len.map(|len| len * 10 + digit),
            Some(_) => return None,
        };
    }
    len.filter(|len| *len <= 128)
}

#[cfg(test)]
mod tests {
    use super::super::range;
    use super::*;
    use proptest::prelude::*;
    use std::net::IpAddr;

    /// What the exact reader says of a text.
    fn exact(text: &str) -> Option<(IpAddr, IpAddr)> {
        if text.contains('-') { None } else { range(text).ok() }
    }

    /// What the fast readers say of it, as a line of a longer text.
    fn fast(text: &str) -> Option<(IpAddr, IpAddr)> {
        let bytes: Vec<u8> = text.bytes().chain(*b"\n1.2.3.4/99 and more than fits").collect();
        let window = bytes.first_chunk().expect("long enough");
        let v4 = v4(window).map(|(first, last, taken)| {
            assert_eq!(taken, text.len() + 1, "{text}");
            (IpAddr::V4(first.into()), IpAddr::V4(last.into()))
        });
        let v6 = v6(text.as_bytes()).map(|(first, last)| (IpAddr::V6(first.into()), IpAddr::V6(last.into())));
        v4.or(v6)
    }

    #[test]
    fn the_fast_readers_agree_with_the_exact_one() {
        for text in [
            "0.0.0.0/0",
            "255.255.255.255",
            "255.255.255.255/32",
            "1.2.3.4/32",
            "1.2.3.4/31",
            "1.2.3.4/030",
            "01.2.3.4",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "999.1.1.1",
            "1.2.3.4/",
            "1.2.3.4/1/2",
            "/8",
            "",
            ".",
            "1.2.3.4/3x",
            "256.0.0.0/8",
            "1.2.3.0/24",
            "1.2.3.256",
            "1.2.3.1000",
            "0000.1.2.3",
            "1.2.3.00",
            "1.2.3.4 ",
            " 1.2.3.4",
            "1.2.3.",
            ".1.2.3",
            "1.2.3.a",
            "1.2.3.\u{e9}",
            "\u{e9}.2.3.4",
            "1,2,3,4",
            "::",
            "::/0",
            "::1",
            "1::",
            "1::/16",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8::",
            "1:2:3:4:5:6:7:8:9",
            "1:::2",
            "1::2::3",
            ":1",
            "1:",
            ":::",
            ":",
            "1:2",
            "12345::",
            "2001:DB8::/32",
            "2001:db8::/129",
            "2001:db8::/032",
            "2001:db8::1/64",
            "::ffff:1.2.3.4",
            "::/",
            "g::",
            "1::/1",
            "8000::/1",
            "::1/128",
            "1:0:0:2::/64",
            "::1:2/127",
            "1::8/125",
            "/",
            "::/0/0",
        ] {
            let doubtful = text.contains(':') && text.contains('.');
            assert_eq!(fast(text), exact(text).filter(|_| !doubtful), "{text}");
        }
    }

    proptest! {
        #[test]
        fn they_agree_on_all_that_looks_like_an_address(text in "[0-9a-f:./]{0,22}|([0-9]{1,3}\\.){3}[0-9]{1,4}(/[0-9]{1,2})?|([0-9a-f]{0,4}:){0,8}[0-9a-f]{0,4}(/[0-9]{1,3})?") {
            let doubtful = text.contains(':') && text.contains('.');
            prop_assert_eq!(fast(&text), exact(&text).filter(|_| !doubtful), "{}", text);
        }

        #[test]
        fn they_read_every_block(addr: u32, wide: u128, len in 0_u32..=32, long in 0_u32..=128) {
            let addr = std::net::Ipv4Addr::from(addr & !u32::MAX.checked_shr(len).unwrap_or(0));
            let text = format!("{addr}/{len}");
            prop_assert!(fast(&text).is_some() && fast(&text) == exact(&text), "{}", text);
            let wide = std::net::Ipv6Addr::from(wide & !u128::MAX.checked_shr(long).unwrap_or(0));
            let text = format!("{wide}/{long}");
            prop_assert!(text.contains('.') || (fast(&text).is_some() && fast(&text) == exact(&text)), "{}", text);
        }
    }
}
