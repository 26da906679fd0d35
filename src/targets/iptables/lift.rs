//! What the chains of all files mean together, as one policy.

use super::chains::{Chains, End};
use super::save::{self, Line, Table};
use super::walk::{self, Hook};
use crate::diag::{Code, Finding, Source};
use crate::packet::{AddrSet, Constraint, PeerSet, Set};
use crate::policy::{
    Absent, Action, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::syntax::words::{self, Word};
use crate::targets::Imported;
use crate::targets::packet_filters::ip_sets::{self, Sets};
use crate::targets::packet_filters::region::Family;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads files of `iptables-save`, `ip6tables-save` and `ipset save` as one set of rules.
pub(super) fn import(sources: &[Arc<Source>]) -> Imported {
    let mut findings = Vec::new();
    let (sets, rules): (Vec<_>, Vec<_>) =
        sources.iter().partition(|source| ip_sets::recognizes(source.text()));
    let mut members = Sets::default();
    for source in sets {
        members.read(source, &mut findings);
    }
    let tables: Vec<(&Arc<Source>, Vec<Table<'_>>)> =
        rules.into_iter().map(|source| (source, save::parse(source, &mut findings))).collect();
    for name in tables.iter().flat_map(|(_, tables)| tables).flat_map(changed_sets) {
        members.changes(&name);
    }
    let mut filters = Vec::new();
    for (source, tables) in &tables {
        for table in tables {
            if table.name == "filter" {
                let family = table.family.unwrap_or_else(|| family_of(table));
                filters.push(Chains::read(table, family, source, &members, &mut findings));
            } else if table.does_something() {
                let message = format!("the table `{}` is not read", table.name);
                let help = "packets that it drops, redirects or marks are not part of the comparison";
                findings.push(Finding::new(Code::ReadNotCompared, message).help(help).at(source, table.span));
            }
        }
    }
    Imported { policy: lift(&filters, &mut findings), findings }
}

/// The policy of filter tables, at most one of each family.
pub(super) fn lift(filters: &[Chains], findings: &mut Vec<Finding>) -> Policy {
    let mut families = BTreeSet::new();
    let mut sets: BTreeMap<Hook, RuleSet> = BTreeMap::new();
    for chains in filters {
        if !families.insert(chains.family) {
            let span = chains.at(0).map(|chain| chain.span).unwrap_or_default();
            let message = format!("the filter table of {} is given a second time", chains.family.as_str());
            let help = "give one dump of each family; a second one would replace the first when it is loaded";
            findings.push(Finding::new(Code::ReadRefused, message).help(help).at(&chains.source, span));
            continue;
        }
        if let Some((chain, rule)) = walk::find_loop(chains) {
            let message = format!("the chain `{}` jumps in a circle", chain.name);
            findings.push(Finding::new(Code::ReadRefused, message).at(&chains.source, rule.span));
            continue;
        }
        for hook in Hook::ALL {
            if chains.find(hook.chain()).is_some() {
                add(&mut sets, chains, hook, findings);
            }
        }
    }
    let absent = absent(&sets, filters, &families);
    Policy { absent, ..Policy::new(sets.into_values().collect()) }
}

/// What holds for the hooks that no file has a chain for. Loading a file takes the rules out of a chain that it does not
/// name and leaves the policy. So where the other side says ACCEPT all pass, and where it says DROP nothing does.
fn absent(sets: &BTreeMap<Hook, RuleSet>, filters: &[Chains], families: &BTreeSet<Family>) -> Absent {
    let mut absent = Absent::default();
    for hook in Hook::ALL {
        let scope = scope(hook);
        let key = format!("{} with the policy ACCEPT", scope.name);
        if sets.contains_key(&hook) {
            let mut chains = filters.iter().filter_map(|chains| chains.find(hook.chain()));
            if chains.all(|(_, chain)| chain.end == End::Accept) {
                // Nobody holds the nearest key: a chain that is alone on each side may still be paired with the other's.
                absent.look_up(scope.clone(), vec![scope.name, key]);
            }
            continue;
        }
        let all = families.iter().fold(AddrSet::default(), |all, family| all.union(&family.all()));
        let origin = Origin::System(format!("no chain {}, so its policy decides, ACCEPT", scope.name));
        let Some(peer) = Constraint::only(PeerSet::from(all)) else { continue };
        let rule = Rule {
            action: Action::Allow,
            matches: Match { peer: peer.clone(), ..Match::ANY },
            traffic: Traffic::New,
            unmodelled: Vec::new(),
            origin,
        };
        let universe = peer.set().cloned().unwrap_or_default();
        let scope = Scope { name: format!("a host without the chain {}", hook.chain()), ..scope };
        let set =
            RuleSet { scope, subject: Subject::Host, universe, rules: vec![rule], default: Action::Deny };
        absent.hold(key, set);
    }
    absent
}

fn scope(hook: Hook) -> Scope {
    Scope { name: format!("filter/{}", hook.chain()), direction: hook.direction() }
}

/// Adds what one family's table says about a hook.
fn add(sets: &mut BTreeMap<Hook, RuleSet>, chains: &Chains, hook: Hook, findings: &mut Vec<Finding>) {
    let scope = scope(hook);
    let peers = PeerSet::from(chains.family.all());
    let set = sets.entry(hook).or_insert_with(|| RuleSet {
        scope,
        subject: Subject::Host,
        universe: PeerSet::default(),
        rules: Vec::new(),
        default: Action::Deny,
    });
    set.universe = set.universe.union(&peers);
    let rules = walk::flatten(chains, hook, findings);
    if set.rules.is_empty() {
        set.rules = rules;
    } else {
        set.rules.extend(rules);
    }
    set.rules.extend(closing(chains, hook, peers, findings));
}

/// What happens to the packets of a family that no rule decides.
fn closing(chains: &Chains, hook: Hook, peers: PeerSet, findings: &mut Vec<Finding>) -> Option<Rule> {
    let (_, chain) = chains.find(hook.chain())?;
    let family = chains.family.as_str();
    let mut unmodelled = Vec::new();
    let (action, policy) = match chain.end {
        End::Accept => (Action::Allow, "ACCEPT"),
        End::Drop | End::Caller => (Action::Deny, "DROP"),
        End::Unstated => {
            let text = format!("policy of {}", chain.name);
            let why = "the file does not state it, so it stays what it was";
            let message = format!("the policy of `{}` is not stated, so it stays what it was", chain.name);
            findings.push(Finding::new(Code::ReadUnmodelled, message).at(&chains.source, chain.span));
            unmodelled.push(Unmodelled { text, why: why.to_owned() });
            (Action::Allow, "unknown")
        }
    };
    let origin = Origin::System(format!("policy {policy} of filter/{} ({family})", chain.name));
    let matches =
        Match { source: Constraint::Any, peer: Constraint::only(peers)?, transport: Constraint::Any };
    Some(Rule { action, matches, traffic: Traffic::New, unmodelled, origin })
}

/// The family of a table without a header: that of its addresses, and IPv4 without any.
pub(super) fn family_of(table: &Table<'_>) -> Family {
    rules(table).find_map(|words| family_of_rule(&words)).unwrap_or(Family::V4)
}

/// The words of each rule of a table; those of a rule that cannot be split are left to its reader.
fn rules<'a>(table: &'a Table<'_>) -> impl Iterator<Item = Vec<Word<'a>>> {
    table.lines.iter().filter_map(|line| match line {
        Line::Rule { text, span } => words::split(text, span.start).ok(),
        Line::Chain { .. } => None,
    })
}

/// The family that a rule shows, if it does.
pub(super) fn family_of_rule(words: &[Word<'_>]) -> Option<Family> {
    let mut pairs = words.iter().zip(words.iter().skip(1));
    pairs.find_map(|(option, value)| match &*option.text {
        "-s" | "-d" | "--source" | "--destination" | "--src" | "--dst" | "--src-range" | "--dst-range" => {
            let value = value.text.as_ref();
            if value.contains(':') { Some(Family::V6) } else { value.contains('.').then_some(Family::V4) }
        }
        "--icmpv6-type" => Some(Family::V6),
        "--icmp-type" => Some(Family::V4),
        "--reject-with" if value.text.starts_with("icmp6-") => Some(Family::V6),
        "--reject-with" if value.text.starts_with("icmp-") => Some(Family::V4),
        _ => None,
    })
}

/// The names of sets that rules of any table change.
fn changed_sets(table: &Table<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let changes = |option: &str| matches!(option, "--add-set" | "--del-set");
    let may = |line: &Line<'_>| matches!(line, Line::Rule { text, .. } if text.contains("-set"));
    if !table.lines.iter().any(may) {
        return names;
    }
    for words in rules(table) {
        let pairs = words.iter().zip(words.iter().skip(1));
        names.extend(
            pairs.filter(|(option, _)| changes(&option.text)).map(|(_, name)| name.text.clone().into_owned()),
        );
    }
    names
}
