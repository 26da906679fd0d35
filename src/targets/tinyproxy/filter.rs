//! The text of a filter as tinyproxy cuts it: one entry on each line.

use crate::diag::{Code, Finding, Place, Source, Span};
use crate::syntax::tinyproxy::LONGEST_ENTRY;
use std::sync::Arc;

/// The line by which a filter is known that stands without its configuration.
pub(super) const HEAD: &str = "# A filter of tinyproxy: one expression on each line.";

/// An entry, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The expression.
    pub(super) text: String,
    /// Where.
    pub(super) place: Place,
}

/// The entries of a filter. A line that tinyproxy would cut in two is an error.
pub(super) fn entries(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut start = 0;
    for whole in source.text().split_inclusive('\n') {
        let line = whole.trim_end_matches('\n');
        if line.len() > LONGEST_ENTRY {
            let message = format!(
                "a line of {} bytes; tinyproxy reads what follows {LONGEST_ENTRY} as another expression",
                line.len()
            );
            let span = Span::new(start, start + line.len());
            findings.push(Finding::new(Code::ReadRefused, message).at(source, span));
        }
        let indent = line.len() - line.trim_start_matches(is_space).len();
        let text = line.trim_start_matches(is_space);
        let mut before = None;
        let end = text.char_indices().find(|(_, char)| {
            let ends = is_space(*char) || (*char == '#' && before != Some('\\'));
            before = Some(*char);
            ends
        });
        let text = text.get(..end.map_or(text.len(), |(at, _)| at)).unwrap_or_default();
        if !text.is_empty() {
            let at = start + indent;
            let place = Place { source: Arc::clone(source), span: Span::new(at, at + text.len()) };
            entries.push(Entry { text: text.to_owned(), place });
        }
        start += whole.len();
    }
    entries
}

fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_at_white_space_or_a_comment() {
        let text = "# head\n\n ^a$ rest\n^b$#note\r\n^c\\#d$ # x\n";
        let source = Arc::new(Source::new("filter", text));
        let mut findings = Vec::new();
        let texts: Vec<String> =
            entries(&source, &mut findings).into_iter().map(|entry| entry.text).collect();
        assert_eq!(texts, ["^a$", "^b$", "^c\\#d$"]);
        assert!(findings.is_empty());
        let long = Arc::new(Source::new("filter", format!("# {}\n", "x".repeat(600))));
        entries(&long, &mut findings);
        assert_eq!(findings.len(), 1);
    }
}
