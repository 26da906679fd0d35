//! The text of `squid.conf` as Squid cuts it: logical lines, and the words of each.

use crate::diag::{Code, Finding, Source, Span};
use std::sync::Arc;

/// The longest line that Squid reads whole. What follows is read as a line of its own.
///
/// Squid reads into a buffer of 8 kB, `parseOneConfigFile` in its `src/cache_cf.cc`.
pub(super) const LONGEST_LINE: usize = 8191;

/// A line with its continuations joined, and without its comment.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Where it stands, continuations and all.
    pub(super) span: Span,
    /// Its words; never empty.
    pub(super) words: Vec<Word>,
}

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The text.
    pub(super) text: String,
    /// Where it begins and ends in the file.
    pub(super) span: Span,
}

/// The lines of a file that say something. A line that Squid would cut in two is an error.
pub(super) fn lines(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut joined = Joined::default();
    let mut start = 0;
    for whole in source.text().split_inclusive('\n') {
        let physical = Span::new(start, start + whole.len());
        start = physical.end;
        let text = whole.trim_end_matches('\n');
        refuse_unreadable(source, physical, text, findings);
        // Squid ends a line at its first carriage return.
        let text = text.split('\r').next().unwrap_or_default();
        let indent = text.len() - text.trim_start_matches(is_space).len();
        let text = text.trim_start_matches(is_space);
        // A comment or an empty line does not end a continued line.
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let continued = text.strip_suffix('\\');
        joined.push(continued.unwrap_or(text), physical.start + indent);
        if continued.is_none() {
            lines.extend(std::mem::take(&mut joined).finish());
        }
    }
    lines.extend(joined.finish());
    lines
}

/// The entries of a list file: one for each line, without its comment and the space around it.
pub(super) fn entries(source: &Arc<Source>) -> Vec<Word> {
    let mut entries = Vec::new();
    let mut start = 0;
    for whole in source.text().split_inclusive('\n') {
        let indent = whole.len() - whole.trim_start_matches(is_space).len();
        let text = whole.trim_start_matches(is_space);
        // A comment begins at a `#` that follows white space, or at the start.
        let comment = text.char_indices().zip(std::iter::once(' ').chain(text.chars()));
        let end = comment
            .filter(|((_, char), before)| *char == '#' && is_space(*before))
            .map(|((at, _), _)| at)
            .next();
        let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default().trim_end_matches(is_space);
        if !text.is_empty() {
            let first = start + indent;
            entries.push(Word { text: text.to_owned(), span: Span::new(first, first + text.len()) });
        }
        start += whole.len();
    }
    entries
}

fn refuse_unreadable(source: &Arc<Source>, span: Span, text: &str, findings: &mut Vec<Finding>) {
    if text.len() > LONGEST_LINE {
        let message = format!(
            "a line of {} bytes; Squid cuts it at {LONGEST_LINE} and reads the rest as a line",
            text.len()
        );
        findings.push(
            Finding::new(Code::ReadRefused, message)
                .at(source, span)
                .help("write one entry on each line, or a list file"),
        );
    }
    if text.contains('\0') {
        findings.push(
            Finding::new(Code::ReadSyntax, "a NUL byte, at which Squid ends the line").at(source, span),
        );
    }
}

fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// A logical line in the making: the text of its parts, and where each came from.
#[derive(Debug, Default)]
struct Joined {
    text: String,
    /// Where in the text a part begins, and where in the file it stands.
    parts: Vec<(usize, usize)>,
}

impl Joined {
    fn push(&mut self, text: &str, at: usize) {
        self.parts.push((self.text.len(), at));
        self.text.push_str(text);
    }

    /// The byte of the file that a byte of the text came from.
    fn origin(&self, byte: usize) -> usize {
        let part = self.parts.iter().rev().find(|(from, _)| *from <= byte);
        part.map_or(byte, |(from, at)| at + (byte - from))
    }

    fn finish(self) -> Option<Line> {
        let mut words: Vec<Word> = Vec::new();
        let mut at = 0;
        for piece in self.text.split(is_space) {
            if piece.starts_with('#') {
                break;
            }
            if !piece.is_empty() {
                let last = at + piece.len() - 1;
                let span = Span::new(self.origin(at), self.origin(last) + 1);
                words.push(Word { text: piece.to_owned(), span });
            }
            at += piece.len() + 1;
        }
        let span = Span::new(words.first()?.span.start, words.last()?.span.end);
        Some(Line { span, words })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let source = Arc::new(Source::new("squid.conf", text));
        let mut findings = Vec::new();
        let lines = lines(&source, &mut findings);
        for word in lines.iter().flat_map(|line| &line.words) {
            assert!(word.text.starts_with(source.slice(word.span).chars().next().unwrap()), "{word:?}");
        }
        lines.into_iter().map(|line| line.words.into_iter().map(|word| word.text).collect()).collect()
    }

    #[test]
    fn lines_are_joined_and_comments_dropped() {
        assert_eq!(words("a b # c\n#d\n\n e\\\n  f \\\n# within\n g\r\n"), [vec!["a", "b"], vec!["ef", "g"]]);
        assert_eq!(words("a#b c\\"), [vec!["a#b", "c"]]);
    }

    #[test]
    fn a_line_that_squid_cuts_is_an_error() {
        let mut findings = Vec::new();
        let fits = Arc::new(Source::new("f", "x".repeat(LONGEST_LINE) + "\n"));
        lines(&fits, &mut findings);
        assert_eq!(findings, []);
        lines(&Arc::new(Source::new("f", "x".repeat(LONGEST_LINE + 1))), &mut findings);
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn a_list_has_one_entry_a_line() {
        let list = Arc::new(Source::new("list", "# head\n\n a.com \r\nb.com # note\nc.com d.com\ne#f"));
        let texts: Vec<String> = entries(&list).into_iter().map(|entry| entry.text).collect();
        assert_eq!(texts, ["a.com", "b.com", "c.com d.com", "e#f"]);
    }
}
