//! The text of `nft` in words, quoted texts and signs, each with its place.

use crate::diag::Span;
use std::borrow::Cow;

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it says, without quotes.
    pub(super) text: Cow<'a, str>,
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands, quotes included.
    pub(super) span: Span,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word, which may be a key word.
    Word,
    /// A text that is never a key word.
    Text,
    /// A sign such as `{`, `,` or `!=`.
    Sign,
    /// The end of a line, or `;`.
    End,
    /// What a dump hides behind `#` in the middle of a rule, where it has no words for it.
    Hidden,
}

impl Token<'_> {
    /// Reports whether it is that sign.
    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// Reports whether it is that key word.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// Why a text cannot be split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// In words.
    pub(super) message: &'static str,
    /// Where.
    pub(super) span: Span,
}

/// Signs of two characters.
const LONG: [&str; 6] = ["==", "!=", "<=", ">=", "<<", ">>"];
/// Signs that stand alone wherever they are.
const SHORT: [char; 14] = ['{', '}', '(', ')', ',', '=', '!', '<', '>', '&', '|', '^', '[', ']'];
/// Characters that are a sign only when nothing but blanks stands around them.
const LONELY: [&str; 4] = [".", "-", "/", ":"];

/// The pieces of a text.
pub(super) fn split(text: &str) -> Result<Vec<Token<'_>>, Unreadable> {
    let mut tokens = Vec::new();
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at = at.saturating_add(one(rest, at, &mut tokens)?);
    }
    Ok(tokens)
}

/// Takes one piece from the front of a text, or skips what is none; how long it is.
fn one<'a>(rest: &'a str, at: usize, tokens: &mut Vec<Token<'a>>) -> Result<usize, Unreadable> {
    let span = |len: usize| Span::new(at, at.saturating_add(len));
    let Some(char) = rest.chars().next() else { return Ok(1) };
    let mut push = |len: usize, text: &'a str, kind: Kind| {
        tokens.push(Token { text: Cow::Borrowed(text), kind, span: span(len) });
        Ok(len)
    };
    let head = |len: usize| rest.get(..len).unwrap_or_default();
    match char {
        ' ' | '\t' => Ok(1),
        '\n' | ';' => push(1, head(1), Kind::End),
        '\r' => Err(Unreadable { message: "a carriage return, which nft refuses", span: span(1) }),
        '\0' => Err(Unreadable { message: "a NUL character", span: span(1) }),
        '\\' if rest.starts_with("\\\n") => Ok(2),
        '#' => {
            let line = rest.split('\n').next().unwrap_or_default();
            // Words without a line of their own that end in counters are no comment: a dump of rules of `iptables`
            // shows so what it has no words for.
            let in_line = tokens.last().is_some_and(|token| token.kind != Kind::End);
            match line.find(" counter packets ").filter(|_| in_line) {
                None => Ok(line.len()),
                Some(len) => {
                    let hidden = head(len).trim_start_matches(['#', ' ']);
                    tokens.push(Token { text: Cow::Borrowed(hidden), kind: Kind::Hidden, span: span(len) });
                    Ok(len)
                }
            }
        }
        '"' => {
            let inner = rest.get(1..).and_then(|rest| rest.split_once('"'));
            let (inner, _) =
                inner.ok_or(Unreadable { message: "a quoted text is not closed", span: span(1) })?;
            push(inner.len().saturating_add(2), inner, Kind::Text)
        }
        _ if LONG.iter().any(|sign| rest.starts_with(sign)) => push(2, head(2), Kind::Sign),
        _ if SHORT.contains(&char) => push(1, head(1), Kind::Sign),
        _ => {
            let ends = |char: char| {
                char.is_whitespace() || matches!(char, ';' | '"' | '#' | '\\' | '\0') || SHORT.contains(&char)
            };
            let len = rest.char_indices().skip(1).find(|(_, char)| ends(*char));
            let len = len.map_or(rest.len(), |(len, _)| len).max(char.len_utf8());
            let word = head(len);
            push(len, word, if LONELY.contains(&word) { Kind::Sign } else { Kind::Word })
        }
    }
}

/// Pieces as one text with single blanks, in which a text is quoted only where it must be and numbers are decimal, so
/// that two spellings of one condition read the same.
pub(super) fn normal(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut in_range = false;
    for token in tokens {
        let plain = |char: char| char.is_ascii_alphanumeric() || "_.:/*-@$%+".contains(char);
        let hexadecimal =
            token.text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        // Blanks around the sign of a range make no difference.
        let joins = token.is_sign(",") || token.is_sign("-");
        if !text.is_empty() && !joins && !std::mem::replace(&mut in_range, false) {
            text.push(' ');
        }
        match (token.kind, hexadecimal) {
            (Kind::Word, Some(number)) => text.push_str(&number.to_string()),
            (Kind::Text, _) if token.text.is_empty() || !token.text.chars().all(plain) => {
                text.extend(["\"", token.text.as_ref(), "\""]);
            }
            (Kind::Hidden, _) => text.extend(["# ", token.text.as_ref()]),
            (Kind::End, _) => {}
            _ => text.push_str(&token.text),
        }
        in_range = token.is_sign("-");
    }
    text
}

/// The place of several pieces.
pub(super) fn place(tokens: &[Token<'_>]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => Span::new(first.span.start, last.span.end.max(first.span.start)),
        _ => Span::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).unwrap().into_iter().map(|token| format!("{:?} {}", token.kind, token.text)).collect()
    }

    #[test]
    fn words_texts_and_signs_are_told_apart() {
        let tokens =
            split("ip daddr != { 10.0.0.0/8, ::1-::2 } . tcp dport 1-2 comment \"a # } b\" # no\n").unwrap();
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_ref()).collect();
        assert_eq!(
            words,
            [
                "ip",
                "daddr",
                "!=",
                "{",
                "10.0.0.0/8",
                ",",
                "::1-::2",
                "}",
                ".",
                "tcp",
                "dport",
                "1-2",
                "comment",
                "a # } b",
                "\n"
            ]
        );
        assert_eq!(texts("a\\\nb;"), ["Word a", "Word b", "End ;"]);
        assert_eq!(normal(&tokens[2..8]), "!= { 10.0.0.0/8, ::1-::2 }");
    }

    #[test]
    fn what_a_dump_hides_is_no_comment() {
        let hidden = texts("ip saddr 10.0.0.1 # match-set x src counter packets 0 bytes 0 accept");
        assert_eq!(hidden[3], "Hidden match-set x src");
        assert_eq!(hidden.last().unwrap(), "Word accept");
        assert_eq!(texts("# all counter packets 0 bytes 0 accept\n"), ["End \n"]);
    }

    #[test]
    fn what_nft_refuses_is_an_error() {
        for text in ["a\r\n", "\"a", "a\0"] {
            assert!(split(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_quotes_are_made_alike() {
        let of = |text: &str| normal(&split(text).unwrap());
        assert_eq!(of("meta mark 0x00000001"), "meta mark 1");
        assert_eq!(of("meta day \"Monday\""), of("meta day Monday"));
        assert_eq!(of("log prefix \"a b\""), "log prefix \"a b\"");
    }
}
