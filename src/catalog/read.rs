//! Reading the tree of a file into types, and the JSON Schema of the same types.
//!
//! A type says in one place how it is read and what its schema is, so the two cannot drift apart. Every problem of a
//! file is reported in one run; a value that could not be read is `None` and its finding says why.

use crate::diag::{Code, Finding, Source, Span, suggest};
use crate::syntax::yaml::{Key, Kind, Node};
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
                let help = suggest(&key.name, known.iter().copied()).map_or_else(
                    || format!("the keys here are {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
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
}

/// A list with at least one item, each of them once; items that could not be read are left out and reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<At<T>>);

impl<T: Document + PartialEq> Document for List<T> {
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
        let sound: Vec<At<T>> =
            items.iter().filter_map(|item| sound(reader, |reader| At::read(item, reader))).collect();
        let mut list: Vec<At<T>> = Vec::with_capacity(sound.len());
        for item in sound {
            if list.iter().any(|earlier| earlier.value == item.value) {
                let text = reader.source.slice(item.span).to_owned();
                reader.report(
                    Code::CatalogDuplicate,
                    item.span,
                    format!("`{text}` stands in this list twice"),
                    None,
                );
            } else {
                list.push(item);
            }
        }
        Some(Self(list))
    }

    fn schema() -> Value {
        json!({"type": "array", "items": T::schema(), "minItems": 1, "uniqueItems": true})
    }
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
pub(crate) fn parsed<T, E: std::fmt::Display>(
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

/// A word of a closed set.
pub trait Word: Sized + Copy + 'static {
    /// All of them.
    const ALL: &'static [Self];
    /// The word in files.
    fn word(self) -> &'static str;
}

/// A word with a meaning of its own, or a value. It says that nothing, or everything, is meant: a key that is missing
/// or empty says neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Or<W, T> {
    /// The word.
    Word(W),
    /// The value.
    Given(T),
}

impl<W, T> Or<W, T> {
    /// The value, where it is no word.
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Word(_) => None,
            Self::Given(value) => Some(value),
        }
    }
}

impl<W: Word, T: Document> Document for Or<W, T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let words = || W::ALL.iter().map(|word| word.word());
        if let Some(text) = node.as_str() {
            if let Some(word) = W::ALL.iter().find(|word| word.word() == text) {
                return Some(Self::Word(*word));
            }
            if let Some(near) = suggest(text, words()) {
                let message = format!("`{text}` is not known here, did you mean `{near}`?");
                reader.report(Code::CatalogValue, node.span, message, None);
                return None;
            }
        }
        let before = reader.findings.len();
        let value = T::read(node, reader);
        for finding in reader.findings.iter_mut().skip(before) {
            if finding.help.is_none() && matches!(finding.code, Code::CatalogType | Code::CatalogValue) {
                finding.help = Some(format!("the word {} can stand here too", quoted(words())));
            } else if finding.code == Code::CatalogEmpty {
                finding.help = Some(format!("say {} when that is meant", quoted(words())));
            }
        }
        value.map(Self::Given)
    }

    fn schema() -> Value {
        let words: Vec<&str> = W::ALL.iter().map(|word| word.word()).collect();
        json!({"anyOf": [{"type": "string", "enum": words}, T::schema()]})
    }
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

/// Any value at all, to be read later.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw(pub Node);

impl Document for Raw {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.kind == Kind::Null {
            reader.wrong_kind(node, "a value");
            return None;
        }
        Some(Self(node.clone()))
    }

    fn schema() -> Value {
        json!({"not": {"type": "null"}})
    }
}

/// Declares a mapping with known keys: the struct, how it is read, and its schema.
macro_rules! document {
    ($(#[doc = $about:literal])* $name:ident {
        $($(#[doc = $doc:literal])* $need:ident $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])* pub $field: document!(@type $need $type),)*
        }

        impl $name {
            /// The keys, in the order of the schema.
            pub const KEYS: &'static [&'static str] = &[$($crate::catalog::read::key(stringify!($field))),*];
        }

        impl $crate::catalog::read::Document for $name {
            fn read(
                node: &$crate::syntax::yaml::Node,
                reader: &mut $crate::catalog::read::Reader,
            ) -> Option<Self> {
                let fields = reader.fields(node, Self::KEYS)?;
                // All fields are read before any is missed, so that every problem is reported.
                $(let $field =
                    fields.$need::<$type>($crate::catalog::read::key(stringify!($field)), reader);)*
                Some(Self { $($field: document!(@take $need $field)),* })
            }

            fn schema() -> serde_json::Value {
                let mut properties = serde_json::Map::new();
                let required: [Option<&str>; Self::KEYS.len()] = [$(document!(@require $need $field)),*];
                let required: Vec<&str> = required.into_iter().flatten().collect();
                $(
                    let property = <$type as $crate::catalog::read::Document>::schema();
                    let property = $crate::catalog::read::described(property, concat!($($doc),*).trim());
                    let key = $crate::catalog::read::key(stringify!($field));
                    properties.insert(key.to_owned(), property);
                )*
                serde_json::json!({
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                    "required": required,
                })
            }
        }
    };
    (@type required $type:ty) => { $crate::catalog::read::At<$type> };
    (@type optional $type:ty) => { Option<$crate::catalog::read::At<$type>> };
    (@take required $field:ident) => { $field? };
    (@take optional $field:ident) => { $field };
    (@require required $field:ident) => { Some($crate::catalog::read::key(stringify!($field))) };
    (@require optional $field:ident) => { None };
}

/// Declares a closed set of words: the enum, how it is read, and its schema.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $doc])* $variant,)*
        }

        impl $name {
            /// The word in files and reports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl $crate::catalog::read::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl $crate::catalog::read::Document for $name {
            fn read(
                node: &$crate::syntax::yaml::Node,
                reader: &mut $crate::catalog::read::Reader,
            ) -> Option<Self> {
                $crate::catalog::read::parsed(node, reader, "a word", |text| match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(match $crate::diag::suggest(text, [$($word),*]) {
                        Some(near) => format!("`{text}` is not known here, did you mean `{near}`?"),
                        None => format!("`{text}` is not one of {}", [$($word),*].join(", ")),
                    }),
                })
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({"type": "string", "enum": [$($word),*]})
            }
        }
    };
}

pub(crate) use {document, words};
