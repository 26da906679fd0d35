//! Cases: the ways in which ACLs can hold, each a product of clients, hosts and ports.

use crate::packet::{AddrSet, NonEmpty, PeerSet, PortSet, Set};
use crate::policy::Unmodelled;

/// One way in which the ACLs of a line hold. What is `None` is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::targets) struct Case {
    /// The client.
    pub(in crate::targets) source: Option<AddrSet>,
    /// The host that is asked for.
    pub(in crate::targets) peer: Option<PeerSet>,
    /// The port that is asked for.
    pub(in crate::targets) ports: Option<PortSet>,
    /// What else is asked and is not modelled.
    pub(in crate::targets) unmodelled: Vec<Unmodelled>,
}

/// No request meets both of two conditions.
struct Disjoint;

/// How many cases a line may come to before it counts as not modelled.
pub(in crate::targets) const MOST_CASES: usize = 256;

impl Case {
    /// Both at once; nothing when no request is in both.
    fn meet(&self, other: &Self) -> Option<Self> {
        let mut unmodelled = [self.unmodelled.as_slice(), &other.unmodelled].concat();
        unmodelled.sort();
        unmodelled.dedup();
        Some(Self {
            source: meet(self.source.as_ref(), other.source.as_ref()).ok()?,
            peer: meet(self.peer.as_ref(), other.peer.as_ref()).ok()?,
            ports: meet(self.ports.as_ref(), other.ports.as_ref()).ok()?,
            unmodelled,
        })
    }

    /// A case that asks for a host of this set; nothing when none is in it.
    pub(in crate::targets) fn peer(peer: PeerSet) -> Option<Self> {
        (!Set::is_empty(&peer)).then(|| Self { peer: Some(peer), ..Self::default() })
    }

    /// The case with one more condition that is not modelled.
    pub(in crate::targets) fn doubted(mut self, doubt: Option<&Unmodelled>) -> Self {
        self.unmodelled.extend(doubt.cloned());
        self
    }
}

/// What two conditions ask of one dimension; an error when nothing is in both.
fn meet<S: Set>(a: Option<&S>, b: Option<&S>) -> Result<Option<S>, Disjoint> {
    match (a, b) {
        (None, None) => Ok(None),
        (Some(only), None) | (None, Some(only)) => Ok(Some(only.clone())),
        (Some(a), Some(b)) => {
            NonEmpty::new(a.intersect(b)).map(|set| Some(set.get().clone())).ok_or(Disjoint)
        }
    }
}

/// Both of two conditions, case by case; nothing when there are too many.
pub(in crate::targets) fn cross(left: &[Case], right: &[Case]) -> Option<Vec<Case>> {
    if left.len().saturating_mul(right.len()) > MOST_CASES {
        return None;
    }
    Some(left.iter().flat_map(|a| right.iter().filter_map(|b| a.meet(b))).collect())
}
