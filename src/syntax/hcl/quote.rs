//! Writing a text as an HCL string.

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

#[cfg(test)]
mod tests {
    use super::quote;
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
