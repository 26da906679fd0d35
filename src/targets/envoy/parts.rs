//! Fields of Envoy's configuration, which are written with underscores or, as in JSON of protocol buffers, without.

use crate::syntax::yaml::{Kind, Node};

/// The value of a field; `null` is the same as no field.
pub(super) fn value<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.get(name).or_else(|| node.get(&camel(name))).filter(|node| node.kind != Kind::Null)
}

/// The text of a field.
pub(super) fn text_of(node: &Node, name: &str) -> Option<String> {
    value(node, name)?.as_str().map(str::to_owned)
}

/// The items of a list; none when it is no list.
pub(super) fn items(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::Sequence(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// `filter_chains` as `filterChains`.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut whole, part| {
        let mut chars = part.chars();
        whole.extend(chars.next().map(|char| char.to_ascii_uppercase()));
        whole.push_str(chars.as_str());
        whole
    })
}
