//! First-match evaluation: which packets a rule set allows, and which rule decides each.

use super::{Action, Match, Rule, RuleSet, Traffic};
use crate::packet::{PacketMap, PacketSet, Set, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A set that is known only up to matches that cannot be modelled. Equal bounds are an exact set.
// INVARIANT: `at_least` is a subset of `at_most`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// What is in the set whatever the unmodelled matches do.
    pub at_least: PacketSet,
    /// What can be in it.
    pub at_most: PacketSet,
}

/// What decides a packet: the index of a rule counted from 1, or 0 where no rule matches.
pub type Decision = u32;

impl Bounds {
    /// Reports whether the set is known exactly.
    pub fn is_exact(&self) -> bool {
        self.at_least == self.at_most
    }
}

impl RuleSet {
    /// The new connections that the rules allow.
    ///
    /// With a match that is not modelled, an allow may or may not happen and a deny may or may not stop what comes
    /// after it; the bounds hold both.
    pub fn allows(&self) -> Bounds {
        let exact = self.rules.iter().all(|rule| rule.unmodelled.is_empty());
        let at_least = self.fold(Action::Deny);
        let at_most = if exact { at_least.clone() } else { self.fold(Action::Allow) };
        Bounds { at_least, at_most }
    }

    /// The packets allowed when every rule with an unmodelled match works towards `doubt`: such a rule counts only
    /// if that is its own action.
    fn fold(&self, doubt: Action) -> PacketSet {
        let counted = |decision: u32| self.rule(decision).is_some_and(|rule| rule.action == Action::Allow);
        let decided = self.deciders(|rule| rule.unmodelled.is_empty() || rule.action == doubt);
        let allowed = decided.map(|decision| counted(*decision));
        match self.default {
            Action::Deny => allowed,
            // The default lets pass what no rule decides, of what the rule set speaks about. A rule may say more.
            Action::Allow => {
                let denied = decided.map(|decision| *decision != 0 && !counted(*decision));
                self.packets(&Match::ANY).subtract(&denied).union(&allowed)
            }
        }
    }

    /// For each packet the rule that decides it. Rules with unmodelled matches count as if they matched all that
    /// their other matches choose.
    pub fn decisions(&self) -> PacketMap<Decision> {
        self.deciders(|_| true)
    }

    /// For each packet that may be allowed, and for some others, the rule that lets it pass when every doubt works
    /// towards passing, or that stops it even then.
    pub fn deciders_at_most(&self) -> PacketMap<Decision> {
        self.deciders(|rule| rule.unmodelled.is_empty() || rule.action == Action::Allow)
    }

    fn deciders(&self, counts: impl Fn(&Rule) -> bool) -> PacketMap<Decision> {
        self.deciders_of(
            (1..).zip(&self.rules).filter(|(_, rule)| rule.traffic == Traffic::New && counts(rule)),
        )
    }

    /// For each packet the first of these rules that matches it.
    fn deciders_of<'a>(&self, rules: impl Iterator<Item = (Decision, &'a Rule)>) -> PacketMap<Decision> {
        first_of(&self.numbered(rules))
    }

    /// The same, unless that would become larger than so many cuts at once.
    pub(super) fn deciders_within<'a>(
        &self,
        rules: impl Iterator<Item = (Decision, &'a Rule)>,
        most: usize,
    ) -> Option<PacketMap<Decision>> {
        by_halves_within(&self.numbered(rules), |first, second| earlier_of(*first, *second), most)
    }

    fn numbered<'a>(&self, rules: impl Iterator<Item = (Decision, &'a Rule)>) -> Vec<PacketMap<Decision>> {
        rules
            .map(|(index, rule)| self.packets(&rule.matches).map(|member| if *member { index } else { 0 }))
            .collect()
    }

    /// The rule of a decision; none where the default decides.
    pub fn rule(&self, decision: Decision) -> Option<&Rule> {
        self.rules.get(usize::try_from(decision).ok()?.checked_sub(1)?)
    }

    /// Those packets of a match that none of the first rules surely decides.
    pub fn undecided(&self, first: usize, matches: &Match) -> PacketSet {
        let before = self.rules.iter().take(first);
        let surely = before.filter(|rule| rule.traffic == Traffic::New && rule.unmodelled.is_empty());
        let decided: Vec<PacketSet> = surely.map(|rule| self.packets(&rule.matches)).collect();
        self.packets(matches).subtract(&PacketSet::union_all(&decided))
    }

    /// The packets that each rule really decides: those it matches and no earlier rule does.
    pub fn decided_by_rule(&self) -> Vec<PacketSet> {
        let mut decided = self.decisions().by_value();
        (1..).zip(&self.rules).map(|(index, _)| decided.remove(&index).unwrap_or_default()).collect()
    }
}

