//! Lists that must all let a client pass: each as rules of its own, and together as one list.

use crate::packet::{
    AddrSet, Constraint, IntervalSet, NameSet, PacketSet, PeerSet, PortSet, Protocol, Row, RowPeer,
};
use crate::packet::{Set, TransportRow, TransportSet};
use crate::policy::{Action, Direction, Match, Origin, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled};

/// A list of rules, tried in order, and what becomes of the rest.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// The rules.
    pub(super) rules: Vec<Rule>,
    /// What happens when none of them applies.
    pub(super) default: Action,
    /// Where the list comes from.
    pub(super) origin: Origin,
}

impl Stage {
    /// Reports whether the list lets everything pass.
    fn is_open(&self) -> bool {
        self.default == Action::Allow && self.rules.iter().all(|rule| rule.action == Action::Allow)
    }
}

/// The ports of some frontend, which its rules are about.
pub(super) fn on(ports: &PortSet) -> Option<Constraint<TransportSet>> {
    Constraint::only(TransportSet::ports(Protocol::TCP, ports))
}

/// All the lists as one, for clients that come in on these ports. What one of them refuses is refused.
pub(super) fn joined(mut stages: Vec<Stage>, ports: &PortSet) -> Vec<Rule> {
    stages.retain(|stage| !stage.is_open());
    let last = stages.pop();
    let mut rules: Vec<Rule> = stages.iter().flat_map(|stage| refusals(stage, ports)).collect();
    let origin = last.as_ref().map(|last| last.origin.clone());
    let default = last.as_ref().map_or(Action::Allow, |last| last.default);
    rules.extend(last.into_iter().flat_map(|last| last.rules));
    if let Some(transport) = on(ports) {
        let origin = origin.unwrap_or_else(|| Origin::System("nothing is refused".to_owned()));
        rules.push(rule(default, Match { transport, ..Match::ANY }, Vec::new(), origin));
    }
    rules
}

/// What a list refuses, surely and perhaps.
fn refusals(stage: &Stage, ports: &PortSet) -> Vec<Rule> {
    if stage.default == Action::Allow && stage.rules.iter().all(|rule| rule.action == Action::Deny) {
        return stage.rules.clone();
    }
    let set = RuleSet {
        scope: Scope { name: String::new(), direction: Direction::Egress },
        subject: Subject::Host,
        universe: PeerSet::all_names(),
        rules: stage.rules.clone(),
        default: stage.default,
    };
    let Some(transport) = on(ports) else { return Vec::new() };
    let all = set.packets(&Match { transport, ..Match::ANY });
    let bounds = set.allows();
    let surely = all.subtract(&bounds.at_most);
    let perhaps = all.subtract(&bounds.at_least).subtract(&surely);
    let mut doubts: Vec<Unmodelled> = stage.rules.iter().flat_map(|rule| rule.unmodelled.clone()).collect();
    doubts.sort();
    doubts.dedup();
    let of = |packets: &PacketSet, doubts: &[Unmodelled]| {
        let rows = packets.rows().into_iter().filter_map(matches);
        rows.map(|matches| rule(Action::Deny, matches, doubts.to_vec(), stage.origin.clone()))
            .collect::<Vec<_>>()
    };
    [of(&surely, &[]), of(&perhaps, &doubts)].concat()
}

fn matches(row: Row) -> Option<Match> {
    let peer = match row.peer {
        RowPeer::Names(names, except) => PeerSet::from(NameSet::of(&names).subtract(&NameSet::of(&except))),
        RowPeer::Addrs(addrs) => PeerSet::from(addrs),
        RowPeer::Groups(..) => return None,
    };
    let ports = match row.transport {
        TransportRow::Ports(Protocol::TCP, ranges) => PortSet::of(ranges),
        TransportRow::Any | TransportRow::Protocols(..) => IntervalSet::full(),
        TransportRow::Ports(..) | TransportRow::Icmp(..) => return None,
    };
    let source = match row.source {
        None => Constraint::Any,
        Some(source) => Constraint::<AddrSet>::only(source)?,
    };
    Some(Match { source, peer: Constraint::only(peer)?, transport: on(&ports)? })
}

/// A rule for new connections.
pub(super) fn rule(action: Action, matches: Match, mut unmodelled: Vec<Unmodelled>, origin: Origin) -> Rule {
    unmodelled.sort();
    unmodelled.dedup();
    Rule { action, matches, traffic: Traffic::New, unmodelled, origin }
}
