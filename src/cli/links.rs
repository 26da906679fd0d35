//! Links to files, for terminals that can open them.

use super::safe::link;
use crate::diag::Finding;
use crate::syntax::text::one_line;
use std::fmt::Write as _;
use std::path::Path;

/// A finding that was drawn, its place being a link to the file.
pub(super) fn placed(drawn: String, finding: &Finding) -> String {
    let Some(place) = &finding.place else { return drawn };
    let name = place.source.name();
    let Some(target) = file(Path::new(name)) else { return drawn };
    let (line, column) = place.source.line_column(place.span.start);
    let text = format!("{}:{line}:{column}", one_line(name));
    drawn.replacen(&text, &link(&target, &text, true), 1)
}

/// The URL of a file that is there. Whatever is no plain character in it is escaped.
fn file(path: &Path) -> Option<String> {
    let whole = path.canonicalize().ok()?;
    let mut url = String::from("file://");
    for byte in whole.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_kind_makes_a_plain_url() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a \u{1b}]8;;x\u{7}é%#?.yaml");
        std::fs::write(&path, "").expect("a file");
        let url = file(&path).expect("a URL");
        assert!(url.ends_with("/a%20%1B%5D8%3B%3Bx%07%C3%A9%25%23%3F.yaml"), "{url}");
        assert_eq!(file(&folder.path().join("missing")), None);
    }
}
