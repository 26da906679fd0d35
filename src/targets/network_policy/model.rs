//! What the template lays out: plain data in its final order.

use super::objects::Statement;
use super::say::{Saying, Service};
use super::split::{Part, RULE_BYTES, SERVICE_BYTES, block_bytes};
use crate::packet::PortRange;
use crate::policy::Direction;
use crate::targets::clusters::kubernetes::{Label, SelectorModel, annotation_bytes, selector_model};
use crate::targets::told::provenance::{self, Annotation};
use serde::Serialize;

/// A NetworkPolicy for the template.
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
    /// `Ingress`, `Egress`.
    pub(super) types: Vec<&'static str>,
    /// The directions that have rules.
    pub(super) ways: Vec<Way>,
}

/// The rules of one direction.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Way {
    /// `ingress` or `egress`.
    field: &'static str,
    /// `from` or `to`.
    peers: &'static str,
    rules: Vec<RuleModel>,
}

/// One rule. That nothing is restricted is said by a field of its own, never by an empty list, so that a list which
/// is empty by mistake becomes a file that is refused and not one that allows everything.
#[derive(Debug, Clone, Serialize)]
struct RuleModel {
    /// Comment lines above the rule.
    notes: Vec<String>,
    /// Neither peers nor ports are restricted.
    everything: bool,
    /// Peers are not restricted; then `blocks` and `pods` are empty.
    every_peer: bool,
    /// Ports are not restricted; then `ports` is empty.
    every_port: bool,
    /// CIDR blocks.
    blocks: Vec<String>,
    /// Pods as peers.
    pods: Vec<PodPeerModel>,
    /// Protocols and ports.
    ports: Vec<ServiceModel>,
}

/// Pods as peers.
#[derive(Debug, Clone, Serialize)]
struct PodPeerModel {
    /// Which namespaces.
    namespaces: SelectorModel,
    /// Which of their pods.
    pods: SelectorModel,
}

/// Ports of a protocol.
#[derive(Debug, Clone, Serialize)]
struct ServiceModel {
    /// `TCP`, `UDP` or `SCTP`.
    protocol: &'static str,
    /// The port, or the first of a range.
    first: Option<u16>,
    /// The last port of a range.
    last: Option<u16>,
}

/// The rules of an object, by direction; a direction without rules is left out.
pub(super) fn ways(part: &Part<'_>) -> Vec<Way> {
    let way = |direction, field, peers| {
        let rules: Vec<RuleModel> = part
            .iter()
            .filter(|(of, _)| *of == direction)
            .map(|(_, statement)| rule_model(statement))
            .collect();
        // A direction without rules is denied by its name among the policy's types alone.
        (!rules.is_empty()).then_some(Way { field, peers, rules })
    };
    let egress = way(Direction::Egress, "egress", "to");
    let ingress = way(Direction::Ingress, "ingress", "from");
    egress.into_iter().chain(ingress).collect()
}

fn rule_model(statement: &Statement<'_>) -> RuleModel {
    let Saying { peers, ports } = &statement.saying;
    let (every_peer, every_port) = (peers.is_none(), ports.is_none());
    let listed = peers.clone().unwrap_or_default();
    RuleModel {
        notes: statement.origins.iter().flat_map(|origin| provenance::comments(origin)).collect(),
        everything: every_peer && every_port,
        every_peer,
        every_port,
        blocks: listed.blocks.iter().map(ToString::to_string).collect(),
        pods: listed
            .pods
            .iter()
            .map(|peer| PodPeerModel {
                namespaces: selector_model(&peer.namespace_selector()),
                pods: selector_model(&peer.pods),
            })
            .collect(),
        ports: ports.iter().flatten().map(service_model).collect(),
    }
}

fn service_model(service: &Service) -> ServiceModel {
    let range = service.ports;
    let last = range.filter(|range| range.first() != range.last()).map(PortRange::last);
    ServiceModel { protocol: service.protocol, first: range.map(PortRange::first), last }
}

impl Object {
    /// No fewer bytes than the annotations take after `kubectl apply`, which adds the object as one of them.
    pub(super) fn apply_bytes(&self) -> usize {
        let labels = self.pods.iter().map(|label| label.key.len() + label.value.len() + 8);
        let rules = self.ways.iter().flat_map(|way| &way.rules).map(RuleModel::bytes);
        let names = self.name.len() + self.namespace.len() + 1_000;
        let annotations = annotation_bytes(&self.annotations);
        labels.chain(rules).sum::<usize>().saturating_add(names).saturating_add(annotations)
    }
}

impl RuleModel {
    fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block_bytes(block)).sum();
        let pods: usize =
            self.pods.iter().map(|pods| pods.namespaces.bytes().saturating_add(pods.pods.bytes())).sum();
        blocks
            .saturating_add(pods)
            .saturating_add(self.ports.len().saturating_mul(SERVICE_BYTES))
            .saturating_add(RULE_BYTES)
    }
}
