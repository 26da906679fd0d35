//! `lint`: what is amiss in rule files, beyond what makes them unreadable.

mod anomalies;
mod entries;
mod expired;
mod host_bits;
mod unexplained;
mod wide;

use super::files::{TEXT_LIMIT, read};
use super::{ExternalReader, Project, show_with};
use crate::catalog::Date;
use crate::diag::{Code, Finding, Place, Severity, any_error};
use crate::packet::Limit;
use crate::policy::{Origin, Rule};
use crate::targets::PeerKind;
use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct LintRequest {
    /// Rule files of one format, read as one rule set. Without any the project is judged.
    pub files: Vec<PathBuf>,
    /// Whether the state before the plan among the files is judged, and not the one after it.
    pub before: bool,
    /// What is wanted; without it nothing is said about traffic that no catalog explains.
    pub project: Option<Project>,
    /// The day to judge by.
    pub today: Date,
    /// The day up to which it is told what expires, where that is asked.
    pub until: Option<Date>,
    /// How large the meaning of rules may become, where it is compared with what is wanted.
    pub limit: Limit,
    /// Programs that read files in formats that are not known here.
    pub readers: Vec<ExternalReader>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Linted {
    /// The files, as the user named them.
    pub source: String,
    /// The name of their format; empty when none was recognised.
    pub format: String,
    /// How many statements the files have.
    pub statements: usize,
    /// How many rule sets they make.
    pub scopes: usize,
    /// What is amiss, by place. With an error nothing was judged.
    pub findings: Vec<Finding>,
}

/// Judges rule files, or the project.
pub fn lint(request: &LintRequest) -> Linted {
    if request.files.is_empty() {
        if let Some(project) = &request.project {
            return entries::judge(request, project);
        }
        let finding = Finding::new(Code::FileRead, "no rule file is named, and there is no project to judge");
        let help = "name a file, a region or a catalog; `egressor init` writes a project";
        return Linted { findings: vec![finding.help(help)], ..Linted::default() };
    }
    let shown = show_with(&request.files, request.before, &request.readers);
    let target = shown.target();
    let mut findings = shown.findings;
    if any_error(&findings) {
        point_to_catalogs(request, &mut findings);
        return Linted { source: shown.source, format: shown.format, findings, ..Linted::default() };
    }
    // That a condition is not modelled says nothing against the file.
    for finding in findings.iter_mut().filter(|finding| finding.code == Code::ReadUnmodelled) {
        finding.severity = Severity::Note;
    }
    let found = shown.policy.anomalies();
    let could_go = anomalies::findings(&shown.policy, &found, &shown.format, &findings);
    findings.extend(could_go);
    // Where peers have no ports, every rule is for all of them.
    let has_ports = target.is_none_or(|target| target.speech().peers != PeerKind::Direct);
    if has_ports {
        findings.extend(wide::findings(&shown.policy, &found));
    }
    let host_bits = host_bits::findings(&found.statements, &findings);
    findings.extend(host_bits);
    findings.extend(shown.advice);
    findings.extend(expired::findings(&found.statements, request.today, request.until));
    if let Some(project) = &request.project {
        findings.extend(unexplained::findings(
            &shown.policy,
            &found.statements,
            target,
            project,
            request.limit,
        ));
    }
    let key = |finding: &Finding| {
        let place = finding.place.as_ref().map(|place| (place.source.name().to_owned(), place.span.start));
        (place.is_none(), place, finding.code, finding.message.clone())
    };
    findings.sort_by_cached_key(key);
    Linted {
        source: shown.source,
        format: shown.format,
        statements: found.statements.len(),
        scopes: shown.policy.sets.len(),
        findings,
    }
}

/// A catalog has a linter of its own.
fn point_to_catalogs(request: &LintRequest, findings: &mut [Finding]) {
    let is_catalog = |path: &PathBuf| {
        let text = read(path, TEXT_LIMIT);
        let has = |key: &str| {
            text.as_ref().is_ok_and(|source| source.text().lines().any(|line| line.starts_with(key)))
        };
        has("endpoints:") && has("components:")
    };
    let Some(path) = request.files.iter().find(|path| path.as_os_str() != "-" && is_catalog(path)) else {
        return;
    };
    for finding in findings.iter_mut().filter(|finding| finding.code == Code::ReadUnknownFormat) {
        finding.help =
            Some(format!("this is a catalog: `egressor catalog lint {}` checks it", path.display()));
    }
}

/// A rule as others refer to it from a place: by its line, or in the words of the system.
fn named(rule: &Rule, from: &Place) -> String {
    match &rule.origin {
        Origin::File(place) => {
            let line = place.source.line_column(place.span.start).0;
            if place.source.name() == from.source.name() {
                format!("line {line}")
            } else {
                format!("line {line} of `{}`", place.source.name())
            }
        }
        Origin::System(words) => words.clone(),
        Origin::Endpoint(why) => format!("`{}`", why.endpoint),
        Origin::Implied(need) => format!("`{}`", need.id()),
    }
}

/// Some rules as one refers to them in a sentence, each once, and whether they are several.
fn list(rules: &[&Rule], from: &Place) -> (String, bool) {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = Vec::new();
    for rule in rules {
        let name = named(rule, from);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let several = names.len() > 1;
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if more > 0 {
        return (format!("{} and {more} more", names.join(", ")), several);
    }
    let text = match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    };
    (text, several)
}
