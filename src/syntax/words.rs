//! Lines of shell-like words, as `iptables-restore` splits them: no variables, no single quotes, no escapes outside
//! double quotes.
//!
//! A `"` opens a quoted stretch anywhere in a word; the one that closes it ends the word. Inside, a backslash takes
//! the next character as it is. Outside, a backslash and a `'` are ordinary characters.

use super::text::{fit, one_line};
use crate::diag::Span;
use std::borrow::Cow;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// What it says, without quotes.
    pub text: Cow<'a, str>,
    /// Where it stands, quotes included.
    pub span: Span,
    /// Whether any of it was quoted. A quoted word is never an option.
    pub quoted: bool,
}

/// Why a line cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A quote that is opened and never closed.
    #[error("a quoted text is not closed")]
    Unclosed {
        /// From the quote to the end of the line.
        span: Span,
    },
    /// Something that a shell expands, redirects or runs.
    #[error("what a shell would expand, redirect or run is not followed")]
    Shell {
        /// The character that makes it so.
        span: Span,
    },
}

/// The words of one line. `at` is the line's place in its text, which the spans count from.
pub fn split(line: &str, at: usize) -> Result<Vec<Word<'_>>, WordsError> {
    let mut words = Vec::new();
    let mut next = 0;
    while let Some((word, after)) = word(line, next, at)? {
        words.push(word);
        next = after;
    }
    Ok(words)
}

/// The words of a simple shell command: single and double quotes, backslashes, a comment at the end. Whatever makes a
/// shell do more than split words is refused, for its outcome is not in the text.
pub fn split_shell(line: &str, at: usize) -> Result<Vec<Word<'_>>, WordsError> {
    let span = |from: usize, to: usize| Span::new(at.saturating_add(from), at.saturating_add(to));
    let mut words = Vec::new();
    let mut open: Option<(usize, String, bool)> = None;
    let mut chars = line.char_indices().peekable();
    while let Some((index, char)) = chars.next() {
        if is_blank(char) {
            words.extend(open.take().map(|(start, text, quoted)| Word {
                text: Cow::Owned(text),
                span: span(start, index),
                quoted,
            }));
            continue;
        }
        if char == '#' && open.is_none() {
            break;
        }
        if char == '\\' && chars.next_if(|(_, next)| *next == '\n').is_some() {
            continue;
        }
        let (_, text, quoted) = open.get_or_insert_with(|| (index, String::new(), false));
        match char {
            '\'' | '"' => {
                *quoted = true;
                loop {
                    match chars.next() {
                        None => return Err(WordsError::Unclosed { span: span(index, line.len()) }),
                        Some((_, end)) if end == char => break,
                        Some((place, '$' | '`')) if char == '"' => {
                            return Err(WordsError::Shell { span: span(place, place.saturating_add(1)) });
                        }
                        Some((_, '\\')) if char == '"' => match chars.next() {
                            Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => text.push(escaped),
                            Some((_, other)) => text.extend(['\\', other]),
                            None => {}
                        },
                        Some((_, inner)) => text.push(inner),
                    }
                }
            }
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            '$' | '`' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '*' | '?' | '~' | '{' | '}' => {
                return Err(WordsError::Shell { span: span(index, index.saturating_add(1)) });
            }
            _ => text.push(char),
        }
    }
    let end = line.trim_end().len();
    words.extend(open.map(|(start, text, quoted)| Word {
        text: Cow::Owned(text),
        span: span(start, end.max(start)),
        quoted,
    }));
    Ok(words)
}

/// The text as one quoted word, whatever it holds: a comment or a prefix of log lines.
///
/// Characters that would end the line or hide a part of it become spaces, because no escape can write them.
pub fn quote(text: &str) -> String {
    let line = one_line(text);
    let mut quoted = String::with_capacity(line.len().saturating_add(2));
    quoted.push('"');
    for piece in line.split_inclusive(['"', '\\']) {
        match piece.strip_suffix(['"', '\\']) {
            Some(before) => {
                quoted.push_str(before);
                quoted.push('\\');
                quoted.push_str(piece.get(before.len()..).unwrap_or_default());
            }
            None => quoted.push_str(piece),
        }
    }
    quoted.push('"');
    quoted
}

/// The text as the rest of a comment line, short enough for a reader that takes lines by the piece.
///
/// `iptables-restore` reads 10,239 bytes at once; it would take what is behind them for a line of its own.
pub fn comment_line(text: &str) -> String {
    fit(text, 2_000, |_| true, ' ')
}

/// The text as one word, bare where nothing in it needs quotes: addresses, ports, names of chains.
pub fn quote_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/,-+!=@%".contains(&byte);
    let bare = !text.is_empty() && text != "!" && text.bytes().all(plain);
    if bare { text.to_owned() } else { quote(text) }
}

