//! ACLs: what a sample is compared with, and the conditions that are made of them.

use crate::diag::{Code, Finding, Place, Source};
use crate::packet::{AddrSet, Hostname, NamePattern, NameSet, PortRange, PortSet, Set};
use crate::syntax::haproxy::Word;
use crate::targets::proxies::beside::named;
use crate::targets::proxies::host_expression::hosts;
use std::sync::Arc;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// The name in the handshake.
    Handshake(NameSet),
    /// The host that a request names.
    Host(NameSet),
    /// The port that the client came in on.
    Port(PortSet),
    /// The client.
    Client(AddrSet),
    /// Whether a handshake is there at all.
    Hello,
    /// Whether a variable holds something.
    Variable(String),
    /// What is always so, or never.
    Always(bool),
    /// What is not modelled, and why.
    Opaque(&'static str),
}

/// One line of an ACL, or an anonymous one.
#[derive(Debug, Clone)]
pub(super) struct Acl {
    /// What is compared.
    pub(super) test: Test,
    /// The words, with one space between them.
    pub(super) text: String,
}

/// A term of a condition: an ACL by its name or an anonymous one, and whether it must not hold.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// It must not hold.
    pub(super) negated: bool,
    /// The ACL.
    pub(super) acl: Result<String, Acl>,
}

/// A condition: one of several lists of terms that all hold; negated where it follows `unless`.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    /// Whether it follows `unless`.
    pub(super) unless: bool,
    /// The lists. Without any, it always holds.
    pub(super) any: Vec<Vec<Term>>,
}

/// Reads a condition that begins with `if` or `unless`.
pub(super) fn condition(
    words: &[Word],
    lists: &[&Arc<Source>],
    place: &Place,
    findings: &mut Vec<Finding>,
) -> Condition {
    let Some((first, rest)) = words.split_first() else { return Condition::default() };
    let mut condition = Condition { unless: first.text == "unless", any: vec![Vec::new()] };
    let mut negated = false;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let bare = word.text.trim_start_matches('!');
        negated ^= (word.text.len() - bare.len()) % 2 == 1;
        let term = match bare {
            "" => continue,
            "or" | "||" => {
                condition.any.push(Vec::new());
                continue;
            }
            "{" => {
                let inner: Vec<Word> = words.by_ref().take_while(|word| word.text != "}").cloned().collect();
                Term { negated, acl: Err(Acl::read(&inner, lists, place, findings)) }
            }
            name => Term { negated, acl: Ok(name.to_owned()) },
        };
        negated = false;
        if let Some(list) = condition.any.last_mut() {
            list.push(term);
        }
    }
    if condition.any.iter().any(Vec::is_empty) {
        findings.push(
            Finding::new(Code::ReadSyntax, "a condition has an empty part").at(&place.source, place.span),
        );
        let opaque = Acl { test: Test::Opaque("it cannot be read"), text: "an empty condition".to_owned() };
        condition.any = vec![vec![Term { negated: false, acl: Err(opaque) }]];
    }
    condition
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    End,
    Expression,
    Found,
    Other,
}

impl Acl {
    /// Reads what stands behind the name of an ACL: a sample, flags and patterns.
    pub(super) fn read(
        words: &[Word],
        lists: &[&Arc<Source>],
        place: &Place,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let opaque = |why| Self { test: Test::Opaque(why), text: text.clone() };
        if words.iter().any(|word| word.expands) {
            return opaque("it depends on the environment");
        }
        let Some((sample, rest)) = words.split_first() else { return opaque("it is empty") };
        let mut values: Vec<String> = Vec::new();
        let (mut way, mut flags, mut any_case) = (None, true, false);
        let mut rest = rest.iter();
        while let Some(word) = rest.next() {
            match word.text.as_str() {
                "--" if flags => flags = false,
                "-i" if flags => any_case = true,
                "-n" | "-u" if flags => {}
                "-m" if flags => {
                    way = Some(match rest.next().map(|word| word.text.as_str()) {
                        Some("str") => Way::Whole,
                        Some("end") => Way::End,
                        Some("reg") => Way::Expression,
                        Some("found") => Way::Found,
                        Some("int" | "ip") => continue,
                        _ => Way::Other,
                    });
                }
                "-f" if flags => {
                    let path = rest.next().map(|word| word.text.clone()).unwrap_or_default();
                    let Some(file) = named(&path, lists) else {
                        let message = format!("the file `{path}` is not given, so what it says is not known");
                        findings.push(Finding::new(Code::FileRead, message).at(&place.source, place.span));
                        return opaque("a list that is not given");
                    };
                    let lines = file.text().lines().map(|line| line.trim_start_matches([' ', '\t']));
                    values.extend(
                        lines
                            .filter(|line| !line.is_empty() && !line.starts_with('#'))
                            .map(|line| line.trim_end_matches('\r').to_owned()),
                    );
                }
                flag if flags && flag.starts_with('-') && flag.len() == 2 => {
                    return opaque("a flag that is not read");
                }
                value => {
                    flags = false;
                    values.push(value.to_owned());
                }
            }
        }
        Self { test: test(&sample.text, way, any_case, &values), text }
    }
}

