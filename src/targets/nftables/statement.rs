//! Statements of rules by their words: what each does, and where it ends.

use super::pattern::Pattern;
use super::rule::{Refusal, Verdict};
use super::token::{Kind, Token, place};
use crate::packet::{Protocol, TransportSet};
use crate::targets::packet_filters::region::Family;

/// What the next words of a rule are, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    /// What happens to the packets.
    Verdict(Verdict, usize),
    /// The packets stop, of those that can be answered so; a dump leaves out that only these match.
    Reject(Pattern, usize),
    /// Something that decides nothing and always goes on.
    Nothing(usize),
    /// A condition that is not modelled, and why.
    Condition(usize, &'static str),
    /// A match, which begins with something of a packet.
    Match,
}

/// Why a rate is not modelled.
const RATE: &str = "how many packets pass depends on how many there were";
/// Why an addition to a set is a condition.
const ADDITION: &str = "it goes on only while the set takes elements";
/// Targets of `iptables` that leave the packet to the next rule.
const XT_CONTINUE: [&str; 12] =
    ["AUDIT", "CLASSIFY", "CONNMARK", "CT", "DSCP", "LOG", "MARK", "NFLOG", "SET", "TCPMSS", "TOS", "TRACE"];

/// Words that begin a statement wherever they stand in a rule.
const BOUNDARIES: [&str; 20] = [
    "accept",
    "drop",
    "reject",
    "return",
    "continue",
    "jump",
    "goto",
    "queue",
    "counter",
    "log",
    "limit",
    "quota",
    "comment",
    "vmap",
    "notrack",
    "synproxy",
    "tproxy",
    "masquerade",
    "xt",
    "update",
];

