//! Manifests: the policies of Cilium in a text, whatever else stands beside them.

use super::labels;
use super::peers::CidrGroups;
use super::rules::{self, Reading};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{AddrSet, Constraint, Set as _};
use crate::policy::{Action, Direction, Match, Origin, Rule, Traffic, Unmodelled};
use crate::syntax::kubernetes::block::{self, Block};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader};
use crate::syntax::kubernetes::labels::read_selector_of;
use crate::syntax::kubernetes::objects::{self, Found};
use crate::syntax::kubernetes::pods::{Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::Selector;
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clusters::selecting::{Voice, Who};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kinds that are read.
pub(super) const POLICY: &str = "CiliumNetworkPolicy";
/// The same for the whole cluster.
pub(super) const CLUSTERWIDE: &str = "CiliumClusterwideNetworkPolicy";
/// Lists of blocks that policies refer to.
pub(super) const CIDR_GROUP: &str = "CiliumCIDRGroup";

/// What the texts hold.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// What the policies say.
    pub(super) voices: Vec<Voice<Rule>>,
    /// The kind, namespace and name of each policy, and where it stands.
    pub(super) names: Vec<([String; 3], Place)>,
    /// How many objects of other kinds there are.
    pub(super) others: BTreeMap<String, usize>,
    /// Whether names are allowed somewhere, and whether Cilium looks into the DNS somewhere.
    pub(super) names_and_dns: (bool, bool),
    /// What was refused, and what deserves a look.
    pub(super) findings: Vec<Finding>,
}

/// The groups of blocks in some texts.
pub(super) fn cidr_groups(sources: &[Arc<Source>]) -> (CidrGroups, Vec<Finding>) {
    let (mut groups, mut findings) = (CidrGroups::new(), Vec::new());
    for source in sources.iter().filter(|source| source.text().contains(CIDR_GROUP)) {
        let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
        objects::each(&mut reader, &[CIDR_GROUP], &mut |reader, found| {
            if found.kind == CIDR_GROUP {
                groups.extend(cidr_group(reader, found));
            }
        });
        findings.append(&mut reader.findings);
    }
    (groups, findings)
}

fn cidr_group(reader: &mut Reader<'_>, found: Found<'_>) -> Option<(String, AddrSet)> {
    let fields = reader.object(found.node, found.path, &["apiVersion", "kind", "metadata", "spec"])?;
    let path = Path::Field(found.path, "metadata");
    let name = objects::read_metadata(reader, fields.get("metadata")?, &path)?.name?;
    let path = Path::Field(found.path, "spec");
    let spec = reader.object(fields.get("spec")?, &path, &["externalCIDRs"])?;
    let path = Path::Field(&path, "externalCIDRs");
    let mut blocks = Vec::new();
    for (item, text) in spec.get("externalCIDRs").map(|node| reader.texts(node, &path)).unwrap_or_default() {
        match block::network(text) {
            Some(allowed) => blocks.push(Block { allowed, except: Vec::new() }.addrs()),
            None => reader.refuse(item.span, &path, format!("`{text}` is not a valid CIDR")),
        }
    }
    Some((name, AddrSet::union_all(&blocks)))
}

/// Reads all documents of a text, YAML or JSON, lists included.
pub(super) fn read(source: &Arc<Source>, groups: &CidrGroups, all: &mut Manifests) {
    let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
    objects::each(&mut reader, &[POLICY, CLUSTERWIDE, CIDR_GROUP], &mut |reader, found| match found.kind {
        CIDR_GROUP => {}
        POLICY | CLUSTERWIDE if found.version.is_none_or(|version| version.starts_with("cilium.io/")) => {
            read_policy(reader, found, groups, all);
        }
        _ => *all.others.entry(found.full_kind()).or_default() += 1,
    });
    all.findings.append(&mut reader.findings);
}

/// Reads a policy. When anything of it was refused it has no meaning.
fn read_policy(reader: &mut Reader<'_>, found: Found<'_>, groups: &CidrGroups, all: &mut Manifests) {
    let (before, voices) = (reader.errors(), all.voices.len());
    let Found { node, path, kind, .. } = found;
    let known = ["apiVersion", "kind", "metadata", "spec", "specs", "status"];
    let Some(fields) = reader.object(node, path, &known) else { return };
    if found.version.is_none() && !found.is_item {
        reader.refuse(node.span, path, format!("a {kind} without `apiVersion`"));
    }
    if let Some(version) = found.version.filter(|version| *version != "cilium.io/v2") {
        reader.refuse(node.span, path, format!("a {kind} of `{version}`, only `cilium.io/v2` exists"));
    }
    let Some(metadata) = fields.get("metadata") else {
        return reader.refuse(node.span, path, "an object without `metadata`");
    };
    let Some(metadata) = objects::read_metadata(reader, metadata, &Path::Field(path, "metadata")) else {
        return;
    };
    let own = (kind == POLICY).then_some(metadata.namespace.as_str());
    let mut specs = 0_usize;
    if let Some(spec) = fields.get("spec") {
        specs = 1;
        read_spec(reader, spec, &Path::Field(path, "spec"), own, groups, all);
    }
    let at = Path::Field(path, "specs");
    let items = fields.get("specs").and_then(|node| reader.list(node, &at)).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        specs = specs.saturating_add(1);
        read_spec(reader, item, &Path::Item(&at, index), own, groups, all);
    }
    if specs == 0 {
        reader.refuse(node.span, path, "a policy without `spec`");
    }
    if reader.errors() > before {
        all.voices.truncate(voices);
    }
    if let Some(name) = metadata.name {
        let place = Place { source: Arc::clone(reader.source), span: node.span };
        all.names.push(([kind.to_owned(), own.unwrap_or_default().to_owned(), name], place));
    }
}

