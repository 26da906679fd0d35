//! First-match evaluation: which packets a rule set allows, and which rule decides each.

use super::{Action, Match, Rule, RuleSet, Scope, Traffic};
use crate::packet::{
    Differing, FirstMatch, Limit, Overlay, PacketMap, PacketSet, Set, Side, TooLarge, Value,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::Hash;

/// A set that is known only up to matches that cannot be modelled. Equal bounds are an exact set.
// INVARIANT: `at_least` is a subset of `at_most`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// What is in the set whatever the unmodelled matches do.
    pub at_least: PacketSet,
    /// What can be in it.
    pub at_most: PacketSet,
}

/// Rules of a scope that combine to more cases than can be held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rules of {scope} combine to too much: {size}")]
pub struct ScopeTooLarge {
    /// The scope.
    pub scope: Scope,
    /// How much it is.
    pub size: TooLarge,
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
        self.allows_within(Limit::NONE).unwrap_or_else(|_| {
            // Without a limit none is exceeded; were it, this is all that could still be said.
            Bounds { at_least: PacketSet::default(), at_most: self.packets(&Match::ANY) }
        })
    }

    /// The same, unless that would become too large.
    pub fn allows_within(&self, limit: Limit) -> Result<Bounds, ScopeTooLarge> {
        self.bounds(&self.rules.iter().collect::<Vec<_>>(), limit).map_err(|size| self.too_large(size))
    }

    /// The new connections that the rules allow among some packets, at small cost where few rules are about them.
    pub fn allows_among(&self, packets: &PacketSet, limit: Limit) -> Result<Bounds, ScopeTooLarge> {
        let rules: Vec<&Rule> = self.rules.iter().filter(|rule| self.may_decide(rule, packets)).collect();
        let bounds = self.bounds(&rules, limit).map_err(|size| self.too_large(size))?;
        Ok(Bounds { at_least: bounds.at_least.within(packets), at_most: bounds.at_most.within(packets) })
    }

    /// Those of some packets that the rules do not surely allow, at small cost where few rules are about them.
    pub fn not_allowed_of(&self, packets: &PacketSet) -> PacketSet {
        let bounds = self.allows_among(packets, Limit::NONE).unwrap_or_else(|_| self.allows());
        packets.subtract(&bounds.at_least)
    }

    /// The error that these rules are too large.
    pub fn too_large(&self, size: TooLarge) -> ScopeTooLarge {
        ScopeTooLarge { scope: self.scope.clone(), size }
    }

    fn bounds(&self, rules: &[&Rule], limit: Limit) -> Result<Bounds, TooLarge> {
        if is_plain(rules) {
            let allowed = differing([(None, &[]), (Some(self), rules)], limit)?.added;
            return Ok(Bounds { at_least: allowed.clone(), at_most: allowed });
        }
        let exact = rules.iter().all(|rule| rule.unmodelled.is_empty());
        let at_least = self.fold(rules, Action::Deny, limit)?;
        let at_most = if exact { at_least.clone() } else { self.fold(rules, Action::Allow, limit)? };
        Ok(Bounds { at_least, at_most })
    }

    /// The packets allowed when every rule with an unmodelled match works towards `doubt`: such a rule counts only
    /// if that is its own action.
    fn fold(&self, rules: &[&Rule], doubt: Action, limit: Limit) -> Result<PacketSet, TooLarge> {
        let mut overlay = Overlay::default();
        for rule in rules {
            if rule.traffic == Traffic::New && (rule.unmodelled.is_empty() || rule.action == doubt) {
                self.lay(&mut overlay, &rule.matches, &Some(rule.action));
            }
        }
        if self.default == Action::Allow {
            // The default lets pass what no rule decides, of what the rule set speaks about. A rule may say more.
            self.lay(&mut overlay, &Match::ANY, &Some(Action::Allow));
        }
        let decided = overlay.join(|first, second| first.or(*second), limit)?;
        Ok(decided.map(|action| *action == Some(Action::Allow)))
    }

    /// Lays a value on the packets of a match.
    pub fn lay<V: Value + Ord + Hash>(&self, overlay: &mut Overlay<V>, matches: &Match, value: &V) {
        let peers = matches.peer.set().unwrap_or(&self.universe);
        overlay.product(matches.source.set(), peers, matches.transport.set(), value);
    }

    /// For each packet the rule that decides it. Rules with unmodelled matches count as if they matched all that
    /// their other matches choose.
    pub fn decisions(&self) -> PacketMap<Decision> {
        self.deciders(|_| true, Limit::NONE).unwrap_or_default()
    }

    /// For each packet that may be allowed, and for some others, the rule that lets it pass when every doubt works
    /// towards passing, or that stops it even then.
    pub fn deciders_at_most(&self, limit: Limit) -> Result<PacketMap<Decision>, ScopeTooLarge> {
        let counts = |rule: &Rule| rule.unmodelled.is_empty() || rule.action == Action::Allow;
        self.deciders(counts, limit).map_err(|size| self.too_large(size))
    }

    fn deciders(
        &self,
        counts: impl Fn(&Rule) -> bool,
        limit: Limit,
    ) -> Result<PacketMap<Decision>, TooLarge> {
        let rules = (1..).zip(&self.rules);
        self.first_of(rules.filter(|(_, rule)| rule.traffic == Traffic::New && counts(rule)), limit)
    }

    /// For each packet the first of these rules that matches it.
    pub(super) fn first_of<'a>(
        &self,
        rules: impl Iterator<Item = (Decision, &'a Rule)>,
        limit: Limit,
    ) -> Result<PacketMap<Decision>, TooLarge> {
        let mut overlay = Overlay::default();
        rules.for_each(|(index, rule)| self.lay(&mut overlay, &rule.matches, &index));
        overlay.join(|first, second| earlier_of(*first, *second), limit)
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
    pub fn deciding(
        &self,
        sets: &[PacketSet],
        doubt: Option<Action>,
        limit: Limit,
    ) -> Result<Vec<BTreeSet<Decision>>, TooLarge> {
        let mut numbered = Overlay::default();
        for (index, set) in (1..).zip(sets) {
            numbered.function(&set.map(|member| if *member { index } else { 0_u32 }));
        }
        let which = numbered.join(|first, second| earlier_of(*first, *second), limit)?;
        let counts =
            |rule: &Rule| rule.unmodelled.is_empty() || doubt.is_none_or(|doubt| rule.action == doubt);
        let region = which.map(|set| *set != 0);
        let mut decisions = Overlay::default();
        for (index, rule) in (1..).zip(&self.rules) {
            if rule.traffic != Traffic::New || !counts(rule) || !self.may_decide(rule, &region) {
                continue;
            }
            // Only where a set lies: elsewhere there may be more decisions than anyone asked for.
            let within = region.within(&self.packets(&rule.matches));
            decisions.function(&within.map(|member| if *member { index } else { 0_u32 }));
        }
        let decisions = decisions.join(|first, second| earlier_of(*first, *second), limit)?;
        let pairs = RefCell::new(BTreeSet::new());
        which.zip(&decisions, |set, rule| {
            pairs.borrow_mut().insert((*set, *rule));
            false
        });
        let pairs = pairs.into_inner();
        let of = |index: u32| pairs.range((index, 0)..=(index, u32::MAX)).map(|(_, rule)| *rule).collect();
        Ok((1..).zip(sets).map(|(index, _)| of(index)).collect())
    }

    /// Reports whether a rule may match packets of a set. It may say so of one that matches none.
    pub fn may_decide(&self, rule: &Rule, packets: &PacketSet) -> bool {
        let Match { source, peer, transport } = &rule.matches;
        packets.may_meet(source.set(), peer.set().unwrap_or(&self.universe), transport.set())
    }
}

