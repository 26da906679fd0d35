//! What the access lines of a configuration mean, as rules tried in order.
//!
//! A file can treat forms of request apart: it may deny `CONNECT` to a port and allow `GET`. A host and a port count
//! as allowed when any form may reach them, so the lists of all forms are folded into one: a line that is the same
//! for all forms stays as it is; what a line denies to some forms is remembered for these, and is denied by the
//! list only once it is denied to every form.

use super::conf::{Access, Conf, Test};
use super::form::{Form, forms, used};
use super::gate::{Gate, gate};
use super::judge::Judge;
use crate::diag::{Code, Finding, Place};
use crate::packet::{
    AddrSet, Constraint, IntervalSet, NameSet, PacketSet, PeerSet, Protocol, Row, RowPeer, Set, TransportRow,
    TransportSet,
};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::proxies::case::Case;
use std::collections::BTreeSet;

/// How many forms of request are told apart.
const MOST_FORMS: usize = 64;

/// The meaning of a configuration: one rule set, for the proxy.
pub(super) fn lift(conf: &Conf, findings: &mut Vec<Finding>) -> Policy {
    let forms = forms(conf, MOST_FORMS).unwrap_or_else(|| {
        let message =
            format!("the rules tell more than {MOST_FORMS} forms of request apart, by method and scheme");
        findings.push(Finding::new(Code::ReadSyntax, message));
        vec![Form::Connect]
    });
    let universe = universe(conf);
    let gate = gate(conf, &universe);
    let unclear = if let Gate::Unclear(places) = &gate { places.as_slice() } else { &[] };
    let tunnels = if let Gate::Rules(rules) = &gate { Denied::by(rules) } else { Denied::default() };
    if let Some(port) = conf.blind_port.as_ref().filter(|_| !conf.bumps.is_empty()) {
        let message = "the port is without `ssl-bump`, so `ssl_bump` says nothing about tunnels through it";
        findings.push(Finding::new(Code::ReadNeverMatches, message).at(&port.source, port.span));
    }
    let mut folded = Folded {
        rules: conf.stops.iter().chain(unclear.iter().copied()).map(stop).collect(),
        denied: forms
            .iter()
            .map(|form| if *form == Form::Connect { tunnels.clone() } else { Denied::default() })
            .collect(),
        emitted: Denied::default(),
        universe: &universe,
    };
    let judges = [Action::Allow, Action::Deny].map(|action| (action, Judge::of_requests(conf, action)));
    for access in &conf.access {
        let Some((_, judge)) = judges.iter().find(|(action, _)| *action == access.action) else { continue };
        let lists: Vec<Vec<Rule>> = forms.iter().map(|form| rules(judge, access, form, &universe)).collect();
        if folded.line(access, &lists) {
            let text = access.place.source.slice(access.place.span);
            let message = format!(
                "`{text}` holds for some methods only; a host and port count as allowed when any may reach them"
            );
            let finding = Finding::new(Code::ReadMethodLimited, message);
            findings.push(finding.at(&access.place.source, access.place.span));
        }
    }
    if conf.access.last().is_some_and(|access| access.action == Action::Deny) {
        let why = "when no line matches, Squid does the opposite of the last one".to_owned();
        folded.rules.push(rule(
            Action::Allow,
            Match { transport: any_tcp(), ..Match::ANY },
            Vec::new(),
            Origin::System(why),
        ));
    }
    let rules = folded.rules;
    report(conf, &rules, findings);
    let scope = Scope { name: "squid".to_owned(), direction: Direction::Egress };
    Policy::new(vec![RuleSet { scope, subject: Subject::Host, universe, rules, default: Action::Deny }])
}

/// Names; and addresses too where the file judges them.
fn universe(conf: &Conf) -> PeerSet {
    let used = used(conf);
    let judges = |acl: &super::acl::Acl| acl.kind == super::kind::Kind::Dst || !acl.literals.is_empty();
    let addresses = conf.acls.iter().any(|(key, acl)| used.contains(key) && judges(acl));
    let names = PeerSet::all_names();
    if addresses { names.union(&PeerSet::all_addrs()) } else { names }
}

fn any_tcp() -> Constraint<TransportSet> {
    Constraint::only(TransportSet::protocol(Protocol::TCP)).unwrap_or(Constraint::Any)
}

fn rule(action: Action, matches: Match, unmodelled: Vec<Unmodelled>, origin: Origin) -> Rule {
    Rule { action, matches, traffic: Traffic::New, unmodelled, origin }
}

