//! The objects of an artifact: their names, their sizes, and how a large one is split.
//!
//! Policies for the same pods add up, so several objects mean what one with all rules would.

use super::names;
use super::pods::PodPeer;
use super::provenance::{self, Annotation};
use super::say::{Peers, Saying, Service};
use super::selector::{Selector, Test};
use crate::policy::{Direction, Origin, Pods};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The most peers of one object.
pub(super) const PEERS_MAX: usize = 5_000;
/// The most bytes that `kubectl apply` can copy into an annotation.
pub(super) const APPLY_MAX: usize = 262_144;
/// The bytes of that which the rules may take; annotations, which count twice, and the rest have what is left.
const RULES_MAX: usize = 160_000;
/// The most services of one rule; a rule with more is split.
const SERVICES_MAX: usize = 1_000;

/// A NetworkPolicy for the template.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Object {
    name: String,
    namespace: String,
    annotations: Vec<Annotation>,
    /// Comment lines above the object.
    notes: Vec<String>,
    /// The labels of the pods that it is about.
    pods: Vec<Label>,
    /// `Ingress`, `Egress`.
    types: Vec<&'static str>,
    /// The directions that have rules.
    ways: Vec<Way>,
}

#[derive(Debug, Clone, Serialize)]
struct Label {
    key: String,
    value: String,
}

#[derive(Debug, Clone, Serialize)]
struct Way {
    /// `ingress` or `egress`.
    field: &'static str,
    /// `from` or `to`.
    peers: &'static str,
    rules: Vec<RuleModel>,
}

#[derive(Debug, Clone, Serialize)]
struct RuleModel {
    notes: Vec<String>,
    /// Neither peers nor ports are restricted.
    everything: bool,
    every_peer: bool,
    every_port: bool,
    blocks: Vec<String>,
    pods: Vec<PodPeerModel>,
    ports: Vec<ServiceModel>,
}

#[derive(Debug, Clone, Serialize)]
struct PodPeerModel {
    namespaces: SelectorModel,
    pods: SelectorModel,
}

#[derive(Debug, Clone, Serialize)]
struct SelectorModel {
    labels: Vec<Label>,
    expressions: Vec<Expression>,
}

#[derive(Debug, Clone, Serialize)]
struct Expression {
    key: String,
    operator: &'static str,
    values: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct ServiceModel {
    protocol: &'static str,
    /// The port, or the first of a range.
    first: Option<u16>,
    /// The last port of a range.
    last: Option<u16>,
}

/// A rule for an object, with where it came from.
#[derive(Debug, Clone)]
pub(super) struct Statement<'a> {
    /// What it says.
    pub(super) saying: Saying,
    /// Why.
    pub(super) origins: Vec<&'a Origin>,
}

/// What one NetworkPolicy is to say, before it is split.
#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    /// The pods.
    pub(super) pods: &'a Pods,
    /// The rules of each direction that is spoken about.
    pub(super) ways: Vec<(Direction, Vec<Statement<'a>>)>,
}

/// The objects of a plan, and whether an annotation had to be cut.
pub(super) fn objects(plan: &Plan<'_>) -> (Vec<Object>, bool) {
    let name = name_of(plan.pods);
    let mut cut = false;
    let parts = pack(plan);
    let count = parts.len();
    let objects = (1_usize..).zip(parts).map(|(number, part)| {
        let origins = part.iter().flat_map(|(_, statement)| statement.origins.iter().copied());
        let (annotations, too_long) = provenance::annotations(origins);
        cut |= too_long;
        let mut notes = vec![format!("the pods {}", plan.pods.group())];
        if count > 1 {
            notes.push(format!("part {number} of {count}: policies for the same pods add up"));
        }
        Object {
            name: if number == 1 { name.clone() } else { format!("{name}.{number}") },
            namespace: plan.pods.namespace.clone(),
            annotations,
            notes,
            pods: label_models(plan.pods.labels.iter()),
            types: types(plan.ways.iter().map(|(direction, _)| *direction)),
            ways: ways(&part),
        }
    });
    let objects = objects.collect();
    (objects, cut)
}

/// A policy that denies every pod of a namespace what no other policy allows.
pub(super) fn default_deny(namespace: &str, directions: impl IntoIterator<Item = Direction>) -> Object {
    Object {
        // No component can have this name: theirs have a hash behind the dot, or no dot.
        name: "egressor.default-deny".to_owned(),
        namespace: namespace.to_owned(),
        annotations: Vec::new(),
        notes: vec![format!("every pod of {namespace}: what no policy allows is denied")],
        pods: Vec::new(),
        types: types(directions),
        ways: Vec::new(),
    }
}

