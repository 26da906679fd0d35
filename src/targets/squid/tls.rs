//! What is done about TLS in tunnels, and which paths can be told apart there.

use crate::packet::PathPrefix;
use crate::targets::Options;

/// The option that says it.
pub(super) const KEY: &str = "squid.tls";
/// The words that it takes.
pub(super) const WORDS: &[&str] = &["tunnel", "splice", "inspect"];

/// What is done about TLS in tunnels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// Nothing: a tunnel is judged by the host and the port that CONNECT asks for.
    Tunnel,
    /// The name in the handshake must be one of the rules too.
    Splice,
    /// So must it, and tunnels to hosts of which only some paths are allowed are opened.
    Inspect,
}

impl Tls {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.get(KEY) {
            Some("splice") => Self::Splice,
            Some("inspect") => Self::Inspect,
            _ => Self::Tunnel,
        }
    }
}

/// Reports whether Squid can tell requests below a path from others. Paths in another spelling are refused, so that
/// none leads out of a prefix.
pub(super) fn is_plain(path: &PathPrefix) -> bool {
    let path = path.as_str();
    let odd = path.contains("..") || path.contains("//") || path.contains('?');
    !odd && path.chars().all(is_left_alone)
}

/// Reports whether a character of a path stands as it is in what Squid notes of a request; it encodes the others.
pub(super) fn is_left_alone(char: char) -> bool {
    char.is_ascii_alphanumeric() || "!$&()*+,-./:;=?@_".contains(char)
}

/// The beginning of URLs with this host and path, on whatever port, as an expression.
pub(super) fn urls(scheme: &str, host: &str, path: &PathPrefix) -> String {
    format!("^{scheme}://{}(:[0-9]+)?{}", escaped(host), escaped(path.as_str()))
}

/// A text within an expression, where it stands for itself.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        if ".[]()*+?^$|{}\\".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_it_is_and_nothing_in_it_is_special() {
        let path = "/a.b+c(d)$*/".parse().unwrap();
        assert!(is_plain(&path));
        let expected = r"^https://x\.test(:[0-9]+)?/a\.b\+c\(d\)\$\*/";
        assert_eq!(urls("https", "x.test", &path), expected);
    }

    #[test]
    fn oddly_spelt_paths_cannot_be_told_from_others() {
        for odd in ["/a%20b", "/a//b", "/a..b", "/a'b", "/a\"b", "/~a", "/a[0]"] {
            assert!(!is_plain(&odd.parse().unwrap()), "{odd}");
        }
    }
}
