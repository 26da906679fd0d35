//! Reading the file back, by the titles of its columns.

use super::{TITLES, TO};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{PeerSet, Set};
use crate::policy::{Action, Direction, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::syntax::csv;
use crate::targets::plain::{self, PlainRow};
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads files that have these columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct RulesCsv;

/// The columns that say what is allowed; the others say why.
const MEANING: usize = 9;
/// The column that says where the file is from.
const GENERATED: &str = "generated";

impl Importer for RulesCsv {
    fn name(&self) -> &'static str {
        "rules-csv"
    }

    fn recognizes(&self, source: &Source) -> bool {
        titles(source.text()).is_some()
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut sets: BTreeMap<Scope, RuleSet> = BTreeMap::new();
        for source in sources {
            match csv::parse(source.text()) {
                Ok(records) => table(source, records, &mut sets, &mut findings),
                Err(error) => {
                    findings.push(Finding::new(Code::ReadSyntax, error.to_string()).at(source, error.span()));
                }
            }
        }
        for set in sets.values_mut() {
            // A file speaks about the kinds of peers that it names.
            for peers in set.rules.iter().filter_map(|rule| rule.matches.peer.set()) {
                let kinds = [PeerSet::all_addrs(), PeerSet::all_names(), PeerSet::all_groups()];
                let named = kinds.into_iter().filter(|kind| !kind.among(peers).is_empty());
                set.universe = named.fold(set.universe.clone(), |all, kind| all.union(&kind));
            }
        }
        Imported { policy: Policy::new(sets.into_values().collect()), findings }
    }
}

/// The titles of a file whose first line has those that matter.
fn titles(text: &str) -> Option<Vec<String>> {
    let line = text.split_inclusive('\n').next()?;
    let titles: Vec<String> = csv::parse(line).ok()?.into_iter().flatten().map(|cell| cell.text).collect();
    let needed = TITLES.iter().take(MEANING);
    needed.into_iter().all(|title| titles.iter().any(|found| found == title)).then_some(titles)
}

fn table(
    source: &Arc<Source>,
    records: Vec<Vec<csv::Cell>>,
    sets: &mut BTreeMap<Scope, RuleSet>,
    findings: &mut Vec<Finding>,
) {
    let titles = titles(source.text()).unwrap_or_default();
    let mut refuse = |code: Code, message: String, span: Span| {
        findings.push(Finding::new(code, message).at(source, span));
    };
    let is_known = |title: &String| TITLES.contains(&title.as_str()) || title == GENERATED;
    if let Some(title) = titles.iter().find(|title| !is_known(title)) {
        // It could be one that narrows.
        refuse(Code::ReadSyntax, format!("the column `{title}` is not known"), Span::default());
    }
    let mut rows = 0_usize;
    for record in records.into_iter().skip(1) {
        rows = rows.saturating_add(1);
        let ends = record.first().zip(record.last());
        let span = ends.map(|(first, last)| Span::new(first.span.start, last.span.end)).unwrap_or_default();
        let span = source.clamp_span(span);
        if record.len() != titles.len() {
            let message =
                format!("the row has {} cells, and there are {} columns", record.len(), titles.len());
            refuse(Code::ReadSyntax, message, span);
            continue;
        }
        let cells: BTreeMap<&str, String> =
            titles.iter().map(String::as_str).zip(record.into_iter().map(|cell| cell.text)).collect();
        match rule(&cells, source, span) {
            Ok((scope, rule)) => {
                let set = sets.entry(scope.clone()).or_insert_with(|| RuleSet {
                    scope,
                    subject: Subject::Host,
                    universe: PeerSet::default(),
                    rules: Vec::new(),
                    default: Action::Deny,
                });
                set.rules.push(rule);
            }
            Err(why) => refuse(Code::ReadRefused, why, span),
        }
    }
    if rows == 0 {
        refuse(Code::ReadSyntax, "there is no row that says what is allowed".to_owned(), Span::default());
    }
}

fn rule(cells: &BTreeMap<&str, String>, source: &Arc<Source>, span: Span) -> Result<(Scope, Rule), String> {
    let cell = |title: &str| cells.get(title).map(String::as_str).unwrap_or_default().trim();
    let items = |title: &str| {
        let parts = cell(title).split(';').map(str::trim).filter(|item| !item.is_empty());
        parts.map(|item| item.replace(TO, "-")).collect::<Vec<String>>()
    };
    let word = cell("direction");
    let direction = [Direction::Egress, Direction::Ingress].into_iter().find(|it| it.as_str() == word);
    let direction = direction.ok_or_else(|| format!("`{word}` is no direction"))?;
    if cell("action") != "allow" {
        return Err(format!("`{}` is no action: rows allow, and the rest is denied", cell("action")));
    }
    let mut row = PlainRow {
        source: items("source"),
        protocol: cell("protocol").replace(TO, "-"),
        ports: items("ports"),
        icmp: items("icmp").into_iter().map(|item| item.replace(" code ", "/")).collect(),
        ..PlainRow::default()
    };
    let peer = cell("peer").to_owned();
    match cell("peer kind") {
        "cidr" => row.cidrs.push(peer),
        "name" => {
            let is_pattern = peer == "*" || peer.starts_with(['.', '*', '?']);
            row.names.push(if is_pattern { peer } else { format!("={peer}") });
        }
        "group" => row.groups.push(peer),
        other => return Err(format!("`{other}` is no kind of peer: cidr, name and group are")),
    }
    let matches = plain::matches(&row)?;
    let origin = Origin::File(Place { source: Arc::clone(source), span });
    let scope = Scope { name: cell("scope").to_owned(), direction };
    let unmodelled = Vec::new();
    Ok((scope, Rule { action: Action::Allow, matches, traffic: Traffic::New, unmodelled, origin }))
}
