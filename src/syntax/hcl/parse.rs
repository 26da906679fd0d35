//! From text to the syntax tree of the `hcl-edit` crate, which has a span on every node.

use super::variables::is_json;
use crate::diag::{Code, Finding, Place, Source, Span, concealed};
use crate::syntax::text;
use hcl_edit::structure::Body;
use std::ops::Range;
use std::sync::Arc;

/// A file and its syntax tree.
#[derive(Debug)]
pub(super) struct File {
    pub(super) source: Arc<Source>,
    pub(super) body: Body,
    /// How many bytes of the text precede what was parsed: those of a byte order mark.
    offset: usize,
}

/// Parses a file. The parser refuses nesting that would exhaust the stack.
pub(super) fn parse(source: &Arc<Source>) -> Result<File, Finding> {
    let text = source.text().strip_prefix('\u{FEFF}').unwrap_or(source.text());
    let offset = source.text().len() - text.len();
    if is_json(source.name()) {
        let message = "configuration in JSON is not read, so what it says is not known";
        let help = "`terraform show -json` of a plan says what all of the configuration comes to";
        return Err(Finding::new(Code::ReadRefused, message).help(help).at(source, Span::default()));
    }
    match hcl_edit::parser::parse_body(text) {
        Ok(body) => Ok(File { source: Arc::clone(source), body, offset }),
        Err(error) => {
            let at = offset + error.location().offset();
            let message = text::one_line(error.message());
            // Of a text that cannot be read it is not known what is sensitive in it.
            let shown = concealed(source);
            Err(Finding::new(Code::ReadSyntax, message).at(&shown, Span::new(at, at + 1)))
        }
    }
}

impl File {
    /// The place of a node.
    pub(super) fn place(&self, node: &impl hcl_edit::Span) -> Place {
        let Range { start, end } = node.span().unwrap_or_default();
        let span = Span::new(start + self.offset, end + self.offset);
        Place { source: Arc::clone(&self.source), span }
    }

    /// The text of a node on one line.
    pub(super) fn text(&self, node: &impl hcl_edit::Span) -> String {
        text::one_line(self.source.slice(self.place(node).span))
    }
}

/// Reports whether a text has a block of that kind whose first label starts like this. A glance, not a parse: a file
/// with an error in it is still recognised as what it is.
pub fn declares(text: &str, kind: &str, label: &str) -> bool {
    // Most texts do not even hold the words.
    if !text.contains(label) {
        return false;
    }
    text.lines().any(|line| {
        let line = line.trim_start_matches('\u{FEFF}').trim_start();
        let labels = line.strip_prefix(kind).filter(|rest| rest.starts_with([' ', '\t', '"']));
        labels.is_some_and(|labels| labels.trim_start().trim_start_matches('"').starts_with(label))
    })
}

#[cfg(test)]
mod tests {
    use super::declares;

    #[test]
    fn a_block_is_recognised_with_and_without_quotes_and_never_inside_a_comment() {
        assert!(declares("  resource\t\"aws_security_group\" \"a\" {", "resource", "aws_security_group"));
        assert!(declares("\u{FEFF}resource aws_security_group a {", "resource", "aws_security_group"));
        assert!(!declares("# resource \"aws_security_group\" \"a\" {", "resource", "aws_security_group"));
        assert!(!declares("resources \"aws_security_group\"", "resource", "aws_security_group"));
    }
}
