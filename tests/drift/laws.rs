//! Law 5 against an evaluator of its own: packet by packet, over every valuation of the unknowns.

use egressor::drift::{Difference, Doubt, Verdict, compare};
use egressor::packet::{
    AddrSet, Constraint, Limit, Packet, PacketSet, Peer, PeerSet, PortRange, PortSet, Prefix, Protocol, Set,
    TransportSet,
};
use egressor::policy::{
    Action, Direction, Match, Origin, Pair, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

/// Unknowns of the universe.
const UNKNOWNS: usize = 3;

/// A rule of the universe: a block of eight addresses, some of three ports, and the unknowns it asks for.
#[derive(Debug, Clone)]
struct Plain {
    allow: bool,
    first: u8,
    bits: u8,
    ports: u8,
    unknowns: u8,
}

#[derive(Debug, Clone)]
struct List {
    rules: Vec<Plain>,
    allow_rest: bool,
}

impl Plain {
    fn matches(&self, addr: u8, port: u8) -> bool {
        addr >> self.bits == self.first >> self.bits && self.ports >> port & 1 == 1
    }

    fn rule(&self) -> Rule {
        let len = 32 - self.bits;
        let block = Prefix::containing(address(self.first), len).unwrap();
        let ports = (0..3_u16).filter(|port| self.ports >> port & 1 == 1).map(PortRange::single);
        let ports = TransportSet::ports(Protocol::TCP, &PortSet::of(ports));
        let of = |unknown: usize| Unmodelled { text: format!("u{unknown}"), why: "a test".into() };
        Rule {
            action: if self.allow { Action::Allow } else { Action::Deny },
            matches: Match {
                source: Constraint::Any,
                peer: Constraint::only(PeerSet::from(AddrSet::of([block]))).unwrap(),
                transport: Constraint::only(ports).unwrap(),
            },
            traffic: Traffic::New,
            unmodelled: (0..UNKNOWNS).filter(|unknown| self.unknowns >> unknown & 1 == 1).map(of).collect(),
            origin: Origin::System("a test".into()),
        }
    }
}

impl List {
    fn set(&self) -> RuleSet {
        RuleSet {
            scope: Scope { name: "x".into(), direction: Direction::Egress },
            subject: Subject::Host,
            universe: PeerSet::all_addrs(),
            rules: self.rules.iter().map(Plain::rule).collect(),
            default: if self.allow_rest { Action::Allow } else { Action::Deny },
        }
    }

    fn allows(&self, addr: u8, port: u8, holding: u8) -> bool {
        let decides = |rule: &&Plain| rule.matches(addr, port) && rule.unknowns & !holding == 0;
        self.rules.iter().find(decides).map_or(self.allow_rest, |rule| rule.allow)
    }

    /// What is allowed when each unmodelled match works towards `doubt` on its own.
    fn bound(&self, addr: u8, port: u8, doubt: bool) -> bool {
        let decides = |rule: &&Plain| rule.matches(addr, port) && (rule.unknowns == 0 || rule.allow == doubt);
        self.rules.iter().find(decides).map_or(self.allow_rest, |rule| rule.allow)
    }
}

fn address(addr: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, addr).into()
}

fn holds(set: &PacketSet, addr: u8, port: u8) -> bool {
    set.at(&Packet {
        peer: Peer::Addr(address(addr)),
        source: address(0),
        protocol: Protocol::TCP,
        detail: port.into(),
    })
}

fn lists(unknowns: u8) -> impl Strategy<Value = List> {
    let rule = (any::<bool>(), 0..8_u8, 0..4_u8, 1..8_u8, 0..=unknowns)
        .prop_map(|(allow, first, bits, ports, unknowns)| Plain { allow, first, bits, ports, unknowns });
    (vec(rule, 0..7), any::<bool>()).prop_map(|(rules, allow_rest)| List { rules, allow_rest })
}

fn within(pair: Pair<'_>, doubt: Doubt) -> Difference {
    compare(pair, doubt, Limit::default()).expect("a small comparison")
}

fn difference(old: &List, new: &List, doubt: Doubt) -> Difference {
    let (old, new) = (old.set(), new.set());
    within(Pair { old: Some(&old), new: Some(&new) }, doubt)
}

/// Checks every packet of the universe, and one outside of it, against every valuation.
fn check(old: &List, new: &List) {
    let found = difference(old, new, Doubt::Unknown);
    let (upper, lower) = (difference(old, new, Doubt::Upper), difference(old, new, Doubt::Lower));
    for addr in 0..9 {
        for port in 0..4 {
            let valuations = || 0..1_u8 << UNKNOWNS;
            let opens = |holding| !old.allows(addr, port, holding) && new.allows(addr, port, holding);
            let closes = |holding| old.allows(addr, port, holding) && !new.allows(addr, port, holding);
            let (opens, closes) = (valuations().any(opens), valuations().any(closes));
            let bounds = |list: &List| (list.bound(addr, port, false), list.bound(addr, port, true));
            let ((old_least, old_most), (new_least, new_most)) = (bounds(old), bounds(new));
            let at = |set: &PacketSet| holds(set, addr, port);
            let (added, removed) = (new_least && !old_most, old_least && !new_most);
            assert_eq!((at(&found.added), at(&found.removed)), (added, removed), "{addr}:{port}");
            let sure = added || removed;
            assert_eq!(
                (at(&found.may_open), at(&found.may_close)),
                (opens && !sure, closes && !sure),
                "{addr}:{port}"
            );
            assert_eq!(
                (at(&upper.added), at(&upper.removed)),
                (new_most && !old_most, old_most && !new_most)
            );
            assert_eq!(
                (at(&lower.added), at(&lower.removed)),
                (new_least && !old_least, old_least && !new_least)
            );
        }
    }
    assert!(upper.unknown().is_empty() && lower.unknown().is_empty() && !found.coarse);
}

