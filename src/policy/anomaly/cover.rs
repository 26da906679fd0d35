//! Which rules hide a statement, as few as a reader needs.
//!
//! Every rule before it that decides one of its packets is to blame in some way, and a list of all of them explains
//! nothing: behind 255 rules for single hosts the one for the whole network is lost. So the rules are sorted by how
//! much of the hidden packets they match, and those at the head that hide it together are named; and the one
//! that matters most where what happens instead is the opposite.

use super::{Reached, Statement, decision};
use crate::packet::{IntervalSet, PacketSet, RowPeer, Set};
use crate::policy::{Decision, Policy, Rule, RuleSet};
use std::collections::BTreeSet;

/// A statement that no packet reaches.
#[derive(Debug, Clone)]
pub struct Shadow<'a> {
    /// The index of the statement.
    pub statement: usize,
    /// Rules before it that hide it together, the one that matches most of its packets first. Empty where there are
    /// too many rules to tell.
    pub hidden_by: Vec<&'a Rule>,
    /// The rule that matches most of its packets and does the opposite.
    pub opposite: Option<&'a Rule>,
}

/// The most rules among which a smallest cover is sought.
const MOST_BLOCKERS: usize = 256;
/// How much is looked at to explain hidden statements; those that are left are only named.
const MOST_CUTS: usize = 4_000_000;

/// Explains each hidden statement by its first scope.
pub(super) fn explain<'a>(
    policy: &'a Policy,
    statements: &[Statement<'a>],
    hidden: &BTreeSet<usize>,
    reached: &[Option<Reached<'a>>],
) -> Vec<Shadow<'a>> {
    let mut left = MOST_CUTS;
    let mut explained = |at: &usize| {
        let named = Shadow { statement: *at, hidden_by: Vec::new(), opposite: None };
        let found = statements.get(*at).and_then(|statement| {
            let (set, _) = *statement.rules.first()?;
            let rules = statement.rules.iter().filter(|(other, _)| *other == set).map(|(_, rule)| *rule);
            let (rules, reached) = (rules.collect::<Vec<usize>>(), reached.get(set)?.as_ref()?);
            let set = policy.sets.get(set)?;
            left = left.checked_sub(cost(set, &rules, reached))?;
            Some(blame(*at, set, &rules, reached))
        });
        found.unwrap_or(named)
    };
    hidden.iter().map(&mut explained).collect()
}

/// How much has to be looked at to explain these rules.
fn cost(set: &RuleSet, rules: &[usize], reached: &Reached<'_>) -> usize {
    let rules = rules.iter().filter_map(|index| set.rules.get(*index));
    rules
        .map(|rule| {
            let peers = rule.matches.peer.set().unwrap_or(&set.universe);
            let own = reached.classes.get(rule.unmodelled.as_slice()).map_or(0, |own| own.cuts_within(peers));
            reached.surely.cuts_within(peers).saturating_add(own)
        })
        .fold(0, usize::saturating_add)
}

/// A rule before, and what it matches of the hidden packets.
struct Blocker<'a> {
    rule: &'a Rule,
    decision: Decision,
    matched: PacketSet,
    size: f64,
}

fn blame<'a>(statement: usize, set: &'a RuleSet, rules: &[usize], reached: &Reached<'_>) -> Shadow<'a> {
    let (mut packets, mut deciding) = (Vec::new(), BTreeSet::new());
    for index in rules {
        let Some(rule) = set.rules.get(*index) else { continue };
        let of_rule = set.packets(&rule.matches);
        let own = reached.classes.get(rule.unmodelled.as_slice());
        for before in std::iter::once(&reached.surely).chain(own) {
            let before = before.within(&of_rule).by_value().into_keys();
            deciding.extend(before.filter(|before| *before < decision(*index)));
        }
        packets.push(of_rule);
    }
    let packets = PacketSet::union_all(&packets);
    let mut blockers: Vec<Blocker<'a>> = deciding
        .into_iter()
        .filter_map(|decision| {
            let rule = set.rule(decision)?;
            let matched = set.packets(&rule.matches).within(&packets);
            Some(Blocker { rule, decision, size: size(&matched), matched })
        })
        .collect();
    // Of two that match as much, the earlier is the one that decides.
    blockers.sort_by(|a, b| b.size.total_cmp(&a.size).then(a.decision.cmp(&b.decision)));
    let action = rules.first().and_then(|index| set.rules.get(*index)).map(|rule| rule.action);
    let opposite =
        blockers.iter().find(|blocker| Some(blocker.rule.action) != action).map(|blocker| blocker.rule);
    Shadow { statement, hidden_by: cover(&packets, &blockers), opposite }
}

/// The head of the list that hides all of the packets, without those of it that add nothing.
fn cover<'a>(packets: &PacketSet, blockers: &[Blocker<'a>]) -> Vec<&'a Rule> {
    if blockers.len() > MOST_BLOCKERS {
        return Vec::new();
    }
    let mut left = packets.clone();
    let mut named = Vec::new();
    for blocker in blockers {
        if left.is_empty() {
            break;
        }
        let after = left.subtract(&blocker.matched);
        if after != left {
            named.push(blocker.rule);
        }
        left = after;
    }
    named
}

/// How large a set is: addresses times sources times services. A name or a group counts as one.
fn size(packets: &PacketSet) -> f64 {
    let mut total = 0.0;
    for row in packets.rows() {
        let services = row.transport.services();
        let services: f64 =
            services.ranges().map(|(first, last)| f64::from(last.min(0x00FF_FFFF) - first) + 1.0).sum();
        let peers = match &row.peer {
            RowPeer::Addrs(addrs) => addresses(&addrs.v4, &addrs.v6),
            RowPeer::Names(names, _) => each(names.len()),
            RowPeer::Groups(groups, _) => each(groups.len()),
        };
        let sources =
            row.source.as_ref().map_or(f64::from(u32::MAX), |source| addresses(&source.v4, &source.v6));
        total += services * peers * sources;
    }
    total
}

fn addresses(v4: &IntervalSet<u32>, v6: &IntervalSet<u128>) -> f64 {
    let v4: f64 = v4.ranges().map(|(first, last)| f64::from(last - first) + 1.0).sum();
    let v6: f64 = v6.ranges().map(|(first, last)| wide(last - first) + 1.0).sum();
    v4 + v6
}

fn wide(number: u128) -> f64 {
    let mut value = 0.0;
    for shift in [96_u32, 64, 32, 0] {
        let word = u32::try_from((number >> shift) & u128::from(u32::MAX)).unwrap_or(u32::MAX);
        value = value * 4_294_967_296.0 + f64::from(word);
    }
    value
}

fn each(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
