//! The words, strings and comments of tinyproxy's files, which have no quoting: what cannot stand there is replaced.

use super::text::fit;

/// The most bytes in a line of a filter; tinyproxy reads the rest as another expression (`FILTER_BUFFER_LEN` in its
/// `src/filter.c`, less the new line and the closing zero).
pub const LONGEST_ENTRY: usize = 510;
/// The most bytes in a line of the configuration; the rest is read as another line (`TP_LINE_MAX` in `src/conf.c`).
pub const LONGEST_LINE: usize = 1022;

/// The text as one expression of a filter: white space ends one, and `#` begins a comment.
pub fn word(text: &str) -> String {
    let plain = |char: char| if char.is_ascii_graphic() && char != '#' { char } else { '_' };
    let word: String = text.chars().map(plain).collect();
    if word.is_empty() { "_".to_owned() } else { word }
}

/// The text as it stands between quotes, which cannot be escaped.
pub fn string(text: &str) -> String {
    let plain = |char: char| if (char.is_ascii_graphic() || char == ' ') && char != '"' { char } else { '_' };
    let text: String = text.chars().take(LONGEST_ENTRY).map(plain).collect();
    if text.is_empty() { "_".to_owned() } else { text }
}

/// The text as what stands behind `# `, in ASCII and so short that no line is cut.
pub fn comment(text: &str) -> String {
    fit(text, LONGEST_ENTRY - 10, |char| char.is_ascii(), '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_place() {
        assert_eq!(word("^a\\.b$ #\n\"x"), "^a\\.b$___\"x");
        assert_eq!(string("/etc/a b\"\nAllow 0/0"), "/etc/a b__Allow 0/0");
        assert_eq!(comment("a\nFilterDefaultDeny No\u{2028}\u{e9}"), "a FilterDefaultDeny No _");
        assert!(comment(&"\u{1F600}x".repeat(9000)).len() <= LONGEST_ENTRY - 2);
        assert_eq!(word(""), "_");
    }
}
