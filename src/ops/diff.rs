//! `diff`: what traffic changes from one set of rules to another.

use super::by_address::{Named, by_address};
use super::files::{TEXT_LIMIT, read};
use super::limit::too_large;
use super::show::{once, stages};
use super::wanted::{approved, ended, explaining, wanted};
use super::{ExternalReader, Project, Shown, show_with};
use crate::diag::{Code, Finding, Severity, any_error, suggest_or_list};
use crate::drift::{Change, Doubt, Drift, Ended, Kind, ScopeDrift, Terms, drift};
use crate::packet::{Limit, PacketSet, Set};
use crate::policy::{Origin, Policy, Scope, ScopeTooLarge};
use crate::report::row_in_words;
use crate::syntax::glob::fits;
use crate::targets::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One side of a comparison.
#[derive(Debug, Clone)]
pub enum Side {
    /// Rule files of one format, read as one rule set.
    Files(Vec<PathBuf>),
    /// What the project wants, in the terms of the other side.
    Project,
    /// What the plan on the other side leads to, which then stands for the state before the plan. Where there is no plan,
    /// the project takes its place, or the comparison fails.
    Planned {
        /// Whether the project takes its place.
        or_project: bool,
    },
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    /// What is there.
    pub old: Side,
    /// What is wanted, or comes next.
    pub new: Side,
    /// The project.
    pub project: Project,
    /// Whether traffic between two files is explained by the project's catalogs.
    pub explain: bool,
    /// Scopes that belong together, as `OLD=NEW`.
    pub maps: Vec<String>,
    /// Patterns of scopes that are compared; all when empty.
    pub scopes: Vec<String>,
    /// A file with patterns of scopes that are not compared, one a line.
    pub ignore: Option<PathBuf>,
    /// How unmodelled matches are taken.
    pub doubt: Doubt,
    /// Catalogs of approved traffic.
    pub envelope: Vec<PathBuf>,
    /// How large a side may become.
    pub limit: Limit,
    /// Programs that read files in formats that are not known here.
    pub readers: Vec<ExternalReader>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Diffed {
    /// The names of both sides, as the user gave them.
    pub sources: [String; 2],
    /// What differs. Empty when any finding is an error that kept it from being known.
    pub drift: Drift,
    /// What the user should know.
    pub findings: Vec<Finding>,
    /// Whether the comparison could be made.
    pub compared: bool,
    /// Which side is the project, when one is: the new one, or else the old one.
    pub wanted_is_new: Option<bool>,
    /// Newly allowed traffic outside the envelope, where one is given.
    pub outside: Option<PacketSet>,
}

/// What the project is called in reports.
const PROJECT: &str = "the project";

/// Compares two sides.
pub fn diff(request: &DiffRequest) -> Diffed {
    let mut diffed = Diffed::default();
    let (old, new) = sides(request);
    diffed.sources =
        [&old, &new].map(|side| side.as_ref().map_or(PROJECT.to_owned(), |shown| shown.source.clone()));
    diffed.findings.extend([&old, &new].into_iter().flatten().flat_map(|shown| shown.findings.clone()));
    diffed.findings = once(diffed.findings);
    let with_project = old.is_none() || new.is_none();
    diffed.wanted_is_new = with_project.then_some(new.is_none());
    if any_error(&diffed.findings) {
        return diffed;
    }
    let format = |side: &Option<Shown>| side.as_ref().map(|shown| shown.format.clone());
    let Some(target) = old.as_ref().or(new.as_ref()).and_then(Shown::target) else {
        let finding = Finding::new(Code::ReadUnknownFormat, "neither side is a rule file");
        diffed
            .findings
            .push(finding.help("name a file; the other side is then the project, or a second file"));
        return diffed;
    };
    let several = [&old, &new].into_iter().flatten().any(|shown| shown.format.contains(" + "));
    if with_project && several {
        let message =
            format!("the project is said the way `{}` says it, for all of the files", target.name());
        let finding = Finding::new(Code::ReadDefaulted, message);
        diffed.findings.push(Finding { severity: Severity::Note, ..finding });
    }
    let mut policy = |side: &Option<Shown>| {
        if let Some(shown) = side {
            return shown.policy.clone();
        }
        let (policy, findings) = wanted(&request.project, target);
        diffed.findings.extend(findings);
        policy
    };
    let (mut old_policy, mut new_policy) = (policy(&old), policy(&new));
    let patterns = ignored(request, &mut diffed.findings);
    let (names, unknown) = named_scopes(request, &old_policy, &new_policy);
    diffed.findings.extend(unknown);
    if any_error(&diffed.findings) {
        return diffed;
    }
    let [old_source, new_source] = &diffed.sources;
    // The project is said the way the files say it.
    let [old_format, new_format] =
        [[&old, &new], [&new, &old]].map(|sides| sides.into_iter().find_map(format).unwrap_or_default());
    let sides = [
        Named { policy: &mut old_policy, source: old_source, format: &old_format },
        Named { policy: &mut new_policy, source: new_source, format: &new_format },
    ];
    match by_address(&request.project, &names, sides, request.limit) {
        Ok(told) if any_error(&told) => {
            diffed.findings.extend(told);
            return diffed;
        }
        Ok(told) => diffed.findings.extend(told),
        Err(error) => {
            diffed.findings.push(too_large(&error));
            return diffed;
        }
    }
    let catalog = (request.explain || with_project).then(|| explaining(&request.project, target));
    let ignore = |scope: &Scope| {
        patterns.iter().any(|pattern| fits(pattern, &scope.name))
            || !(request.scopes.is_empty() || request.scopes.iter().any(|pattern| fits(pattern, &scope.name)))
    };
    let terms = Terms {
        names,
        doubt: request.doubt,
        ignore: Some(&ignore),
        catalog: catalog.as_ref(),
        count_rewritten: format(&old) == format(&new),
        limit: request.limit,
    };
    match drift(&old_policy, &new_policy, &terms) {
        Ok(drift) => diffed.drift = drift,
        Err(error) => {
            diffed.findings.push(too_large(&error));
            return diffed;
        }
    }
    let ended = if catalog.is_some() { ended(&request.project) } else { BTreeMap::new() };
    let changes = diffed.drift.scopes.iter_mut().flat_map(|scope| &mut scope.changes);
    for explained in changes.filter_map(|change| change.explained.as_mut()) {
        explained.ended.clone_from(&ended);
    }
    diffed.compared = true;
    if old_policy.sets.is_empty() && new_policy.sets.is_empty() {
        let message = "neither side says anything about any traffic, so nothing was compared";
        diffed.findings.push(Finding::new(Code::ReadDefaulted, message));
    }
    for scope in &diffed.drift.scopes {
        diffed.findings.extend(asides(scope, &diffed.sources));
        let wanted_is_new = diffed.wanted_is_new;
        diffed.findings.extend(scope.changes.iter().flat_map(|change| found(scope, change, wanted_is_new)));
    }
    if !request.envelope.is_empty() {
        envelope(request, target, &mut diffed);
    }
    diffed
}

/// What each side means, but for the project.
fn sides(request: &DiffRequest) -> (Option<Shown>, Option<Shown>) {
    let files = |side: &Side| match side {
        Side::Files(paths) => Some(show_with(paths, false, &request.readers)),
        Side::Project | Side::Planned { .. } => None,
    };
    let (Side::Files(paths), Side::Planned { or_project }) = (&request.old, &request.new) else {
        return (files(&request.old), files(&request.new));
    };
    let (before, mut after) = stages(paths, &request.readers);
    match before {
        Some(mut before) => {
            // What is said of both states is said once.
            let said: BTreeSet<_> = after.findings.iter().map(|it| (it.code, it.message.clone())).collect();
            before.findings.retain(|finding| !said.contains(&(finding.code, finding.message.clone())));
            before.source.push_str(" (before)");
            after.source.push_str(" (after)");
            (Some(before), Some(after))
        }
        None if *or_project => (Some(after), None),
        None => (Some(show_with(paths, true, &request.readers)), None),
    }
}

/// The patterns of the file of ignored scopes: one a line, `#` begins a comment.
fn ignored(request: &DiffRequest, findings: &mut Vec<Finding>) -> Vec<String> {
    let Some(path) = &request.ignore else { return Vec::new() };
    match read(path, TEXT_LIMIT) {
        Ok(source) => source
            .text()
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect(),
        Err(finding) => {
            findings.push(finding);
            Vec::new()
        }
    }
}

/// The scopes that belong together, as the user says. A name that neither side has is an error: comparing nothing would
/// pass for equal.
fn named_scopes(request: &DiffRequest, old: &Policy, new: &Policy) -> (Vec<(String, String)>, Vec<Finding>) {
    let names = |policy: &Policy| policy.sets.iter().map(|set| set.scope.name.clone()).collect::<Vec<_>>();
    let (old, new) = (names(old), names(new));
    let unknown = |what: &str, known: &mut dyn Iterator<Item = &String>| {
        let known: Vec<&str> = known.map(String::as_str).collect();
        let help = suggest_or_list(what, "scopes are", known.iter().copied());
        Finding::new(Code::SelectionUnknown, format!("no scope is called `{what}`")).help(help)
    };
    let mut findings = Vec::new();
    for pattern in &request.scopes {
        if !old.iter().chain(&new).any(|name| fits(pattern, name)) {
            findings.push(unknown(pattern, &mut old.iter().chain(&new)));
        }
    }
    let mut pairs = Vec::new();
    for map in &request.maps {
        // A scope's name may hold `=` itself, as a selector of labels does, so the names decide where it is split.
        let mut splits = map.match_indices('=').filter_map(|(at, _)| {
            let (from, to) = map.split_at_checked(at)?;
            Some((from, to.strip_prefix('=')?))
        });
        let known =
            |from: &str, to: &str| old.iter().any(|name| name == from) && new.iter().any(|name| name == to);
        if let Some((from, to)) = splits.clone().find(|(from, to)| known(from, to)) {
            pairs.push((from.to_owned(), to.to_owned()));
            continue;
        }
        let (from, to) = splits.next().unwrap_or((map, ""));
        let from_is_known = old.iter().any(|name| name == from);
        findings.push(if from_is_known {
            unknown(to, &mut new.iter())
        } else {
            unknown(from, &mut old.iter())
        });
    }
    (pairs, findings)
}

/// What was left aside or not decided in a scope.
pub(crate) fn asides(scope: &ScopeDrift, sources: &[String; 2]) -> Vec<Finding> {
    let [old, new] = sources;
    let mut findings: Vec<Finding> = scope
        .uncompared()
        .iter()
        // What only one side can speak about, and allows none of, is no traffic.
        .filter(|aside| aside.allows || matches!(aside.kind, Kind::V4 | Kind::V6))
        .map(|aside| {
            let (says, silent) = if aside.in_new { (new, old) } else { (old, new) };
            let allows = if aside.allows { "allows some of it" } else { "allows none of it" };
            let message = format!(
                "{} of `{}` {}: `{silent}` does not speak about it, `{says}` {allows}",
                aside.kind, scope.name, scope.direction
            );
            let mut finding = Finding::new(Code::ReadNotCompared, message);
            if aside.allows {
                finding.severity = Severity::Warning;
                finding.help = Some("give the files that speak about it too, beside the others".to_owned());
            }
            finding
        })
        .collect();
    if let Some(stand_in) = &scope.stand_in {
        let silent = if scope.old.is_none() { old } else { new };
        let message = format!(
            "`{}` {} has no rules of its own in `{silent}`: those of {stand_in} hold there",
            scope.name, scope.direction
        );
        let finding = Finding::new(Code::ReadDefaulted, message);
        findings.push(Finding { severity: Severity::Note, ..finding });
    }
    if scope.difference.coarse {
        let message = format!(
            "the unmodelled matches of `{}` {} combine to more cases than are told apart; bounds were compared",
            scope.name, scope.direction
        );
        findings.push(Finding::new(Code::DriftUnknown, message));
    }
    findings
}

/// What a change is, in the words of whoever keeps the rules. `wanted_is_new` tells which side the project is.
fn found(scope: &ScopeDrift, change: &Change, wanted_is_new: Option<bool>) -> Vec<Finding> {
    let code = change.code(wanted_is_new);
    let says = match code {
        Code::DriftUnknown => "may change",
        Code::DriftMissing => "is wanted and not allowed",
        Code::DriftUnmanaged => "is allowed and no endpoint explains it",
        Code::DriftExcess => "is allowed and not wanted",
        Code::DriftExpired => "is allowed and to be removed, for it is wanted no longer",
        // Between two files a change is a row, and nothing to find fault with.
        _ => return Vec::new(),
    };
    let what = format!("`{}` {}: {}", scope.name, scope.direction, row_in_words(&change.row));
    let mut finding = Finding::new(code, format!("{what} {says}"));
    let until = expired(change);
    if code == Code::DriftExpired {
        finding.help = Some(until.join("; "));
    }
    let explains = change.explained.iter().flat_map(|explained| &explained.by);
    for origin in change.allowed_by.iter().chain(explains) {
        match origin {
            Origin::File(place) if finding.place.is_none() => {
                finding.place = Some(place.clone());
            }
            Origin::Endpoint(why) if finding.endpoint.is_none() => {
                finding.endpoint = Some(why.endpoint.clone());
            }
            Origin::Endpoint(_) | Origin::File(_) | Origin::Implied(_) | Origin::System(_) => {}
        }
    }
    let unwanted = matches!(code, Code::DriftUnmanaged | Code::DriftExcess);
    let part = (unwanted && !until.is_empty()).then(|| {
        let message = format!("{what} is allowed and in part to be removed, for it is wanted no longer");
        Finding { code: Code::DriftExpired, message, help: Some(until.join("; ")), ..finding.clone() }
    });
    std::iter::once(finding).chain(part).collect()
}

/// The expired endpoints that asked for packets of a change, in words.
fn expired(change: &Change) -> Vec<String> {
    let Some(explained) = &change.explained else { return Vec::new() };
    let mut expired = BTreeSet::new();
    for origin in &explained.by {
        if let Origin::Endpoint(why) = origin
            && explained.ended.get(&why.endpoint) == Some(&Ended::Expired)
        {
            let day = why.expires.as_deref().unwrap_or("earlier");
            expired.insert(format!("`{}` expired, its last day was {day}", why.endpoint));
        }
    }
    expired.into_iter().collect()
}

/// Whether everything that is newly allowed, or may be, is approved.
fn envelope(request: &DiffRequest, target: &dyn Target, diffed: &mut Diffed) {
    let catalogs = Project { catalogs: request.envelope.clone(), ..request.project.clone() };
    let (policy, findings) = approved(&catalogs, target);
    // An endpoint without addresses approves nothing, which is safe; what is broken is said.
    let broken = |finding: &Finding| finding.is_error() && finding.code != Code::EvidenceMissing;
    diffed.findings.extend(findings.into_iter().filter(broken));
    let mut outside = Vec::new();
    for scope in &diffed.drift.scopes {
        let approving = policy.sets.iter().filter(|set| set.scope.direction == scope.direction);
        let approved = approving.map(|set| Ok(set.allows_within(request.limit)?.at_least));
        let approved: Vec<PacketSet> = match approved.collect::<Result<_, ScopeTooLarge>>() {
            Ok(approved) => approved,
            // Nothing is known to be approved then, and the run fails.
            Err(error) => {
                diffed.findings.push(too_large(&error));
                Vec::new()
            }
        };
        let opened = scope.difference.added.union(&scope.difference.may_open);
        let beyond = opened.subtract(&Set::union_all(&approved));
        for row in beyond.rows() {
            let what = row_in_words(&row);
            let message =
                format!("`{}` {}: {what} is outside the approved catalog", scope.name, scope.direction);
            diffed.findings.push(Finding::new(Code::DriftOutside, message));
        }
        outside.push(beyond);
    }
    diffed.outside = Some(Set::union_all(&outside));
}
