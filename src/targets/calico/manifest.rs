//! Manifests: the policies of Calico in a text, whatever else stands beside them.

use super::entity;
use super::expression::{self, Asked};
use super::rules;
use super::sets::{self, Sets};
use crate::diag::{Code, Finding, Place, Source};
use crate::policy::{Direction, Unmodelled};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader};
use crate::syntax::kubernetes::objects::{self, Found};
use crate::syntax::kubernetes::pods::{NAMESPACE_NAME, Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::{Selector, Test};
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clusters::selecting::{Voice, Who};
use crate::targets::clusters::tiers::Step;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kinds of policies, the one of the whole cluster first.
pub(super) const KINDS: [&str; 2] = ["GlobalNetworkPolicy", "NetworkPolicy"];
/// What orders policies.
pub(super) const TIER: &str = "Tier";

/// A policy.
#[derive(Debug)]
pub(super) struct Policy {
    /// The tier.
    pub(super) tier: String,
    /// When it is tried among the policies of its tier; last when nothing is said.
    pub(super) order: Option<f64>,
    /// Its name.
    pub(super) name: String,
    /// What it says.
    pub(super) voices: Vec<Voice<Step>>,
    /// Where it stands.
    pub(super) place: Place,
}

/// A tier: when it is tried, and whether it denies what its policies do not decide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tier {
    /// When it is tried; last when nothing is said.
    pub(super) order: Option<f64>,
    /// Whether it denies the rest.
    pub(super) denies: bool,
}

/// What the texts hold.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// The policies.
    pub(super) policies: Vec<Policy>,
    /// The tiers that were given.
    pub(super) tiers: BTreeMap<String, Tier>,
    /// The kind, namespace and name of each policy, and where it stands.
    pub(super) names: Vec<([String; 3], Place)>,
    /// How many objects of other kinds there are.
    pub(super) others: BTreeMap<String, usize>,
    /// What was refused, and what deserves a look.
    pub(super) findings: Vec<Finding>,
}

/// Reads all documents of a text, YAML or JSON, lists included.
pub(super) fn read(source: &Arc<Source>, sets: &Sets, all: &mut Manifests) {
    let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
    let kinds = [KINDS[0], KINDS[1], sets::KINDS[0], sets::KINDS[1], TIER];
    objects::each(&mut reader, &kinds, &mut |reader, found| {
        let own = found.version.is_none_or(|version| version.contains("projectcalico.org/"));
        match found.kind {
            kind if own && KINDS.contains(&kind) => read_policy(reader, found, sets, all),
            TIER if own => all.tiers.extend(read_tier(reader, found)),
            kind if own && sets::KINDS.contains(&kind) => {}
            _ => *all.others.entry(found.full_kind()).or_default() += 1,
        }
    });
    all.findings.append(&mut reader.findings);
}

fn read_tier(reader: &mut Reader<'_>, found: Found<'_>) -> Option<(String, Tier)> {
    let fields = reader.object(found.node, found.path, &["apiVersion", "kind", "metadata", "spec"])?;
    let path = Path::Field(found.path, "metadata");
    let name = objects::read_metadata(reader, fields.get("metadata")?, &path)?.name?;
    let path = Path::Field(found.path, "spec");
    let nothing = Node { span: found.node.span, kind: Kind::Null };
    let spec = reader.object(fields.get("spec").unwrap_or(&nothing), &path, &["order", "defaultAction"])?;
    let denies = match reader.optional_text(spec, "defaultAction", &path) {
        None | Some("Deny") => true,
        Some("Pass") => false,
        Some(other) => {
            reader.refuse(found.node.span, &path, format!("`{other}` is neither `Deny` nor `Pass`"));
            true
        }
    };
    Some((name, Tier { order: order(reader, spec, &path), denies }))
}

fn order(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) -> Option<f64> {
    let node = fields.get("order")?;
    match node.kind {
        Kind::Integer(number) => {
            i32::try_from(number).ok().map(f64::from).or_else(|| number.to_string().parse().ok())
        }
        Kind::Float(number) => Some(number),
        _ => {
            reader.refuse(node.span, &Path::Field(path, "order"), "a number is needed");
            None
        }
    }
}

const SPEC: [&str; 13] = [
    "tier",
    "order",
    "selector",
    "serviceAccountSelector",
    "namespaceSelector",
    "types",
    "ingress",
    "egress",
    "doNotTrack",
    "preDNAT",
    "applyOnForward",
    "performanceHints",
    "stagedAction",
];

