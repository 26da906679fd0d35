//! `show`: what rule files mean.

use super::files::{RULES_LIMIT, read};
use crate::diag::{Code, Finding, Source, any_error};
use crate::policy::Policy;
use crate::targets::{Importer, TARGETS};
use std::path::PathBuf;
use std::sync::Arc;

/// What some files mean together.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The files, as the user named them.
    pub source: String,
    /// The name of their format; empty when none was recognised.
    pub format: &'static str,
    /// The meaning.
    pub policy: Policy,
    /// What the user should know. With an error the meaning is not known.
    pub findings: Vec<Finding>,
}

/// Reads files as one rule set.
pub fn show(paths: &[PathBuf]) -> Shown {
    let name = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let (mut sources, mut findings) = (Vec::new(), Vec::new());
    for path in paths {
        match read(path, RULES_LIMIT) {
            Ok(source) => sources.push(source),
            Err(finding) => findings.push(finding),
        }
    }
    if any_error(&findings) {
        return Shown { source: name, findings, ..Shown::default() };
    }
    let Some(importer) = recognize(&sources, &mut findings) else {
        return Shown { source: name, findings, ..Shown::default() };
    };
    let read = importer.import(&sources);
    findings.extend(read.findings);
    let policy = if any_error(&findings) { Policy::default() } else { read.policy };
    Shown { source: name, format: importer.name(), policy, findings }
}

/// The importer that knows the form of the files. All files must be of one form; files that only an importer of another
/// file's form can use, such as list files, are left to it.
fn recognize(sources: &[Arc<Source>], findings: &mut Vec<Finding>) -> Option<&'static dyn Importer> {
    let importers = || TARGETS.iter().flat_map(|target| target.importers().iter().copied());
    let mut found: Vec<&'static dyn Importer> = Vec::new();
    let mut unknown: Vec<&Arc<Source>> = Vec::new();
    for source in sources {
        match importers().find(|importer| importer.recognizes(source)) {
            Some(importer) if found.iter().any(|other| other.name() == importer.name()) => {}
            Some(importer) => found.push(importer),
            None => unknown.push(source),
        }
    }
    match found.as_slice() {
        [importer] => Some(*importer),
        [] => {
            let names: Vec<&str> = importers().map(Importer::name).collect();
            for source in unknown {
                let message = format!("`{}` is in no format that is known here", source.name());
                let help = format!("formats are {}", names.join(", "));
                findings.push(Finding::new(Code::ReadUnknownFormat, message).help(help));
            }
            None
        }
        several => {
            let names: Vec<&str> = several.iter().map(|importer| importer.name()).collect();
            let message = format!("the files are of different formats: {}", names.join(", "));
            findings.push(
                Finding::new(Code::ReadUnknownFormat, message).help("show the files of one format at a time"),
            );
            None
        }
    }
}
