//! The files that a configuration names, such as lists and includes, where they lie in its folder or below.

use super::files::{RULES_LIMIT, read_text};
use super::forms::importers;
use crate::diag::{Code, Finding, Source};
use crate::syntax::glob::fits;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads what files name, and what that names in turn. What lies outside the folder of a file is not followed: where it
/// is named by a path of its own, its reader asks for it, and where a pattern means it among others, it is an error here,
/// or nobody would miss it.
pub(super) fn beside(named: &[Arc<Source>], findings: &mut Vec<Finding>) -> Vec<Arc<Source>> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<PathBuf> = named.iter().filter_map(|file| real(Path::new(file.name()))).collect();
    for root in named {
        let Some(folder) = Folder::of(Path::new(root.name())) else { continue };
        let mut open = vec![Arc::clone(root)];
        while let Some(source) = open.pop() {
            for name in importers().flat_map(|importer| importer.references(&source)) {
                let by_pattern = is_pattern(&name);
                for path in folder.files(&name) {
                    let Some(place) = real(&path).filter(|place| !seen.contains(place)) else { continue };
                    let inside = place.starts_with(&folder.real);
                    let read = if inside { read_text(&path, RULES_LIMIT) } else { Ok(None) };
                    match read {
                        Ok(Some(file)) => {
                            seen.insert(place);
                            found.push(Arc::clone(&file));
                            open.push(file);
                        }
                        Ok(None) if by_pattern => findings.push(left_out(&path, &name, inside)),
                        Ok(None) => {}
                        Err(finding) => findings.push(finding),
                    }
                }
            }
        }
    }
    found
}

/// A file that a pattern means and that was not read.
fn left_out(path: &Path, pattern: &str, inside: bool) -> Finding {
    let why = if inside { "it is not text" } else { "it leads out of the folder" };
    let message = format!("`{}` is one of `{pattern}` and is not read: {why}", path.display());
    let code = if inside { Code::FileRead } else { Code::FileOutside };
    Finding::new(code, message).help("name it as a further file if it belongs to the rules")
}

fn is_pattern(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|name| name.to_string_lossy().contains(['*', '?']))
}

/// The folder of a file.
struct Folder {
    /// As the user named it.
    named: PathBuf,
    /// Where it really is.
    real: PathBuf,
}

impl Folder {
    fn of(file: &Path) -> Option<Self> {
        let real = real(file)?.parent()?.to_owned();
        Some(Self { named: file.parent()?.to_owned(), real })
    }

    /// The files that a name means, which may end in a pattern, in order. A pattern means no hidden files, as in a shell.
    fn files(&self, name: &str) -> Vec<PathBuf> {
        let path = Path::new(name);
        let below = if path.is_absolute() { path.strip_prefix(&self.real).ok() } else { Some(path) };
        let Some(path) = below.map(|path| self.named.join(path)) else { return Vec::new() };
        let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut files = if is_pattern(name) {
            let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok());
            let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
            let is_meant = |path: &PathBuf| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                name.is_some_and(|name| {
                    fits(&pattern, &name) && (pattern.starts_with('.') || !name.starts_with('.'))
                })
            };
            paths.filter(is_meant).collect()
        } else {
            vec![path]
        };
        files.retain(|path| path.is_file());
        files.sort();
        files
    }
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}
