//! The `spec` of a NetworkPolicy, read as the API server reads it: what it refuses, and what it fills in.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>

use super::matches::{read_block, read_port};
use super::traffic::PortMatch;
use crate::diag::{Code, Span};
use crate::syntax::kubernetes::block::Block;
use crate::syntax::kubernetes::fields::{Fields, Path, Reader};
use crate::syntax::kubernetes::labels::read_selector;
use crate::syntax::kubernetes::pods::{Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::Selector;
use crate::syntax::yaml::{Kind, Node};

/// What a policy is about, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// The pods.
    pub(super) pods: Selector,
    /// What may leave them; `None` when the policy does not speak of it.
    pub(super) egress: Option<Vec<AllowRule>>,
    /// What may reach them; `None` when the policy does not speak of it.
    pub(super) ingress: Option<Vec<AllowRule>>,
}

/// One rule: these services of these peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AllowRule {
    /// Where it stands.
    pub(super) span: Span,
    /// The peers; `None` when every peer is meant, because nothing is said about them.
    pub(super) peers: Option<Vec<Peer>>,
    /// The services; `None` when all are meant, because nothing is said about ports.
    pub(super) ports: Option<Vec<PortMatch>>,
}

/// A peer of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    /// Addresses.
    Block(Block),
    /// Pods.
    Pods(PodPeer),
}

/// Reads a `spec`; what is refused is left out, so the result counts only if nothing was.
pub(super) fn read_spec(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Spec> {
    let fields = reader.object(node, path, &["podSelector", "ingress", "egress", "policyTypes"])?;
    if fields.get("podSelector").is_none() {
        let what = "no `podSelector`, so the policy is about every pod of the namespace";
        reader.find(Code::ReadWidened, node.span, path, what);
    }
    let selector = fields.get("podSelector");
    let pods = selector.map(|node| read_selector(reader, node, &Path::Field(path, "podSelector")));
    let pods = pods.unwrap_or_else(|| Some(Selector::default()));
    let ingress = read_rules(reader, fields, "ingress", "from", path);
    let egress = read_rules(reader, fields, "egress", "to", path);
    let types = read_types(reader, fields, path);
    let asked = match types {
        // <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/v1/defaults.go>
        None => (true, !egress.is_empty()),
        Some(types) => types,
    };
    for (field, speaks, rules) in [("ingress", asked.0, &ingress), ("egress", asked.1, &egress)] {
        if let Some(node) = fields.written(field).filter(|_| !speaks) {
            let what = if rules.is_empty() {
                "nothing is allowed and nothing denied, because `policyTypes` does not name the direction"
            } else {
                "the rules have no effect, because `policyTypes` does not name the direction"
            };
            reader.find(Code::ReadIneffective, node.span, &Path::Field(path, field), what);
        }
    }
    if types.is_none() && asked.1 && fields.get("ingress").is_none() {
        let what = "without `policyTypes`, a policy with egress rules denies all ingress too";
        reader.find(Code::ReadDefaulted, node.span, path, what);
    }
    Some(Spec { pods: pods?, egress: asked.1.then_some(egress), ingress: asked.0.then_some(ingress) })
}

/// Whether ingress and egress are named; `None` when the API server decides.
fn read_types(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) -> Option<(bool, bool)> {
    let path = Path::Field(path, "policyTypes");
    let node = fields.get("policyTypes")?;
    let items = reader.list(node, &path)?;
    if items.len() > 2 {
        reader.refuse(node.span, &path, format!("{} entries, at most two are allowed", items.len()));
    }
    let mut named = (false, false);
    for (index, item) in items.iter().enumerate() {
        let path = Path::Item(&path, index);
        match reader.text(item, &path) {
            Some("Ingress") => named.0 = true,
            Some("Egress") => named.1 = true,
            Some(other) => {
                reader.refuse(item.span, &path, format!("`{other}` is neither `Ingress` nor `Egress`"));
            }
            None => {}
        }
    }
    (!items.is_empty()).then_some(named)
}

fn read_rules(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    field: &str,
    peers: &str,
    path: &Path<'_>,
) -> Vec<AllowRule> {
    let path = Path::Field(path, field);
    let Some(items) = fields.get(field).and_then(|node| reader.list(node, &path)) else { return Vec::new() };
    let read = |(index, node)| read_rule(reader, node, peers, &Path::Item(&path, index));
    items.iter().enumerate().filter_map(read).collect()
}

fn read_rule(reader: &mut Reader<'_>, node: &Node, peers: &str, path: &Path<'_>) -> Option<AllowRule> {
    if node.kind == Kind::Null {
        reader.find(Code::ReadWidened, node.span, path, "nothing is written, which allows everything");
    }
    let fields = reader.object(node, path, &[peers, "ports"])?;
    let listed = read_list(reader, fields, peers, "every peer", path, read_peer);
    let ports = read_list(reader, fields, "ports", "every port of every protocol", path, read_port);
    Some(AllowRule { span: node.span, peers: listed, ports })
}

/// The items of a list that means everything when it is missing, and, as the API server keeps no empty list, when it
/// is empty. That is seldom what was meant, so it is said.
fn read_list<T>(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    field: &str,
    everything: &str,
    path: &Path<'_>,
    read: impl Fn(&mut Reader<'_>, &Node, &Path<'_>) -> Vec<T>,
) -> Option<Vec<T>> {
    let path = Path::Field(path, field);
    let node = fields.written(field)?;
    let items = if node.kind == Kind::Null { &[] } else { reader.list(node, &path).unwrap_or_default() };
    if items.is_empty() {
        reader.find(Code::ReadWidened, node.span, &path, format!("an empty list allows {everything}"));
        return None;
    }
    let items = items.iter().enumerate();
    Some(items.flat_map(|(index, item)| read(reader, item, &Path::Item(&path, index))).collect())
}

fn read_peer(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<Peer> {
    let known = ["ipBlock", "namespaceSelector", "podSelector"];
    let Some(fields) = reader.object(node, path, &known) else { return Vec::new() };
    let pods =
        fields.get("podSelector").map(|node| read_selector(reader, node, &Path::Field(path, "podSelector")));
    let spaces = fields
        .get("namespaceSelector")
        .map(|node| read_selector(reader, node, &Path::Field(path, "namespaceSelector")));
    let block = fields.get("ipBlock").map(|node| read_block(reader, node, &Path::Field(path, "ipBlock")));
    match (block, spaces, pods) {
        (Some(block), None, None) => block.map(Peer::Block).into_iter().collect(),
        (Some(_), _, _) => {
            reader.refuse(node.span, path, "`ipBlock` may not stand beside a selector");
            Vec::new()
        }
        (None, None, None) => {
            reader.refuse(node.span, path, "a peer must be specified");
            Vec::new()
        }
        // Without a selector of namespaces, the pods are those of the policy's own.
        (None, None, Some(pods)) => {
            let own = || Namespaces::Named(reader.namespace.clone());
            pods.map(|pods| Peer::Pods(PodPeer { namespaces: own(), pods })).into_iter().collect()
        }
        (None, Some(spaces), pods) => {
            let pods = pods.unwrap_or_else(|| Some(Selector::default()));
            let peers = spaces.zip(pods).map(|(spaces, pods)| PodPeer::of(&spaces, &pods));
            peers.into_iter().flatten().map(Peer::Pods).collect()
        }
    }
}
