//! Text inside HTML.

use super::text::one_line;

/// The text on one visible line, as the content of an element or of a quoted attribute: nothing in it is markup.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in one_line(text).chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(escaped("<b title=\"x\" class='y'>&amp;\n</b>"), {
            "&lt;b title=&quot;x&quot; class=&#39;y&#39;&gt;&amp;amp; &lt;/b&gt;"
        });
        assert_eq!(escaped("a\u{202E}b\u{0}c 日本"), "a b c 日本");
    }
}
