//! The way back: what answers a connection passes the rules of the other direction, or the connection is none.
//!
//! An answer goes to the port that the client chose. The Amazon VPC User Guide, "Ephemeral ports": NAT gateways, load
//! balancers and Lambda choose from 1024 to 65535, Linux from 32768 to 60999 unless it is told otherwise, Windows from 49152 to
//! 65535. Who the client is stands in no ACL, so:
//!
//! - where answers pass to all of 1024 to 65535, the connection is allowed;
//! - where they pass to some of these ports, it is allowed for clients that choose one: a bound, named;
//! - where they pass to none, no TCP connection is opened, so none is allowed. A datagram of UDP and a ping have left before
//!   any answer matters, so for these it is a bound as well.

use crate::diag::{Code, Finding, Place};
use crate::packet::{
    AddrSet, Constraint, IcmpMatch, Limit, PacketSet, PeerSet, PortRange, Protocol, RowPeer, Set as _,
    TransportRow, TransportSet,
};
use crate::policy::{Action, Bounds, Direction, Match, Origin, Rule, RuleSet, Scope, Traffic, Unmodelled};
use crate::targets::clouds::terraform::found;
use std::collections::BTreeMap;

/// One direction of an ACL.
pub(super) struct Half {
    /// What it lets pass, packet by packet.
    pub(super) set: RuleSet,
    /// Where the ACL, or its first rule, stands.
    pub(super) place: Place,
}

/// The first and the last port that clients choose.
const EPHEMERAL: (u16, u16) = (1024, 65_535);

/// What opens a connection and what answers it.
struct Exchange {
    opens: TransportSet,
    answers: TransportSet,
    /// Every far end that can take part.
    peers: AddrSet,
    /// Whether nothing is said before an answer came.
    waits: bool,
    words: &'static str,
}

/// For each direction of each ACL, the connections that both of its halves let pass.
pub(super) fn connections(halves: &BTreeMap<Scope, Half>, findings: &mut Vec<Finding>) -> Vec<RuleSet> {
    let other = |scope: &Scope| {
        let direction = match scope.direction {
            Direction::Egress => Direction::Ingress,
            Direction::Ingress => Direction::Egress,
        };
        halves.get(&Scope { name: scope.name.clone(), direction })
    };
    let mut sets = Vec::new();
    for (scope, half) in halves {
        let mut stopping = Vec::new();
        for exchange in exchanges() {
            stopping.extend(stopped(half, other(scope), &exchange, findings));
        }
        let mut set = half.set.clone();
        set.rules.splice(0..0, stopping);
        sets.push(set);
    }
    sets
}

fn exchanges() -> Vec<Exchange> {
    let chosen = PortRange::new(EPHEMERAL.0, EPHEMERAL.1).ok();
    let ported = |protocol, waits, words| {
        Some(Exchange {
            opens: TransportSet::protocol(protocol),
            answers: TransportSet::port(protocol, chosen?),
            peers: AddrSet::all_v4().union(&AddrSet::all_v6()),
            waits,
            words,
        })
    };
    let echo = |protocol, asks, tells, peers, words| Exchange {
        opens: TransportSet::icmp(protocol, IcmpMatch { kind: asks, code: None }),
        answers: TransportSet::icmp(protocol, IcmpMatch { kind: tells, code: Some(0) }),
        peers,
        waits: false,
        words,
    };
    [ported(Protocol::TCP, true, "tcp"), ported(Protocol::UDP, false, "udp")]
        .into_iter()
        .flatten()
        .chain([
            echo(Protocol::ICMP, 8, 0, AddrSet::all_v4(), "icmp echo"),
            echo(Protocol::ICMPV6, 128, 129, AddrSet::all_v6(), "icmpv6 echo"),
        ])
        .collect()
}

