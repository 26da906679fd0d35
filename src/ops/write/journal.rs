//! What a run is about to replace, written down before it begins.

use crate::ops::File;
use crate::syntax::digest::sha256;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::{Component, Path, PathBuf};

/// The most bytes of a journal; each of its entries is a path and a digest.
const LIMIT: u64 = 4 << 20;
/// The names of the files that stand for the state of a run, in its folder.
const OPEN: &str = ".egressor-journal";
const WRITTEN: &str = ".egressor-journal.new";
const CLOSED: &str = ".egressor-journal.done";

/// The files of one run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    schema: Version,
    /// A number that other runs at the same time do not have.
    run: u32,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "egressor/journal/v1")]
    V1,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    /// The digest of the new text.
    sha256: String,
    /// Whether there was such a file before.
    replaces: bool,
}

/// One file of a run, and the names that it has meanwhile.
#[derive(Debug)]
pub(super) struct Piece {
    /// Its destination.
    pub(super) path: PathBuf,
    /// The new text, until it takes the destination's name.
    pub(super) new: PathBuf,
    /// The file that was there before, until the run is over.
    pub(super) old: PathBuf,
    /// Whether there was such a file before.
    pub(super) replaces: bool,
    sha256: String,
}

impl Journal {
    pub(super) fn new(folder: &Path, files: &[&File]) -> Self {
        let entry = |file: &&File| Entry {
            path: file.path.clone(),
            sha256: sha256(&file.text),
            replaces: folder.join(&file.path).symlink_metadata().is_ok(),
        };
        Self { schema: Version::V1, run: std::process::id(), files: files.iter().map(entry).collect() }
    }

    /// The journal of a run that goes on or was interrupted.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join(OPEN)
    }

    /// The journal while it is written.
    pub(super) fn unwritten(folder: &Path) -> PathBuf {
        folder.join(WRITTEN)
    }

    /// The journal of a run that has replaced everything and cleans up.
    pub(super) fn closed(folder: &Path) -> PathBuf {
        folder.join(CLOSED)
    }

    /// Reads a journal, where there is one. Whoever can write into the folder could have put it there, so its paths are
    /// looked at before they are used.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        file.take(LIMIT).read_to_string(&mut text)?;
        let journal: Self = serde_json::from_str(&text).map_err(|_| Error::from(ErrorKind::InvalidData))?;
        let is_name = |entry: &Entry| {
            matches!(Path::new(&entry.path).components().next_back(), Some(Component::Normal(_)))
        };
        if journal.files.iter().all(is_name) { Ok(Some(journal)) } else { Err(ErrorKind::InvalidData.into()) }
    }

    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|_| ErrorKind::InvalidData.into())
    }

    /// The files, in the order in which they are replaced.
    pub(super) fn pieces(&self, folder: &Path) -> Vec<Piece> {
        let piece = |(at, entry): (usize, &Entry)| {
            let path = folder.join(&entry.path);
            let beside = |what: &str| path.with_file_name(format!(".egressor-{}-{at}.{what}", self.run));
            let (new, old) = (beside("new"), beside("old"));
            Piece { path, new, old, replaces: entry.replaces, sha256: entry.sha256.clone() }
        };
        self.files.iter().enumerate().map(piece).collect()
    }
}

impl Piece {
    /// Reports whether the destination has the new text.
    pub(super) fn is_replaced(&self) -> Result<bool> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(sha256(&bytes) == self.sha256),
            // Where there is nothing, or a folder, the run has put nothing.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    /// The digest of a text, as journals have it.
    pub(crate) fn digest_of(text: &str) -> String {
        super::sha256(text)
    }
}
