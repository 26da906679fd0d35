//! From a policy to files that are proven to mean it: lower, render, read back, compare.

use super::limit::too_large;
use crate::diag::{Code, Finding, Source, any_error};
use crate::drift::{Mismatch, verify};
use crate::packet::{Limit, PacketSet, Set};
use crate::policy::Policy;
use crate::render::Renderer;
use crate::report::rows_in_words;
use crate::targets::{Importer, Lowered, Target, Wanted};
use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::Arc;

/// A file that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file name below the output folder.
    pub path: String,
    /// The text.
    pub text: String,
}

/// What came of a target.
#[derive(Debug, Clone, Default)]
pub struct Proven {
    /// The files. Empty when any finding is an error.
    pub files: Vec<File>,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// Writes a policy for a target, reads the files back and proves that they mean the policy less the declared loss.
///
/// `banner` gives the lines at the head of each file, from what the target cannot say.
pub fn prove(
    target: &dyn Target,
    wanted: &Wanted<'_>,
    renderer: &Renderer,
    banner: impl Fn(&Lowered) -> Vec<String>,
) -> Proven {
    let mut lowered = target.lower(wanted);
    // Losses are listed at the head of files, where the order of rules must not show.
    lowered.losses.sort_by(|a, b| (&a.scope, &a.why).cmp(&(&b.scope, &b.why)));
    let banner = banner(&lowered);
    let mut findings = lowered.findings.clone();
    if any_error(&findings) {
        return Proven { files: Vec::new(), findings };
    }
    findings.extend(bad_paths(lowered.artifacts.iter().map(|artifact| artifact.path.as_str())));
    let mut files = Vec::new();
    for artifact in &lowered.artifacts {
        match renderer.render(artifact.template, &artifact.model, &banner) {
            Ok(text) => files.push(File { path: artifact.path.clone(), text }),
            Err(error) => findings.push(error.finding()),
        }
    }
    findings.extend(check(target, wanted, &lowered, &files));
    if any_error(&findings) {
        files.clear();
    }
    Proven { files, findings }
}

/// Artifacts that would land outside the output folder or on each other. Read back, they would look right.
pub(super) fn bad_paths<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let refuse = |path: &str, why: &str| Finding::new(Code::FileWrite, format!("`{path}` {why}"));
    let mut findings = Vec::new();
    for path in paths {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let plain = !path.is_empty() && !path.chars().any(|char| char.is_control() || char == '\\');
        if !inside || !plain {
            findings.push(refuse(path, "is not a path below the output folder"));
        } else if !seen.insert(path.to_lowercase()) {
            findings.push(refuse(path, "is the path of two artifacts"));
        }
    }
    findings
}

/// Reads the files back. No finding means that they are proven.
fn check(target: &dyn Target, wanted: &Wanted<'_>, lowered: &Lowered, files: &[File]) -> Vec<Finding> {
    let sources = sources(files);
    let reads = |importer: &&&dyn Importer| sources.first().is_none_or(|file| importer.recognizes(file));
    let importers = target.importers();
    let Some(importer) = importers.iter().find(reads).or(importers.first()) else {
        let message = format!("nothing reads what {} writes, so nothing proves it", target.name());
        return vec![Finding::new(Code::VerifyUnread, message)];
    };
    proof(target.name(), *importer, wanted.policy, lowered, &sources)
}

/// The files as texts to be read.
pub(super) fn sources(files: &[File]) -> Vec<Arc<Source>> {
    files.iter().map(|file| Arc::new(Source::new(file.path.clone(), file.text.clone()))).collect()
}

/// Reads files back with a reader and compares them with a policy. No finding means that they are proven.
pub(super) fn proof(
    name: &str,
    importer: &dyn Importer,
    wanted: &Policy,
    lowered: &Lowered,
    sources: &[Arc<Source>],
) -> Vec<Finding> {
    for source in sources {
        let completes = lowered.completing.contains(source.name()) && importer.completes(source);
        if !completes && !importer.recognizes(source) {
            let message = format!("`{}` is not recognised as {}", source.name(), importer.name());
            return vec![Finding::new(Code::VerifyUnread, message)];
        }
    }
    let read = importer.import(sources);
    let mut findings: Vec<Finding> = read
        .findings
        .into_iter()
        .filter(Finding::is_error)
        .map(|finding| Finding { code: Code::VerifyUnread, ..finding })
        .collect();
    let loss = |scope: &crate::policy::Scope| {
        let of_scope = lowered.losses.iter().filter(|loss| loss.scope == *scope);
        let (excess, missing): (Vec<PacketSet>, Vec<PacketSet>) =
            of_scope.map(|loss| (loss.excess.clone(), loss.missing.clone())).unzip();
        (PacketSet::union_all(&excess), PacketSet::union_all(&missing))
    };
    match verify(wanted, &read.policy, loss, Limit::default()) {
        Ok(mismatches) => findings.extend(mismatches.iter().map(|mismatch| explain(name, mismatch))),
        // What is too much to be compared is not proven, and so it is not written.
        Err(error) => findings.push(too_large(&error)),
    }
    findings
}

fn explain(target: &str, mismatch: &Mismatch) -> Finding {
    let mut parts = Vec::new();
    if !mismatch.missing.is_empty() {
        parts.push(format!("missing {}", rows_in_words(&mismatch.missing)));
    }
    if !mismatch.excess.is_empty() {
        parts.push(format!("excess {}", rows_in_words(&mismatch.excess)));
    }
    let message = format!(
        "the {target} artifact does not mean what was asked of {}: {}",
        mismatch.scope,
        parts.join("; ")
    );
    Finding::new(Code::VerifyMismatch, message)
        .help("nothing was written; the template or a value changes the meaning")
}
