//! The corpus: `tests/corpus/IMPORTER/CASE` is a case, and `meaning.txt` in it is what its files mean together.
//!
//! A file in the folder `also` of a case says the same as the first file of the case, as another tool printed it or as
//! a person wrote it: it is read in the place of that file, beside the others.

use egressor::diag::Source;
use egressor::targets::{Importer, TARGETS};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The folder of the importer.
    pub(crate) importer: &'static str,
    /// The folder of the case.
    pub(crate) folder: PathBuf,
    /// The files that are read together; what the others belong to comes first.
    pub(crate) files: Vec<PathBuf>,
    /// Files that say the same as the first.
    pub(crate) also: Vec<PathBuf>,
}

/// All importers.
pub(crate) fn importers() -> impl Iterator<Item = &'static dyn Importer> {
    TARGETS.iter().flat_map(|target| target.importers().iter().copied())
}

/// The importer of that name.
pub(crate) fn importer(name: &str) -> &'static dyn Importer {
    importers().find(|importer| importer.name() == name).unwrap()
}

/// The names of the importers that take a file for theirs.
pub(crate) fn claimed(source: &Source) -> Vec<&'static str> {
    importers().filter(|importer| importer.recognizes(source)).map(Importer::name).collect()
}

/// The folder of all importers' cases.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The cases of an importer, by their names.
pub(crate) fn cases(importer: &'static str) -> Vec<Case> {
    let folder = root().join(importer);
    let mut folders: Vec<PathBuf> = entries(&folder).into_iter().filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(|folder| Case::new(importer, folder)).collect()
}

/// The cases of all importers.
pub(crate) fn all() -> Vec<Case> {
    importers().flat_map(|importer| cases(importer.name())).collect()
}

impl Case {
    fn new(importer: &'static str, folder: PathBuf) -> Self {
        let also = folder.join("also");
        let texts = |folder: &Path| {
            let mut files = below(folder);
            // What only makes the files is no rule file.
            files.retain(|path| path.extension().is_none_or(|kind| kind != "in"));
            files
        };
        let mut files = texts(&folder);
        files.retain(|path| !path.starts_with(&also) && !path.ends_with("meaning.txt"));
        let belongs = |path: &PathBuf| claimed(&source(&folder, path)).is_empty();
        files.sort_by_key(|path| (belongs(path), path.components().count(), path.clone()));
        Self { importer, also: texts(&also), files, folder }
    }

    /// The name of the case, with its importer's.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.importer, self.folder.file_name().unwrap().to_str().unwrap())
    }

    /// The files of the case.
    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        self.files.iter().map(|path| source(&self.folder, path)).collect()
    }

    /// The files with another one in the place of the first.
    pub(crate) fn with(&self, first: &Path) -> Vec<PathBuf> {
        std::iter::once(first)
            .chain(self.files.iter().skip(1).map(PathBuf::as_path))
            .map(PathBuf::from)
            .collect()
    }

    /// The text of a file by its name below the folder of the case.
    pub(crate) fn source(&self, path: &Path) -> Arc<Source> {
        source(&self.folder, path)
    }
}

/// A file under its name below the folder of its case.
fn source(folder: &Path, path: &Path) -> Arc<Source> {
    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    Arc::new(Source::new(name, fs::read_to_string(path).unwrap()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map_or_else(|_| Vec::new(), |all| all.map(|entry| entry.unwrap().path()).collect())
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = entries(folder)
        .into_iter()
        .flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] })
        .collect();
    files.sort();
    files
}
