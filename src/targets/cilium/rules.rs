//! The rules of a policy, read as Cilium reads them: what it refuses, and what a rule without some field means.
//!
//! A rule that names neither peers nor services matches nothing; one that names services only is about every peer, and
//! one that names peers only about every service.

use super::peers::{self, CidrGroups, Piece};
use super::services::{FAMILIES, ICMPS_MAX, PORTS_MAX, PROTOCOLS, type_named};
use crate::diag::{Code, Finding, Place};
use crate::packet::{Constraint, IcmpMatch, PeerSet, PortRange, Protocol, Set, TransportSet};
use crate::policy::{Action, Direction, Match, Origin, Rule, Traffic, Unmodelled};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader, compact};
use crate::syntax::kubernetes::names::is_port_name;
use crate::syntax::yaml::{Kind, Node};
use std::sync::Arc;

/// What a rule may be read with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The direction.
    pub(super) direction: Direction,
    /// What the rule does.
    pub(super) action: Action,
    /// The namespace of the policy, where it has one.
    pub(super) own: Option<&'a str>,
    /// The groups of blocks that were given.
    pub(super) groups: &'a CidrGroups,
}

/// What a rule says, and what else it brings.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The rules.
    pub(super) rules: Vec<Rule>,
    /// A condition on the peers of every other rule, which older versions know.
    pub(super) requires: Option<Unmodelled>,
    /// Whether names are allowed.
    pub(super) names: bool,
    /// Whether Cilium looks into the DNS.
    pub(super) dns: bool,
}

/// Peers, and the condition on them that is not modelled.
type Far = (Constraint<PeerSet>, Option<Unmodelled>);
/// Services, and the conditions on them that are not modelled.
type Service = (Constraint<TransportSet>, Vec<Unmodelled>);

/// Reads one rule; what is refused is left out, so the result counts only if nothing was.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, reading: Reading<'_>, path: &Path<'_>) -> Read {
    let mut read = Read::default();
    let Some(fields) = reader.object(node, path, known(reading)) else { return read };
    let requires = if reading.direction == Direction::Egress { "toRequires" } else { "fromRequires" };
    if let Some(node) = fields.get(requires).filter(|node| node.kind != Kind::Sequence(Vec::new())) {
        let why = "what it asks holds for the peers of every other rule, too".to_owned();
        let text = format!("{requires} {}", compact(node));
        read.requires = Some(Unmodelled { text, why });
    }
    let far = peers::read(reader, fields, reading.direction, reading.own, reading.groups, path);
    let services = services(reader, fields, reading, path, &mut read);
    read.names = fields.get("toFQDNs").is_some();
    let (far, services): (Vec<Far>, Vec<Service>) = match (far, services) {
        (None, None) => (Vec::new(), Vec::new()),
        (None, Some(services)) => (vec![(Constraint::Any, None)], services),
        (Some(far), services) => (
            far.into_iter().filter_map(named).collect(),
            services.unwrap_or(vec![(Constraint::Any, Vec::new())]),
        ),
    };
    let authenticated = authentication(reader, fields, path);
    let place = Place { source: Arc::clone(reader.source), span: node.span };
    for (peer, doubt) in &far {
        for (transport, doubts) in &services {
            let unmodelled: Vec<Unmodelled> =
                doubt.iter().chain(doubts).chain(&authenticated).cloned().collect();
            read.rules.push(Rule {
                action: reading.action,
                matches: Match { source: Constraint::Any, peer: peer.clone(), transport: transport.clone() },
                traffic: Traffic::New,
                unmodelled,
                origin: Origin::File(place.clone()),
            });
        }
    }
    let mut told: Vec<&Unmodelled> = read.rules.iter().flat_map(|rule| &rule.unmodelled).collect();
    told.extend(&read.requires);
    told.sort();
    told.dedup();
    for unmodelled in told {
        let message = format!("`{}` is not modelled: {}", unmodelled.text, unmodelled.why);
        reader.findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
    }
    read
}