const SPEC: [&str; 10] = [
    "endpointSelector",
    "nodeSelector",
    "ingress",
    "ingressDeny",
    "egress",
    "egressDeny",
    "labels",
    "description",
    "enableDefaultDeny",
    "log",
];

fn read_spec(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &Path<'_>,
    own: Option<&str>,
    groups: &CidrGroups,
    all: &mut Manifests,
) {
    let Some(fields) = reader.object(node, path, &SPEC) else { return };
    let Some(who) = read_subject(reader, fields, node.span, own, path) else { return };
    let said = default_deny(reader, fields, path);
    for (direction, allow, deny) in
        [(Direction::Egress, "egress", "egressDeny"), (Direction::Ingress, "ingress", "ingressDeny")]
    {
        let (mut rules, mut count) = (Vec::new(), 0_usize);
        for (field, action) in [(deny, Action::Deny), (allow, Action::Allow)] {
            let path = Path::Field(path, field);
            let items = fields.get(field).and_then(|node| reader.list(node, &path)).unwrap_or_default();
            count = count.saturating_add(items.len());
            for (index, item) in items.iter().enumerate() {
                let reading = Reading { direction, action, own, groups };
                let read = rules::read(reader, item, reading, &Path::Item(&path, index));
                all.names_and_dns.0 |= read.names;
                all.names_and_dns.1 |= read.dns;
                rules.extend(read.rules);
                if let Some(requires) = read.requires {
                    rules.insert(0, doubtful(requires, reader, item.span));
                }
            }
        }
        let isolates = said(direction).unwrap_or(count > 0);
        if count > 0 || isolates {
            all.voices.push(Voice { who: who.clone(), direction, rules, isolates, rank: 0 });
        } else if let Some(node) = fields.written(allow) {
            let what = "nothing is allowed and nothing denied, for a list without rules has no effect";
            reader.find(Code::ReadIneffective, node.span, &Path::Field(path, allow), what);
        }
    }
}

/// A denial that may or may not hold, of everything.
fn doubtful(condition: Unmodelled, reader: &Reader<'_>, span: Span) -> Rule {
    Rule {
        action: Action::Deny,
        matches: Match { source: Constraint::Any, peer: Constraint::Any, transport: Constraint::Any },
        traffic: Traffic::New,
        unmodelled: vec![condition],
        origin: Origin::File(Place { source: Arc::clone(reader.source), span }),
    }
}

/// What a policy selects.
fn read_subject(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    span: Span,
    own: Option<&str>,
    path: &Path<'_>,
) -> Option<Who> {
    let mut selector = |field| {
        let node = fields.written(field).filter(|node| node.kind != Kind::Null)?;
        Some((node.span, read_selector_of(reader, node, &Path::Field(path, field), labels::is_key)))
    };
    match (selector("endpointSelector"), selector("nodeSelector")) {
        (Some((span, pods)), None) => {
            let peers = labels::peers(&pods?, own);
            let here = |peer: &PodPeer| own.is_none_or(|own| namespace(peer) == Some(own));
            let [peer] = peers.as_slice() else {
                reader.refuse(span, path, "`endpointSelector` names several namespaces");
                return None;
            };
            if !here(peer) {
                reader.refuse(
                    span,
                    path,
                    "`endpointSelector` names a namespace that is not the policy's own",
                );
                return None;
            }
            Some(Who::Pods(peer.clone()))
        }
        (None, Some((_, nodes))) if own.is_none() => nodes.map(|nodes| Who::Nodes(bare(&nodes))),
        (None, Some((span, _))) => {
            reader.refuse(span, path, format!("`nodeSelector` stands in a {CLUSTERWIDE} only"));
            None
        }
        (None, None) => {
            reader.refuse(span, path, "`endpointSelector` is needed");
            None
        }
        (Some(_), Some((span, _))) => {
            reader.refuse(span, path, "`nodeSelector` may not stand beside `endpointSelector`");
            None
        }
    }
}

fn namespace(peer: &PodPeer) -> Option<&str> {
    match &peer.namespaces {
        Namespaces::Named(name) => Some(name),
        Namespaces::Selected(_) => None,
    }
}

fn bare(selector: &Selector) -> Selector {
    let mut plain = Selector::default();
    for (key, test) in selector.tests() {
        plain.require(labels::bare(key).to_owned(), test.clone());
    }
    plain
}

/// What `enableDefaultDeny` says of each direction; `None` where the rules decide.
fn default_deny(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    path: &Path<'_>,
) -> impl Fn(Direction) -> Option<bool> + use<> {
    let path = Path::Field(path, "enableDefaultDeny");
    let fields = fields.get("enableDefaultDeny");
    let fields = fields.and_then(|node| reader.object(node, &path, &["egress", "ingress"]));
    let mut said = |field| {
        let node = fields?.get(field)?;
        if let Kind::Bool(on) = node.kind {
            return Some(on);
        }
        reader.refuse(node.span, &Path::Field(&path, field), "`true` or `false` is needed");
        None
    };
    let (egress, ingress) = (said("egress"), said("ingress"));
    move |direction| match direction {
        Direction::Egress => egress,
        Direction::Ingress => ingress,
    }
}
