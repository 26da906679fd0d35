//! From rule groups to what they mean.
//!
//! A rule that looks at no more than the first packet decides before those that need an open connection, whatever their
//! order. What no rule of a group decides, the default action of the firewall policy does, which is not in the group.

use super::group::{Domains, Group, Source};
use super::judge::{Judged, Variables, When, judge};
use super::name::of_domain;
use crate::diag::{Code, Finding};
use crate::packet::{
    AddrSet, Constraint, NamePattern, NameSet, PacketSet, PeerSet, Prefix, Protocol, Set, TransportSet,
};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::syntax::suricata::Statement;
use crate::targets::clouds::terraform::{found, unknown, unmodelled};
use std::collections::BTreeSet;

/// What the groups mean, each for itself.
pub(super) fn lift(groups: &[Group], findings: &mut Vec<Finding>) -> Policy {
    let mut names = BTreeSet::new();
    let mut sets = Vec::new();
    for group in groups {
        if !names.insert(group.name.as_str()) {
            let message = format!("two rule groups are called `{}`", group.name);
            findings.push(found(Code::ReadRefused, message, &group.place));
        }
        let mut reader = Reader { group, findings, rules: Vec::new() };
        let universe = reader.read();
        let doubts: BTreeSet<Unmodelled> =
            reader.rules.iter().flat_map(|rule| rule.unmodelled.iter().cloned()).collect();
        let rules = reader.rules;
        findings.extend(doubts.iter().map(|part| unmodelled(part, &group.place)));
        let scope = Scope { name: group.name.clone(), direction: Direction::Egress };
        sets.push(RuleSet { scope, subject: Subject::Host, universe, rules, default: Action::Deny });
    }
    Policy::new(sets)
}

struct Reader<'a> {
    group: &'a Group,
    findings: &'a mut Vec<Finding>,
    rules: Vec<Rule>,
}

/// Names and addresses.
fn everything() -> PeerSet {
    PeerSet::all_names().union(&PeerSet::all_addrs())
}

