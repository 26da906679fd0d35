//! Which rules decide: step by step, for few packets and for many, all of it what trying rule after rule says.

use crate::model::{Line, action, lines, packet, packets, rule_set};
use egressor::packet::{
    AddrSet, Limit, PacketSet, PeerSet, PortRange, Prefix, Protocol, Set as _, TransportSet,
};
use egressor::policy::Action;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// One packet of the universe as a set.
fn point((addr, port): (u8, u8)) -> PacketSet {
    let peers = PeerSet::from(AddrSet::of([Prefix::host(crate::model::addr(addr))]));
    PacketSet::product(
        None,
        &peers,
        &TransportSet::port(Protocol::TCP, PortRange::single(port.into())),
        &true,
    )
}

/// The number of the first line that counts and may match a packet, from 1; 0 where none does.
fn decision(lines: &[Line], packet: (u8, u8), counts: impl Fn(&Line) -> bool) -> u32 {
    // With every condition holding, a line matches whatever else it chooses.
    let first = lines.iter().position(|line| counts(line) && line.matches(packet, u8::MAX));
    first.map_or(0, |at| u32::try_from(at + 1).expect("a small number"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_way_of_a_packet_ends_as_the_sets_say(lines in lines(4), default in action()) {
        let set = rule_set("only", &lines, default);
        let allows = set.allows();
        for (addr, port) in packets() {
            let there = packet(addr, port);
            let steps = set.trace(&point((addr, port)));
            let (last, doubtful) = steps.split_last().expect("something decides");
            prop_assert!(last.certain && doubtful.iter().all(|step| !step.certain));
            let may = steps.iter().any(|step| step.action == Action::Allow);
            let must = steps.iter().all(|step| step.action == Action::Allow);
            prop_assert_eq!((allows.at_least.at(&there), allows.at_most.at(&there)), (must, may));
        }
    }

    #[test]
    fn what_is_allowed_among_some_packets_is_what_is_allowed_of_them(
        lines in lines(4), default in action(), some in prop::collection::vec((0..8_u8, 0..4_u8), 0..6),
    ) {
        let set = rule_set("only", &lines, default);
        let asked = PacketSet::union_all(&some.iter().map(|packet| point(*packet)).collect::<Vec<_>>());
        let (among, whole) = (set.allows_among(&asked, Limit::NONE).expect("no limit"), set.allows());
        prop_assert_eq!(among.at_least, whole.at_least.intersect(&asked));
        prop_assert_eq!(among.at_most, whole.at_most.intersect(&asked));
    }

    #[test]
    fn the_rules_that_decide_sets_are_those_that_decide_their_packets(
        lines in lines(4), default in action(), parts in prop::collection::vec(0..4_usize, 32),
        doubt in proptest::option::of(action()),
    ) {
        let set = rule_set("only", &lines, default);
        let counts = |line: &Line| line.condition.is_none() || doubt.is_none_or(|doubt| line.action == doubt);
        let of_part = |part: usize| packets().zip(&parts).filter(move |(_, of)| **of == part).map(|(packet, _)| packet);
        let sets: Vec<PacketSet> =
            (0..3).map(|part| PacketSet::union_all(&of_part(part).map(point).collect::<Vec<_>>())).collect();
        let found = set.deciding(&sets, doubt, Limit::NONE).expect("no limit");
        for (part, found) in found.iter().enumerate() {
            let expected: BTreeSet<u32> = of_part(part).map(|packet| decision(&lines, packet, counts)).collect();
            prop_assert_eq!(found, &expected, "part {}", part);
        }
    }

    #[test]
    fn each_packet_has_its_decision_also_where_every_doubt_lets_pass(lines in lines(4), default in action()) {
        let set = rule_set("only", &lines, default);
        let (all, most) = (set.decisions(), set.deciders_at_most(Limit::NONE).expect("no limit"));
        for at in packets() {
            let there = packet(at.0, at.1);
            prop_assert_eq!(all.at(&there), decision(&lines, at, |_| true));
            let lets = |line: &Line| line.condition.is_none() || line.action == Action::Allow;
            prop_assert_eq!(most.at(&there), decision(&lines, at, lets));
            let rule = set.rule(all.at(&there));
            prop_assert_eq!(rule.is_some(), all.at(&there) > 0);
            prop_assert!(rule.is_none_or(|rule| set.may_decide(rule, &point(at))));
        }
    }

    #[test]
    fn what_is_undecided_is_what_no_earlier_rule_surely_decides(lines in lines(4), default in action()) {
        let set = rule_set("only", &lines, default);
        for (at, rule) in set.rules.iter().enumerate() {
            let left = set.undecided(at, &rule.matches);
            for packet in packets() {
                let sure = |line: &Line| line.condition.is_none() && line.matches(packet, 0);
                let expected = lines[at].matches(packet, u8::MAX) && !lines[..at].iter().any(sure);
                prop_assert_eq!(left.at(&self::packet(packet.0, packet.1)), expected);
            }
        }
    }
}