/// Rules that stop what is not answered, to stand before those of the half.
fn stopped(half: &Half, other: Option<&Half>, exchange: &Exchange, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let limit = Limit::default();
    // Which far ends anything of this is let through to, or may be.
    let opened = product(&exchange.peers, &exchange.opens);
    let Ok(opened) = half.set.allows_among(&opened, limit) else { return vec![in_doubt(half, exchange)] };
    let meant = meant(&opened.at_most);
    let opened = opened.at_most.peer_addrs();
    if opened.is_empty() {
        return Vec::new();
    }
    let mut say = |done: &str, more: &str, addrs: &AddrSet| {
        let addrs = addrs.intersect(&meant);
        if !addrs.is_empty() {
            let message = format!("{}{more}", about(half, exchange, done, &addrs));
            findings.push(found(Code::ReadReturnPath, message, &half.place));
        }
    };
    let answering = product(&exchange.peers, &exchange.answers);
    let Some(Ok(Bounds { at_least, at_most })) = other.map(|other| other.set.allows_among(&answering, limit))
    else {
        say("may be stopped", "; the file does not tell", &opened);
        return vec![in_doubt(half, exchange)];
    };
    let never = opened.subtract(&at_most.peer_addrs());
    let always = opened.subtract(&answering.subtract(&at_least).peer_addrs());
    let mut rules = Vec::new();
    if let Some(peer) = Constraint::only(PeerSet::from(never.clone())) {
        say("are stopped", "", &never);
        let doubt = Unmodelled {
            text: format!("{} that needs no answer", exchange.words),
            why: "no answer passes".to_owned(),
        };
        let doubts = if exchange.waits { Vec::new() } else { vec![doubt] };
        rules.push(stop(half, exchange, peer, doubts));
    }
    let partly = opened.subtract(&never).subtract(&always);
    for row in at_most.within(&product(&partly, &exchange.answers)).rows() {
        let RowPeer::Addrs(addrs) = &row.peer else { continue };
        let Some(peer) = Constraint::only(PeerSet::from(addrs.clone())) else { continue };
        let to = ports(&row.transport);
        let surely = product(addrs, &row.transport.services()).is_subset(&at_least);
        let known = if surely { "pass" } else { "may pass" };
        let (first, last) = EPHEMERAL;
        let text = format!("{} answers to {to} {known}, of {first}-{last}", exchange.words);
        let done = match (surely, row.transport.services() == exchange.answers) {
            (true, _) => format!("are stopped but for {to} of {first}-{last}"),
            (false, false) => format!("are stopped but perhaps for {to} of {first}-{last}"),
            (false, true) => "may be stopped".to_owned(),
        };
        say(&done, "", addrs);
        let doubt = Unmodelled { text, why: "the client chooses the port".to_owned() };
        rules.push(stop(half, exchange, peer, vec![doubt]));
    }
    rules
}

/// The far ends that connections are meant to be opened with. A rule for many of the ports that clients choose, and for no
/// others, is the way back of the other direction; that nothing is opened through it is no surprise.
fn meant(opened: &PacketSet) -> AddrSet {
    let is_way_back = |row: &TransportRow| match row {
        TransportRow::Ports(_, ranges) => ranges
            .iter()
            .all(|range| range.first() >= EPHEMERAL.0 && range.last() - range.first() >= WAY_BACK),
        TransportRow::Any | TransportRow::Protocols(..) | TransportRow::Icmp(..) => false,
    };
    let rows = opened.rows().into_iter().filter(|row| !is_way_back(&row.transport));
    let addrs = rows.filter_map(|row| match row.peer {
        RowPeer::Addrs(addrs) => Some(addrs),
        RowPeer::Names(..) | RowPeer::Groups(..) => None,
    });
    AddrSet::union_all(&addrs.collect::<Vec<_>>())
}

/// So many ports that clients choose are not opened for a service of one's own.
const WAY_BACK: u16 = 10_000;

/// Where nothing is known of the other half.
fn in_doubt(half: &Half, exchange: &Exchange) -> Rule {
    let doubt = Unmodelled {
        text: format!("{} answers under {}", exchange.words, half.set.scope),
        why: "the rules of the other direction are not known".to_owned(),
    };
    let peer = Constraint::only(PeerSet::from(exchange.peers.clone())).unwrap_or(Constraint::Any);
    stop(half, exchange, peer, vec![doubt])
}

fn stop(half: &Half, exchange: &Exchange, peer: Constraint<PeerSet>, unmodelled: Vec<Unmodelled>) -> Rule {
    let transport = Constraint::only(exchange.opens.clone()).unwrap_or(Constraint::Any);
    let way = back(half);
    Rule {
        action: Action::Deny,
        matches: Match { peer, transport, ..Match::ANY },
        traffic: Traffic::New,
        unmodelled,
        origin: Origin::System(format!("the {way} rules of `{}` stop the answers", half.set.scope.name)),
    }
}

fn back(half: &Half) -> &'static str {
    match half.set.scope.direction {
        Direction::Egress => "inbound",
        Direction::Ingress => "outbound",
    }
}

/// What passes one way and what happens to its answers, in words.
fn about(half: &Half, exchange: &Exchange, answers: &str, addrs: &AddrSet) -> String {
    const MOST: usize = 3;
    let prefixes = addrs.prefixes();
    let mut named: Vec<String> = prefixes.iter().take(MOST).map(ToString::to_string).collect();
    match prefixes.len().saturating_sub(MOST) {
        0 => {}
        more => named.push(format!("{more} blocks more")),
    }
    let (opens, ends) = match half.set.scope.direction {
        Direction::Egress => ("to", "from"),
        Direction::Ingress => ("from", "to"),
    };
    let peers = named.join(", ");
    format!(
        "`{}`: {} {opens} {peers} may pass, and the answers {ends} there {answers} by its {} rules",
        half.set.scope.name,
        exchange.words,
        back(half)
    )
}

fn ports(row: &TransportRow) -> String {
    match row {
        TransportRow::Ports(_, ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("ports {}", ranges.join(","))
        }
        TransportRow::Any | TransportRow::Protocols(..) | TransportRow::Icmp(..) => "all".to_owned(),
    }
}

fn product(addrs: &AddrSet, services: &TransportSet) -> PacketSet {
    PacketSet::product(None, &PeerSet::from(addrs.clone()), services, &true)
}
