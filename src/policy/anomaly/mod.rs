//! Statements that could go: those that no packet reaches, and those without which every packet fares the same.
//!
//! A union of rules can hide another one, so rules are not compared in pairs: one sweep gives for each packet the
//! rule that decides it and the rule that would decide it otherwise, and everything here is read off that.

mod cover;
mod search;

use super::{Decision, Origin, Policy, Rule, RuleSet, Scope, Traffic, Unmodelled};
use crate::diag::{Place, Span};
use crate::packet::{Limit, PacketMap, PeerSet};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub use cover::Shadow;
use search::Search;

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
    /// The scopes whose rules overlap so much that not all was sought.
    pub unjudged: Vec<&'a Scope>,
}

/// How large a function of packets may become. Thousands of hosts and thousands of ports that all overlap make
/// millions of cases, each with rules of its own.
const MOST_SIZE: Limit = Limit::of(20_000_000);
/// How much is looked at for rules with conditions that are not modelled; nothing is claimed of those that are left.
const MOST_CUTS: usize = 20_000_000;

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
        let reached: Vec<Option<Reached<'_>>> = self.sets.iter().map(Reached::new).collect();
        let is_reached = |(set, rule): &(usize, usize)| {
            reached.get(*set).and_then(Option::as_ref).is_none_or(|reached| reached.decides(*rule))
        };
        let is_shadowed = |statement: &Statement<'_>| !statement.rules.iter().any(is_reached);
        let hidden: BTreeSet<usize> =
            (0..).zip(&statements).filter(|(_, each)| is_shadowed(each)).map(|(at, _)| at).collect();
        let shadowed = cover::explain(self, &statements, &hidden, &reached);
        let unjudged = (0..).zip(&reached).filter(|(_, reached)| reached.is_none()).map(|(set, _)| set);
        let mut search = Search { policy: self, statements: &statements, unjudged: unjudged.collect() };
        let redundant = search.run(&hidden);
        let unjudged = search.unjudged.iter().filter_map(|set| Some(&self.sets.get(*set)?.scope)).collect();
        Anomalies { statements, shadowed, redundant, unjudged }
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
    /// For each packet the first rule with these conditions.
    classes: BTreeMap<&'a [Unmodelled], PacketMap<Decision>>,
    deciding: BTreeSet<Decision>,
}

impl<'a> Reached<'a> {
    /// Nothing, where the rules overlap too much.
    fn new(set: &'a RuleSet) -> Option<Self> {
        let opening = || (1..).zip(&set.rules).filter(|(_, rule)| rule.traffic == Traffic::New);
        let surely =
            set.first_of(opening().filter(|(_, rule)| rule.unmodelled.is_empty()), MOST_SIZE).ok()?;
        let deciding = RefCell::new(BTreeSet::new());
        surely.map(|decision| {
            deciding.borrow_mut().insert(*decision);
            false
        });
        let mut rules: BTreeMap<&[Unmodelled], Vec<(Decision, &Rule)>> = BTreeMap::new();
        for (decision, rule) in opening().filter(|(_, rule)| !rule.unmodelled.is_empty()) {
            rules.entry(&rule.unmodelled).or_default().push((decision, rule));
        }
        let (mut classes, mut left) = (BTreeMap::new(), MOST_CUTS);
        for (conditions, rules) in rules {
            // In the worst case these conditions hold and no others do: only rules with the same conditions, and
            // those without any, can surely come before.
            let own = set.first_of(rules.iter().copied(), MOST_SIZE).ok()?;
            let matched = own.map(|decision| *decision != 0);
            let peers = PeerSet {
                addrs: matched.peer_addrs(),
                names: matched.peer_names(),
                groups: matched.peer_groups(),
            };
            let Some(rest) = left.checked_sub(surely.cuts_within(&peers)) else {
                deciding.borrow_mut().extend(rules.into_iter().map(|(decision, _)| decision));
                continue;
            };
            left = rest;
            own.zip(&surely.within(&matched), |own, surely| {
                if *own != 0 && (*surely == 0 || *surely > *own) {
                    deciding.borrow_mut().insert(*own);
                }
                false
            });
            classes.insert(conditions, own);
        }
        Some(Self { set, surely, classes, deciding: deciding.into_inner() })
    }

    /// Reports whether a rule decides some packet. Other traffic than new connections is not judged.
    fn decides(&self, index: usize) -> bool {
        let judged = self.set.rules.get(index).is_some_and(|rule| rule.traffic == Traffic::New);
        !judged || self.deciding.contains(&decision(index))
    }
}
