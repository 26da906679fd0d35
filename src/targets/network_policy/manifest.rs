//! Manifests: the NetworkPolicy objects in a text, whatever else stands beside them.

use super::admin;
use super::rules::{self, AllowRule};
use crate::diag::{Finding, Source, Span};
use crate::syntax::kubernetes::fields::{Path, Reader};
use crate::syntax::kubernetes::objects::{self, Found};
use crate::syntax::kubernetes::selector::Selector;
use crate::syntax::yaml::{self, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The group and version of the API whose NetworkPolicy this is.
pub(super) const API_VERSION: &str = "networking.k8s.io/v1";

/// A NetworkPolicy with the defaults of the API server filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Where the object stands.
    pub(super) span: Span,
    /// Its name; `None` when the API server is to make one up.
    pub(super) name: Option<String>,
    /// Its namespace.
    pub(super) namespace: String,
    /// The pods that it is about.
    pub(super) pods: Selector,
    /// What may leave them; `None` when the policy does not speak of it.
    pub(super) egress: Option<Vec<AllowRule>>,
    /// What may reach them; `None` when the policy does not speak of it.
    pub(super) ingress: Option<Vec<AllowRule>>,
}

/// What a text holds.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// The policies.
    pub(super) policies: Vec<Manifest>,
    /// Those of the cluster's administrator.
    pub(super) admin: Vec<admin::Manifest>,
    /// How many objects of other kinds there are.
    pub(super) others: BTreeMap<String, usize>,
    /// What was refused, and what deserves a look.
    pub(super) findings: Vec<Finding>,
}

/// Reads all documents of a text, YAML or JSON, lists included.
pub(super) fn read(source: &Arc<Source>) -> Manifests {
    let mut all = Manifests::default();
    let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
    let kinds = ["NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"];
    objects::each(&mut reader, &kinds, &mut |reader, found| read_object(reader, found, &mut all));
    all.findings = reader.findings;
    all
}

fn read_object(reader: &mut Reader<'_>, found: Found<'_>, all: &mut Manifests) {
    if admin::read::is_ours(&found) {
        all.admin.extend(admin::read::read(reader, &found));
        return;
    }
    let Found { node, path, .. } = found;
    if found.kind != "NetworkPolicy" {
        *all.others.entry(found.kind.to_owned()).or_default() += 1;
        return;
    }
    match found.version.or(found.is_item.then_some(API_VERSION)) {
        Some(API_VERSION) => all.policies.extend(read_policy(reader, node, path)),
        Some(other)
            if other.contains("k8s.io/") || !other.contains('/') || other.starts_with("extensions/") =>
        {
            let place = node.get("apiVersion").map_or(node.span, |node| node.span);
            reader.refuse(place, path, format!("a NetworkPolicy of `{other}`, only `{API_VERSION}` exists"));
        }
        Some(_) => *all.others.entry(found.full_kind()).or_default() += 1,
        None => reader.refuse(node.span, path, "a NetworkPolicy without `apiVersion`"),
    }
}

/// Reads a NetworkPolicy; `None` when anything of it was refused, for then it has no meaning.
fn read_policy(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Manifest> {
    let before = errors(reader);
    let fields = reader.object(node, path, &["apiVersion", "kind", "metadata", "spec", "status"])?;
    let Some(metadata) = fields.get("metadata") else {
        reader.refuse(node.span, path, "an object without `metadata`");
        return None;
    };
    let metadata = objects::read_metadata(reader, metadata, &Path::Field(path, "metadata"))?;
    reader.namespace.clone_from(&metadata.namespace);
    // Without a `spec` the API server fills in everything, as it does for an empty one.
    let nothing = Node { span: node.span, kind: yaml::Kind::Null };
    let spec = fields.get("spec").unwrap_or(&nothing);
    let spec = rules::read_spec(reader, spec, &Path::Field(path, "spec"))?;
    let policy = Manifest {
        span: node.span,
        name: metadata.name,
        namespace: metadata.namespace,
        pods: spec.pods,
        egress: spec.egress,
        ingress: spec.ingress,
    };
    (errors(reader) == before).then_some(policy)
}

fn errors(reader: &Reader<'_>) -> usize {
    reader.findings.iter().filter(|finding| finding.is_error()).count()
}
