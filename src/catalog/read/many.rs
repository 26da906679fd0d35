//! Lists and tables: at least one item, and none twice.

use super::{At, Document, Reader};
use crate::diag::{Code, Span};
use crate::packet::Prefix;
use crate::syntax::yaml::{Kind, Node};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// A list with at least one item, each of them once; items that could not be read are left out and reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<At<T>>);

impl<T: Document + PartialEq + fmt::Debug> Document for List<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Kind::Sequence(items) = &node.kind else {
            reader.wrong_kind(node, "a list");
            return None;
        };
        if items.is_empty() {
            let help = "an empty list could mean nothing or anything: remove the key, or list what is meant";
            reader.report(Code::CatalogEmpty, node.span, "the list is empty", Some(help.to_owned()));
            return None;
        }
        let mut list: Vec<At<T>> = Vec::with_capacity(items.len());
        // Where items that may be equal stand in the list, so that ten thousand are not each compared with all others.
        let mut alike: BTreeMap<Likeness, Vec<usize>> = BTreeMap::new();
        for node in items {
            let Some(item) = sound(reader, |reader| At::<T>::read(node, reader)) else { continue };
            let alike = alike.entry(likeness(node, &item.value)).or_default();
            if alike.iter().filter_map(|at| list.get(*at)).any(|earlier| earlier.value == item.value) {
                let text = reader.source.slice(item.span).to_owned();
                let message = format!("`{text}` stands in this list twice");
                reader.report(Code::CatalogDuplicate, item.span, message, None);
            } else {
                alike.push(list.len());
                list.push(item);
            }
        }
        Some(Self(list))
    }

    fn schema() -> Value {
        json!({"type": "array", "items": T::schema(), "minItems": 1, "uniqueItems": true})
    }
}

/// What equal values have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// The block that they are.
    Block(Prefix),
    /// How `Debug` spells them. Mappings hold the places of their parts, and equal ones begin at the same: they stand for
    /// one anchor.
    Text(String),
}

fn likeness<T: Document + fmt::Debug>(node: &Node, value: &T) -> Likeness {
    if let Some(block) = value.block() {
        return Likeness::Block(block);
    }
    Likeness::Text(match &node.kind {
        Kind::Mapping(entries) => {
            let start = entries.iter().map(|(_, part)| part.span.start).min();
            start.map(|start| start.to_string()).unwrap_or_default()
        }
        _ => format!("{value:?}"),
    })
}

/// What was read without any finding. A part with a finding is left out of the whole, so that the checks of how parts
/// fit together do not repeat in other words what was said of the part; the finding keeps the file from being used.
fn sound<T>(reader: &mut Reader, read: impl FnOnce(&mut Reader) -> Option<T>) -> Option<T> {
    let before = reader.findings.len();
    read(reader).filter(|_| reader.findings.len() == before)
}

/// Values under names of the user's choice, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<K: Ord, T>(pub BTreeMap<K, Named<T>>);

/// A value under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// Where the name stands.
    pub name_span: Span,
    /// The value.
    pub value: T,
}

impl<K: Document + Ord, T: Document> Document for Table<K, T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Kind::Mapping(entries) = &node.kind else {
            reader.wrong_kind(node, "a mapping");
            return None;
        };
        if entries.is_empty() {
            reader.report(Code::CatalogEmpty, node.span, "the mapping is empty", None);
            return None;
        }
        let mut table = BTreeMap::new();
        for (key, value) in entries {
            let name = K::read(&Node { span: key.span, kind: Kind::String(key.name.clone()) }, reader);
            let value = sound(reader, |reader| T::read(value, reader));
            if let (Some(name), Some(value)) = (name, value) {
                table.insert(name, Named { name_span: key.span, value });
            }
        }
        Some(Self(table))
    }

    fn schema() -> Value {
        json!({"type": "object", "propertyNames": K::schema(), "additionalProperties": T::schema(), "minProperties": 1})
    }
}
