//! The program in a pseudo-terminal.

use crate::run::Run;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A terminal with so many rows and columns.
pub(crate) struct Terminal<'a> {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) folder: &'a Path,
    pub(crate) env: &'a [(&'a str, &'a str)],
}

/// What takes part in how a program prints.
const LEFT_OUT: [&str; 14] = [
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "EGRESSOR_PAGER",
    "EGRESSOR_TODAY",
    "FORCE_COLOR",
    "LESS",
    "LINES",
    "NO_COLOR",
    "PAGER",
    "TERM",
    "VTE_VERSION",
];

impl Terminal<'_> {
    /// Runs the program in it. Standard output and standard error are one.
    pub(crate) fn egressor(&self, arguments: &[&str]) -> Option<Run> {
        let program = [env!("CARGO_BIN_EXE_egressor")];
        self.run(&[program.as_slice(), arguments].concat(), &[])
    }

    /// Runs a command in it and types into it: each text once the other was seen. Nothing where there is no Python.
    pub(crate) fn run(&self, command: &[&str], types: &[(&str, &str)]) -> Option<Run> {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/terminal.py");
        let mut python = Command::new("python3");
        python.arg(driver).args([self.rows.to_string(), self.columns.to_string()]).args(command);
        python.current_dir(self.folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in LEFT_OUT {
            python.env_remove(name);
        }
        python.env("TERM", "xterm-256color").envs(self.env.iter().copied());
        let mut child = python.spawn().ok()?;
        let steps = serde_json::to_vec(types).expect("JSON");
        child.stdin.take().expect("standard input").write_all(&steps).expect("the steps are taken");
        let output = child.wait_with_output().expect("the driver ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.is_empty(), "the driver says: {stderr}");
        // A terminal ends lines with two characters.
        let stdout = String::from_utf8(output.stdout).expect("text").replace("\r\n", "\n");
        Some(Run { code: output.status.code().expect("it ends by itself"), stdout, stderr })
    }
}

/// Says that the tests in a terminal were not run.
pub(crate) fn no_terminal(cases: usize) {
    crate::real::skipped("a pseudo-terminal", cases, "there is no python3");
}
