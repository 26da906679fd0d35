//! Which entries of a feed are wanted. A word that chooses nothing is an error, never everything.

use super::content::{Content, Dimension, FeedFormat, Key};
use crate::diag::{Code, Finding, suggest};
use crate::policy::Direction;
use std::collections::BTreeSet;

/// What the user asked for; everything of a dimension for which nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Services, or sets by the vendor's name or id of them.
    pub services: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// Kinds of entries.
    pub categories: Vec<String>,
    /// Which way. Of an entry whose feed does not say, this says it.
    pub direction: Option<Direction>,
}

impl Choice {
    /// The entries that are wanted.
    pub fn of(&self, feed: &FeedFormat, content: Content) -> Result<Content, Vec<Finding>> {
        let mut findings = Vec::new();
        for (dimension, words) in self.words() {
            findings.extend(unknown(feed, &content, dimension, words));
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let wanted = |key: &Key| {
            self.words().into_iter().all(|(dimension, words)| {
                let of_key = values(key, dimension);
                words.is_empty() || words.iter().any(|word| of_key.iter().any(|value| same(value, word)))
            }) && self.goes(key)
        };
        let entries = content.entries.into_iter().filter(|(key, _)| wanted(key)).collect();
        let content = Content { entries, ..content };
        if content.entries.is_empty() {
            let message = format!("no entry of `{}` is all of what was asked for", feed.name);
            return Err(vec![Finding::new(Code::SelectionEmpty, message)]);
        }
        Ok(content)
    }

    fn words(&self) -> [(Dimension, &Vec<String>); 3] {
        [
            (Dimension::Service, &self.services),
            (Dimension::Region, &self.regions),
            (Dimension::Category, &self.categories),
        ]
    }

    fn goes(&self, key: &Key) -> bool {
        self.direction.is_none() || key.way.is_none() || key.way == self.direction
    }
}

/// Words that no entry has.
fn unknown(feed: &FeedFormat, content: &Content, dimension: Dimension, words: &[String]) -> Vec<Finding> {
    let name = dimension.as_str();
    if !words.is_empty() && !feed.dimensions.contains(&dimension) {
        let has: Vec<String> = feed.dimensions.iter().map(|has| format!("`--{}`", has.as_str())).collect();
        let help = match has.as_slice() {
            [] => "it has nothing to choose by; leave the flag away".to_owned(),
            has => format!("its entries are chosen by {}", has.join(", ")),
        };
        let message = format!("the feed `{}` knows no {name}", feed.name);
        return vec![Finding::new(Code::SelectionUnknown, message).help(help)];
    }
    let known: BTreeSet<&str> = content.entries.keys().flat_map(|key| values(key, dimension)).collect();
    let stray = words.iter().filter(|word| !known.iter().any(|value| same(value, word)));
    stray
        .map(|word| {
            let help = match suggest(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", some(&known)),
            };
            let message = format!("the feed `{}` has no {name} `{word}`", feed.name);
            Finding::new(Code::SelectionUnknown, message).help(help)
        })
        .collect()
}

/// What an entry is called in a dimension.
fn values(key: &Key, dimension: Dimension) -> Vec<&str> {
    match dimension {
        Dimension::Service => std::iter::once(key.service.as_str()).chain(key.set.as_deref()).collect(),
        Dimension::Region => key.region.as_deref().into_iter().collect(),
        Dimension::Category => key.category.as_deref().into_iter().collect(),
    }
}

fn same(value: &str, word: &str) -> bool {
    value.eq_ignore_ascii_case(word)
}

/// The first of many words.
fn some(known: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = known.iter().take(30).copied().collect();
    let more = known.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