impl RuleSet {
    /// For each of some disjoint sets, the rules that decide some packet of it (0 for no rule). One sweep for all.
    ///
    /// `doubt` says which side rules with unmodelled matches are on: with one, such a rule counts only if that is its
    /// own action, as in the bounds of [`Self::allows`] (`Deny` for at least, `Allow` for at most); with none it counts.
    pub fn deciding(&self, sets: &[PacketSet], doubt: Option<Action>) -> Vec<BTreeSet<Decision>> {
        let numbered: Vec<PacketMap<Decision>> =
            (1..).zip(sets).map(|(index, set)| set.map(|member| if *member { index } else { 0 })).collect();
        let pairs = RefCell::new(BTreeSet::new());
        let which = first_of(&numbered);
        let counts =
            |rule: &Rule| rule.unmodelled.is_empty() || doubt.is_none_or(|doubt| rule.action == doubt);
        // Few packets of many rules are found fastest rule by rule, many packets by the decisions on all of them.
        let few = which.peer_cuts().saturating_mul(self.rules.len()) <= MOST_LOOKUPS;
        let decisions = if few { self.decisions_within(&which, counts) } else { self.deciders(counts) };
        which.zip(&decisions, |set, rule| {
            pairs.borrow_mut().insert((*set, *rule));
            false
        });
        let pairs = pairs.into_inner();
        let of = |index: u32| pairs.range((index, 0)..=(index, u32::MAX)).map(|(_, rule)| *rule).collect();
        (1..).zip(sets).map(|(index, _)| of(index)).collect()
    }
}

impl RuleSet {
    /// The decisions on the packets where a function is not its default.
    fn decisions_within(
        &self,
        which: &PacketMap<u32>,
        counts: impl Fn(&Rule) -> bool,
    ) -> PacketMap<Decision> {
        let rules: Vec<PacketMap<Decision>> = (1..)
            .zip(&self.rules)
            .filter(|(_, rule)| rule.traffic == Traffic::New && counts(rule))
            .map(|(index, rule)| (index, which.within(&self.packets(&rule.matches))))
            .filter(|(_, within)| !within.is_default())
            .map(|(index, within)| within.map(|set| if *set == 0 { 0 } else { index }))
            .collect();
        first_of(&rules)
    }
}

/// How often a rule may be looked up at a cut before deciding on all packets is cheaper.
const MOST_LOOKUPS: usize = 50_000_000;

/// Overlays maps of which the earlier wins, by halves: `first(a, first(b, c)) == first(first(a, b), c)`.
fn first_of(maps: &[PacketMap<Decision>]) -> PacketMap<Decision> {
    by_halves(maps, |first, second| earlier_of(*first, *second))
}

fn earlier_of(first: Decision, second: Decision) -> Decision {
    if first == 0 { second } else { first }
}

/// [`by_halves`], unless that would become larger than so many cuts at once.
pub(super) fn by_halves_within<V: Value>(
    maps: &[PacketMap<V>],
    join: impl Fn(&V, &V) -> V + Copy,
    most: usize,
) -> Option<PacketMap<V>> {
    if maps.len() < 2 {
        return Some(by_halves(maps, join));
    }
    let (earlier, later) = maps.split_at(maps.len() / 2);
    let (earlier, later) = (by_halves_within(earlier, join, most)?, by_halves_within(later, join, most)?);
    (earlier.zip_size(&later) <= most).then(|| earlier.zip(&later, join))
}

/// Joins maps in their order, by halves, with an operation for which it does not matter where it begins:
/// `join(a, join(b, c)) == join(join(a, b), c)`.
pub(super) fn by_halves<V: Value>(maps: &[PacketMap<V>], join: impl Fn(&V, &V) -> V + Copy) -> PacketMap<V> {
    match maps {
        [] => PacketMap::default(),
        [map] => map.clone(),
        _ => {
            let (earlier, later) = maps.split_at(maps.len() / 2);
            by_halves(earlier, join).zip(&by_halves(later, join), join)
        }
    }
}
