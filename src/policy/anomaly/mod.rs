//! Statements that could go: those that no packet reaches, and those without which every packet fares the same.
//!
//! A union of rules can hide another one, so rules are not compared in pairs: one sweep gives for each packet the
//! rule that decides it and the rule that would decide it otherwise, and everything here is read off that.

mod cover;

use super::evaluate::by_halves;
use super::{Action, Decision, Match, Origin, Policy, Rule, RuleSet, Traffic, Unmodelled};
use crate::diag::{Place, Span};
use crate::packet::PacketMap;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub use cover::Shadow;

/// One statement of a file, with the rules of a policy that it stands for: several where it counts in several scopes
/// or is reached in several ways.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    /// Where it stands.
    pub place: &'a Place,
    /// Its rules, as the index of the rule set and the index in it.
    pub rules: Vec<(usize, usize)>,
}

/// A statement that decides packets, all of which would fare the same without it.
#[derive(Debug, Clone)]
pub struct Redundant<'a> {
    /// The index of the statement.
    pub statement: usize,
    /// The rules that would decide instead.
    pub instead: Vec<&'a Rule>,
    /// Whether the default of a rule set would decide some of the packets instead.
    pub default: bool,
}

/// What could go from a policy. Each of these statements alone, and all of them together, can be taken away without
/// any packet that opens a connection faring otherwise.
#[derive(Debug, Clone)]
pub struct Anomalies<'a> {
    /// Every statement of the files, in the order of the policy.
    pub statements: Vec<Statement<'a>>,
    /// Those that no packet reaches.
    pub shadowed: Vec<Shadow<'a>>,
    /// Those that change nothing.
    pub redundant: Vec<Redundant<'a>>,
}

/// How many different lists of conditions that are not modelled are judged; nothing is claimed of rules with others.
const MOST_CONDITIONS: usize = 1000;
/// How often redundant statements are sought among what is left. Each round halves the longest chain of statements
/// that lean on each other.
const ROUNDS: usize = 32;

impl Policy {
    /// The statements of the files that the policy was read from.
    pub fn statements(&self) -> Vec<Statement<'_>> {
        let mut known: BTreeMap<(&str, Span), usize> = BTreeMap::new();
        let mut statements: Vec<Statement<'_>> = Vec::new();
        for (set, rules) in self.sets.iter().enumerate() {
            for (index, rule) in rules.rules.iter().enumerate() {
                let Origin::File(place) = &rule.origin else { continue };
                let next = statements.len();
                let at = *known.entry((place.source.name(), place.span)).or_insert(next);
                if at == next {
                    statements.push(Statement { place, rules: Vec::new() });
                }
                if let Some(statement) = statements.get_mut(at) {
                    statement.rules.push((set, index));
                }
            }
        }
        statements
    }

    /// Finds what could go.
    pub fn anomalies(&self) -> Anomalies<'_> {
        let statements = self.statements();
        let reached: Vec<Reached<'_>> = self.sets.iter().map(Reached::new).collect();
        let is_reached =
            |(set, rule): &(usize, usize)| reached.get(*set).is_none_or(|reached| reached.decides(*rule));
        let is_shadowed = |statement: &Statement<'_>| !statement.rules.iter().any(is_reached);
        let hidden: BTreeSet<usize> =
            (0..).zip(&statements).filter(|(_, each)| is_shadowed(each)).map(|(at, _)| at).collect();
        let shadowed = cover::explain(self, &statements, &hidden, &reached);
        let redundant =
            Search { policy: self, statements: &statements, is_reached: &is_reached }.run(&hidden);
        Anomalies { statements, shadowed, redundant }
    }
}

/// The decision that stands for a rule.
fn decision(index: usize) -> Decision {
    u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1))
}

/// Which rules of a set can decide a packet, whatever becomes of the conditions that are not modelled.
struct Reached<'a> {
    set: &'a RuleSet,
    /// For each packet the first rule without such conditions.
    surely: PacketMap<Decision>,
    deciding: BTreeSet<Decision>,
}

