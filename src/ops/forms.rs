//! Which importer reads which files, where files of several forms are given together.

use crate::diag::{Code, Finding, Source};
use crate::policy::{Action, Policy, RuleSet, Scope};
use crate::targets::{Importer, TARGETS};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// An importer and the files that it reads.
pub(super) struct Claim {
    pub(super) importer: &'static dyn Importer,
    pub(super) sources: Vec<Arc<Source>>,
}

/// The importers that files need, each with its files; and how many files of folders are in no known form. `named` files
/// were given by name and must be of use; of those `found` in folders, those are taken that are recognised or needed.
pub(super) fn claims(
    named: &[Arc<Source>],
    found: &[Arc<Source>],
) -> Result<(Vec<Claim>, usize), Vec<Finding>> {
    let mut all: Vec<File<'_>> = named.iter().chain(found).map(File::of).collect();
    let is_rules = |file: &File<'_>| file.readers.iter().any(|reader| !reader.yields());
    if all.iter().any(is_rules) {
        for file in &mut all {
            file.readers.retain(|reader| !reader.yields());
        }
    }
    let chosen = chosen(&all);
    match chosen.as_slice() {
        [] => return Err(named.iter().map(unknown).collect()),
        [first, rest @ ..] => {
            let family = first.family();
            if !rest.iter().all(|other| family.is_some() && other.family() == family) {
                return Err(vec![unlike(&chosen)]);
            }
        }
    }
    let mut taken = vec![false; all.len()];
    let claims = chosen.into_iter().map(|importer| {
        let mut sources: Vec<Arc<Source>> = Vec::new();
        let (own, open): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(at, file)| {
            let of_no_use = || file.readers.is_empty() && !completes_any(file.source);
            file.is_read_by(importer) || importer.completes(file.source) || (*at < named.len() && of_no_use())
        });
        for (at, file) in own {
            taken.get_mut(at).into_iter().for_each(|taken| *taken = true);
            sources.push(Arc::clone(file.source));
        }
        // Configurations name the lists and files that belong to them.
        let read = sources.len();
        for (at, file) in open {
            let readable = file.readers.is_empty() && importer.family().is_none();
            if readable && sources.iter().take(read).any(|source| names(source, file.source)) {
                taken.get_mut(at).into_iter().for_each(|taken| *taken = true);
                sources.push(Arc::clone(file.source));
            }
        }
        Claim { importer, sources }
    });
    let claims = claims.collect();
    Ok((claims, taken.iter().filter(|taken| !**taken).count()))
}

/// Every importer of every target.
pub(super) fn importers() -> impl Iterator<Item = &'static dyn Importer> {
    TARGETS.iter().flat_map(|target| target.importers().iter().copied())
}

/// What the policies of several importers mean together. The same scope in two of them is one rule set where the order of
/// its rules says nothing, because all of them allow.
pub(super) fn joined(parts: Vec<(&'static str, Policy)>, findings: &mut Vec<Finding>) -> Policy {
    let mut together = Policy::default();
    let mut sets: BTreeMap<Scope, (&'static str, RuleSet)> = BTreeMap::new();
    let mut twice = Vec::new();
    for (form, policy) in parts {
        together.absent.extend(policy.absent);
        for set in policy.sets {
            match sets.get_mut(&set.scope) {
                // A scope that stands twice in what one importer read stays as it is.
                Some((first, _)) if *first == form => twice.push(set),
                Some((first, known)) => {
                    if unordered(known) && unordered(&set) && known.universe == set.universe {
                        known.rules.extend(set.rules);
                        continue;
                    }
                    let message = format!("{} stands in {first} and in {form}", set.scope);
                    let help =
                        "which of its rules come first is not known; read the files of one form at a time";
                    findings.push(Finding::new(Code::ReadRefused, message).help(help));
                }
                None => drop(sets.insert(set.scope.clone(), (form, set))),
            }
        }
    }
    twice.extend(sets.into_values().map(|(_, set)| set));
    Policy { absent: together.absent, ..Policy::new(twice) }
}

fn unordered(set: &RuleSet) -> bool {
    set.default == Action::Deny && set.rules.iter().all(|rule| rule.action == Action::Allow)
}

/// A file and the importers that recognise it: the first that does, and those of its family.
struct File<'a> {
    source: &'a Arc<Source>,
    readers: Vec<&'static dyn Importer>,
}

impl<'a> File<'a> {
    fn of(source: &'a Arc<Source>) -> Self {
        let mut readers: Vec<&'static dyn Importer> = Vec::new();
        for importer in importers() {
            let family = readers.first().map(|first| first.family());
            let alike = family.is_none_or(|family| family.is_some() && importer.family() == family);
            if alike && importer.recognizes(source) {
                readers.push(importer);
            }
        }
        Self { source, readers }
    }

    fn is_read_by(&self, importer: &dyn Importer) -> bool {
        self.readers.iter().any(|reader| reader.name() == importer.name())
    }
}

/// The importers whose files are there. One that recognises nothing but what completes the files of another is not
/// needed.
fn chosen(files: &[File<'_>]) -> Vec<&'static dyn Importer> {
    let of = |importer: &&dyn Importer| {
        let read = files.iter().filter(|file| file.is_read_by(*importer)).collect::<Vec<_>>();
        let own = read.iter().any(|file| !importer.completes(file.source));
        (read, own)
    };
    let needed: Vec<&dyn Importer> = importers().filter(|importer| of(importer).1).collect();
    let is_needed = |importer: &&'static dyn Importer| {
        let (read, own) = of(importer);
        let by_another = || {
            let completed = |other: &&dyn Importer| read.iter().all(|file| other.completes(file.source));
            needed.iter().any(completed)
        };
        own || (!read.is_empty() && !by_another())
    };
    importers().filter(is_needed).collect()
}

fn completes_any(source: &Source) -> bool {
    importers().any(|importer| importer.completes(source))
}

/// Reports whether a file names another one.
fn names(source: &Source, other: &Source) -> bool {
    let name = Path::new(other.name()).file_name().map(|name| name.to_string_lossy().into_owned());
    name.is_some_and(|name| source.text().contains(&name))
}

fn unknown(source: &Arc<Source>) -> Finding {
    let text = source.text().trim_start();
    let message = match text.chars().next() {
        None => format!("`{}` is empty", source.name()),
        Some('{' | '[') if is_cut(text) => {
            format!("`{}` begins as JSON and ends in the middle of it", source.name())
        }
        Some(_) if text.contains('\0') => format!("`{}` is no text", source.name()),
        Some(_) => format!("`{}` is in no format that is known here", source.name()),
    };
    Finding::new(Code::ReadUnknownFormat, message).help(formats())
}

/// Reports whether a JSON text ends too early.
fn is_cut(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

fn unlike(chosen: &[&'static dyn Importer]) -> Finding {
    let names: Vec<String> = chosen.iter().map(|importer| format!("`{}`", importer.name())).collect();
    let message = format!("the files are of different formats: {}", names.join(", "));
    Finding::new(Code::ReadUnknownFormat, message).help("show the files of one format at a time")
}

/// The formats that are read, for people who gave another one.
pub(super) fn formats() -> &'static str {
    "name a file of rules; `egressor targets` lists the formats that are read"
}
