//! The rules of a policy, read as Calico reads them.
//!
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy#rule>

use super::entity::{self, Piece};
use super::services::PROTOCOLS;
use super::sets::Sets;
use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, IcmpMatch, PeerSet, PortRange, Protocol, Set, TransportSet};
use crate::policy::{Action, Direction, Match, Origin, Rule, Traffic, Unmodelled};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader, compact};
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clusters::tiers::Step;
use std::sync::Arc;

const FIELDS: [&str; 11] = [
    "action",
    "metadata",
    "protocol",
    "notProtocol",
    "icmp",
    "notICMP",
    "ipVersion",
    "source",
    "destination",
    "http",
    "name",
];

/// Reads one rule; what is refused is left out, so the result counts only if nothing was.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
    direction: Direction,
    own: Option<&str>,
    sets: &Sets,
    path: &Path<'_>,
) -> Vec<Step> {
    let before = reader.errors();
    let Some(fields) = reader.object(node, path, &FIELDS) else { return Vec::new() };
    let (action, passes) = match reader.optional_text(fields, "action", path) {
        Some("Allow") => (Action::Allow, false),
        Some("Deny") => (Action::Deny, false),
        Some("Pass") => (Action::Deny, true),
        // A packet that was noted down goes on to the next rule.
        Some("Log") => return Vec::new(),
        other => {
            let what = other.map_or_else(|| "nothing".to_owned(), |other| format!("`{other}`"));
            reader.refuse(
                node.span,
                path,
                format!("the action {what} is not one of `Allow`, `Deny`, `Log`, `Pass`"),
            );
            return Vec::new();
        }
    };
    let (far, near) =
        if direction == Direction::Egress { ("destination", "source") } else { ("source", "destination") };
    let ends = [far, near].map(|end| {
        let path = Path::Field(path, end);
        fields.get(end).and_then(|node| reader.object(node, &path, &entity::FIELDS))
    });
    let [far_fields, near_fields] = ends;
    let at = Path::Field(path, far);
    let peers = far_fields.and_then(|fields| entity::read(reader, fields, own, sets, &at));
    let mut doubts = Vec::new();
    let source = near_fields
        .map_or(Constraint::Any, |fields| near_end(reader, fields, &Path::Field(path, near), &mut doubts));
    let to = if direction == Direction::Egress { far_fields } else { near_fields };
    let from = if direction == Direction::Egress { near_fields } else { far_fields };
    for field in ["ports", "notPorts"] {
        if let Some(node) = from.and_then(|fields| fields.get(field)) {
            let why = "ports at the near end are not modelled".to_owned();
            doubts.push(Unmodelled { text: format!("source {field} {}", compact(node)), why });
        }
    }
    if let Some(node) = fields.get("http") {
        let why = "what lies within a connection is not modelled".to_owned();
        doubts.push(Unmodelled { text: format!("http {}", compact(node)), why });
    }
    let destination = Path::Field(path, "destination");
    let services = services(reader, fields, to, path, &destination);
    let peers: Vec<Piece> = match (family(reader, fields, path), peers) {
        (None, None) => vec![(super::say::universe(), Vec::new())],
        (None, Some(peers)) => peers,
        (Some(family), peers) => {
            let peers = peers.unwrap_or_else(|| vec![(super::say::universe(), Vec::new())]);
            peers.into_iter().flat_map(|piece| of_family(piece, &family, fields.get("ipVersion"))).collect()
        }
    };
    let place = Place { source: Arc::clone(reader.source), span: node.span };
    let mut steps = Vec::new();
    for (peers, of_peers) in &peers {
        let whole = *peers == super::say::universe();
        let peer = if whole { Some(Constraint::Any) } else { Constraint::only(peers.clone()) };
        let Some(peer) = peer else { continue };
        for (transport, of_services) in &services {
            let Some(transport) = transport_of(transport) else { continue };
            let unmodelled: Vec<Unmodelled> =
                of_peers.iter().chain(of_services).chain(&doubts).cloned().collect();
            let matches = Match { source: source.clone(), peer: peer.clone(), transport };
            let origin = Origin::File(place.clone());
            let rule = Rule { action, matches, traffic: Traffic::New, unmodelled, origin };
            steps.push(Step { rule, passes });
        }
    }
    let mut told: Vec<&Unmodelled> = steps.iter().flat_map(|step| &step.rule.unmodelled).collect();
    told.sort();
    told.dedup();
    for unmodelled in told {
        let message = format!("`{}` is not modelled: {}", unmodelled.text, unmodelled.why);
        reader.findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
    }
    if steps.is_empty() && reader.errors() == before {
        reader.find(
            Code::ReadIneffective,
            node.span,
            path,
            "the exceptions leave nothing that this could match",
        );
    }
    steps
}

