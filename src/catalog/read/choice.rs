//! Words of closed sets, a word in the place of a value, and values that are read later.

use super::{Document, Reader};
use crate::diag::{Code, suggest};
use crate::syntax::yaml::{Kind, Node};
use serde_json::{Value, json};

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
