//! Where text goes: data to standard output, everything else to standard error.

use super::Exit;
use super::args::{Color, Common, Format};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::report::{FindingJson, human};
use serde::Serialize;
use std::io::{self, IsTerminal as _, StdoutLock, Write as _};

/// How this run prints.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(super) struct Output {
    format: Format,
    styled: bool,
    /// Whether what goes to standard output is in colour.
    styled_data: bool,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub(super) fn new(common: &Common) -> Self {
        let styled = |is_terminal: bool| match common.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !set("NO_COLOR") && !dumb && is_terminal
            }
        };
        let styled_data = styled(io::stdout().is_terminal());
        let styled = styled(io::stderr().is_terminal());
        Self { format: common.format, styled, styled_data, quiet: common.quiet, verbose: common.verbose }
    }

    /// Reports whether programs read the result.
    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// How results are printed.
    pub(super) fn format(self) -> Format {
        self.format
    }

    /// Reports whether data is printed in colour.
    pub(super) fn is_styled(self) -> bool {
        self.styled_data
    }

    /// Reports whether only errors are printed.
    pub(super) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Reports whether notes are printed too.
    pub(super) fn is_verbose(self) -> bool {
        self.verbose
    }

    /// Prints data and ends with `exit`, or fails when the data could not be printed.
    pub(super) fn finish(self, text: &str, exit: Exit) -> Exit {
        self.stream(exit, |out| out.write_all(text.as_bytes()))
    }

    /// Prints the data that `write` writes and ends with `exit`, or fails when it could not be printed. A reader that
    /// went away is no reason to fail.
    pub(super) fn stream(
        self,
        exit: Exit,
        write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>,
    ) -> Exit {
        let mut out = io::stdout().lock();
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let message = format!("cannot write to standard output: {}", error.kind());
                self.findings(&[Finding::new(Code::FileWrite, message)]);
                Exit::Failed
            }
            Ok(()) | Err(_) => exit,
        }
    }

    /// Prints a JSON document.
    pub(super) fn json(self, document: &impl Serialize, exit: Exit) -> Exit {
        match serde_json::to_string_pretty(document) {
            Ok(text) => self.finish(&format!("{text}\n"), exit),
            Err(error) => {
                self.findings(&[Finding::new(
                    Code::FileWrite,
                    format!("cannot print the result as JSON: {error}"),
                )]);
                Exit::Failed
            }
        }
    }

    /// Prints a line of progress or summary, unless asked to be quiet.
    pub(super) fn status(self, line: &str) {
        if !self.quiet {
            note(line);
        }
    }

    /// Prints findings for people: errors always, warnings unless quiet, notes when verbose.
    pub(super) fn findings(self, findings: &[Finding]) {
        let least = match (self.quiet, self.verbose) {
            (true, _) => Severity::Error,
            (false, true) => Severity::Note,
            (false, false) => Severity::Warning,
        };
        for finding in findings.iter().filter(|finding| finding.severity >= least) {
            note(&human(finding, self.styled));
        }
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings, notes) =
            (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
        if errors + warnings > 1 {
            let hidden = if notes > 0 && !self.verbose {
                format!(", {notes} notes (-v shows them)")
            } else {
                String::new()
            };
            let (errors, warnings) = (plural(errors, "error"), plural(warnings, "warning"));
            self.status(&format!("{errors}, {warnings}{hidden}; `egressor explain CODE` tells more"));
        }
    }

    /// The findings as a JSON list.
    pub(super) fn findings_json(findings: &[Finding]) -> Vec<FindingJson<'_>> {
        findings.iter().map(FindingJson::from).collect()
    }

    /// The exit code of a run that had these findings and nothing to compare.
    pub(super) fn exit(findings: &[Finding]) -> Exit {
        if any_error(findings) { Exit::Failed } else { Exit::Same }
    }
}

/// A number of things: `1 error`, `2 errors`.
pub(super) fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn note(line: &str) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
