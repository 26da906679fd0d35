//! Whether a product of sets may share packets with a set, found without computing what they share.

use super::addr::AddrSet;
use super::interval::IntervalSet;
use super::map::{Layer, PacketSet, either_family};
use super::peer::PeerSet;
use super::steps::{Key, Steps, Value};
use super::transport::TransportSet;

/// How many stretches of a set are looked at before the answer is that they may well meet.
const LOOKS: usize = 32;

impl PacketSet {
    /// Reports whether the set may hold packets of a product. It may say so of sets that share nothing, but never the
    /// opposite of sets that do. No sources and no services are all of them.
    pub fn may_meet(
        &self,
        sources: Option<&AddrSet>,
        peers: &PeerSet,
        services: Option<&TransportSet>,
    ) -> bool {
        let by_address = may_meet(&self.v4, sources.map(|set| &set.v4), &peers.addrs.v4, services)
            || may_meet(&self.v6, sources.map(|set| &set.v6), &peers.addrs.v6, services);
        if by_address || (peers.names.is_empty() && peers.groups.is_empty()) {
            return by_address;
        }
        let either = sources.map(either_family);
        may_meet(&self.names, either.as_ref(), &peers.names, services)
            || may_meet(&self.groups, either.as_ref(), &peers.groups, services)
    }
}

fn may_meet<P: Key, S: Key>(
    layer: &Layer<P, S, bool>,
    sources: Option<&IntervalSet<S>>,
    peers: &IntervalSet<P>,
    services: Option<&TransportSet>,
) -> bool {
    if layer.is_default() || peers.is_empty() {
        return false;
    }
    let mut left = LOOKS;
    meeting(layer, peers, &mut left, |of_peer, left| {
        let shared = |carried: &Steps<u32, bool>, left: &mut usize| match services {
            Some(services) => meeting(carried, services, left, |member, _| *member),
            None => !carried.is_empty(),
        };
        match sources {
            Some(sources) => meeting(of_peer, sources, left, shared),
            None => meeting(of_peer, &IntervalSet::full(), left, shared),
        }
    })
}

/// Reports whether `found` holds for a value of the function on a member of the set.
fn meeting<K: Key, V: Value>(
    function: &Steps<K, V>,
    members: &IntervalSet<K>,
    left: &mut usize,
    found: impl Fn(&V, &mut usize) -> bool,
) -> bool {
    let nothing = V::default();
    for (from, until, _) in members.segments() {
        let inside = function.cuts().partition_point(|(cut, _)| cut <= from);
        let before = inside.checked_sub(1).and_then(|index| function.cuts().get(index));
        let later = function.cuts().get(inside..).unwrap_or_default().iter();
        let later = later.take_while(|(cut, _)| until.is_none_or(|until| cut < until));
        for (_, value) in before.into_iter().chain(later) {
            let Some(rest) = left.checked_sub(1) else { return true };
            *left = rest;
            if *value != nothing && found(value, left) {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{PortRange, Protocol};
    use super::*;

    #[test]
    fn sets_that_share_a_packet_meet_and_sets_far_apart_do_not() {
        let addrs = |text: &str| AddrSet::of([text.parse().expect("a prefix")]);
        let port = |port| TransportSet::port(Protocol::TCP, PortRange::new(port, port).expect("a range"));
        let (from, to) = (addrs("10.0.0.0/8"), PeerSet::from(addrs("192.0.2.0/24")));
        let set = PacketSet::product(Some(&from), &to, &port(443), &true);
        let inside = PeerSet::from(addrs("192.0.2.7/32"));
        assert!(set.may_meet(None, &inside, None));
        assert!(set.may_meet(Some(&addrs("10.1.0.0/16")), &PeerSet::all_addrs(), Some(&port(443))));
        assert!(!set.may_meet(None, &PeerSet::from(addrs("192.0.3.0/24")), None), "another peer");
        assert!(!set.may_meet(None, &inside, Some(&port(80))), "another port");
        assert!(!set.may_meet(Some(&addrs("11.0.0.0/8")), &inside, None), "another source");
        assert!(!set.may_meet(None, &PeerSet::all_names(), None), "another kind of peer");
    }
}
