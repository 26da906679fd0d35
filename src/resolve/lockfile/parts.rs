//! Reading a sound lockfile entry by entry.
//!
//! The tree of a whole lockfile takes many times the memory of its text. So each feed and host is read by itself, and what is
//! odd about any of them is left to the reading of the whole, which knows the places and what to say.

use super::Lockfile;
use super::read::{entries, head};
use super::table::{Reader, Table};
use crate::diag::{Source, Span};
use std::sync::Arc;
use toml::de::DeTable;

/// The lockfile, when nothing about it is odd.
// INVARIANT: what this gives, the reading of the whole text gives too.
pub(super) fn in_parts(source: &Arc<Source>) -> Option<Lockfile> {
    let mut reader = Reader::new(source);
    let mut lock = Lockfile::default();
    let mut usual = None;
    for (at, part) in parts(source.text()).enumerate() {
        let (document, errors) = DeTable::parse_recoverable(part);
        if !errors.is_empty() {
            return None;
        }
        let root = Table { entries: document.get_ref(), what: "the lockfile", span: Span::default() };
        if at == 0 {
            // Entries that stand in the head are in a list of another kind, to which no others can be added.
            reader.only(root, &["version", "tried"]);
            usual = head(&mut reader, root)?.usual;
        } else {
            reader.only(root, &["feed", "host"]);
            entries(&mut reader, root, usual, &mut lock);
        }
        if !reader.findings.is_empty() {
            return None;
        }
    }
    Some(lock)
}

/// The text before the first entry, then each entry. Where such a line is no heading but part of a longer text, the part
/// before it has no end, which is an error in it.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut at = 0;
        let start = text.split_inclusive('\n').enumerate().find_map(|(line, content)| {
            let start = at;
            at += content.len();
            (line > 0 && matches!(content.trim_end(), "[[host]]" | "[[feed]]")).then_some(start)
        });
        let (part, left) = start.and_then(|start| text.split_at_checked(start)).unwrap_or((text, ""));
        rest = start.map(|_| left);
        Some(part)
    })
}
