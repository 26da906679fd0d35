//! Tiers and the order of policies: the rules as they are tried, with what is passed on and what ends each tier.
//!
//! <https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy>,
//! <https://network-policy-api.sigs.k8s.io/api-overview/>

use crate::packet::{AddrSet, Constraint, NonEmpty, PacketSet, PeerSet, Row, Set, TransportSet};
use crate::policy::{Action, Match, Origin, Rule, Traffic, Unmodelled};
use crate::targets::clusters::selecting::Voice;

/// A rule, and whether it passes the packet on to the next tier in place of deciding about it.
#[derive(Debug, Clone)]
pub(in crate::targets) struct Step {
    /// The rule.
    pub(in crate::targets) rule: Rule,
    /// Whether it passes packets on.
    pub(in crate::targets) passes: bool,
}

/// The rules of policies, which come in the order of their tiers and their own, and what happens to the rest.
///
/// `denies` says of each tier whether it denies what none of its policies for a pod decides, and `universe` what rules speak
/// about.
pub(in crate::targets) fn combine(
    voices: &[&Voice<Step>],
    denies: &[bool],
    universe: &PeerSet,
) -> (Vec<Rule>, Action) {
    let mut used: Vec<usize> = voices.iter().map(|voice| voice.rank).collect();
    used.dedup();
    let plain = !voices.iter().flat_map(|voice| &voice.rules).any(|step| step.passes);
    let denies = |tier: usize| denies.get(tier).copied().unwrap_or(true);
    if let ([tier], true) = (used.as_slice(), plain)
        && denies(*tier)
    {
        let steps = voices.iter().flat_map(|voice| &voice.rules);
        return (steps.map(|step| step.rule.clone()).collect(), Action::Deny);
    }
    let mut rules = Vec::new();
    for tier in used {
        let mut passed: Vec<(PacketSet, &[Unmodelled])> = Vec::new();
        let own = voices.iter().filter(|voice| voice.rank == tier);
        for step in own.flat_map(|voice| &voice.rules) {
            if step.passes {
                passed.push((packets(&step.rule.matches, universe), &step.rule.unmodelled));
            } else {
                rules.extend(less(&step.rule, &passed, universe));
            }
        }
        if denies(tier) {
            let rest = Rule {
                action: Action::Deny,
                matches: Match::ANY,
                traffic: Traffic::New,
                unmodelled: Vec::new(),
                origin: Origin::System(
                    "the end of a tier denies what none of its policies decides".to_owned(),
                ),
            };
            rules.extend(less(&rest, &passed, universe));
        }
    }
    // What the last tier passes on passes: profiles of pods let it through, and so do pods that nothing isolates.
    (rules, Action::Allow)
}

fn packets(matches: &Match, universe: &PeerSet) -> PacketSet {
    let all = TransportSet::full();
    let (peers, transport) =
        (matches.peer.set().unwrap_or(universe), matches.transport.set().unwrap_or(&all));
    PacketSet::product(matches.source.set(), peers, transport, &true)
}

/// A rule without what was passed on before it. What was perhaps passed on, it perhaps decides.
fn less(rule: &Rule, passed: &[(PacketSet, &[Unmodelled])], universe: &PeerSet) -> Vec<Rule> {
    let mut left = packets(&rule.matches, universe);
    let surely: Vec<PacketSet> =
        passed.iter().filter(|(_, doubts)| doubts.is_empty()).map(|(packets, _)| packets.clone()).collect();
    let surely = PacketSet::union_all(&surely);
    if passed.iter().all(|(packets, _)| packets.intersect(&left).is_empty()) {
        return vec![rule.clone()];
    }
    left = left.subtract(&surely);
    let mut rules = Vec::new();
    for (packets, doubts) in passed.iter().filter(|(_, doubts)| !doubts.is_empty()) {
        let unsure = left.intersect(packets);
        left = left.subtract(packets);
        let not = |doubt: &Unmodelled| Unmodelled {
            text: format!("not passed on by {}", doubt.text),
            why: doubt.why.clone(),
        };
        rules.extend(pieces(&unsure, rule, doubts.iter().map(not)));
    }
    rules.extend(pieces(&left, rule, std::iter::empty()));
    rules
}

/// A rule for some packets of its own.
fn pieces(packets: &PacketSet, rule: &Rule, doubts: impl Iterator<Item = Unmodelled>) -> Vec<Rule> {
    let unmodelled: Vec<Unmodelled> = rule.unmodelled.iter().cloned().chain(doubts).collect();
    let piece = |row: &Row| {
        let source: Constraint<AddrSet> = match row.source.clone().map(NonEmpty::new) {
            None => Constraint::Any,
            Some(source) => Constraint::Only(source?),
        };
        let peer = Constraint::only(row.peer.peers())?;
        let transport = Constraint::only(row.transport.services())?;
        let matches = Match { source, peer, transport };
        Some(Rule { matches, unmodelled: unmodelled.clone(), ..rule.clone() })
    };
    packets.rows().iter().filter_map(piece).collect()
}
