//! Rule sets over a tiny universe, and an evaluator that knows nothing of sets.

use egressor::diag::{Place, Source, Span};
use egressor::packet::{
    AddrSet, Constraint, Packet, Peer, PeerSet, PortRange, PortSet, Prefix, Protocol, TransportSet,
};
use egressor::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A rule: addresses and ports from first to last, what it does, and the number of its condition, if it has one.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) addrs: (u8, u8),
    pub(crate) ports: (u8, u8),
    pub(crate) action: Action,
    pub(crate) condition: Option<u8>,
}

pub(crate) const ADDRS: u8 = 8;
pub(crate) const PORTS: u8 = 4;
pub(crate) const CONDITIONS: u8 = 2;

pub(crate) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Allow), Just(Action::Deny)]
}

fn span(end: u8) -> impl Strategy<Value = (u8, u8)> {
    (0..end, 0..end).prop_map(|(a, b)| (a.min(b), a.max(b)))
}

/// Lists of rules; `conditions` says how often a rule has one, of ten.
pub(crate) fn lines(conditions: u32) -> impl Strategy<Value = Vec<Line>> {
    let condition = prop_oneof![
        10 - conditions => Just(None),
        conditions => (0..CONDITIONS).prop_map(Some),
    ];
    let line = (span(ADDRS), span(PORTS), action(), condition);
    let line = line.prop_map(|(addrs, ports, action, condition)| Line { addrs, ports, action, condition });
    proptest::collection::vec(line, 0..9)
}

pub(crate) fn addr(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

/// Every packet of the universe.
pub(crate) fn packets() -> impl Iterator<Item = (u8, u8)> {
    (0..ADDRS).flat_map(|addr| (0..PORTS).map(move |port| (addr, port)))
}

/// Every way in which the conditions can hold.
pub(crate) fn worlds() -> impl Iterator<Item = u8> {
    0..1 << CONDITIONS
}

pub(crate) fn packet(addr: u8, port: u8) -> Packet<'static> {
    let peer = Peer::Addr(self::addr(addr));
    Packet { peer, source: self::addr(200), protocol: Protocol::TCP, detail: u16::from(port) }
}

impl Line {
    pub(crate) fn matches(&self, (addr, port): (u8, u8), world: u8) -> bool {
        (self.addrs.0..=self.addrs.1).contains(&addr)
            && (self.ports.0..=self.ports.1).contains(&port)
            && self.condition.is_none_or(|condition| world >> condition & 1 == 1)
    }
}

/// The first line that matches, of those that are kept.
pub(crate) fn decides(
    lines: &[Line],
    packet: (u8, u8),
    world: u8,
    kept: impl Fn(usize) -> bool,
) -> Option<usize> {
    lines.iter().enumerate().position(|(at, line)| kept(at) && line.matches(packet, world))
}

/// What happens to a packet, one line after the other.
pub(crate) fn verdict(
    lines: &[Line],
    default: Action,
    packet: (u8, u8),
    world: u8,
    kept: impl Fn(usize) -> bool,
) -> Action {
    decides(lines, packet, world, kept).map_or(default, |at| lines[at].action)
}

/// The lines as a rule set, each a statement of its own at the byte of its number.
pub(crate) fn rule_set(name: &str, lines: &[Line], default: Action) -> RuleSet {
    let source = Arc::new(Source::new("rules", "x".repeat(64)));
    let rule = |(at, line): (usize, &Line)| {
        let addrs = AddrSet::from_ranges([(addr(line.addrs.0), addr(line.addrs.1))]);
        let ports = PortRange::new(line.ports.0.into(), line.ports.1.into()).expect("a range");
        let transport = TransportSet::ports(Protocol::TCP, &PortSet::of([ports]));
        let condition = |number: u8| Unmodelled { text: format!("condition {number}"), why: "no".to_owned() };
        Rule {
            action: line.action,
            matches: Match {
                source: Constraint::Any,
                peer: Constraint::only(PeerSet::from(addrs)).expect("addresses"),
                transport: Constraint::only(transport).expect("ports"),
            },
            traffic: Traffic::New,
            unmodelled: line.condition.map(condition).into_iter().collect(),
            origin: Origin::File(Place { source: Arc::clone(&source), span: Span::new(at, at + 1) }),
        }
    };
    RuleSet {
        scope: Scope { name: name.to_owned(), direction: Direction::Egress },
        subject: Subject::Host,
        universe: PeerSet::from(AddrSet::of([Prefix::containing(addr(0), 24).expect("a block")])),
        rules: lines.iter().enumerate().map(rule).collect(),
        default,
    }
}

/// A policy of one such rule set.
pub(crate) fn policy(lines: &[Line], default: Action) -> Policy {
    Policy::new(vec![rule_set("only", lines, default)])
}
