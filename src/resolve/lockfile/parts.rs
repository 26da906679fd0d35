//! Reading a sound lockfile entry by entry.
//!
//! The tree of a whole lockfile takes many times the memory of its text. So each feed and host is read by itself, and what is
//! odd about any of them is left to the reading of the whole, which knows the places and what to say.

use super::Lockfile;
use super::read::{entries, head};
use super::table::{Reader, Table};
use crate::diag::{Source, Span};
use std::sync::Arc;
use toml::de::DeTable;

/// The lockfile, when nothing about it is odd.
// INVARIANT: what this gives, the reading of the whole text gives too.
pub(super) fn in_parts(source: &Arc<Source>) -> Option<Lockfile> {
    let mut reader = Reader::new(source);
    let mut lock = Lockfile::default();
    let mut usual = None;
    for (at, part) in parts(source.text()).enumerate() {
        let (document, errors) = DeTable::parse_recoverable(part);
        if !errors.is_empty() {
            return None;
        }
        let root = Table { entries: document.get_ref(), what: "the lockfile", span: Span::default() };
        if at == 0 {
            // Entries that stand in the head are in a list of another kind, to which no others can be added.
            reader.only(root, &["version", "tried"]);
            usual = head(&mut reader, root)?.usual;
        } else {
            reader.only(root, &["feed", "host"]);
            entries(&mut reader, root, usual, &mut lock);
        }
        if !reader.findings.is_empty() {
            return None;
        }
    }
    Some(lock)
}

/// The text before the first entry, then each entry. Where such a line is no heading but part of a longer text, the part
/// before it has no end, which is an error in it.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut at = 0;
        let start = text.split_inclusive('\n').enumerate().find_map(|(line, content)| {
            let start = at;
            at += content.len();
            (line > 0 && matches!(content.trim_end(), "[[host]]" | "[[feed]]")).then_some(start)
        });
        let (part, left) = start.and_then(|start| text.split_at_checked(start)).unwrap_or((text, ""));
        rest = start.map(|_| left);
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::super::read::whole;
    use super::*;
    use proptest::prelude::*;

    /// Lines that make sound lockfiles, odd ones, and texts that are none.
    const PIECES: [&str; 22] = [
        "version = 1\n",
        "tried = \"2026-11-22T20:54:48Z\"\n",
        "[[host]]\nname = \"a.test\"\na = \"answer\"\naaaa = \"nodata\"\naddresses = [\n    { address = \"8.8.8.8\", first_seen = \"2026-11-01T00:00:00Z\", resolver = \"r\" },\n]\n",
        "[[host]]\nname = \"b.test\"\naddresses = []\n",
        "[[host]] # c\r\nname = \"c.test\"\naddresses = []\r\n",
        " [[host]]\nname = \"d.test\"\naddresses = []\n",
        "[[feed]]\nname = \"f\"\nurl = \"u\"\ndate = \"2026-11-22T00:00:00Z\"\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n",
        "[[host]]\n",
        "[[feed]]\n",
        "[host]\n",
        "host = []\n",
        "feed = []\n",
        "[[host.addresses]]\n",
        "[feed.x]\n",
        "x = \"\"\"\n",
        "\"\"\"\n",
        "'''\n",
        "addresses = [\n",
        "]\n",
        "ttl = 5\n",
        "# c\n",
        "\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_read_in_parts_is_what_the_whole_says(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..8),
            sound in any::<bool>(),
        ) {
            let head = if sound { "version = 1\n" } else { "" };
            let source = Arc::new(Source::new("egressor.lock", format!("{head}{}", pieces.concat())));
            if let Some(lock) = in_parts(&source) {
                prop_assert_eq!(whole(&source), Ok(lock), "{}", source.text());
            }
        }
    }

    #[test]
    fn a_sound_lockfile_is_read_in_parts() {
        let text: String = [0, 1, 6, 2, 3].into_iter().map(|at| PIECES[at]).collect();
        for text in [text.replace('\n', "\r\n"), text] {
            let lock =
                in_parts(&Arc::new(Source::new("egressor.lock", text))).expect("nothing is odd about it");
            assert_eq!((lock.hosts().count(), lock.feeds().count()), (2, 1));
        }
    }
}
