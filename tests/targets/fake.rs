//! The smallest target there can be, in two dialects, and with flaws that the laws must catch.
//!
//! ```text
//! fake addresses
//! # banner
//! scope egress NAME
//! allow ports/6/443 addr:192.0.2.0/24,2001:db8::/32 # why
//! ```

use egressor::diag::{Code, Finding, Source, Span};
use egressor::packet::{
    AddrSet, Constraint, GroupSet, Hostname, IcmpMatch, NamePattern, NameSet, PacketSet, PeerSet, PortRange,
    Prefix, Protocol, Row, RowPeer, Set, TransportRow, TransportSet,
};
use egressor::policy::{
    Action, Direction, Match, Need, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use egressor::targets::{
    Artifact, Imported, Importer, Ingress, Limit, Loss, Lowered, OptionKind, OptionSpec, PeerKind, Scoping,
    Speech, Target, Wanted,
};
use serde_json::json;
use std::sync::Arc;

/// One way to break a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Comments are written as they are.
    RawComments,
    /// Of a list of ports only the first is written.
    ForgetsPorts,
    /// What cannot be said is left out and not declared.
    DropsSilently,
    /// More is declared lost than was asked.
    DeclaresTooMuch,
    /// Rules are written in the order in which they came.
    KeepsOrder,
    /// Nothing reads the files.
    NoReader,
    /// No limit is stated.
    NoLimit,
    /// A setting refuses its default.
    BadDefault,
    /// The head of the file is missing.
    NoBanner,
    /// The file leaves the output folder.
    EscapesFolder,
    /// Two files have one name, but for its case.
    SameFileTwice,
}

/// A target that writes lines of words. It cannot say ICMP codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fake {
    speech: Speech,
    flaw: Option<Flaw>,
}

const ADDRESSES: Fake = Fake {
    speech: Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer },
    flaw: None,
};
const NAMES: Fake = Fake {
    speech: Speech { peers: PeerKind::Names, scoping: Scoping::Component, ingress: Ingress::Unsaid },
    flaw: None,
};

/// The fakes without flaws.
pub(crate) const FAKES: &[&dyn Target] = &[&ADDRESSES, &NAMES];

/// A fake with a flaw.
pub(crate) fn flawed(flaw: Flaw) -> &'static dyn Target {
    Box::leak(Box::new(Fake { flaw: Some(flaw), ..ADDRESSES }))
}

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "fake.case",
    kind: OptionKind::Choice(&["lower", "upper"]),
    default: Some("lower"),
    summary: "nothing",
}];
const BAD_OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "fake.case",
    kind: OptionKind::Number(1, 2),
    default: Some("3"),
    summary: "nothing",
}];

const TEMPLATE: &str = "fake {{ dialect | line }}
{% for line in banner %}# {{ line | line }}
{% endfor -%}
{% for set in sets %}scope {{ set.direction | line }} {{ set.name | line }}
{% for rule in set.rules %}allow {{ rule.service | line }} {{ rule.peer | line }} # {{ rule.why | line }}
{% endfor -%}
{% endfor -%}
";
const RAW_TEMPLATE: &str = "fake {{ dialect | line }}
{% for line in banner %}# {{ line | line }}
{% endfor -%}
{% for set in sets %}scope {{ set.direction | line }} {{ set.name | line }}
{% for rule in set.rules %}allow {{ rule.service | line }} {{ rule.peer | line }} # {{ rule.why }}
{% endfor -%}
{% endfor -%}
";

impl Fake {
    fn has(self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn dialect(self) -> &'static str {
        match self.speech.peers {
            PeerKind::Addresses => "addresses",
            PeerKind::Names | PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => "names",
        }
    }

    /// The service in a word, or `None` when it cannot be said.
    fn service(self, row: &TransportRow) -> Option<String> {
        let joined = |items: Vec<String>| items.join(",");
        Some(match row {
            TransportRow::Any => "any".to_owned(),
            TransportRow::Protocols(first, last) => format!("protocols/{}/{}", first.0, last.0),
            TransportRow::Ports(protocol, ports) => {
                let kept = if self.has(Flaw::ForgetsPorts) { 1 } else { ports.len() };
                format!(
                    "ports/{}/{}",
                    protocol.0,
                    joined(ports.iter().take(kept).map(ToString::to_string).collect())
                )
            }
            TransportRow::Icmp(protocol, types) => {
                let types: Option<Vec<String>> =
                    types.iter().map(|icmp| icmp.code.is_none().then(|| icmp.kind.to_string())).collect();
                format!("icmp/{}/{}", protocol.0, joined(types?))
            }
        })
    }
}

fn peer(row: &RowPeer) -> Option<String> {
    let list = |kind: &str, items: Vec<String>| Some(format!("{kind}:{}", items.join(",")));
    match row {
        RowPeer::Addrs(addrs) => list("addr", addrs.prefixes().iter().map(ToString::to_string).collect()),
        RowPeer::Names(names, except) if except.is_empty() => {
            list("name", names.iter().map(ToString::to_string).collect())
        }
        RowPeer::Groups(groups, except) if except.is_empty() => list("group", groups.clone()),
        RowPeer::Names(..) | RowPeer::Groups(..) => None,
    }
}

