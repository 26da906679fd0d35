//! Vendors' feeds: what a vendor publishes of its addresses and names, as a catalog.
//!
//! Each format is a file here and a line in [`FEEDS`]. Reading is values in, values out: a body becomes a [`Content`],
//! and a content the text of a catalog that means exactly that.

mod atlassian;
mod aws;
mod azure;
mod body;
mod catalog;
mod change;
mod choose;
mod cloudflare;
mod content;
mod datadog;
mod fetch;
mod github;
mod google;
mod grafana;
mod judge;
mod lists;
mod microsoft365;
mod microsoft365_changes;
mod mongodb;
mod oracle;
mod slug;
mod snowflake;

pub use catalog::{Writing, blocks, write};
pub use change::{FeedLimits, change};
pub use choose::Choice;
pub use content::{Content, Dimension, FeedFormat, Key, Listed, ListedTag, Reading};
pub use fetch::{Fetch, FetchError, Fetched, fetch};
pub use judge::{judge, judged};

use crate::diag::Source;
use std::sync::Arc;

/// Every format, in the order of the list that people see.
pub const FEEDS: &[FeedFormat] = &[
    aws::FEED,
    azure::FEED,
    google::GOOGLE,
    google::CLOUD,
    oracle::FEED,
    github::FEED,
    atlassian::FEED,
    cloudflare::FEED,
    lists::FASTLY,
    datadog::FEED,
    grafana::FEED,
    lists::TERRAFORM,
    microsoft365::FEED,
    mongodb::FEED,
    lists::OKTA,
    snowflake::FEED,
    lists::ZSCALER,
];

impl FeedFormat {
    /// Reads a body. Whether it is fit to be used is for [`judge`] to say.
    pub fn read(&self, source: &Arc<Source>) -> Reading {
        (self.read)(source)
    }
}

/// The state of a feed after the changes of another body, where that is a list of changes to such a feed.
pub fn after(old: &Arc<Source>, new: &Arc<Source>) -> Option<(&'static FeedFormat, Reading)> {
    let format = &microsoft365::FEED;
    let is_pair = (format.is_it)(old) && microsoft365_changes::is_it(new);
    is_pair.then(|| (format, microsoft365_changes::after(old, new)))
}

/// The format of a body, by its content.
pub fn recognise(source: &Arc<Source>) -> Option<&'static FeedFormat> {
    FEEDS.iter().find(|feed| (feed.is_it)(source))
}
