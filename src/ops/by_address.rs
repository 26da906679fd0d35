//! Rules that name hosts, compared with rules that know addresses only: by the addresses that the hosts are known to have.
//!
//! What a rule set allows by name becomes what it allows by address. A host has the addresses that rules for it would
//! have: those that a catalog dedicates to it, else the best in the lock. What has no such addresses, as a name that
//! nobody looked up, the names below a host and a part of the paths of a host, may be any address, or may not pass: it
//! stays an unknown, so that nothing is called equal for want of knowledge.

use super::Project;
use super::check::dedicated;
use super::generate::answers;
use super::project::lockfile;
use crate::compile::Answer;
use crate::diag::{Code, Finding, Severity};
use crate::packet::{
    AddrSet, Constraint, Hostname, Limit, NamePattern, NameSet, PacketSet, PeerSet, RowPeer, Set as _,
};
use crate::policy::{
    Action, Match, Origin, Policy, Rule, RuleSet, ScopeTooLarge, Traffic, Unmodelled, pair_scopes_as,
};
use crate::resolve::Lockfile;
use crate::targets::carried;
use std::collections::BTreeMap;

/// Hosts and their addresses.
struct Known(BTreeMap<Hostname, AddrSet>);

/// Puts addresses in the place of names wherever one side of a pair of scopes knows names and the other addresses only.
/// Nothing changes without a lock.
pub(super) fn by_address(
    project: &Project,
    names: &[(String, String)],
    sides: [(&mut Policy, &str); 2],
    limit: Limit,
) -> Result<Vec<Finding>, ScopeTooLarge> {
    let [(old, old_source), (new, new_source)] = sides;
    let (mut of_old, mut of_new): (Vec<RuleSet>, Vec<RuleSet>) = (Vec::new(), Vec::new());
    for pair in pair_scopes_as(old, new, names) {
        let (Some(one), Some(other)) = (pair.old, pair.new) else { continue };
        match (Knows::of(one), Knows::of(other)) {
            (Knows::Names, Knows::Addresses) => of_old.push(one.clone()),
            (Knows::Addresses, Knows::Names) => of_new.push(other.clone()),
            (Knows::Names | Knows::Neither, _) | (Knows::Addresses, Knows::Addresses | Knows::Neither) => {}
        }
    }
    if project.lock.is_none() || (of_old.is_empty() && of_new.is_empty()) {
        return Ok(Vec::new());
    }
    let (known, mut findings) = Known::of(project);
    for (policy, source, turned) in [(old, old_source, of_old), (new, new_source, of_new)] {
        for set in turned {
            let message = format!(
                "{} of `{source}` names hosts and the other side addresses: compared by the addresses that the lock and the catalogs have for them",
                set.scope
            );
            let told = Finding::new(Code::ReadDefaulted, message);
            findings.push(Finding { severity: Severity::Note, ..told });
            let by_address = known.turn(&set, limit)?;
            policy.sets.iter_mut().filter(|kept| **kept == set).for_each(|kept| *kept = by_address.clone());
        }
    }
    Ok(findings)
}

/// What the peers of a rule set are.
#[derive(PartialEq, Eq)]
enum Knows {
    /// Names, whatever else.
    Names,
    /// Addresses and no names.
    Addresses,
    /// Groups only, or nothing.
    Neither,
}

impl Knows {
    fn of(set: &RuleSet) -> Self {
        let peers = || set.rules.iter().filter_map(|rule| rule.matches.peer.set()).chain([&set.universe]);
        if peers().any(|peers| !peers.names.is_empty()) {
            Self::Names
        } else if peers().any(|peers| !peers.addrs.is_empty()) {
            Self::Addresses
        } else {
            Self::Neither
        }
    }
}

impl Known {
    /// What the project knows. A lock that cannot be read is an error.
    fn of(project: &Project) -> (Self, Vec<Finding>) {
        let mut hosts: BTreeMap<Hostname, AddrSet> = BTreeMap::new();
        let mut findings = Vec::new();
        match lockfile(project.lock.as_deref()) {
            Ok(lock) => {
                let answers = answers(lock.as_ref());
                for host in lock.iter().flat_map(Lockfile::hosts) {
                    let best = answers.of(host.name()).into_iter().flat_map(Answer::best);
                    hosts.insert(host.name().clone(), AddrSet::of(best));
                }
            }
            Err(wrong) => findings.extend(wrong),
        }
        hosts.extend(dedicated(project, &mut findings));
        hosts.retain(|_, addrs| !addrs.is_empty());
        (Self(hosts), findings)
    }

