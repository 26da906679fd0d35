//! The objects in a text, whatever kinds they are: documents of YAML or JSON, and the items of lists.

use super::fields::{Fields, Path, Reader};
use super::labels;
use super::names;
use crate::diag::Code;
use crate::syntax::yaml::{self, Kind, Node};

/// An object in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'n> {
    /// The object.
    pub(crate) node: &'n Node,
    /// Where it stands: in a list, below that.
    pub(crate) path: &'n Path<'n>,
    /// What it is; in a typed list, what the list is of.
    pub(crate) kind: &'n str,
    /// The group and version of its API. An item of a typed list may leave it out.
    pub(crate) version: Option<&'n str>,
    /// Whether it is an item of a typed list.
    pub(crate) is_item: bool,
}

impl Found<'_> {
    /// The kind with the group of its API, for messages: `NetworkPolicy.projectcalico.org`.
    pub(crate) fn full_kind(&self) -> String {
        let group = self.version.and_then(|version| version.split_once('/')).map(|(group, _)| group);
        group.map_or_else(|| self.kind.to_owned(), |group| format!("{}.{group}", self.kind))
    }
}

/// Visits every object of a text. `kinds` are those whose typed lists are opened, such as `NetworkPolicyList`.
pub(crate) fn each(
    reader: &mut Reader<'_>,
    kinds: &[&str],
    visit: &mut dyn FnMut(&mut Reader<'_>, Found<'_>),
) {
    let documents = match yaml::parse(reader.source, Code::ReadSyntax) {
        Ok(documents) => documents,
        Err(finding) => return reader.findings.push(finding),
    };
    for document in documents.iter().filter(|document| document.kind != Kind::Null) {
        object(reader, kinds, visit, document, &Path::Root, None);
    }
}

/// Visits one object, or the items of a list; in a typed list they have the kind of the list.
fn object(
    reader: &mut Reader<'_>,
    kinds: &[&str],
    visit: &mut dyn FnMut(&mut Reader<'_>, Found<'_>),
    node: &Node,
    path: &Path<'_>,
    kind_of_list: Option<&str>,
) {
    if reader.entries(node, path).is_none() {
        return;
    }
    let Some(kind) = text_of(node, "kind").or(kind_of_list) else {
        return reader.refuse(node.span, path, "an object without `kind`");
    };
    let item_kind = kind.strip_suffix("List").filter(|item| item.is_empty() || kinds.contains(item));
    let Some(item_kind) = item_kind else {
        let version = text_of(node, "apiVersion");
        return visit(reader, Found { node, path, kind, version, is_item: kind_of_list.is_some() });
    };
    let Some(fields) = reader.object(node, path, &["apiVersion", "kind", "metadata", "items"]) else {
        return;
    };
    let Some(items) = fields.written("items") else {
        return reader.refuse(node.span, path, "a list without `items`");
    };
    let path = Path::Field(path, "items");
    // A list of nothing is `[]`, and `null` where the list was made by a program in Go.
    let is_null = items.kind == Kind::Null;
    let items = reader.list(items, &path).filter(|_| !is_null).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let kind = Some(item_kind).filter(|kind| !kind.is_empty());
        object(reader, kinds, visit, item, &Path::Item(&path, index), kind);
    }
}

/// A text among the fields of an object.
pub(crate) fn text_of<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str)
}

/// The name of an object, which may be left to the API server, and its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// The name; `None` when the API server is to make one up.
    pub(crate) name: Option<String>,
    /// The namespace, `default` where none is said.
    pub(crate) namespace: String,
    /// The labels.
    pub(crate) labels: std::collections::BTreeMap<String, String>,
}

/// The most bytes that all annotations of an object may have together, keys and values.
const ANNOTATIONS_MAX: usize = 262_144;

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

/// Reads the `metadata` of an object.
pub(crate) fn read_metadata(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Metadata> {
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
    let labels = fields.get("labels");
    let labels = labels.map(|labels| labels::read_labels(reader, labels, &Path::Field(path, "labels")));
    check_annotations(reader, fields, path);
    Some(Metadata {
        name: name.map(str::to_owned),
        namespace: namespace.unwrap_or("default").to_owned(),
        labels: labels.unwrap_or_default(),
    })
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
        if value.kind != Kind::Null {
            let text = reader.text(value, &Path::Field(path, name)).unwrap_or_default();
            bytes = bytes.saturating_add(name.len()).saturating_add(text.len());
        }
    }
    if bytes > ANNOTATIONS_MAX {
        reader.refuse(node.span, path, format!("{bytes} bytes, at most {ANNOTATIONS_MAX} are allowed"));
    }
}