fn test(sample: &str, way: Option<Way>, any_case: bool, values: &[String]) -> Test {
    let mut parts = split_converters(sample).into_iter();
    let written = parts.next().unwrap_or_default();
    let fetch = written.to_ascii_lowercase();
    let converters: Vec<String> = parts.collect();
    let names = |own: Way| {
        names(way.unwrap_or(own), any_case || converters.iter().any(|name| name == "lower"), values)
    };
    let only_lower = converters.iter().all(|name| name == "lower");
    let without_port =
        converters.iter().all(|name| matches!(name.as_str(), "lower" | "field(1,:)" | "host_only"));
    match fetch.as_str() {
        "req.ssl_sni" | "req_ssl_sni" if only_lower => {
            names(Way::Whole).map_or(Test::Opaque("names of no plain shape"), Test::Handshake)
        }
        "req.hdr(host)" | "hdr(host)" | "req.fhdr(host)" if without_port => {
            names(Way::Whole).map_or(Test::Opaque("names of no plain shape"), Test::Host)
        }
        "hdr_end(host)" if without_port => {
            names(Way::End).map_or(Test::Opaque("names of no plain shape"), Test::Host)
        }
        "hdr_reg(host)" if without_port => {
            names(Way::Expression).map_or(Test::Opaque("names of no plain shape"), Test::Host)
        }
        "dst_port" if converters.is_empty() => ports(values).map_or(Test::Opaque("no ports"), Test::Port),
        "src" if converters.is_empty() => {
            clients(values).map_or(Test::Opaque("no plain addresses"), Test::Client)
        }
        "req.ssl_hello_type" | "req_ssl_hello_type" if values == ["1"] => Test::Hello,
        "req.hdr_cnt(host)" | "hdr_cnt(host)" if values == ["gt", "1"] => Test::Always(false),
        "always_true" => Test::Always(true),
        "always_false" => Test::Always(false),
        // The name of a variable tells cases apart.
        _ => match written.strip_prefix("var(").and_then(|rest| rest.strip_suffix(')')) {
            Some(variable) if way == Some(Way::Found) => Test::Variable(variable.to_owned()),
            _ => Test::Opaque("it is not about names, ports or clients"),
        },
    }
}