/// A directive beside `http_access` that may stop any request.
fn stop(place: &Place) -> Rule {
    let text = place.source.slice(place.span).split_whitespace().collect::<Vec<_>>().join(" ");
    let unmodelled = Unmodelled { text, why: "it can stop requests that `http_access` lets pass".to_owned() };
    let matches = Match { transport: any_tcp(), ..Match::ANY };
    rule(Action::Deny, matches, vec![unmodelled], Origin::File(place.clone()))
}

/// What a line says about requests of one form.
fn rules(judge: &Judge<'_>, access: &Access, form: &Form, universe: &PeerSet) -> Vec<Rule> {
    let cases = judge.all(&access.tests, form);
    let of_case = |mut case: Case| {
        let why = "it depends on how Squid was started";
        let conditions = access.conditions.iter().cloned();
        case.unmodelled.extend(conditions.map(|text| Unmodelled { text, why: why.to_owned() }));
        of_case(case, access.action, &access.place, universe)
    };
    cases.into_iter().filter_map(of_case).collect()
}

/// What a line that does this to tunnels says of them.
pub(super) fn rules_of(
    judge: &Judge<'_>,
    action: Action,
    tests: &[Test],
    place: &Place,
    universe: &PeerSet,
) -> Vec<Rule> {
    let cases = judge.all(tests, &Form::Connect);
    cases.into_iter().filter_map(|case| of_case(case, action, place, universe)).collect()
}

fn of_case(case: Case, action: Action, place: &Place, universe: &PeerSet) -> Option<Rule> {
    let peer = match case.peer.map(|peer| peer.intersect(universe)) {
        None => Constraint::Any,
        Some(peer) if peer == *universe => Constraint::Any,
        Some(peer) => Constraint::only(peer)?,
    };
    let transport = match &case.ports {
        None => any_tcp(),
        Some(ports) => Constraint::only(TransportSet::ports(Protocol::TCP, ports))?,
    };
    let source = match case.source {
        None => Constraint::Any,
        Some(source) => Constraint::only(source)?,
    };
    let mut unmodelled = case.unmodelled;
    unmodelled.sort();
    unmodelled.dedup();
    Some(rule(action, Match { source, peer, transport }, unmodelled, Origin::File(place.clone())))
}

/// What was denied to one form, surely and perhaps.
#[derive(Debug, Clone, Default)]
struct Denied {
    must: PacketSet,
    may: PacketSet,
    doubts: BTreeSet<Unmodelled>,
}

impl Denied {
    /// What is denied to tunnels by rules of their own.
    fn by(tunnels: &RuleSet) -> Self {
        let all = tunnels.packets(&Match { transport: any_tcp(), ..Match::ANY });
        let bounds = tunnels.allows();
        let doubts = tunnels.rules.iter().flat_map(|rule| rule.unmodelled.iter().cloned());
        Self {
            must: all.subtract(&bounds.at_most),
            may: all.subtract(&bounds.at_least),
            doubts: doubts.collect(),
        }
    }
}

/// The one list that the lists of all forms become.
struct Folded<'a> {
    rules: Vec<Rule>,
    /// What lines denied to each form, other than those that deny to all.
    denied: Vec<Denied>,
    /// What the list already denies because every form is denied it.
    emitted: Denied,
    universe: &'a PeerSet,
}

