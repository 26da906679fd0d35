//! The arguments of `egressor lock`.

use super::args::SelectArgs;
use super::duration::duration;
use clap::{Args, ValueEnum};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct LockArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// The lockfile; the project's, else `egressor.lock`, when not given
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
    /// Refresh only this host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Fail when the lockfile would change in more than times, and leave it as it is
    #[arg(long)]
    pub(super) locked: bool,
    /// Write nothing; tell what traffic the answers of now would open and close, and exit 1 when there is any
    #[arg(long, conflicts_with = "locked")]
    pub(super) check: bool,
    /// Forget names that are not selected; what a vendor publishes for them stays
    #[arg(long)]
    pub(super) prune: bool,
    #[command(flatten)]
    pub(super) taking: TakingArgs,
    #[command(flatten)]
    pub(super) asking: AskingArgs,
}

/// Which answers are taken in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which answers are taken in")]
pub(super) struct TakingArgs {
    /// How long an address stays that answers no longer show, and while lookups fail
    #[arg(long, value_name = "DURATION", default_value = "14d", value_parser = duration)]
    pub(super) keep: Duration,
    /// Hold a change of a host back when more than this share of its addresses goes or comes at once; when not given,
    /// more than half, or three times as many, and never for four addresses or fewer
    #[arg(long, value_name = "PERCENT")]
    pub(super) max_change: Option<usize>,
    /// Take a change in for this host although it is larger than changes usually are
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) accept: Vec<String>,
    /// Take all changes in
    #[arg(long)]
    pub(super) accept_all: bool,
    /// How many resolvers must give an address
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) quorum: NonZeroUsize,
    /// Accept addresses of the internal network for this host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) allow_private: Vec<String>,
}

/// How names are looked up.
#[derive(Debug, Args)]
#[command(next_help_heading = "How names are looked up")]
pub(super) struct AskingArgs {
    /// A resolver to ask: `ADDR[:PORT]`, `tls://ADDR[:PORT][#NAME]`, `https://ADDR[:PORT][/PATH][#NAME]`; of several,
    /// all are heard; the system's, one after the other, when not given
    #[arg(long, value_name = "RESOLVER", value_delimiter = ',')]
    pub(super) resolver: Vec<String>,
    /// Ask the resolvers one after the other until one knows
    #[arg(long)]
    pub(super) failover: bool,
    /// How often to look everything up, for names whose answers rotate
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) rounds: NonZeroU32,
    /// How long to wait between rounds
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(super) pause: Duration,
    /// How long to wait for one answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(super) timeout: Duration,
    /// How often to ask again over UDP, before TCP is tried
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(super) retries: u32,
    /// How many lookups may be under way at each resolver
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) concurrency: u32,
    /// How long all lookups together may take; what has no answer by then has timed out
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub(super) deadline: Duration,
    /// The greatest answer that may come over UDP, in bytes; longer ones come over TCP
    #[arg(long, value_name = "BYTES", default_value_t = 1232, value_parser = clap::value_parser!(u16).range(512..=4096))]
    pub(super) edns_size: u16,
    /// What signatures answers need
    #[arg(long, value_enum, default_value_t = Dnssec::Off)]
    pub(super) dnssec: Dnssec,
    /// The keys that signatures start from, as lines `NAME TTL IN DNSKEY …`; those of the root when not given
    #[arg(long, value_name = "FILE")]
    pub(super) trust_anchor: Option<PathBuf>,
    /// The only certificates that `tls://` and `https://` resolvers may show, as PEM; the public ones when not given
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

/// What signatures answers need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Dnssec {
    /// None: the resolver is trusted
    Off,
    /// Those that the zone promises
    Prefer,
    /// Always: an unsigned zone is refused
    Require,
}
