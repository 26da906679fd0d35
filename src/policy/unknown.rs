//! Rule sets whose conditions are not all modelled, as functions of those conditions.
//!
//! Whether an unmodelled condition holds is an unknown, and two conditions that read the same are the same unknown.
//! What happens to a packet is then a function from unknowns to verdicts, kept as a decision diagram: nodes are
//! shared and reduced, so two functions are equal when their numbers are, and a rule set equals itself whatever its
//! unknowns do.

use super::{Action, Match, Rule, RuleSet, Traffic};
use crate::packet::{Limit, Overlay, PacketMap, TooLarge};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What happens to one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Fate {
    /// Whether it passes, as a function of the unknowns. Equal numbers are equal functions.
    pub function: u32,
    /// Whether it passes whatever the unmodelled matches do, each on its own.
    pub least: bool,
    /// Whether it can pass.
    pub most: bool,
}

/// The functions of unknowns that rule sets were found to have.
#[derive(Debug, Default)]
pub struct Unknowns {
    /// The unknowns, in the order of their first appearance.
    names: BTreeMap<String, u32>,
    nodes: Vec<Node>,
    numbers: BTreeMap<(u32, u32, u32), u32>,
    overlaid: BTreeMap<(u32, u32), u32>,
    settled: BTreeMap<u32, u32>,
    opened: BTreeMap<(u32, u32), bool>,
    /// Whether a function was met that is larger than is sensible; then no number means anything.
    full: bool,
}

/// A question about one unknown.
// INVARIANT: the children differ, and they ask about later unknowns only.
#[derive(Debug, Clone, Copy)]
struct Node {
    unknown: u32,
    holds: u32,
    fails: u32,
    height: u32,
}

/// No rule decides. For a settled function: the packet does not pass.
const OPEN: u32 = 0;
/// The packet passes.
const ALLOWED: u32 = 1;
/// The packet is stopped; settled functions have [`OPEN`] in its place.
const DENIED: u32 = 2;
/// The first number that is a node.
const NODES: u32 = 3;
/// The most nodes of all functions together.
const MOST_NODES: usize = 1 << 20;
/// The most unknowns that one packet depends on.
const MOST_UNKNOWNS: u32 = 1_000;

impl Unknowns {
    /// Reports whether there were too many functions to tell apart.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Reports whether some valuation of the unknowns lets a packet of fate `new` pass and stops one of fate `old`.
    pub fn may_open(&mut self, old: u32, new: u32) -> bool {
        match (old, new) {
            _ if old == new => false,
            (ALLOWED, _) | (_, OPEN) => false,
            // Both are settled, and a settled function that is no constant takes either value.
            (OPEN, _) | (_, ALLOWED) => true,
            _ => {
                if let Some(known) = self.opened.get(&(old, new)) {
                    return *known;
                }
                let (_, (old_holds, old_fails), (new_holds, new_fails)) = self.split(old, new);
                let opens = self.may_open(old_holds, new_holds) || self.may_open(old_fails, new_fails);
                self.opened.insert((old, new), opens);
                opens
            }
        }
    }

    /// The function of a rule: its action where all of its conditions hold.
    fn rule(&mut self, rule: &Rule) -> u32 {
        let mut conditions: Vec<u32> = rule.unmodelled.iter().map(|part| self.unknown(&part.text)).collect();
        conditions.sort_unstable();
        conditions.dedup();
        let action = match rule.action {
            Action::Allow => ALLOWED,
            Action::Deny => DENIED,
        };
        conditions.into_iter().rev().fold(action, |holds, unknown| self.node(unknown, holds, OPEN))
    }

    fn unknown(&mut self, text: &str) -> u32 {
        if let Some(known) = self.names.get(text) {
            return *known;
        }
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.insert(text.to_owned(), next);
        next
    }

    /// The first function where it decides, else the second.
    fn overlay(&mut self, first: u32, second: u32) -> u32 {
        match (first, second) {
            (OPEN, _) => return second,
            (ALLOWED | DENIED, _) | (_, OPEN) => return first,
            _ if first == second || self.full => return first,
            _ => {}
        }
        if let Some(known) = self.overlaid.get(&(first, second)) {
            return *known;
        }
        if self.height(first) + self.height(second) > MOST_UNKNOWNS || self.overlaid.len() > 4 * MOST_NODES {
            self.full = true;
            return first;
        }
        let (unknown, (first_holds, first_fails), (second_holds, second_fails)) = self.split(first, second);
        let holds = self.overlay(first_holds, second_holds);
        let fails = self.overlay(first_fails, second_fails);
        let both = self.node(unknown, holds, fails);
        self.overlaid.insert((first, second), both);
        both
    }

    /// The function that denies what nothing decides.
    fn settle(&mut self, function: u32) -> u32 {
        let Some(node) = self.at(function) else { return if function == ALLOWED { ALLOWED } else { OPEN } };
        if let Some(known) = self.settled.get(&function) {
            return *known;
        }
        let (holds, fails) = (self.settle(node.holds), self.settle(node.fails));
        let settled = self.node(node.unknown, holds, fails);
        self.settled.insert(function, settled);
        settled
    }

