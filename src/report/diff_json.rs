//! What differs, as JSON: `egressor/diff/v1`.

use super::change::{Comparison, witness};
use super::{FindingJson, OriginJson, RowJson};
use crate::drift::{Change, Effect, ScopeDrift};
use serde::Serialize;

/// The document for a comparison.
#[derive(Debug, Serialize)]
pub struct DiffJson<'a> {
    schema: &'static str,
    verdict: &'static str,
    scopes: Vec<ScopeJson<'a>>,
    rewritten_rules: usize,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ScopeJson<'a> {
    scope: &'a str,
    /// The name of the new scope, where it has another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_scope: Option<&'a str>,
    direction: &'static str,
    verdict: &'static str,
    added: Vec<ChangeJson>,
    removed: Vec<ChangeJson>,
    unknown: Vec<ChangeJson>,
    unmodelled: Vec<UnmodelledJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ChangeJson {
    #[serde(flatten)]
    row: RowJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<String>,
}

#[derive(Debug, Serialize)]
struct UnmodelledJson<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    why: &'a str,
}

impl<'a> DiffJson<'a> {
    /// The document of a comparison.
    pub fn new(comparison: &Comparison<'a>) -> Self {
        let scopes = comparison.drift.scopes.iter().map(|scope| ScopeJson::new(scope, comparison.witness));
        Self {
            schema: "egressor/diff/v1",
            verdict: comparison.verdict().as_str(),
            scopes: scopes.collect(),
            rewritten_rules: comparison.drift.rewritten,
            findings: comparison.findings.iter().map(FindingJson::from).collect(),
        }
    }
}

impl<'a> ScopeJson<'a> {
    fn new(scope: &'a ScopeDrift, with_witness: bool) -> Self {
        let rows = |kind: fn(Effect) -> bool| {
            let of_kind = scope.changes.iter().filter(|change| kind(change.effect));
            of_kind.map(|change| ChangeJson::new(change, with_witness)).collect()
        };
        let unmodelled = scope.unmodelled.iter().map(|(part, place)| UnmodelledJson {
            text: &part.text,
            file: place.as_ref().map(|place| place.source.name()),
            line: place.as_ref().map(|place| place.source.line_column(place.span.start).0),
            why: &part.why,
        });
        Self {
            scope: &scope.name,
            new_scope: scope.new.as_deref().filter(|new| *new != scope.name),
            direction: scope.direction.as_str(),
            verdict: scope.verdict().as_str(),
            added: rows(|effect| effect == Effect::Added),
            removed: rows(|effect| effect == Effect::Removed),
            unknown: rows(|effect| !matches!(effect, Effect::Added | Effect::Removed)),
            unmodelled: unmodelled.collect(),
        }
    }
}

impl ChangeJson {
    fn new(change: &Change, with_witness: bool) -> Self {
        let explained = change.explained.iter().flat_map(|explained| &explained.by);
        let all = change.allowed_by.iter().chain(&change.stopped_by);
        let mut origins: Vec<OriginJson> = Vec::new();
        for origin in all.chain(explained.filter(|origin| !change.allowed_by.contains(origin))) {
            origins.push(OriginJson::from(origin));
        }
        Self { row: RowJson::new(&change.row, origins), witness: with_witness.then(|| witness(&change.row)) }
    }
}
