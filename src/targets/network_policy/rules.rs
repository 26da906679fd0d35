//! The `spec` of a NetworkPolicy, read as the API server reads it: what it refuses, and what it fills in.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>

use super::fields::{Fields, Path, Reader};
use super::names;
use super::pods::{Namespaces, PodPeer};
use super::selector::{Selector, Test};
use super::traffic::{self, Block, PortMatch};
use crate::diag::{Code, Span};
use crate::syntax::yaml::{Kind, Node};
use std::collections::{BTreeMap, BTreeSet};

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
    let pods = match fields.get("podSelector") {
        Some(node) => read_selector(reader, node, &Path::Field(path, "podSelector")),
        None => {
            let what = "no `podSelector`, so the policy is about every pod of the namespace";
            reader.find(Code::ReadWidened, node.span, path, what);
            Some(Selector::default())
        }
    };
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
                reader.refuse(item.span, &path, format!("`{other}` is neither `Ingress` nor `Egress`"))
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

fn read_block(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Block> {
    let fields = reader.object(node, path, &["cidr", "except"])?;
    let at = Path::Field(path, "cidr");
    let Some(cidr) = fields.get("cidr").filter(|cidr| cidr.as_str() != Some("")) else {
        reader.refuse(node.span, &at, "a value is needed");
        return None;
    };
    let text = reader.text(cidr, &at)?;
    let Some(allowed) = traffic::network(text) else {
        reader.refuse(cidr.span, &at, format!("`{text}` is not a valid CIDR"));
        return None;
    };
    let path = Path::Field(path, "except");
    let items = fields.get("except").and_then(|node| reader.list(node, &path)).unwrap_or_default();
    let mut except = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = Path::Item(&path, index);
        let Some(text) = reader.text(item, &path) else { continue };
        match traffic::network(text) {
            None => reader.refuse(item.span, &path, format!("`{text}` is not a valid CIDR")),
            Some(network) if !network.is_strictly_within(allowed) => {
                reader.refuse(item.span, &path, format!("`{text}` is not a strict subset of `cidr`"));
            }
            Some(network) => except.push((network, item.span)),
        }
    }
    for (network, span) in std::iter::once((allowed, cidr.span)).chain(except.iter().copied()) {
        if let Some(what) = network.surprise() {
            reader.find(Code::ReadIneffective, span, &at, what);
        }
    }
    Some(Block { allowed, except: except.into_iter().map(|(network, _)| network).collect() })
}

