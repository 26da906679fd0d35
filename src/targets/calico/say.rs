//! One rule in the terms of Calico: what of it can be said, and what cannot.
//!
//! One rule names one protocol and blocks of one family.

use super::services::{self, Services};
use super::{entity, expression};
use crate::packet::{AddrSet, GroupSet, NamePattern, NameSet, PacketSet, PeerSet, Prefix, Set, TransportSet};
use crate::policy::{Direction, Rule, RuleSet};
use crate::syntax::kubernetes::pods::PodPeer;
use crate::syntax::kubernetes::selector::{Selector, Test};
use crate::targets::clusters::component::{self, Said};

/// What can be said of a rule, ordered so that equal rules stand together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Saying {
    /// The peers.
    pub(super) peers: Peers,
    /// The services.
    pub(super) services: Services,
}

/// Peers of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peers {
    /// Every peer there is.
    All,
    /// Addresses of one family, as the fewest blocks.
    Blocks(Vec<Prefix>),
    /// Names, with an asterisk for everything below one.
    Names(Vec<String>),
    /// Pods.
    Pods(PodPeer),
}

impl component::Saying for Saying {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        match &self.peers {
            Peers::Blocks(blocks) => Some(blocks.clone()),
            Peers::All | Peers::Names(_) | Peers::Pods(_) => None,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let peers = match (&self.peers, &other.peers) {
            (Peers::All, _) => true,
            (Peers::Names(own), Peers::Names(peers)) => peers.iter().all(|peer| own.contains(peer)),
            (Peers::Pods(own), Peers::Pods(peers)) => own == peers,
            (Peers::Blocks(own), Peers::Blocks(peers)) => {
                let held = |block: &Prefix| block.holders().any(|holder| own.binary_search(&holder).is_ok());
                peers.iter().all(held)
            }
            (Peers::Names(_) | Peers::Pods(_) | Peers::Blocks(_), _) => false,
        };
        peers && self.services.covers(&other.services)
    }
}

/// Everything that a policy of Calico can be about.
pub(super) fn universe() -> PeerSet {
    PeerSet::all_addrs().union(&PeerSet::all_names()).union(&PeerSet::all_groups())
}

/// Says a rule as far as it can be said. `named` is whether the edition knows names.
pub(super) fn say(set: &RuleSet, rule: &Rule, named: bool) -> Said<Saying> {
    let asked = set.packets(&rule.matches);
    let (mut why, mut widened) = (Vec::new(), Vec::new());
    if rule.matches.source.set().is_some_and(|source| !(source.v4.is_full() && source.v6.is_full())) {
        why.push("a condition on the address of the pods themselves".to_owned());
        return Said { lost: asked, why, ..Said::default() };
    }
    let everything = TransportSet::full();
    let by_name = named && set.scope.direction == Direction::Egress;
    let peers = say_peers(rule.matches.peer.set().unwrap_or(&set.universe), by_name, &mut why, &mut widened);
    let services = services::say(rule.matches.transport.set().unwrap_or(&everything), &mut why);
    let (mut sayings, mut packets) = (Vec::new(), Vec::new());
    for (peers, meant) in &peers {
        for (services, transport) in &services {
            packets.push(PacketSet::product(None, meant, transport, &true));
            sayings.push(Saying { peers: peers.clone(), services: services.clone() });
        }
    }
    let packets = PacketSet::union_all(&packets);
    let lost = asked.subtract(&packets);
    Said { sayings, packets, lost, why, widened }
}

fn say_peers(
    asked: &PeerSet,
    by_name: bool,
    why: &mut Vec<String>,
    widened: &mut Vec<String>,
) -> Vec<(Peers, PeerSet)> {
    if *asked == universe() {
        return vec![(Peers::All, universe())];
    }
    let mut said = Vec::new();
    let (v4, v6): (Vec<Prefix>, Vec<Prefix>) =
        AddrSet::prefixes(&asked.addrs).into_iter().partition(|block| block.is_ipv4());
    for blocks in [v4, v6].into_iter().filter(|blocks| !blocks.is_empty()) {
        let meant = PeerSet::from(AddrSet::of(blocks.iter().copied()));
        said.push((Peers::Blocks(blocks), meant));
    }
    if by_name {
        said.extend(say_names(&asked.names, why, widened));
    } else if !asked.names.is_empty() {
        why.push("host names".to_owned());
    }
    let (held, left_out) = asked.groups.names();
    if asked.groups.is_full() {
        said.push((Peers::Pods(PodPeer::everywhere()), PeerSet::all_groups()));
    } else if !left_out.is_empty() || GroupSet::of(held.iter().map(String::as_str)) != asked.groups {
        why.push("all of the cluster but some".to_owned());
    } else {
        for group in held {
            let peer = PodPeer::parse(&group).filter(|peer| *peer != PodPeer::everywhere());
            match peer.filter(is_sayable) {
                Some(peer) => {
                    let meant = PeerSet::from(peer.groups());
                    said.push((Peers::Pods(peer), meant));
                }
                None => why.push(format!("the group `{group}`, which is not one of pods")),
            }
        }
    }
    said
}

/// Reports whether a selector says the same when it is read back.
fn is_sayable(peer: &PodPeer) -> bool {
    let plain = |selector: &Selector| {
        selector.tests().all(|(_, test)| !matches!(test, Test::In(values) if values.is_empty()))
    };
    let (namespaces, pods) = (peer.namespace_selector(), &peer.pods);
    let read = entity::pods(&expression::write(pods), Some(&expression::write(&namespaces)), None);
    plain(&namespaces) && plain(pods) && read == [peer.clone()]
}

/// Says names. `*.x` is everything below `x`, so one label below it cannot be said.
fn say_names(asked: &NameSet, why: &mut Vec<String>, widened: &mut Vec<String>) -> Option<(Peers, PeerSet)> {
    let (mut words, mut meant) = (Vec::new(), Vec::new());
    for (patterns, exceptions) in asked.patterns() {
        let exceptions = NameSet::of(&exceptions);
        for pattern in patterns {
            if !pattern.names().intersect(&exceptions).is_empty() {
                why.push("names but for some".to_owned());
                continue;
            }
            let (of_pattern, names) = match &pattern {
                NamePattern::Any => {
                    why.push("every host name".to_owned());
                    continue;
                }
                NamePattern::OneBelow(host) => {
                    why.push(format!("names one label below `{host}`, and no deeper"));
                    continue;
                }
                NamePattern::Host(host) | NamePattern::Path(host, _) => {
                    (vec![host.to_string()], NamePattern::Host(host.clone()).names())
                }
                NamePattern::Tree(host) => (vec![host.to_string(), format!("*.{host}")], pattern.names()),
                NamePattern::Below(host) => (vec![format!("*.{host}")], pattern.names()),
            };
            if !names.is_subset(asked) {
                widened.push("paths of a host cannot be told apart, so the whole host is allowed".to_owned());
            }
            words.extend(of_pattern);
            meant.push(names);
        }
    }
    widened.dedup();
    words.sort();
    words.dedup();
    (!words.is_empty()).then(|| (Peers::Names(words), PeerSet::from(NameSet::union_all(&meant))))
}
