//! Regular expressions over host names, as far as they say what a rule about names can say.
//!
//! Squid and tinyproxy take POSIX extended expressions. One is read into a small tree, its alternatives and optional parts are
//! written out, and each of the results is compared with the few shapes that are one host, everything below it, one
//! label below it, or everything. Whatever does not have such a shape is not modelled.

use crate::packet::{AddrSet, Hostname, IntervalSet, NamePattern, NameSet, Prefix, Set};
use crate::syntax::expression::{Atom, expand, parse};

/// What a pattern matches among the hosts of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::targets) struct Hosts {
    /// The names.
    pub(in crate::targets) names: NameSet,
    /// The addresses that a request can name in place of a host.
    pub(in crate::targets) addrs: AddrSet,
}

impl Hosts {
    pub(in crate::targets) fn all() -> Self {
        let addrs = AddrSet { v4: IntervalSet::full(), v6: IntervalSet::full() };
        Self { names: NameSet::full(), addrs }
    }

    pub(in crate::targets) fn union_all(all: impl IntoIterator<Item = Self>) -> Self {
        let (names, addrs): (Vec<NameSet>, Vec<AddrSet>) =
            all.into_iter().map(|hosts| (hosts.names, hosts.addrs)).unzip();
        Self { names: Set::union_all(&names), addrs: Set::union_all(&addrs) }
    }
}

/// The hosts that an expression matches; nothing when it is not modelled.
pub(in crate::targets) fn hosts(expression: &str, ignore_case: bool) -> Option<Hosts> {
    let found: Option<Vec<Hosts>> =
        expand(&parse(expression, ignore_case)?)?.iter().map(|sequence| hosts_of(sequence)).collect();
    found.map(Hosts::union_all)
}

/// The text of characters that stand for themselves.
pub(in crate::targets) fn literal(atoms: &[Atom]) -> Option<String> {
    atoms.iter().map(|atom| if let Atom::Char(char) = atom { Some(*char) } else { None }).collect()
}

/// Reports whether a sequence matches every text that is not empty.
pub(in crate::targets) fn is_everything(sequence: &[Atom]) -> bool {
    let (mut sequence, start) = match sequence {
        [Atom::Start, rest @ ..] => (rest, true),
        rest => (rest, false),
    };
    let mut end = false;
    if let [rest @ .., Atom::End] = sequence {
        (sequence, end) = (rest, true);
    }
    match sequence {
        [] | [Atom::Any] => !(start && end),
        [Atom::Star(only) | Atom::Plus(only)] => matches!(only.as_slice(), [Atom::Any]),
        _ => false,
    }
}

/// The hosts that a sequence matches; nothing when it is not modelled.
pub(in crate::targets) fn hosts_of(sequence: &[Atom]) -> Option<Hosts> {
    if is_everything(sequence) {
        return Some(Hosts::all());
    }
    if let Some(addrs) = address_literals(sequence) {
        return Some(Hosts { names: NameSet::default(), addrs });
    }
    let [rest @ .., Atom::End] = sequence else { return None };
    let tail = rest.iter().rev().take_while(|atom| matches!(atom, Atom::Char(_))).count();
    let (head, tail) = rest.split_at_checked(rest.len() - tail)?;
    let tail = literal(tail)?;
    let any = |atoms: &[Atom]| matches!(atoms, [Atom::Any]);
    let within_label = |atoms: &[Atom]| matches!(atoms, [Atom::InLabel | Atom::OfLabel]);
    let labels = |atoms: &[Atom]| match atoms {
        [Atom::Plus(label), Atom::Char('.')] => within_label(label),
        _ => false,
    };
    let host = |text: &str| text.parse().ok().filter(|name: &Hostname| name.as_str() == text);
    let below = tail.strip_prefix('.');
    let pattern = match head {
        [Atom::Start] => {
            let Some(host) = host(&tail) else {
                // A text that is neither a host name nor an address is never the host of a request.
                let addr = tail.parse().ok().map(Prefix::host);
                return Some(Hosts { names: NameSet::default(), addrs: AddrSet::of(addr) });
            };
            NamePattern::Host(host)
        }
        // Something stands before every dot of a name, so nothing needs to be asked before it.
        [] => NamePattern::Below(host(below?)?),
        [Atom::Star(inner) | Atom::Plus(inner)] | [Atom::Start, Atom::Star(inner) | Atom::Plus(inner)]
            if any(inner) =>
        {
            NamePattern::Below(host(below?)?)
        }
        [Atom::Plus(inner) | Atom::Star(inner)] if within_label(inner) => NamePattern::Below(host(below?)?),
        [Atom::Start, Atom::Plus(inner) | Atom::Star(inner)] if within_label(inner) => {
            NamePattern::OneBelow(host(below?)?)
        }
        [Atom::Start, Atom::Star(inner)] if labels(inner) => NamePattern::Tree(host(&tail)?),
        [Atom::Start, Atom::Plus(inner)] if labels(inner) => NamePattern::Below(host(&tail)?),
        _ => return None,
    };
    Some(Hosts { names: pattern.names(), addrs: AddrSet::default() })
}

