//! What is held of any bytes at all, for each thing that reads a text, and for the algebra beside its oracle.
//!
//! The tests beside this file run these over the corpus and mutants of it; the targets in `fuzz/` run the same under
//! libFuzzer. A body returns, or panics: there is no third way, and no input may take longer than its size explains.

use egressor::catalog::{self, Overlay, SHIPPED, with_overlays};
use egressor::diag::{Code, Finding, Source, any_error};
use egressor::packet::{
    AddrSet, Constraint, Limit, Packet, Peer, PeerSet, PortRange, Prefix, Protocol, Row, Set, TransportSet,
};
use egressor::policy::{
    Action, Direction, Match, Origin, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use egressor::report::human;
use egressor::resolve::Lockfile;
use egressor::syntax::{prefix_list, yaml};
use egressor::targets::{Importer, TARGETS};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Everything that reads a text, by name: the importers, and what is not an importer.
pub fn names() -> Vec<&'static str> {
    let importers =
        TARGETS.iter().flat_map(|target| target.importers().iter()).map(|importer| importer.name());
    importers.chain(["catalog", "overlay", "project", "lock", "prefix-list", "question", "algebra"]).collect()
}

/// Runs the body of that name.
pub fn run(name: &str, data: &[u8]) {
    if name == "algebra" {
        return algebra(data);
    }
    // What is no text is refused where files are read.
    let Ok(text) = std::str::from_utf8(data) else { return };
    match name {
        "catalog" => catalog(text),
        "overlay" => overlay(text),
        "project" => project(text),
        "lock" => lock(text),
        "prefix-list" => list(text),
        "question" => question(text),
        _ => {
            let mut importers = TARGETS.iter().flat_map(|target| target.importers().iter());
            read(*importers.find(|importer| importer.name() == name).expect("a name of the list"), text);
        }
    }
}

/// How much the meaning of a small file may become here; what is more is an error and no crash.
const SMALL: Limit = Limit::of(1 << 18);

/// A reader ends, its bounds do not cross, what it says points into the text, and a second read says the same.
fn read(importer: &dyn Importer, text: &str) {
    let source = Arc::new(Source::new("input", text));
    importer.recognizes(&source);
    let read = importer.import(&[Arc::clone(&source)]);
    for set in &read.policy.sets {
        if let Ok(allows) = set.allows_within(SMALL) {
            assert!(allows.at_least.is_subset(&allows.at_most), "the bounds of {} cross", set.scope.name);
        }
    }
    told(&read.findings);
    told(&importer.advise(&[Arc::clone(&source)]));
    let again = importer.import(&[source]);
    assert_eq!((read.policy, read.findings), (again.policy, again.findings), "a second read differs");
}

/// Findings point into their text, and can be shown on a terminal without moving its cursor.
fn told(findings: &[Finding]) {
    for finding in findings.iter().take(100) {
        let inside =
            finding.place.as_ref().is_none_or(|place| place.source.clamp_span(place.span) == place.span);
        assert!(inside, "{} points outside of the text", finding.message);
        let said = human(finding, false);
        let hidden = said.chars().find(|char| char.is_control() && *char != '\n');
        assert_eq!(hidden, None, "a finding with a control character: {said:?}");
    }
}

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("input", text))
}

/// What is accepted has no error, and what is refused has one.
fn catalog(text: &str) {
    let (catalog, findings) = catalog::load(&source(text));
    told(&findings);
    match catalog {
        Some(catalog) => told(&catalog.lint("2026-11-23".parse().expect("a day"))),
        None => assert!(any_error(&findings), "refused without a word"),
    }
}

fn overlay(text: &str) {
    let source = source(text);
    let mut documents = match yaml::parse(&source, Code::CatalogSyntax) {
        Ok(documents) => documents,
        Err(finding) => return told(&[finding]),
    };
    if documents.len() != 1 {
        return;
    }
    let (overlay, findings) = Overlay::read(documents.remove(0), &source);
    told(&findings);
    let Some(overlay) = overlay else {
        assert!(any_error(&findings), "refused without a word");
        return;
    };
    let (id, shipped) = SHIPPED[0];
    let base = Arc::new(Source::new(id, shipped));
    let tree = yaml::parse(&base, Code::CatalogSyntax).expect("the shipped catalog is YAML").remove(0);
    let (catalog, findings) = with_overlays(&tree, &base, &[overlay]);
    told(&findings);
    assert!(catalog.is_some() || any_error(&findings), "refused without a word");
}

fn project(text: &str) {
    let (project, findings) = egressor::project::load(&source(text), None);
    told(&findings);
    assert!(project.is_some() || any_error(&findings), "refused without a word");
}

/// What is written of a lockfile reads as the same, and is written the same again.
fn lock(text: &str) {
    match Lockfile::parse(&source(text)) {
        Ok(lock) => {
            let written = lock.render();
            let again = Lockfile::parse(&source(&written)).expect("what is written can be read");
            assert_eq!(written, again.render(), "a second writing differs");
        }
        Err(findings) => {
            told(&findings);
            assert!(any_error(&findings), "refused without a word");
        }
    }
}

/// The blocks of a list cover exactly its addresses, and it says the same when it is read in pieces.
fn list(text: &str) {
    let mut findings = Vec::new();
    let set = AddrSet::from(prefix_list::parse(&source(text), &mut findings).join());
    told(&findings);
    assert_eq!(AddrSet::of(set.prefixes()), set, "the blocks are another set");
    let mut reader = prefix_list::Reader::default();
    let quick = reader.feed(text.as_bytes(), true).map(|_| AddrSet::from(reader.finish().join()));
    assert_eq!(quick.ok(), findings.is_empty().then_some(set), "the quick reader says something else");
}

