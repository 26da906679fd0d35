//! Writing a text as an HCL string.

use crate::syntax::text;

/// The text as a double-quoted HCL string, quotes included.
///
/// `${` and `%{` begin templates in HCL, so both are escaped, and everything that a reviewer could not see is written
/// as `\uNNNN`.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\$%".contains(&byte)) {
        quoted.push_str(text);
        quoted.push('"');
        return quoted;
    }
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '$' | '%' if chars.peek() == Some(&'{') => quoted.extend([char, char]),
            ' '..='~' => quoted.push(char),
            _ if char.is_alphanumeric() => quoted.push(char),
            _ if u32::from(char) <= 0xFFFF => quoted.extend(format!("\\u{:04x}", u32::from(char)).chars()),
            _ => quoted.extend(format!("\\U{:08x}", u32::from(char)).chars()),
        }
    }
    quoted.push('"');
    quoted
}

/// The text as one line of a heredoc, in which nothing but a template means anything.
pub fn heredoc_line(text: &str) -> String {
    let plain = text::one_line(text);
    let mut line = String::with_capacity(plain.len());
    let mut chars = plain.chars().peekable();
    while let Some(char) = chars.next() {
        if matches!(char, '$' | '%') && chars.peek() == Some(&'{') {
            line.push(char);
        }
        line.push(char);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{heredoc_line, quote};
    use crate::diag::Source;
    use crate::syntax::hcl::{Kind, read};
    use std::sync::Arc;

    #[test]
    fn a_quoted_text_is_one_line_of_visible_characters() {
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
        assert_eq!(quote("${x} %{if} $ % $${y}"), r#""$${x} %%{if} $ % $$${y}""#);
        assert_eq!(quote("\r\u{202E}\u{E0001}é"), r#""\u000d\u202e\U000e0001é""#);
    }

    #[test]
    fn a_line_of_a_heredoc_reads_back_as_itself_and_ends_nothing() {
        for text in ["a \"b\" \\ c", "${a}", "%{ if true }", "$$${", "%%%{x}", "TEXT", "<<TEXT", "é{{#;"] {
            let source = Arc::new(Source::new(
                "t.tf",
                format!("a = <<-TEXT\n    x {}\n  y\n  TEXT\n", heredoc_line(text)),
            ));
            let read = read(&[source]);
            assert_eq!(read.findings, []);
            let expected = Kind::String(format!("  x {text}\ny\n"));
            assert_eq!(read.modules[0].attributes["a"].kind, expected);
        }
    }

    #[test]
    fn a_quoted_text_reads_back_as_itself() {
        for text in [
            "",
            "${a}",
            "%{ if true }",
            "$$${",
            "%%%{x}",
            "\"\\\n\r\t\0",
            "\u{202E}\u{2028}\u{FEFF}",
            "é{{#;",
        ] {
            let source = Arc::new(Source::new("t.tf", format!("a = {}\n", quote(text))));
            let read = read(&[source]);
            assert_eq!(read.findings, []);
            assert_eq!(read.modules[0].attributes["a"].kind, Kind::String(text.to_owned()));
        }
    }
}
