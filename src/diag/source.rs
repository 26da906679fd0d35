//! Texts that were read, and places in them.

use std::fmt;

/// A text with the name that the user knows it by.
#[derive(PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// What stands before each `STRIDE`th byte.
    marks: Vec<Mark>,
}

/// What stands before a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    /// How many lines end.
    lines: usize,
    /// Where the line of the byte starts.
    start: usize,
    /// How many characters start.
    chars: usize,
}

impl Mark {
    /// The mark behind these bytes, which begin at a byte of the text.
    fn after(self, at: usize, bytes: &[u8]) -> Self {
        let last = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map(|last| at.saturating_add(last).saturating_add(1));
        Self {
            lines: self.lines.saturating_add(count(bytes, |byte| byte == b'\n')),
            start: last.unwrap_or(self.start),
            chars: self.chars.saturating_add(characters(bytes)),
        }
    }
}

/// The distance between two marks. A plan in JSON is one line of megabytes with a place in it for each of its rules, so
/// columns must not be counted from the start of the line each time; and a dump is a hundred thousand lines, of which
/// only a few are ever named.
const STRIDE: usize = 1024;

/// A stretch of a text, in bytes from its start; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The stretch from `start` up to but not including `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl Source {
    /// A text under the name that findings will show: its path as given, or `-` for standard input.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut mark = Mark::default();
        let next = |(at, chunk): (usize, &[u8])| {
            let here = mark;
            mark = mark.after(at.saturating_mul(STRIDE), chunk);
            here
        };
        let marks = text.as_bytes().chunks(STRIDE).enumerate().map(next).collect();
        Self { name: name.into(), text, marks }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty when the span does not fit.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The same text with stars in place of the letters and digits of some spans, each place where it was: what is not to
    /// be shown to whoever reads a finding.
    pub fn masked(&self, hidden: &[Span]) -> Self {
        let mut hidden: Vec<Span> = hidden.iter().map(|span| self.clamp_span(*span)).collect();
        hidden.sort();
        let mut text = String::with_capacity(self.text.len());
        let mut at = 0;
        for span in hidden {
            let (start, end) = (span.start.max(at), span.end.max(at));
            text.push_str(self.slice(Span::new(at, start)));
            for char in self.slice(Span::new(start, end)).chars() {
                if char.is_alphanumeric() {
                    // A character may take several bytes, and each of them stays a byte.
                    text.extend(std::iter::repeat_n('*', char.len_utf8()));
                } else {
                    text.push(char);
                }
            }
            at = end;
        }
        text.push_str(self.slice(Span::new(at, self.text.len())));
        Self::new(self.name.clone(), text)
    }

    /// The line and column of a byte, both from 1; the column counts characters.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let byte = self.clamp(byte);
        let here = self.mark(byte);
        (
            here.lines.saturating_add(1),
            here.chars.saturating_sub(self.mark(here.start).chars).saturating_add(1),
        )
    }

    /// What stands before a byte.
    fn mark(&self, byte: usize) -> Mark {
        let stride = (byte / STRIDE).min(self.marks.len().saturating_sub(1));
        let at = stride.saturating_mul(STRIDE);
        let mark = self.marks.get(stride).copied().unwrap_or_default();
        mark.after(at, self.text.as_bytes().get(at..byte).unwrap_or_default())
    }

    /// The span moved and cut so that it lies in the text and on character boundaries.
    pub fn clamp_span(&self, span: Span) -> Span {
        let start = self.clamp(span.start);
        Span { start, end: self.clamp(span.end).max(start) }
    }

    fn clamp(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        (0..=byte).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// How many characters start in these bytes: all but those that continue one.
fn characters(bytes: &[u8]) -> usize {
    if bytes.is_ascii() { bytes.len() } else { count(bytes, |byte| byte & 0xC0 != 0x80) }
}

/// How many bytes are such, counted in pieces whose count fits a byte: the processor then counts many at once.
fn count(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    let of_piece = |piece: &[u8]| piece.iter().fold(0_u8, |n, byte| n.wrapping_add(u8::from(is_such(*byte))));
    bytes.chunks(usize::from(u8::MAX)).map(|piece| usize::from(of_piece(piece))).sum()
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line and column, counted from the start.
    fn counted(text: &str, byte: usize) -> (usize, usize) {
        let before: String = text
            .char_indices()
            .take_while(|(at, char)| at + char.len_utf8() <= byte)
            .map(|(_, char)| char)
            .collect();
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
    }

    #[test]
    fn what_is_masked_stays_in_its_place() {
        let source = Source::new("x", "a: \"s\u{e9}cret-1\"\nb: 2");
        let masked = source.masked(&[Span::new(7, 12), Span::new(3, 9), Span::new(40, 50)]);
        assert_eq!(masked.text(), "a: \"*******-1\"\nb: 2");
        assert_eq!((masked.name(), masked.text().len()), ("x", source.text().len()));
    }

    #[test]
    fn every_byte_has_the_line_and_column_that_counting_gives() {
        let long = "aé漢😀\n".repeat(700);
        let one_line = "é😀x".repeat(900);
        for text in ["", "\n", "a", "a\n", "\n\nb", "é\r\n漢 x\n", long.as_str(), one_line.as_str()] {
            let source = Source::new("t", text);
            for byte in 0..text.len() + 3 {
                assert_eq!(
                    source.line_column(byte),
                    counted(text, byte),
                    "byte {byte} of {} bytes",
                    text.len()
                );
            }
        }
    }

    #[test]
    fn places_in_one_long_line_are_found_without_counting_from_its_start() {
        let text = "x".repeat(4_000_000);
        let source = Source::new("t", text.as_str());
        let columns: usize = (0..20_000).map(|n| source.line_column(n * 199).1).sum();
        assert_eq!(columns, (0..20_000_usize).map(|n| n * 199 + 1).sum::<usize>());
    }

    #[test]
    fn spans_are_moved_to_where_characters_begin() {
        let source = Source::new("t", "é漢");
        assert_eq!(source.clamp_span(Span::new(1, 4)), Span::new(0, 2));
        assert_eq!(source.clamp_span(Span::new(9, 3)), Span::new(5, 5));
        assert_eq!(source.slice(Span::new(1, 2)), "");
        assert_eq!(source.slice(Span::new(2, 5)), "漢");
    }
}
