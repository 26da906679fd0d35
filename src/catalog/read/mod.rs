//! Reading the tree of a file into types, and the JSON Schema of the same types.
//!
//! A type says in one place how it is read and what its schema is, so the two cannot drift apart. Every problem of a
//! file is reported in one run; a value that could not be read is `None` and its finding says why.

mod choice;
mod declare;
mod many;

pub use choice::{Or, Raw, Word};
pub(crate) use declare::{document, words};
pub use many::{List, Named, Table};

use crate::diag::{Code, Finding, Source, Span, suggest_or_list};
use crate::packet::Prefix;
use crate::syntax::yaml::{Key, Kind, Node};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// A value with the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands in its file.
    pub span: Span,
}

/// Collects what is wrong with one file.
#[derive(Debug)]
pub struct Reader {
    /// The file.
    pub source: Arc<Source>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Something that stands in a file: how it is read, and its JSON Schema.
pub trait Document: Sized {
    /// Reads it, or says why not.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;
    /// Its JSON Schema, draft 2020-12.
    fn schema() -> Value;
    /// The block of addresses that it is, if it is one.
    fn block(&self) -> Option<Prefix> {
        None
    }
}

impl Reader {
    /// A reader of that file.
    pub fn new(source: Arc<Source>) -> Self {
        Self { source, findings: Vec::new() }
    }

    /// Notes a problem at a place.
    pub fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: Option<String>) {
        let finding = Finding::new(code, message).at(&self.source, span);
        self.findings.push(match help {
            Some(help) => finding.help(help),
            None => finding,
        });
    }

    /// Notes that the node is not of the kind that is needed. Nothing at all is a finding of its own.
    pub fn wrong_kind(&mut self, node: &Node, needed: &str) {
        if node.kind == Kind::Null {
            let help = format!("write {needed}, or remove the key");
            self.report(
                Code::CatalogEmpty,
                node.span,
                format!("{needed} is needed, not nothing"),
                Some(help),
            );
        } else {
            let message = format!("{needed} is needed, not {}", node.kind.describe());
            self.report(Code::CatalogType, node.span, message, None);
        }
    }

    /// The entries of a mapping whose keys are all known.
    pub fn fields<'a>(&mut self, node: &'a Node, known: &[&str]) -> Option<Fields<'a>> {
        let Kind::Mapping(entries) = &node.kind else {
            self.wrong_kind(node, "a mapping");
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                let help = suggest_or_list(&key.name, "the keys here are", known.iter().copied());
                self.report(
                    Code::CatalogUnknownKey,
                    key.span,
                    format!("unknown key `{}`", key.name),
                    Some(help),
                );
            }
        }
        Some(Fields { span: entries.first().map_or(node.span, |(key, _)| key.span), entries })
    }
}

/// The entries of a mapping.
#[derive(Debug)]
pub struct Fields<'a> {
    span: Span,
    entries: &'a [(Key, Node)],
}

impl Fields<'_> {
    fn find(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The value of a key that may be left out.
    pub fn optional<T: Document>(&self, name: &str, reader: &mut Reader) -> Option<At<T>> {
        self.find(name).and_then(|node| At::read(node, reader))
    }

    /// The value of a key that must be there.
    pub fn required<T: Document>(&self, name: &str, reader: &mut Reader) -> Option<At<T>> {
        if self.find(name).is_none() {
            reader.report(
                Code::CatalogMissingKey,
                self.span,
                format!("the key `{name}` is missing here"),
                None,
            );
        }
        self.optional(name, reader)
    }
}

impl<T: Document> Document for At<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(|value| Self { value, span: node.span })
    }

    fn schema() -> Value {
        T::schema()
    }

    fn block(&self) -> Option<Prefix> {
        self.value.block()
    }
}

impl Document for bool {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        reader.wrong_kind(node, "`true` or `false`");
        None
    }

    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

/// Reads a text and parses it; a text that does not parse is a `catalog/value` finding.
pub(crate) fn parsed<T, E: fmt::Display>(
    node: &Node,
    reader: &mut Reader,
    needed: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let Some(text) = node.as_str() else {
        reader.wrong_kind(node, needed);
        return None;
    };
    parse(text).map_err(|error| reader.report(Code::CatalogValue, node.span, error.to_string(), None)).ok()
}

/// A schema with a description.
pub(crate) fn described(mut schema: Value, description: &str) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), description.into());
    }
    schema
}

/// The key that a field stands for: a field whose key is a word of Rust is written with `r#`.
pub(crate) const fn key(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}
