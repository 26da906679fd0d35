//! Running the program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The lockfile of the quickstart.
pub(crate) fn quickstart_lock() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock").display().to_string()
}

/// Runs the program in a folder of its own, where no lockfile or project lies.
pub(crate) fn egressor(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    egressor_in(folder.path(), arguments)
}

/// Runs the program in a folder.
pub(crate) fn egressor_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .output()
        .expect("the program runs");
    Run {
        code: output.status.code().expect("it ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// The files that `generate` writes with these arguments and the lock of the quickstart.
pub(crate) fn generated(arguments: &[&str]) -> Files {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = quickstart_lock();
    let mut all = vec!["generate", "--lock", &lock, "--out", "out"];
    all.extend_from_slice(arguments);
    let run = egressor_in(folder.path(), &all);
    assert_eq!(run.code, 0, "{}", run.stderr);
    Files { stderr: run.stderr, out: folder.path().join("out"), _folder: folder }
}

/// Files that were written.
pub(crate) struct Files {
    pub(crate) stderr: String,
    pub(crate) out: PathBuf,
    _folder: tempfile::TempDir,
}

impl Files {
    /// The text of one of them.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.out.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of all of them.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.out).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The lines of a text that say something: no comments.
pub(crate) fn rules(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}
