//! Addresses that are compared in the bits of a mask: `ip daddr & 255.0.255.0 == 10.0.2.0`.

use super::pattern::Pattern;
use super::token::{Kind, Token};
use crate::packet::{AddrSet, Set};
use crate::targets::packet_filters::masked::{Block, masked};
use crate::targets::packet_filters::region::Family;
use std::net::IpAddr;

/// How many words stand behind the address.
pub(super) const WORDS: usize = 4;
/// Why a mask is not modelled.
const SCATTERED: &str = "the mask is scattered over too many bits";

/// The packets that such a comparison chooses, from what stands behind the address; none when that is not plain. `text` is
/// the condition as written.
pub(super) fn patterns(
    rest: &[Token<'_>],
    family: Family,
    is_source: bool,
    text: impl Fn() -> String,
) -> Option<Vec<Pattern>> {
    let [and, mask, operator, value, behind @ ..] = rest else { return None };
    let is = |token: &Token<'_>, sign: &str, word: &str| token.is_sign(sign) || token.is_word(word);
    let negated = is(operator, "!=", "ne");
    let goes_on = behind.first().is_some_and(|token| {
        token.kind == Kind::Sign || ["and", "or", "xor"].iter().any(|word| token.is_word(word))
    });
    if !is(and, "&", "and") || !(negated || is(operator, "==", "eq")) || goes_on {
        return None;
    }
    let address = |token: &Token<'_>| {
        let ip = token.text.parse::<IpAddr>().ok().filter(|ip| ip.is_ipv4() == (family == Family::V4));
        ip.filter(|_| matches!(token.kind, Kind::Word | Kind::Text))
    };
    let (mask, value) = (address(mask)?, address(value)?);
    let all = Pattern::family(family);
    // No address has a bit that the mask takes away.
    if bits(value) & !bits(mask) != 0 {
        return Some(if negated { vec![all] } else { Vec::new() });
    }
    let others = |set: &AddrSet| family.all().subtract(set);
    let (sure, doubtful) = match masked(value, mask) {
        Block::Exact(set) => (if negated { others(&set) } else { set }, AddrSet::default()),
        Block::Within(bound, _) => (if negated { others(&bound) } else { AddrSet::default() }, bound),
    };
    let of = |set: AddrSet, base: Pattern| {
        let set = (!set.is_empty()).then_some(set)?;
        let base = Pattern { v4: all.v4, v6: all.v6, ..base };
        Some(if is_source {
            Pattern { source: Some(set), ..base }
        } else {
            Pattern { destination: Some(set), ..base }
        })
    };
    let ways = [of(sure, Pattern::ALL), of(doubtful, Pattern::when(text(), SCATTERED))];
    Some(ways.into_iter().flatten().collect())
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::nftables::token::split;

    /// The blocks of destinations, those in doubt behind a question mark.
    fn of(text: &str, family: Family) -> Option<Vec<String>> {
        let ways = patterns(&split(text).unwrap(), family, false, || text.to_owned())?;
        let blocks = |way: &Pattern| {
            assert_eq!((way.v4, way.v6), (family == Family::V4, family == Family::V6));
            let set = way.destination.clone().unwrap_or_else(|| family.all());
            let mark = if way.unmodelled.is_empty() { "" } else { "?" };
            set.prefixes().iter().map(|prefix| format!("{mark}{prefix}")).collect::<Vec<_>>()
        };
        Some(ways.iter().flat_map(blocks).collect())
    }

    #[test]
    fn a_mask_is_exact_or_bounded() {
        let v4 = |text| of(text, Family::V4).unwrap();
        assert_eq!(v4("& 255.255.0.0 == 10.1.0.0 accept"), ["10.1.0.0/16"]);
        assert_eq!(v4("and 255.255.0.0 eq 10.1.0.0"), ["10.1.0.0/16"]);
        assert_eq!(v4("& 0.0.0.0 == 0.0.0.0"), ["0.0.0.0/0"]);
        assert_eq!(v4("& 0.0.0.0 != 0.0.0.0"), [""; 0]);
        assert_eq!(v4("& 128.0.0.0 != 0.0.0.0"), ["128.0.0.0/1"]);
        assert_eq!(v4("& 255.0.255.0 == 10.0.2.0").len(), 256);
        assert_eq!(v4("& 0.0.0.255 == 0.0.0.3"), ["?0.0.0.0/0"]);
        assert_eq!(v4("& 128.0.0.1 != 128.0.0.1"), ["0.0.0.0/1", "?128.0.0.0/1"]);
        let v6 = of("& ffff:ffff::ffff:0 == 2001:db8::1:0", Family::V6).unwrap();
        assert_eq!(v6, ["?2001:db8::/32"]);
    }

    #[test]
    fn bits_outside_of_the_mask_are_in_no_address() {
        assert_eq!(of("& 255.0.0.0 == 10.0.0.1", Family::V4), Some(Vec::new()));
        assert_eq!(of("& 255.0.0.0 != 10.0.0.1", Family::V4), Some(vec!["0.0.0.0/0".to_owned()]));
    }

    #[test]
    fn what_is_calculated_further_is_not_plain() {
        for text in [
            "& 255.0.0.0 | 0.0.0.1 == 10.0.0.1",
            "& 255.0.0.0 == 10.0.0.0 - 11.0.0.0",
            "& 255.0.0.0 == { 10.0.0.0 }",
            "& 255.0.0.0 . tcp dport",
            "& 0xff000000 == 10.0.0.0",
            "& ff00:: == 10.0.0.0",
            "& 255.0.0.0 < 10.0.0.0",
            "& 255.0.0.0 vmap",
        ] {
            assert_eq!(of(text, Family::V4), None, "{text}");
        }
    }
}