fn read_port(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<PortMatch> {
    let Some(fields) = reader.object(node, path, &["protocol", "port", "endPort"]) else { return Vec::new() };
    let at = Path::Field(path, "protocol");
    let protocol = match fields.get("protocol") {
        None => Some(crate::packet::Protocol::TCP),
        Some(node) => reader.text(node, &at).and_then(|text| {
            let protocol = traffic::protocol(text);
            if protocol.is_none() {
                reader.refuse(node.span, &at, format!("`{text}` is not one of `TCP`, `UDP`, `SCTP`"));
            }
            protocol
        }),
    };
    let at = Path::Field(path, "endPort");
    let end = fields.get("endPort").map(|node| (node, read_number(reader, node, &at)));
    let port = fields.get("port");
    let matched = match port.map(|node| (node, &node.kind)) {
        None => protocol.map(PortMatch::every),
        Some((node, Kind::String(_))) => {
            let at = Path::Field(path, "port");
            reader.text(node, &at).and_then(|name| {
                if !names::is_port_name(name) {
                    let why = format!("`{name}` is not a name of a port: quotes make a number a name");
                    reader.refuse(node.span, &at, why);
                    return None;
                }
                protocol.map(|protocol| PortMatch::Named(protocol, name.to_owned()))
            })
        }
        Some((node, _)) => {
            let first = read_number(reader, node, &Path::Field(path, "port"));
            let last = end.map_or(first, |(_, end)| end);
            match (protocol, first, last) {
                (Some(protocol), Some(first), Some(last)) if first <= last => {
                    PortMatch::range(protocol, first, last)
                }
                (_, Some(first), Some(last)) if first > last => {
                    let place = end.map_or(node.span, |(node, _)| node.span);
                    reader.refuse(place, &at, format!("`{last}` is below `port`, which is {first}"));
                    None
                }
                _ => None,
            }
        }
    };
    if let Some((node, _)) = end {
        match port.map(|port| &port.kind) {
            None => reader.refuse(node.span, &at, "may not stand without `port`"),
            Some(Kind::String(_)) => reader.refuse(node.span, &at, "may not stand beside a named port"),
            Some(_) => {}
        }
    }
    matched.into_iter().collect()
}

fn read_number(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<u16> {
    let Kind::Integer(number) = node.kind else {
        reader.refuse(node.span, path, format!("{} where a whole number is needed", node.kind.describe()));
        return None;
    };
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        reader.refuse(node.span, path, format!("`{number}` is not between 1 and 65535"));
    }
    port
}

fn read_selector(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Selector> {
    let fields = reader.object(node, path, &["matchLabels", "matchExpressions"])?;
    let at = Path::Field(path, "matchLabels");
    let labels = fields.get("matchLabels").map(|node| read_labels(reader, node, &at)).unwrap_or_default();
    let mut selector = Selector::of_labels(&labels);
    let path = Path::Field(path, "matchExpressions");
    let items = fields.get("matchExpressions").and_then(|node| reader.list(node, &path)).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        if let Some((key, test)) = read_expression(reader, item, &Path::Item(&path, index)) {
            selector.require(key, test);
        }
    }
    Some(selector)
}

fn read_expression(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<(String, Test)> {
    let fields = reader.object(node, path, &["key", "operator", "values"])?;
    let key = reader.optional_text(fields, "key", path).unwrap_or_default();
    if !names::is_label_key(key) {
        reader.refuse(node.span, &Path::Field(path, "key"), format!("`{key}` is not a key of a label"));
    }
    let at = Path::Field(path, "values");
    let items = fields.get("values").and_then(|node| reader.list(node, &at)).unwrap_or_default();
    let mut values = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let at = Path::Item(&at, index);
        if let Some(value) = reader.text(item, &at) {
            if !names::is_label_value(value) {
                reader.refuse(item.span, &at, format!("`{value}` is not a value of a label"));
            }
            values.insert(value.to_owned());
        }
    }
    let operator = reader.optional_text(fields, "operator", path).unwrap_or_default();
    let test = match operator {
        "In" => Test::In(values),
        "NotIn" => Test::NotIn(values),
        "Exists" => Test::Present(values),
        "DoesNotExist" if items.is_empty() => Test::Absent,
        "DoesNotExist" => {
            reader.refuse(node.span, &at, "must not be there for `DoesNotExist`");
            return None;
        }
        other => {
            let why = format!("`{other}` is not one of `In`, `NotIn`, `Exists`, `DoesNotExist`");
            reader.refuse(node.span, &Path::Field(path, "operator"), why);
            return None;
        }
    };
    match operator {
        "Exists" if !items.is_empty() => reader.refuse(node.span, &at, "must not be there for `Exists`"),
        "In" | "NotIn" if items.is_empty() => {
            reader.refuse(node.span, &at, format!("needed for `{operator}`"))
        }
        _ => {}
    }
    Some((key.to_owned(), test))
}

/// Labels, by key.
pub(super) fn read_labels(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, value) in reader.entries(node, path).into_iter().flatten() {
        let Some(name) = reader.key(key, path) else { continue };
        if !names::is_label_key(name) {
            reader.refuse(key.span, path, format!("`{name}` is not a key of a label"));
        }
        // The API server reads `null` as the empty text.
        let none = value.kind == Kind::Null;
        let Some(text) = (if none { Some("") } else { reader.text(value, &Path::Field(path, name)) }) else {
            continue;
        };
        if !names::is_label_value(text) {
            reader.refuse(
                value.span,
                &Path::Field(path, name),
                format!("`{text}` is not a value of a label"),
            );
        }
        labels.insert(name.to_owned(), text.to_owned());
    }
    labels
}
