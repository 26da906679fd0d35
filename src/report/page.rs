//! The page that reports are drawn on.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

/// What a report is drawn on: with colours or without, and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// Whether it takes colours.
    pub styled: bool,
    /// The columns of the terminal; none where there is no terminal, as in a pipe. Reports are then as wide as reads
    /// well, and tables and messages as wide as they need to be.
    pub width: Option<usize>,
}

/// The width that reports read well at.
const READABLE: usize = 80;
/// The widest lines of running text, on however wide a terminal.
const WIDEST: usize = 120;
/// Below this width columns have no room beside each other.
const NARROW: usize = 60;

impl From<bool> for Page {
    fn from(styled: bool) -> Self {
        Self { styled, width: None }
    }
}

impl Page {
    /// A text in a style, where the page takes colours.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.styled { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// How wide a line of running text is.
    pub(super) fn line(self) -> usize {
        self.width.unwrap_or(READABLE).min(WIDEST)
    }

    /// The widest a column may be that others stand beside; what is wider takes a line of its own.
    pub(super) fn column(self, widest: usize) -> usize {
        if self.line() < NARROW { 0 } else { widest }
    }

    /// Words in lines no wider than the page, where words allow it: the first line indented by `first`, the others by
    /// `rest`. A word is never broken: half of an address is another address.
    pub fn wrapped(self, line: &str, first: usize, rest: usize) -> String {
        wrapped(line, first, rest, self.line())
    }

    /// The same where there is a terminal; elsewhere the line as it is, however long.
    pub fn wrapped_or_whole(self, line: &str, rest: usize) -> String {
        let Some(most) = self.width.map(|width| width.min(WIDEST)) else { return format!("{line}\n") };
        let lead = line.chars().take_while(|char| *char == ' ').count();
        wrapped(line, lead, rest, most)
    }

    /// A value behind its name, which takes so many columns where there is room for that.
    pub fn named(self, name: &str, columns: usize, value: &str) -> String {
        match self.width.map(|width| width.min(WIDEST)) {
            None => format!("{name:columns$}{value}\n"),
            Some(most) if most < NARROW => wrapped(&format!("{}: {value}", name.trim()), 0, 4, most),
            Some(most) => {
                let name = format!("{name:columns$}");
                format!("{name}{}", wrapped(value, columns, columns, most).trim_start_matches(' '))
            }
        }
    }
}

/// Words in lines of a width.
pub(super) fn wrapped(line: &str, first: usize, rest: usize, most: usize) -> String {
    let mut text = " ".repeat(first);
    let mut width = first;
    let mut fresh = true;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let length = seen(word);
        if !fresh && width + 1 + length > most {
            text.push('\n');
            text.push_str(&" ".repeat(rest));
            width = rest;
            fresh = true;
        }
        if !fresh {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += length;
        fresh = false;
    }
    text.push('\n');
    text
}

/// How many columns a word takes: links and colours take none.
fn seen(word: &str) -> usize {
    let mut rest = word;
    let mut width = 0;
    while let Some((before, sequence)) = rest.split_once('\u{1b}') {
        width += before.width();
        let end = if sequence.starts_with(']') { "\u{1b}\\" } else { "m" };
        rest = sequence.split_once(end).map_or("", |(_, after)| after);
    }
    width + rest.width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_as_wide_as_its_text() {
        assert_eq!(seen("\u{1b}]8;;https://a.example/\u{1b}\\abc\u{1b}]8;;\u{1b}\\"), 3);
        assert_eq!(seen("\u{1b}[1mab\u{1b}[0m"), 2);
        assert_eq!(seen("日本"), 4);
    }

    #[test]
    fn lines_are_no_wider_than_the_page_and_words_stay_whole() {
        let text = "192.0.2.0/24, 198.51.100.0/24, 2001:db8:1234:5678::/64 日本語日本語 and a-word-that-is-wider-than-all-of-it.example";
        for width in [20, 40, 80, 120, 200] {
            let page = Page { width: Some(width), ..Page::default() };
            let drawn = page.wrapped(text, 2, 4);
            for line in drawn.lines() {
                assert!(line.width() <= width || line.trim().split(' ').count() == 1, "{width}: {line:?}");
            }
            assert_eq!(
                drawn.split_whitespace().collect::<Vec<_>>(),
                text.split_whitespace().collect::<Vec<_>>()
            );
        }
    }
}