fn named((peers, doubt): Piece) -> Option<Far> {
    Some((Constraint::only(peers)?, doubt))
}

/// The fields of a rule. A denial knows neither names nor what lies within connections.
fn known(reading: Reading<'_>) -> &'static [&'static str] {
    match (reading.direction, reading.action) {
        (Direction::Egress, Action::Allow) => &[
            "toEndpoints",
            "toRequires",
            "toPorts",
            "toCIDR",
            "toCIDRSet",
            "toEntities",
            "toServices",
            "toGroups",
            "toNodes",
            "toFQDNs",
            "icmps",
            "authentication",
        ],
        (Direction::Egress, Action::Deny) => &[
            "toEndpoints",
            "toRequires",
            "toPorts",
            "toCIDR",
            "toCIDRSet",
            "toEntities",
            "toServices",
            "toGroups",
            "toNodes",
            "icmps",
        ],
        (Direction::Ingress, Action::Allow) => &[
            "fromEndpoints",
            "fromRequires",
            "fromCIDR",
            "fromCIDRSet",
            "fromEntities",
            "fromGroups",
            "fromNodes",
            "toPorts",
            "icmps",
            "authentication",
        ],
        (Direction::Ingress, Action::Deny) => &[
            "fromEndpoints",
            "fromRequires",
            "fromCIDR",
            "fromCIDRSet",
            "fromEntities",
            "fromGroups",
            "fromNodes",
            "toPorts",
            "icmps",
        ],
    }
}

fn authentication(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) -> Option<Unmodelled> {
    let node = fields.get("authentication")?;
    let path = Path::Field(path, "authentication");
    let fields = reader.object(node, &path, &["mode"])?;
    let mode = reader.optional_text(fields, "mode", &path)?;
    let why = "whether peers can prove who they are is not known".to_owned();
    (mode != "disabled").then(|| Unmodelled { text: format!("authentication {mode}"), why })
}

/// The services of a rule; `None` when it names none.
fn services(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    reading: Reading<'_>,
    path: &Path<'_>,
    read: &mut Read,
) -> Option<Vec<Service>> {
    let lists = ["toPorts", "icmps"].map(|field| {
        let node = fields.get(field)?;
        let at = Path::Field(path, field);
        let items = reader.list(node, &at)?;
        if items.is_empty() {
            reader.find(Code::ReadWidened, node.span, &at, "an empty list restricts nothing");
            return None;
        }
        Some((node, items))
    });
    match lists {
        [None, None] => None,
        [Some(_), Some((node, _))] => {
            reader.refuse(node.span, path, "`icmps` may not stand beside `toPorts`");
            None
        }
        [Some((_, items)), None] => {
            let path = Path::Field(path, "toPorts");
            let items = items.iter().enumerate();
            Some(
                items
                    .flat_map(|(at, item)| ports(reader, item, reading, &Path::Item(&path, at), read))
                    .collect(),
            )
        }
        [None, Some((_, items))] => {
            let path = Path::Field(path, "icmps");
            let items = items.iter().enumerate();
            Some(items.filter_map(|(at, item)| types(reader, item, &Path::Item(&path, at))).collect())
        }
    }
}

/// An entry of `toPorts`.
fn ports(
    reader: &mut Reader<'_>,
    node: &Node,
    reading: Reading<'_>,
    path: &Path<'_>,
    read: &mut Read,
) -> Vec<Service> {
    let known: &[&str] = match reading.action {
        Action::Allow => &["ports", "rules", "serverNames", "listener", "terminatingTLS", "originatingTLS"],
        Action::Deny => &["ports"],
    };
    let Some(fields) = reader.object(node, path, known) else { return Vec::new() };
    let mut within = Vec::new();
    for field in ["serverNames", "listener", "terminatingTLS", "originatingTLS"] {
        if let Some(node) = fields.get(field) {
            let why = "what lies within a connection is not modelled".to_owned();
            within.push(Unmodelled { text: format!("{field} {}", compact(node)), why });
        }
    }
    within.extend(layer_7(reader, fields, path, read));
    let at = Path::Field(path, "ports");
    let items = fields.get("ports").and_then(|node| reader.list(node, &at)).unwrap_or_default();
    if items.is_empty() {
        let why = "versions of Cilium disagree about an entry without ports".to_owned();
        within.push(Unmodelled { text: "toPorts without ports".to_owned(), why });
        return vec![(Constraint::Any, within)];
    }
    if items.len() > PORTS_MAX {
        reader.refuse(node.span, &at, format!("{} ports, at most {PORTS_MAX} are allowed", items.len()));
    }
    let (mut numbered, mut services) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        for (transport, doubt) in port(reader, item, &Path::Item(&at, index)) {
            match doubt {
                None => numbered.push(transport),
                Some(doubt) => services.extend(Constraint::only(transport).map(|transport| {
                    (transport, within.iter().cloned().chain(std::iter::once(doubt)).collect())
                })),
            }
        }
    }
    let numbered = Constraint::only(TransportSet::union_all(&numbered));
    services.extend(numbered.map(|numbered| (numbered, within)));
    services
}

