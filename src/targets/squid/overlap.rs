//! Names of one ACL that cover each other, which Squid may refuse.
//!
//! Squid keeps the names of an ACL in a tree that has no place for a name within another. One that comes after the
//! name that covers it is left out with a warning; in the other order, Squid stops.

use crate::packet::Hostname;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The names seen so far, labels from the top down: the host itself, and everything from it down.
#[derive(Debug, Default)]
pub(super) struct Overlap(BTreeMap<Vec<String>, (bool, bool)>);

impl Overlap {
    /// Takes a name, and says what is wrong with it.
    pub(super) fn add(&mut self, host: &Hostname, tree: bool) -> Option<String> {
        let labels: Vec<String> = host.as_str().rsplit('.').map(str::to_owned).collect();
        let (host_known, tree_known) = self.0.get(&labels).copied().unwrap_or_default();
        if (tree && host_known) || (!tree && tree_known) {
            return Some(format!("`{host}` and `.{host}` stand together"));
        }
        if tree && !tree_known {
            // What lies below a name follows it.
            let after = (Bound::Excluded(&labels), Bound::Unbounded);
            let below =
                self.0.range::<Vec<String>, _>(after).next().filter(|(key, _)| key.starts_with(&labels));
            if let Some((key, _)) = below {
                let below: Vec<&str> = key.iter().rev().map(String::as_str).collect();
                return Some(format!("`{}` comes before `.{host}`, which covers it", below.join(".")));
            }
        }
        let entry = self.0.entry(labels).or_default();
        *entry = (entry.0 || !tree, entry.1 || tree);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(names: &str) -> bool {
        let mut overlap = Overlap::default();
        names.split(' ').any(|name| {
            let host = name.trim_start_matches('.').parse().unwrap();
            overlap.add(&host, name.starts_with('.')).is_some()
        })
    }

    #[test]
    fn covered_names_are_refused_in_the_orders_that_squid_refuses() {
        for names in [
            ".x.com x.com",
            "x.com .x.com",
            "a.x.com .x.com",
            ".a.x.com .x.com",
            "a.b.x.com .x.com",
            ".b.com a.c.com b.com",
        ] {
            assert!(refused(names), "{names}");
        }
        for names in [
            ".x.com a.x.com",
            ".x.com .a.x.com",
            ".x.com .x.com",
            "x.com x.com",
            "x.com a.x.com",
            "a.x.com x.com",
            "ax.com .x.com",
        ] {
            assert!(!refused(names), "{names}");
        }
    }
}
