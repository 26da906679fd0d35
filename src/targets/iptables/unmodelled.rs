//! Conditions of a rule that are not a matter of addresses, protocols and ports, and why.

use crate::diag::Span;
use crate::policy::Unmodelled;
use crate::syntax::words::quote_word;

/// A condition with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// As `iptables-save` writes it.
    pub(super) text: String,
    /// Why it is not modelled.
    pub(super) why: String,
    /// Where it stands.
    pub(super) span: Span,
}

impl Condition {
    /// A condition at a place.
    pub(super) fn new(text: String, why: impl Into<String>, span: Span) -> Self {
        Self { text, why: why.into(), span }
    }

    /// The condition as a policy holds it.
    pub(super) fn to_unmodelled(&self) -> Unmodelled {
        Unmodelled { text: self.text.clone(), why: self.why.clone() }
    }
}

/// Why a source port is left out.
pub(super) const SOURCE_PORT: &str = "source ports are not modelled: whoever sends chooses them";
/// Why a state is left out.
pub(super) const STATE: &str = "the state depends on rules or bits that are not read";
/// Why an interface is left out.
pub(super) const INTERFACE: &str = "which addresses an interface has is not in the file";

/// Modules whose matches are read, all or some of their options.
const MODELLED: [&str; 14] = [
    "tcp",
    "udp",
    "udplite",
    "sctp",
    "dccp",
    "icmp",
    "icmp6",
    "icmpv6",
    "multiport",
    "iprange",
    "set",
    "conntrack",
    "state",
    "comment",
];

/// Options of modelled modules that are not modelled.
const OPTIONS: [(&str, &[&str]); 5] = [
    ("tcp", &["--tcp-option"]),
    ("sctp", &["--chunk-types"]),
    ("dccp", &["--dccp-types", "--dccp-option"]),
    (
        "conntrack",
        &[
            "--ctproto",
            "--ctorigsrc",
            "--ctorigdst",
            "--ctreplsrc",
            "--ctrepldst",
            "--ctorigsrcport",
            "--ctorigdstport",
            "--ctreplsrcport",
            "--ctrepldstport",
            "--ctstatus",
            "--ctexpire",
            "--ctdir",
        ],
    ),
    (
        "set",
        &[
            "--return-nomatch",
            "--update-counters",
            "--update-subcounters",
            "--packets-eq",
            "--packets-lt",
            "--packets-gt",
            "--bytes-eq",
            "--bytes-lt",
            "--bytes-gt",
        ],
    ),
];

/// Reports whether matches of the module are read.
pub(super) fn is_modelled(module: &str) -> bool {
    MODELLED.contains(&module)
}

/// Reports whether a modelled module has this option, although it is not modelled.
pub(super) fn has_option(module: &str, option: &str) -> bool {
    OPTIONS.iter().any(|(name, options)| *name == module && options.contains(&option))
}

/// Why the matches of a module are not modelled.
pub(super) fn why(module: &str) -> &'static str {
    match module {
        "owner" => "which process owns a socket is not in its packets",
        "limit" | "hashlimit" | "connlimit" | "quota" | "connbytes" | "rateest" | "statistic" => {
            "how many packets pass depends on how many there were"
        }
        "recent" | "time" => "it depends on when a packet comes",
        "mark" | "connmark" | "realm" | "socket" | "cgroup" => {
            "marks are set by rules or programs that are not read"
        }
        "mac" | "physdev" | "devgroup" | "pkttype" => "it is about the link, not about addresses",
        "addrtype" | "rpfilter" => "it depends on the routes and addresses of the host",
        "conntrack" => STATE,
        "set" => "it depends on counters of the set",
        _ => "egressor does not model this match",
    }
}

/// An option and its values as `iptables-save` prints them: numbers of marks in hexadecimal, of users in decimal,
/// rates in their largest unit, and no burst where it is the usual one.
pub(super) fn option(module: &str, negated: bool, words: &[&str]) -> String {
    let Some((option, values)) = words.split_first() else { return String::new() };
    let values: Vec<String> = match (module, *option) {
        ("mark" | "connmark", "--mark") => values.iter().map(|value| hexadecimal(value)).collect(),
        ("owner", "--uid-owner" | "--gid-owner") => {
            values.iter().map(|value| if *value == "root" { "0" } else { value }.to_owned()).collect()
        }
        ("limit", "--limit") => {
            values.iter().map(|value| rate(value).unwrap_or_else(|| (*value).to_owned())).collect()
        }
        ("limit", "--limit-burst") if values == ["5"] => return String::new(),
        _ => values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let words: Vec<&str> = std::iter::once(*option).chain(values.iter().map(String::as_str)).collect();
    text(negated, &words)
}

/// A mark, and a mask behind `/`, in hexadecimal. A mask of all bits is left out.
fn hexadecimal(mark: &str) -> String {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let (bits, within) = mark.split_once('/').map_or((mark, None), |(bits, within)| (bits, Some(within)));
    match (number(bits), within.map(number)) {
        (Some(bits), None | Some(Some(u32::MAX))) => format!("{bits:#x}"),
        (Some(bits), Some(Some(within))) => format!("{bits:#x}/{within:#x}"),
        _ => mark.to_owned(),
    }
}

/// A rate such as `60/minute` in the unit that the kernel's way of storing it comes out as.
fn rate(text: &str) -> Option<String> {
    const SCALE: u64 = 10_000;
    const UNITS: [(&str, u64); 4] = [("day", 86_400), ("hour", 3_600), ("min", 60), ("sec", 1)];
    let (count, unit) = text.split_once('/').unwrap_or((text, "second"));
    let full = ["day", "hour", "minute", "second"];
    let index = full.iter().position(|name| !unit.is_empty() && name.starts_with(unit))?;
    let seconds = UNITS.get(index)?.1;
    let period = (SCALE * seconds).checked_div(count.parse().ok()?)?;
    let mut printed = None;
    for (name, seconds) in UNITS {
        let unit = SCALE * seconds;
        let (whole, rest) = (unit.checked_div(period)?, unit.checked_rem(period)?);
        // The first unit always does; a smaller one only where it loses less.
        if printed.is_some() && (period > unit || whole < rest) {
            break;
        }
        printed = Some(format!("{whole}/{name}"));
    }
    printed
}

/// Words as one text, with `!` before it where it is negated.
pub(super) fn text(negated: bool, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| quote_word(word)).collect();
    format!("{}{}", if negated { "! " } else { "" }, words.join(" "))
}
