//! The packets that a rule chooses, as one product: ends, service, state of the connection, and interface.

use crate::packet::{AddrSet, Constraint, PeerSet, Set, TransportSet};
use crate::policy::{Match, Traffic, Unmodelled};

/// Which IP a table is for; `iptables` and `ip6tables` have tables of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) enum Family {
    /// IPv4, `iptables`.
    V4,
    /// IPv6, `ip6tables`.
    V6,
}

impl Family {
    /// Every address of the family.
    pub(in crate::targets) fn all(self) -> AddrSet {
        match self {
            Self::V4 => AddrSet::all_v4(),
            Self::V6 => AddrSet::all_v6(),
        }
    }

    /// The addresses of a set that are of the family.
    pub(in crate::targets) fn part(self, set: &AddrSet) -> AddrSet {
        match self {
            Self::V4 => AddrSet { v4: set.v4.clone(), ..AddrSet::default() },
            Self::V6 => AddrSet { v6: set.v6.clone(), ..AddrSet::default() },
        }
    }

    /// The name that people know it by.
    pub(in crate::targets) fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }
}

/// States of connections, as bits.
///
/// Connection tracking calls every first packet NEW, also a TCP segment in the middle of a connection that it has
/// not seen; only the ones that open a connection are what a policy speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) struct States(u8);

impl States {
    /// NEW, and able to open a connection.
    pub(in crate::targets) const OPENING: Self = Self(1);
    /// NEW, but a TCP segment without a lone SYN.
    pub(in crate::targets) const MIDSTREAM: Self = Self(2);
    /// ESTABLISHED or RELATED.
    pub(in crate::targets) const RETURN: Self = Self(4);
    /// INVALID.
    pub(in crate::targets) const INVALID: Self = Self(8);
    /// Every state.
    pub(in crate::targets) const ALL: Self = Self(15);
    /// No state.
    pub(in crate::targets) const NONE: Self = Self(0);

    /// The states of either.
    pub(in crate::targets) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The states of both.
    pub(in crate::targets) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// All other states.
    pub(in crate::targets) fn complement(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }

    /// Reports whether there is none.
    pub(in crate::targets) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Interfaces, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) struct Links(u8);

impl Links {
    /// `lo`.
    pub(in crate::targets) const LOOPBACK: Self = Self(1);
    /// Any other interface.
    pub(in crate::targets) const NETWORK: Self = Self(2);
    /// Every interface.
    pub(in crate::targets) const ALL: Self = Self(3);

    /// The interfaces of both.
    pub(in crate::targets) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// All other interfaces.
    pub(in crate::targets) fn complement(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }

    /// Reports whether there is none.
    pub(in crate::targets) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A product of sets; `None` is all of a dimension.
// INVARIANT: no dimension is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) struct Region {
    /// The near end.
    pub(in crate::targets) source: Option<AddrSet>,
    /// The far end.
    pub(in crate::targets) peer: Option<AddrSet>,
    /// Protocol, ports, ICMP types.
    pub(in crate::targets) transport: Option<TransportSet>,
    /// States of the connection.
    pub(in crate::targets) states: States,
    /// Interfaces.
    pub(in crate::targets) links: Links,
    /// Conditions that hold besides, in order and each once.
    pub(in crate::targets) unmodelled: Vec<Unmodelled>,
}

impl Region {
    /// Every packet.
    pub(in crate::targets) const ALL: Self = Self {
        source: None,
        peer: None,
        transport: None,
        states: States::ALL,
        links: Links::ALL,
        unmodelled: Vec::new(),
    };

    /// The packets of both, or nothing when there are none.
    pub(in crate::targets) fn meet(&self, other: &Self) -> Option<Self> {
        if *self == Self::ALL {
            return Some(other.clone());
        }
        let states = self.states.and(other.states);
        let links = self.links.and(other.links);
        if states.is_empty() || links.is_empty() {
            return None;
        }
        Some(Self {
            source: meet(self.source.as_ref(), other.source.as_ref())?,
            peer: meet(self.peer.as_ref(), other.peer.as_ref())?,
            transport: meet(self.transport.as_ref(), other.transport.as_ref())?,
            states,
            links,
            unmodelled: both(&self.unmodelled, &other.unmodelled),
        })
    }