fn question(text: &str) {
    if let Ok(question) = text.parse::<egressor::ops::Question>() {
        let said = question.to_string();
        let again = said.parse::<egressor::ops::Question>();
        assert_eq!(again.map(|again| again.to_string()), Ok(said), "a question that reads as another one");
    }
}

/// Addresses and ports of the little universe.
const ADDRS: u8 = 16;
const PORTS: u8 = 4;

/// A rule of the naive model: corners, verdict, and the number of its condition.
struct Line {
    addrs: (u8, u8),
    ports: (u8, u8),
    action: Action,
    condition: Option<u8>,
}

/// The bytes as rules, four for each, and the default.
fn lines(data: &[u8]) -> (Vec<Line>, Action) {
    let action = |byte: u8| if byte & 1 == 0 { Action::Allow } else { Action::Deny };
    let pair = |byte: u8, end: u8| {
        let (a, b) = ((byte >> 4) % end, (byte & 15) % end);
        (a.min(b), a.max(b))
    };
    let line = |bytes: &[u8]| Line {
        addrs: pair(bytes[0], ADDRS),
        ports: pair(bytes[1], PORTS),
        action: action(bytes[2]),
        condition: (bytes[3] % 4 < 2).then_some(bytes[3] % 4),
    };
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    (rest.chunks_exact(4).take(24).map(line).collect(), action(*first))
}

fn addr(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

fn rule(line: &Line) -> Rule {
    let peers = (line.addrs.0..=line.addrs.1).map(|last| Prefix::host(addr(last)));
    let ports = PortRange::new(line.ports.0.into(), line.ports.1.into()).expect("first and last");
    let only = |set: PeerSet| Constraint::only(set).expect("some addresses");
    let condition = |number: u8| Unmodelled { text: number.to_string(), why: "it is not known".to_owned() };
    Rule {
        action: line.action,
        matches: Match {
            source: Constraint::Any,
            peer: only(PeerSet::from(AddrSet::of(peers))),
            transport: Constraint::only(TransportSet::port(Protocol::TCP, ports)).expect("some ports"),
        },
        traffic: Traffic::New,
        unmodelled: line.condition.map(condition).into_iter().collect(),
        origin: Origin::System("a line".to_owned()),
    }
}

/// First match, packet by packet, and world by world of the conditions.
fn passes(lines: &[Line], default: Action, (addr, port): (u8, u8), world: u8) -> bool {
    let matches = |line: &&Line| {
        (line.addrs.0..=line.addrs.1).contains(&addr)
            && (line.ports.0..=line.ports.1).contains(&port)
            && line.condition.is_none_or(|number| world >> number & 1 == 1)
    };
    lines.iter().find(matches).map_or(default, |line| line.action) == Action::Allow
}

/// The algebra says of every packet of a little universe what trying rule after rule says.
fn algebra(data: &[u8]) {
    let (lines, default) = lines(data);
    let half = lines.len() / 2;
    let set = |lines: &[Line]| RuleSet {
        scope: Scope { name: "only".to_owned(), direction: Direction::Egress },
        subject: Subject::Host,
        universe: PeerSet::all_addrs(),
        rules: lines.iter().map(rule).collect(),
        default,
    };
    let (whole, part) = (set(&lines), set(&lines[..half]));
    let (allows, other) = (whole.allows(), part.allows());
    let decided = whole.decided_by_rule();
    let [a, b] = [&allows.at_least, &other.at_most];
    let sets = [a.union(b), a.intersect(b), a.subtract(b)];
    let rows = Set::union_all(&allows.at_most.rows().iter().map(Row::packets).collect::<Vec<_>>());
    assert_eq!(rows, allows.at_most, "the rows are another set");
    for (at, port) in (0..ADDRS).flat_map(|addr| (0..PORTS).map(move |port| (addr, port))) {
        let packet = Packet {
            peer: Peer::Addr(addr(at)),
            source: addr(200),
            protocol: Protocol::TCP,
            detail: port.into(),
        };
        // Conditions of the same text hold together: the bounds are over all rules apart, so they hold these too.
        let worlds: Vec<bool> = (0..4).map(|world| passes(&lines, default, (at, port), world)).collect();
        let (must, may) = (allows.at_least.at(&packet), allows.at_most.at(&packet));
        assert!(!must || worlds.iter().all(|passes| *passes), "{at}:{port} does not always pass");
        assert!(may || !worlds.iter().any(|passes| *passes), "{at}:{port} may pass");
        if lines.iter().all(|line| line.condition.is_none()) {
            assert_eq!((must, may), (worlds[0], worlds[0]), "{at}:{port} is known");
        }
        let (in_a, in_b) = (a.at(&packet), b.at(&packet));
        let held = [in_a || in_b, in_a && in_b, in_a && !in_b];
        assert_eq!(sets.each_ref().map(|set| set.at(&packet)), held, "{at}:{port} of two sets");
        let touches = |line: &Line| {
            (line.addrs.0..=line.addrs.1).contains(&at) && (line.ports.0..=line.ports.1).contains(&port)
        };
        let first = lines.iter().position(touches);
        let by = decided.iter().position(|set| set.at(&packet));
        assert_eq!(by, first, "{at}:{port} is decided by another rule");
    }
}
