//! Protocols, ports and types of ICMP as Calico writes them: one protocol for each rule.

use crate::packet::{IcmpMatch, PortRange, Protocol, Set, TransportRow, TransportSet};

/// The greatest type of ICMP that a rule can name.
pub(super) const ICMP_TYPE_MAX: usize = 254;

/// The protocols that have names, of which the first three have ports.
pub(super) const PROTOCOLS: [(&str, Protocol); 6] = [
    ("TCP", Protocol::TCP),
    ("UDP", Protocol::UDP),
    ("SCTP", Protocol::SCTP),
    ("ICMP", Protocol::ICMP),
    ("ICMPv6", Protocol::ICMPV6),
    ("UDPLite", Protocol(136)),
];

/// The most protocols that one piece of services may have by their numbers.
const MANY: usize = 16;

/// What one rule says of services.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Services {
    /// Nothing: every protocol.
    All,
    /// A whole protocol.
    Protocol(Protocol),
    /// Ports of a protocol.
    Ports(Protocol, Vec<PortRange>),
    /// A type of ICMP, and perhaps a code.
    Icmp(Protocol, IcmpMatch),
}

impl Services {
    /// Reports whether everything in the other ones is in these too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let holds =
            |own: &PortRange, other: &PortRange| own.first() <= other.first() && other.last() <= own.last();
        match (self, other) {
            (Self::All, _) => true,
            (Self::Protocol(own), Self::Protocol(of) | Self::Ports(of, _) | Self::Icmp(of, _)) => own == of,
            (Self::Ports(own, ranges), Self::Ports(of, others)) => {
                own == of && others.iter().all(|other| ranges.iter().any(|range| holds(range, other)))
            }
            (Self::Icmp(own, kind), Self::Icmp(of, other)) => {
                own == of && kind.kind == other.kind && kind.code.is_none_or(|code| other.code == Some(code))
            }
            (Self::Protocol(_) | Self::Ports(..) | Self::Icmp(..), _) => false,
        }
    }
}

/// Says services as far as they can be said: what is written, what that means, and what has no words.
pub(super) fn say(asked: &TransportSet, why: &mut Vec<String>) -> Vec<(Services, TransportSet)> {
    if asked.is_full() {
        return vec![(Services::All, asked.clone())];
    }
    let mut pieces = Vec::new();
    for row in asked.rows() {
        match row {
            TransportRow::Protocols(first, last) => {
                let run = first.0.max(1)..=last.0;
                let named = |number: &u8| PROTOCOLS.iter().any(|(_, known)| known.0 == *number);
                let few = run.clone().count() <= MANY;
                let said = run.filter(|number| few || named(number)).map(Protocol);
                pieces.extend(said.map(|one| (Services::Protocol(one), TransportSet::protocol(one))));
            }
            TransportRow::Ports(protocol, ranges)
                if PROTOCOLS.iter().take(3).any(|(_, known)| *known == protocol) =>
            {
                let meant: Vec<TransportSet> =
                    ranges.iter().map(|range| TransportSet::port(protocol, *range)).collect();
                pieces.push((Services::Ports(protocol, ranges), TransportSet::union_all(&meant)));
            }
            TransportRow::Icmp(protocol, matches) => {
                let fits = |one: &IcmpMatch| usize::from(one.kind) <= ICMP_TYPE_MAX;
                let said = matches.into_iter().filter(fits);
                pieces.extend(
                    said.map(|one| (Services::Icmp(protocol, one), TransportSet::icmp(protocol, one))),
                );
            }
            TransportRow::Ports(..) | TransportRow::Any => {}
        }
    }
    let said: Vec<TransportSet> = pieces.iter().map(|(_, meant)| meant.clone()).collect();
    why.extend(asked.subtract(&TransportSet::union_all(&said)).rows().iter().map(describe));
    pieces
}

/// Services in words, for a finding.
fn describe(row: &TransportRow) -> String {
    match row {
        TransportRow::Any => "every protocol".to_owned(),
        TransportRow::Protocols(first, last) if first == last => format!("the protocol {first}"),
        TransportRow::Protocols(first, last) => format!("the protocols {} to {}", first.0, last.0),
        TransportRow::Ports(protocol, ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("the {protocol} port {}", ranges.join(","))
        }
        TransportRow::Icmp(protocol, _) => format!("types of {protocol}"),
    }
}
