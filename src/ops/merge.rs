//! `merge`: prefix lists to the minimal list.

use super::files::{RULES_LIMIT, read};
use crate::diag::{Finding, any_error};
use crate::packet::{Joined, Ranges};
use crate::syntax::prefix_list::{self, Reader};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What is done with the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// The addresses of any list.
    All,
    /// The addresses that all lists have.
    Common,
    /// The addresses of the lists that none of these has.
    Except(Vec<PathBuf>),
    /// The addresses of the lists or of these, but not of both.
    Diff(Vec<PathBuf>),
}

/// Reads lists and merges them. With an error among the findings the answer is empty and means nothing.
pub fn merge(files: &[PathBuf], how: &Merge) -> (Joined, Vec<Finding>) {
    let mut findings = Vec::new();
    let merged = match how {
        Merge::All => all(files, &mut findings),
        Merge::Common => {
            let lists = files.iter().map(|path| list(path, &mut findings).join());
            lists.reduce(|common, list| common.intersect(&list)).unwrap_or_default()
        }
        Merge::Except(others) => all(files, &mut findings).subtract(&all(others, &mut findings)),
        Merge::Diff(others) => all(files, &mut findings).differing(&all(others, &mut findings)),
    };
    if any_error(&findings) { (Joined::default(), findings) } else { (merged, findings) }
}

/// The ranges of all lists.
fn all(paths: &[PathBuf], findings: &mut Vec<Finding>) -> Joined {
    let mut ranges = Ranges::default();
    for path in paths {
        ranges.append(list(path, findings));
    }
    ranges.join()
}

/// The ranges of one list; none and a finding when it cannot be read.
fn list(path: &Path, findings: &mut Vec<Finding>) -> Ranges {
    if let Some(ranges) = in_pieces(path) {
        return ranges;
    }
    match read(path, RULES_LIMIT) {
        Ok(source) => prefix_list::parse(&source, findings),
        Err(finding) => {
            findings.push(finding);
            Ranges::default()
        }
    }
}

/// How many bytes of a list are in memory at a time.
const PIECE: usize = 256 << 10;

/// The ranges of a list that is a file and has nothing wrong in it. All else is for the reader that can say what is
/// wrong, for which a file is read again; what comes through a pipe could not be.
fn in_pieces(path: &Path) -> Option<Ranges> {
    fs::metadata(path).ok().filter(|metadata| metadata.is_file() && metadata.len() <= RULES_LIMIT)?;
    let mut file = fs::File::open(path).ok()?;
    let mut reader = Reader::default();
    let mut buffer = vec![0; PIECE];
    let (mut filled, mut total) = (0_usize, 0_u64);
    loop {
        // No room is left when one line is longer than a piece.
        let free = buffer.get_mut(filled..).filter(|free| !free.is_empty())?;
        let read = file.read(free).ok()?;
        total = total.saturating_add(u64::try_from(read).ok()?);
        filled = filled.saturating_add(read);
        if total > RULES_LIMIT {
            return None;
        }
        let taken = reader.feed(buffer.get(..filled)?, read == 0).ok()?;
        if read == 0 {
            return Some(reader.finish());
        }
        buffer.copy_within(taken..filled, 0);
        filled = filled.saturating_sub(taken);
    }
}