    /// How much work it is to meet another region, in cuts of sets.
    pub(in crate::targets) fn work(&self, other: &Self) -> usize {
        let addrs = |set: &AddrSet| set.v4.cuts().len().saturating_add(set.v6.cuts().len());
        let pair = |a: Option<&AddrSet>, b: Option<&AddrSet>| match (a, b) {
            (Some(a), Some(b)) => addrs(a).saturating_add(addrs(b)),
            _ => 0,
        };
        let services = match (&self.transport, &other.transport) {
            (Some(a), Some(b)) => a.cuts().len().saturating_add(b.cuts().len()),
            _ => 0,
        };
        // A condition is a text, which is copied.
        let conditions = self.unmodelled.len().saturating_mul(32);
        let ends = pair(self.source.as_ref(), other.source.as_ref())
            .saturating_add(pair(self.peer.as_ref(), other.peer.as_ref()));
        ends.saturating_add(services).saturating_add(conditions).saturating_add(16)
    }

    /// The packets that a rule with these conditions leaves to the rules behind it, as disjoint products.
    ///
    /// Where the other has unmodelled conditions, the packets of both stay, under the condition that those do not hold.
    pub(in crate::targets) fn without(&self, other: &Self, family: Family) -> Vec<Self> {
        let Some(shared) = self.meet(other) else { return vec![self.clone()] };
        let mut left = Vec::new();
        // Each dimension in turn: what is outside of the other in it, and inside in all dimensions before.
        let mut rest = self.clone();
        let mut leave = |piece: Option<Self>| left.extend(piece);
        leave(
            outside(rest.source.as_ref(), other.source.as_ref(), &family.all())
                .map(|source| Self { source: Some(source), ..rest.clone() }),
        );
        rest.source.clone_from(&shared.source);
        leave(
            outside(rest.peer.as_ref(), other.peer.as_ref(), &family.all())
                .map(|peer| Self { peer: Some(peer), ..rest.clone() }),
        );
        rest.peer.clone_from(&shared.peer);
        leave(
            outside(rest.transport.as_ref(), other.transport.as_ref(), &TransportSet::full())
                .map(|transport| Self { transport: Some(transport), ..rest.clone() }),
        );
        rest.transport.clone_from(&shared.transport);
        let states = rest.states.and(other.states.complement());
        leave((!states.is_empty()).then(|| Self { states, ..rest.clone() }));
        rest.states = shared.states;
        let links = rest.links.and(other.links.complement());
        leave((!links.is_empty()).then(|| Self { links, ..rest.clone() }));
        rest.links = shared.links;
        if !other.unmodelled.is_empty() {
            let texts: Vec<&str> = other.unmodelled.iter().map(|condition| condition.text.as_str()).collect();
            let why = other.unmodelled.first().map(|condition| condition.why.clone()).unwrap_or_default();
            let not = Unmodelled { text: format!("not ({})", texts.join(" ")), why };
            rest.unmodelled = both(&rest.unmodelled, &[not]);
            left.push(rest);
        }
        left
    }

    /// The region as a match of a rule, with what kind of packets it is about.
    pub(in crate::targets) fn into_match(self, family: Family) -> Option<(Match, Traffic)> {
        let traffic = if self.links == Links::LOOPBACK {
            Traffic::Loopback
        } else if self.states.and(States::OPENING).is_empty() {
            Traffic::Return
        } else {
            Traffic::New
        };
        let peer = self.peer.unwrap_or_else(|| family.all());
        let matches = Match {
            source: constraint(self.source)?,
            peer: Constraint::only(PeerSet::from(peer))?,
            transport: constraint(self.transport)?,
        };
        Some((matches, traffic))
    }
}

fn constraint<S: Set>(set: Option<S>) -> Option<Constraint<S>> {
    set.map_or(Some(Constraint::Any), Constraint::only)
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

/// What is in `set` and not in `other`, if anything is.
fn outside<S: Set>(set: Option<&S>, other: Option<&S>, all: &S) -> Option<S> {
    let left = set.unwrap_or(all).subtract(other?);
    (!left.is_empty()).then_some(left)
}

fn both(a: &[Unmodelled], b: &[Unmodelled]) -> Vec<Unmodelled> {
    if b.is_empty() {
        return a.to_vec();
    }
    let mut all = a.to_vec();
    all.extend_from_slice(b);
    all.sort();
    all.dedup();
    all
}
