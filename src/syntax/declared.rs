//! Syntaxes that a manifest declares: how a comment begins, and how a value is quoted.
//!
//! A value that the syntax cannot hold is refused, never changed: what it would mean is not known here.

use super::text::fit;
use super::{hcl, yaml};

/// The longest comment that is written.
const LONGEST_COMMENT: usize = 2_000;

/// How a comment begins; it ends with its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comment {
    /// `#`.
    Hash,
    /// `;`.
    Semicolon,
    /// `//`.
    Slashes,
}

/// How a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// Not at all: a word of letters, digits and `. _ - : / @`.
    Word,
    /// Between double quotes, with a backslash before a quote and a backslash.
    DoubleQuoted,
    /// As a YAML string.
    Yaml,
    /// As a JSON string.
    Json,
    /// As an HCL string, without interpolation.
    Hcl,
}

impl Comment {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Hash => "#",
            Self::Semicolon => ";",
            Self::Slashes => "//",
        }
    }

    /// The text as a comment, sign included. It stays on its line: a backslash at the end would continue it in some
    /// syntaxes, so it becomes a slash.
    pub fn write(self, text: &str) -> String {
        let line = fit(text, LONGEST_COMMENT, |_| true, ' ');
        let line = line.strip_suffix('\\').map_or(line.clone(), |head| format!("{head}/"));
        format!("{} {line}", self.sign()).trim_end().to_owned()
    }
}

impl Quoting {
    /// The text as a value, or why this syntax cannot hold it.
    pub fn write(self, text: &str) -> Result<String, String> {
        match self {
            Self::Word if is_plain(text) => Ok(text.to_owned()),
            Self::Word => Err("a word holds letters, digits and `. _ - : / @` only".to_owned()),
            Self::DoubleQuoted => {
                if let Some(char) = text.chars().find(|char| !is_inert(*char)) {
                    return Err(format!(
                        "{char:?} means something between double quotes, or cannot stand there"
                    ));
                }
                Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
            }
            Self::Yaml => Ok(yaml::quote(text)),
            Self::Json => serde_json::to_string(text).map_err(|error| error.to_string()),
            Self::Hcl => Ok(hcl::quote(text)),
        }
    }
}

/// Reports whether a text means itself in every syntax: addresses, ports, names. It is not empty, and it begins neither
/// an option nor a comment.
pub fn is_plain(text: &str) -> bool {
    let plain =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-' | ':' | '/' | '@');
    text.starts_with(|char: char| char.is_ascii_alphanumeric() || char == ':')
        && text.chars().all(plain)
        && !text.contains("//")
}

/// Reports whether a character between double quotes is just that, with a backslash before it where it needs one.
fn is_inert(char: char) -> bool {
    let visible = super::text::one_line(&char.to_string());
    (char == ' ' || !visible.is_empty()) && !matches!(char, '$' | '`' | '%' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stays_on_its_line() {
        assert_eq!(Comment::Hash.write("a\nb \u{202E}c\\"), "# a b c/");
        assert_eq!(Comment::Slashes.write("x */ y"), "// x */ y");
        assert_eq!(Comment::Semicolon.write(""), ";");
    }

    #[test]
    fn what_a_syntax_cannot_hold_is_refused() {
        for good in ["10.0.0.0/8", "2001:db8::/32", "::1", "api.example.com", "xn--bcher-kva.example", "443"]
        {
            assert_eq!(Quoting::Word.write(good).as_deref(), Ok(good));
        }
        for bad in ["", "-j", "a b", "a;b", "a#b", "a//b", "/x", "a\nb", "*", "a\u{202E}b", "é", "${x}"] {
            assert!(Quoting::Word.write(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Quoting::DoubleQuoted.write("a\"b\\").as_deref(), Ok("\"a\\\"b\\\\\""));
        for bad in ["a\nb", "$x", "`id`", "%{if}", "a\u{202E}b", "\u{0}"] {
            assert!(Quoting::DoubleQuoted.write(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Quoting::Json.write("a\n\"").as_deref(), Ok("\"a\\n\\\"\""));
    }
}
