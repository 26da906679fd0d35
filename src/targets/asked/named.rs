//! What rules ask of names and of addresses, for targets that have rules for either: what can be said, and what is lost.

use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Constraint, NamePattern, NameSet, PacketSet, PeerSet, Set, TransportSet};
use crate::policy::{Action, Match, Origin, Rule, RuleSet, Traffic, Unmodelled};
use crate::syntax::text::one_line;
use crate::targets::asked::demand::{Demand, id};
use crate::targets::{Loss, Lowered};
use std::collections::BTreeMap;

/// What a target can say. What it cannot is left out, and told with a problem.
pub(in crate::targets) struct Voice<'a> {
    /// What is written for a pattern of names at some services. A path became its whole host before.
    pub(in crate::targets) name: &'a dyn Fn(&NamePattern, &TransportSet, &mut Problems) -> Vec<Named>,
    /// What is written for addresses at some services.
    pub(in crate::targets) address: &'a dyn Fn(&AddrSet, &TransportSet, &mut Problems) -> Vec<Part>,
    /// The services at which every name passes, as these addresses do: where they are all that a name can have.
    pub(in crate::targets) every_name: &'a dyn Fn(&[Part]) -> TransportSet,
}

/// Names at some services.
pub(in crate::targets) type Named = (NamePattern, TransportSet);

/// Addresses at some services.
pub(in crate::targets) type Part = (AddrSet, TransportSet);

/// Why something is not said, in words.
pub(in crate::targets) type Problems = Vec<String>;

/// What is to be written for a rule set.
#[derive(Default)]
pub(in crate::targets) struct Asked<'a> {
    /// Patterns of names, each with its services and with who asks for them.
    pub(in crate::targets) names: BTreeMap<NamePattern, (TransportSet, Vec<&'a Origin>)>,
    /// Addresses by service.
    pub(in crate::targets) addresses: BTreeMap<TransportSet, Vec<Demand<'a>>>,
}

/// What a rule asks, what is written for it, and why that is not the same.
struct Said<'a> {
    rule: &'a Rule,
    asked: PacketSet,
    written: PacketSet,
    problems: Problems,
}

/// What a rule set asks as far as it can be said. The losses and findings are added to `lowered`.
pub(in crate::targets) fn ask<'a>(set: &'a RuleSet, voice: &Voice<'_>, lowered: &mut Lowered) -> Asked<'a> {
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

/// Both families, each with all of its addresses.
pub(in crate::targets) fn both_families() -> [AddrSet; 2] {
    [AddrSet::all_v4(), AddrSet::all_v6()]
}

/// The services at which parts together have all addresses of some family: what passes there passes for every name, as a
/// name stands for addresses of any.
pub(in crate::targets) fn everywhere(parts: &[Part], families: &[AddrSet]) -> TransportSet {
    let of: Vec<TransportSet> = families.iter().map(|family| all_over(parts, family)).collect();
    TransportSet::union_all(&of)
}

/// The services at which parts together have all of some addresses.
fn all_over(parts: &[Part], whole: &AddrSet) -> TransportSet {
    let named = AddrSet::union_all(&parts.iter().map(|(addrs, _)| addrs.clone()).collect::<Vec<_>>());
    if !whole.is_subset(&named) {
        return TransportSet::default();
    }
    let product = |addrs: &AddrSet, transport: &TransportSet| {
        PacketSet::product(None, &PeerSet::from(addrs.clone()), transport, &true)
    };
    let products: Vec<PacketSet> = parts.iter().map(|(addrs, transport)| product(addrs, transport)).collect();
    let rest = product(whole, &TransportSet::full()).subtract(&PacketSet::union_all(&products));
    let rest: Vec<TransportSet> = rest.rows().iter().map(|row| row.transport.services()).collect();
    TransportSet::full().subtract(&TransportSet::union_all(&rest))
}

/// The rules, and behind each group of one action what it decides about every name.
///
/// A rule by address is about addresses, and a name stands for some that only the firewall looks up. Where every address
/// of one family passes, every name does; where every address of all families is denied, so is every name that no rule
/// before allows; where only one family is denied, it depends on the addresses of the name.
pub(in crate::targets) fn with_names(rules: Vec<Rule>, families: &[AddrSet]) -> Vec<Rule> {
    let mut parts: BTreeMap<Action, Vec<Part>> = BTreeMap::new();
    let mut tried = Vec::new();
    let mut rules = rules.into_iter().peekable();
    while let Some(rule) = rules.next() {
        let (action, origin) = (rule.action, rule.origin.clone());
        let transport = rule.matches.transport.set().cloned().unwrap_or_else(TransportSet::full);
        let addrs = rule.matches.peer.set().map(|peers| peers.addrs.clone());
        let plain = rule.unmodelled.is_empty() && rule.matches.source.set().is_none();
        let mut alone = None;
        match addrs {
            Some(addrs) if plain => parts.entry(action).or_default().push((addrs, transport)),
            Some(addrs) => alone = by_itself(&rule, &addrs, families),
            None => {}
        }
        tried.push(rule);
        tried.extend(alone);
        if rules.peek().is_some_and(|next| next.action == action) {
            continue;
        }
        let of = |action, family: &AddrSet| all_over(parts.get(&action).map_or(&[], Vec::as_slice), family);
        let denied: Vec<TransportSet> = families.iter().map(|family| of(Action::Deny, family)).collect();
        let names = |action, services: TransportSet, doubt: Option<Unmodelled>| {
            let peer = Constraint::only(PeerSet::all_names())?;
            let transport = Constraint::only(services)?;
            let matches = Match { source: Constraint::Any, peer, transport };
            let unmodelled = doubt.into_iter().collect();
            Some(Rule { action, matches, traffic: Traffic::New, unmodelled, origin: origin.clone() })
        };
        match action {
            Action::Allow => {
                let passing = families.iter().zip(&denied);
                let passing = passing.map(|(family, denied)| of(Action::Allow, family).subtract(denied));
                let passing = TransportSet::union_all(&passing.collect::<Vec<_>>());
                tried.extend(names(Action::Allow, passing, None));
            }
            Action::Deny => {
                let all = denied.iter().fold(TransportSet::full(), |all, of| all.intersect(of));
                let some = TransportSet::union_all(&denied).subtract(&all);
                tried.extend(names(Action::Deny, all, None));
                tried.extend(names(Action::Deny, some, Some(of_one_family())));
            }
        }
    }
    tried
}

/// What a rule that has other conditions too decides about every name, where it is for all addresses of a family.
fn by_itself(rule: &Rule, addrs: &AddrSet, families: &[AddrSet]) -> Option<Rule> {
    let whole = families.iter().filter(|family| family.is_subset(addrs)).count();
    if whole == 0 {
        return None;
    }
    let peer = Constraint::only(PeerSet::all_names())?;
    let mut unmodelled = rule.unmodelled.clone();
    let certain = rule.action == Action::Allow || whole == families.len();
    unmodelled.extend((!certain).then(of_one_family));
    Some(Rule { matches: Match { peer, ..rule.matches.clone() }, unmodelled, ..rule.clone() })
}

fn of_one_family() -> Unmodelled {
    Unmodelled {
        text: "addresses of a name".to_owned(),
        why: "those of one family are denied, and a name may have others".to_owned(),
    }
}

/// Tells that a whole rule set is not about what the target sees.
pub(in crate::targets) fn unsaid(set: &RuleSet, why: &str, lowered: &mut Lowered) {
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