impl<'a> Reached<'a> {
    fn new(set: &'a RuleSet) -> Self {
        let surely = set.deciders(|rule| rule.unmodelled.is_empty());
        let deciding = RefCell::new(BTreeSet::new());
        surely.map(|decision| {
            deciding.borrow_mut().insert(*decision);
            false
        });
        let mut classes: BTreeMap<&[Unmodelled], Vec<Decision>> = BTreeMap::new();
        for (decision, rule) in (1..).zip(&set.rules) {
            if !rule.unmodelled.is_empty() && rule.traffic == Traffic::New {
                classes.entry(&rule.unmodelled).or_default().push(decision);
            }
        }
        for (judged, (conditions, rules)) in classes.into_iter().enumerate() {
            if judged >= MOST_CONDITIONS {
                deciding.borrow_mut().extend(rules);
                continue;
            }
            // In the worst case these conditions hold and no others do: only rules with the same conditions, and
            // those without any, can surely come before.
            set.deciders(|rule| rule.unmodelled == conditions).zip(&surely, |own, surely| {
                if *own != 0 && (*surely == 0 || *surely > *own) {
                    deciding.borrow_mut().insert(*own);
                }
                false
            });
        }
        Self { set, surely, deciding: deciding.into_inner() }
    }

    /// Reports whether a rule decides some packet. Other traffic than new connections is not judged.
    fn decides(&self, index: usize) -> bool {
        let judged = self.set.rules.get(index).is_some_and(|rule| rule.traffic == Traffic::New);
        !judged || self.deciding.contains(&decision(index))
    }
}

/// What happens to a packet at a rule and behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
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
struct Search<'a, 'p, F> {
    policy: &'p Policy,
    statements: &'a [Statement<'p>],
    is_reached: &'a F,
}

impl<'p, F: Fn(&(usize, usize)) -> bool> Search<'_, 'p, F> {
    fn run(&self, hidden: &BTreeSet<usize>) -> Vec<Redundant<'p>> {
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
    fn instead(&self, gone: &BTreeSet<usize>, of_rule: &BTreeMap<(usize, usize), usize>) -> Instead {
        let mut instead = Instead::new();
        for (at, set) in self.policy.sets.iter().enumerate() {
            let stays =
                |index: usize| of_rule.get(&(at, index)).is_none_or(|statement| !gone.contains(statement));
            for (decided, next) in pairs(set, stays) {
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
            if !(self.is_reached)(rule) {
                continue;
            }
            for (set, next) in instead.get(rule)?.as_ref()? {
                let next = usize::try_from(*next).ok().and_then(|next| next.checked_sub(1));
                all.extend(next.and_then(|next| of_rule.get(&(*set, next))));
            }
        }
        // A statement that leans on itself is reached in two ways, and nothing is known of what lies behind.
        (!all.contains(&at)).then_some(all)
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
/// without conditions, or one whose doubt matters because it does the opposite.
fn pairs(set: &RuleSet, stays: impl Fn(usize) -> bool) -> BTreeSet<(Decision, Decision)> {
    let staying =
        || (0..).zip(&set.rules).filter(|(index, rule)| rule.traffic == Traffic::New && stays(*index));
    let exact = staying().all(|(_, rule)| rule.unmodelled.is_empty());
    let mut found = BTreeSet::new();
    // Where nothing is in doubt both actions see the same list.
    let actions: &[Option<Action>] = if exact { &[None] } else { &[Some(Action::Allow), Some(Action::Deny)] };
    for action in actions {
        let counts = |rule: &Rule| rule.unmodelled.is_empty() || Some(rule.action) != *action;
        let mut ways: Vec<PacketMap<Way>> = staying()
            .filter(|(_, rule)| counts(rule))
            .map(|(index, rule)| {
                let first = decision(index);
                let surely = if rule.unmodelled.is_empty() { first } else { 0 };
                way(set, &rule.matches, Way { first, surely, next: 0 })
            })
            .collect();
        if set.default == Action::Allow {
            // The default speaks only of what the set is about; behind it, nothing passes.
            let last = decision(set.rules.len());
            ways.push(way(set, &Match::ANY, Way { first: last, surely: last, next: 0 }));
        }
        let seen = RefCell::new(BTreeSet::new());
        by_halves(&ways, |earlier: &Way, later: &Way| earlier.then(*later)).map(|way| {
            seen.borrow_mut().insert((way.surely, way.next));
            false
        });
        let of_action = |(decided, _): &(Decision, Decision)| {
            action.is_none_or(|action| set.rule(*decided).is_some_and(|rule| rule.action == action))
        };
        found.extend(seen.into_inner().into_iter().filter(of_action));
    }
    found
}

fn way(set: &RuleSet, matches: &Match, way: Way) -> PacketMap<Way> {
    set.packets(matches).map(|member| if *member { way } else { Way::default() })
}
