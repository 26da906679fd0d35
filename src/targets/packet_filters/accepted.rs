//! What one line of a packet filter accepts, before it is spelt.

use crate::packet::{IcmpMatch, PortRange, Prefix, Protocol};
use crate::policy::{Origin, RuleSet};
use crate::targets::asked::absorb::Allowing;
use crate::targets::told::reason::{Room, reason};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The services that one rule can choose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) enum Service {
    /// All of them: no `-p`.
    Any,
    /// One protocol, whatever it carries.
    Protocol(Protocol),
    /// Ports of a protocol.
    Ports(Protocol, Vec<PortRange>),
    /// One ICMP type, or one code of it.
    Icmp(Protocol, IcmpMatch),
}

/// What one line chooses: far end, near end, service; `None` is every address. In this order the lines stand in the
/// file.
pub(in crate::targets) type Key = (Option<Prefix>, Option<Prefix>, Service);

/// A line that accepts, with everything that asks for it.
#[derive(Debug)]
pub(in crate::targets) struct Accepted {
    /// What it chooses.
    pub(in crate::targets) key: Key,
    /// Why: the rules of the set, by their numbers.
    pub(in crate::targets) rules: Vec<usize>,
}

/// Why lines are there, in words. Thousands of lines are there for the same reasons, which are put into words once.
#[derive(Debug)]
pub(in crate::targets) struct Comments<'a> {
    set: &'a RuleSet,
    room: Room,
    known: BTreeMap<Vec<usize>, Arc<str>>,
}

impl<'a> Comments<'a> {
    /// The comments of lines that rules of this set ask for.
    pub(in crate::targets) fn new(set: &'a RuleSet, room: Room) -> Self {
        Self { set, room, known: BTreeMap::new() }
    }

    /// The comment of a line that these rules ask for, by their numbers.
    pub(in crate::targets) fn of(&mut self, rules: &[usize]) -> Arc<str> {
        if let Some(known) = self.known.get(rules) {
            return Arc::clone(known);
        }
        let origin =
            |number: &usize| -> Option<&Origin> { self.set.rules.get(*number).map(|rule| &rule.origin) };
        let comment: Arc<str> = reason(rules.iter().filter_map(origin), self.room).0.into();
        self.known.insert(rules.to_vec(), Arc::clone(&comment));
        comment
    }
}

impl Allowing for Accepted {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        self.key.0.map(|peer| vec![peer])
    }

    fn covers(&self, other: &Self) -> bool {
        let ((peer, source, service), (other_peer, other_source, other_service)) = (&self.key, &other.key);
        let service = service == other_service || service.holds(other_service);
        service && holds(*peer, *other_peer) && holds(*source, *other_source)
    }

    fn take(&mut self, other: Self) {
        self.rules.extend(other.rules);
    }
}

fn holds(own: Option<Prefix>, other: Option<Prefix>) -> bool {
    match (own, other) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(other)) => own.contains(other),
    }
}

impl Service {
    /// Reports whether it is another service and every packet of that one is also its own.
    pub(in crate::targets) fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, other) => *other != Self::Any,
            (Self::Protocol(own), Self::Ports(protocol, _) | Self::Icmp(protocol, _)) => own == protocol,
            (Self::Ports(own, wide), Self::Ports(protocol, ranges)) => {
                let held = |range: &PortRange| {
                    wide.iter().any(|wide| wide.first() <= range.first() && range.last() <= wide.last())
                };
                own == protocol && wide != ranges && ranges.iter().all(held)
            }
            (Self::Icmp(own, wide), Self::Icmp(protocol, icmp)) => {
                own == protocol && wide.kind == icmp.kind && wide.code.is_none() && icmp.code.is_some()
            }
            (Self::Protocol(_), Self::Any | Self::Protocol(_))
            | (Self::Ports(..), Self::Any | Self::Protocol(_) | Self::Icmp(..))
            | (Self::Icmp(..), Self::Any | Self::Protocol(_) | Self::Ports(..)) => false,
        }
    }
}
