//! The arguments of `egressor catalog import`.

use super::duration::duration;
use crate::resolve::feeds::FEEDS;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[arg(value_name = "FEED", help = feeds())]
    pub(super) feed: String,
    /// Where to read it: a file, a URL, or `-`; where the vendor serves it when not given
    #[arg(long, value_name = "FILE|URL")]
    pub(super) from: Option<String>,
    #[command(flatten)]
    pub(super) choosing: ChoosingArgs,
    /// The ports of entries for which the feed names none, such as `443/tcp`; there is no default
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub(super) port: Vec<String>,
    /// The id of the catalog, and the name of the feed in the lockfile; that of the feed when not given
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,
    /// The day of a feed that does not say it, as `2026-11-22`
    #[arg(long, value_name = "DATE")]
    pub(super) verified: Option<String>,
    /// Where the catalog is written; standard output when not given
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// A lockfile that notes the feed: its token, day, and digest
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
    /// Note the addresses in the lockfile as those that the vendor publishes for this host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) publish: Vec<String>,
    #[command(flatten)]
    pub(super) taking: TakingArgs,
    #[command(flatten)]
    pub(super) fetching: FetchingArgs,
}

/// Which entries.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which entries")]
pub(super) struct ChoosingArgs {
    /// Only this service, or this set by the vendor's name or id of it
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) service: Vec<String>,
    /// Only this region of the vendor
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) region: Vec<String>,
    /// Only this kind of entry
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) category: Vec<String>,
    /// Only entries whose connections go this way; of entries for which the feed does not say it, this says it
    #[arg(long, value_enum)]
    pub(super) direction: Option<Way>,
    /// Leave out the addresses of another feed: a file, a URL, or the name of a feed
    #[arg(long, value_name = "FILE|URL|FEED")]
    pub(super) except: Option<String>,
}

/// Which way connections are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Way {
    /// From here to the vendor
    Egress,
    /// From the vendor to here
    Ingress,
}

/// What is taken in.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is taken in")]
pub(super) struct TakingArgs {
    /// Hold the feed back when more than this share of what it lists goes or comes at once; when not given, more than
    /// half, or three times as much
    #[arg(long, value_name = "PERCENT")]
    pub(super) max_change: Option<u32>,
    /// Take in what is held back otherwise: large changes, older states, members that are not known, addresses that are
    /// not public
    #[arg(long)]
    pub(super) accept: bool,
}

/// How it is fetched.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is fetched")]
pub(super) struct FetchingArgs {
    /// The greatest feed that is read, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub(super) max_size: u64,
    /// How long fetching may take
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(super) timeout: Duration,
    /// Allow plain `http`, which whoever carries it can change
    #[arg(long)]
    pub(super) allow_http: bool,
}

/// What is said of the feed: which there are.
fn feeds() -> String {
    let names: Vec<&str> = FEEDS.iter().map(|feed| feed.name).collect();
    format!("The feed, one of: {}", names.join(", "))
}