    /// The rule set with the addresses of names in the place of names.
    fn turn(&self, set: &RuleSet, limit: Limit) -> Result<RuleSet, ScopeTooLarge> {
        let bounds = set.allows_within(limit)?;
        let stopped = stopped(set);
        let mut rules = Vec::new();
        let mut left = bounds.at_most.clone();
        for (decision, packets) in set.deciders_at_most(limit)?.by_value() {
            let Some(rule) = set.rule(decision).filter(|rule| rule.action == Action::Allow) else { continue };
            let packets = packets.intersect(&bounds.at_most);
            left = left.subtract(&packets);
            let sure = packets.intersect(&bounds.at_least);
            self.rules(&sure, &[], &stopped, &rule.origin, &mut rules);
            self.rules(&packets.subtract(&sure), &doubts(set, rule), &stopped, &rule.origin, &mut rules);
        }
        let default = Origin::System("what no rule stops is allowed".to_owned());
        self.rules(&left, &[], &stopped, &default, &mut rules);
        let own = |peers: &PeerSet| PeerSet { names: NameSet::default(), ..peers.clone() };
        for rule in &set.rules {
            let peers = own(rule.matches.peer.set().unwrap_or(&set.universe));
            if let Some(peer) = Constraint::only(peers) {
                rules.push(Rule { matches: Match { peer, ..rule.matches.clone() }, ..rule.clone() });
            }
        }
        if let (Action::Allow, Some(peer)) = (set.default, Constraint::only(own(&set.universe))) {
            rules.push(allow(Match { peer, ..Match::ANY }, Vec::new(), &default));
        }
        let universe = own(&set.universe).union(&PeerSet::all_addrs());
        Ok(RuleSet { universe, rules, default: Action::Deny, ..set.clone() })
    }

    /// Rules that allow by address what some packets are by name.
    fn rules(
        &self,
        packets: &PacketSet,
        doubts: &[Unmodelled],
        stopped: &AddrSet,
        origin: &Origin,
        rules: &mut Vec<Rule>,
    ) {
        for row in packets.rows() {
            let RowPeer::Names(..) = row.peer else { continue };
            let names = row.peer.peers().names;
            let mut add = |addrs: AddrSet, why: Option<Unmodelled>| {
                let source = row.source.clone().map_or(Some(Constraint::Any), Constraint::only);
                for (peer, services) in carried(&addrs, &row.transport.services()) {
                    let (Some(source), Some(peer)) = (source.clone(), Constraint::only(PeerSet::from(peer)))
                    else {
                        continue;
                    };
                    let Some(transport) = Constraint::only(services) else { continue };
                    let unmodelled = doubts.iter().cloned().chain(why.clone()).collect();
                    rules.push(allow(Match { source, peer, transport }, unmodelled, origin));
                }
            };
            let mut unknown = names.clone();
            let mut sure = Vec::new();
            for (host, addrs) in &self.0 {
                let whole = NamePattern::Host(host.clone()).names();
                let part = names.intersect(&whole);
                unknown = unknown.subtract(&whole);
                if part == whole {
                    sure.push(addrs.clone());
                } else if !part.is_empty() {
                    let text = format!("a part of {host}: {}", words(&part));
                    add(addrs.clone(), Some(Unmodelled { text, why: "addresses have no paths".to_owned() }));
                }
            }
            let sure = AddrSet::union_all(&sure);
            let text = "a rule by address".to_owned();
            let why = "what is allowed by name may be stopped by its address".to_owned();
            add(sure.intersect(stopped), Some(Unmodelled { text, why }));
            add(sure.subtract(stopped), None);
            if !unknown.is_empty() {
                let text = format!("the addresses of {}", words(&unknown));
                let why = "no lock can hold them, or this one does not".to_owned();
                add(AddrSet::all_v4().union(&AddrSet::all_v6()), Some(Unmodelled { text, why }));
            }
        }
    }
}

fn allow(matches: Match, unmodelled: Vec<Unmodelled>, origin: &Origin) -> Rule {
    Rule { action: Action::Allow, matches, traffic: Traffic::New, unmodelled, origin: origin.clone() }
}

/// The addresses that a rule stops, whatever name they are asked for by. A rule about all addresses is about names too,
/// and its place among the others told already.
fn stopped(set: &RuleSet) -> AddrSet {
    let denied = set.rules.iter().filter(|rule| rule.action == Action::Deny);
    let peers = denied.filter_map(|rule| rule.matches.peer.set());
    let by_address = peers.filter(|peers| peers.names.is_empty()).map(|peers| peers.addrs.clone());
    AddrSet::union_all(&by_address.collect::<Vec<_>>())
}

/// What leaves open whether a rule lets something pass: its own conditions, and those of rules that may stop it.
fn doubts(set: &RuleSet, rule: &Rule) -> Vec<Unmodelled> {
    if !rule.unmodelled.is_empty() {
        return rule.unmodelled.clone();
    }
    let stopping = set.rules.iter().filter(|rule| rule.action == Action::Deny);
    let mut parts: Vec<&str> =
        stopping.flat_map(|rule| &rule.unmodelled).map(|part| part.text.as_str()).collect();
    parts.sort_unstable();
    parts.dedup();
    let why = "an earlier rule may stop it".to_owned();
    vec![Unmodelled { text: format!("not: {}", parts.join(" / ")), why }]
}

/// Names in words, in full: two texts that read the same are the same unknown.
fn words(names: &NameSet) -> String {
    let mut words = Vec::new();
    for (some, except) in names.patterns() {
        let texts = |patterns: &[NamePattern]| {
            patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        words.push(match except.as_slice() {
            [] => texts(&some),
            except => format!("{} but {}", texts(&some), texts(except)),
        });
    }
    words.join("; ")
}
