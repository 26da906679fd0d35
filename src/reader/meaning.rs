//! From an answer to a policy.

use super::Answer;
use super::answer::{
    ActionWord, AnswerDocument, CoversWord, DirectionWord, FindingDocument, PlaceDocument, RuleDocument,
    ScopeDocument, SeverityWord, TrafficWord,
};
use crate::catalog::read::{At, List, Reader};
use crate::diag::{Code, Finding, Place, Severity, Source, Span};
use crate::packet::{PeerSet, Set as _};
use crate::policy::{Action, Direction, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled};
use crate::targets::{Imported, PlainRow, kind, matches};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The policy that an answer stands for. What is wrong with it is reported, and then nothing of it counts.
pub(super) fn of(document: &AnswerDocument, files: &[Arc<Source>], reader: &mut Reader) -> Answer {
    let files = Files::of(files);
    let mut sets: BTreeMap<Scope, RuleSet> = BTreeMap::new();
    let mut findings = Vec::new();
    for At { value, span } in &document.scopes.value.0 {
        let set = scope(value, &files, reader, &mut findings);
        let scope = set.scope.clone();
        if sets.insert(scope.clone(), set).is_some() {
            reader.report(Code::CatalogDuplicate, *span, format!("the scope {scope} is given twice"), None);
        }
    }
    for finding in document.findings.iter().flat_map(|findings| &findings.value.0) {
        findings.extend(said(&finding.value, &files, reader));
    }
    let policy = Policy::new(sets.into_values().collect());
    Answer { format: document.format.value.to_string(), imported: Imported { policy, findings } }
}

fn scope(
    document: &ScopeDocument,
    files: &Files<'_>,
    reader: &mut Reader,
    findings: &mut Vec<Finding>,
) -> RuleSet {
    let direction = match document.direction.value {
        DirectionWord::Egress => Direction::Egress,
        DirectionWord::Ingress => Direction::Ingress,
    };
    let kinds = document.covers.value.0.iter().map(|word| covered(word.value));
    let mut set = RuleSet {
        scope: Scope { name: document.scope.value.0.clone(), direction },
        subject: Subject::Host,
        universe: PeerSet::union_all(&kinds.collect::<Vec<_>>()),
        rules: Vec::with_capacity(document.rules.value.0.len()),
        default: action(document.default.value),
    };
    for At { value, span } in &document.rules.value.0 {
        match rule(value, &set.universe, files, reader) {
            Ok(rule) => {
                findings.extend(unmodelled(&rule));
                set.rules.push(rule);
            }
            Err(Some(why)) => reader.report(Code::CatalogValue, *span, why, None),
            // It was told where it is.
            Err(None) => {}
        }
    }
    set
}

/// One rule, or why it has no meaning.
fn rule(
    document: &RuleDocument,
    universe: &PeerSet,
    files: &Files<'_>,
    reader: &mut Reader,
) -> Result<Rule, Option<String>> {
    let place = files.place(&document.place, reader).ok_or(None)?;
    let row = PlainRow {
        source: texts(document.source.as_ref(), ToString::to_string),
        cidrs: texts(document.cidrs.as_ref(), ToString::to_string),
        names: texts(document.names.as_ref(), |name| name.0.clone()),
        except_names: texts(document.except_names.as_ref(), |name| name.0.clone()),
        groups: texts(document.groups.as_ref(), |group| group.0.clone()),
        except_groups: texts(document.except_groups.as_ref(), |group| group.0.clone()),
        protocol: document.protocol.value.0.clone(),
        ports: texts(document.ports.as_ref(), |ports| ports.0.clone()),
        icmp: texts(document.icmp.as_ref(), |icmp| icmp.0.clone()),
        ..PlainRow::default()
    };
    let matches = matches(&row).map_err(Some)?;
    // What a scope does not speak about is not compared, so a rule about it would be a rule that nobody sees.
    if matches.peer.set().is_some_and(|peers| !peers.subtract(universe).is_empty()) {
        return Err(Some("the rule is about peers of a kind that its scope does not cover".to_owned()));
    }
    let conditions = document.unmodelled.iter().flat_map(|list| &list.value.0);
    let unmodelled: Vec<Unmodelled> = conditions
        .map(|condition| Unmodelled {
            text: condition.value.text.value.0.clone(),
            why: condition.value.why.value.0.clone(),
        })
        .collect();
    if unmodelled.iter().collect::<BTreeSet<_>>().len() < unmodelled.len() {
        return Err(Some("a condition of the rule is given twice".to_owned()));
    }
    Ok(Rule {
        action: action(document.action.value),
        matches,
        traffic: match document.traffic.as_ref().map(|word| word.value) {
            Some(TrafficWord::New) | None => Traffic::New,
            Some(TrafficWord::Return) => Traffic::Return,
            Some(TrafficWord::Loopback) => Traffic::Loopback,
        },
        unmodelled,
        origin: Origin::File(place),
    })
}

