//! What differs between two catalogs: `egressor/catalog-diff/v1`, for people, and for a comment on a pull request.

use super::Page;
use super::change::{Comparison, cut};
use super::diff_markdown::code;
use super::{DiffJson, diff_human, diff_markdown};
use crate::catalog::{EntryChange, EntryKind, FieldChange};
use crate::drift::Verdict;
use crate::syntax::text::one_line;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Two revisions of a catalog with all that reports tell of them.
#[derive(Debug, Clone, Copy)]
pub struct CatalogRevision<'a> {
    /// The entries that differ.
    pub entries: &'a [EntryChange],
    /// Whether entries that change without changing a packet are told in one line.
    pub summed: bool,
    /// What each changed endpoint does to the traffic, by id.
    pub effects: &'a BTreeMap<String, Verdict>,
    /// The traffic that differs.
    pub traffic: Comparison<'a>,
}

/// The document.
#[derive(Debug, Serialize)]
pub struct CatalogDiffJson<'a> {
    schema: &'static str,
    old: &'a str,
    new: &'a str,
    verdict: &'static str,
    entries: Vec<EntryJson<'a>>,
    traffic: DiffJson<'a>,
}

#[derive(Debug, Serialize)]
struct EntryJson<'a> {
    section: &'static str,
    id: &'a str,
    change: &'static str,
    /// What the entry alone does to the traffic, for an endpoint that both sides have.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
    fields: Vec<FieldJson<'a>>,
}

#[derive(Debug, Serialize)]
struct FieldJson<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
}

/// The fields that tell what an endpoint is, in this order.
const TELLING: [&str; 10] =
    ["direction", "host", "hosts", "hosts_all", "addresses", "cidrs", "ports", "from", "to", "purpose"];
/// The most characters of a value that are shown.
const MOST_OF_A_VALUE: usize = 160;
/// The most entries of a section that a comment lists.
const MOST_ENTRIES: usize = 60;

impl<'a> CatalogDiffJson<'a> {
    /// The document of two revisions.
    pub fn new(revision: &CatalogRevision<'a>) -> Self {
        let [old, new] = revision.traffic.sources;
        let entries = revision.entries.iter().map(|entry| EntryJson {
            section: entry.section,
            id: &entry.id,
            change: entry.kind.as_str(),
            effect: revision.effect(entry).map(Verdict::as_str),
            fields: entry.kind.fields().iter().map(FieldJson::from).collect(),
        });
        Self {
            schema: "egressor/catalog-diff/v1",
            old,
            new,
            verdict: revision.traffic.verdict().as_str(),
            entries: entries.collect(),
            traffic: DiffJson::new(&revision.traffic),
        }
    }
}

impl<'a> From<&'a FieldChange> for FieldJson<'a> {
    fn from(field: &'a FieldChange) -> Self {
        Self { field: &field.field, old: field.old.as_deref(), new: field.new.as_deref() }
    }
}

impl CatalogRevision<'_> {
    pub(super) fn effect(&self, entry: &EntryChange) -> Option<Verdict> {
        self.effects
            .get(&entry.id)
            .copied()
            .filter(|_| entry.section == "endpoints" && matches!(entry.kind, EntryKind::Changed(_)))
    }

    /// How many entries came, went and changed, in words.
    pub(super) fn summary(&self) -> String {
        let count = |kind: &str| self.entries.iter().filter(|entry| entry.kind.as_str() == kind).count();
        format!("{} added, {} removed, {} changed", count("added"), count("removed"), count("changed"))
    }

    /// The entries that change without changing a packet, in one line, where they are told so.
    pub(super) fn idle(&self) -> Option<String> {
        let idle: Vec<&EntryChange> = self.entries.iter().filter(|entry| self.is_idle(entry)).collect();
        let names: Vec<String> = idle.iter().map(|entry| one_line(&entry.id)).collect();
        let what = if idle.len() == 1 { "entry changes" } else { "entries change" };
        let line = || {
            format!(
                "{} {what} without changing a packet: {}",
                idle.len(),
                cut(&names.join(", "), MOST_OF_A_VALUE)
            )
        };
        (!idle.is_empty()).then(line)
    }

    fn is_idle(&self, entry: &EntryChange) -> bool {
        self.summed && self.effect(entry) == Some(Verdict::Equal)
    }

    pub(super) fn sections(&self) -> Vec<(&'static str, Vec<&EntryChange>)> {
        let mut sections: Vec<(&'static str, Vec<&EntryChange>)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| !self.is_idle(entry)) {
            match sections.last_mut().filter(|(section, _)| *section == entry.section) {
                Some((_, entries)) => entries.push(entry),
                None => sections.push((entry.section, vec![entry])),
            }
        }
        sections
    }
}

