//! What a feed says, in one form whatever the vendor: who listens or calls where, on which ports.

use crate::catalog::{PortSpec, TagUse};
use crate::diag::{Finding, Source};
use crate::packet::{AddrSet, NamePattern, Prefix};
use crate::policy::Direction;
use crate::resolve::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A format that a vendor publishes.
#[derive(Debug, Clone, Copy)]
pub struct FeedFormat {
    /// The name on the command line, and of the catalog that comes of it.
    pub name: &'static str,
    /// The feed, for people.
    pub title: &'static str,
    /// Where it is served, where that is one place for everybody.
    pub url: Option<&'static str>,
    /// Why there is no such place, and where to look instead.
    pub elsewhere: &'static str,
    /// The vendor's page that says what the feed means.
    pub page: &'static str,
    /// What its entries can be chosen by.
    pub dimensions: &'static [Dimension],
    /// Reports whether a body is of this format, by its outermost keys.
    pub(super) is_it: fn(&Arc<Source>) -> bool,
    /// Reads a body.
    pub(super) read: fn(&Arc<Source>) -> Reading,
}

/// What came of reading a body. With a finding that is an error, it is not what the feed says.
pub type Reading = (Content, Vec<Finding>);

/// What entries can be chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The vendor's service or product.
    Service,
    /// The vendor's region.
    Region,
    /// The vendor's kind of entry.
    Category,
}

impl Dimension {
    /// The word, as it stands on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Region => "region",
            Self::Category => "category",
        }
    }
}

/// What a feed says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The vendor's own mark of this state.
    pub token: Option<String>,
    /// When the vendor made it, where the feed says so.
    pub made: Option<Timestamp>,
    /// The entries, whatever their order in the feed.
    pub entries: BTreeMap<Key, Listed>,
}

/// What tells entries apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The service or product.
    pub service: String,
    /// The region.
    pub region: Option<String>,
    /// The kind of entry.
    pub category: Option<String>,
    /// The vendor's id or name of the entry.
    pub set: Option<String>,
    /// Which way connections are opened, as seen from the user's network; nothing where the feed does not say.
    pub way: Option<Direction>,
    /// The vendor says that it can be done without.
    pub optional: bool,
    /// The ports; none where the feed names none.
    pub ports: Vec<PortSpec>,
    /// What the vendor adds.
    pub note: Option<String>,
}

/// What an entry lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Blocks of addresses.
    pub blocks: BTreeSet<Prefix>,
    /// Hosts, and trees of hosts.
    pub names: BTreeSet<NamePattern>,
    /// What it lists besides and no catalog can say. It is left out, which is less than the feed says.
    pub unsaid: BTreeSet<String>,
    /// The service tag of Azure that the blocks are all of.
    pub tag: Option<ListedTag>,
}

/// A service tag of Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTag {
    /// The tag.
    pub name: String,
    /// The cloud.
    pub cloud: String,
    /// Every block that the feed lists. What somebody takes out of the entry later makes it less than the tag.
    pub whole: AddrSet,
    /// The kinds of rules that take it; nothing where the feed does not say.
    pub used_in: Option<Vec<TagUse>>,
}

impl Key {
    /// The key of a service, where nothing more is known.
    pub fn service(name: impl Into<String>) -> Self {
        Self { service: name.into(), ..Self::default() }
    }
}

impl Content {
    /// Adds a block to an entry.
    pub(super) fn add(&mut self, key: &Key, block: Prefix) {
        self.listed(key).blocks.insert(block);
    }

    /// The entry of a key, an empty one where there is none yet.
    pub(super) fn listed(&mut self, key: &Key) -> &mut Listed {
        if !self.entries.contains_key(key) {
            self.entries.insert(key.clone(), Listed::default());
        }
        self.entries.entry(key.clone()).or_default()
    }

    /// Every address of every entry.
    pub fn addresses(&self) -> AddrSet {
        AddrSet::of(self.entries.values().flat_map(|listed| listed.blocks.iter().copied()))
    }
}