/// Reports whether rules ask for nothing but peers and services, so that [`differing`] can tell what they do.
pub fn is_plain(rules: &[&Rule]) -> bool {
    let mut opening = rules.iter().filter(|rule| rule.traffic == Traffic::New);
    opening.all(|rule| rule.unmodelled.is_empty() && rule.matches.source.set().is_none())
}

/// The new connections that only one of two lists of plain rules lets pass, the old and the new one. A list comes with
/// the set that it is of, and without one it lets nothing pass.
pub fn differing(sides: [(Option<&RuleSet>, &[&Rule]); 2], limit: Limit) -> Result<Differing, TooLarge> {
    let mut lists = FirstMatch::new(limit);
    lists.reserve(sides.iter().map(|(_, rules)| rules.len()).sum());
    for (side, (set, rules)) in [Side::Old, Side::New].into_iter().zip(sides) {
        let Some(set) = set else { continue };
        for rule in rules.iter().filter(|rule| rule.traffic == Traffic::New) {
            let peers = rule.matches.peer.set().unwrap_or(&set.universe);
            lists.push(side, peers, rule.matches.transport.set(), rule.action == Action::Allow);
        }
        if set.default == Action::Allow {
            // The default lets pass what no rule decides, of what the rule set speaks about. A rule may say more.
            lists.push(side, &set.universe, None, true);
        }
    }
    lists.differing(limit)
}

fn earlier_of(first: Decision, second: Decision) -> Decision {
    if first == 0 { second } else { first }
}