fn transport_of(transport: &TransportSet) -> Option<Constraint<TransportSet>> {
    if transport.is_full() { Some(Constraint::Any) } else { Constraint::only(transport.clone()) }
}

/// What is asked of the pods' own end.
fn near_end(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    path: &Path<'_>,
    doubts: &mut Vec<Unmodelled>,
) -> Constraint<AddrSet> {
    for field in ["selector", "notSelector", "namespaceSelector", "serviceAccounts", "services", "domains"] {
        if let Some(node) = fields.get(field) {
            let why = "a condition on the pods themselves is not modelled".to_owned();
            doubts.push(Unmodelled { text: format!("the pods' own {field} {}", compact(node)), why });
        }
    }
    let every = AddrSet::all_v4().union(&AddrSet::all_v6());
    let mut own = every.clone();
    for (field, without) in [("nets", false), ("notNets", true)] {
        let Some(node) = entity::list(reader, fields, field, path) else { continue };
        let (addrs, ambiguous) = entity::nets(reader, node, &Path::Field(path, field));
        doubts.extend(ambiguous);
        own = if without { own.subtract(&addrs) } else { own.intersect(&addrs) };
    }
    if own == every {
        return Constraint::Any;
    }
    Constraint::only(own).unwrap_or_else(|| {
        let why = "the exceptions leave no address of the pods themselves".to_owned();
        doubts.push(Unmodelled { text: "the pods' own nets leave no address".to_owned(), why });
        Constraint::Any
    })
}

/// The addresses that `ipVersion` leaves.
fn family(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) -> Option<AddrSet> {
    let node = fields.get("ipVersion")?;
    match node.kind {
        Kind::Integer(4) => Some(AddrSet::all_v4()),
        Kind::Integer(6) => Some(AddrSet::all_v6()),
        _ => {
            reader.refuse(node.span, &Path::Field(path, "ipVersion"), "4 or 6 is needed");
            None
        }
    }
}

fn of_family((peers, doubts): Piece, family: &AddrSet, version: Option<&Node>) -> Vec<Piece> {
    let certain = PeerSet::from(peers.addrs.intersect(family));
    let others = PeerSet { addrs: AddrSet::default(), ..peers };
    let mut unsure = doubts.clone();
    unsure.push(Unmodelled {
        text: format!("ipVersion {}", version.map(compact).unwrap_or_default()),
        why: "which addresses names and pods have is not in the file".to_owned(),
    });
    vec![(certain, doubts), (others, unsure)]
}

/// The services of a rule, each with the conditions that are not modelled.
fn services(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    to: Option<Fields<'_>>,
    path: &Path<'_>,
    destination: &Path<'_>,
) -> Vec<(TransportSet, Vec<Unmodelled>)> {
    let asked = fields.get("protocol").map(|node| protocol(reader, node, &Path::Field(path, "protocol")));
    let asked = match asked {
        Some(None) => return Vec::new(),
        Some(Some(protocol)) => Some(protocol),
        None => None,
    };
    let mut whole = asked.map_or_else(TransportSet::full, TransportSet::protocol);
    if let Some(node) = fields.get("notProtocol")
        && let Some(not) = protocol(reader, node, &Path::Field(path, "notProtocol"))
    {
        whole = whole.subtract(&TransportSet::protocol(not));
    }
    for (field, not) in [("icmp", false), ("notICMP", true)] {
        let Some(node) = fields.get(field) else { continue };
        let Some(of) = asked.filter(|protocol| protocol.has_icmp_types()) else {
            reader.refuse(node.span, path, format!("`{field}` needs the protocol `ICMP` or `ICMPv6`"));
            continue;
        };
        let Some(types) = icmp(reader, node, &Path::Field(path, field), of) else { continue };
        whole = if not { whole.subtract(&types) } else { whole.intersect(&types) };
    }
    let Some(to) = to else { return vec![(whole, Vec::new())] };
    let mut services = Vec::new();
    if let Some(node) = entity::list(reader, to, "ports", destination) {
        let of = asked.filter(|protocol| protocol.has_ports());
        let Some(of) = of else {
            reader.refuse(node.span, destination, "`ports` need a protocol that has ports");
            return Vec::new();
        };
        let (numbered, named) = ports(reader, node, of, &Path::Field(destination, "ports"));
        services.push((whole.intersect(&numbered), Vec::new()));
        services.extend(named.into_iter().map(|doubt| (whole.clone(), vec![doubt])));
    } else {
        services.push((whole, Vec::new()));
    }
    if let Some(node) = entity::list(reader, to, "notPorts", destination) {
        let Some(of) = asked.filter(|protocol| protocol.has_ports()) else {
            reader.refuse(node.span, destination, "`notPorts` need a protocol that has ports");
            return Vec::new();
        };
        let (numbered, named) = ports(reader, node, of, &Path::Field(destination, "notPorts"));
        for (transport, doubts) in &mut services {
            *transport = transport.subtract(&numbered);
            doubts.extend(
                named.iter().map(|doubt| Unmodelled { text: format!("not {}", doubt.text), ..doubt.clone() }),
            );
        }
    }
    services.retain(|(transport, _)| !transport.is_empty());
    services
}

