//! Where in the IPv4 address space something changes: a square for each of the 256 blocks of 2^24 addresses.

use crate::drift::{Difference, Drift};
use crate::packet::{AddrSet, PacketSet, Set as _};
use crate::report::words::number;
use std::fmt::Write as _;

/// The fewest changed addresses for which a map says more than the list of blocks.
const FEWEST: u64 = 1 << 16;
/// The most squares in which something changes: a map that is full everywhere says what one word does.
const MOST_LIT: usize = 240;
/// The size of a square, in units of the drawing.
const SIDE: usize = 22;
/// How many squares stand in a row.
const ACROSS: usize = 32;
/// The addresses of a square.
const BLOCK: u64 = 1 << 24;

/// The map; nothing where few addresses change.
pub(super) fn picture(drift: &Drift) -> String {
    let reach = |of: fn(&Difference) -> &PacketSet| {
        let each: Vec<AddrSet> = drift.scopes.iter().map(|it| of(&it.difference).peer_addrs()).collect();
        shares(&AddrSet::union_all(&each))
    };
    let (opens, closes) = (reach(|it| &it.added), reach(|it| &it.removed));
    let changed: u64 = opens.iter().chain(&closes).sum();
    let lit = opens.iter().zip(&closes).filter(|(opens, closes)| **opens > 0 || **closes > 0).count();
    if changed < FEWEST || lit > MOST_LIT {
        return String::new();
    }
    let down = opens.len().div_ceil(ACROSS);
    let mut text = format!(
        "<figure>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"map\">\n\
         <title id=\"map\">The IPv4 address space, one square for each /8</title>\n",
        ACROSS * SIDE,
        down * SIDE,
    );
    for (octet, (opens, closes)) in opens.iter().zip(&closes).enumerate() {
        let (class, sign) = match (opens, closes) {
            (0, 0) => ("empty".to_owned(), ""),
            (opens, 0) => (format!("opens {}", depth(*opens)), "+"),
            (0, closes) => (format!("closes {}", depth(*closes)), "−"),
            (opens, closes) => (format!("both {}", depth(*opens.max(closes))), "±"),
        };
        let (left, top) = (octet % ACROSS * SIDE, octet / ACROSS * SIDE);
        let told = |what: &str, amount: u64| {
            if amount == 0 {
                String::new()
            } else {
                format!(", {what} {} addresses", number(&amount.to_string()))
            }
        };
        let _ = writeln!(
            text,
            "<g><title>{octet}.0.0.0/8{}{}</title><rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{sign}</text></g>",
            told("opens", *opens),
            told("closes", *closes),
            SIDE - 1,
            SIDE - 1,
            left + SIDE / 2,
            top + 15,
        );
    }
    text.push_str(
        "</svg>\n<figcaption>The IPv4 address space, from 0.0.0.0/8 to 255.0.0.0/8: + opens, − closes, ± both; the \
         darker, the more addresses.</figcaption>\n</figure>\n",
    );
    text
}

/// How many addresses each of the 256 blocks holds.
fn shares(addrs: &AddrSet) -> Vec<u64> {
    let mut shares = vec![0_u64; 256];
    for (first, last) in addrs.v4.ranges() {
        let (first, after) = (u64::from(first), u64::from(last) + 1);
        for (octet, share) in (0_u64..).zip(&mut shares) {
            let (begin, end) = (octet * BLOCK, (octet + 1) * BLOCK);
            *share += after.min(end).saturating_sub(first.max(begin));
        }
    }
    shares
}

/// How dark a square is: by powers of the size of a block, as few addresses are never invisible.
fn depth(amount: u64) -> &'static str {
    match amount {
        0..0x100 => "d1",
        0x100..0x1_0000 => "d2",
        _ => "d3",
    }
}