fn types(directions: impl IntoIterator<Item = Direction>) -> Vec<&'static str> {
    let directions: BTreeSet<Direction> = directions.into_iter().collect();
    let name = |direction| match direction {
        Direction::Egress => "Egress",
        Direction::Ingress => "Ingress",
    };
    directions.into_iter().map(name).collect()
}

/// A name that depends on nothing but the pods: `egressor-castai-agent` for pods chosen by their name alone, else
/// with a hash of all labels, so that no two are the same.
fn name_of(pods: &Pods) -> String {
    let plain = pods.labels.get("app.kubernetes.io/name").filter(|_| pods.labels.len() == 1);
    if let Some(name) = plain.filter(|name| names::is_namespace(name)) {
        return format!("egressor-{name}");
    }
    let mut readable = String::from("egressor");
    for value in pods.labels.values() {
        let clean = value
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' });
        let clean: String = clean.collect();
        let clean = clean.trim_matches('-');
        // Room is left for the hash and the number of a part.
        if !clean.is_empty() && readable.len() + clean.len() < names::OBJECT_NAME_MAX - 32 {
            readable.push('-');
            readable.push_str(clean);
        }
    }
    let digest = Sha256::digest(pods.group().as_bytes());
    readable.push('.');
    for byte in digest.iter().take(4) {
        // Writing to a string does not fail.
        let _ = write!(readable, "{byte:02x}");
    }
    readable
}

type Part<'a> = Vec<(Direction, Statement<'a>)>;

/// Fills object after object with the rules, each split first so that it fits one. There is always an object, since
/// a policy without rules is one that denies all.
fn pack<'a>(plan: &Plan<'a>) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = vec![Vec::new()];
    let (mut bytes, mut peers) = (0_usize, 0_usize);
    for (direction, statement) in
        plan.ways.iter().flat_map(|(direction, rules)| rules.iter().map(move |rule| (direction, rule)))
    {
        for piece in split(statement) {
            let (piece_bytes, piece_peers) = (size(&piece.saying), peer_count(&piece.saying));
            if bytes.saturating_add(piece_bytes) > RULES_MAX || peers.saturating_add(piece_peers) > PEERS_MAX
            {
                parts.push(Vec::new());
                (bytes, peers) = (0, 0);
            }
            bytes = bytes.saturating_add(piece_bytes);
            peers = peers.saturating_add(piece_peers);
            if let Some(part) = parts.last_mut() {
                part.push((*direction, piece));
            }
        }
    }
    // A first rule that fills an object by itself leaves the object before it empty.
    if parts.len() > 1 {
        parts.retain(|part| !part.is_empty());
    }
    parts
}

/// A rule as rules of which each fits an object: pieces of its peers with pieces of its ports.
fn split<'a>(statement: &Statement<'a>) -> Vec<Statement<'a>> {
    let peers: Vec<Option<Peers>> = match &statement.saying.peers {
        None => vec![None],
        Some(peers) => split_peers(peers).into_iter().map(Some).collect(),
    };
    let ports: Vec<Option<Vec<Service>>> = match &statement.saying.ports {
        None => vec![None],
        Some(ports) => ports.chunks(SERVICES_MAX).map(|ports| Some(ports.to_vec())).collect(),
    };
    let piece = |peers: &Option<Peers>, ports: &Option<Vec<Service>>| Statement {
        saying: Saying { peers: peers.clone(), ports: ports.clone() },
        origins: statement.origins.clone(),
    };
    peers.iter().flat_map(|peers| ports.iter().map(move |ports| piece(peers, ports))).collect()
}

/// Pieces of at most so many bytes, in the order of the list.
fn split_peers(peers: &Peers) -> Vec<Peers> {
    let room = RULES_MAX - SERVICES_MAX * SERVICE_BYTES;
    let mut pieces = vec![Peers::default()];
    let (mut bytes, mut count) = (0_usize, 0_usize);
    let blocks = peers.blocks.iter().map(|block| (block_bytes(&block.to_string()), Ok(*block)));
    let pods = peers.pods.iter().map(|pods| (pods_bytes(pods), Err(pods.clone())));
    for (size, item) in blocks.chain(pods) {
        if count > 0 && (bytes.saturating_add(size) > room || count >= PEERS_MAX) {
            pieces.push(Peers::default());
            (bytes, count) = (0, 0);
        }
        (bytes, count) = (bytes.saturating_add(size), count.saturating_add(1));
        if let Some(piece) = pieces.last_mut() {
            match item {
                Ok(block) => piece.blocks.push(block),
                Err(pods) => piece.pods.push(pods),
            }
        }
    }
    pieces
}