/// Reads a policy. When anything of it was refused it has no meaning.
fn read_policy(reader: &mut Reader<'_>, found: Found<'_>, sets: &Sets, all: &mut Manifests) {
    let before = reader.errors();
    let Found { node, path, kind, .. } = found;
    if found.version.is_none() && !found.is_item {
        reader.refuse(node.span, path, format!("a {kind} without `apiVersion`"));
    }
    let Some(fields) = reader.object(node, path, &["apiVersion", "kind", "metadata", "spec", "status"])
    else {
        return;
    };
    let Some(metadata) = fields.get("metadata") else {
        return reader.refuse(node.span, path, "an object without `metadata`");
    };
    let Some(metadata) = objects::read_metadata(reader, metadata, &Path::Field(path, "metadata")) else {
        return;
    };
    let own = (kind == KINDS[1]).then_some(metadata.namespace.as_str());
    let place = Place { source: Arc::clone(reader.source), span: node.span };
    let name = metadata.name.clone().unwrap_or_default();
    all.names.push(([kind.to_owned(), own.unwrap_or_default().to_owned(), name.clone()], place.clone()));
    let nothing = Node { span: node.span, kind: Kind::Null };
    let path = Path::Field(path, "spec");
    let Some(spec) = reader.object(fields.get("spec").unwrap_or(&nothing), &path, &SPEC) else { return };
    let who = subject(reader, spec, own, &path);
    let mut doubts = Vec::new();
    for field in ["doNotTrack", "preDNAT"] {
        if spec.get(field).is_some_and(|node| node.kind == Kind::Bool(true)) {
            let why = "it is tried before other policies, and for addresses of hosts only".to_owned();
            doubts.push(Unmodelled { text: format!("{field} of {name}"), why });
        }
    }
    let mut read = |field: &str, direction| {
        let path = Path::Field(&path, field);
        let items = spec.get(field).and_then(|node| reader.list(node, &path)).unwrap_or_default();
        let mut steps = Vec::new();
        for (index, item) in items.iter().enumerate() {
            steps.extend(rules::read(reader, item, direction, own, sets, &Path::Item(&path, index)));
        }
        for step in &mut steps {
            step.rule.unmodelled.extend(doubts.iter().cloned());
        }
        (items.is_empty(), steps)
    };
    let egress = read("egress", Direction::Egress);
    let ingress = read("ingress", Direction::Ingress);
    // <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy#spec>
    let types = types(reader, spec, &path).unwrap_or((!egress.0, !ingress.0 || egress.0));
    let mut voices = Vec::new();
    for (direction, speaks, (is_empty, steps)) in
        [(Direction::Egress, types.0, egress), (Direction::Ingress, types.1, ingress)]
    {
        if speaks {
            voices.push(Voice { who: who.clone(), direction, rules: steps, isolates: true, rank: 0 });
        } else if !is_empty {
            let what = format!("the rules for {direction} have no effect, because `types` does not name it");
            reader.find(Code::ReadIneffective, node.span, &path, what);
        }
    }
    let tier = reader.optional_text(spec, "tier", &path).filter(|tier| !tier.is_empty()).unwrap_or("default");
    let policy = Policy { tier: tier.to_owned(), order: order(reader, spec, &path), name, voices, place };
    if reader.errors() == before {
        all.policies.push(policy);
    }
}

/// Whether egress and ingress are named; `None` when the rules decide.
fn types(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) -> Option<(bool, bool)> {
    let path = Path::Field(path, "types");
    let node = fields.get("types")?;
    let mut named = (false, false);
    for (item, text) in reader.texts(node, &path) {
        match text {
            "Egress" => named.0 = true,
            "Ingress" => named.1 = true,
            other => reader.refuse(item.span, &path, format!("`{other}` is neither `Ingress` nor `Egress`")),
        }
    }
    (named.0 || named.1).then_some(named)
}

/// What a policy selects.
fn subject(reader: &mut Reader<'_>, fields: Fields<'_>, own: Option<&str>, path: &Path<'_>) -> Who {
    let mut text = |field| {
        let text = reader.optional_text(fields, field, path).filter(|text| !text.trim().is_empty())?;
        if expression::parse(text).is_none()
            && let Some(node) = fields.get(field)
        {
            reader.refuse(node.span, &Path::Field(path, field), format!("`{text}` is not a selector"));
        }
        Some(text)
    };
    let (selector, spaces, accounts) =
        (text("selector"), text("namespaceSelector"), text("serviceAccountSelector"));
    let plain = |text: Option<&str>| {
        text.is_none_or(|text| matches!(expression::parse(text), Some(Asked::Labels(_))))
    };
    if plain(selector) && plain(spaces) && accounts.is_none() {
        let peers = entity::pods(selector.unwrap_or("all()"), spaces, own);
        if let [peer] = peers.as_slice() {
            return Who::Pods(peer.clone());
        }
        // Several namespaces by name are one selection.
        let names = peers.iter().filter_map(|peer| match &peer.namespaces {
            Namespaces::Named(name) => Some(name.clone()),
            Namespaces::Selected(_) => None,
        });
        let mut namespaces = Selector::default();
        namespaces.require(NAMESPACE_NAME.to_owned(), Test::In(names.collect()));
        let pods = peers.first().map(|peer| peer.pods.clone()).unwrap_or_default();
        return Who::Pods(PodPeer { namespaces: Namespaces::Selected(namespaces), pods });
    }
    let parts = [own, spaces, selector, accounts.map(|_| "service accounts"), accounts];
    let parts: Vec<String> = parts.into_iter().flatten().map(entity::spelt).collect();
    Who::Other(format!("calico: {}", parts.join("; ")))
}