/// What is asked of the contents of connections. Queries of any name pass where a pattern says so.
fn layer_7(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    path: &Path<'_>,
    read: &mut Read,
) -> Option<Unmodelled> {
    let node = fields.get("rules")?;
    let path = Path::Field(path, "rules");
    let rules = reader.object(node, &path, &["http", "kafka", "dns", "l7proto", "l7"])?;
    let others = ["http", "kafka", "l7proto", "l7"].iter().any(|field| rules.get(field).is_some());
    let path = Path::Field(&path, "dns");
    if let Some(queries) = rules.get("dns") {
        let mut every = false;
        for (index, item) in reader.list(queries, &path).unwrap_or_default().iter().enumerate() {
            let path = Path::Item(&path, index);
            let Some(fields) = reader.object(item, &path, &["matchName", "matchPattern"]) else { continue };
            every |= reader.optional_text(fields, "matchPattern", &path) == Some("*");
        }
        read.dns = true;
        if every && !others {
            return None;
        }
    } else if !others {
        return None;
    }
    let why = "what lies within a connection is not modelled".to_owned();
    Some(Unmodelled { text: format!("rules {}", compact(node)), why })
}

/// One port, with the condition that is not modelled.
fn port(reader: &mut Reader<'_>, item: &Node, path: &Path<'_>) -> Vec<(TransportSet, Option<Unmodelled>)> {
    let Some(fields) = reader.object(item, path, &["port", "endPort", "protocol"]) else { return Vec::new() };
    let at = Path::Field(path, "protocol");
    let protocols: Vec<Protocol> = match fields.get("protocol").map(|node| (node, reader.text(node, &at))) {
        None | Some((_, Some("" | "ANY"))) => PROTOCOLS.map(|(_, protocol)| protocol).to_vec(),
        Some((_, None)) => return Vec::new(),
        Some((node, Some(name))) => match PROTOCOLS.into_iter().find(|(known, _)| *known == name) {
            Some((_, protocol)) => vec![protocol],
            None if ["ICMP", "ICMPv6", "VRRP", "IGMP"].contains(&name) => {
                let why = "a protocol without ports is not modelled here".to_owned();
                let text = format!("toPorts {}", compact(item));
                return vec![(TransportSet::full(), Some(Unmodelled { text, why }))];
            }
            None => {
                reader.refuse(node.span, &at, format!("`{name}` is not one of `TCP`, `UDP`, `SCTP`, `ANY`"));
                return Vec::new();
            }
        },
    };
    let of = |set: &dyn Fn(Protocol) -> TransportSet| {
        TransportSet::union_all(&protocols.iter().map(|protocol| set(*protocol)).collect::<Vec<_>>())
    };
    let every = || of(&TransportSet::protocol);
    let at = Path::Field(path, "port");
    let Some(number) = fields.get("port") else {
        reader.refuse(item.span, &at, "a value is needed");
        return Vec::new();
    };
    let Some(text) = text_of_port(reader, number, &at) else { return Vec::new() };
    let at = Path::Field(path, "endPort");
    let end = fields.get("endPort").and_then(|node| end_port(reader, node, &at));
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        if !is_port_name(&text.to_ascii_lowercase()) {
            reader.refuse(number.span, path, format!("`{text}` is neither a number nor a name of a port"));
            return Vec::new();
        }
        let why = "a port by name is whatever number each container gives it".to_owned();
        let names: Vec<&str> = PROTOCOLS
            .into_iter()
            .filter(|(_, protocol)| protocols.contains(protocol))
            .map(|(name, _)| name)
            .collect();
        let text = format!("port {}/{}", text.to_ascii_lowercase(), names.join(","));
        return vec![(every(), Some(Unmodelled { text, why }))];
    }
    let first = text.parse::<u16>().ok().filter(|number| number.to_string() == text);
    let Some(first) = first else {
        let why = format!("`{text}` is not a number from 0 to 65535 without leading zeros");
        reader.refuse(number.span, path, why);
        return Vec::new();
    };
    if first == 0 {
        return vec![(every(), None)];
    }
    let last = end.filter(|end| *end > 0).unwrap_or(first);
    if let Ok(range) = PortRange::new(first, last) {
        return vec![(of(&|protocol| TransportSet::port(protocol, range)), None)];
    }
    reader.refuse(item.span, &at, format!("`{last}` is below `port`, which is {first}"));
    Vec::new()
}

