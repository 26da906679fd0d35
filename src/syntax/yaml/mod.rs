//! YAML (and JSON, which it contains): a tree with a span on every node, and the quoting of a string.

mod plain;

use crate::diag::{Code, Finding, Source, Span, bound, concealed};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Options, Spanned};
use std::fmt::{self, Write as _};
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

impl Node {
    /// The tree as text in one form, whatever the order of keys and list items and however it was written. Two files
    /// that say the same, where order says nothing, have the same text.
    pub fn canonical(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(value) => value.to_string(),
            Kind::Integer(value) => value.to_string(),
            Kind::Float(value) => value.to_string(),
            Kind::String(text) => quote(text),
            Kind::Sequence(items) => {
                let mut items: Vec<String> = items.iter().map(Self::canonical).collect();
                items.sort();
                format!("[{}]", items.join(","))
            }
            Kind::Mapping(entries) => {
                let entry = |(key, node): &(Key, Self)| format!("{}:{}", quote(&key.name), node.canonical());
                let mut entries: Vec<String> = entries.iter().map(entry).collect();
                entries.sort();
                format!("{{{}}}", entries.join(","))
            }
        }
    }
}

/// The documents of a text. A text that cannot be read gives one finding of the code and no documents.
pub fn parse(source: &Arc<Source>, code: Code) -> Result<Vec<Node>, Finding> {
    match plain::parse(source.text()) {
        Some(documents) => Ok(documents),
        None => whole(source, code),
    }
}

/// The documents of any text.
fn whole(source: &Arc<Source>, code: Code) -> Result<Vec<Node>, Finding> {
    serde_saphyr::from_multiple_with_options::<Node>(source.text(), options())
        .map_err(|error| finding(source, code, &error))
}

/// Limits that a real catalog of 100,000 endpoints stays within and an exploding one does not.
fn options() -> Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        budget: serde_saphyr::budget! {
            max_nodes: bound::of(4_000_000),
            max_events: bound::of(8_000_000),
            max_documents: bound::of(100_000),
            // A list of objects as `kubectl get` prints it has 20 levels. Each takes 32 kB of stack without optimisation.
            max_depth: 48,
            max_recorded_anchor_events: bound::of(200_000),
            // One anchor that thousands of entries share is honest; what it stands for is limited by the nodes.
            enforce_alias_anchor_ratio: false,
            max_aliases: bound::of(1_000_000),
            max_merge_keys: bound::of(1_000_000),
        },
    }
}

/// What is said of a key that stands there already.
const TWICE: &str = " stands here twice";

fn finding(source: &Arc<Source>, code: Code, error: &serde_saphyr::Error) -> Finding {
    let message = crate::syntax::text::one_line(&error.without_snippet().to_string());
    let said = without_place(&message);
    let raisable = message.starts_with("budget breached: ") && said != TOO_DEEP;
    let mut finding = Finding::new(code, said);
    let is_twice = finding.message.ends_with(TWICE);
    finding.help = if raisable {
        Some(bound::FLAG.to_owned())
    } else {
        is_twice.then(|| "remove one of the two".to_owned())
    };
    match error.location() {
        Some(location) => {
            // What could not be read may hold secrets wherever it likes, unless it is a file of ours: there they are
            // known by their keys.
            let is_ours = code == Code::CatalogSyntax && source.text().contains("schema: egressor/");
            let shown = if is_ours { Arc::clone(source) } else { concealed(source) };
            finding.at(&shown, span(location.span()))
        }
        None => finding,
    }
}

/// The message without the line and column at its end, and without words that are about programs in Rust.
fn without_place(message: &str) -> String {
    let message = message.split_once(" at line ").map_or(message, |(message, _)| message);
    let limit = message.strip_prefix("budget breached: ");
    let twice = message.strip_prefix("duplicate mapping key: ").and_then(|rest| rest.split_once(", set "));
    if let Some((key, _)) = twice {
        return format!("the key `{key}`{TWICE}");
    }
    match limit {
        Some(limit) if limit.starts_with("Depth") => TOO_DEEP.to_owned(),
        Some(limit) if limit.contains("Anchor") || limit.contains("Alias") => {
            "anchors and aliases stand for too much text".to_owned()
        }
        Some(limit) => format!("there is too much text: {limit}"),
        None if message == "recursion limit exceeded" => TOO_DEEP.to_owned(),
        None if message.contains("Option<") => "a key without a name".to_owned(),
        None => message.to_owned(),
    }
}

const TOO_DEEP: &str = "lists and mappings are nested too deeply";

/// The reader counts characters beside bytes; spans here are bytes.
fn span(span: serde_saphyr::Span) -> Span {
    let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let start = bytes(span.byte_offset().unwrap_or_else(|| span.offset()));
    Span::new(start, start.saturating_add(bytes(span.byte_len().unwrap_or_else(|| span.len()))))
}

/// What is read of a node before its place is known. Its parts are whole nodes already, so that no second tree is held.
struct Read(Kind);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value: Read(kind), referenced, .. } = Spanned::<Read>::deserialize(deserializer)?;
        let place = span(referenced.span());
        // The reader gives a list or mapping the place of its first character; it reaches to the end of its last part.
        let end = match &kind {
            Kind::Sequence(items) => items.last().map(|item| item.span.end),
            Kind::Mapping(entries) => entries.last().map(|(key, value)| value.span.end.max(key.span.end)),
            Kind::Null | Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) | Kind::String(_) => None,
        };
        Ok(Self { span: Span::new(place.start, end.map_or(place.end, |end| end.max(place.end))), kind })
    }
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read(Kind::Null))
    }

    fn visit_none<E>(self) -> Result<Read, E> {
        Ok(Read(Kind::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        Read::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Read, E> {
        Ok(Read(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Read, E> {
        Ok(Read(Kind::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Read, E> {
        Ok(Read(Kind::Integer(value.into())))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Read, E> {
        Ok(Read(Kind::Integer(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Read, E> {
        Ok(Read(Kind::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Read, E> {
        Ok(Read(Kind::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Read, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        items.shrink_to_fit();
        Ok(Read(Kind::Sequence(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Read, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            if !seen.insert(key.value.clone()) {
                return Err(A::Error::custom(format!("the key `{}` stands here twice", key.value)));
            }
            let key = Key { span: span(key.referenced.span()), name: key.value };
            entries.push((key, access.next_value()?));
        }
        entries.shrink_to_fit();
        Ok(Read(Kind::Mapping(entries)))
    }
}

/// The text as a double-quoted YAML string, quotes included. JSON's escapes are a subset of YAML's.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        quoted.push_str(text);
        quoted.push('"');
        return quoted;
    }
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            ' '..='~' => quoted.push(char),
            // Writing to a string cannot fail.
            _ if u32::from(char) <= 0xFFFF => drop(write!(quoted, "\\u{:04X}", u32::from(char))),
            _ => drop(write!(quoted, "\\U{:08X}", u32::from(char))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
