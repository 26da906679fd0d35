//! How a lookup ended.

use std::fmt;
use std::net::IpAddr;

/// One of the two kinds of addresses, which are looked up apart: one may fail while the other answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4, by `A` records.
    V4,
    /// IPv6, by `AAAA` records.
    V6,
}

/// How the lookup of one family of a name ended. The classes are never mixed: which one it is decides whether known
/// addresses stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// At least one address.
    Answer,
    /// The name does not exist.
    NxDomain,
    /// The name exists and has no address of this family.
    NoData,
    /// The server could not find out, or answered in a way that makes no sense.
    ServFail,
    /// The server declined to answer.
    Refused,
    /// No answer came.
    Timeout,
    /// The answer was cut off and could not be had whole over TCP.
    Truncated,
    /// The aliases lead in a circle, or on and on.
    CnameLoop,
    /// The name is an alias of a name that does not exist.
    DanglingCname,
    /// The answer cannot be believed: DNSSEC refuses it, or it names no host.
    Bogus,
    /// The answer held only addresses that a public name must not have.
    RefusedAddress,
    /// Too few servers gave the same addresses.
    Disputed,
}

/// What an outcome does to the addresses known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There are addresses: they join the known ones.
    Answered,
    /// It is certain that there are none: the known ones go.
    Gone,
    /// Nothing was learnt: the known ones stay.
    Failed,
}

impl Family {
    /// Both, IPv4 first.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// The type of the DNS record.
    pub fn record(self) -> &'static str {
        match self {
            Self::V4 => "A",
            Self::V6 => "AAAA",
        }
    }

    /// The family of an address.
    pub fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 12] = [
        Self::Answer,
        Self::NxDomain,
        Self::NoData,
        Self::ServFail,
        Self::Refused,
        Self::Timeout,
        Self::Truncated,
        Self::CnameLoop,
        Self::DanglingCname,
        Self::Bogus,
        Self::RefusedAddress,
        Self::Disputed,
    ];

    /// The word that the lockfile and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::NxDomain => "nxdomain",
            Self::NoData => "nodata",
            Self::ServFail => "servfail",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::CnameLoop => "cname-loop",
            Self::DanglingCname => "dangling-cname",
            Self::Bogus => "bogus",
            Self::RefusedAddress => "refused-address",
            Self::Disputed => "disputed",
        }
    }

    /// The outcome of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// What it does to the addresses known before.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Answer => Verdict::Answered,
            Self::NxDomain | Self::NoData | Self::DanglingCname => Verdict::Gone,
            Self::ServFail
            | Self::Refused
            | Self::Timeout
            | Self::Truncated
            | Self::CnameLoop
            | Self::Bogus
            | Self::RefusedAddress
            | Self::Disputed => Verdict::Failed,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