/// A finding for each condition that is not modelled.
fn unmodelled(rule: &Rule) -> Vec<Finding> {
    let Origin::File(place) = &rule.origin else { return Vec::new() };
    let finding = |condition: &Unmodelled| {
        let message = format!("`{}` is not modelled: {}", condition.text, condition.why);
        Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span)
    };
    rule.unmodelled.iter().map(finding).collect()
}

/// What the program has to say.
fn said(document: &FindingDocument, files: &Files<'_>, reader: &mut Reader) -> Option<Finding> {
    let place = match &document.place {
        Some(place) => Some(files.place(place, reader)?),
        None => None,
    };
    let mut finding = Finding::new(Code::ReaderSays, document.message.value.0.clone());
    finding.severity = match document.severity.value {
        SeverityWord::Error => Severity::Error,
        SeverityWord::Warning => Severity::Warning,
        SeverityWord::Note => Severity::Note,
    };
    finding.place = place;
    Some(match &document.help {
        Some(help) => finding.help(help.value.0.clone()),
        None => finding,
    })
}

fn action(word: ActionWord) -> Action {
    match word {
        ActionWord::Allow => Action::Allow,
        ActionWord::Deny => Action::Deny,
    }
}

fn covered(word: CoversWord) -> PeerSet {
    kind(word.as_str()).unwrap_or_default()
}

fn texts<T>(list: Option<&At<List<T>>>, text: impl Fn(&T) -> String) -> Vec<String> {
    list.into_iter().flat_map(|list| &list.value.0).map(|item| text(&item.value)).collect()
}

/// The files that were asked about, with where their lines are.
struct Files<'a>(BTreeMap<&'a str, (&'a Arc<Source>, Vec<Span>)>);

impl<'a> Files<'a> {
    fn of(files: &'a [Arc<Source>]) -> Self {
        Self(files.iter().map(|file| (file.name(), (file, lines(file.text())))).collect())
    }

    /// The place that an answer means. A file or a line that is not there is reported.
    fn place(&self, place: &At<PlaceDocument>, reader: &mut Reader) -> Option<Place> {
        let PlaceDocument { file, line } = &place.value;
        let Some((source, lines)) = self.0.get(file.value.0.as_str()) else {
            let message = format!("`{}` is none of the files that were given", file.value.0);
            reader.report(Code::CatalogReference, file.span, message, None);
            return None;
        };
        let span = line.value.0.checked_sub(1).and_then(|line| lines.get(line)).copied();
        if span.is_none() {
            let message =
                format!("`{}` has {} lines and no line {}", source.name(), lines.len(), line.value.0);
            reader.report(Code::CatalogReference, line.span, message, None);
        }
        span.map(|span| Place { source: Arc::clone(source), span })
    }
}

/// Where the lines of a text are, without their ends.
fn lines(text: &str) -> Vec<Span> {
    let mut start = 0;
    let line = |line: &str| {
        let span = Span::new(start, start.saturating_add(line.trim_end_matches(['\r', '\n']).len()));
        start = start.saturating_add(line.len());
        span
    };
    text.split_inclusive('\n').map(line).collect()
}