    fn node(&mut self, unknown: u32, holds: u32, fails: u32) -> u32 {
        if holds == fails {
            return holds;
        }
        if let Some(known) = self.numbers.get(&(unknown, holds, fails)) {
            return *known;
        }
        let height = 1 + self.height(holds).max(self.height(fails));
        let number = u32::try_from(self.nodes.len()).ok().and_then(|count| count.checked_add(NODES));
        let Some(number) = number.filter(|_| self.nodes.len() < MOST_NODES && height <= MOST_UNKNOWNS) else {
            self.full = true;
            return OPEN;
        };
        self.nodes.push(Node { unknown, holds, fails, height });
        self.numbers.insert((unknown, holds, fails), number);
        number
    }

    fn at(&self, function: u32) -> Option<Node> {
        let index = usize::try_from(function.checked_sub(NODES)?).ok()?;
        self.nodes.get(index).copied()
    }

    fn height(&self, function: u32) -> u32 {
        self.at(function).map_or(0, |node| node.height)
    }

    /// The first unknown that either function asks about, and what each is when it holds and when it fails.
    fn split(&self, left: u32, right: u32) -> (u32, (u32, u32), (u32, u32)) {
        let asks = |function| self.at(function).map_or(u32::MAX, |node| node.unknown);
        let unknown = asks(left).min(asks(right));
        let of = |function| match self.at(function) {
            Some(node) if node.unknown == unknown => (node.holds, node.fails),
            Some(_) | None => (function, function),
        };
        (unknown, of(left), of(right))
    }
}

/// What is said of a packet before all rules were tried: by the function, and by either bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Said {
    function: u32,
    least: Option<Action>,
    most: Option<Action>,
}

impl RuleSet {
    /// What happens to every packet that opens a connection, as far as these rules decide. Meaningless when `unknowns`
    /// became full.
    pub fn fates<'a>(
        &self,
        rules: impl IntoIterator<Item = &'a Rule>,
        unknowns: &RefCell<Unknowns>,
        limit: Limit,
    ) -> Result<PacketMap<Fate>, TooLarge> {
        let mut overlay = Overlay::default();
        for rule in rules.into_iter().filter(|rule| rule.traffic == Traffic::New) {
            let counts = |doubt| rule.unmodelled.is_empty() || rule.action == doubt;
            let bound = |doubt| counts(doubt).then_some(rule.action);
            let function = unknowns.borrow_mut().rule(rule);
            let said = Said { function, least: bound(Action::Deny), most: bound(Action::Allow) };
            self.lay(&mut overlay, &rule.matches, &said);
        }
        if self.default == Action::Allow {
            // The default lets pass what no rule decides, of what the rule set speaks about.
            let passes = Said { function: ALLOWED, least: Some(self.default), most: Some(self.default) };
            self.lay(&mut overlay, &Match::ANY, &passes);
        }
        let join = |first: &Said, second: &Said| Said {
            function: unknowns.borrow_mut().overlay(first.function, second.function),
            least: first.least.or(second.least),
            most: first.most.or(second.most),
        };
        let said = overlay.join(join, limit)?;
        Ok(said.map(|said| Fate {
            function: unknowns.borrow_mut().settle(said.function),
            least: said.least == Some(Action::Allow),
            most: said.most == Some(Action::Allow),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_always_agree_have_one_number() {
        let mut unknowns = Unknowns::default();
        let (a, b) = (unknowns.unknown("a"), unknowns.unknown("b"));
        let if_a = unknowns.node(a, ALLOWED, OPEN);
        let if_b = unknowns.node(b, ALLOWED, OPEN);
        assert_eq!(unknowns.overlay(if_a, if_b), unknowns.overlay(if_b, if_a));
        let then_deny = unknowns.overlay(if_a, DENIED);
        assert_eq!(unknowns.settle(then_deny), unknowns.settle(if_a));
        assert_eq!(unknowns.overlay(if_a, ALLOWED), ALLOWED);
    }

    #[test]
    fn what_may_open_is_what_some_valuation_opens() {
        let mut unknowns = Unknowns::default();
        let (a, b) = (unknowns.unknown("a"), unknowns.unknown("b"));
        let if_a = unknowns.node(a, ALLOWED, OPEN);
        let if_b = unknowns.node(b, ALLOWED, OPEN);
        let either = unknowns.overlay(if_a, if_b);
        assert!(unknowns.may_open(if_a, either) && !unknowns.may_open(either, if_a));
        assert!(unknowns.may_open(if_a, if_b) && unknowns.may_open(if_b, if_a));
        assert!(unknowns.may_open(if_a, ALLOWED) && unknowns.may_open(OPEN, if_a));
        assert!(!unknowns.may_open(if_a, OPEN) && !unknowns.may_open(ALLOWED, if_a));
    }

    #[test]
    fn too_many_unknowns_are_noticed() {
        let mut unknowns = Unknowns::default();
        let each: Vec<u32> = (0..=MOST_UNKNOWNS).collect();
        let all = each.iter().rev().fold(OPEN, |rest, unknown| unknowns.node(*unknown, ALLOWED, rest));
        assert!(unknowns.is_full() && all == OPEN);
    }
}