impl Folded<'_> {
    /// Takes a line, as the rules that it is for each form. Reports whether the forms differ.
    fn line(&mut self, access: &Access, lists: &[Vec<Rule>]) -> bool {
        let Some(first) = lists.first() else { return false };
        if lists.iter().all(|list| list == first) {
            self.rules.extend(first.iter().cloned());
            return false;
        }
        let mut groups: Vec<(&Vec<Rule>, Vec<usize>)> = Vec::new();
        for (form, list) in lists.iter().enumerate() {
            match groups.iter_mut().find(|(known, _)| *known == list) {
                Some((_, forms)) => forms.push(form),
                None => groups.push((list, vec![form])),
            }
        }
        for (rules, forms) in &groups {
            for rule in *rules {
                match access.action {
                    Action::Deny => self.deny(rule, forms),
                    Action::Allow => self.allow(rule, forms),
                }
            }
        }
        if access.action == Action::Deny {
            self.deny_to_all(access);
        }
        true
    }

    fn packets(&self, matches: &Match) -> PacketSet {
        let everything = TransportSet::full();
        let peers = matches.peer.set().unwrap_or(self.universe);
        let transport = matches.transport.set().unwrap_or(&everything);
        PacketSet::product(matches.source.set(), peers, transport, &true)
    }

    fn deny(&mut self, rule: &Rule, forms: &[usize]) {
        let packets = &self.packets(&rule.matches);
        for form in forms {
            let Some(denied) = self.denied.get_mut(*form) else { continue };
            denied.may = denied.may.union(packets);
            if rule.unmodelled.is_empty() {
                denied.must = denied.must.union(packets);
            }
            denied.doubts.extend(rule.unmodelled.iter().cloned());
        }
    }

    fn allow(&mut self, rule: &Rule, forms: &[usize]) {
        let stopped = self.denied_to(|form| forms.contains(&form));
        if Set::is_empty(&stopped.may) {
            self.rules.push(rule.clone());
            return;
        }
        let packets = &self.packets(&rule.matches);
        let surely = packets.subtract(&stopped.may);
        let perhaps = packets.subtract(&stopped.must).subtract(&surely);
        self.push(rule, packets, &surely, &BTreeSet::new());
        self.push(rule, packets, &perhaps, &stopped.doubts);
    }

    /// Writes down what is now denied to every form.
    fn deny_to_all(&mut self, access: &Access) {
        let stopped = self.denied_to(|_| true);
        let origin = Origin::File(access.place.clone());
        let as_rule = rule(Action::Deny, Match::ANY, Vec::new(), origin);
        let surely = stopped.must.subtract(&self.emitted.must);
        let perhaps = stopped.may.subtract(&stopped.must).subtract(&self.emitted.may);
        let none = PacketSet::default();
        self.push(&as_rule, &none, &surely, &BTreeSet::new());
        self.push(&as_rule, &none, &perhaps, &stopped.doubts);
        self.emitted = stopped;
    }

    /// What is denied to each of these forms.
    fn denied_to(&self, among: impl Fn(usize) -> bool) -> Denied {
        let chosen =
            self.denied.iter().enumerate().filter(|(form, _)| among(*form)).map(|(_, denied)| denied);
        let joined = chosen.cloned().reduce(|a, b| Denied {
            must: a.must.intersect(&b.must),
            may: a.may.intersect(&b.may),
            doubts: a.doubts.union(&b.doubts).cloned().collect(),
        });
        joined.unwrap_or_default()
    }

    /// Adds `part` of what a rule matches, as the rule itself where that is all of it.
    fn push(&mut self, whole: &Rule, packets: &PacketSet, part: &PacketSet, doubts: &BTreeSet<Unmodelled>) {
        let unmodelled: BTreeSet<Unmodelled> = whole.unmodelled.iter().chain(doubts).cloned().collect();
        let unmodelled: Vec<Unmodelled> = unmodelled.into_iter().collect();
        if Set::is_empty(part) {
            return;
        }
        if part == packets {
            self.rules.push(Rule { unmodelled, ..whole.clone() });
            return;
        }
        let matches = part.rows().into_iter().filter_map(of_row);
        let more =
            matches.map(|matches| rule(whole.action, matches, unmodelled.clone(), whole.origin.clone()));
        self.rules.extend(more);
    }
}

fn of_row(row: Row) -> Option<Match> {
    let peer = match row.peer {
        RowPeer::Addrs(addrs) => PeerSet::from(addrs),
        RowPeer::Names(names, except) => PeerSet::from(NameSet::of(&names).subtract(&NameSet::of(&except))),
        // No request names a group.
        RowPeer::Groups(..) => return None,
    };
    let ports = match row.transport {
        TransportRow::Ports(Protocol::TCP, ranges) => crate::packet::PortSet::of(ranges),
        TransportRow::Any | TransportRow::Protocols(..) => IntervalSet::full(),
        TransportRow::Ports(..) | TransportRow::Icmp(..) => return None,
    };
    let source = match row.source {
        None => Constraint::Any,
        Some(source) => Constraint::<AddrSet>::only(source)?,
    };
    let transport = Constraint::only(TransportSet::ports(Protocol::TCP, &ports))?;
    Some(Match { source, peer: Constraint::only(peer)?, transport })
}

/// Names each condition that is not modelled, and each ACL that looks names up.
fn report(conf: &Conf, rules: &[Rule], findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&Unmodelled> = BTreeSet::new();
    for rule in rules {
        let Origin::File(place) = &rule.origin else { continue };
        for unmodelled in rule.unmodelled.iter().filter(|unmodelled| told.insert(unmodelled)) {
            let message = format!("`{}` is not modelled: {}", unmodelled.text, unmodelled.why);
            findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
        }
    }
    for key in used(conf) {
        let Some(acl) = conf.acls.get(&key).filter(|acl| acl.kind != super::kind::Kind::Dst) else {
            continue;
        };
        if let Some(place) = &acl.lookup {
            let message =
                format!("the ACL `{}` has no `-n`, so an address matches it by its reverse name", acl.name);
            let finding = Finding::new(Code::ReadReverseLookup, message).at(&place.source, place.span);
            findings.push(
                finding.help("whoever owns an address chooses its reverse name; write `-n` before the names"),
            );
        }
    }
}
