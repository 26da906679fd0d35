//! What one line of a chain chooses, before it is spelt.

use super::spell::Service;
use crate::packet::Prefix;
use crate::targets::absorb::Allowing;

/// What one line chooses: far end, near end, service; `None` is every address. In this order the lines stand in the
/// file.
pub(super) type Key = (Option<Prefix>, Option<Prefix>, Service);

/// A line that accepts, with everything that asks for it.
#[derive(Debug)]
pub(super) struct Accepted {
    /// What it chooses.
    pub(super) key: Key,
    /// Why: the rules of the set, by their numbers.
    pub(super) rules: Vec<usize>,
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
