//! Rules that allow any address or every port.

use crate::diag::{Code, Finding, Severity};
use crate::packet::{PeerSet, Protocol, Set, TransportRow, TransportSet};
use crate::policy::{Action, Anomalies, Match, Origin, Policy, Rule, RuleSet, Traffic};
use std::collections::BTreeSet;

/// A finding for each allowing statement that is too wide, and for each default that allows.
pub(super) fn findings(policy: &Policy, found: &Anomalies<'_>) -> Vec<Finding> {
    let hidden: BTreeSet<usize> = found.shadowed.iter().map(|shadow| shadow.statement).collect();
    let mut findings = Vec::new();
    let reached = found.statements.iter().enumerate().filter(|(at, _)| !hidden.contains(at));
    for (_, statement) in reached {
        let mut worst: Option<Breadth> = None;
        for (set, rule) in &statement.rules {
            let Some(set) = policy.sets.get(*set) else { continue };
            let Some(rule) = set.rules.get(*rule) else { continue };
            worst = worst.max(breadth(set, rule));
        }
        findings.extend(worst.map(|worst| worst.finding().at(&statement.place.source, statement.place.span)));
    }
    findings.extend(policy.sets.iter().filter_map(open_default));
    findings
}

/// How a rule is too wide, the worst last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Breadth {
    /// Any peer, at some ports.
    AnyPeer(String),
    /// Some peers, at every port.
    EveryPort(String),
    /// Any peer, at every port.
    Both(String, String),
}

impl Breadth {
    fn finding(&self) -> Finding {
        match self {
            Self::AnyPeer(peers) => Finding {
                severity: Severity::Note,
                ..Finding::new(Code::LintOverWide, format!("this rule allows {peers}"))
            },
            Self::EveryPort(ports) => Finding::new(Code::LintOverWide, format!("this rule allows {ports}"))
                .help("name the ports that are needed"),
            Self::Both(peers, ports) => {
                Finding::new(Code::LintOverWide, format!("this rule allows {peers}, {ports}"))
                    .help("name the addresses and the ports that are needed")
            }
        }
    }
}

fn breadth(set: &RuleSet, rule: &Rule) -> Option<Breadth> {
    if rule.action != Action::Allow || rule.traffic != Traffic::New {
        return None;
    }
    let full = TransportSet::full();
    let peers = rule.matches.peer.set().unwrap_or(&set.universe);
    // Peers that are groups only are named, however the group came about.
    if peers.addrs.is_empty() && peers.names.is_empty() {
        return None;
    }
    let services = rule.matches.transport.set().unwrap_or(&full);
    // Neighbour discovery and the like go to anyone, and open no service.
    if !services.rows().iter().any(opens_ports) {
        return None;
    }
    let ports = every_port(services);
    match (any_peer(peers), ports) {
        (None, None) => None,
        (Some(peers), None) => Some(Breadth::AnyPeer(peers)),
        (None, Some(ports)) => {
            let count = peers.addrs.count().to_string();
            let of = if count == "0" || !peers.names.is_empty() {
                String::new()
            } else {
                format!(" of {count} addresses")
            };
            let of = if count == "1" { " of one address".to_owned() } else { of };
            Some(Breadth::EveryPort(format!("{ports}{of}")))
        }
        (Some(peers), Some(ports)) => Some(Breadth::Both(peers, ports)),
    }
}

fn any_peer(peers: &PeerSet) -> Option<String> {
    let kinds = [
        (peers.addrs.v4.is_full(), "any IPv4 address"),
        (peers.addrs.v6.is_full(), "any IPv6 address"),
        (peers.names.is_full(), "any host name"),
    ];
    let any: Vec<&str> = kinds.into_iter().filter(|(full, _)| *full).map(|(_, words)| words).collect();
    (!any.is_empty()).then(|| any.join(" and "))
}

fn opens_ports(row: &TransportRow) -> bool {
    match row {
        TransportRow::Any | TransportRow::Ports(..) => true,
        TransportRow::Protocols(first, last) => (first.0..=last.0).map(Protocol).any(Protocol::has_ports),
        TransportRow::Icmp(..) => false,
    }
}

fn every_port(services: &TransportSet) -> Option<String> {
    let mut whole = Vec::new();
    for row in services.rows() {
        match row {
            TransportRow::Any => return Some("every protocol and port".to_owned()),
            TransportRow::Protocols(first, last) => {
                let with_ports = (first.0..=last.0).map(Protocol).filter(|protocol| protocol.has_ports());
                whole.extend(with_ports.map(|protocol| protocol.to_string()));
            }
            TransportRow::Ports(..) | TransportRow::Icmp(..) => {}
        }
    }
    (!whole.is_empty()).then(|| format!("every port of {}", whole.join(" and ")))
}

/// A default that allows: what no rule decides passes.
fn open_default(set: &RuleSet) -> Option<Finding> {
    let (rule, words) = match set.rules.last() {
        Some(rule) if matches!(rule.origin, Origin::System(_)) && rule.action == Action::Allow => {
            let Origin::System(words) = &rule.origin else { return None };
            (Some(rule), words.clone())
        }
        _ if set.default == Action::Allow => (None, "its default allows".to_owned()),
        _ => return None,
    };
    let matches = rule.map_or(Match::ANY, |rule| rule.matches.clone());
    let before = set.rules.len().saturating_sub(usize::from(rule.is_some()));
    let rest = set.undecided(before, &matches);
    if rest.is_empty() {
        return None;
    }
    let scope = &set.scope;
    let message = format!("`{}` {} allows all that no rule decides: {words}", scope.name, scope.direction);
    Some(Finding::new(Code::LintOverWide, message).help("deny by default, and allow what is needed"))
}
