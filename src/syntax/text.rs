//! Plain text: what may stand in a comment, whoever wrote it.

/// The text on one line and without characters that could end a comment, hide text or reverse its order: control,
/// bidirectional, zero-width and line-separator characters become a space, as do noncharacters, which YAML refuses even
/// in a comment, and runs of white space become one.
pub fn one_line(text: &str) -> String {
    let visible = text.chars().map(|char| if is_hidden(char) { ' ' } else { char }).collect::<String>();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
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

fn is_hidden(char: char) -> bool {
    let noncharacter = u32::from(char) & 0xFFFE == 0xFFFE || matches!(char, '\u{FDD0}'..='\u{FDEF}');
    char.is_control()
        || noncharacter
        || matches!(char,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::{fit, one_line};

    #[test]
    fn what_is_left_is_one_visible_line() {
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
