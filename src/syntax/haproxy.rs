//! The words and comments of `haproxy.cfg`: how a line is cut, and how a text is quoted.

use super::text::fit;
use crate::diag::Span;

/// The most bytes in a line (`LINESIZE` in `include/haproxy/defaults.h`, less the closing zero).
pub const LONGEST_LINE: usize = 2047;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text, without quotes.
    pub text: String,
    /// Where it stands in the file.
    pub span: Span,
    /// Whether a variable of the environment stands in it.
    pub expands: bool,
}

/// Why a line cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A quote without its end.
    #[error("a quote is not closed")]
    Quote,
    /// A backslash with nothing behind it.
    #[error("a backslash stands at the end")]
    Backslash,
}

/// The words of a line that begins at a byte of its file.
pub fn split(line: &str, at: usize) -> Result<Vec<Word>, WordsError> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<Word> = None;
    let mut chars = line.char_indices().peekable();
    let begin = |open: &mut Option<Word>, byte: usize| {
        open.get_or_insert_with(|| Word {
            text: String::new(),
            span: Span::new(at + byte, at + byte),
            expands: false,
        });
    };
    while let Some((byte, char)) = chars.next() {
        match char {
            ' ' | '\t' | '\r' | '\n' => {
                if let Some(word) = open.take() {
                    words.push(Word { span: Span::new(word.span.start, at + byte), ..word });
                }
                continue;
            }
            '#' => {
                if let Some(word) = open.take() {
                    words.push(Word { span: Span::new(word.span.start, at + byte), ..word });
                }
                return Ok(words);
            }
            _ => begin(&mut open, byte),
        }
        let Some(word) = open.as_mut() else { continue };
        match char {
            '\'' => loop {
                match chars.next() {
                    Some((_, '\'')) => break,
                    Some((_, inner)) => word.text.push(inner),
                    None => return Err(WordsError::Quote),
                }
            },
            '"' => loop {
                match chars.next() {
                    Some((_, '"')) => break,
                    Some((_, '\\')) => {
                        let (_, next) = chars.next().ok_or(WordsError::Quote)?;
                        escape(&mut word.text, next, true);
                    }
                    Some((_, inner)) => {
                        word.expands |= inner == '$';
                        word.text.push(inner);
                    }
                    None => return Err(WordsError::Quote),
                }
            },
            '\\' => {
                let (_, next) = chars.next().ok_or(WordsError::Backslash)?;
                escape(&mut word.text, next, false);
            }
            other => word.text.push(other),
        }
    }
    if let Some(word) = open {
        words.push(Word { span: Span::new(word.span.start, at + line.len()), ..word });
    }
    Ok(words)
}

/// Only some characters are escaped; before others a backslash stays.
fn escape(text: &mut String, char: char, quoted: bool) {
    match char {
        'n' => text.push('\n'),
        'r' => text.push('\r'),
        't' => text.push('\t'),
        ' ' | '#' | '\\' | '\'' | '"' => text.push(char),
        '$' if quoted => text.push(char),
        other => text.extend(['\\', other]),
    }
}

/// The text as one word. What cannot stand between single quotes becomes `_`.
pub fn word(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || ".-_:,()/*".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let keep = |char: char| if (char.is_ascii_graphic() || char == ' ') && char != '\'' { char } else { '_' };
    format!("'{}'", text.chars().take(LONGEST_LINE / 2).map(keep).collect::<String>())
}

/// The text as what stands behind `# ` on a line of its own.
pub fn comment(text: &str) -> String {
    fit(text, LONGEST_LINE / 4 - 10, |_| true, ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line, 0).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn lines_are_cut_as_haproxy_cuts_them() {
        assert_eq!(words("  acl a  req.ssl_sni -i x # note"), ["acl", "a", "req.ssl_sni", "-i", "x"]);
        assert_eq!(words(r"a\ b 'c d\' '#e' f\.g h\#i"), ["a b", r"c d\", "#e", r"f\.g", "h#i"]);
        assert_eq!(words(r#""a b\"c" d"#), ["a b\"c", "d"]);
        assert_eq!(split("'a", 0), Err(WordsError::Quote));
        assert!(split("\"$HOME\"", 0).unwrap()[0].expands);
    }

    #[test]
    fn a_quoted_text_is_one_word() {
        for text in ["a b", "x#y", r"^[-a-z]+\.x$", "a'b\nc", "", "\"$x\"", "\\"] {
            let quoted = word(text);
            let read = split(&quoted, 0).unwrap();
            assert_eq!(read.len(), 1, "{quoted}");
            assert_eq!(read[0].text, text.replace(['\'', '\n'], "_"), "{quoted}");
            assert!(!read[0].expands);
        }
        assert!(comment(&"\u{1F600}".repeat(900)).len() < LONGEST_LINE - 2);
    }
}
