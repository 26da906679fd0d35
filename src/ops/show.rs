//! `show`: what rule files mean.

use super::files::{RULES_LIMIT, below, read, read_text};
use crate::diag::{Code, Finding, Source, any_error};
use crate::policy::Policy;
use crate::targets::{Importer, TARGETS};
use std::path::{Path, PathBuf};
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
    /// What there is to say about the files beyond what they mean.
    pub advice: Vec<Finding>,
}

/// Reads files as one rule set. Of a folder all files below it are read that are recognised, and those that belong to
/// them.
pub fn show(paths: &[PathBuf]) -> Shown {
    let name = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let (mut sources, mut found, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            found.extend(texts_below(path, &mut findings));
        } else {
            match read(path, RULES_LIMIT) {
                Ok(source) => sources.push(source),
                Err(finding) => findings.push(finding),
            }
        }
    }
    if any_error(&findings) {
        return Shown { source: name, findings, ..Shown::default() };
    }
    let named = sources.len();
    let (recognised, rest): (Vec<Option<Arc<Source>>>, Vec<_>) = found.into_iter().partition(|source| {
        source.as_ref().is_some_and(|source| importers().any(|it| it.recognizes(source)))
    });
    sources.extend(recognised.into_iter().flatten());
    if sources.is_empty() {
        let message = format!("no file below {name} is in a format that is known here");
        findings.push(Finding::new(Code::ReadUnknownFormat, message).help(formats()));
        return Shown { source: name, findings, ..Shown::default() };
    }
    let Some(importer) = recognize(&sources, &mut findings) else {
        return Shown { source: name, findings, ..Shown::default() };
    };
    let all = rest.len();
    let belonging: Vec<Arc<Source>> =
        rest.into_iter().flatten().filter(|file| belongs(file, &sources)).collect();
    let others = all.saturating_sub(belonging.len());
    if others > 0 {
        let read = sources.len().saturating_add(belonging.len()).saturating_sub(named);
        let message = format!("{read} files below {name} were read, {others} are in no known format");
        findings.push(Finding::new(Code::ReadNotCompared, message));
    }
    sources.extend(belonging);
    let read = importer.import(&sources);
    findings.extend(read.findings);
    let policy = if any_error(&findings) { Policy::default() } else { read.policy };
    Shown { source: name, format: importer.name(), policy, findings, advice: importer.advise(&sources) }
}

/// The files below a folder, `None` for those that are no text.
fn texts_below(folder: &Path, findings: &mut Vec<Finding>) -> Vec<Option<Arc<Source>>> {
    let paths = below(folder).unwrap_or_else(|finding| {
        findings.push(finding);
        Vec::new()
    });
    let text = |path: PathBuf| read_text(&path, RULES_LIMIT).map_err(|finding| findings.push(finding)).ok();
    paths.into_iter().filter_map(text).collect()
}

/// Reports whether a file that is not recognised belongs to those that are: it is of their kind by its name, as a
/// `.tf` file with nothing but variables is, or one of them names it, as lists and includes are named.
fn belongs(file: &Source, recognised: &[Arc<Source>]) -> bool {
    let path = Path::new(file.name());
    let kind = path.extension().filter(|kind| *kind == "tf" || *kind == "tfvars");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    recognised.iter().any(|other| {
        let same_kind =
            kind.is_some_and(|_| Path::new(other.name()).extension().is_some_and(|it| it == "tf"));
        same_kind || (!name.is_empty() && other.text().contains(&name))
    })
}

fn importers() -> impl Iterator<Item = &'static dyn Importer> {
    TARGETS.iter().flat_map(|target| target.importers().iter().copied())
}

fn formats() -> String {
    format!("formats are {}", importers().map(Importer::name).collect::<Vec<_>>().join(", "))
}

/// The importer that knows the form of the files. All files must be of one form; files that only an importer of another
/// file's form can use, such as list files, are left to it.
fn recognize(sources: &[Arc<Source>], findings: &mut Vec<Finding>) -> Option<&'static dyn Importer> {
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
            for source in unknown {
                let message = format!("`{}` is in no format that is known here", source.name());
                findings.push(Finding::new(Code::ReadUnknownFormat, message).help(formats()));
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
