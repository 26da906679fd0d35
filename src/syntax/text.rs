//! Plain text: what may stand in a comment, whoever wrote it.

use std::borrow::Cow;

/// The text on one line and without characters that could end a comment, hide text or reverse its order: control,
/// bidirectional, zero-width and line-separator characters become a space, as do noncharacters, which YAML refuses even
/// in a comment, and runs of white space become one.
pub fn one_line(text: &str) -> String {
    if is_plain_line(text) {
        return text.to_owned();
    }
    let visible = text.chars().map(|char| if is_hidden(char) { ' ' } else { char }).collect::<String>();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reports whether a text is one line already, found without looking at characters: most texts are visible ASCII with
/// single spaces between words.
fn is_plain_line(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !matches!(byte, b' '..=b'~') || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    text.is_empty() || before != b' '
}

/// The text with every character replaced that `allowed` refuses, and cut to `limit` characters. A cut text ends in
/// `...`.
pub fn fit(text: &str, limit: usize, allowed: impl Fn(char) -> bool, replacement: char) -> String {
    let line = one_line(text);
    let clean = line.chars().map(|char| if allowed(char) { char } else { replacement });
    if line.chars().count() <= limit {
        return clean.collect();
    }
    let kept: String = clean.take(limit.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// The text with what cannot be seen replaced byte for byte, so that places in it stay what they are: a terminal obeys
/// some such characters, and others turn around what a reader sees. Tabs and ASCII control characters are left to
/// whoever draws the text.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|char| !char.is_ascii() && is_hidden(char)) {
        return Cow::Borrowed(text);
    }
    let shown = |char: char| match char.len_utf8() {
        2 => "\u{B7}",
        3 => "\u{FFFD}",
        _ => "\u{FFFD}?",
    };
    let mut seen = String::with_capacity(text.len());
    for char in text.chars() {
        if !char.is_ascii() && is_hidden(char) {
            seen.push_str(shown(char));
        } else {
            seen.push(char);
        }
    }
    Cow::Owned(seen)
}

/// One character that can be seen, as a pattern of JSON Schema: what is neither white space nor hidden, but for the few
/// hidden characters that an editor would not have the words for.
pub const SEEN: &str = "[^\\s\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u061C\\u180E\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFDD0-\\uFDEF\\uFEFF\\uFFF9-\\uFFFB\\uFFFE\\uFFFF]";

/// Reports whether a terminal obeys the character, or a reader cannot see it.
pub(crate) fn is_hidden(char: char) -> bool {
    let noncharacter = u32::from(char) & 0xFFFE == 0xFFFE || matches!(char, '\u{FDD0}'..='\u{FDEF}');
    char.is_control()
        || noncharacter
        || matches!(char,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// The place of the first such byte, looked for in eight bytes at once: the lines of a dump are too short for what finds
/// it fastest in a long text.
pub fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = bytes.as_chunks::<8>();
    let pattern = ONES.wrapping_mul(u64::from(wanted));
    let mut at = 0_usize;
    for word in words {
        let differing = u64::from_le_bytes(*word) ^ pattern;
        // The highest bit of the first byte that is zero; bytes behind it may have theirs too.
        let hits = differing.wrapping_sub(ONES) & !differing & (ONES << 7);
        if hits != 0 {
            return usize::try_from(hits.trailing_zeros() / 8).ok().map(|byte| at.wrapping_add(byte));
        }
        at = at.wrapping_add(8);
    }
    rest.iter().position(|byte| *byte == wanted).map(|byte| at.wrapping_add(byte))
}

#[cfg(test)]
mod tests {
    use super::{find, fit, one_line, visible};

    #[test]
    fn the_first_such_byte_is_found_wherever_it_stands() {
        for len in 0..40_usize {
            let plain = vec![0x0b_u8; len];
            assert_eq!(find(&plain, b'\n'), None);
            for at in 0..len {
                let mut bytes = plain.clone();
                bytes[at..].fill(b'\n');
                assert_eq!(find(&bytes, b'\n'), Some(at));
                bytes[at + 1..].fill(0xff);
                assert_eq!(find(&bytes, b'\n'), Some(at));
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_is_replaced_byte_for_byte() {
        let text = "a\u{9B}31m \u{2028}\u{202E}b\u{E0041}\tc é 日 \u{AD}";
        assert_eq!(visible(text), "a·31m \u{FFFD}\u{FFFD}b\u{FFFD}?\tc é 日 ·");
        assert_eq!(visible(text).len(), text.len());
        assert_eq!(visible("é 日本語 😀"), "é 日本語 😀");
    }

    #[test]
    fn what_is_left_is_one_visible_line() {
        for text in ["", "a", "a b ~", " ", " a", "a ", "a  b", "a\tb", "a\u{7F}", "\n"] {
            assert_eq!(
                one_line(text),
                text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\u{7F}', "")
            );
        }
        assert_eq!(one_line(" a\r\n\u{2028}b\u{202E}\tc\u{0}\u{FFFF}\u{1FFFE}\u{FDD0}d "), "a b c d");
        assert_eq!(one_line("\u{FEFF}\u{200B}"), "");
        assert_eq!(one_line("日本語 😀 \u{FFFD}"), "日本語 😀 \u{FFFD}");
    }

    #[test]
    fn a_cut_text_fits_and_says_so() {
        let any = |_| true;
        assert_eq!(fit("abcdef", 6, any, '?'), "abcdef");
        assert_eq!(fit("abcdefg", 6, any, '?'), "abc...");
        assert_eq!(fit("ab cdefg", 6, any, '?'), "ab...");
        assert_eq!(fit("a;b\"c", 9, |char| char.is_ascii_alphanumeric(), '_'), "a_b_c");
    }
}
