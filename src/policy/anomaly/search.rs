//! Which statements change nothing, alone and all together.
//!
//! A statement can go when for each packet that it decides the next rule does the same. Of two that each lean on the
//! other only one can go, so those that go together are chosen in rounds.

use super::{MOST_SIZE, Redundant, Statement, decision};
use crate::packet::Overlay;
use crate::policy::{Action, Decision, Match, Policy, Rule, RuleSet, Traffic};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How often redundant statements are sought among what is left. Each round halves the longest chain of statements
/// that lean on each other.
const ROUNDS: usize = 32;

/// What happens to a packet at a rule and behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Way {
    /// The first rule that may decide it.
    first: Decision,
    /// The first that surely does.
    surely: Decision,
    /// The first that may decide it behind that one.
    next: Decision,
}

impl Way {
    fn then(self, later: Self) -> Self {
        let or = |first: Decision, second: Decision| if first == 0 { second } else { first };
        let next = if self.surely == 0 { later.next } else { or(self.next, later.first) };
        Self { first: or(self.first, later.first), surely: or(self.surely, later.surely), next }
    }
}

/// For each rule that surely decides something, what would decide instead; `None` where something else would happen.
type Instead = BTreeMap<(usize, usize), Option<BTreeSet<(usize, Decision)>>>;

/// The search for redundant statements.
pub(super) struct Search<'a, 'p> {
    pub(super) policy: &'p Policy,
    pub(super) statements: &'a [Statement<'p>],
    /// The rule sets whose rules overlap too much.
    pub(super) unjudged: BTreeSet<usize>,
}

impl<'p> Search<'_, 'p> {
    /// Finds statements that change nothing, beside the hidden ones.
    pub(super) fn run(&mut self, hidden: &BTreeSet<usize>) -> Vec<Redundant<'p>> {
        let of_rule: BTreeMap<(usize, usize), usize> = (0..)
            .zip(self.statements)
            .flat_map(|(at, statement)| statement.rules.iter().map(move |rule| (*rule, at)))
            .collect();
        let whole = self.instead(&BTreeSet::new(), &of_rule);
        let alone: Vec<usize> = (0..self.statements.len())
            .filter(|at| !hidden.contains(at) && self.leans_on(*at, &whole, &of_rule).is_some())
            .collect();
        let mut gone = hidden.clone();
        let mut found = Vec::new();
        let mut rest = alone;
        for _ in 0..ROUNDS {
            if rest.is_empty() {
                break;
            }
            let now = if gone.is_empty() { whole.clone() } else { self.instead(&gone, &of_rule) };
            let (mut chosen, mut needed) = (BTreeSet::new(), BTreeSet::new());
            rest.retain(|at| self.leans_on(*at, &now, &of_rule).is_some());
            for at in rest.iter().rev() {
                let Some(leans_on) = self.leans_on(*at, &now, &of_rule) else { continue };
                if needed.contains(at) || !leans_on.is_disjoint(&chosen) {
                    continue;
                }
                chosen.insert(*at);
                needed.extend(leans_on);
                found.push(self.redundant(*at, &now));
            }
            if chosen.is_empty() {
                break;
            }
            rest.retain(|at| !chosen.contains(at));
            gone.extend(chosen);
        }
        found.sort_by_key(|redundant| redundant.statement);
        found
    }

    /// For every rule that surely decides something, what happens without it, when these statements are gone.
    fn instead(&mut self, gone: &BTreeSet<usize>, of_rule: &BTreeMap<(usize, usize), usize>) -> Instead {
        let mut instead = Instead::new();
        for (at, set) in self.policy.sets.iter().enumerate() {
            let stays =
                |index: usize| of_rule.get(&(at, index)).is_none_or(|statement| !gone.contains(statement));
            if self.unjudged.contains(&at) {
                continue;
            }
            let Some(pairs) = pairs(set, stays) else {
                self.unjudged.insert(at);
                continue;
            };
            for (decided, next) in pairs {
                let Some(rule) = set.rule(decided) else { continue };
                let Some(index) = usize::try_from(decided).ok().and_then(|decided| decided.checked_sub(1))
                else {
                    continue;
                };
                let then = match set.rule(next) {
                    Some(next) => next.action,
                    None if next == 0 => Action::Deny,
                    None => set.default,
                };
                let same = then == rule.action;
                let entry = instead.entry((at, index)).or_insert_with(|| Some(BTreeSet::new()));
                match entry {
                    Some(known) if same => {
                        known.insert((at, next));
                    }
                    _ => *entry = None,
                }
            }
        }
        instead
    }

    /// The statements that would decide instead of this one; nothing when something would fare otherwise without it.
    fn leans_on(
        &self,
        at: usize,
        instead: &Instead,
        of_rule: &BTreeMap<(usize, usize), usize>,
    ) -> Option<BTreeSet<usize>> {
        let mut all = BTreeSet::new();
        for rule in &self.statements.get(at)?.rules {
            if !self.is_judged(rule) {
                return None;
            }
            // What decides nothing now is not missed.
            let Some(nexts) = instead.get(rule) else { continue };
            for (set, next) in nexts.as_ref()? {
                let next = usize::try_from(*next).ok().and_then(|next| next.checked_sub(1));
                all.extend(next.and_then(|next| of_rule.get(&(*set, next))));
            }
        }
        // A statement that leans on itself is reached in two ways, and nothing is known of what lies behind.
        (!all.contains(&at)).then_some(all)
    }

    /// Reports whether all is known of a rule: it has no condition that is not modelled, and new connections are its
    /// matter.
    fn is_judged(&self, (set, rule): &(usize, usize)) -> bool {
        if self.unjudged.contains(set) {
            return false;
        }
        let rule = self.policy.sets.get(*set).and_then(|set| set.rules.get(*rule));
        rule.is_some_and(|rule| rule.traffic == Traffic::New && rule.unmodelled.is_empty())
    }

    fn redundant(&self, at: usize, instead: &Instead) -> Redundant<'p> {
        let rules = self.statements.get(at).into_iter().flat_map(|statement| &statement.rules);
        let nexts: BTreeSet<(usize, Decision)> =
            rules.filter_map(|rule| instead.get(rule)?.as_ref()).flatten().copied().collect();
        let rule = |(set, next): &(usize, Decision)| self.policy.sets.get(*set)?.rule(*next);
        Redundant {
            statement: at,
            instead: nexts.iter().filter_map(rule).collect(),
            default: nexts.iter().any(|next| rule(next).is_none()),
        }
    }
}

