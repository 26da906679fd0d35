//! What differs between two catalogs as documents: entries that came, went, or changed field by field.

use super::Catalog;
use crate::diag::{Code, mask_secrets};
use crate::syntax::yaml::{Kind, Node, parse};
use std::collections::BTreeMap;

/// One entry of a catalog that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChange {
    /// The key of the catalog under which it stands, such as `endpoints`; `catalog` for what stands at the top.
    pub section: &'static str,
    /// Its id.
    pub id: String,
    /// How it differs.
    pub kind: EntryKind,
}

/// How an entry differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// Only the new catalog has it, with these fields.
    Added(Vec<FieldChange>),
    /// Only the old catalog has it, with these fields.
    Removed(Vec<FieldChange>),
    /// Both have it, and these fields differ.
    Changed(Vec<FieldChange>),
}

/// A field of an entry on either side; a side that does not have it has `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The key.
    pub field: String,
    /// The old value in words, without secrets.
    pub old: Option<String>,
    /// The new value in words, without secrets.
    pub new: Option<String>,
}

/// The sections whose entries have ids, in the order in which they are told.
const SECTIONS: [&str; 8] =
    ["endpoints", "ip_sets", "components", "needs", "regions", "features", "variables", "sources"];

impl EntryKind {
    /// The fields.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Added(fields) | Self::Removed(fields) | Self::Changed(fields) => fields,
        }
    }

    /// The word that JSON sees.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Removed(_) => "removed",
            Self::Changed(_) => "changed",
        }
    }
}

/// Every entry that differs, by section and id. `listed` tells for each side which of its endpoints count.
///
/// Where the order of keys and items says nothing, a change of it is none.
pub fn compare(
    old: (&Catalog, &dyn Fn(&str) -> bool),
    new: (&Catalog, &dyn Fn(&str) -> bool),
) -> Vec<EntryChange> {
    let (Some(old_tree), Some(new_tree)) = (tree(old.0), tree(new.0)) else { return Vec::new() };
    let mut changes = Vec::new();
    for section in SECTIONS {
        let of_side = |tree: &Node, listed: &dyn Fn(&str) -> bool| {
            let mut entries = entries(tree.get(section));
            entries.retain(|id, _| section != "endpoints" || listed(id));
            entries
        };
        changes.extend(differing(section, &of_side(&old_tree, old.1), &of_side(&new_tree, new.1)));
    }
    let top = |tree: &Node| {
        let mut fields = fields(tree);
        fields.retain(|key, _| !SECTIONS.contains(&key.as_str()));
        fields
    };
    let fields = changed(&top(&old_tree), &top(&new_tree));
    if !fields.is_empty() {
        let id = new.0.id().to_owned();
        changes.push(EntryChange { section: "catalog", id, kind: EntryKind::Changed(fields) });
    }
    changes
}

/// The tree of a catalog's file. It was read before, so it parses.
fn tree(catalog: &Catalog) -> Option<Node> {
    parse(&catalog.source, Code::CatalogSyntax).ok()?.into_iter().next()
}

type Fields = BTreeMap<String, Node>;

/// The entries of a section by id: items of a list that name theirs, or values of a table under theirs.
fn entries(section: Option<&Node>) -> BTreeMap<String, Fields> {
    match section.map(|section| &section.kind) {
        Some(Kind::Sequence(items)) => {
            let entry = |item: &Node| Some((item.get("id")?.as_str()?.to_owned(), fields(item)));
            items.iter().filter_map(entry).collect()
        }
        Some(Kind::Mapping(table)) => {
            table.iter().map(|(key, item)| (key.name.clone(), fields(item))).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn fields(node: &Node) -> Fields {
    match &node.kind {
        Kind::Mapping(entries) => {
            let known = entries.iter().filter(|(key, _)| key.name != "id");
            known.map(|(key, value)| (key.name.clone(), value.clone())).collect()
        }
        _ => Fields::new(),
    }
}

fn differing(
    section: &'static str,
    old: &BTreeMap<String, Fields>,
    new: &BTreeMap<String, Fields>,
) -> Vec<EntryChange> {
    let mut ids: Vec<&String> = old.keys().chain(new.keys()).collect();
    ids.sort();
    ids.dedup();
    let none = Fields::new();
    let change = |id: &String| {
        let kind = match (old.get(id), new.get(id)) {
            (None, Some(entry)) => EntryKind::Added(changed(&none, entry)),
            (Some(entry), None) => EntryKind::Removed(changed(entry, &none)),
            (Some(old), Some(new)) => {
                EntryKind::Changed(Some(changed(old, new)).filter(|fields| !fields.is_empty())?)
            }
            (None, None) => return None,
        };
        Some(EntryChange { section, id: id.clone(), kind })
    };
    ids.into_iter().filter_map(change).collect()
}

/// The fields that differ, in the order of their keys.
fn changed(old: &Fields, new: &Fields) -> Vec<FieldChange> {
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let differs = |key: &&&String| old.get(**key).map(Node::canonical) != new.get(**key).map(Node::canonical);
    keys.iter()
        .filter(differs)
        .map(|key| {
            let words = |fields: &Fields| fields.get(*key).map(|value| mask_secrets(&in_words(value)));
            FieldChange { field: (*key).clone(), old: words(old), new: words(new) }
        })
        .collect()
}

/// A value as a person writes it.
fn in_words(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Integer(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        Kind::String(text) => text.clone(),
        Kind::Sequence(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Kind::Mapping(entries) => {
            let entry = |(key, value): &(_, Node)| -> String {
                let key: &crate::syntax::yaml::Key = key;
                format!("{}: {}", key.name, in_words(value))
            };
            entries.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
    }
}
