//! How far a long run is: a bar on a terminal, a line now and then elsewhere, and nothing when it is soon over.

use super::output::Output;
use crate::syntax::text::fit;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The progress of one run.
#[derive(Debug)]
pub(super) struct Progress {
    style: Style,
    begun: Instant,
    /// When something was last shown.
    shown: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Silent,
    Bar,
    Lines,
}

/// A run that takes less shows nothing.
const SOON: Duration = Duration::from_secs(1);
const BETWEEN_BARS: Duration = Duration::from_millis(100);
const BETWEEN_LINES: Duration = Duration::from_secs(5);
const WIDTH: usize = 30;

impl Progress {
    pub(super) fn new(output: Output) -> Self {
        let style = match (output.is_quiet(), std::io::stderr().is_terminal()) {
            (true, _) => Style::Silent,
            (false, true) => Style::Bar,
            (false, false) => Style::Lines,
        };
        Self { style, begun: Instant::now(), shown: None }
    }

    /// Tells how many of how many lookups are done.
    pub(super) fn step(&mut self, done: usize, total: usize) {
        let between = match self.style {
            Style::Silent => return,
            Style::Bar => BETWEEN_BARS,
            Style::Lines => BETWEEN_LINES,
        };
        let due = match self.shown {
            None => self.begun.elapsed() >= SOON,
            Some(shown) => shown.elapsed() >= between,
        };
        if !due {
            return;
        }
        self.shown = Some(Instant::now());
        let text = match self.style {
            Style::Silent => return,
            Style::Bar => format!("\r{}", bar(done, total)),
            Style::Lines => format!("{done} of {total} lookups done\n"),
        };
        write(&text);
    }

    /// Takes the bar away, so that the next line stands alone.
    pub(super) fn end(self) {
        if self.style == Style::Bar && self.shown.is_some() {
            write(CLEAR);
        }
    }
}

/// Does the work; when it takes longer than a moment, a line tells what is being done and for how long, and is gone at
/// the end.
pub(super) fn waiting<T>(output: Output, what: &str, work: impl FnOnce() -> T) -> T {
    let (done, wait) = mpsc::channel::<()>();
    let tell = move || {
        let begun = Instant::now();
        let mut pause = SOON;
        let mut told = false;
        while wait.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            pause = BETWEEN_BARS;
            told = true;
            let line = format!("{what} ({} s)", begun.elapsed().as_secs());
            let most = output.columns().map_or(usize::MAX, |columns| columns.saturating_sub(1));
            write(&format!("\r{}", fit(&line, most, |_| true, ' ')));
        }
        if told {
            write(CLEAR);
        }
    };
    std::thread::scope(|scope| {
        let teller = std::thread::Builder::new().spawn_scoped(scope, tell);
        let outcome = work();
        drop(done);
        // The line is gone before anything else is printed.
        let _ = teller.map(std::thread::ScopedJoinHandle::join);
        outcome
    })
}

/// What is told while files are read.
pub(super) fn reading(files: &[PathBuf]) -> String {
    match files {
        [] => "reading the project".to_owned(),
        [file] => format!("reading {}", file.display()),
        [file, rest @ ..] => format!("reading {} and {} more", file.display(), rest.len()),
    }
}

/// Back to the start of the line, which is emptied.
const CLEAR: &str = "\r\u{1b}[2K";

fn bar(done: usize, total: usize) -> String {
    let filled = done.saturating_mul(WIDTH).checked_div(total).unwrap_or(WIDTH).min(WIDTH);
    format!("[{}{}] {done}/{total} lookups", "#".repeat(filled), "-".repeat(WIDTH - filled))
}

fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    // There is nowhere left to say that standard error is closed.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_full_as_the_work_is_done() {
        assert_eq!(bar(0, 4), format!("[{}] 0/4 lookups", "-".repeat(30)));
        assert_eq!(bar(2, 4), format!("[{}{}] 2/4 lookups", "#".repeat(15), "-".repeat(15)));
        assert_eq!(bar(4, 4), format!("[{}] 4/4 lookups", "#".repeat(30)));
        assert_eq!(bar(0, 0), format!("[{}] 0/0 lookups", "#".repeat(30)));
    }
}
