//! Ports as a NetworkPolicy writes them.

use crate::packet::{PortRange, Protocol, TransportSet};

/// The protocols that a NetworkPolicy can name, with their names.
pub(super) const PROTOCOLS: [(&str, Protocol); 3] =
    [("TCP", Protocol::TCP), ("UDP", Protocol::UDP), ("SCTP", Protocol::SCTP)];

/// The protocol of that name.
pub(super) fn protocol(name: &str) -> Option<Protocol> {
    PROTOCOLS.into_iter().find(|(known, _)| *known == name).map(|(_, protocol)| protocol)
}

/// What a port of a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortMatch {
    /// These services.
    Services(TransportSet),
    /// The port that the container gives this name, whichever number that is.
    Named(Protocol, String),
}

impl PortMatch {
    /// Every port of a protocol.
    pub(super) fn every(protocol: Protocol) -> Self {
        Self::Services(TransportSet::protocol(protocol))
    }

    /// The ports of a protocol from `first` to `last`; `None` when that runs backwards.
    pub(super) fn range(protocol: Protocol, first: u16, last: u16) -> Option<Self> {
        PortRange::new(first, last).ok().map(|range| Self::Services(TransportSet::port(protocol, range)))
    }
}
