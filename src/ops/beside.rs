//! The files that a configuration names, such as lists and includes, where they lie in its folder or below.

use super::files::{RULES_LIMIT, read_text};
use super::forms::importers;
use crate::diag::{Finding, Source};
use crate::syntax::glob::fits;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads what files name, and what that names in turn. What lies outside the folder of a file is not followed, by a link
/// or by its path: its reader asks for it by name.
pub(super) fn beside(named: &[Arc<Source>], findings: &mut Vec<Finding>) -> Vec<Arc<Source>> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<PathBuf> = named.iter().filter_map(|file| real(Path::new(file.name()))).collect();
    for root in named {
        let Some(folder) = Folder::of(Path::new(root.name())) else { continue };
        let mut open = vec![Arc::clone(root)];
        while let Some(source) = open.pop() {
            for name in importers().flat_map(|importer| importer.references(&source)) {
                for path in folder.files(&name) {
                    if !real(&path).is_some_and(|path| seen.insert(path)) {
                        continue;
                    }
                    match read_text(&path, RULES_LIMIT) {
                        Ok(Some(file)) => {
                            found.push(Arc::clone(&file));
                            open.push(file);
                        }
                        Ok(None) => {}
                        Err(finding) => findings.push(finding),
                    }
                }
            }
        }
    }
    found
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

    /// The files that a name means which may end in a pattern, in order.
    fn files(&self, name: &str) -> Vec<PathBuf> {
        let path = Path::new(name);
        let below = if path.is_absolute() { path.strip_prefix(&self.real).ok() } else { Some(path) };
        let Some(path) = below.map(|path| self.named.join(path)) else { return Vec::new() };
        let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut files = if pattern.contains(['*', '?']) {
            let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok());
            let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
            let is_meant =
                |path: &PathBuf| path.file_name().is_some_and(|name| fits(&pattern, &name.to_string_lossy()));
            paths.filter(is_meant).collect()
        } else {
            vec![path]
        };
        files.retain(|path| path.is_file() && real(path).is_some_and(|path| path.starts_with(&self.real)));
        files.sort();
        files
    }
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}
