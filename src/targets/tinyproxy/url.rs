//! What one expression of a filter matches: hosts, or the URLs of tunnels and of plain requests.

use super::conf::Kind;
use super::expression::{ANY_NAME, PLAIN_PORT, TUNNEL_PORT};
use super::ports;
use crate::packet::{Hostname, NamePattern, PortSet};
use crate::syntax::expression::{Atom, expand, parse};
use crate::targets::proxies::host_expression::{Hosts, hosts_of, is_everything};

/// Hosts, and the ports on which they can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    /// The hosts.
    pub(super) hosts: Hosts,
    /// The ports; for tunnels, only those that tunnels may lead to at all.
    pub(super) ports: PortSet,
    /// Whether it is a tunnel.
    pub(super) tunnel: bool,
}

/// Stands for [`ANY_NAME`] while an expression is read; no file has this character.
const ANY_MARK: char = '\u{E000}';

/// The hosts that an expression over hosts matches; nothing when it is not modelled.
pub(super) fn hosts(expression: &str, kind: Kind) -> Option<Hosts> {
    match kind {
        Kind::Extended => {
            let sequences = sequences(expression)?;
            let found: Option<Vec<Hosts>> = sequences
                .iter()
                .map(|sequence| match sequence.as_slice() {
                    [Atom::Start, Atom::Char(ANY_MARK), Atom::End] => Some(names(&NamePattern::Any)),
                    sequence => hosts_of(sequence),
                })
                .collect();
            found.map(Hosts::union_all)
        }
        Kind::Basic => hosts(&extended(expression)?, Kind::Extended),
        Kind::Wildcards => wildcards(expression),
    }
}

/// What an expression over URLs matches; nothing when it is not modelled. It must be anchored, and of characters that
/// no request can use to lead elsewhere.
pub(super) fn urls(expression: &str, kind: Kind) -> Option<Vec<Reached>> {
    match kind {
        Kind::Extended => {
            let mut found = Vec::new();
            for sequence in sequences(expression)? {
                found.extend(url(&sequence)?);
            }
            Some(found)
        }
        Kind::Basic => urls(&extended(expression)?, Kind::Extended),
        // A wildcard matches slashes too.
        Kind::Wildcards if expression == "*" => Some(everything()),
        Kind::Wildcards => None,
    }
}

fn sequences(expression: &str) -> Option<Vec<Vec<Atom>>> {
    if expression.contains(ANY_MARK) {
        return None;
    }
    // Who asks chooses the spelling, so a filter that tells cases apart names the same hosts.
    let marked = expression.replace(ANY_NAME, &ANY_MARK.to_string());
    expand(&parse(&marked, true)?)
}

fn names(pattern: &NamePattern) -> Hosts {
    Hosts { names: pattern.names(), ..Hosts::default() }
}

fn everything() -> Vec<Reached> {
    let all = |tunnel| Reached { hosts: Hosts::all(), ports: PortSet::full(), tunnel };
    vec![all(true), all(false)]
}

fn url(sequence: &[Atom]) -> Option<Vec<Reached>> {
    if is_everything(sequence) {
        return Some(everything());
    }
    let [Atom::Start, rest @ ..] = sequence else { return None };
    let scheme: Vec<Atom> = "http://".chars().map(Atom::Char).collect();
    if let Some(rest) = rest.strip_prefix(scheme.as_slice()) {
        let slash = rest.iter().position(|atom| *atom == Atom::Char('/'));
        let (authority, path) = rest.split_at_checked(slash?)?;
        // A path limits what is asked of the host, which is not modelled, unless it is any.
        let [_] = path else { return None };
        return of(authority, PLAIN_PORT, false);
    }
    let [authority @ .., Atom::End] = rest else { return None };
    of(authority, TUNNEL_PORT, true)
}

/// What an authority matches.
fn of(authority: &[Atom], default: u16, tunnel: bool) -> Option<Vec<Reached>> {
    let colon = authority.iter().position(|atom| *atom == Atom::Char(':'));
    let (host, port) = authority.split_at_checked(colon.unwrap_or(authority.len()))?;
    let own = PortSet::range(default, &default);
    let ports = match port {
        [] => own,
        [_, digits @ ..] => {
            let asked = ports::asked(digits)?;
            if asked.default { asked.ports.union(&own) } else { asked.ports }
        }
    };
    let hosts = host_of(host)?;
    Some(vec![Reached { hosts, ports, tunnel }])
}

/// The hosts of an authority. What could match an `@` or a slash leads anywhere.
fn host_of(atoms: &[Atom]) -> Option<Hosts> {
    if let [Atom::Char(ANY_MARK)] = atoms {
        return Some(names(&NamePattern::Any));
    }
    if !atoms.iter().all(is_safe) {
        return None;
    }
    let whole: Vec<Atom> =
        std::iter::once(Atom::Start).chain(atoms.iter().cloned()).chain([Atom::End]).collect();
    let hosts = hosts_of(&whole)?;
    // An address stands as it is, and there are other spellings of it.
    hosts.addrs.prefixes().is_empty().then_some(hosts)
}