/// A sample and its converters: commas that are in no brackets part them.
fn split_converters(sample: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for char in sample.chars() {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match parts.last_mut() {
            Some(part) if char != ',' || depth > 0 => part.push(char),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// The names that texts stand for; nothing when one of them has no plain shape. Who asks chooses the spelling, so where
/// cases are told apart some spelling of the same name still matches.
fn names(way: Way, any_case: bool, values: &[String]) -> Option<NameSet> {
    if way == Way::Found {
        return Some(NameSet::full());
    }
    let one = |text: &String| {
        let lower = text.to_ascii_lowercase();
        let host = |text: &str| text.parse::<Hostname>().ok().filter(|host| host.as_str() == text);
        match way {
            Way::Whole => Some(host(&lower).map(|host| NamePattern::Host(host).names()).unwrap_or_default()),
            Way::End => Some(NamePattern::Below(host(lower.strip_prefix('.')?)?).names()),
            Way::Expression => {
                let found = hosts(text, any_case || *text == lower)?;
                found.addrs.prefixes().is_empty().then_some(found.names)
            }
            Way::Found | Way::Other => None,
        }
    };
    let found: Option<Vec<NameSet>> = values.iter().map(one).collect();
    found.map(|found| NameSet::union_all(&found))
}

fn ports(values: &[String]) -> Option<PortSet> {
    let mut ports = PortSet::default();
    let mut operator = "eq";
    for value in values {
        if matches!(value.as_str(), "eq" | "ge" | "gt" | "le" | "lt") {
            operator = value;
            continue;
        }
        let range: PortRange = value.replacen(':', "-", 1).parse().ok()?;
        let (first, last) = (range.first(), range.last());
        let set = match operator {
            "eq" => Some(PortSet::of([range])),
            _ if first != last => return None,
            "ge" => Some(PortSet::range(first, &u16::MAX)),
            "gt" => first.checked_add(1).map(|first| PortSet::range(first, &u16::MAX)),
            "le" => Some(PortSet::range(0, &last)),
            _ => last.checked_sub(1).map(|last| PortSet::range(0, &last)),
        };
        ports = ports.union(&set.unwrap_or_default());
    }
    Some(ports)
}

fn clients(values: &[String]) -> Option<AddrSet> {
    let mut blocks = Vec::new();
    for value in values {
        let prefix: crate::packet::Prefix = value.parse().ok()?;
        // Clients of IPv4 are looked for among the addresses of IPv6 too.
        let wide =
            prefix.addr().is_ipv6() && (prefix.len() < 97 && prefix.addr().to_string().starts_with("::"));
        if wide || prefix.mapped_ipv4().is_some() {
            return None;
        }
        blocks.push(prefix);
    }
    (!blocks.is_empty()).then(|| AddrSet::of(blocks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Test {
        let words = crate::syntax::haproxy::split(text, 0).unwrap();
        let source = Arc::new(Source::new("haproxy.cfg", text));
        let place = Place { source, span: crate::diag::Span::new(0, text.len()) };
        Acl::read(&words, &[], &place, &mut Vec::new()).test
    }

    fn of(patterns: &[NamePattern]) -> NameSet {
        NameSet::of(patterns)
    }

    #[test]
    fn samples_are_words_in_any_case_and_variables_are_not() {
        assert_eq!(read("REQ.ssl_sni a.example"), read("req.ssl_sni a.example"));
        assert_eq!(read("var(txn.Edge_tls) -m found"), Test::Variable("txn.Edge_tls".to_owned()));
    }

    #[test]
    fn samples_and_ways_to_compare_are_told_apart() {
        let host = |name: &str| -> Hostname { name.parse().unwrap() };
        assert_eq!(
            read("req.ssl_sni -i A.example"),
            Test::Handshake(of(&[NamePattern::Host(host("a.example"))]))
        );
        assert_eq!(
            read("req_ssl_sni -m end .a.example"),
            Test::Handshake(of(&[NamePattern::Below(host("a.example"))]))
        );
        assert_eq!(
            read("hdr_end(Host) -i .a.example"),
            Test::Host(of(&[NamePattern::Below(host("a.example"))]))
        );
        assert_eq!(
            read("req.hdr(host),field(1,:),lower -m reg '^[^.]+\\.a\\.example$'"),
            Test::Host(of(&[NamePattern::OneBelow(host("a.example"))]))
        );
        assert_eq!(
            read("dst_port 443 8000:8001"),
            Test::Port(PortSet::from_ranges([(443, 443), (8000, 8001)]))
        );
        assert_eq!(read("dst_port gt 1023"), Test::Port(PortSet::range(1024, &u16::MAX)));
        assert_eq!(read("req.ssl_hello_type 1"), Test::Hello);
        for text in [
            "req.ssl_sni -m end a.example",
            "req.ssl_sni -m dom a.example",
            "req.ssl_sni -m beg a.",
            "ssl_fc_sni a.example",
            "req.ssl_sni,map(x) a.example",
            "req.ssl_sni \"$NAME\"",
            "path_beg /x",
            "src 10.0.0.0/33",
        ] {
            assert!(matches!(read(text), Test::Opaque(_)), "{text}");
        }
    }
}