fn why(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(why) => {
            let more = [&why.owner, &why.ticket, &why.expires].into_iter().flatten().cloned();
            let lists = why.sources.iter().chain(&why.hosts).cloned();
            let all: Vec<String> = [why.endpoint.clone(), why.purpose.clone(), why.confidence.clone()]
                .into_iter()
                .chain(more)
                .chain(lists)
                .collect();
            all.join(" ")
        }
        Origin::Implied(need) => need.reason().to_owned(),
        Origin::File(_) | Origin::System(_) => String::new(),
    }
}

impl Target for Fake {
    fn name(&self) -> &'static str {
        match self.speech.peers {
            PeerKind::Addresses => "fake-addresses",
            PeerKind::Names | PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => "fake-names",
        }
    }

    fn summary(&self) -> &'static str {
        "lines of words"
    }

    fn speech(&self) -> Speech {
        self.speech
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Dns]
    }

    fn limits(&self) -> &'static [Limit] {
        const LIMITS: &[Limit] =
            &[Limit { what: "lines", max: 100_000, source: "https://example.com/limits" }];
        if self.has(Flaw::NoLimit) { &[] } else { LIMITS }
    }

    fn options(&self) -> &'static [OptionSpec] {
        match self.speech.peers {
            PeerKind::Addresses if self.has(Flaw::BadDefault) => BAD_OPTIONS,
            PeerKind::Addresses => OPTIONS,
            PeerKind::Names | PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => &[],
        }
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        match self.flaw {
            Some(Flaw::RawComments) => &[("fake.txt.tera", RAW_TEMPLATE)],
            Some(Flaw::NoBanner) => &[("fake.txt.tera", "fake addresses")],
            _ => &[("fake.txt.tera", TEMPLATE)],
        }
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        let mut lowered = Lowered::default();
        let mut sets = Vec::new();
        for set in &wanted.policy.sets {
            let (mut lines, mut said) = (Vec::new(), PacketSet::default());
            for rule in &set.rules {
                for row in set.packets(&rule.matches).rows() {
                    if let (Some(service), Some(peer)) = (self.service(&row.transport), peer(&row.peer)) {
                        lines.push((service, peer, why(&rule.origin)));
                        said = said.union(&product(&row));
                    }
                }
            }
            let asked = set.allows().at_least;
            let mut missing = asked.subtract(&said);
            if self.has(Flaw::DeclaresTooMuch) && !missing.is_empty() {
                missing = set.packets(&Match::ANY).subtract(&said);
            }
            if !missing.is_empty() && !self.has(Flaw::DropsSilently) {
                lowered.findings.push(Finding::new(Code::TargetCannotSay, "ICMP codes cannot be said"));
                let why = "ICMP codes".to_owned();
                lowered.losses.push(Loss {
                    scope: set.scope.clone(),
                    excess: PacketSet::default(),
                    missing,
                    why,
                });
            }
            if !self.has(Flaw::KeepsOrder) {
                lines.sort();
                lines.dedup();
            }
            let rules: Vec<_> = lines
                .into_iter()
                .map(|(service, peer, why)| json!({"service": service, "peer": peer, "why": why}))
                .collect();
            sets.push(
                json!({"direction": set.scope.direction.as_str(), "name": set.scope.name, "rules": rules}),
            );
        }
        let model = json!({"dialect": self.dialect(), "sets": sets});
        let file = |path: &str| Artifact {
            path: path.into(),
            template: "fake.txt.tera",
            model: model.clone().into(),
        };
        lowered.artifacts = match self.flaw {
            Some(Flaw::EscapesFolder) => vec![file("../fake.txt")],
            Some(Flaw::SameFileTwice) => vec![file("fake.txt"), file("FAKE.txt")],
            _ => vec![file("fake.txt")],
        };
        lowered
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        match self.speech.peers {
            PeerKind::Addresses if self.has(Flaw::NoReader) => &[],
            PeerKind::Addresses => &[&Lines("addresses")],
            PeerKind::Names | PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => &[&Lines("names")],
        }
    }
}

fn product(row: &Row) -> PacketSet {
    let peers = match &row.peer {
        RowPeer::Addrs(addrs) => PeerSet::from(addrs.clone()),
        RowPeer::Names(names, _) => PeerSet::from(NameSet::of(names)),
        RowPeer::Groups(groups, _) => PeerSet::from(GroupSet::of(groups.iter().map(String::as_str))),
    };
    let transport = match &row.transport {
        TransportRow::Any => TransportSet::full(),
        TransportRow::Protocols(first, last) => TransportSet::protocols(*first, *last),
        TransportRow::Ports(protocol, ports) => TransportSet::union_all(
            &ports.iter().map(|range| TransportSet::port(*protocol, *range)).collect::<Vec<_>>(),
        ),
        TransportRow::Icmp(protocol, types) => TransportSet::union_all(
            &types.iter().map(|icmp| TransportSet::icmp(*protocol, *icmp)).collect::<Vec<_>>(),
        ),
    };
    PacketSet::product(row.source.as_ref(), &peers, &transport, &true)
}

