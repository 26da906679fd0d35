//! Which rules of two rule sets are the same and fare the same, so that they cannot make a difference.
//!
//! Rules on both sides are kept in pairs, so that all kept rules stand in the same order on both sides, but for
//! neighbours of which it does not matter: those that surely do the same. A packet that no other rule matches then
//! meets the same rules in an order that decides the same, so only packets of the other rules can fare differently.

use super::in_step::{InStep, in_step};
use crate::packet::fingerprint;
use crate::policy::{Action, Rule, RuleSet, Traffic};

/// The rules of either side that have no counterpart on the other. Packets that none of them matches fare the same.
pub(super) fn changed<'a>(old: &'a RuleSet, new: &'a RuleSet) -> (Vec<&'a Rule>, Vec<&'a Rule>) {
    let (old, new) = (Statements::of(old), Statements::of(new));
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
    a.action == b.action
        && a.traffic == b.traffic
        && a.matches == b.matches
        && a.unmodelled.iter().map(|part| &part.text).eq(b.unmodelled.iter().map(|part| &part.text))
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

    /// Each rule with one of the other side that says the same.
    fn pairs(&self, new: &Self) -> Vec<Both> {
        let alike = |old: usize, new_at: usize| self.both(old, new, new_at).is_some();
        let InStep { pairs, old_rest, new_rest } = in_step(self.rules.len(), new.rules.len(), alike);
        let mut pairs: Vec<Both> =
            pairs.into_iter().filter_map(|(at, new_at)| self.both(at, new, new_at)).collect();
        let (old_prints, new_prints) = (self.prints(&old_rest), new.prints(&new_rest));
        let mut left = new_prints.iter().peekable();
        for (print, old_at) in old_prints {
            while left.next_if(|(other, _)| *other < print).is_some() {}
            let Some((_, new_at)) = left.next_if(|(other, _)| *other == print) else { continue };
            pairs.extend(self.both(old_at, new, *new_at));
        }
        pairs
    }

    /// The pair of two rules, when they say the same.
    fn both(&self, old: usize, new_side: &Self, new: usize) -> Option<Both> {
        let ((a, old_level), (b, new_level)) = self.rules.get(old).zip(new_side.rules.get(new))?;
        alike(a, b).then_some(Both { old_level: *old_level, new_level: *new_level, old, new })
    }

    /// Fingerprints of the rules at these places, in order.
    fn prints(&self, places: &[usize]) -> Vec<(u64, usize)> {
        let print = |at: &usize| {
            let (rule, _) = self.rules.get(*at)?;
            let texts = rule.unmodelled.iter().map(|part| &part.text);
            Some((fingerprint(&(rule.action, &rule.matches, texts.collect::<Vec<_>>())), *at))
        };
        let mut prints: Vec<_> = places.iter().filter_map(print).collect();
        prints.sort_unstable();
        prints
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{AddrSet, Constraint, PeerSet};
    use crate::policy::{Direction, Match, Origin, Scope, Subject, Unmodelled};

    /// Rules in short: `+7` allows host 7, `-7` denies it, `?7` perhaps allows it.
    fn set(rules: &[&str]) -> RuleSet {
        let rule = |text: &&str| {
            let (sign, host) = text.split_at(1);
            let peer = AddrSet::of([format!("10.0.0.{host}").parse().expect("a host")]);
            let unknown = Unmodelled { text: "-m owner".to_owned(), why: String::new() };
            Rule {
                action: if sign == "-" { Action::Deny } else { Action::Allow },
                matches: Match { peer: Constraint::only(PeerSet::from(peer)).expect("a host"), ..Match::ANY },
                traffic: Traffic::New,
                unmodelled: if sign == "?" { vec![unknown] } else { Vec::new() },
                origin: Origin::System((*text).to_owned()),
            }
        };
        RuleSet {
            scope: Scope { name: "test".to_owned(), direction: Direction::Egress },
            subject: Subject::Host,
            universe: PeerSet::all_addrs(),
            rules: rules.iter().map(rule).collect(),
            default: Action::Deny,
        }
    }

    fn rest(old: &[&str], new: &[&str]) -> (Vec<String>, Vec<String>) {
        let (old, new) = (set(old), set(new));
        let (only_old, only_new) = changed(&old, &new);
        let names = |rules: Vec<&Rule>| {
            let name = |rule: &Rule| match &rule.origin {
                Origin::System(name) => name.clone(),
                _ => String::new(),
            };
            let mut names: Vec<String> = rules.into_iter().map(name).collect();
            names.sort();
            names
        };
        (names(only_old), names(only_new))
    }

    fn none() -> (Vec<String>, Vec<String>) {
        (Vec::new(), Vec::new())
    }

    #[test]
    fn rules_that_do_the_same_may_change_places() {
        assert_eq!(rest(&["+1", "+2", "+3"], &["+3", "+1", "+2"]), none());
        assert_eq!(rest(&["+1", "+2", "-9", "+3", "+4"], &["+2", "+1", "-9", "+4", "+3"]), none());
    }

    #[test]
    fn rules_that_do_the_opposite_may_not() {
        let (old, new) = rest(&["+1", "-1"], &["-1", "+1"]);
        assert!(old.len() == 1 && old == new, "one of the two stays, the other one moved");
        let (old, new) = rest(&["+1", "-2", "+3"], &["+3", "-2", "+1"]);
        assert!(!old.is_empty() && !new.is_empty());
    }

    #[test]
    fn what_is_in_doubt_keeps_its_place() {
        assert_eq!(rest(&["?1", "+2"], &["?1", "+2"]), none());
        assert_eq!(rest(&["?1", "+1"], &["+1", "?1"]).0.len(), 1);
    }

    #[test]
    fn what_one_side_has_alone_is_found_among_many() {
        let many: Vec<String> = (1..250).map(|host| format!("+{host}")).collect();
        let old: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut new = old.clone();
        new.remove(100);
        new.insert(50, "-7");
        assert_eq!(rest(&old, &new), (vec!["+101".to_owned()], vec!["-7".to_owned()]));
        new.reverse();
        assert_eq!(rest(&old, &new), (vec!["+101".to_owned()], vec!["-7".to_owned()]), "in any order");
        assert_eq!(rest(&["+1", "+1"], &["+1"]), (vec!["+1".to_owned()], Vec::new()));
    }
}