/// The difference seen from the other side.
fn mirrored(difference: &Difference) -> Difference {
    Difference {
        added: difference.removed.clone(),
        removed: difference.added.clone(),
        may_open: difference.may_close.clone(),
        may_close: difference.may_open.clone(),
        ..Difference::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn every_packet_is_judged_as_all_valuations_judge_it(old in lists(7), new in lists(7)) {
        check(&old, &new);
    }

    #[test]
    fn an_edited_list_differs_where_the_edit_matters(
        list in lists(7), at in 0..7_usize, edit in lists(7), swap in any::<bool>(),
    ) {
        let mut new = list.clone();
        let at = at.min(new.rules.len());
        if swap && at + 1 < new.rules.len() {
            new.rules.swap(at, at + 1);
        } else {
            new.rules.splice(at..at, edit.rules.into_iter().take(1));
        }
        check(&list, &new);
    }

    #[test]
    fn a_list_equals_itself_and_the_difference_is_mirrored(old in lists(7), new in lists(7)) {
        let same = difference(&old, &old, Doubt::Unknown);
        prop_assert!(same.is_empty());
        prop_assert_eq!(Verdict::over([&same]), Verdict::Equal);
        // The same meaning in other rules, so that nothing is found equal by its writing.
        let mut longer = old.clone();
        let repeated = longer.rules.clone();
        longer.rules.extend(repeated);
        prop_assert!(difference(&old, &longer, Doubt::Unknown).is_empty());
        let there = difference(&old, &new, Doubt::Unknown);
        prop_assert_eq!(difference(&new, &old, Doubt::Unknown), mirrored(&there));
    }

    #[test]
    fn without_unknowns_nothing_is_unknown(old in lists(0), new in lists(0)) {
        let found = difference(&old, &new, Doubt::Unknown);
        prop_assert!(found.unknown().is_empty());
        let (old, new) = (old.set().allows().at_least, new.set().allows().at_least);
        prop_assert_eq!(found.added, new.subtract(&old));
        prop_assert_eq!(found.removed, old.subtract(&new));
    }
}

/// A rule for each of many unknowns, all about the same packets.
fn tangled(count: usize, allow: bool) -> RuleSet {
    let rule = |number: usize| {
        let plain =
            Plain { allow: allow || number.is_multiple_of(2), first: 0, bits: 3, ports: 7, unknowns: 0 };
        let text = format!("unknown {number}");
        Rule { unmodelled: vec![Unmodelled { text, why: "a test".into() }], ..plain.rule() }
    };
    RuleSet { rules: (0..count).map(rule).collect(), ..List { rules: vec![], allow_rest: false }.set() }
}

#[test]
fn more_unknowns_than_can_be_told_apart_are_compared_by_their_bounds() {
    let old = tangled(3_000, true);
    let mut new = old.clone();
    let same = within(Pair { old: Some(&old), new: Some(&new) }, Doubt::Unknown);
    assert!(same.is_empty() && !same.coarse);
    new.rules.reverse();
    let found = within(Pair { old: Some(&old), new: Some(&new) }, Doubt::Unknown);
    assert!(found.coarse && !found.unknown().is_empty() && found.added.is_empty());
    // Alternating verdicts on a few hundred unknowns are told apart.
    let old = tangled(400, false);
    let mut new = old.clone();
    new.rules.insert(200, Plain { allow: true, first: 9, bits: 0, ports: 1, unknowns: 0 }.rule());
    let found = within(Pair { old: Some(&old), new: Some(&new) }, Doubt::Unknown);
    assert!(!found.coarse && found.unknown().is_empty() && holds(&found.added, 9, 0));
}

#[test]
fn what_only_one_side_speaks_about_is_left_aside_and_named() {
    let all = List { rules: vec![], allow_rest: true }.set();
    let v4 = RuleSet { universe: PeerSet::from(AddrSet::all_v4()), ..all.clone() };
    let found = within(Pair { old: Some(&v4), new: Some(&all) }, Doubt::Unknown);
    assert!(found.is_empty());
    assert!(found.uncompared.len() == 1 && found.uncompared[0].in_new && found.uncompared[0].allows);
    let names = RuleSet { universe: PeerSet::all_names(), ..all };
    let found = within(Pair { old: Some(&v4), new: Some(&names) }, Doubt::Unknown);
    assert!(found.added.is_empty() && found.removed.is_empty());
    assert_eq!(Verdict::over([&found]), Verdict::Unknown);
}
