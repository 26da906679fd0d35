//! Values that are marked as sensitive: they are not known, and no text that is shown holds them.
//!
//! Terraform's "JSON Output Format": `sensitive_values`, `before_sensitive` and `after_sensitive` have `true` where the
//! value of the same place is sensitive. A state file lists paths in `sensitive_attributes`.

use super::{Asked, File, entries, items};
use crate::diag::Span;
use crate::syntax::hcl::{Block, Kind, SENSITIVE, Value};
use crate::syntax::yaml::{self, Node};

/// Takes what is sensitive out of a resource. `when` tells which of its states an attribute is of, where they differ:
/// two values that are called the same count as the same value.
pub(super) fn conceal<'a>(
    file: &File<'_>,
    block: &mut Block,
    marks: Option<&Node>,
    when: impl Fn(&str) -> &'a str,
) {
    let address = block.address();
    let whole = marks.is_some_and(|marks| marks.kind == yaml::Kind::Bool(true));
    for (name, value) in &mut block.attributes {
        let path = format!("{address}.{name}");
        let end = format!("{SENSITIVE}{}{}", file.source.name(), when(name));
        if whole {
            value.kind = Kind::Unresolvable(format!("{path}{end}"));
        } else if let Some(marks) = marks.and_then(|marks| marks.get(name)) {
            within(value, marks, &path, &end);
        }
    }
}

/// Takes whole attributes out of a resource, as the paths of a state file lead to them.
pub(super) fn conceal_paths(file: &File<'_>, block: &mut Block, paths: Option<&Node>) {
    let address = block.address();
    for path in items(paths) {
        let name = items(Some(path)).first().and_then(|step| step.get("value")).and_then(Node::as_str);
        for (attribute, value) in &mut block.attributes {
            // A path that is not understood may lead anywhere.
            if name.is_none_or(|name| name == attribute) {
                let text = format!("{address}.{attribute}{SENSITIVE}{}", file.source.name());
                value.kind = Kind::Unresolvable(text);
            }
        }
    }
}

fn within(value: &mut Value, marks: &Node, path: &str, end: &str) {
    match (&marks.kind, &mut value.kind) {
        (yaml::Kind::Bool(true), kind) => *kind = Kind::Unresolvable(format!("{path}{end}")),
        (yaml::Kind::Sequence(marks), Kind::List(list)) => {
            for (at, (item, marks)) in list.iter_mut().zip(marks).enumerate() {
                within(item, marks, &format!("{path}[{at}]"), end);
            }
        }
        (yaml::Kind::Mapping(marks), Kind::Map(map)) => {
            for (key, marks) in marks {
                if let Some(item) = map.get_mut(&key.name) {
                    within(item, marks, &format!("{path}.{}", key.name), end);
                }
            }
        }
        _ => {}
    }
}

/// What of a text is not shown: all values but those of resources that are asked for, and of those what is sensitive.
pub(super) fn hidden(root: &Node, asked: Asked<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        // The configuration of a resource has expressions in the place of values; no place is in it.
        if text("type").is_some_and(|kind| asked.is_for(kind)) && node.get("expressions").is_none() {
            resource(node, &mut spans);
            continue;
        }
        match &node.kind {
            yaml::Kind::Sequence(items) => left.extend(items),
            yaml::Kind::Mapping(entries) => left.extend(entries.iter().map(|(_, node)| node)),
            yaml::Kind::Null | yaml::Kind::Bool(_) => {}
            yaml::Kind::Integer(_) | yaml::Kind::Float(_) | yaml::Kind::String(_) => spans.push(node.span),
        }
    }
    spans
}

/// What of a resource is sensitive, in any of the forms in which files hold resources.
fn resource(node: &Node, spans: &mut Vec<Span>) {
    let change = node.get("change");
    for (of, values, marks) in [
        (Some(node), "values", "sensitive_values"),
        (change, "before", "before_sensitive"),
        (change, "after", "after_sensitive"),
    ] {
        if let Some((values, marks)) = of.and_then(|of| of.get(values).zip(of.get(marks))) {
            marked(values, marks, spans);
        }
    }
    for instance in items(node.get("instances")) {
        let paths = items(instance.get("sensitive_attributes"));
        let names: Vec<Option<&str>> =
            paths.iter().map(|path| items(Some(path)).first()?.get("value").and_then(Node::as_str)).collect();
        for (key, value) in entries(instance.get("attributes")) {
            if names.iter().any(|name| name.is_none_or(|name| name == key.name)) {
                spans.push(value.span);
            }
        }
        // What a provider keeps for itself is opaque.
        spans.extend(instance.get("private").map(|private| private.span));
    }
}

fn marked(value: &Node, marks: &Node, spans: &mut Vec<Span>) {
    match (&marks.kind, &value.kind) {
        (yaml::Kind::Bool(true), _) => spans.push(value.span),
        (yaml::Kind::Sequence(marks), yaml::Kind::Sequence(list)) => {
            list.iter().zip(marks).for_each(|(item, marks)| marked(item, marks, spans));
        }
        (yaml::Kind::Mapping(marks), _) => {
            for (key, marks) in marks {
                value.get(&key.name).into_iter().for_each(|item| marked(item, marks, spans));
            }
        }
        _ => {}
    }
}