/// What the next words are.
pub(super) fn after(rest: &[Token<'_>]) -> Result<After, Refusal> {
    let Some(first) = rest.first() else {
        return Err(Refusal { message: "a verdict is expected".to_owned(), span: place(rest) });
    };
    let word = |at: usize| {
        rest.get(at).filter(|token| token.kind == Kind::Word).map_or("", |token| token.text.as_ref())
    };
    let text = |at: usize| rest.get(at).map_or("", |token| token.text.as_ref());
    let to_comment = || rest.iter().position(|token| token.is_word("comment")).unwrap_or(rest.len());
    Ok(match (word(0), word(1)) {
        ("accept", _) => After::Verdict(Verdict::Accept, 1),
        ("drop", _) => After::Verdict(Verdict::Deny, 1),
        ("return", _) => After::Verdict(Verdict::Return, 1),
        ("continue" | "notrack", _) => After::Nothing(1),
        ("reject", _) => {
            let count = to_comment();
            After::Reject(answered(rest.get(..count).unwrap_or_default()), count)
        }
        ("jump" | "goto", _) => {
            let Some(target) = rest.get(1) else {
                return Err(Refusal {
                    message: "the name of a chain is expected".to_owned(),
                    span: first.span,
                });
            };
            if target.is_sign("{") {
                let end = to_comment();
                return Ok(After::Verdict(Verdict::Unknown("a chain without a name".to_owned()), end));
            }
            let name = target.text.clone().into_owned();
            After::Verdict(if word(0) == "jump" { Verdict::Jump(name) } else { Verdict::Goto(name) }, 2)
        }
        ("queue" | "synproxy" | "tproxy" | "masquerade" | "snat" | "dnat" | "redirect" | "fwd", _) => {
            After::Verdict(Verdict::Unknown(text(0).to_owned()), to_comment())
        }
        ("counter", "packets") => After::Nothing(5),
        ("counter", "name") | ("flow", "add" | "offload") => After::Nothing(3),
        ("counter", _) => {
            After::Nothing(if rest.get(1).is_some_and(|token| token.kind == Kind::Text) { 2 } else { 1 })
        }
        ("log", _) => After::Nothing(log(rest)),
        ("limit" | "quota", _) | ("ct", "count") => After::Condition(amount(rest), RATE),
        ("add" | "update" | "delete", _) if text(1).starts_with('@') => {
            After::Condition(closing(rest, 2), ADDITION)
        }
        ("xt", kind) => {
            let name = text(2);
            match kind {
                "target" if XT_CONTINUE.contains(&name) => After::Nothing(3),
                "target" if matches!(name, "DROP" | "REJECT") => After::Verdict(Verdict::Deny, 3),
                // A comment matches every packet.
                "match" if name == "comment" => After::Nothing(3),
                "target" => After::Verdict(Verdict::Unknown(format!("xt target {name}")), to_comment()),
                _ => After::Condition(3, "an extension of iptables, of which a dump shows the name only"),
            }
        }
        _ => After::Match,
    })
}

/// The packets that a reject with such an answer is about.
fn answered(words: &[Token<'_>]) -> Pattern {
    let with = |answer: &str| words.iter().skip(1).any(|token| token.is_word(answer));
    if with("icmp") {
        Pattern::family(Family::V4)
    } else if with("icmpv6") {
        Pattern::family(Family::V6)
    } else if with("tcp") {
        Pattern::of(TransportSet::protocol(Protocol::TCP))
    } else {
        Pattern::ALL
    }
}

/// `log prefix "x" level debug`.
fn log(rest: &[Token<'_>]) -> usize {
    let mut at = 1_usize;
    while let Some(token) = rest.get(at) {
        let step = match token.text.as_ref() {
            "prefix" | "level" | "group" | "snaplen" | "queue-threshold" | "," => 2,
            "flags" => {
                let kinds = rest.get(at.saturating_add(1)).map_or("", |token| token.text.as_ref());
                if matches!(kinds, "tcp" | "ip") { 3 } else { 2 }
            }
            _ => break,
        };
        at = at.saturating_add(step);
    }
    at.min(rest.len())
}

/// `limit rate over 3/minute burst 5 packets`, `quota over 100 mbytes used 0 bytes`, `ct count over 10`.
fn amount(rest: &[Token<'_>]) -> usize {
    const WORDS: [&str; 13] = [
        "limit", "quota", "ct", "count", "rate", "over", "until", "burst", "packets", "used", "name",
        "bytes", "kbytes",
    ];
    let fits = |token: &&Token<'_>| {
        let text = token.text.as_ref();
        let is_number = text.starts_with(|char: char| char.is_ascii_digit());
        WORDS.contains(&text)
            || is_number
            || text == "mbytes"
            || text.contains("bytes/")
            || token.kind == Kind::Text
    };
    rest.iter().take_while(fits).count().max(1)
}

/// The place behind the braces that open after so many tokens.
fn closing(rest: &[Token<'_>], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in rest.iter().enumerate().skip(from) {
        if token.is_sign("{") {
            depth = depth.saturating_add(1);
        } else if token.is_sign("}") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return at.saturating_add(1);
        }
    }
    rest.len()
}

/// How many words the left side of a match is that is not modelled; none when its words are not known.
pub(super) fn left_length(rest: &[Token<'_>]) -> Option<usize> {
    let word = |at: usize| {
        rest.get(at).filter(|token| token.kind == Kind::Word).map_or("", |token| token.text.as_ref())
    };
    let is_change = |at: usize| word(at) == "set";
    let count = match (word(0), word(1)) {
        (
            "mark" | "skuid" | "skgid" | "iifgroup" | "oifgroup" | "pkttype" | "cpu" | "cgroup" | "iiftype"
            | "oiftype" | "rtclassid" | "time" | "day" | "hour",
            _,
        ) => 1,
        (
            "meta" | "socket" | "ip" | "ip6" | "tcp" | "udp" | "ah" | "esp" | "comp" | "ether" | "igmp"
            | "arp",
            name,
        ) if name != "option" => 2,
        (
            "icmp" | "icmpv6" | "sctp" | "dccp" | "udplite" | "frag" | "hbh" | "mh" | "dst" | "vlan"
            | "ipsec",
            name,
        ) if name != "chunk" && name != "option" => 2,
        ("tcp", "option") => match (word(2), word(3)) {
            ("", _) | (_, "") => return None,
            (name, _) if name.starts_with('@') => return None,
            (_, "exists" | "missing") => 3,
            _ => 4,
        },
        ("ct", "original" | "reply") => match word(2) {
            "ip" | "ip6" => 4,
            _ => 3,
        },
        ("ct", _) => 2,
        ("fib", _) => {
            let at = rest.iter().position(|token| {
                ["type", "oif", "oifname", "check"].iter().any(|word| token.is_word(word))
            })?;
            at.checked_add(1)?
        }
        _ => return None,
    };
    (!is_change(count)).then_some(count)
}

/// How many words the operator and the right side of a match are; none when they are not plain.
pub(super) fn value_length(rest: &[Token<'_>]) -> Option<usize> {
    let mut from = 0_usize;
    // `& 8191`, and more of it, before what the outcome is compared with.
    while rest.get(from).is_some_and(calculates) {
        rest.get(from.checked_add(1)?).filter(|token| {
            token.kind == Kind::Word && token.text.starts_with(|char: char| char.is_ascii_digit())
        })?;
        from = from.checked_add(2)?;
    }
    let operator = rest.get(from).is_some_and(|token| {
        token.kind == Kind::Sign && ["==", "!=", "<", ">", "<=", ">="].contains(&token.text.as_ref())
    });
    if from > 0 && !operator {
        return None;
    }
    from = from.checked_add(usize::from(operator))?;
    let first = rest.get(from)?;
    if first.is_sign("{") {
        return Some(closing(rest, from));
    }
    if !matches!(first.kind, Kind::Word | Kind::Text) || BOUNDARIES.iter().any(|word| first.is_word(word)) {
        return None;
    }
    let mut end = from.checked_add(1)?;
    while rest
        .get(end)
        .is_some_and(|token| token.kind == Kind::Sign && [",", "|", "-", "/"].contains(&token.text.as_ref()))
    {
        end = end.checked_add(2)?;
    }
    // What is calculated with, or compared further, is not plain.
    let plain = rest.get(end).is_none_or(|token| {
        token.kind != Kind::Sign && !["and", "or", "xor", "vmap", "map", "."].contains(&token.text.as_ref())
    });
    (plain && end <= rest.len()).then_some(end)
}

/// Reports whether it calculates with what stands before it.
fn calculates(token: &Token<'_>) -> bool {
    let signs = ["&", "|", "^", "<<", ">>"];
    signs.iter().any(|sign| token.is_sign(sign))
        || ["and", "or", "xor"].iter().any(|word| token.is_word(word))
}

/// The packets that have what such a match looks at, where that is said of a protocol that is modelled.
pub(super) fn needs(tokens: &[Token<'_>]) -> Option<Pattern> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_ref());
    match (word(0), word(1)) {
        ("ip", _) => Some(Pattern::family(Family::V4)),
        ("ip6", _) => Some(Pattern::family(Family::V6)),
        // Other packets have no such option either.
        ("tcp", "option") if word(3) == "missing" => None,
        ("tcp" | "udp" | "udplite" | "sctp" | "dccp", _) => {
            Protocol::parse(word(0)).map(|protocol| Pattern::of(TransportSet::protocol(protocol)))
        }
        _ => None,
    }
}

/// How many words stand before one that surely begins a statement, outside of braces.
pub(super) fn boundary(rest: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    let end = rest.iter().enumerate().position(|(at, token)| {
        if token.is_sign("{") {
            depth = depth.saturating_add(1);
        } else if token.is_sign("}") {
            depth = depth.saturating_sub(1);
        }
        let begins = BOUNDARIES.iter().any(|word| token.is_word(word))
            || matches!(token.kind, Kind::End | Kind::Hidden);
        depth == 0 && at > 0 && begins
    });
    end.unwrap_or(rest.len())
}

/// Reports whether the words set something to a value that every packet has, so that the rule always goes on.
pub(super) fn changes(tokens: &[Token<'_>]) -> bool {
    let Some(at) = tokens.iter().position(|token| token.is_word("set")) else { return false };
    let value = tokens.get(at.saturating_add(1)..).unwrap_or_default();
    let known = |token: &Token<'_>| {
        let text = token.text.as_ref();
        let is_number = text.starts_with(|char: char| char.is_ascii_digit());
        is_number || ["meta", "mark", "or", "and", "xor", "|", "&", "^"].contains(&text)
    };
    value.len() == 1 || (!value.is_empty() && value.iter().all(known))
}

/// Why something is not modelled.
pub(super) fn why(tokens: &[Token<'_>]) -> &'static str {
    let has = |words: &[&str]| tokens.iter().take(2).any(|token| words.contains(&token.text.as_ref()));
    if has(&["skuid", "skgid", "cgroup", "socket"]) {
        "which process owns a socket is not in its packets"
    } else if has(&["mark", "priority", "secmark", "zone", "label"]) {
        "marks are set by rules or programs that are not read"
    } else if has(&["day", "hour", "time"]) {
        "it depends on when a packet comes"
    } else if has(&["fib", "rt"]) {
        "it depends on the routes and addresses of the host"
    } else if has(&["ct"]) {
        "it depends on what the connection went through before"
    } else if has(&["ether", "pkttype", "vlan", "arp"]) {
        "it is about the link, not about addresses"
    } else {
        "egressor does not model this match"
    }
}
