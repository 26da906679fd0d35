//! What the template lays out: plain data in its final order.

use super::labels;
use super::names::Word;
use super::say::{Peers, Saying};
use super::services::{ICMPS_MAX, PORTS_MAX, Service, Services};
use crate::packet::PortRange;
use crate::policy::Direction;
use crate::targets::clusters::component::Statement;
use crate::targets::clusters::kubernetes::{Label, SelectorModel, annotation_bytes, selector_model};
use crate::targets::told::provenance::{self, Annotation};
use serde::Serialize;

/// A `CiliumNetworkPolicy` for the template.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Object {
    /// Its name.
    pub(super) name: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// Why it is there.
    pub(super) annotations: Vec<Annotation>,
    /// Comment lines above the object.
    pub(super) notes: Vec<String>,
    /// The labels of the pods that it is about.
    pub(super) pods: Vec<Label>,
    /// The directions that it speaks about.
    pub(super) ways: Vec<Way>,
}

/// The rules of one direction.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Way {
    /// `egress` or `ingress`.
    field: &'static str,
    /// `toEntities` or `fromEntities`.
    entities: &'static str,
    /// `toEndpoints` or `fromEndpoints`.
    endpoints: &'static str,
    /// `toCIDRSet` or `fromCIDRSet`.
    blocks: &'static str,
    /// The rules. Without any, an empty rule stands there, which allows nothing and denies the rest.
    rules: Vec<RuleModel>,
}

/// One rule. What it restricts is said by fields of their own, so that a list which is empty by mistake becomes a file
/// that does not read back, and not one that allows everything.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "templates ask, and compare nothing")]
pub(super) struct RuleModel {
    notes: Vec<String>,
    by_entity: bool,
    by_pods: bool,
    by_block: bool,
    by_name: bool,
    entities: Vec<&'static str>,
    pods: Vec<SelectorModel>,
    blocks: Vec<String>,
    names: Vec<NameModel>,
    by_port: bool,
    /// Entries of `toPorts`.
    ports: Vec<Vec<PortModel>>,
    /// Whether the queries of the DNS are looked into.
    dns: bool,
    by_type: bool,
    /// Entries of `icmps`.
    types: Vec<Vec<TypeModel>>,
}

/// An entry of `toFQDNs`.
#[derive(Debug, Clone, Serialize)]
struct NameModel {
    /// `matchName` or `matchPattern`.
    field: &'static str,
    text: String,
}

/// A port; 0 is every port.
#[derive(Debug, Clone, Serialize)]
struct PortModel {
    protocol: &'static str,
    first: String,
    last: Option<u16>,
}

/// A type of ICMP.
#[derive(Debug, Clone, Serialize)]
struct TypeModel {
    family: &'static str,
    number: u8,
}

/// The rules of an object in one direction.
pub(super) fn way(direction: Direction, rules: Vec<RuleModel>) -> Way {
    match direction {
        Direction::Egress => Way {
            field: "egress",
            entities: "toEntities",
            endpoints: "toEndpoints",
            blocks: "toCIDRSet",
            rules,
        },
        Direction::Ingress => Way {
            field: "ingress",
            entities: "fromEntities",
            endpoints: "fromEndpoints",
            blocks: "fromCIDRSet",
            rules,
        },
    }
}

/// A rule for the template.
pub(super) fn rule(statement: &Statement<'_, Saying>) -> RuleModel {
    let Saying { peers, services, dns } = &statement.saying;
    let (mut entities, mut pods, mut blocks, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    match peers {
        Peers::Entities(some) => entities.clone_from(some),
        Peers::Pods(some) => pods = some.iter().filter_map(labels::selector).collect(),
        Peers::Blocks(some) => blocks = some.iter().map(ToString::to_string).collect(),
        Peers::Names(some) => names = some.iter().map(name).collect(),
    }
    let (mut ports, mut types) = (Vec::new(), Vec::new());
    match services {
        Services::All => {}
        Services::Ports(some) => {
            ports = some.chunks(PORTS_MAX).map(|some| some.iter().map(port).collect()).collect();
        }
        Services::Icmp(some) => {
            let kind = |(family, number): &(&'static str, u8)| TypeModel { family, number: *number };
            types = some.chunks(ICMPS_MAX).map(|some| some.iter().map(kind).collect()).collect();
        }
    }
    RuleModel {
        notes: statement.origins.iter().flat_map(|origin| provenance::comments(origin)).collect(),
        by_entity: matches!(peers, Peers::Entities(_)),
        by_pods: matches!(peers, Peers::Pods(_)),
        by_block: matches!(peers, Peers::Blocks(_)),
        by_name: matches!(peers, Peers::Names(_)),
        entities,
        pods: pods.iter().map(selector_model).collect(),
        blocks,
        names,
        by_port: matches!(services, Services::Ports(_)),
        ports,
        dns: *dns,
        by_type: matches!(services, Services::Icmp(_)),
        types,
    }
}

fn name(word: &Word) -> NameModel {
    match word {
        Word::Name(text) => NameModel { field: "matchName", text: text.clone() },
        Word::Pattern(text) => NameModel { field: "matchPattern", text: text.clone() },
    }
}

fn port(service: &Service) -> PortModel {
    let range = service.ports;
    let last = range.filter(|range| range.first() != range.last()).map(PortRange::last);
    let first = range.map_or(0, PortRange::first).to_string();
    PortModel { protocol: service.protocol, first, last }
}

impl Object {
    /// No fewer bytes than the annotations take after `kubectl apply`, which adds the object as one of them.
    pub(super) fn apply_bytes(&self) -> usize {
        let labels: usize = self.pods.iter().map(|label| label.key.len() + label.value.len() + 8).sum();
        let rules: usize = self.ways.iter().flat_map(|way| &way.rules).map(RuleModel::bytes).sum();
        let names = self.name.len() + self.namespace.len() + 1_000;
        labels.saturating_add(rules).saturating_add(names).saturating_add(annotation_bytes(&self.annotations))
    }
}

impl RuleModel {
    /// No fewer bytes than the rule takes in the JSON of its object.
    pub(super) fn bytes(&self) -> usize {
        let plain = Self { notes: Vec::new(), ..self.clone() };
        // The names of fields are longer there than they are here.
        serde_json::to_string(&plain)
            .map_or(usize::MAX, |text| text.len().saturating_add(200))
            .saturating_add(self.blocks.len().saturating_mul(10))
            .saturating_add(self.pods.len().saturating_mul(40))
    }
}