/// The report for people: entries first, then the traffic.
pub fn catalog_diff_human(revision: &CatalogRevision<'_>, page: impl Into<Page>) -> String {
    let page = page.into();
    // Writing to a string cannot fail.
    let mut text = format!("entries: {}\n", revision.summary());
    for (section, entries) in revision.sections() {
        let _ = writeln!(text, "\n{section}");
        for entry in entries {
            let _ = match &entry.kind {
                EntryKind::Added(fields) => {
                    writeln!(text, "  + {}  {}", one_line(&entry.id), telling(fields))
                }
                EntryKind::Removed(fields) => {
                    writeln!(text, "  - {}  {}", one_line(&entry.id), telling(fields))
                }
                EntryKind::Changed(_) => {
                    let effect = revision.effect(entry).map_or(String::new(), |effect| match effect {
                        Verdict::Equal => "  (the same traffic)".to_owned(),
                        other => format!("  ({other})"),
                    });
                    writeln!(text, "  ~ {}{effect}", one_line(&entry.id))
                }
            };
            if let EntryKind::Changed(fields) = &entry.kind {
                for field in fields {
                    let _ = writeln!(text, "      {}: {}", one_line(&field.field), change(field));
                }
            }
        }
    }
    if let Some(line) = revision.idle() {
        let _ = writeln!(text, "\n{line}");
    }
    let _ = write!(text, "\ntraffic\n{}", diff_human(&revision.traffic, page));
    text
}

/// The report as a comment: entries in a table, then the traffic.
pub fn catalog_diff_markdown(revision: &CatalogRevision<'_>) -> String {
    let mut text = format!("### Catalog: {}\n", revision.summary());
    for (section, entries) in revision.sections() {
        let _ = write!(text, "\n| {section} | change | what |\n|---|---|---|\n");
        for entry in entries.iter().take(MOST_ENTRIES) {
            let what = match &entry.kind {
                EntryKind::Added(fields) | EntryKind::Removed(fields) => code(&telling(fields)),
                EntryKind::Changed(fields) => {
                    let field = |field: &FieldChange| code(&format!("{}: {}", field.field, change(field)));
                    fields.iter().map(field).collect::<Vec<_>>().join("<br>")
                }
            };
            let effect = revision.effect(entry).map_or(String::new(), |effect| format!(", traffic {effect}"));
            let _ = writeln!(text, "| {} | {}{effect} | {what} |", code(&entry.id), entry.kind.as_str());
        }
        if let Some(more) = entries.len().checked_sub(MOST_ENTRIES).filter(|more| *more > 0) {
            let _ = writeln!(text, "\n… {more} more; `--format json` has all of them.");
        }
    }
    if let Some(line) = revision.idle() {
        let _ = writeln!(text, "\n{}", code(&line));
    }
    let _ = write!(text, "\n{}", diff_markdown(&revision.traffic));
    text
}

/// What an entry that came or went is, in a line.
pub(super) fn telling(fields: &[FieldChange]) -> String {
    let value = |name: &&str| {
        let field = fields.iter().find(|field| field.field == **name)?;
        field.new.as_deref().or(field.old.as_deref()).map(one_line)
    };
    let told: Vec<String> = TELLING
        .iter()
        .filter_map(|name| {
            let value = value(name)?;
            Some(match *name {
                "from" | "to" => format!("{name} {value}"),
                _ => value,
            })
        })
        .collect();
    cut(&told.join("; "), MOST_OF_A_VALUE)
}

/// From one value to another, in a line.
pub(super) fn change(field: &FieldChange) -> String {
    let value = |value: &Option<String>| {
        value.as_ref().map_or("(none)".to_owned(), |value| cut(&one_line(value), MOST_OF_A_VALUE))
    };
    format!("{} -> {}", value(&field.old), value(&field.new))
}
