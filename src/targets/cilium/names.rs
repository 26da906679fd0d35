//! Host names as `toFQDNs` writes them: `matchName`, and `matchPattern` by Cilium's own meaning of the asterisk.
//!
//! | pattern | names |
//! |---|---|
//! | `*` alone | every name |
//! | `*.x` | one label below `x`, and not `x` |
//! | `**.x` | any number of labels below `x`, and not `x`; before Cilium 1.18 the same as `*.x` |
//! | an asterisk elsewhere | any letters within a label, which is not modelled |
//!
//! <https://docs.cilium.io/en/stable/security/policy/language/#dns-based>

use crate::packet::{Hostname, NamePattern, NameSet};

/// The most characters of a name or pattern.
pub(super) const NAME_MAX: usize = 255;

/// One entry of `toFQDNs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// `matchName`.
    Name(String),
    /// `matchPattern`.
    Pattern(String),
}

/// The entries that mean a pattern, and the names that they mean: a path becomes its host.
pub(super) fn words(pattern: &NamePattern) -> (Vec<Word>, NameSet) {
    let name = |host: &Hostname| Word::Name(host.to_string());
    let deep = |host: &Hostname| Word::Pattern(format!("**.{host}"));
    match pattern {
        NamePattern::Any => (vec![Word::Pattern("*".to_owned())], NameSet::full()),
        NamePattern::Host(host) | NamePattern::Path(host, _) => {
            (vec![name(host)], NamePattern::Host(host.clone()).names())
        }
        NamePattern::Tree(host) => (vec![name(host), deep(host)], pattern.names()),
        NamePattern::Below(host) => (vec![deep(host)], pattern.names()),
        NamePattern::OneBelow(host) => (vec![Word::Pattern(format!("*.{host}"))], pattern.names()),
    }
}

/// What a `matchPattern` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Exactly these names.
    Exactly(NameSet),
    /// Some of these names.
    Among(NameSet),
}

/// The meaning of a `matchPattern`; `None` when Cilium refuses it.
pub(super) fn meaning(text: &str) -> Option<Meaning> {
    let text = text.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(text);
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | '*');
    if text.is_empty() || text.len() > NAME_MAX || !text.chars().all(plain) {
        return None;
    }
    if text == "*" {
        return Some(Meaning::Exactly(NameSet::full()));
    }
    let Some(last) = text.rfind('*') else {
        return Some(Meaning::Exactly(NamePattern::Host(text.parse().ok()?).names()));
    };
    // What follows the label of the last asterisk is written out.
    let rest = text.get(last..)?.split_once('.').map(|(_, rest)| rest);
    let Some(rest) = rest else { return Some(Meaning::Among(NameSet::full())) };
    let host: Hostname = rest.parse().ok()?;
    let head = text.strip_suffix(rest)?;
    Some(match head {
        "*." => Meaning::Exactly(NamePattern::OneBelow(host).names()),
        "**." => Meaning::Exactly(NamePattern::Below(host).names()),
        _ if head.matches('.').count() == 1 && !head.starts_with("**") => {
            Meaning::Among(NamePattern::OneBelow(host).names())
        }
        _ => Meaning::Among(NamePattern::Below(host).names()),
    })
}

/// The name of a `matchName`; `None` when Cilium refuses it.
pub(super) fn name(text: &str) -> Option<NameSet> {
    let host = text.strip_suffix('.').unwrap_or(text);
    let fits = text.len() <= NAME_MAX && !host.contains('*');
    fits.then(|| Some(NamePattern::Host(host.parse().ok()?).names())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(host: &str) -> NameSet {
        NamePattern::Below(host.parse().unwrap()).names()
    }

    fn one(host: &str) -> NameSet {
        NamePattern::OneBelow(host.parse().unwrap()).names()
    }

    #[test]
    fn asterisks_mean_what_cilium_says_they_mean() {
        assert_eq!(meaning("*"), Some(Meaning::Exactly(NameSet::full())));
        assert_eq!(meaning("*.example.com"), Some(Meaning::Exactly(one("example.com"))));
        assert_eq!(meaning("*.Example.com."), Some(Meaning::Exactly(one("example.com"))));
        assert_eq!(meaning("**.example.com"), Some(Meaning::Exactly(below("example.com"))));
        assert_eq!(meaning("api.example.com"), name("api.example.com").map(Meaning::Exactly));
        assert_eq!(meaning("a*.example.com"), Some(Meaning::Among(one("example.com"))));
        assert_eq!(meaning("*example.com"), Some(Meaning::Among(one("com"))));
        assert_eq!(meaning("*.*.example.com"), Some(Meaning::Among(below("example.com"))));
        assert_eq!(meaning("**.a*.example.com"), Some(Meaning::Among(below("example.com"))));
        assert_eq!(meaning("api.*"), Some(Meaning::Among(NameSet::full())));
        for refused in ["", "[a]", "a,b", "https://x", "*..x"] {
            assert_eq!(meaning(refused), None, "{refused}");
        }
    }

    #[test]
    fn an_asterisk_is_no_part_of_a_name() {
        assert!(name("*.example.com").is_none() && name("").is_none() && name("a b").is_none());
        assert_eq!(name("API.example.com."), name("api.example.com"));
    }

    #[test]
    fn every_pattern_reads_back_as_what_it_was_written_for() {
        use crate::packet::Set as _;

        let host: Hostname = "example.com".parse().unwrap();
        for pattern in [
            NamePattern::Any,
            NamePattern::Host(host.clone()),
            NamePattern::Tree(host.clone()),
            NamePattern::Below(host.clone()),
            NamePattern::OneBelow(host),
        ] {
            let (words, names) = words(&pattern);
            let read: Vec<NameSet> = words
                .iter()
                .map(|word| match word {
                    Word::Name(text) => name(text).unwrap(),
                    Word::Pattern(text) => match meaning(text) {
                        Some(Meaning::Exactly(names)) => names,
                        other => panic!("{other:?}"),
                    },
                })
                .collect();
            assert_eq!(NameSet::union_all(&read), pattern.names());
            assert_eq!(names, pattern.names());
        }
    }
}
