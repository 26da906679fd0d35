//! Ids for the entries of a feed: readable, stable from one date to the next, and never two the same.

use super::content::Key;
use crate::policy::Direction;
use crate::syntax::digest::sha256;
use std::collections::BTreeMap;

/// The most characters of an id that is made here; endings are put behind it, and 63 is what a catalog allows.
const MOST: usize = 48;

/// A word in lower case, with a hyphen for whatever an id cannot have. What is too long, or nothing after that, ends in a
/// digest of the word.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for char in text.chars() {
        match char.to_ascii_lowercase() {
            char if char.is_ascii_alphanumeric() || char == '_' => slug.push(char),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let trimmed = slug.trim_matches(['-', '_']);
    let starts = trimmed.starts_with(|char: char| char.is_ascii_alphanumeric());
    if starts && trimmed.len() <= MOST && text.is_ascii() {
        return trimmed.to_owned();
    }
    let head: String = trimmed.chars().take(MOST.saturating_sub(9)).collect();
    let head = head.trim_end_matches(['-', '_']);
    if head.is_empty() { format!("x-{}", digest(text)) } else { format!("{head}-{}", digest(text)) }
}

/// The ids of entries, each with the way that its connections go.
pub(super) fn ids<'k>(keys: &[(&'k Key, Direction)]) -> BTreeMap<&'k Key, String> {
    let named: Vec<(&Key, String, Direction)> =
        keys.iter().map(|(key, way)| (*key, readable(key, *way), *way)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, id, _) in &named {
        let count = counts.entry(id.as_str()).or_default();
        *count = count.saturating_add(1);
    }
    let id = |(key, id, way): &(&'k Key, String, Direction)| {
        let twice = counts.get(id.as_str()).is_some_and(|count| *count > 1);
        let id =
            if twice { slug(&format!("{id}-{}", digest(&format!("{key:?}{way:?}")))) } else { id.clone() };
        (*key, id)
    };
    named.iter().map(id).collect()
}

/// The id that says what the entry is.
fn readable(key: &Key, way: Direction) -> String {
    let mut parts: Vec<&str> = Vec::new();
    match &key.set {
        Some(set) if set.starts_with(&key.service) => parts.push(set),
        Some(set) => parts.extend([key.service.as_str(), set]),
        None => {
            parts.push(&key.service);
            parts.extend(key.region.as_deref());
            parts.extend(key.category.as_deref());
        }
    }
    if way == Direction::Ingress {
        parts.push("ingress");
    }
    slug(&parts.join("-"))
}

fn digest(text: &str) -> String {
    sha256(text).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Id;

    #[test]
    fn every_text_becomes_an_id() {
        let long = "x".repeat(900);
        for text in [
            "S3",
            "us-east-1",
            "",
            "-",
            "__",
            "a b",
            "\u{202e}x",
            "日本",
            "a\"b: [",
            long.as_str(),
            "9",
            "Storage.WestEurope",
        ] {
            let slug = slug(text);
            assert!(slug.parse::<Id>().is_ok() && slug.len() <= MOST, "{text:?} became {slug:?}");
        }
        assert_eq!(slug("Storage.WestEurope"), "storage-westeurope");
        assert_ne!(slug("日本"), slug("日木"));
        assert_ne!(slug(&"x".repeat(60)), slug(&"x".repeat(61)));
    }

    #[test]
    fn two_entries_never_share_an_id() {
        let keys = ["a b", "a-b", "A.B"].map(Key::service);
        let named = keys.each_ref().map(|key| (key, Direction::Egress));
        let mut ids: Vec<String> = ids(&named).into_values().collect();
        ids.dedup();
        assert_eq!(ids.len(), 3, "{ids:?}");
    }
}
