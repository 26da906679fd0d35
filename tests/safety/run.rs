//! Running the program, alone or under a tool.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program.
pub(crate) const EGRESSOR: &str = env!("CARGO_BIN_EXE_egressor");

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// A file of the checkout.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The lockfile of the quickstart.
pub(crate) fn quickstart_lock() -> String {
    file("examples/01_quickstart/egressor.lock").display().to_string()
}

/// Runs the program in a folder.
pub(crate) fn egressor(folder: &Path, arguments: &[&str]) -> Run {
    under(folder, &[], arguments)
}

/// Runs the program in a folder under other programs, such as `strace -f`.
pub(crate) fn under(folder: &Path, tool: &[&str], arguments: &[&str]) -> Run {
    let mut words = tool.iter().copied().chain([EGRESSOR]).chain(arguments.iter().copied());
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).current_dir(folder).stdin(Stdio::null()).env_remove("NO_COLOR");
    command.output().expect("the program runs").into()
}

/// Every file below a folder, hidden ones too, with its bytes.
pub(crate) fn state(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_owned();
                files.insert(name, std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    files
}

/// The arguments that write three files of the quickstart into `out`, for an owner, so that all of them differ.
pub(crate) fn generate(lock: &str, owner: &str) -> Vec<String> {
    let set = format!("owner={owner}");
    let words =
        ["generate", "--region", "us", "--lock", lock, "--out", "out", "-t", "iptables,squid", "--set", &set];
    words.iter().map(ToString::to_string).collect()
}

/// Texts as the arguments that they are.
pub(crate) fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// Reports whether a program is there and does what is asked of it here.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