/// The addresses that the usual expressions for `an address in place of a name` match.
fn address_literals(sequence: &[Atom]) -> Option<AddrSet> {
    // Only IPv6 addresses have colons and brackets; Squid writes every one with both.
    if let [Atom::Char(':' | '[')] | [Atom::Start, Atom::Char('[')] = sequence {
        return Some(AddrSet::all_v6());
    }
    let [Atom::Start, middle @ .., Atom::End] = sequence else { return None };
    match middle {
        // Squid writes every IPv4 address as four decimal numbers, and the last label of a name is never a number.
        [Atom::Plus(only)] if matches!(only.as_slice(), [Atom::Numeric]) => Some(AddrSet::all_v4()),
        _ => {
            let digits = |atom: &Atom| match atom {
                Atom::Plus(only) => matches!(only.as_slice(), [Atom::Digit]),
                _ => false,
            };
            let mut parts = middle.split(|atom| *atom == Atom::Char('.'));
            let four = middle.iter().filter(|atom| **atom == Atom::Char('.')).count() == 3;
            (four && parts.all(|part| matches!(part, [atom] if digits(atom)))).then(AddrSet::all_v4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expression: &str) -> Option<String> {
        let names = hosts(expression, false)?.names;
        let rows = names.patterns();
        assert!(rows.iter().all(|(_, except)| except.is_empty()));
        Some(rows.iter().flat_map(|(names, _)| names).map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn plain_shapes_are_modelled() {
        for (expression, names) in [
            (r"^api\.acme\.io$", "=api.acme.io"),
            (r"(^|\.)example\.com$", ".example.com"),
            (r"\.example\.com$", "*.example.com"),
            (r"^[^.]+\.acme\.io$", "?.acme.io"),
            (r"^[^\.]+\.acme[.]io$", "?.acme.io"),
            (r"^.*\.acme\.io$", "*.acme.io"),
            (r".+\.acme\.io$", "*.acme.io"),
            (r"^(.*\.)?acme\.io$", ".acme.io"),
            (r"^([^.]+\.)*acme\.io$", ".acme.io"),
            (r"^([^.]+\.)+acme\.io$", "*.acme.io"),
            (r"^([-a-z0-9_]+\.)+acme\.io$", "*.acme.io"),
            (r"^[a-z0-9_-]+\.acme\.io$", "?.acme.io"),
            (r"^(a|b)\.example\.com$", "=a.example.com =b.example.com"),
            (r"^a\.com$|^b\.com$", "=a.com =b.com"),
            (r"^a\.(com|org)$", "=a.com =a.org"),
            (".", "*"),
            (".*", "*"),
            (r"^A\.com$", ""),
            (r"^[0-9.]+$", ""),
            (r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$", ""),
            (":", ""),
        ] {
            assert_eq!(shown(expression).as_deref(), Some(names), "{expression}");
        }
        assert_eq!(hosts(r"^A\.com$", true), hosts(r"^a\.com$", false));
    }

    #[test]
    fn what_has_no_plain_shape_is_not_modelled() {
        for expression in [
            r"example\.com$",
            r"^api\.acme\.io",
            r"^api.acme.io$",
            "ads",
            r"^a{2}\.com$",
            r"^[a-c]\.com$",
            r"^a*\.com$",
            r"\d+\.com$",
            "(",
            "[a",
            "*",
            r"^[0-9a-f.:]+$",
            r"[0-9]+$",
            r"a\.com$|.b",
            r"^.\.com$",
        ] {
            assert_eq!(hosts(expression, false), None, "{expression}");
        }
    }
}
