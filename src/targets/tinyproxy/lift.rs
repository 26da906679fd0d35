//! What a configuration with its filter means, as rules tried in order.
//!
//! A host and a port count as allowed when a request of any form may reach them. Without a tunnel every port can be
//! asked for, so `ConnectPort` says something only where the filter tells URLs apart.

use super::access::{Clients, clients};
use super::conf::Conf;
use super::filter::Entry;
use super::url::{Reached, hosts, urls};
use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, PeerSet, PortSet, Protocol, Set, TransportSet};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};

/// The meaning: one rule set, for the proxy. `entries` are those of the filter, if there is one.
pub(super) fn lift(conf: &Conf, entries: Option<&[Entry]>, findings: &mut Vec<Finding>) -> Policy {
    let mut clients = clients(&conf.access);
    if !conf.doubts.is_empty() {
        let doubts: Vec<Unmodelled> = conf.doubts.iter().map(|(doubt, _)| doubt.clone()).collect();
        for (doubt, place) in &conf.doubts {
            findings.push(told(doubt, place));
        }
        for clients in &mut clients {
            clients.doubts.extend(doubts.iter().cloned());
        }
    }
    let mut names_addresses = false;
    let mut rules: Vec<Rule> = Vec::new();
    for entry in entries.unwrap_or_default() {
        let known = if conf.default_deny() { reached(conf, &entry.text) } else { None };
        if let Some(all) = known {
            for one in all {
                let addrs = &one.hosts.addrs;
                names_addresses |= !Set::is_empty(addrs) && !one.hosts.names.is_full();
                rules.extend(allow(&one, &clients, &entry.place));
            }
            continue;
        }
        let why = if conf.default_deny() {
            "an expression of no plain shape"
        } else {
            "a request can spell a host in ways that no expression foresees, such as with a dot at its end"
        };
        let doubt = Unmodelled { text: entry.text.clone(), why: why.to_owned() };
        findings.push(told(&doubt, &entry.place));
        rules.extend(doubtful(conf, &doubt, &clients, &entry.place));
    }
    if entries.is_none() || !conf.default_deny() {
        if let Some(place) = conf.place.as_ref().filter(|_| conf.default_deny()) {
            let message = "`FilterDefaultDeny` denies nothing where no `Filter` is named";
            findings.push(Finding::new(Code::ReadWidened, message).at(&place.source, place.span));
        }
        let origin = conf.place.clone().map_or_else(
            || Origin::System("without a filter that denies, every host can be reached".to_owned()),
            Origin::File,
        );
        let everything = |clients: &Clients| {
            let matches =
                Match { source: clients.set.clone(), transport: tcp(&PortSet::full())?, ..Match::ANY };
            Some(rule(Action::Allow, matches, clients.doubts.clone(), origin.clone()))
        };
        rules.extend(clients.iter().filter_map(everything));
    }
    let universe = PeerSet::all_names();
    let universe = if names_addresses { universe.union(&PeerSet::all_addrs()) } else { universe };
    let scope = Scope { name: "tinyproxy".to_owned(), direction: Direction::Egress };
    Policy::new(vec![RuleSet { scope, subject: Subject::Host, universe, rules, default: Action::Deny }])
}

/// What an entry lets pass; nothing when it is not modelled.
fn reached(conf: &Conf, text: &str) -> Option<Vec<Reached>> {
    if !conf.over_urls() {
        let hosts = hosts(text, conf.kind())?;
        return Some(vec![Reached { hosts, ports: PortSet::full(), tunnel: false }]);
    }
    let mut all = urls(text, conf.kind())?;
    for one in all.iter_mut().filter(|one| one.tunnel) {
        if let Some(ports) = &conf.connect_ports {
            one.ports = one.ports.intersect(ports);
        }
    }
    Some(all)
}

fn allow(one: &Reached, clients: &[Clients], place: &Place) -> Vec<Rule> {
    let everyone = one.hosts.names.is_full();
    let peer = if everyone {
        Some(Constraint::Any)
    } else {
        let hosts = &one.hosts;
        let addrs: AddrSet = hosts.addrs.clone();
        Constraint::only(PeerSet { names: hosts.names.clone(), addrs, ..PeerSet::default() })
    };
    let of = |clients: &Clients| {
        let matches = Match { source: clients.set.clone(), peer: peer.clone()?, transport: tcp(&one.ports)? };
        Some(rule(Action::Allow, matches, clients.doubts.clone(), Origin::File(place.clone())))
    };
    clients.iter().filter_map(of).collect()
}

/// What an entry that is not modelled may let pass, or stop.
fn doubtful(conf: &Conf, doubt: &Unmodelled, clients: &[Clients], place: &Place) -> Vec<Rule> {
    let action = if conf.default_deny() { Action::Allow } else { Action::Deny };
    let of = |clients: &Clients| {
        let source = clients.set.clone();
        let matches = Match { source, transport: tcp(&PortSet::full())?, ..Match::ANY };
        let mut doubts = clients.doubts.clone();
        doubts.push(doubt.clone());
        Some(rule(action, matches, doubts, Origin::File(place.clone())))
    };
    clients.iter().filter_map(of).collect()
}

fn tcp(ports: &PortSet) -> Option<Constraint<TransportSet>> {
    Constraint::only(TransportSet::ports(Protocol::TCP, ports))
}

fn rule(action: Action, matches: Match, mut unmodelled: Vec<Unmodelled>, origin: Origin) -> Rule {
    unmodelled.sort();
    unmodelled.dedup();
    Rule { action, matches, traffic: Traffic::New, unmodelled, origin }
}

fn told(doubt: &Unmodelled, place: &Place) -> Finding {
    let message = format!("`{}` is not modelled: {}", doubt.text, doubt.why);
    Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span)
}