/// Ports are texts in this format; a number is refused by its schema.
fn text_of_port<'n>(reader: &mut Reader<'_>, node: &'n Node, path: &Path<'_>) -> Option<&'n str> {
    match &node.kind {
        Kind::String(text) if !text.is_empty() => Some(text),
        other => {
            let what = other.describe();
            reader.refuse(node.span, path, format!("{what} where a text is needed: quote the port"));
            None
        }
    }
}

fn end_port(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<u16> {
    let number = if let Kind::Integer(number) = node.kind { u16::try_from(number).ok() } else { None };
    if number.is_none() {
        reader.refuse(node.span, path, "a whole number from 0 to 65535 is needed");
    }
    number
}

/// An entry of `icmps`.
fn types(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Service> {
    let fields = reader.object(node, path, &["fields"])?;
    let path = Path::Field(path, "fields");
    let items = fields.get("fields").and_then(|node| reader.list(node, &path)).unwrap_or_default();
    if items.len() > ICMPS_MAX {
        reader.refuse(node.span, &path, format!("{} types, at most {ICMPS_MAX} are allowed", items.len()));
    }
    let mut types = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = Path::Item(&path, index);
        let Some(fields) = reader.object(item, &path, &["family", "type"]) else { continue };
        let family = reader.optional_text(fields, "family", &path).filter(|family| !family.is_empty());
        let family = family.unwrap_or("IPv4");
        let Some((_, protocol)) = FAMILIES.into_iter().find(|(known, _)| *known == family) else {
            reader.refuse(item.span, &path, format!("`{family}` is neither `IPv4` nor `IPv6`"));
            continue;
        };
        let number = match fields.get("type").map(|node| &node.kind) {
            Some(Kind::Integer(number)) => u8::try_from(*number).ok(),
            Some(Kind::String(name)) => name.parse().ok().or_else(|| type_named(family, name)),
            _ => None,
        };
        match number {
            Some(kind) => types.push(TransportSet::icmp(protocol, IcmpMatch { kind, code: None })),
            None => {
                reader.refuse(item.span, &path, "`type` is neither a number from 0 to 255 nor a known name");
            }
        }
    }
    Constraint::only(TransportSet::union_all(&types)).map(|types| (types, Vec::new()))
}
