//! Running the program, and the cases in their folders.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program in a folder, without a proxy and without a project.
pub(crate) fn egressor(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egressor"));
    for name in
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "NO_COLOR"]
    {
        command.env_remove(name);
    }
    let output = command.args(arguments).current_dir(folder).output().expect("the program runs");
    Run {
        code: output.status.code().expect("it ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// The top of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A body and the flags that it is imported with.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) feed: String,
    pub(crate) folder: PathBuf,
    pub(crate) body: PathBuf,
    pub(crate) flags: Vec<String>,
}

impl Case {
    /// The text of the body.
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(root().join(&self.body)).expect("a body")
    }
}

/// Every case, in the order of their paths: a folder in the folder of a feed.
pub(crate) fn cases() -> Vec<Case> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names.into_iter().map(|name| folder.join(name)).collect()
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let is_folder = |path: &PathBuf| root().join(path).is_dir();
    let mut cases = Vec::new();
    for feed in below(Path::new("tests/feeds")).into_iter().filter(is_folder) {
        for folder in below(&feed) {
            let body = below(&folder).into_iter().find(|file| name(file).starts_with("body."));
            let flags = std::fs::read_to_string(root().join(&folder).join("flags")).expect("flags");
            cases.push(Case {
                feed: name(&feed),
                body: body.expect("a case has a body"),
                flags: flags.split_whitespace().map(str::to_owned).collect(),
                folder,
            });
        }
    }
    assert!(cases.len() > 20, "the cases are found");
    cases
}

/// The arguments that import a case.
pub(crate) fn import(case: &Case) -> Vec<String> {
    let body = case.body.display().to_string();
    let own = ["catalog", "import", &case.feed, "--from", &body].map(str::to_owned);
    own.into_iter().chain(case.flags.iter().cloned()).collect()
}

/// The arguments as the program takes them.
pub(crate) fn strs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// A folder of its own with a body of a case in it, under this name.
pub(crate) fn with_body(case: &str, name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let found = cases().into_iter().find(|found| found.folder.ends_with(case)).expect("a case");
    std::fs::copy(root().join(found.body), folder.path().join(name)).expect("a copy");
    folder
}
