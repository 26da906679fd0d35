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
    Action, Decision, Match, Origin, Policy, Rule, RuleSet, ScopeTooLarge, Traffic, Unmodelled,
    pair_scopes_as,
};
use crate::resolve::Lockfile;
use crate::targets::carried;
use std::collections::BTreeMap;

/// Hosts and their addresses.
struct Known(BTreeMap<Hostname, AddrSet>);

/// One side of a comparison.
pub(super) struct Named<'a> {
    pub(super) policy: &'a mut Policy,
    /// What the user calls it.
    pub(super) source: &'a str,
    /// What it is read from.
    pub(super) format: &'a str,
}

/// What becomes of a rule set that names hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Addresses take the place of names: the other side has none.
    Instead,
    /// Addresses of names stand beside them: both sides name hosts, and one writes their addresses, too.
    Beside,
}

/// Puts addresses in the place of names wherever one side of a pair of scopes lets hosts pass by name and the other by
/// address, and beside them where one has both. Nothing changes without a lock.
pub(super) fn by_address(
    project: &Project,
    names: &[(String, String)],
    sides: [Named<'_>; 2],
    limit: Limit,
) -> Result<Vec<Finding>, ScopeTooLarge> {
    if project.lock.is_none() {
        return Ok(Vec::new());
    }
    let [old, new] = sides;
    let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
    for pair in pair_scopes_as(old.policy, new.policy, names) {
        let (Some(one), Some(other)) = (pair.old, pair.new) else { continue };
        if !speaks_of_names(one) && !speaks_of_names(other) {
            continue;
        }
        let (a, b) = (Allows::of(one, limit)?, Allows::of(other, limit)?);
        match (a.names, b.names) {
            (true, false) if b.addrs => of_old.push((one.clone(), Turn::Instead)),
            (false, true) if a.addrs => of_new.push((other.clone(), Turn::Instead)),
            (true, true)
                if (a.addrs || b.addrs)
                    && old.format != new.format
                    && [one, other].into_iter().all(speaks_of_addresses) =>
            {
                of_old.push((one.clone(), Turn::Beside));
                of_new.push((other.clone(), Turn::Beside));
            }
            (true | false, _) => {}
        }
    }
    if of_old.is_empty() && of_new.is_empty() {
        return Ok(Vec::new());
    }
    let (known, mut findings) = Known::of(project);
    for (side, turned) in [(old, of_old), (new, of_new)] {
        for (set, turn) in turned {
            if turn == Turn::Instead {
                let message = format!(
                    "{} of `{}` names hosts and the other side addresses: compared by the addresses that the lock and the catalogs have for them",
                    set.scope, side.source
                );
                let told = Finding::new(Code::ReadDefaulted, message);
                findings.push(Finding { severity: Severity::Note, ..told });
            }
            let by_address = known.turn(&set, turn, limit)?;
            side.policy
                .sets
                .iter_mut()
                .filter(|kept| **kept == set)
                .for_each(|kept| *kept = by_address.clone());
        }
    }
    Ok(findings)
}

fn peers(set: &RuleSet) -> impl Iterator<Item = &PeerSet> {
    set.rules.iter().filter_map(|rule| rule.matches.peer.set()).chain([&set.universe])
}

fn speaks_of_names(set: &RuleSet) -> bool {
    peers(set).any(|peers| !peers.names.is_empty())
}

fn speaks_of_addresses(set: &RuleSet) -> bool {
    peers(set).any(|peers| !peers.addrs.is_empty())
}

/// How a rule set lets anything pass.
struct Allows {
    names: bool,
    addrs: bool,
}

impl Allows {
    fn of(set: &RuleSet, limit: Limit) -> Result<Self, ScopeTooLarge> {
        let allows = set.allows_within(limit)?.at_most;
        Ok(Self { names: !allows.peer_names().is_empty(), addrs: !allows.peer_addrs().is_empty() })
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

    /// The rule set with the addresses of names in the place of names, or beside them.
    fn turn(&self, set: &RuleSet, turn: Turn, limit: Limit) -> Result<RuleSet, ScopeTooLarge> {
        let bounds = set.allows_within(limit)?;
        let mut rules = Vec::new();
        let mut left = bounds.at_most.clone();
        for (decision, packets) in set.deciders_at_most(limit)?.by_value() {
            let Some(rule) = set.rule(decision).filter(|rule| rule.action == Action::Allow) else { continue };
            let packets = packets.intersect(&bounds.at_most);
            left = left.subtract(&packets);
            let sure = packets.intersect(&bounds.at_least);
            let by = By { turn, stopped: stopped(set, decision), origin: &rule.origin };
            self.rules(&sure, &[], &by, &mut rules);
            self.rules(&packets.subtract(&sure), &doubts(set, rule), &by, &mut rules);
        }
        let default = Origin::System("what no rule stops is allowed".to_owned());
        let by = By { turn, stopped: stopped(set, Decision::MAX), origin: &default };
        self.rules(&left, &[], &by, &mut rules);
        if turn == Turn::Beside {
            rules.extend(set.rules.iter().cloned());
            return Ok(RuleSet { rules, ..set.clone() });
        }
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
    fn rules(&self, packets: &PacketSet, doubts: &[Unmodelled], by: &By<'_>, rules: &mut Vec<Rule>) {
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
                    rules.push(allow(Match { source, peer, transport }, unmodelled, by.origin));
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
            add(sure.intersect(&by.stopped), Some(Unmodelled { text, why }));
            add(sure.subtract(&by.stopped), None);
            // Beside names, what nobody looked up is compared by its name.
            if !unknown.is_empty() && by.turn == Turn::Instead {
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

/// How the packets of one rule become rules by address.
struct By<'a> {
    turn: Turn,
    /// What an earlier rule stops by its address.
    stopped: AddrSet,
    origin: &'a Origin,
}

/// The addresses that rules before this one stop, whatever name they are asked for by. A rule about names as well has told
/// by its place already what becomes of these.
fn stopped(set: &RuleSet, before: Decision) -> AddrSet {
    let rules = (1..before).zip(&set.rules).map(|(_, rule)| rule);
    let denied = rules.filter(|rule| rule.action == Action::Deny && rule.traffic == Traffic::New);
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
