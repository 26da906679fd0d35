//! Labels and selectors, read as the API server reads them.

use super::fields::{Path, Reader};
use super::names;
use super::selector::{Selector, Test};
use crate::syntax::yaml::{Kind, Node};
use std::collections::{BTreeMap, BTreeSet};

/// A selector; what is refused is left out.
pub(crate) fn read_selector(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Selector> {
    read_selector_of(reader, node, path, names::is_label_key)
}

/// A selector by labels whose keys are not all those of Kubernetes.
pub(crate) fn read_selector_of(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &Path<'_>,
    is_key: fn(&str) -> bool,
) -> Option<Selector> {
    let fields = reader.object(node, path, &["matchLabels", "matchExpressions"])?;
    let at = Path::Field(path, "matchLabels");
    let labels =
        fields.get("matchLabels").map(|node| labels_of(reader, node, &at, is_key)).unwrap_or_default();
    let mut selector = Selector::of_labels(&labels);
    let path = Path::Field(path, "matchExpressions");
    let items = fields.get("matchExpressions").and_then(|node| reader.list(node, &path)).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        if let Some((key, test)) = read_expression(reader, item, &Path::Item(&path, index), is_key) {
            selector.require(key, test);
        }
    }
    Some(selector)
}

fn read_expression(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &Path<'_>,
    is_key: fn(&str) -> bool,
) -> Option<(String, Test)> {
    let fields = reader.object(node, path, &["key", "operator", "values"])?;
    let key = reader.optional_text(fields, "key", path).unwrap_or_default();
    if !is_key(key) {
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
            reader.refuse(node.span, &at, format!("needed for `{operator}`"));
        }
        _ => {}
    }
    Some((key.to_owned(), test))
}

/// Labels, by key.
pub(crate) fn read_labels(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> BTreeMap<String, String> {
    labels_of(reader, node, path, names::is_label_key)
}

fn labels_of(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &Path<'_>,
    is_key: fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, value) in reader.entries(node, path).into_iter().flatten() {
        let Some(name) = reader.key(key, path) else { continue };
        if !is_key(name) {
            reader.refuse(key.span, path, format!("`{name}` is not a key of a label"));
        }
        // The API server reads `null` as the empty text.
        let is_null = value.kind == Kind::Null;
        let Some(text) = (if is_null { Some("") } else { reader.text(value, &Path::Field(path, name)) })
        else {
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
