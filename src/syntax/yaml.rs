//! YAML (and JSON, which it contains): a tree with a span on every node, and the quoting of a string.

use crate::diag::{Code, Finding, Source, Span};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Options, Spanned};
use std::fmt;
use std::sync::Arc;

/// A node with the place it was written at.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`; YAML 1.1's `yes` and `on` are strings here.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order they are written. Keys are texts and unique.
    Mapping(Vec<(Key, Node)>),
}

/// The key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub span: Span,
    /// The text.
    pub name: String,
}

impl Kind {
    /// The kind in words: `a list`, `a text`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::String(_) => "a text",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

impl Node {
    /// The value of a key, when this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text, when this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The documents of a text. A text that cannot be read gives one finding of the code and no documents.
pub fn parse(source: &Arc<Source>, code: Code) -> Result<Vec<Node>, Finding> {
    let options = options();
    match serde_saphyr::from_multiple_with_options::<Raw>(source.text(), options) {
        Ok(documents) => Ok(documents.into_iter().map(Raw::into_node).collect()),
        Err(error) => Err(finding(source, code, &error)),
    }
}

/// Limits that a real catalog of 100,000 endpoints stays within and an exploding one does not.
fn options() -> Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        budget: serde_saphyr::budget! {
            max_nodes: 8_000_000,
            max_events: 16_000_000,
            max_documents: 100_000,
        },
    }
}

fn finding(source: &Arc<Source>, code: Code, error: &serde_saphyr::Error) -> Finding {
    let bare = error.without_snippet();
    let message = crate::syntax::text::one_line(&bare.to_string());
    let finding = Finding::new(code, message);
    match error.location() {
        Some(location) => finding.at(source, span(location.span())),
        None => finding,
    }
}

/// The reader counts characters beside bytes; spans here are bytes.
fn span(span: serde_saphyr::Span) -> Span {
    let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let start = bytes(span.byte_offset().unwrap_or_else(|| span.offset()));
    Span::new(start, start.saturating_add(bytes(span.byte_len().unwrap_or_else(|| span.len()))))
}

/// A node as it is read, its span still in characters.
struct Raw(Spanned<RawKind>);

enum RawKind {
    Scalar(Kind),
    Sequence(Vec<Raw>),
    Mapping(Vec<(Spanned<String>, Raw)>),
}

impl Raw {
    fn into_node(self) -> Node {
        let place = span(self.0.referenced.span());
        let kind = match self.0.value {
            RawKind::Scalar(kind) => kind,
            RawKind::Sequence(items) => {
                Kind::Sequence(items.into_iter().map(Self::into_node).collect())
            }
            RawKind::Mapping(entries) => Kind::Mapping(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let key = Key { span: span(key.referenced.span()), name: key.value };
                        (key, value.into_node())
                    })
                    .collect(),
            ),
        };
        Node { span: place, kind }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<RawKind>::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for RawKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = RawKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Null))
    }

    fn visit_none<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawKind, D::Error> {
        RawKind::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Integer(value.into())))
    }

    fn visit_i128<E>(self, value: i128) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Integer(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Kind::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawKind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(RawKind::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawKind, A::Error> {
        let mut entries: Vec<(Spanned<String>, Raw)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            if !seen.insert(key.value.clone()) {
                return Err(A::Error::custom(format!("the key `{}` stands here twice", key.value)));
            }
            entries.push((key, access.next_value()?));
        }
        Ok(RawKind::Mapping(entries))
    }
}

/// The text as a double-quoted YAML string, quotes included. JSON's escapes are a subset of YAML's.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            ' '..='~' => quoted.push(char),
            _ if u32::from(char) <= 0xFFFF => quoted.push_str(&format!("\\u{:04X}", u32::from(char))),
            _ => quoted.push_str(&format!("\\U{:08X}", u32::from(char))),
        }
    }
    quoted.push('"');
    quoted
}
