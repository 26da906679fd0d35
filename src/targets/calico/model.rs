//! What the template lays out: plain data in its final order.

use super::expression;
use super::say::{Peers, Saying};
use super::services::{PROTOCOLS, Services};
use crate::packet::{PortRange, Prefix, Protocol};
use crate::policy::Direction;
use crate::syntax::digest;
use crate::targets::clusters::component::Statement;
use crate::targets::clusters::kubernetes::annotation_bytes;
use crate::targets::told::provenance::{self, Annotation};
use serde::Serialize;
use std::collections::BTreeMap;

/// A `GlobalNetworkPolicy` for the template.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Object {
    /// Its name.
    pub(super) name: String,
    /// Why it is there.
    pub(super) annotations: Vec<Annotation>,
    /// Comment lines above the object.
    pub(super) notes: Vec<String>,
    /// When it is tried.
    pub(super) order: u32,
    /// The pods that it is about.
    pub(super) selector: String,
    /// `Egress`, `Ingress`.
    pub(super) types: Vec<&'static str>,
    /// The directions that have rules.
    pub(super) ways: Vec<Way>,
}

/// The rules of one direction.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Way {
    /// `egress` or `ingress`.
    field: &'static str,
    /// `destination` or `source`.
    peers: &'static str,
    rules: Vec<RuleModel>,
}

/// One rule. What it restricts is said by fields of their own, so that a list which is empty by mistake becomes a file
/// that does not read back, and not one that allows everything.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "templates ask, and compare nothing")]
pub(super) struct RuleModel {
    notes: Vec<String>,
    /// The protocol by its name, or by its number.
    protocol: Option<&'static str>,
    number: Option<u8>,
    by_type: bool,
    kind: u8,
    has_code: bool,
    code: u8,
    /// Whether the peers are restricted, in one of four ways.
    by_peer: bool,
    by_net: bool,
    by_name: bool,
    by_selector: bool,
    nets: Vec<String>,
    names: Vec<String>,
    selector: String,
    /// The namespaces of pods, or what belongs to none, for a set.
    namespaces: String,
    by_port: bool,
    /// Whether ports stand apart from the peers: where the peers are sources, and where there are none.
    apart: bool,
    ports: Vec<String>,
}

/// A `GlobalNetworkSet` for the template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Set {
    /// Its name.
    pub(super) name: String,
    /// The value of the label by which rules choose it.
    pub(super) label: String,
    /// Its blocks.
    pub(super) nets: Vec<String>,
}

/// The label by which rules choose a set.
pub(super) const SET_LABEL: &str = "egressor/set";
/// The most blocks that stand in a rule itself; longer lists are sets.
const IN_RULES: usize = 16;
/// The most blocks of one set; a longer list becomes several of the same label.
const SET_MAX: usize = 3_000;

/// The rules of an object in one direction; nothing when there are none, which denies everything.
pub(super) fn way(direction: Direction, rules: Vec<RuleModel>) -> Option<Way> {
    if rules.is_empty() {
        return None;
    }
    Some(match direction {
        Direction::Egress => Way { field: "egress", peers: "destination", rules },
        Direction::Ingress => Way { field: "ingress", peers: "source", rules },
    })
}

/// A rule for the template, and the sets that it needs.
pub(super) fn rule(
    direction: Direction,
    statement: &Statement<'_, Saying>,
    sets: &mut BTreeMap<String, Set>,
) -> RuleModel {
    let Saying { peers, services } = &statement.saying;
    let (mut nets, mut names) = (Vec::new(), Vec::new());
    let (mut selector, mut namespaces) = (String::new(), String::new());
    match peers {
        Peers::All => {}
        Peers::Blocks(blocks) if blocks.len() > IN_RULES => {
            let label = add_sets(blocks, sets);
            selector = format!("{SET_LABEL} == '{label}'");
            "global()".clone_into(&mut namespaces);
        }
        Peers::Blocks(blocks) => nets = blocks.iter().map(ToString::to_string).collect(),
        Peers::Names(some) => names.clone_from(some),
        Peers::Pods(peer) => {
            selector = expression::write(&peer.pods);
            namespaces = expression::write(&peer.namespace_selector());
        }
    }
    let (protocol, kind, code, ports) = match services {
        Services::All => (None, None, None, Vec::new()),
        Services::Protocol(protocol) => (Some(*protocol), None, None, Vec::new()),
        Services::Ports(protocol, ranges) => {
            (Some(*protocol), None, None, ranges.iter().map(|range| port(*range)).collect())
        }
        Services::Icmp(protocol, icmp) => (Some(*protocol), Some(icmp.kind), icmp.code, Vec::new()),
    };
    let name = protocol.and_then(name_of);
    RuleModel {
        notes: statement.origins.iter().flat_map(|origin| provenance::comments(origin)).collect(),
        protocol: name,
        number: protocol.filter(|_| name.is_none()).map(|protocol| protocol.0),
        by_type: kind.is_some(),
        kind: kind.unwrap_or_default(),
        has_code: code.is_some(),
        code: code.unwrap_or_default(),
        by_peer: !matches!(peers, Peers::All),
        by_net: !nets.is_empty(),
        by_name: matches!(peers, Peers::Names(_)),
        by_selector: !selector.is_empty(),
        nets,
        names,
        selector,
        namespaces,
        by_port: matches!(services, Services::Ports(..)),
        apart: direction == Direction::Ingress || matches!(peers, Peers::All),
        ports,
    }
}

fn name_of(protocol: Protocol) -> Option<&'static str> {
    PROTOCOLS.into_iter().find(|(_, known)| *known == protocol).map(|(name, _)| name)
}

fn port(range: PortRange) -> String {
    if range.first() == range.last() {
        range.first().to_string()
    } else {
        format!("{}:{}", range.first(), range.last())
    }
}

/// Adds the sets of a list, named by what is in it, and gives the value of their label.
fn add_sets(blocks: &[Prefix], sets: &mut BTreeMap<String, Set>) -> String {
    let nets: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    let label: String = digest::sha256(nets.join(" ").as_bytes()).chars().take(16).collect();
    for (number, nets) in (1_usize..).zip(nets.chunks(SET_MAX)) {
        let number = if number == 1 { String::new() } else { format!(".{number}") };
        let name = format!("egressor.{label}{number}");
        sets.insert(name.clone(), Set { name, label: label.clone(), nets: nets.to_vec() });
    }
    label
}

impl Object {
    /// No fewer bytes than the annotations take after `kubectl apply`, which adds the object as one of them.
    pub(super) fn apply_bytes(&self) -> usize {
        let rules: usize = self.ways.iter().flat_map(|way| &way.rules).map(RuleModel::bytes).sum();
        let names = self.name.len() + self.selector.len() + 1_000;
        rules.saturating_add(names).saturating_add(annotation_bytes(&self.annotations))
    }
}

impl RuleModel {
    /// No fewer bytes than the rule takes in the JSON of its object.
    pub(super) fn bytes(&self) -> usize {
        let plain = Self { notes: Vec::new(), ..self.clone() };
        serde_json::to_string(&plain).map_or(usize::MAX, |text| text.len())
    }
}
