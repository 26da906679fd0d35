//! Flags of TCP: what a match of them says about packets that open a connection.

use super::names;
use super::pattern::Pattern;
use super::token::{Kind, Token};
use crate::packet::{Protocol, TransportSet};
use crate::targets::packet_filters::region::States;

/// The flag that a packet which opens a connection has.
const SYN: u8 = 0x02;
/// The flags whose value in such a packet is known: it has SYN, and neither FIN, RST nor ACK.
const KNOWN: u8 = 0x01 | 0x02 | 0x04 | 0x10;
/// Why flags are left out.
const WHY: &str = "flags that do not open a connection may be set or not";

/// The packets that a match of flags chooses, from what stands behind `tcp flags`, and how many words that is; none when
/// they are not plain. `text` is the condition as written, up to so many of these words.
pub(super) fn patterns(
    rest: &[Token<'_>],
    text: impl Fn(usize) -> String,
) -> Result<(Vec<Pattern>, Option<usize>), String> {
    let sign = |at: usize| {
        rest.get(at).filter(|token| token.kind == Kind::Sign).map_or("", |token| token.text.as_ref())
    };
    let unclear = Ok((Vec::new(), None));
    let (mask, operator, value, end) = if sign(0) == "&" {
        let (mask, at) = list(rest, 1)?;
        let operator = sign(at);
        if !matches!(operator, "==" | "!=") {
            return unclear;
        }
        let (value, end) = list(rest, at.saturating_add(1))?;
        (Some(mask), operator, value, end)
    } else {
        let operator = if matches!(sign(0), "==" | "!=" | "!") { sign(0) } else { "" };
        let from = usize::from(!operator.is_empty());
        if matches!(sign(from), "{" | "<" | ">")
            || rest.get(from).is_some_and(|token| token.text.starts_with('@'))
        {
            return unclear;
        }
        let (value, end) = list(rest, from)?;
        if sign(end) == "/" {
            let (mask, end) = list(rest, end.saturating_add(1))?;
            (Some(mask), if operator.is_empty() { "==" } else { operator }, value, end)
        } else {
            (None, operator, value, end)
        }
    };
    let decided = match (mask, operator) {
        // Any of the flags.
        (None, "") if value & SYN != 0 => Some(true),
        (None, "") if value & !KNOWN == 0 => Some(false),
        (None, "") => None,
        // None of the flags.
        (None, "!") if value & SYN != 0 => Some(false),
        (None, "!") => (value & !KNOWN == 0).then_some(true),
        (mask, _) => equal(mask.unwrap_or(u8::MAX), value).map(|equal| equal == (operator != "!=")),
    };
    let transport = Some(TransportSet::protocol(Protocol::TCP));
    let pattern = match decided {
        Some(true) => Pattern { transport, ..Pattern::ALL },
        Some(false) => Pattern { transport, states: States::OPENING.complement(), ..Pattern::ALL },
        None => Pattern { transport, ..Pattern::when(text(end), WHY) },
    };
    Ok((vec![pattern], Some(end)))
}

/// Whether the flags of a packet that opens a connection are these, in the bits of the mask; none when nobody knows.
fn equal(mask: u8, value: u8) -> Option<bool> {
    if value & !mask != 0 || value & KNOWN != SYN & mask {
        return Some(false);
    }
    (mask & !KNOWN == 0).then_some(true)
}

/// Flags joined by `,` or `|`, in parentheses or not, and the place behind them.
fn list(rest: &[Token<'_>], from: usize) -> Result<(u8, usize), String> {
    let mut at = from;
    let mut bits = 0_u8;
    let mut open = 0_usize;
    loop {
        while rest.get(at).is_some_and(|token| token.is_sign("(")) {
            open = open.saturating_add(1);
            at = at.saturating_add(1);
        }
        let token = rest.get(at).ok_or("flags of TCP are expected")?;
        let hexadecimal =
            token.text.strip_prefix("0x").and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let number = hexadecimal.or_else(|| token.text.parse().ok()).or_else(|| names::flag(&token.text));
        bits |= number.ok_or_else(|| format!("`{}` is not a flag of TCP", token.text.trim()))?;
        at = at.saturating_add(1);
        while open > 0 && rest.get(at).is_some_and(|token| token.is_sign(")")) {
            open = open.saturating_sub(1);
            at = at.saturating_add(1);
        }
        match rest.get(at) {
            Some(token) if token.is_sign(",") || token.is_sign("|") => at = at.saturating_add(1),
            _ if open > 0 => return Err("`)` is expected".to_owned()),
            _ => return Ok((bits, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::nftables::token::split;

    /// Whether a packet that opens a connection surely matches, or surely does not.
    fn opens(text: &str) -> Option<bool> {
        let (found, count) = patterns(&split(text).unwrap(), |_| text.to_owned()).unwrap();
        assert!(count.is_some(), "{text}");
        let pattern = &found[0];
        pattern.unmodelled.is_empty().then(|| !pattern.states.and(States::OPENING).is_empty())
    }

    #[test]
    fn a_syn_opens_a_connection_and_nothing_else_does() {
        assert_eq!(opens("& (fin|syn|rst|ack) == syn"), Some(true));
        assert_eq!(opens("syn / fin,syn,rst,ack"), Some(true));
        assert_eq!(opens("!= syn / fin,syn,rst,ack"), Some(false));
        assert_eq!(opens("& (syn|ack) != syn"), Some(false));
        assert_eq!(opens("syn"), Some(true));
        assert_eq!(opens("ack,rst"), Some(false));
        assert_eq!(opens("psh,ack"), None);
        assert_eq!(opens("== syn"), None);
        assert_eq!(opens("== 0x12"), Some(false));
        assert_eq!(opens("!= syn,ack"), Some(true));
        assert!(patterns(&split("sin").unwrap(), |_| String::new()).is_err());
    }
}
