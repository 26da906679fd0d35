//! From names to addresses: DNS, what a public name must not answer, and the lockfile that keeps what was learnt.
//!
//! Answers are only ever learnt here; the rest of the program reads the [`Lockfile`]. No clock runs in this module
//! except to give up waiting: the time of a refresh is an argument.

mod dns;
pub mod feeds;
mod guard;
mod lockfile;
mod outcome;
mod quarantine;
mod refresh;
mod time;

pub use dns::{
    Ask, Disagreement, DnsOptions, FamilyAnswer, Given, Lookup, ResolveError, Resolvers, Server, ServerError,
    Validation, resolve,
};
pub use guard::{Special, special};
pub use lockfile::{Evidence, EvidenceKind, Feed, LockedAddress, LockedHost, Lockfile, Provenance, Stale};
pub use outcome::{Family, Outcome, Verdict};
pub use quarantine::Limits;
pub use refresh::RefreshOptions;
pub use time::{Timestamp, TimestampError};
