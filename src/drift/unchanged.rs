//! Which rules of two rule sets are the same and fare the same, so that they cannot make a difference.
//!
//! Rules on both sides are kept in pairs, so that all kept rules stand in the same order on both sides, but for
//! neighbours of which it does not matter: those that surely do the same. A packet that no other rule matches then
//! meets the same rules in an order that decides the same, so only packets of the other rules can fare differently.

use crate::packet::fingerprint;
use crate::policy::{Action, Rule, RuleSet, Traffic};

/// The rules of either side that have no counterpart on the other. Packets that none of them matches fare the same.
pub(super) fn changed<'a>(old: &'a RuleSet, new: &'a RuleSet) -> (Vec<&'a Rule>, Vec<&'a Rule>) {
    let (mut old, mut new) = (Statements::of(old), Statements::of(new));
    trim(&mut old.rules, &mut new.rules);
    let pairs = in_order(old.pairs(&new));
    let rest = |side: &Statements<'a>, kept: &mut dyn Iterator<Item = usize>| {
        let mut is_kept = vec![false; side.rules.len()];
        kept.for_each(|at| is_kept.get_mut(at).into_iter().for_each(|kept| *kept = true));
        side.rules.iter().zip(is_kept).filter(|(_, kept)| !kept).map(|((rule, _), _)| *rule).collect()
    };
    (rest(&old, &mut pairs.iter().map(|pair| pair.old)), rest(&new, &mut pairs.iter().map(|pair| pair.new)))
}

/// Reports whether two rules say the same, wherever they come from.
pub(super) fn alike(a: &Rule, b: &Rule) -> bool {
    let texts = |rule: &'_ Rule| rule.unmodelled.iter().map(|part| part.text.clone()).collect::<Vec<_>>();
    a.action == b.action
        && a.traffic == b.traffic
        && a.matches == b.matches
        && (a.unmodelled == b.unmodelled || texts(a) == texts(b))
}

/// The rules that decide new connections, each with its level: rules of one level surely do the same, whatever their
/// order, and levels grow along the list.
struct Statements<'a> {
    rules: Vec<(&'a Rule, u32)>,
}

impl<'a> Statements<'a> {
    fn of(set: &'a RuleSet) -> Self {
        let mut level = 0_u32;
        let mut last: Option<Action> = None;
        let opening = set.rules.iter().filter(|rule| rule.traffic == Traffic::New);
        let levels = opening.map(|rule| {
            // Only what surely happens can change places.
            let action = rule.unmodelled.is_empty().then_some(rule.action);
            if action.is_none() || action != last {
                level = level.saturating_add(1);
            }
            last = action;
            (rule, level)
        });
        Self { rules: levels.collect() }
    }

    /// Fingerprints and places, in order.
    fn prints(&self) -> Vec<(u64, usize)> {
        let print = |rule: &Rule| {
            let texts = rule.unmodelled.iter().map(|part| &part.text);
            fingerprint(&(rule.action, &rule.matches, texts.collect::<Vec<_>>()))
        };
        let mut prints: Vec<_> = self.rules.iter().map(|(rule, _)| print(rule)).zip(0..).collect();
        prints.sort_unstable();
        prints
    }

    /// Each rule with one of the other side that says the same: the first with the first, the second with the second.
    fn pairs(&self, new: &Self) -> Vec<Both> {
        let (old_prints, new_prints) = (self.prints(), new.prints());
        let mut left = new_prints.iter().peekable();
        let mut pairs = Vec::with_capacity(old_prints.len().min(new_prints.len()));
        for (print, old_at) in old_prints {
            while left.next_if(|(other, _)| *other < print).is_some() {}
            let Some((_, new_at)) = left.next_if(|(other, _)| *other == print) else { continue };
            let both = self.rules.get(old_at).zip(new.rules.get(*new_at));
            pairs.extend(both.filter(|((a, _), (b, _))| alike(a, b)).map(
                |((_, old_level), (_, new_level))| Both {
                    old_level: *old_level,
                    new_level: *new_level,
                    old: old_at,
                    new: *new_at,
                },
            ));
        }
        pairs
    }
}

/// A rule that stands on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Both {
    old_level: u32,
    new_level: u32,
    old: usize,
    new: usize,
}

/// Leaves out what both lists begin with, and what both end with.
fn trim(old: &mut Vec<(&Rule, u32)>, new: &mut Vec<(&Rule, u32)>) {
    let same = |((a, _), (b, _)): &(&(&Rule, u32), &(&Rule, u32))| alike(a, b);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    old.truncate(old.len().saturating_sub(tail));
    new.truncate(new.len().saturating_sub(tail));
    let head = old.iter().zip(new.iter()).take_while(same).count();
    old.drain(..head);
    new.drain(..head);
}

/// As many pairs as can be kept with levels that nowhere decrease on either side.
fn in_order(mut pairs: Vec<Both>) -> Vec<Both> {
    pairs.sort_unstable();
    if pairs.is_sorted_by_key(|pair| pair.new_level) {
        return pairs;
    }
    // For each length, the chain of that length that ends lowest; and for each pair the one before it in its chain.
    let mut ends: Vec<(u32, usize)> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|(level, _)| *level <= pair.new_level);
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter)).map(|(_, at)| *at));
        match ends.get_mut(length) {
            Some(end) => *end = (pair.new_level, at),
            None => ends.push((pair.new_level, at)),
        }
    }
    let last = ends.last().map(|(_, at)| *at);
    let chain = std::iter::successors(last, |at| before.get(*at).copied().flatten());
    chain.filter_map(|at| pairs.get(at).copied()).collect()
}
