//! The places in the kernel where packets of a host are filtered.

use crate::policy::Direction;

/// A hook that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hook {
    /// Packets that pass through.
    Forward,
    /// Packets to this host.
    Input,
    /// Packets from this host.
    Output,
}

impl Hook {
    /// Every hook that is read.
    pub(super) const ALL: [Self; 3] = [Self::Forward, Self::Input, Self::Output];

    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    /// The hook of that name, if it is read.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.as_str() == name)
    }

    /// Which way its packets open connections.
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Input => Direction::Ingress,
            Self::Forward | Self::Output => Direction::Egress,
        }
    }
}