/// The word that starts at or after byte `from`, and the byte after it.
fn word(line: &str, from: usize, at: usize) -> Result<Option<(Word<'_>, usize)>, WordsError> {
    let rest = line.get(from..).unwrap_or_default();
    let Some(blank) = rest.find(|char| !is_blank(char)) else { return Ok(None) };
    let start = from.saturating_add(blank);
    let mut text = Cow::Borrowed("");
    let (bare, stop) = until(line, start, |char| is_blank(char) || char == '"');
    append(&mut text, bare);
    let opens = line.get(stop..).is_some_and(|rest| rest.starts_with('"'));
    let span = |end: usize| Span::new(at.saturating_add(start), at.saturating_add(end));
    if !opens {
        return Ok(Some((Word { text, span: span(stop), quoted: false }, stop)));
    }
    let mut next = stop.saturating_add(1);
    loop {
        let (piece, stop) = until(line, next, |char| matches!(char, '"' | '\\'));
        append(&mut text, piece);
        let mut after = line.get(stop..).unwrap_or_default().chars();
        match (after.next(), after.next()) {
            (Some('"'), _) => {
                let end = stop.saturating_add(1);
                return Ok(Some((Word { text, span: span(end), quoted: true }, end)));
            }
            (Some(_), Some(escaped)) => {
                text.to_mut().push(escaped);
                next = stop.saturating_add(1).saturating_add(escaped.len_utf8());
            }
            _ => return Err(WordsError::Unclosed { span: span(line.len()) }),
        }
    }
}

/// The stretch from a byte to the first character that `stops`, and where it ends.
fn until(line: &str, from: usize, stops: impl Fn(char) -> bool) -> (&str, usize) {
    let rest = line.get(from..).unwrap_or_default();
    let piece = rest.find(stops).and_then(|end| rest.get(..end)).unwrap_or(rest);
    (piece, from.saturating_add(piece.len()))
}

fn append<'a>(text: &mut Cow<'a, str>, piece: &'a str) {
    if text.is_empty() {
        *text = Cow::Borrowed(piece);
    } else if !piece.is_empty() {
        text.to_mut().push_str(piece);
    }
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(line: &str) -> Vec<String> {
        split(line, 0).unwrap().into_iter().map(|word| word.text.into_owned()).collect()
    }

    #[test]
    fn words_are_split_as_iptables_restore_does() {
        assert_eq!(texts("-A OUTPUT  -d\t10.0.0.0/8 "), ["-A", "OUTPUT", "-d", "10.0.0.0/8"]);
        assert_eq!(texts(r#"--comment "a \"b\" \\ c""#), ["--comment", r#"a "b" \ c"#]);
        assert_eq!(texts(r#""""#), [""]);
        assert_eq!(texts(r#""a"b"#), ["a", "b"], "a closing quote ends the word");
        assert_eq!(texts(r#"pre"fix ed" x"#), ["prefix ed", "x"]);
        assert_eq!(texts(r"a\ b it's"), [r"a\", "b", "it's"], "no escapes outside quotes");
    }

    #[test]
    fn a_shell_command_is_split_or_refused() {
        let words = |line| {
            split_shell(line, 0).map(|words| words.into_iter().map(|word| word.text.into_owned()).collect())
        };
        let of = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            words("iptables -A X  --comment 'a \"b\"' # note"),
            of(&["iptables", "-A", "X", "--comment", "a \"b\""])
        );
        assert_eq!(words("a\\\n b 'c'\"d\\\"\"\\ e"), of(&["a", "b", "cd\" e"]));
        for line in ["a $B", "a \"$B\"", "a; b", "a && b", "a > b", "a `b`", "a *"] {
            assert!(matches!(words(line), Err(WordsError::Shell { .. })), "{line}");
        }
        assert!(matches!(words("a 'b"), Err(WordsError::Unclosed { .. })));
    }

    #[test]
    fn a_span_covers_the_word_with_its_quotes() {
        let words = split(r#"-m "a b""#, 10).unwrap();
        assert_eq!(words[1].span, Span::new(13, 18));
        assert!(words[1].quoted && !words[0].quoted);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error() {
        for line in [r#"x "abc"#, r#"x "abc\""#, r#"x "abc\"#] {
            assert_eq!(
                split(line, 0),
                Err(WordsError::Unclosed { span: Span::new(2, line.len()) }),
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_quoted_text_is_one_word_that_reads_back(text in any::<String>()) {
            for quoted in [quote(&text), quote_word(&text)] {
                let line = format!("-A X --comment {quoted} -j ACCEPT");
                prop_assert_eq!(texts(&line), ["-A", "X", "--comment", &*one_line_or_same(&text, &quoted), "-j", "ACCEPT"]);
            }
        }

        #[test]
        fn any_line_is_split_or_refused(line in any::<String>()) {
            for words in [split(&line, 0), split_shell(&line, 0)].into_iter().flatten() {
                prop_assert!(words.iter().all(|word| line.get(word.span.start..word.span.end).is_some()));
            }
        }
    }

    fn one_line_or_same(text: &str, quoted: &str) -> String {
        if quoted.starts_with('"') { one_line(text) } else { text.to_owned() }
    }
}
