//! States of a connection: what `conntrack`, `state` and TCP flags say about packets that open one.

use super::unmodelled;
use crate::targets::packet_filters::region::States;

/// What a match says about the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The states that it can match.
    pub(super) states: States,
    /// The condition, where it is not certain that it matches.
    pub(super) unmodelled: Option<String>,
}

/// Flags as bits, by name.
const FLAGS: [(&str, u8); 8] =
    [("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32), ("ALL", 63), ("NONE", 0)];
/// The flag that a packet which opens a connection has.
const SYN: u8 = 2;
/// The flags whose value in such a packet is known: it has SYN, and neither FIN, RST nor ACK.
const KNOWN: u8 = 1 | 2 | 4 | 16;

/// `--syn`.
pub(super) fn syn(negated: bool) -> Found {
    known(true, true, negated)
}

/// `--tcp-flags MASK SET`.
pub(super) fn flags(mask: &str, set: &str, negated: bool) -> Result<Found, String> {
    let text = || format!("-m tcp {}", unmodelled::text(negated, &["--tcp-flags", mask, set]));
    let (mask, set) = (bits(mask)?, bits(set)?);
    if set & !mask != 0 {
        // No packet has a flag that was masked out.
        return Ok(Found { states: if negated { States::ALL } else { States::NONE }, unmodelled: None });
    }
    let opening = SYN & mask & KNOWN == set & KNOWN;
    if opening && mask & !KNOWN != 0 {
        // Whether the packet pushes or is urgent decides.
        return Ok(Found { states: States::ALL, unmodelled: Some(text()) });
    }
    Ok(known(opening, mask & SYN != 0, negated))
}

/// `--ctstate` or `--state` with a list of states.
pub(super) fn tracked(list: &str, negated: bool) -> Result<Found, String> {
    let mut states = States::NONE;
    let (mut untracked, mut translated) = (false, false);
    for state in list.split(',') {
        match state.to_ascii_uppercase().as_str() {
            "NEW" => states = states.or(States::OPENING).or(States::MIDSTREAM),
            "ESTABLISHED" | "RELATED" => states = states.or(States::RETURN),
            "INVALID" => states = states.or(States::INVALID),
            "UNTRACKED" => untracked = true,
            "SNAT" | "DNAT" => translated = true,
            _ => return Err(format!("`{state}` is not a state of a connection")),
        }
    }
    let text = || format!("-m conntrack {}", unmodelled::text(negated, &["--ctstate", list]));
    let states = if negated { states.complement() } else { states };
    // Rules take packets as tracked. One that asks for packets which are not, or which are translated, may match any.
    let certain = !States::OPENING.and(states).is_empty();
    let doubtful = if negated { translated && certain } else { (untracked || translated) && !certain };
    Ok(if doubtful {
        let states = if negated { states } else { States::ALL };
        Found { states, unmodelled: Some(text()) }
    } else {
        Found { states, unmodelled: None }
    })
}

/// What a match of flags says when it surely matches, or surely does not match, a packet that opens a connection.
fn known(opening: bool, asks_syn: bool, negated: bool) -> Found {
    let states = match (opening != negated, asks_syn) {
        (false, _) => States::OPENING.complement(),
        (true, true) if !negated => States::OPENING.or(States::INVALID),
        (true, _) => States::ALL,
    };
    Found { states, unmodelled: None }
}

fn bits(list: &str) -> Result<u8, String> {
    list.split(',').try_fold(0, |bits, name| {
        let flag = FLAGS.iter().find(|(flag, _)| flag.eq_ignore_ascii_case(name));
        flag.map(|(_, bit)| bits | bit).ok_or_else(|| format!("`{name}` is not a TCP flag"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(found: &Found) -> Option<bool> {
        found.unmodelled.is_none().then(|| !found.states.and(States::OPENING).is_empty())
    }

    #[test]
    fn a_syn_opens_a_connection_and_nothing_else_does() {
        assert_eq!(opens(&syn(false)), Some(true));
        assert_eq!(opens(&syn(true)), Some(false));
        let of = |mask, set, negated| opens(&flags(mask, set, negated).unwrap());
        assert_eq!(of("FIN,SYN,RST,ACK", "SYN", false), Some(true));
        assert_eq!(of("FIN,SYN,RST,ACK", "SYN", true), Some(false));
        assert_eq!(of("ALL", "NONE", false), Some(false));
        assert_eq!(of("SYN,RST", "SYN,RST", true), Some(true));
        assert_eq!(of("ALL", "SYN", false), None, "PSH and URG are not known");
        assert_eq!(of("SYN", "ACK", false), Some(false), "a flag that is masked out never matches");
        assert!(flags("SIN", "SYN", false).is_err());
    }

    #[test]
    fn new_opens_and_established_returns() {
        let of = |list, negated| opens(&tracked(list, negated).unwrap());
        assert_eq!(of("NEW,RELATED", false), Some(true));
        assert_eq!(of("RELATED,ESTABLISHED", false), Some(false));
        assert_eq!(of("RELATED,ESTABLISHED", true), Some(true));
        assert_eq!(of("INVALID", false), Some(false));
        assert_eq!(of("UNTRACKED", false), None);
        assert_eq!(of("NEW,UNTRACKED", false), Some(true));
        assert_eq!(of("RELATED,ESTABLISHED,DNAT", false), None);
        assert_eq!(of("UNTRACKED", true), Some(true));
        assert!(tracked("OLD", false).is_err());
    }
}
