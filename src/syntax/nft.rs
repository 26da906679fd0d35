//! How `nft` quotes: between two quotation marks nothing has a meaning, and there is no way to write one.

use super::text::one_line;

/// The text as a quoted one. A quotation mark becomes an apostrophe; a `*` at the end, which would stand for anything in
/// some places, and a backslash there become `_`.
pub fn quote(text: &str) -> String {
    let inner = one_line(text).replace('"', "'");
    let kept = inner.trim_end_matches(['*', '\\']);
    let dropped = inner.len().saturating_sub(kept.len());
    format!("\"{kept}{}\"", "_".repeat(dropped))
}

/// A bare word: a name, a number, an address, a block or a range. What could be anything else is quoted, and refused by
/// `nft` where a bare word is needed.
pub fn word(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | ':' | '/');
    let bare =
        text.starts_with(|char: char| char.is_ascii_alphanumeric() || char == ':') && text.chars().all(plain);
    if bare { text.to_owned() } else { quote(text) }
}

/// A line of a comment. It never looks like words that a dump could not print: those end in counters.
pub fn comment(text: &str) -> String {
    one_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_has_no_quotation_mark_and_no_end_with_a_meaning() {
        assert_eq!(quote("it's \"so\"; accept\n# x"), "\"it's 'so'; accept # x\"");
        assert_eq!(quote("a**"), "\"a__\"");
        assert_eq!(quote("a\\"), "\"a_\"");
    }

    #[test]
    fn only_a_plain_word_is_bare() {
        for plain in ["10.0.0.0/8", "::1", "1000-2000", "acme_api-v4", "443"] {
            assert_eq!(word(plain), plain);
        }
        for other in ["", "a b", "a;accept", "@set", "$x", "a\"", "-1"] {
            assert!(word(other).starts_with('"'), "{other}");
        }
    }
}