fn protocol(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Protocol> {
    let found = match &node.kind {
        Kind::Integer(number) => u8::try_from(*number).ok().filter(|number| *number > 0).map(Protocol),
        Kind::String(text) => {
            let named = PROTOCOLS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
            let number = || text.parse::<u8>().ok().filter(|number| *number > 0).map(Protocol);
            named.map(|(_, protocol)| protocol).or_else(number)
        }
        _ => None,
    };
    if found.is_none() {
        reader.refuse(node.span, path, "a name of a protocol or a number from 1 to 255 is needed");
    }
    found
}

/// The types of ICMP of a rule.
fn icmp(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>, of: Protocol) -> Option<TransportSet> {
    let fields = reader.object(node, path, &["type", "code"])?;
    let mut numbers = Vec::new();
    for field in ["type", "code"] {
        let node = fields.get(field);
        let number = node.and_then(|node| match node.kind {
            Kind::Integer(number) => u8::try_from(number).ok(),
            _ => None,
        });
        if let (Some(node), None) = (node, number) {
            reader.refuse(node.span, &Path::Field(path, field), "a number from 0 to 255 is needed");
            return None;
        }
        numbers.push(number);
    }
    match numbers.as_slice() {
        [Some(kind), code] => Some(TransportSet::icmp(of, IcmpMatch { kind: *kind, code: *code })),
        [None, Some(_)] => {
            reader.refuse(node.span, path, "`code` needs `type`");
            None
        }
        _ => Some(TransportSet::protocol(of)),
    }
}

/// Ports by number, and those by name.
fn ports(
    reader: &mut Reader<'_>,
    node: &Node,
    protocol: Protocol,
    path: &Path<'_>,
) -> (TransportSet, Vec<Unmodelled>) {
    let (mut numbered, mut named) = (Vec::new(), Vec::new());
    for (index, item) in reader.list(node, path).unwrap_or_default().iter().enumerate() {
        let path = Path::Item(path, index);
        let range = match &item.kind {
            Kind::Integer(port) => u16::try_from(*port).ok().map(PortRange::single),
            Kind::String(text) => match text.split_once(':') {
                Some((first, last)) => first
                    .parse()
                    .ok()
                    .zip(last.parse().ok())
                    .and_then(|(first, last)| PortRange::new(first, last).ok()),
                None if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    text.parse().ok().map(PortRange::single)
                }
                None => {
                    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
                    let named_so = text.chars().any(|char| char.is_ascii_alphabetic());
                    if named_so && text.len() <= 128 && text.chars().all(plain) {
                        let why = "a port by name is whatever number each container gives it".to_owned();
                        named.push(Unmodelled { text: format!("port {text}/{protocol}"), why });
                        continue;
                    }
                    None
                }
            },
            _ => None,
        };
        match range {
            Some(range) => numbered.push(TransportSet::port(protocol, range)),
            None => reader.refuse(item.span, &path, "a port, a range such as `80:90` or a name is needed"),
        }
    }
    (TransportSet::union_all(&numbered), named)
}