impl Reader<'_> {
    /// Reads the rules, and says of which peers they speak.
    fn read(&mut self) -> PeerSet {
        match &self.group.source {
            Source::Domains(domains) => {
                self.domains(domains);
                return PeerSet::all_names();
            }
            Source::Rules(rules) => self.statements(rules),
            Source::Unknown(text) => {
                for (action, word) in [(Action::Allow, "passes"), (Action::Deny, "drops")] {
                    let doubt = unknown(&format!("{text} {word}"), "it decides what the group does");
                    self.push(action, Match::ANY, vec![doubt]);
                }
                self.rest(&[]);
            }
        }
        everything()
    }

    fn push(&mut self, action: Action, matches: Match, mut unmodelled: Vec<Unmodelled>) {
        let why = "it decides whether the group exists";
        unmodelled.extend(self.group.conditions.iter().map(|text| unknown(text, why)));
        self.rules.push(Rule {
            action,
            matches,
            traffic: Traffic::New,
            unmodelled,
            origin: Origin::File(self.group.place.clone()),
        });
    }

    /// What is left is decided by the firewall policy.
    fn rest(&mut self, decided: &[PacketSet]) {
        let all = PacketSet::product(None, &everything(), &TransportSet::full(), &true);
        if all.subtract(&PacketSet::union_all(decided)).is_empty() {
            return;
        }
        let why = "the firewall policy decides what no rule of the group does";
        self.push(Action::Allow, Match::ANY, vec![unknown("stateful default action", why)]);
    }

    fn domains(&mut self, domains: &Domains) {
        let message = format!(
            "`{}` looks at names only: what tells no name is for the firewall policy to decide",
            self.group.name
        );
        self.findings.push(found(Code::ReadNotCompared, message, &self.group.place));
        let mut patterns: Vec<NamePattern> = Vec::new();
        for text in &domains.targets {
            match of_domain(text) {
                Some(pattern) => patterns.push(pattern),
                None => self
                    .refuse(format!("`{text}` is no domain: a host, or one with a dot before it, is needed")),
            }
        }
        let mut doubts = self.clients();
        let half =
            ["TLS_SNI", "HTTP_HOST"].into_iter().find(|kind| !domains.kinds.iter().any(|one| one == kind));
        let tcp = || Constraint::only(TransportSet::protocol(Protocol::TCP)).unwrap_or(Constraint::Any);
        let of = |names: NameSet, source: &Constraint<AddrSet>| {
            let peer = Constraint::only(PeerSet::from(names))?;
            Some(Match { source: source.clone(), peer, transport: tcp() })
        };
        let source = self.source(&mut doubts);
        let names: Vec<Match> = of(NameSet::of(&patterns), &source).into_iter().collect();
        let whole: Vec<Match> = of(NameSet::full(), &source).into_iter().collect();
        let unlisted = |doubts: &[Unmodelled], text: &str, why: &str| {
            doubts.iter().cloned().chain([unknown(text, why)]).collect::<Vec<_>>()
        };
        match domains.verdict.as_str() {
            "ALLOWLIST" => {
                for matches in names {
                    self.push(Action::Allow, matches, doubts.clone());
                }
                for text in &domains.unknown {
                    for matches in whole.clone() {
                        let why = "it decides which names are listed";
                        self.push(Action::Allow, matches, unlisted(&doubts, text, why));
                    }
                }
                for (kind, matches) in half.iter().zip(whole) {
                    let why = "connections that tell their name this way are not looked at";
                    self.push(Action::Allow, matches, unlisted(&doubts, &format!("no {kind}"), why));
                }
                if !doubts.is_empty() || source != Constraint::Any {
                    self.rest(&[]);
                }
            }
            "DENYLIST" | "REJECTLIST" => {
                let mut doubts = doubts;
                let why = "connections that tell their name this way are not looked at";
                doubts.extend(half.map(|kind| unknown(&format!("no {kind}"), why)));
                for matches in names {
                    self.push(Action::Deny, matches, doubts.clone());
                }
                for text in &domains.unknown {
                    for matches in whole.clone() {
                        let why = "it decides which names are listed";
                        self.push(Action::Deny, matches, unlisted(&doubts, text, why));
                    }
                }
                self.rest(&[]);
            }
            "ALERTLIST" => self.rest(&[]),
            other => {
                self.refuse(format!("`{other}` is no type of list: `ALLOWLIST` or `DENYLIST` is needed"));
                self.rest(&[]);
            }
        }
    }

    fn refuse(&mut self, message: String) {
        self.findings.push(found(Code::ReadRefused, message, &self.group.place));
    }

    /// A doubt where the clients that a list is for are named and not known.
    fn clients(&self) -> Vec<Unmodelled> {
        let home = self.group.variables.get("HOME_NET");
        let why = "it decides whose connections are looked at";
        home.filter(|home| home.is_none()).map(|_| unknown("HOME_NET", why)).into_iter().collect()
    }

    fn source(&mut self, doubts: &mut Vec<Unmodelled>) -> Constraint<AddrSet> {
        let Some(Some(items)) = self.group.variables.get("HOME_NET") else { return Constraint::Any };
        let blocks: Option<Vec<Prefix>> = items.iter().map(|item| item.parse().ok()).collect();
        let known = blocks.and_then(|blocks| Constraint::only(AddrSet::of(blocks)));
        known.unwrap_or_else(|| {
            doubts.push(unknown("HOME_NET", "it decides whose connections are looked at"));
            Constraint::Any
        })
    }

    fn statements(&mut self, rules: &[(String, Result<Statement, String>)]) {
        let variables: &Variables = &self.group.variables;
        let mut judged: Vec<(u8, Judged)> = Vec::new();
        for (place, rule) in rules {
            match rule.as_ref().map_err(Clone::clone).and_then(|rule| judge(rule, variables)) {
                Ok(Some(one)) => judged.push((u8::from(one.action == Action::Deny), one)),
                Ok(None) => {}
                Err(message) => self.refuse(format!("{place} of `{}`: {message}", self.group.name)),
            }
        }
        if !self.group.strict {
            // Without strict order, rules that pass are tried before those that drop.
            judged.sort_by_key(|(class, _)| *class);
        }
        let judged: Vec<Judged> = judged.into_iter().map(|(_, one)| one).collect();
        let packets = |matches: &Match| {
            let everyone = everything();
            let every = TransportSet::full();
            PacketSet::product(
                matches.source.set(),
                matches.peer.set().unwrap_or(&everyone),
                matches.transport.set().unwrap_or(&every),
                &true,
            )
        };
        let mut decided: Vec<PacketSet> = Vec::new();
        // What passes the handshake by a rule for nothing else is not decided by the rules behind that one yet.
        let mut later = PacketSet::default();
        let mut doubted: Vec<Unmodelled> = Vec::new();
        for one in judged.iter().filter(|one| one.when != When::Established) {
            for (matches, doubts) in &one.parts {
                if one.when == When::Handshake && one.action == Action::Allow {
                    if doubts.is_empty() {
                        later = later.union(&packets(matches));
                    } else {
                        doubted.extend(doubts.iter().cloned());
                    }
                    continue;
                }
                let doubts: Vec<Unmodelled> = doubts.iter().chain(&doubted).cloned().collect();
                if later.is_empty() {
                    self.say(one.action, matches.clone(), doubts, &mut decided);
                    continue;
                }
                for row in packets(matches).subtract(&later).rows() {
                    let peer = Constraint::only(row.peer.peers());
                    let transport = Constraint::only(row.transport.services());
                    let source = row.source.map_or(Some(Constraint::Any), Constraint::only);
                    if let (Some(peer), Some(transport), Some(source)) = (peer, transport, source) {
                        let matches = Match { source, peer, transport };
                        self.say(one.action, matches, doubts.clone(), &mut decided);
                    }
                }
            }
        }
        let again = !later.is_empty() || !doubted.is_empty();
        let open = |one: &&Judged| one.when == When::Established || (again && one.when == When::Always);
        for one in judged.iter().filter(open) {
            for (matches, doubts) in &one.parts {
                self.say(one.action, matches.clone(), doubts.clone(), &mut decided);
            }
        }
        self.rest(&decided);
    }

    fn say(&mut self, action: Action, matches: Match, doubts: Vec<Unmodelled>, decided: &mut Vec<PacketSet>) {
        if doubts.is_empty() {
            let everyone = everything();
            let every = TransportSet::full();
            decided.push(PacketSet::product(
                matches.source.set(),
                matches.peer.set().unwrap_or(&everyone),
                matches.transport.set().unwrap_or(&every),
                &true,
            ));
        }
        self.push(action, matches, doubts);
    }
}
