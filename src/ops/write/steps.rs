//! The steps in which a run replaces its files, and the way back.
//!
//! 1. The journal says what is to be replaced.
//! 2. Every new text is written beside its destination, and every old file gets a second name.
//! 3. Each new text takes the name of its destination.
//! 4. The journal is closed: from here on the new files hold.
//! 5. The second names go.
//!
//! A run that ends before step 4 is undone by the next one; a run that ends after it is cleaned up.
// INVARIANT: while the journal is open, every old file has a name, so that all of them can be put back.

use super::journal::{Journal, Piece};
use super::stage::{folder_of, settle, stage};
use crate::ops::File;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// The steps of one run.
pub(super) struct Steps<'a> {
    folder: &'a Path,
    journal: &'a Journal,
    pieces: Vec<(Piece, &'a str)>,
}

/// One step, which is done or not done.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// Writes the journal.
    Open,
    /// Writes a new text.
    Stage(&'a Piece, &'a str),
    /// Gives an old file a second name.
    Keep(&'a Piece),
    /// Makes what was done so far outlive a loss of power.
    Settle,
    /// Puts a new text in its place.
    Swap(&'a Piece),
    /// Closes the journal.
    Close,
    /// Takes the second name of an old file away.
    Forget(&'a Piece),
    /// Removes the journal.
    End,
}

impl<'a> Steps<'a> {
    pub(super) fn new(folder: &'a Path, journal: &'a Journal, files: &[&'a File]) -> Self {
        let texts = files.iter().map(|file| file.text.as_str());
        Self { folder, journal, pieces: journal.pieces(folder).into_iter().zip(texts).collect() }
    }

    /// Takes every step; the path and the reason of the first that fails. What fails after the journal is closed is no
    /// failure: the names that are left behind are those of a run that was interrupted there, and the next run removes them.
    pub(super) fn run(&self) -> std::result::Result<(), (PathBuf, Error)> {
        for step in self.steps() {
            match (self.take(step), step) {
                (Ok(()), _) => {}
                (Err(_), Step::Forget(_) | Step::End) => return Ok(()),
                (Err(error), _) => return Err((self.about(step).to_owned(), error)),
            }
        }
        Ok(())
    }

    fn steps(&self) -> Vec<Step<'_>> {
        let pieces = || self.pieces.iter().map(|(piece, _)| piece);
        let mut steps = vec![Step::Open];
        steps.extend(self.pieces.iter().map(|(piece, text)| Step::Stage(piece, text)));
        steps.extend(pieces().map(Step::Keep));
        steps.push(Step::Settle);
        steps.extend(pieces().map(Step::Swap));
        steps.extend([Step::Settle, Step::Close]);
        steps.extend(pieces().map(Step::Forget));
        steps.push(Step::End);
        steps
    }

    fn take(&self, step: Step<'_>) -> Result<()> {
        match step {
            Step::Open => {
                let unwritten = Journal::unwritten(self.folder);
                stage(&unwritten, &unwritten, self.journal.text()?.as_bytes())?;
                fs::rename(unwritten, Journal::path(self.folder))
            }
            Step::Stage(piece, text) => {
                fs::create_dir_all(folder_of(&piece.path))?;
                stage(&piece.new, &piece.path, text.as_bytes())
            }
            Step::Keep(piece) if piece.replaces => keep(piece),
            Step::Keep(_) => Ok(()),
            Step::Settle => {
                let pieces = self.pieces.iter().map(|(piece, _)| folder_of(&piece.path));
                pieces.chain([self.folder]).collect::<BTreeSet<_>>().into_iter().for_each(settle);
                Ok(())
            }
            Step::Swap(piece) => fs::rename(&piece.new, &piece.path),
            Step::Close => fs::rename(Journal::path(self.folder), Journal::closed(self.folder)),
            Step::Forget(piece) => remove(&piece.old),
            Step::End => remove(&Journal::closed(self.folder)),
        }
    }

    /// The file that a step is about.
    fn about(&self, step: Step<'a>) -> &Path {
        match step {
            Step::Stage(piece, _) | Step::Keep(piece) | Step::Swap(piece) | Step::Forget(piece) => {
                &piece.path
            }
            Step::Open | Step::Settle | Step::Close | Step::End => self.folder,
        }
    }
}

/// Gives the old file a second name; a copy where the system has no second names.
fn keep(piece: &Piece) -> Result<()> {
    match fs::hard_link(&piece.path, &piece.old) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(error),
        Err(_) => stage(&piece.old, &piece.path, &fs::read(&piece.path)?),
    }
}

/// Puts back what a run has replaced, and removes all that it has left; how many files were put back. It can be begun
/// again when it does not come to its end.
pub(super) fn undo(folder: &Path, journal: &Journal) -> Result<usize> {
    let mut count = 0;
    for piece in journal.pieces(folder) {
        // What somebody else has changed since is theirs.
        if piece.is_replaced()? {
            let outcome = if piece.replaces {
                fs::rename(&piece.old, &piece.path)
            } else {
                fs::remove_file(&piece.path)
            };
            match outcome {
                Ok(()) => count += 1,
                // Without a second name the run had not come to replacing: somebody else put the same text here.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        remove(&piece.new)?;
        remove(&piece.old)?;
        settle(folder_of(&piece.path));
    }
    remove(&Journal::unwritten(folder))?;
    remove(&Journal::path(folder))?;
    Ok(count)
}

/// Removes what a run left that had replaced everything, and the journal of one that had only begun to write it.
pub(super) fn sweep(folder: &Path) -> Result<()> {
    remove(&Journal::unwritten(folder))?;
    let closed = Journal::closed(folder);
    let Some(journal) = Journal::read(&closed)? else { return Ok(()) };
    for piece in journal.pieces(folder) {
        remove(&piece.old)?;
    }
    remove(&closed)
}

fn remove(path: &Path) -> Result<()> {
    // A system that cannot be written refuses before it looks whether there is anything.
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Turn, changed};
    use super::{Journal, Steps};
    use crate::ops::File;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// Every file below a folder, with its text.
    fn state(folder: &Path) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.extend(state(&path));
            } else {
                files.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
            }
        }
        files
    }

    /// A folder with two files of three.
    fn before() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("a"), "old a").unwrap();
        fs::write(folder.path().join("sub/b"), "old b").unwrap();
        folder
    }

    fn after() -> Vec<File> {
        vec![file("a", "new a"), file("sub/b", "new b"), file("c", "new c")]
    }

    /// What a run that ends after each number of steps leaves, and what the next turn makes of it.
    fn each_end(mut judge: impl FnMut(usize, &Path, bool)) {
        let files = after();
        let files: Vec<&File> = files.iter().collect();
        for count in 0.. {
            let folder = before();
            let journal = Journal::new(folder.path(), &files);
            let steps = Steps::new(folder.path(), &journal, &files);
            let all = steps.steps();
            let Some(taken) = all.get(..count) else { break };
            for step in taken {
                steps.take(*step).unwrap();
            }
            let is_closed = taken.iter().any(|step| matches!(step, super::Step::Close));
            judge(count, folder.path(), is_closed);
        }
    }

    #[test]
    fn a_run_that_ends_between_any_two_steps_leaves_all_old_or_all_new_after_the_next_turn() {
        let (mut old, mut new) = (0, 0);
        each_end(|count, folder, is_closed| {
            let expected = before();
            if is_closed {
                for file in after() {
                    fs::write(expected.path().join(&file.path), &file.text).unwrap();
                }
            }
            drop(Turn::take(folder, &[]).unwrap());
            let plain = |state: BTreeMap<String, String>, root: &Path| -> BTreeMap<String, String> {
                let root = root.display().to_string();
                state.into_iter().map(|(path, text)| (path.replace(&root, ""), text)).collect()
            };
            let is = plain(state(folder), folder);
            assert_eq!(is, plain(state(expected.path()), expected.path()), "after {count} steps");
            *(if is_closed { &mut new } else { &mut old }) += 1;
        });
        assert!(old > 10 && new > 4, "{old} {new}");
    }

    #[test]
    fn putting_back_can_itself_end_anywhere_and_is_begun_again() {
        each_end(|count, folder, is_closed| {
            let Ok(Some(journal)) = Journal::read(&Journal::path(folder)) else { return };
            assert!(!is_closed);
            // The way back ends after its first file.
            if let Some(piece) = journal.pieces(folder).into_iter().next()
                && piece.is_replaced().unwrap()
            {
                fs::rename(&piece.old, &piece.path).unwrap();
            }
            drop(Turn::take(folder, &[]).unwrap());
            assert_eq!(
                state(folder),
                {
                    let mut expected = BTreeMap::new();
                    expected.insert(folder.join("a").display().to_string(), "old a".to_owned());
                    expected.insert(folder.join("sub/b").display().to_string(), "old b".to_owned());
                    expected
                },
                "after {count} steps"
            );
        });
    }

    #[test]
    fn what_somebody_changed_since_is_left_to_them() {
        each_end(|count, folder, is_closed| {
            fs::write(folder.join("a.tmp"), "by hand").unwrap();
            fs::rename(folder.join("a.tmp"), folder.join("a")).unwrap();
            drop(Turn::take(folder, &[]).unwrap());
            assert_eq!(
                fs::read_to_string(folder.join("a")).unwrap(),
                "by hand",
                "after {count} steps, {is_closed}"
            );
        });
    }

    #[test]
    fn a_run_that_was_interrupted_is_told_of_once() {
        each_end(|count, folder, _| {
            let is_open = Journal::path(folder).exists();
            assert_eq!(super::super::unfinished(folder).is_some(), is_open, "after {count} steps");
            assert_eq!(Turn::take(folder, &[]).unwrap().finding.is_some(), is_open);
            assert!(Turn::take(folder, &[]).unwrap().finding.is_none());
        });
    }

    #[test]
    fn a_step_that_fails_leaves_everything_as_it_was() {
        let folder = before();
        let was = state(folder.path());
        let files = [file("a", "new"), file("c/d", "new"), file("c", "a file where a folder is")];
        let refs: Vec<&File> = files.iter().collect();
        let turn = Turn::take(folder.path(), &[]).unwrap();
        assert!(turn.replace(&refs, true).is_err());
        assert_eq!(state(folder.path()), was);
        assert_eq!(changed(folder.path(), &files).len(), 3);
    }

    #[test]
    fn a_journal_that_leads_elsewhere_or_is_damaged_changes_nothing_and_is_told() {
        let folder = before();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x"), "theirs").unwrap();
        let sha = super::super::journal::tests::digest_of("theirs");
        for path in ["../x".to_owned(), outside.path().join("x").display().to_string(), "a/..".to_owned()] {
            let text = format!(
                r#"{{"schema": "egressor/journal/v1", "run": 1, "files": [{{"path": "{path}", "sha256": "{sha}", "replaces": false}}]}}"#
            );
            fs::write(Journal::path(folder.path()), text).unwrap();
            let finding = Turn::take(folder.path(), &[]).unwrap_err();
            assert!(finding.is_error());
            assert_eq!(fs::read_to_string(outside.path().join("x")).unwrap(), "theirs");
        }
        for text in ["", "{}", "null", "\u{0}"] {
            fs::write(Journal::path(folder.path()), text).unwrap();
            assert!(Turn::take(folder.path(), &[]).is_err(), "{text}");
        }
    }
}
