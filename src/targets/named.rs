//! What rules ask of names and of addresses, for targets that have rules for either: what can be said, and what is lost.

use super::demand::{Demand, id};
use super::{Loss, Lowered};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Constraint, NamePattern, NameSet, PacketSet, PeerSet, Set, TransportSet};
use crate::policy::{Action, Match, Origin, Rule, RuleSet, Traffic};
use crate::syntax::text::one_line;
use std::collections::BTreeMap;

/// What a target can say. What it cannot is left out, and told with a problem.
pub(super) struct Voice<'a> {
    /// What is written for a pattern of names at some services. A path became its whole host before.
    pub(super) name:
        &'a dyn Fn(&NamePattern, &TransportSet, &mut Problems) -> Vec<(NamePattern, TransportSet)>,
    /// What is written for addresses at some services.
    pub(super) address: &'a dyn Fn(&AddrSet, &TransportSet, &mut Problems) -> Vec<Part>,
    /// The services at which every name passes, as these addresses do: where they are all that a name can have.
    pub(super) every_name: &'a dyn Fn(&[Part]) -> TransportSet,
}

/// Addresses at some services.
pub(super) type Part = (AddrSet, TransportSet);

/// Why something is not said, in words.
pub(super) type Problems = Vec<String>;

/// What is to be written for a rule set.
#[derive(Default)]
pub(super) struct Asked<'a> {
    /// Patterns of names, each with its services and with who asks for them.
    pub(super) names: BTreeMap<NamePattern, (TransportSet, Vec<&'a Origin>)>,
    /// Addresses by service.
    pub(super) addresses: BTreeMap<TransportSet, Vec<Demand<'a>>>,
}

/// What a rule asks, what is written for it, and why that is not the same.
struct Said<'a> {
    rule: &'a Rule,
    asked: PacketSet,
    written: PacketSet,
    problems: Problems,
}

/// What a rule set asks as far as it can be said. The losses and findings are added to `lowered`.
pub(super) fn ask<'a>(set: &'a RuleSet, voice: &Voice<'_>, lowered: &mut Lowered) -> Asked<'a> {
    let mut all = Asked::default();
    let rules = set.rules.iter().filter(|rule| rule.traffic == Traffic::New);
    let said: Vec<Said<'_>> = rules.map(|rule| say(set, rule, voice, &mut all)).collect();
    let asked = PacketSet::union_all(&said.iter().map(|said| said.asked.clone()).collect::<Vec<_>>());
    let mut written = PacketSet::union_all(&said.iter().map(|said| said.written.clone()).collect::<Vec<_>>());
    let demands = all.addresses.values().flatten();
    let addresses: Vec<Part> =
        demands.map(|demand| (demand.addrs.clone(), demand.transport.clone())).collect();
    let spilt = (voice.every_name)(&addresses);
    let spilt = PacketSet::product(None, &PeerSet::all_names(), &spilt, &true);
    written = written.union(&spilt);
    for said in &said {
        let (excess, missing) = (said.written.subtract(&asked), said.asked.subtract(&written));
        if !excess.is_empty() || !missing.is_empty() {
            let why = format!("{}: {}", one_line(&id(&said.rule.origin)), said.problems.join("; "));
            lose(set, excess, missing, why, lowered);
        }
    }
    let excess = spilt.subtract(&asked);
    if !excess.is_empty() {
        let why = "where every address is allowed, every name is".to_owned();
        lose(set, excess, PacketSet::default(), why, lowered);
    }
    all
}

/// The services at which parts together have all addresses of the families of some others: what is decided for those is
/// decided for every name, as a name stands for addresses.
pub(super) fn everywhere(parts: &[Part], families: &AddrSet) -> TransportSet {
    let named = AddrSet::union_all(&parts.iter().map(|(addrs, _)| addrs.clone()).collect::<Vec<_>>());
    let whole = whole(families);
    if whole.is_empty() || !whole.is_subset(&named) {
        return TransportSet::default();
    }
    let product = |addrs: &AddrSet, transport: &TransportSet| {
        PacketSet::product(None, &PeerSet::from(addrs.clone()), transport, &true)
    };
    let products: Vec<PacketSet> = parts.iter().map(|(addrs, transport)| product(addrs, transport)).collect();
    let rest = product(&whole, &TransportSet::full()).subtract(&PacketSet::union_all(&products));
    let rest: Vec<TransportSet> = rest.rows().iter().map(|row| row.transport.services()).collect();
    TransportSet::full().subtract(&TransportSet::union_all(&rest))
}

/// All addresses of the families that some addresses are of.
pub(super) fn whole(addrs: &AddrSet) -> AddrSet {
    let v4 = if addrs.v4.is_empty() { AddrSet::default() } else { AddrSet::all_v4() };
    let v6 = if addrs.v6.is_empty() { AddrSet::default() } else { AddrSet::all_v6() };
    v4.union(&v6)
}

