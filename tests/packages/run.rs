//! Running the program, the scripts of `packaging`, and the tools that judge what they make.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The day that packages of the tests bear, in seconds: 2026-11-23.
pub(crate) const EPOCH: &str = "1795392000";

/// The program.
pub(crate) const EGRESSOR: &str = env!("CARGO_BIN_EXE_egressor");

/// A file of the repository.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the repository.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(file(path)).expect(path)
}

/// Reports whether a tool is there and does what the tests need of it.
pub(crate) fn works(tool: &str, arguments: &[&str]) -> bool {
    Command::new(tool).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A command in the folder of the repository, on the day of the tests.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(file(".")).env("SOURCE_DATE_EPOCH", EPOCH);
    command.env_remove("DEBFULLNAME").env_remove("DEBEMAIL");
    command
}

/// Runs a command that must succeed, and gives what it printed.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Everything that a command said.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The program that is packed: that of the tests, without what debuggers need, which is most of it.
pub(crate) fn packed() -> &'static Path {
    static STRIPPED: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = STRIPPED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("egressor");
        if !works("strip", &["-o", &path.display().to_string(), EGRESSOR]) {
            std::fs::copy(EGRESSOR, &path).expect("a copy");
        }
        (folder, path)
    });
    path
}

/// Every file and link below a folder, by its path from there.
pub(crate) fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).expect("below").display().to_string());
            }
        }
    }
    found
}

/// Copies a folder with all below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let place = to.join(&path);
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
        std::fs::copy(from.join(&path), place).expect("a copy");
    }
}
