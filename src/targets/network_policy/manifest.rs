//! Manifests: the NetworkPolicy objects in a text, whatever else stands beside them.

use super::fields::{Fields, Path, Reader};
use super::labels;
use super::names;
use super::rules::{self, AllowRule};
use super::selector::Selector;
use crate::diag::{Code, Finding, Source, Span};
use crate::syntax::yaml::{self, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The group and version of the API whose NetworkPolicy this is.
pub(super) const API_VERSION: &str = "networking.k8s.io/v1";

/// The most bytes that all annotations of an object may have together, keys and values.
const ANNOTATIONS_MAX: usize = 262_144;

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
    /// How many objects of other kinds there are.
    pub(super) others: BTreeMap<String, usize>,
    /// What was refused, and what deserves a look.
    pub(super) findings: Vec<Finding>,
}

/// Reads all documents of a text, YAML or JSON, lists included.
pub(super) fn read(source: &Arc<Source>) -> Manifests {
    let documents = match yaml::parse(source, Code::ReadSyntax) {
        Ok(documents) => documents,
        Err(finding) => return Manifests { findings: vec![finding], ..Manifests::default() },
    };
    let mut all = Manifests::default();
    let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
    for document in &documents {
        read_object(&mut reader, document, &Path::Root, None, &mut all);
    }
    all.findings = reader.findings;
    all
}

/// Reads one object; in a typed list the items have the kind of the list.
fn read_object(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &Path<'_>,
    kind_of_list: Option<&str>,
    all: &mut Manifests,
) {
    if matches!(path, Path::Root) && node.kind == yaml::Kind::Null {
        return;
    }
    let (Some(_), version) = (reader.entries(node, path), text_of(node, "apiVersion")) else { return };
    let Some(kind) = text_of(node, "kind").or(kind_of_list) else {
        reader.refuse(node.span, path, "an object without `kind`");
        return;
    };
    match kind {
        "NetworkPolicy" => {
            let default = kind_of_list.map(|_| API_VERSION);
            match version.or(default) {
                Some(API_VERSION) => all.policies.extend(read_policy(reader, node, path)),
                Some(other)
                    if other.contains("k8s.io/")
                        || !other.contains('/')
                        || other.starts_with("extensions/") =>
                {
                    let place = node.get("apiVersion").map_or(node.span, |node| node.span);
                    reader.refuse(
                        place,
                        path,
                        format!("a NetworkPolicy of `{other}`, only `{API_VERSION}` exists"),
                    );
                }
                Some(other) => {
                    let group = other.split('/').next().unwrap_or_default();
                    *all.others.entry(format!("NetworkPolicy.{group}")).or_default() += 1;
                }
                None => reader.refuse(node.span, path, "a NetworkPolicy without `apiVersion`"),
            }
        }
        "List" | "NetworkPolicyList" => {
            let Some(fields) = reader.object(node, path, &["apiVersion", "kind", "metadata", "items"]) else {
                return;
            };
            let Some(items) = fields.written("items") else {
                reader.refuse(node.span, path, "a list without `items`");
                return;
            };
            let path = Path::Field(path, "items");
            let kind = (kind == "NetworkPolicyList").then_some("NetworkPolicy");
            // A list of nothing is `[]`, and `null` where the list was made by a program in Go.
            let is_null = items.kind == yaml::Kind::Null;
            for (index, item) in
                reader.list(items, &path).filter(|_| !is_null).into_iter().flatten().enumerate()
            {
                read_object(reader, item, &Path::Item(&path, index), kind, all);
            }
        }
        other => *all.others.entry(other.to_owned()).or_default() += 1,
    }
}

fn text_of<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str)
}

/// Reads a NetworkPolicy; `None` when anything of it was refused, for then it has no meaning.
fn read_policy(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Manifest> {
    let before = errors(reader);
    let fields = reader.object(node, path, &["apiVersion", "kind", "metadata", "spec", "status"])?;
    let Some(metadata) = fields.get("metadata") else {
        reader.refuse(node.span, path, "an object without `metadata`");
        return None;
    };
    let (name, namespace) = read_metadata(reader, metadata, &Path::Field(path, "metadata"))?;
    reader.namespace.clone_from(&namespace);
    // Without a `spec` the API server fills in everything, as it does for an empty one.
    let nothing = Node { span: node.span, kind: yaml::Kind::Null };
    let spec = fields.get("spec").unwrap_or(&nothing);
    let spec = rules::read_spec(reader, spec, &Path::Field(path, "spec"))?;
    let policy = Manifest {
        span: node.span,
        name,
        namespace,
        pods: spec.pods,
        egress: spec.egress,
        ingress: spec.ingress,
    };
    (errors(reader) == before).then_some(policy)
}

fn errors(reader: &Reader<'_>) -> usize {
    reader.findings.iter().filter(|finding| finding.is_error()).count()
}

/// The fields of an object's metadata, of which most are written by the API server.
const METADATA: [&str; 16] = [
    "annotations",
    "clusterName",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The name, which may be left to the API server, and the namespace.
fn read_metadata(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<(Option<String>, String)> {
    let fields = reader.object(node, path, &METADATA)?;
    let name = reader.optional_text(fields, "name", path).filter(|name| !name.is_empty());
    if let (Some(name), Some(place)) = (name, fields.get("name")) {
        if !names::is_object_name(name) {
            let why = format!(
                "`{name}` is not a name: RFC 1123, lower case, at most {} characters",
                names::OBJECT_NAME_MAX
            );
            reader.refuse(place.span, &Path::Field(path, "name"), why);
        }
    } else if reader.optional_text(fields, "generateName", path).is_none_or(str::is_empty) {
        reader.refuse(node.span, &Path::Field(path, "name"), "a name is needed");
    }
    let namespace = reader.optional_text(fields, "namespace", path).filter(|name| !name.is_empty());
    if let (Some(namespace), Some(place)) = (namespace, fields.get("namespace"))
        && !names::is_namespace(namespace)
    {
        let why = format!("`{namespace}` is not a name of a namespace");
        reader.refuse(place.span, &Path::Field(path, "namespace"), why);
    }
    check_labels(reader, fields, path);
    check_annotations(reader, fields, path);
    Some((name.map(str::to_owned), namespace.unwrap_or("default").to_owned()))
}

fn check_labels(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) {
    if let Some(labels) = fields.get("labels") {
        labels::read_labels(reader, labels, &Path::Field(path, "labels"));
    }
}

fn check_annotations(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) {
    let path = &Path::Field(path, "annotations");
    let Some(node) = fields.get("annotations") else { return };
    let mut bytes = 0_usize;
    for (key, value) in reader.entries(node, path).into_iter().flatten() {
        let Some(name) = reader.key(key, path) else { continue };
        // Keys of annotations are compared in lower case, unlike those of labels.
        if !names::is_label_key(&name.to_ascii_lowercase()) {
            reader.refuse(key.span, path, format!("`{name}` is not a key of an annotation"));
        }
        if value.kind != yaml::Kind::Null {
            let text = reader.text(value, &Path::Field(path, name)).unwrap_or_default();
            bytes = bytes.saturating_add(name.len()).saturating_add(text.len());
        }
    }
    if bytes > ANNOTATIONS_MAX {
        reader.refuse(node.span, path, format!("{bytes} bytes, at most {ANNOTATIONS_MAX} are allowed"));
    }
}