/// The rules, and behind each group of one action what it decides about every name.
///
/// A name stands for addresses. A rule by address is about addresses; rules that together decide about every address of
/// the families that are given, or else of those that the rules name, decide about every name that no rule before them
/// named.
pub(super) fn with_names(rules: Vec<Rule>, families: Option<AddrSet>) -> Vec<Rule> {
    let peers = |rule: &Rule| rule.matches.peer.set().map(|peers| peers.addrs.clone());
    let named: Vec<AddrSet> = rules.iter().filter_map(peers).collect();
    let families = families.unwrap_or_else(|| match whole(&AddrSet::union_all(&named)) {
        none if none.is_empty() => PeerSet::all_addrs().addrs,
        named => named,
    });
    let mut parts: BTreeMap<Action, Vec<Part>> = BTreeMap::new();
    let mut decided: BTreeMap<Action, TransportSet> = BTreeMap::new();
    let mut tried = Vec::new();
    let mut rules = rules.into_iter().peekable();
    while let Some(rule) = rules.next() {
        let (action, origin) = (rule.action, rule.origin.clone());
        let transport = rule.matches.transport.set().cloned().unwrap_or_else(TransportSet::full);
        let named = peers(&rule).filter(|_| rule.matches.source.set().is_none());
        let mut doubted = None;
        if let Some(addrs) = named {
            if rule.unmodelled.is_empty() {
                parts.entry(action).or_default().push((addrs, transport));
            } else if !addrs.v4.is_empty() && addrs.v4.is_full() || addrs.v6.is_full() {
                doubted = about_names(&rule, &transport);
            }
        }
        tried.push(rule);
        tried.extend(doubted);
        if rules.peek().is_some_and(|next| next.action == action) {
            continue;
        }
        let all = everywhere(parts.get(&action).map_or(&[][..], Vec::as_slice), &families);
        let before = decided.entry(action).or_default();
        let more = all.subtract(before);
        *before = all;
        if let (Some(peer), Some(transport)) =
            (Constraint::only(PeerSet::all_names()), Constraint::only(more))
        {
            let matches = Match { source: Constraint::Any, peer, transport };
            tried.push(Rule { action, matches, traffic: Traffic::New, unmodelled: Vec::new(), origin });
        }
    }
    tried
}

/// The rule for every name, where it is one for every address of a family.
fn about_names(rule: &Rule, transport: &TransportSet) -> Option<Rule> {
    let peer = Constraint::only(PeerSet::all_names())?;
    let transport = Constraint::only(transport.clone())?;
    Some(Rule { matches: Match { source: Constraint::Any, peer, transport }, ..rule.clone() })
}

/// Tells that a whole rule set is not about what the target sees.
pub(super) fn unsaid(set: &RuleSet, why: &str, lowered: &mut Lowered) {
    let missing = set.allows().at_least;
    if missing.is_empty() {
        return;
    }
    let why = format!("{why}, not about {}", set.scope);
    lowered.findings.push(Finding::new(Code::TargetNotEnforceable, why.clone()));
    lowered.losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
}

fn lose(set: &RuleSet, excess: PacketSet, missing: PacketSet, why: String, lowered: &mut Lowered) {
    lowered.findings.push(Finding::new(Code::TargetCannotSay, why.clone()));
    lowered.losses.push(Loss { scope: set.scope.clone(), excess, missing, why });
}

fn say<'a>(set: &'a RuleSet, rule: &'a Rule, voice: &Voice<'_>, all: &mut Asked<'a>) -> Said<'a> {
    let mut problems = Problems::new();
    let everything = TransportSet::full();
    let peers = rule.matches.peer.set().unwrap_or(&set.universe);
    let transport = rule.matches.transport.set().unwrap_or(&everything);
    let mut written = Vec::new();
    if rule.matches.source.set().is_some() {
        problems.push("rules here cannot name the near end".to_owned());
    } else {
        for pattern in patterns(&peers.names, &mut problems) {
            for (pattern, said) in (voice.name)(&pattern, transport, &mut problems) {
                written.push(PacketSet::product(None, &PeerSet::from(pattern.names()), &said, &true));
                let entry = all.names.entry(pattern).or_default();
                entry.0 = entry.0.union(&said);
                entry.1.push(&rule.origin);
            }
        }
        if !peers.addrs.is_empty() {
            for (addrs, said) in (voice.address)(&peers.addrs, transport, &mut problems) {
                written.push(PacketSet::product(None, &PeerSet::from(addrs.clone()), &said, &true));
                let demand = Demand { addrs, transport: said.clone(), origin: &rule.origin };
                all.addresses.entry(said).or_default().push(demand);
            }
        }
    }
    if !peers.groups.is_empty() {
        problems.push("rules here name peers by name and address only".to_owned());
    }
    problems.dedup();
    Said { rule, asked: set.packets(&rule.matches), written: PacketSet::union_all(&written), problems }
}

/// The names as patterns: a path becomes its whole host, names with exceptions are left out.
fn patterns(names: &NameSet, problems: &mut Problems) -> Vec<NamePattern> {
    let mut patterns = Vec::new();
    for (held, except) in names.patterns() {
        if !except.is_empty() {
            let list =
                |names: &[NamePattern]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            problems.push(format!("`{}` without `{}` is left out", list(&held), list(&except)));
            continue;
        }
        patterns.extend(held.into_iter().map(|pattern| match pattern {
            NamePattern::Path(host, path) => {
                let path = path.as_str();
                problems.push(format!("`{host}` is allowed whole, not only `{path}`: no path is seen"));
                NamePattern::Host(host)
            }
            other => other,
        }));
    }
    patterns
}
