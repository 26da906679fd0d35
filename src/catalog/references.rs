//! Whether every name that a catalog refers to is defined in it.
//!
//! This looks at the tree and not at the types, so that a file with other mistakes is checked for these as well.

use super::read::Reader;
use crate::diag::{Code, Span, suggest};
use crate::syntax::yaml::{Kind, Node};
use std::collections::{BTreeMap, BTreeSet};

/// A key, and the table that it refers to.
type Reference = (&'static str, &'static str);

/// What an endpoint refers to.
const OF_ENDPOINT: [Reference; 10] = [
    ("used_by", "components"),
    ("from", "components"),
    ("to", "components"),
    ("feature", "features"),
    ("sources", "sources"),
    ("ip_fallback", "ip_sets"),
    ("addresses", "ip_sets"),
    ("hosts", "regions"),
    ("redirects_to", "endpoints"),
    ("supersedes", "endpoints"),
];
/// The same for what is implied.
const OF_NEED: [Reference; 2] = [("used_by", "components"), ("sources", "sources")];
/// The same for a component.
const OF_COMPONENT: [Reference; 2] = [("feature", "features"), ("variable", "variables")];
/// The same for dedicated addresses.
const OF_IP_SET: [Reference; 2] = [("endpoints", "endpoints"), ("sources", "sources")];
/// The same for the proxy.
const OF_PROXY: [Reference; 2] = [("applies_to", "components"), ("sources", "sources")];
/// The same for its charts.
const OF_CHART: [Reference; 1] = [("components", "components")];

/// The names that each table defines.
type Defined<'a> = BTreeMap<&'static str, Option<BTreeSet<&'a str>>>;

/// Reports every name that is not defined.
pub(super) fn check(root: &Node, reader: &mut Reader) {
    let all = [&OF_ENDPOINT[..], &OF_NEED, &OF_COMPONENT, &OF_IP_SET, &OF_PROXY, &OF_CHART].concat();
    let known: Defined<'_> = all.into_iter().map(|(_, table)| (table, defined(root, table))).collect();
    for (list, keys) in [("endpoints", OF_ENDPOINT.as_slice()), ("needs", OF_NEED.as_slice())] {
        for item in root.get(list).into_iter().flat_map(items) {
            check_keys(&known, item, keys, reader);
        }
    }
    for (table, keys) in [("components", OF_COMPONENT.as_slice()), ("ip_sets", OF_IP_SET.as_slice())] {
        if let Some(Kind::Mapping(entries)) = root.get(table).map(|node| &node.kind) {
            for (_, item) in entries {
                check_keys(&known, item, keys, reader);
            }
        }
    }
    if let Some(proxy) = root.get("proxy") {
        check_keys(&known, proxy, &OF_PROXY, reader);
        for chart in proxy.get("charts").into_iter().flat_map(items) {
            check_keys(&known, chart, &OF_CHART, reader);
        }
    }
}

fn check_keys(defined: &Defined<'_>, item: &Node, keys: &[Reference], reader: &mut Reader) {
    for (key, table) in keys {
        let Some(node) = item.get(key) else { continue };
        let Some(Some(known)) = defined.get(table) else { continue };
        for (name, span) in names(node) {
            if known.contains(name) {
                continue;
            }
            let help = suggest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let what = table.strip_suffix('s').unwrap_or(table);
            reader.report(Code::CatalogReference, span, format!("the {what} `{name}` is not defined"), help);
        }
    }
}

/// The names that a table or list defines. A table that is missing defines none, unless it must be there: then its
/// absence is told already.
fn defined<'a>(root: &'a Node, table: &str) -> Option<BTreeSet<&'a str>> {
    match root.get(table).map(|node| &node.kind) {
        Some(Kind::Mapping(entries)) => Some(entries.iter().map(|(key, _)| key.name.as_str()).collect()),
        Some(Kind::Sequence(items)) => {
            Some(items.iter().filter_map(|item| item.get("id")?.as_str()).collect())
        }
        Some(_) => None,
        None => matches!(table, "regions" | "variables" | "ip_sets").then(BTreeSet::new),
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::Sequence(items) => items,
        _ => &[],
    }
}

/// The names that a value refers to: a text, the texts of a list, the keys of a mapping.
fn names(node: &Node) -> Vec<(&str, Span)> {
    match &node.kind {
        Kind::String(text) => vec![(text.as_str(), node.span)],
        Kind::Sequence(items) => items.iter().filter_map(|item| Some((item.as_str()?, item.span))).collect(),
        Kind::Mapping(entries) => entries.iter().map(|(key, _)| (key.name.as_str(), key.span)).collect(),
        _ => Vec::new(),
    }
}
