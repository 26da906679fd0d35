//! Where text goes: data to standard output, everything else to standard error.

use super::Exit;
use super::args::{Choice, Common, Format, Paging};
use super::links::placed;
use super::pager::page;
use super::progress::waiting;
use super::safe::{Allowed, link, shown};
use super::screen::{Screen, Stream};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::report::{FindingJson, Page, human};
use clap::ValueEnum as _;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, StdoutLock, Write as _};

/// How this run prints. Everything that is printed goes through it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    format: Format,
    screen: Screen,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub(super) fn new(common: &Common) -> Self {
        let screen = Screen::new(common);
        Self { format: common.format, screen, quiet: common.quiet, verbose: common.verbose }
    }

    /// Reports whether programs read the result.
    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// How results are printed.
    pub(super) fn format(self) -> Format {
        self.format
    }

    /// The page that results are drawn on.
    pub(super) fn page(self) -> Page {
        Page {
            styled: self.screen.data.styled,
            width: self.screen.columns.filter(|_| self.screen.data.is_terminal),
        }
    }

    /// A text of a result as a link, where the terminal takes links.
    pub(super) fn link(self, target: &str, text: &str) -> String {
        link(target, text, self.screen.data.linked)
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
        let stream = self.screen.data;
        // A file or a program gets artifacts as they are.
        let text = if stream.is_terminal {
            shown(text, Allowed { styles: stream.styled, links: stream.linked })
        } else {
            Cow::Borrowed(text)
        };
        let is_long = self.screen.lines.is_some_and(|lines| text.lines().count() >= lines);
        let wanted = match self.screen.paging {
            Paging::Always => true,
            Paging::Auto => is_long,
            Paging::Never => false,
        };
        if wanted && page(&text) {
            return exit;
        }
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
            self.note(self.notes_page().wrapped_or_whole(line, 2).trim_end_matches('\n'));
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
            // An error tells what to do, in general where nobody knew better.
            let general = finding.is_error() && finding.help.is_none();
            let finding = if general { finding.clone().help(finding.code.remedy()) } else { finding.clone() };
            let drawn = human(&finding, self.notes_page());
            let drawn = if self.screen.notes.linked { placed(drawn, &finding) } else { drawn };
            self.note(&drawn);
        }
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings, notes) =
            (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
        if errors + warnings > 1 {
            let hidden = if notes > 0 && !self.verbose {
                format!(", {} (-v shows them)", plural(notes, "note"))
            } else {
                String::new()
            };
            let (errors, warnings) = (plural(errors, "error"), plural(warnings, "warning"));
            self.status(&format!("{errors}, {warnings}{hidden}; `egressor explain CODE` tells more"));
        }
    }

    /// Prints the findings of a run that wrote nothing: its errors, beside which warnings about what is not there only
    /// hide them.
    pub(super) fn failure(self, findings: &[Finding]) {
        if self.verbose {
            return self.findings(findings);
        }
        let errors: Vec<Finding> = findings.iter().filter(|finding| finding.is_error()).cloned().collect();
        self.findings(&errors);
        let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
        if warnings > 0 {
            let are = if warnings == 1 { "is" } else { "are" };
            self.status(&format!("{} {are} not shown (-v shows them)", plural(warnings, "warning")));
        }
    }

    /// Prints on standard error, at the end of which the cursor stays.
    pub(super) fn ask(self, text: &str) {
        let text = shown(text, self.notes_allowed());
        let mut err = io::stderr().lock();
        // There is nowhere left to say that standard error is closed.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    fn note(self, line: &str) {
        self.ask(&format!("{line}\n"));
    }

    fn notes_allowed(self) -> Allowed {
        Allowed { styles: self.screen.notes.styled, links: self.screen.notes.linked }
    }

    fn notes_page(self) -> Page {
        Page {
            styled: self.screen.notes.styled,
            width: self.screen.columns.filter(|_| self.screen.notes.is_terminal),
        }
    }

    /// Does what may take long: on a terminal it says what, once that is so.
    pub(super) fn during<T>(self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.quiet || self.is_json() || !self.screen.notes.is_terminal {
            return work();
        }
        waiting(self, what, work)
    }

    /// How many columns the terminal of messages has, where there is one.
    pub(super) fn columns(self) -> Option<usize> {
        self.screen.columns.filter(|_| self.screen.notes.is_terminal)
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

/// What the standard library says of a number that is none.
const NUMBERS: [&str; 4] = [
    "invalid digit found in string",
    "cannot parse integer from empty string",
    "number too large to fit in target type",
    "number would be zero for non-zero type",
];

/// Prints what is wrong with the arguments, or the help that they ask for.
pub(super) fn usage(error: &clap::Error) {
    let to_stderr = error.use_stderr();
    // The arguments could not be read, so what they say of colour is looked for.
    let mut color = Choice::Auto;
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at.saturating_add(1)).filter(|_| word == "--color");
        if let Some(value) = word.strip_prefix("--color=").or(next.map(String::as_str)) {
            color = Choice::from_str(value, false).unwrap_or(color);
        }
    }
    let stream = if to_stderr {
        Stream::of(&io::stderr(), color, Choice::Never)
    } else {
        Stream::of(&io::stdout(), color, Choice::Never)
    };
    let rendered = error.render();
    let text = if stream.styled { rendered.ansi().to_string() } else { rendered.to_string() };
    let text = NUMBERS.iter().fold(text, |text, of_rust| text.replace(of_rust, "a whole number is needed"));
    let text = shown(&text, Allowed { styles: stream.styled, links: false });
    // A closed pipe is no reason to fail.
    let _ = if to_stderr {
        io::stderr().lock().write_all(text.as_bytes())
    } else {
        io::stdout().lock().write_all(text.as_bytes())
    };
}
