//! Words of a POSIX shell.

use super::text::one_line;

/// The text as one word, on one line: bare where a shell reads it as it is, else in single quotes.
pub fn quote(text: &str) -> String {
    let line = one_line(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/,-+=@%".contains(&byte);
    if !line.is_empty() && line.bytes().all(plain) {
        return line;
    }
    format!("'{}'", line.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;
    use crate::syntax::words::split_shell;

    #[test]
    fn a_word_is_read_back_as_itself() {
        for text in
            ["", "a", "a b", "$(id)", "`id`", "a'b", "'", "''", "\\", "\"", "*", "#x", "a;b", "~", "日本"]
        {
            let line = format!("x {}", quote(text));
            let words: Vec<String> =
                split_shell(&line, 0).unwrap().into_iter().map(|word| word.text.into_owned()).collect();
            assert_eq!(words, ["x", text], "{line}");
        }
        assert_eq!(quote("a\nb"), "'a b'");
    }
}
