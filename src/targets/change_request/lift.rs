//! Reading a request: what its rows ask to have open.

use super::cells;
use super::row::Step;
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{Constraint, PeerSet, Set as _};
use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::syntax::{csv, markdown};
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads requests in CSV, and the table of those in Markdown.
#[derive(Debug)]
pub(super) struct ChangeRequests;

/// The columns that say what is asked for.
const MEANING: [&str; 8] = [
    "direction",
    "action",
    "source zone or selector",
    "source CIDR",
    "destination FQDN",
    "destination CIDR",
    "protocol",
    "port",
];

/// What a request is attached to, as far as it says.
const SCOPE: &str = "change-request";

/// The first line of the Markdown form.
const HEADING: &str = "# Change request";

impl Importer for ChangeRequests {
    fn name(&self) -> &'static str {
        "change-request"
    }

    fn recognizes(&self, source: &Source) -> bool {
        is_markdown(source.text()) || titles(source.text()).is_some()
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut read: Vec<Policy> = Vec::new();
        for source in sources {
            let lines =
                if is_markdown(source.text()) { table(source) } else { records(source, &mut findings) };
            if lines.is_empty() {
                let message = "there is no row that says what is asked for";
                findings.push(Finding::new(Code::ReadSyntax, message).at(source, Span::default()));
            }
            read.push(policy(source, &lines, &mut findings));
        }
        let mut read = read.into_iter();
        let policy = read.next().unwrap_or_default();
        let allows = |policy: &Policy| -> Vec<(Scope, crate::packet::PacketSet)> {
            policy.sets.iter().map(|set| (set.scope.clone(), set.allows().at_least)).collect()
        };
        if let (Some(source), true) = (sources.get(1), read.any(|other| allows(&other) != allows(&policy))) {
            let message = "the files of this request ask for different things";
            findings.push(Finding::new(Code::ReadRefused, message).at(source, Span::default()));
        }
        Imported { policy, findings }
    }
}

fn is_markdown(text: &str) -> bool {
    text.trim_start_matches('\u{FEFF}').lines().next() == Some(HEADING)
}

/// The titles of a CSV whose first line has those that matter.
fn titles(text: &str) -> Option<Vec<String>> {
    let line = text.split_inclusive('\n').next()?;
    let titles: Vec<String> = csv::parse(line).ok()?.into_iter().flatten().map(|cell| cell.text).collect();
    MEANING.iter().all(|title| titles.iter().any(|found| found == title)).then_some(titles)
}

/// A row: its cells by title, and where it stands.
struct Line {
    cells: BTreeMap<String, String>,
    span: Span,
}

fn records(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Line> {
    let records = match csv::parse(source.text()) {
        Ok(records) => records,
        Err(error) => {
            findings.push(Finding::new(Code::ReadSyntax, error.to_string()).at(source, error.span()));
            return Vec::new();
        }
    };
    let titles = titles(source.text()).unwrap_or_default();
    let mut lines = Vec::new();
    for record in records.into_iter().skip(1) {
        let span = record.first().zip(record.last());
        let span = span.map(|(first, last)| Span::new(first.span.start, last.span.end)).unwrap_or_default();
        if record.len() != titles.len() {
            let message =
                format!("the row has {} cells, and there are {} columns", record.len(), titles.len());
            findings.push(Finding::new(Code::ReadSyntax, message).at(source, span));
            continue;
        }
        let cells = titles.iter().cloned().zip(record.into_iter().map(|cell| cell.text)).collect();
        lines.push(Line { cells, span });
    }
    lines
}

/// The rows of the table whose titles are those that matter.
fn table(source: &Source) -> Vec<Line> {
    let mut titles: Option<Vec<String>> = None;
    let mut lines = Vec::new();
    let mut at = 0_usize;
    for line in source.text().split_inclusive('\n') {
        let span = Span::new(at, at.saturating_add(line.trim_end().len()));
        at = at.saturating_add(line.len());
        let cells = markdown::row(line.trim_end());
        match (&titles, cells) {
            (None, Some(cells)) if MEANING.iter().all(|title| cells.iter().any(|cell| cell == title)) => {
                titles = Some(cells);
            }
            (Some(_), Some(cells))
                if cells.iter().all(|cell| cell.trim_matches(['-', ':']).is_empty() && !cell.is_empty()) => {}
            (Some(titles), Some(cells)) if titles.len() == cells.len() => {
                let cells = titles.iter().cloned().zip(cells).collect();
                lines.push(Line { cells, span });
            }
            // The table ends, or a row was cut.
            (Some(_), _) => break,
            (None, _) => {}
        }
    }
    lines
}

fn policy(source: &Arc<Source>, lines: &[Line], findings: &mut Vec<Finding>) -> Policy {
    let mut sets: BTreeMap<Direction, RuleSet> = BTreeMap::new();
    for line in lines {
        match rule(source, line) {
            Ok(None) => {}
            Ok(Some((direction, rule))) => {
                let set = sets.entry(direction).or_insert_with(|| RuleSet {
                    scope: Scope { name: SCOPE.to_owned(), direction },
                    subject: Subject::Host,
                    universe: PeerSet::all_addrs().union(&PeerSet::all_names()),
                    rules: Vec::new(),
                    default: Action::Deny,
                });
                set.rules.push(rule);
            }
            Err(why) => findings.push(Finding::new(Code::ReadRefused, why).at(source, line.span)),
        }
    }
    Policy::new(sets.into_values().collect())
}

/// What a row asks for; nothing when it is to be removed.
fn rule(source: &Arc<Source>, line: &Line) -> Result<Option<(Direction, Rule)>, String> {
    let cell = |title: &str| line.cells.get(title).map(String::as_str).unwrap_or_default().trim();
    let action = cell("action");
    let step = Step::ALL.into_iter().find(|step| step.as_str() == action);
    let direction =
        [Direction::Egress, Direction::Ingress].into_iter().find(|it| it.as_str() == cell("direction"));
    let direction = direction.ok_or_else(|| format!("`{}` is no direction", cell("direction")))?;
    match step {
        None => return Err(format!("`{action}` is no action: add, modify, keep and remove are")),
        Some(Step::Remove) => return Ok(None),
        Some(Step::Add | Step::Modify | Step::Keep) => {}
    }
    let (names, blocks, near) = match direction {
        Direction::Egress => (cell("destination FQDN"), cell("destination CIDR"), cell("source CIDR")),
        Direction::Ingress => {
            (cell("source zone or selector"), cell("source CIDR"), cell("destination CIDR"))
        }
    };
    let peers = PeerSet::from(cells::read_names(names)?).union(&PeerSet::from(cells::read_blocks(blocks)?));
    let peer = Constraint::only(peers).ok_or("the row names no peer")?;
    let near = if near.is_empty() {
        Constraint::Any
    } else {
        Constraint::only(cells::read_blocks(near)?).ok_or("the row names no near end")?
    };
    let transport = cells::read_services(cell("protocol"), cell("port"))?;
    let transport = Constraint::only(transport).ok_or("the row names no service")?;
    let place = Place { source: Arc::clone(source), span: source.clamp_span(line.span) };
    let rule = Rule {
        action: Action::Allow,
        matches: Match { source: near, peer, transport },
        traffic: Traffic::New,
        unmodelled: Vec::new(),
        origin: Origin::File(place),
    };
    Ok(Some((direction, rule)))
}
