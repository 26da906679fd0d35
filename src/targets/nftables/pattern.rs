//! The packets that a rule chooses, wherever the rule is reached from: a product of sets.

use super::hook::Hook;
use crate::packet::{AddrSet, Set, TransportSet};
use crate::policy::Unmodelled;
use crate::targets::packet_filters::region::{Family, Links, Region, States};

/// A product of sets; `None` is all of a dimension.
// INVARIANT: no dimension is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// Whether packets of IPv4 are among them.
    pub(super) v4: bool,
    /// Whether packets of IPv6 are among them.
    pub(super) v6: bool,
    /// `saddr`.
    pub(super) source: Option<AddrSet>,
    /// `daddr`.
    pub(super) destination: Option<AddrSet>,
    /// Protocol, ports, ICMP types.
    pub(super) transport: Option<TransportSet>,
    /// States of the connection.
    pub(super) states: States,
    /// What is asked of interfaces.
    pub(super) interfaces: Vec<Interface>,
    /// Conditions that hold besides, in order and each once.
    pub(super) unmodelled: Vec<Unmodelled>,
}

/// An interface that a packet must or must not pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interface {
    /// Whether it is the one that the packet came in by.
    pub(super) is_input: bool,
    /// Whether it must be none of them.
    pub(super) negated: bool,
    /// Their names, in order; one that ends in `*` stands for all that begin so.
    pub(super) names: Vec<String>,
    /// The condition as written.
    pub(super) text: String,
}

/// Why an interface is left out.
pub(super) const INTERFACE: &str = "which addresses an interface has is not in the file";

impl Pattern {
    /// Every packet.
    pub(super) const ALL: Self = Self {
        v4: true,
        v6: true,
        source: None,
        destination: None,
        transport: None,
        states: States::ALL,
        interfaces: Vec::new(),
        unmodelled: Vec::new(),
    };

    /// The packets of some services.
    pub(super) fn of(transport: TransportSet) -> Self {
        Self { transport: Some(transport), ..Self::ALL }
    }

    /// All packets of one family.
    pub(super) fn family(family: Family) -> Self {
        Self { v4: family == Family::V4, v6: family == Family::V6, ..Self::ALL }
    }

    /// Any packets, if some condition holds.
    pub(super) fn when(text: String, why: &str) -> Self {
        Self { unmodelled: vec![Unmodelled { text, why: why.to_owned() }], ..Self::ALL }
    }

    /// The packets of both, or nothing when there are none.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        if *self == Self::ALL {
            return Some(other.clone());
        }
        let (v4, v6, states) = (self.v4 && other.v4, self.v6 && other.v6, self.states.and(other.states));
        if !(v4 || v6) || states.is_empty() {
            return None;
        }
        Some(Self {
            v4,
            v6,
            source: meet(self.source.as_ref(), other.source.as_ref())?,
            destination: meet(self.destination.as_ref(), other.destination.as_ref())?,
            transport: meet(self.transport.as_ref(), other.transport.as_ref())?,
            states,
            interfaces: both(&self.interfaces, &other.interfaces),
            unmodelled: both(&self.unmodelled, &other.unmodelled),
        })
    }

    /// The packets of one family as a hook sees them; several products where only some interfaces are modelled.
    pub(super) fn regions(&self, hook: Hook, family: Family) -> Vec<Region> {
        let speaks = match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        };
        if !speaks {
            return Vec::new();
        }
        let (source, peer) = match hook {
            Hook::Input => (&self.destination, &self.source),
            Hook::Forward | Hook::Output => (&self.source, &self.destination),
        };
        let base = Region {
            source: source.clone(),
            peer: peer.clone(),
            transport: self.transport.clone(),
            states: self.states,
            links: Links::ALL,
            unmodelled: self.unmodelled.clone(),
        };
        self.interfaces.iter().fold(vec![base], |regions, interface| {
            let ways = interface.ways(hook);
            regions.iter().flat_map(|region| ways.iter().filter_map(|way| region.meet(way))).collect()
        })
    }
}

impl Interface {
    /// The packets that pass such an interface, as a hook sees them: those on the loopback, and the others.
    fn ways(&self, hook: Hook) -> Vec<Region> {
        let is_there = match hook {
            Hook::Forward => true,
            Hook::Input => self.is_input,
            Hook::Output => !self.is_input,
        };
        let when = |links: Links| Region {
            links,
            unmodelled: vec![Unmodelled { text: self.text.clone(), why: INTERFACE.to_owned() }],
            ..Region::ALL
        };
        let surely = |links: Links| Region { links, ..Region::ALL };
        if !is_there {
            // The packet has none yet: no name is its own, and what kernels make of `!=` then differs.
            return if self.negated { vec![when(Links::ALL)] } else { Vec::new() };
        }
        let is_loopback =
            |name: &String| name == "lo" || name.strip_suffix('*').is_some_and(|stem| "lo".starts_with(stem));
        let loopback = self.names.iter().any(is_loopback);
        let others = self.names.iter().any(|name| name != "lo");
        let mut ways = Vec::new();
        if loopback != self.negated {
            ways.push(surely(Links::LOOPBACK));
        }
        if others {
            ways.push(when(Links::NETWORK));
        } else if self.negated {
            ways.push(surely(Links::NETWORK));
        }
        ways
    }
}

/// What is in both; the outer `None` when nothing is.
#[expect(
    clippy::option_option,
    reason = "the outer says whether anything is left, the inner that all of it is"
)]
fn meet<S: Set>(a: Option<&S>, b: Option<&S>) -> Option<Option<S>> {
    match (a, b) {
        (None, None) => Some(None),
        (Some(set), None) | (None, Some(set)) => Some(Some(set.clone())),
        (Some(a), Some(b)) => {
            let shared = a.intersect(b);
            (!shared.is_empty()).then_some(Some(shared))
        }
    }
}

fn both<T: Clone + Ord>(a: &[T], b: &[T]) -> Vec<T> {
    if b.is_empty() {
        return a.to_vec();
    }
    let mut all: Vec<T> = a.iter().chain(b).cloned().collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(is_input: bool, negated: bool, names: &[&str]) -> Interface {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Interface { is_input, negated, names, text: "text".to_owned() }
    }

    #[test]
    fn the_loopback_is_told_from_other_interfaces() {
        let ways = |interface: &Interface, hook| {
            let ways = interface.ways(hook);
            ways.into_iter().map(|way| (way.links, way.unmodelled.is_empty())).collect::<Vec<_>>()
        };
        let (lo, net) = (Links::LOOPBACK, Links::NETWORK);
        assert_eq!(ways(&interface(false, false, &["lo"]), Hook::Output), [(lo, true)]);
        assert_eq!(ways(&interface(false, true, &["lo"]), Hook::Output), [(net, true)]);
        assert_eq!(ways(&interface(false, false, &["eth0", "lo"]), Hook::Output), [(lo, true), (net, false)]);
        assert_eq!(ways(&interface(false, true, &["eth0"]), Hook::Output), [(lo, true), (net, false)]);
        assert_eq!(ways(&interface(true, false, &["lo"]), Hook::Output), []);
        assert_eq!(ways(&interface(true, true, &["lo"]), Hook::Output), [(Links::ALL, false)]);
        assert_eq!(ways(&interface(false, false, &["l*"]), Hook::Output), [(lo, true), (net, false)]);
    }
}