/// Reads the lines back.
#[derive(Debug)]
struct Lines(&'static str);

impl Importer for Lines {
    fn name(&self) -> &'static str {
        match self.0 {
            "names" => "fake-names",
            _ => "fake-addresses",
        }
    }

    fn recognizes(&self, source: &Source) -> bool {
        source.text().lines().next() == Some(&format!("fake {}", self.0))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (mut sets, mut findings) = (Vec::new(), Vec::new());
        for source in sources {
            for (number, line) in source.text().lines().enumerate() {
                let understood = number == 0
                    || line.starts_with('#')
                    || line.is_empty()
                    || statement(line, &mut sets).is_some();
                if !understood {
                    let finding = Finding::new(Code::ReadSyntax, format!("`{line}` is no statement"));
                    findings.push(finding.at(source, Span::default()));
                }
            }
        }
        Imported { policy: Policy::new(sets), findings }
    }
}

fn statement(line: &str, sets: &mut Vec<RuleSet>) -> Option<()> {
    let (verb, rest) = line.split_once(' ')?;
    match verb {
        "scope" => {
            let (direction, name) = rest.split_once(' ')?;
            let direction = [Direction::Egress, Direction::Ingress]
                .into_iter()
                .find(|known| known.as_str() == direction)?;
            sets.push(RuleSet {
                scope: Scope { name: name.to_owned(), direction },
                subject: Subject::Host,
                universe: PeerSet::all_addrs(),
                rules: Vec::new(),
                default: Action::Deny,
            });
        }
        "allow" => {
            let words: Vec<&str> = rest.split(' ').collect();
            let [service, peer, "#", ..] = words.as_slice() else { return None };
            let matches = Match {
                source: Constraint::Any,
                peer: Constraint::only(read_peer(peer)?)?,
                transport: Constraint::only(read_service(service)?)?,
            };
            let (origin, unmodelled) = (Origin::System("a line".into()), Vec::<Unmodelled>::new());
            let rule = Rule { action: Action::Allow, matches, traffic: Traffic::New, unmodelled, origin };
            sets.last_mut()?.rules.push(rule);
        }
        _ => return None,
    }
    Some(())
}

fn read_service(word: &str) -> Option<TransportSet> {
    let words: Vec<&str> = word.split('/').collect();
    let number = |text: &str| text.parse().ok().map(Protocol);
    match words.as_slice() {
        ["any"] => Some(TransportSet::full()),
        ["protocols", first, last] => Some(TransportSet::protocols(number(first)?, number(last)?)),
        ["ports", protocol, ports] => {
            let protocol = number(protocol)?;
            let ranges: Option<Vec<PortRange>> = ports.split(',').map(|range| range.parse().ok()).collect();
            Some(TransportSet::union_all(
                &ranges?.into_iter().map(|range| TransportSet::port(protocol, range)).collect::<Vec<_>>(),
            ))
        }
        ["icmp", protocol, types] => {
            let protocol = number(protocol)?;
            let kinds: Option<Vec<u8>> = types.split(',').map(|kind| kind.parse().ok()).collect();
            let each =
                kinds?.into_iter().map(|kind| TransportSet::icmp(protocol, IcmpMatch { kind, code: None }));
            Some(TransportSet::union_all(&each.collect::<Vec<_>>()))
        }
        _ => None,
    }
}

fn read_peer(word: &str) -> Option<PeerSet> {
    let (kind, items) = word.split_once(':')?;
    match kind {
        "addr" => {
            let prefixes: Option<Vec<Prefix>> = items.split(',').map(|prefix| prefix.parse().ok()).collect();
            Some(PeerSet::from(AddrSet::of(prefixes?)))
        }
        "name" => {
            let patterns: Option<Vec<NamePattern>> = items.split(',').map(read_name).collect();
            Some(PeerSet::from(NameSet::of(&patterns?)))
        }
        "group" => Some(PeerSet::from(GroupSet::of(items.split(',')))),
        _ => None,
    }
}

fn read_name(text: &str) -> Option<NamePattern> {
    let host = |text: &str| text.parse::<Hostname>().ok();
    match text.split_at_checked(1)? {
        ("*", "") => Some(NamePattern::Any),
        ("*", rest) => host(rest.strip_prefix('.')?).map(NamePattern::Below),
        ("?", rest) => host(rest.strip_prefix('.')?).map(NamePattern::OneBelow),
        (".", rest) => host(rest).map(NamePattern::Tree),
        ("=", rest) => match rest.find('/') {
            None => host(rest).map(NamePattern::Host),
            Some(at) => Some(NamePattern::Path(host(&rest[..at])?, rest[at..].parse().ok()?)),
        },
        _ => None,
    }
}
