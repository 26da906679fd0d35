//! Lines of `ipset restore`: words, comments of members, and comment lines.
//!
//! A comment stands between quotation marks and holds none, for there is no escape (ipset(8), "comment").

use super::text::{fit, one_line};
use std::borrow::Cow;

/// The most bytes of a line. `ipset` reads 1,023 at once and takes what is behind them for a line of its own.
pub const LINE: usize = 1_000;

/// The most bytes of a member's comment (ipset(8), "comment").
pub const COMMENT: usize = 255;

/// The words of a line as `ipset` splits them; nothing where a quotation mark is not closed.
pub fn words(line: &str) -> Option<Vec<Cow<'_, str>>> {
    if !line.contains('"') {
        return Some(line.split_ascii_whitespace().map(Cow::Borrowed).collect());
    }
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for char in line.chars() {
        match char {
            '"' if !quoted => quoted = true,
            ' ' | '\t' | '\r' | '\n' if !quoted => end(&mut words, &mut word),
            '"' => {
                quoted = false;
                end(&mut words, &mut word);
            }
            _ => word.push(char),
        }
    }
    end(&mut words, &mut word);
    (!quoted).then_some(words)
}

fn end(words: &mut Vec<Cow<'_, str>>, word: &mut String) {
    if !word.is_empty() {
        words.push(Cow::Owned(std::mem::take(word)));
    }
}

/// A text as the comment of a member. What is no ASCII, and what has no escape, becomes a sign of its own.
pub fn quote(text: &str) -> String {
    let fitted = fit(text, COMMENT, is_plain, '_');
    // An empty comment is no word at all.
    format!("\"{}\"", if fitted.trim().is_empty() { "-" } else { &fitted })
}

/// Reports whether a character may stand in a comment as it is.
pub fn is_plain(char: char) -> bool {
    char == ' ' || (char.is_ascii_graphic() && char != '"' && char != '\\')
}

/// A text as the rest of a comment line, and of as many more as it takes: no piece of it is read as a command.
pub fn comment(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in one_line(text).split(' ') {
        for piece in pieces(word) {
            let room = lines.last().is_some_and(|line| line.len().saturating_add(piece.len()) < LINE / 2);
            match lines.last_mut().filter(|_| room) {
                Some(line) => {
                    if !line.is_empty() {
                        line.push(' ');
                    }
                    line.push_str(&piece);
                }
                None => lines.push(piece),
            }
        }
    }
    lines.join("\n#     ")
}

/// A word in pieces that fit into a line.
fn pieces(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    chars.chunks(LINE / 10).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_ipset_splits_them() {
        let split = |line: &str| words(line).map(|words| words.join("|"));
        assert_eq!(split("add a 10.0.0.1\r\n").as_deref(), Some("add|a|10.0.0.1"));
        assert_eq!(
            split("add a b comment \"x # y\" nomatch").as_deref(),
            Some("add|a|b|comment|x # y|nomatch")
        );
        assert_eq!(split("comment \"a\\\" b").as_deref(), Some("comment|a\\|b"));
        assert_eq!(split("comment \"\"").as_deref(), Some("comment"));
        assert_eq!(split("comment \"a"), None);
    }

    #[test]
    fn a_comment_is_one_word_whatever_it_holds() {
        for text in ["a", "", "\"", "\\", "a\" nomatch \"", "x\ny", "é🦀", &"long ".repeat(200)] {
            let quoted = quote(text);
            assert_eq!(words(&quoted).unwrap().len(), 1, "{text:?}");
            assert!(quoted.len() <= COMMENT + 2 && quoted.is_ascii(), "{quoted}");
        }
    }

    #[test]
    fn no_line_of_a_comment_is_longer_than_ipset_reads_at_once() {
        for text in
            ["x".repeat(5_000), "é🦀".repeat(2_000), "word ".repeat(1_000), "create X hash:ip ".repeat(99)]
        {
            for line in format!("#   {}", comment(&text)).lines() {
                assert!(line.starts_with('#') && line.len() <= LINE, "{line}");
            }
        }
        assert_eq!(
            comment("a  b\nc"),
            one_line("a  b\nc").split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        );
    }
}
