//! What is known of the terminal: whether there is one, how large it is, and what it takes.

use super::args::{Choice, Common, Format, Paging};
use anstream::{AutoStream, ColorChoice, stream::RawStream};
use std::ffi::OsString;
use std::io::{self, IsTerminal};

/// The two outputs of this run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    /// Standard output.
    pub(super) data: Stream,
    /// Standard error.
    pub(super) notes: Stream,
    /// How many columns it has, on a terminal.
    pub(super) columns: Option<usize>,
    /// How many lines it has, on a terminal.
    pub(super) lines: Option<usize>,
    /// Whether what does not fit is given to a pager, or all of it.
    pub(super) paging: Paging,
}

/// One output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    /// Whether it is a terminal.
    pub(super) is_terminal: bool,
    /// Whether it takes colours.
    pub(super) styled: bool,
    /// Whether it takes hyperlinks.
    pub(super) linked: bool,
}

/// The fewest columns that anything is laid out for; who has less sees lines broken by the terminal.
const FEWEST: usize = 20;
/// The most columns that are believed.
const MOST: usize = 1000;

impl Screen {
    /// What the flags and the environment say.
    pub(super) fn new(common: &Common) -> Self {
        let data = Stream::of(&io::stdout(), common.color, common.hyperlinks);
        let notes = Stream::of(&io::stderr(), common.color, common.hyperlinks);
        let size = if data.is_terminal {
            terminal_size::terminal_size_of(io::stdout())
        } else if notes.is_terminal {
            terminal_size::terminal_size_of(io::stderr())
        } else {
            None
        };
        let of_variable = |name| number(std::env::var_os(name));
        let is_any = data.is_terminal || notes.is_terminal;
        let columns = of_variable("COLUMNS").or_else(|| size.map(|(width, _)| usize::from(width.0)));
        let lines = of_variable("LINES").or_else(|| size.map(|(_, height)| usize::from(height.0)));
        let never = common.no_pager || !data.is_terminal || common.format != Format::Human || is_set("CI");
        Self {
            data,
            notes,
            columns: columns.filter(|_| is_any).map(|columns| columns.clamp(FEWEST, MOST)),
            lines: lines.filter(|_| data.is_terminal),
            paging: if never { Paging::Never } else { common.paging },
        }
    }
}

impl Stream {
    /// What an output takes, by a flag or by the environment.
    pub(super) fn of(raw: &(impl RawStream + IsTerminal), color: Choice, links: Choice) -> Self {
        let is_terminal = IsTerminal::is_terminal(raw);
        let styled = match color {
            Choice::Always => true,
            Choice::Never => false,
            // To set it to nothing or to 0 is to force nothing.
            Choice::Auto => {
                let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
                (forced || is_terminal) && AutoStream::choice(raw) != ColorChoice::Never
            }
        };
        let linked = match links {
            Choice::Always => true,
            Choice::Never => false,
            Choice::Auto => is_terminal && takes_links(std::env::var_os("TERM")) && !is_set("CI"),
        };
        Self { is_terminal, styled, linked }
    }
}

/// Terminals that do not know of hyperlinks pass over them; these two print them.
fn takes_links(term: Option<OsString>) -> bool {
    term.is_some_and(|term| !matches!(term.to_str(), None | Some("" | "dumb" | "linux")))
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn number(value: Option<OsString>) -> Option<usize> {
    value?.to_str()?.parse().ok().filter(|number| *number > 0)
}