/// `{"endPort":65535,"port":65535,"protocol":"SCTP"},`
const SERVICE_BYTES: usize = 50;

fn block_bytes(block: &str) -> usize {
    "{\"ipBlock\":{\"cidr\":\"\"}},".len() + block.len()
}

fn pods_bytes(pods: &PodPeer) -> usize {
    // Each requirement takes less than this beside its own text.
    let requirement = "{\"key\":\"\",\"operator\":\"DoesNotExist\",\"values\":[]},".len();
    let requirements = pods.namespace_selector().tests().count().saturating_add(pods.pods.tests().count());
    let text = pods.to_string().len().saturating_mul(2).saturating_add(super::pods::NAMESPACE_NAME.len());
    text.saturating_add(requirement.saturating_mul(requirements.saturating_add(4)))
}

fn size(saying: &Saying) -> usize {
    let peers = saying.peers.as_ref().map_or(0, |peers| {
        let blocks: usize = peers.blocks.iter().map(|block| block_bytes(&block.to_string())).sum();
        blocks.saturating_add(peers.pods.iter().map(pods_bytes).sum())
    });
    let ports = saying.ports.as_ref().map_or(0, |ports| ports.len().saturating_mul(SERVICE_BYTES));
    "{\"ports\":[],\"from\":[]},".len().saturating_add(peers).saturating_add(ports)
}

fn peer_count(saying: &Saying) -> usize {
    saying.peers.as_ref().map_or(0, |peers| peers.blocks.len().saturating_add(peers.pods.len()))
}

fn ways(part: &Part<'_>) -> Vec<Way> {
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
    let last = range.filter(|range| range.first() != range.last()).map(|range| range.last());
    ServiceModel { protocol: service.protocol, first: range.map(|range| range.first()), last }
}

fn selector_model(selector: &Selector) -> SelectorModel {
    let mut model = SelectorModel { labels: Vec::new(), expressions: Vec::new() };
    for (key, test) in selector.tests() {
        if let Some(value) = test.single() {
            model.labels.push(Label { key: key.to_owned(), value: value.to_owned() });
            continue;
        }
        let mut ask = |operator, values: &BTreeSet<String>| {
            let values = values.iter().cloned().collect();
            model.expressions.push(Expression { key: key.to_owned(), operator, values });
        };
        match test {
            Test::In(values) => ask("In", values),
            Test::NotIn(values) => ask("NotIn", values),
            Test::Absent => ask("DoesNotExist", &BTreeSet::new()),
            Test::Present(not) => {
                ask("Exists", &BTreeSet::new());
                if !not.is_empty() {
                    ask("NotIn", not);
                }
            }
        }
    }
    model
}

fn label_models<'a>(labels: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<Label> {
    labels.map(|(key, value)| Label { key: key.clone(), value: value.clone() }).collect()
}

impl Object {
    /// The name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The namespace.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// No fewer bytes than the annotations take after `kubectl apply`, which adds the object as one of them.
    pub(super) fn apply_bytes(&self) -> usize {
        let annotations = self.annotations.iter().map(|annotation| {
            // Once as it is, once inside the JSON of the object.
            2 * annotation.key.len() + 8 + annotation.value.len() + json_bytes(&annotation.value)
        });
        let labels = self.pods.iter().map(|label| label.key.len() + label.value.len() + 8);
        let rules = self.ways.iter().flat_map(|way| &way.rules).map(RuleModel::bytes);
        let names = self.name.len() + self.namespace.len() + 1_000;
        annotations.chain(labels).chain(rules).sum::<usize>().saturating_add(names)
    }
}

/// The bytes of a text in JSON as Go writes it.
fn json_bytes(text: &str) -> usize {
    let escaped = |char: char| match char {
        '<' | '>' | '&' => 6,
        '"' | '\\' => 2,
        _ => char.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

impl RuleModel {
    fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block_bytes(block)).sum();
        let pods: usize =
            self.pods.iter().map(|pods| pods.namespaces.bytes().saturating_add(pods.pods.bytes())).sum();
        blocks
            .saturating_add(pods)
            .saturating_add(self.ports.len().saturating_mul(SERVICE_BYTES))
            .saturating_add(100)
    }
}

impl SelectorModel {
    fn bytes(&self) -> usize {
        let labels = self.labels.iter().map(|label| label.key.len() + label.value.len() + 8);
        let expressions = self.expressions.iter().map(|expression| {
            expression.key.len() + 80 + expression.values.iter().map(|value| value.len() + 3).sum::<usize>()
        });
        labels.chain(expressions).sum::<usize>().saturating_add(100)
    }
}
