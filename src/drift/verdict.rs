//! The first word of a comparison.

use super::Difference;
use crate::packet::Set as _;
use std::fmt;

/// What a change does, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The same traffic.
    Equal,
    /// More traffic, and none less.
    Broadened,
    /// Less traffic, and none more.
    Narrowed,
    /// Some traffic more and some less.
    Changed,
    /// Unmodelled matches decide which of these it is.
    Unknown,
}

impl Verdict {
    /// The word that JSON and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Broadened => "broadened",
            Self::Narrowed => "narrowed",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }

    /// The verdict over some differences together.
    pub fn over<'a>(differences: impl IntoIterator<Item = &'a Difference>) -> Self {
        let all: Vec<&Difference> = differences.into_iter().collect();
        let any = |says: fn(&Difference) -> bool| all.iter().any(|difference| says(difference));
        let (added, removed) = (any(|it| !it.added.is_empty()), any(|it| !it.removed.is_empty()));
        let (may_open, may_close) = (any(|it| !it.may_open.is_empty()), any(|it| !it.may_close.is_empty()));
        match (added, removed) {
            (true, true) => Self::Changed,
            (true, false) if !may_close => Self::Broadened,
            (false, true) if !may_open => Self::Narrowed,
            (false, false) if !may_open && !may_close => Self::Equal,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
