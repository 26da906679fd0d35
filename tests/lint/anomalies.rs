//! What could go can go, and what is not named cannot.

use crate::model::{Line, action, decides, lines, packets, policy, rule_set, verdict, worlds};
use egressor::packet::Set as _;
use egressor::policy::{Action, Anomalies, Policy};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The numbers of the lines that are shadowed, and of those that are redundant.
fn named(found: &Anomalies<'_>) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let line = |statement: usize| found.statements[statement].place.span.start;
    (
        found.shadowed.iter().map(|shadow| line(shadow.statement)).collect(),
        found.redundant.iter().map(|redundant| line(redundant.statement)).collect(),
    )
}

/// Reports whether the packets fare the same in every world when these lines are gone.
fn same_without(lines: &[Line], default: Action, gone: &BTreeSet<usize>) -> bool {
    worlds().all(|world| {
        packets().all(|packet| {
            let whole = verdict(lines, default, packet, world, |_| true);
            whole == verdict(lines, default, packet, world, |at| !gone.contains(&at))
        })
    })
}

/// Reports whether the bounds are the same without these lines. Bounds do not know that two rules have the same
/// condition, so without a rule that only such a one hides they may be closer.
fn sets_say_the_same(policy: &Policy, lines: &[Line], default: Action, gone: &BTreeSet<usize>) -> bool {
    let whole = policy.sets[0].allows();
    let kept: Vec<Line> =
        (0..).zip(lines).filter(|(at, _)| !gone.contains(at)).map(|(_, line)| line.clone()).collect();
    let without = rule_set("only", &kept, default).allows();
    if gone.iter().any(|at| lines[*at].condition.is_some()) {
        whole.at_least.is_subset(&without.at_least) && without.at_most.is_subset(&whole.at_most)
    } else {
        whole == without
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_named_can_go_alone_and_together(lines in lines(3), default in action()) {
        let policy = policy(&lines, default);
        let (shadowed, redundant) = named(&policy.anomalies());
        prop_assert!(shadowed.is_disjoint(&redundant));
        for at in shadowed.union(&redundant) {
            prop_assert!(same_without(&lines, default, &BTreeSet::from([*at])), "line {at} matters");
            prop_assert!(sets_say_the_same(&policy, &lines, default, &BTreeSet::from([*at])), "line {at}");
        }
        let all = shadowed.union(&redundant).copied().collect();
        prop_assert!(same_without(&lines, default, &all), "{all:?} matter together");
        prop_assert!(sets_say_the_same(&policy, &lines, default, &all), "{all:?}");
    }

    #[test]
    fn shadowed_rules_decide_nothing_and_all_others_decide_something(lines in lines(3), default in action()) {
        let policy = policy(&lines, default);
        let (shadowed, _) = named(&policy.anomalies());
        for at in 0..lines.len() {
            let decides = worlds()
                .any(|world| packets().any(|packet| decides(&lines, packet, world, |_| true) == Some(at)));
            prop_assert_eq!(decides, !shadowed.contains(&at), "line {}", at);
        }
    }

    #[test]
    fn without_doubts_whatever_changes_nothing_is_named(lines in lines(0), default in action()) {
        let policy = policy(&lines, default);
        let (shadowed, redundant) = named(&policy.anomalies());
        let all: BTreeSet<usize> = shadowed.union(&redundant).copied().collect();
        for at in (0..lines.len()).filter(|at| !all.contains(at)) {
            let alone = same_without(&lines, default, &BTreeSet::from([at]));
            let mut with_all = all.clone();
            with_all.insert(at);
            let together = same_without(&lines, default, &with_all);
            prop_assert!(!(alone && together), "line {at} changes nothing and is not named");
        }
    }

    #[test]
    fn those_that_hide_a_rule_do_hide_it_and_none_of_them_adds_nothing(lines in lines(3), default in action()) {
        let policy = policy(&lines, default);
        let found = policy.anomalies();
        let at = |rule: &egressor::policy::Rule| {
            policy.sets[0].rules.iter().position(|other| std::ptr::eq(other, rule)).expect("a rule of the set")
        };
        for shadow in &found.shadowed {
            let hidden = found.statements[shadow.statement].place.span.start;
            let by: Vec<usize> = shadow.hidden_by.iter().map(|rule| at(rule)).collect();
            // The hidden rule can only be reached where its own condition holds.
            let covered = |by: &[usize]| {
                let worlds = || worlds().filter(|world| lines[hidden].condition.is_none_or(|c| world >> c & 1 == 1));
                worlds().all(|world| {
                    packets().filter(|packet| lines[hidden].matches(*packet, world)).all(|packet| {
                        by.iter().any(|by| *by < hidden && lines[*by].matches(packet, world))
                    })
                })
            };
            prop_assert!(covered(&by), "{by:?} do not hide {hidden}");
            prop_assert!(by.len() < 2 || !covered(&by[..by.len() - 1]), "the last of {by:?} adds nothing");
            if let Some(opposite) = shadow.opposite {
                prop_assert!(opposite.action != lines[hidden].action);
            }
        }
    }

    #[test]
    fn a_statement_that_counts_in_two_scopes_goes_only_when_it_can_go_from_both(
        first in lines(0), second in lines(0), default in action()
    ) {
        // The lines of one number are one statement in both scopes.
        let policy = Policy::new(vec![rule_set("a", &first, default), rule_set("b", &second, default)]);
        let (shadowed, redundant) = named(&policy.anomalies());
        let all: BTreeSet<usize> = shadowed.union(&redundant).copied().collect();
        for lines in [&first, &second] {
            for at in &all {
                prop_assert!(same_without(lines, default, &BTreeSet::from([*at])), "line {at} matters");
            }
            prop_assert!(same_without(lines, default, &all), "{all:?} matter together");
        }
    }
}