/// Every pair of a rule that surely decides some packet and of what may decide that packet next and otherwise: a rule
/// without conditions, or one whose doubt matters because it does the opposite. Nothing where there are too many.
fn pairs(set: &RuleSet, stays: impl Fn(usize) -> bool) -> Option<BTreeSet<(Decision, Decision)>> {
    let staying =
        || (0..).zip(&set.rules).filter(|(index, rule)| rule.traffic == Traffic::New && stays(*index));
    let exact = staying().all(|(_, rule)| rule.unmodelled.is_empty());
    let mut found = BTreeSet::new();
    // Where nothing is in doubt both actions see the same list.
    let actions: &[Option<Action>] = if exact { &[None] } else { &[Some(Action::Allow), Some(Action::Deny)] };
    for action in actions {
        let counts = |rule: &Rule| rule.unmodelled.is_empty() || Some(rule.action) != *action;
        let mut ways = Overlay::default();
        for (index, rule) in staying().filter(|(_, rule)| counts(rule)) {
            let first = decision(index);
            let surely = if rule.unmodelled.is_empty() { first } else { 0 };
            set.lay(&mut ways, &rule.matches, &Way { first, surely, next: 0 });
        }
        if set.default == Action::Allow {
            // The default speaks only of what the set is about; behind it, nothing passes.
            let last = decision(set.rules.len());
            set.lay(&mut ways, &Match::ANY, &Way { first: last, surely: last, next: 0 });
        }
        let seen = RefCell::new(BTreeSet::new());
        let ways = ways.join(|earlier: &Way, later: &Way| earlier.then(*later), MOST_SIZE).ok()?;
        ways.map(|way| {
            seen.borrow_mut().insert((way.surely, way.next));
            false
        });
        let of_action = |(decided, _): &(Decision, Decision)| {
            action.is_none_or(|action| set.rule(*decided).is_some_and(|rule| rule.action == action))
        };
        found.extend(seen.into_inner().into_iter().filter(of_action));
    }
    Some(found)
}