fn is_safe(atom: &Atom) -> bool {
    match atom {
        Atom::Char(char) => char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'),
        Atom::OfLabel | Atom::Digit => true,
        Atom::Star(inner) | Atom::Plus(inner) => inner.iter().all(is_safe),
        Atom::Start
        | Atom::End
        | Atom::Any
        | Atom::InLabel
        | Atom::Numeric
        | Atom::Class
        | Atom::Either(_) => false,
    }
}

/// A wildcard of `fnmatch` over hosts; a star matches dots too.
fn wildcards(text: &str) -> Option<Hosts> {
    if text == "*" {
        return Some(Hosts::all());
    }
    let (below, host) = text.strip_prefix("*.").map_or((false, text), |host| (true, host));
    let name: Hostname = host.parse().ok().filter(|_| !host.contains(['*', '?', '[', '\\']))?;
    Some(names(&if below { NamePattern::Below(name) } else { NamePattern::Host(name) }))
}

/// A basic expression as an extended one, as the C library of GNU reads it; nothing where they differ in more than
/// the backslash.
fn extended(basic: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = basic.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next()? {
                special @ ('(' | ')' | '|' | '+' | '?' | '{' | '}') => text.push(special),
                other => text.extend(['\\', other]),
            },
            '(' | ')' | '|' | '+' | '?' | '{' | '}' => text.extend(['\\', char]),
            // A star that repeats nothing is a star.
            '*' if text.is_empty() || text.ends_with(['(', '|', '^']) => return None,
            // Anchors are none within the text.
            '^' if !(text.is_empty() || text.ends_with(['(', '|'])) => return None,
            '$' if !matches!(chars.peek(), None | Some('\\')) => return None,
            '[' => {
                text.push('[');
                let mut first = true;
                loop {
                    let member = chars.next()?;
                    text.push(member);
                    if member == ']' && !first {
                        break;
                    }
                    first = first && member == '^';
                }
            }
            other => text.push(other),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::NameSet;

    fn shown(names: &NameSet) -> String {
        let rows = names.patterns();
        rows.iter().flat_map(|(names, _)| names).map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hosts_are_read_in_all_kinds_of_expressions() {
        for (expression, kind, expected) in [
            (r"^api\.example\.com$", Kind::Extended, Some("=api.example.com")),
            (r"(^|\.)example\.com$", Kind::Extended, Some(".example.com")),
            (r"\(^\|\.\)example\.com$", Kind::Basic, Some(".example.com")),
            (r"^API\.example\.com$", Kind::Basic, Some("=api.example.com")),
            (r"^a+\.example\.com$", Kind::Basic, Some("")),
            (r"\.example\.com$", Kind::Basic, Some("*.example.com")),
            (r"^[^.]*\.example\.com$", Kind::Basic, Some("?.example.com")),
            (r"example\.com$", Kind::Extended, None),
            ("example.com", Kind::Extended, None),
            ("*.example.com", Kind::Wildcards, Some("*.example.com")),
            ("example.com", Kind::Wildcards, Some("=example.com")),
            ("*example.com", Kind::Wildcards, None),
            ("a?.example.com", Kind::Wildcards, None),
        ] {
            let found = hosts(expression, kind).map(|hosts| shown(&hosts.names));
            assert_eq!(found.as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn an_expression_over_urls_that_could_match_another_host_is_not_modelled() {
        for expression in [
            r"^api\.example\.com:443",
            r"api\.example\.com:443$",
            r"^([^.]+\.)+example\.com:443$",
            r"^.*\.example\.com:443$",
            r"^http://api\.example\.com",
            r"^http://[^/]*\.example\.com/",
            r"^http://api\.example\.com/only/",
            r"^api.example\.com:443$",
            r"^192\.0\.2\.1:443$",
        ] {
            assert_eq!(urls(expression, Kind::Extended), None, "{expression}");
        }
    }

    #[test]
    fn a_url_names_a_host_and_a_port() {
        for (expression, host, ports, tunnel) in [
            (r"^a\.example$", "=a.example", "443", true),
            (r"^a\.example:8443$", "=a.example", "8443", true),
            (r"^([-a-z0-9_]+\.)+a\.example:80[0-9][0-9]$", "*.a.example", "8000-8099", true),
            (r"^http://a\.example/", "=a.example", "80", false),
            (r"^http://a\.example:0/", "=a.example", "80", false),
        ] {
            let found = urls(expression, Kind::Extended).unwrap();
            let [one] = found.as_slice() else { panic!("{found:?}") };
            let read: Vec<String> = one.ports.port_ranges().map(|range| range.to_string()).collect();
            assert_eq!(
                (shown(&one.hosts.names), read.join(","), one.tunnel),
                (host.into(), ports.into(), tunnel)
            );
        }
        assert_eq!(urls(".*", Kind::Extended).map(|found| found.len()), Some(2));
    }
}
