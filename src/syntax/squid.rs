//! The words and comments of `squid.conf`, which has no quoting: what cannot stand in a word is replaced.

use super::text::fit;

/// The longest comment that is written. Squid cuts a line at 8191 bytes and reads what follows as a directive, so
/// a comment must stay well below, whatever its characters weigh.
const LONGEST_COMMENT: usize = 1000;

/// The text as one word. A character that would end the word, begin a comment or a list file, continue the line or
/// stand for a macro becomes `_`.
pub fn word(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|char| if char.is_ascii_graphic() && !matches!(char, '"' | '\'' | '#') { char } else { '_' })
        .collect();
    let inner = inner.replace("${", "_{");
    match inner.strip_suffix('\\') {
        Some(head) => format!("{head}_"),
        None if inner.is_empty() => "_".to_owned(),
        None => inner,
    }
}

/// The text as what stands behind `# ` on a line of its own.
pub fn comment(text: &str) -> String {
    fit(text, LONGEST_COMMENT, |_| true, ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(word(r"^[^.]+\.docker\.io$"), r"^[^.]+\.docker\.io$");
        assert_eq!(word("a b\n#\"c'\\"), "a_b___c__");
        assert_eq!(word("x${process_name}\u{e9}"), "x_{process_name}_");
        assert_eq!(word(""), "_");
    }

    #[test]
    fn a_comment_stays_on_its_line() {
        assert_eq!(comment("a\r\nb\u{2028}http_access allow all"), "a b http_access allow all");
        assert!(comment(&"\u{1F600}".repeat(9000)).len() < 8000);
    }
}
