//! One rule in the terms of Cilium: what of it can be said, and what cannot.
//!
//! One rule names peers of one kind only, since Cilium refuses more: names, blocks, pods or entities.

use super::labels;
use super::names::{self, Word};
use super::services::{self, Services};
use crate::packet::{AddrSet, GroupSet, NameSet, PacketSet, PeerSet, Prefix, Set, TransportSet};
use crate::policy::{Direction, Need, Origin, Rule, RuleSet};
use crate::syntax::kubernetes::pods::PodPeer;
use crate::targets::clusters::component::{self, Said};

/// The entities that are groups here, under their own names.
/// <https://docs.cilium.io/en/stable/security/policy/language/#entities-based>
pub(super) const ENTITIES: [&str; 7] =
    ["health", "host", "ingress", "init", "kube-apiserver", "remote-node", "unmanaged"];

/// What can be said of a rule, ordered so that equal rules stand together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Saying {
    /// The peers.
    pub(super) peers: Peers,
    /// The services.
    pub(super) services: Services,
    /// Whether Cilium looks into the queries of the DNS, all of which pass, and learns addresses of names.
    pub(super) dns: bool,
}

/// Peers of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peers {
    /// Entities: `all`, `world`, `kube-apiserver`.
    Entities(Vec<&'static str>),
    /// Pods.
    Pods(Vec<PodPeer>),
    /// Addresses outside of the cluster, as the fewest blocks.
    Blocks(Vec<Prefix>),
    /// Names.
    Names(Vec<Word>),
}

impl component::Saying for Saying {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        match &self.peers {
            Peers::Blocks(blocks) => Some(blocks.clone()),
            Peers::Entities(_) | Peers::Pods(_) | Peers::Names(_) => None,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let peers = match (&self.peers, &other.peers) {
            (Peers::Entities(own), _) if own.contains(&"all") => true,
            (Peers::Entities(own), Peers::Entities(peers)) => peers.iter().all(|peer| own.contains(peer)),
            (Peers::Entities(own), Peers::Blocks(_) | Peers::Names(_)) => own.contains(&"world"),
            (Peers::Pods(own), Peers::Pods(peers)) => peers.iter().all(|peer| own.contains(peer)),
            (Peers::Names(own), Peers::Names(peers)) => peers.iter().all(|peer| own.contains(peer)),
            (Peers::Blocks(own), Peers::Blocks(peers)) => {
                let held = |block: &Prefix| block.holders().any(|holder| own.binary_search(&holder).is_ok());
                peers.iter().all(held)
            }
            (Peers::Entities(_) | Peers::Pods(_) | Peers::Names(_) | Peers::Blocks(_), _) => false,
        };
        // What looks into the DNS is needed for itself.
        peers && self.services.covers(&other.services) && (self.dns || !other.dns)
    }
}

/// Everything that a policy of Cilium can be about.
pub(super) fn universe() -> PeerSet {
    world().union(&PeerSet::all_groups())
}

/// Everything outside of the cluster.
pub(super) fn world() -> PeerSet {
    PeerSet::all_addrs().union(&PeerSet::all_names())
}

/// Says a rule as far as it can be said.
pub(super) fn say(set: &RuleSet, rule: &Rule) -> Said<Saying> {
    let asked = set.packets(&rule.matches);
    let (mut why, mut widened) = (Vec::new(), Vec::new());
    if rule.matches.source.set().is_some_and(|source| !(source.v4.is_full() && source.v6.is_full())) {
        why.push("a condition on the address of the pods themselves".to_owned());
        return Said { lost: asked, why, ..Said::default() };
    }
    let everything = TransportSet::full();
    let direction = set.scope.direction;
    let peers =
        say_peers(rule.matches.peer.set().unwrap_or(&set.universe), direction, &mut why, &mut widened);
    let services = services::say(rule.matches.transport.set().unwrap_or(&everything), &mut why);
    let (mut sayings, mut packets) = (Vec::new(), Vec::new());
    for (peers, meant) in &peers {
        for (services, transport) in &services {
            packets.push(PacketSet::product(None, meant, transport, &true));
            let asks = rule.origin == Origin::Implied(Need::Dns) && direction == Direction::Egress;
            let resolver = matches!(peers, Peers::Pods(_) | Peers::Blocks(_));
            let dns = asks && resolver && services.is_dns();
            sayings.push(Saying { peers: peers.clone(), services: services.clone(), dns });
        }
    }
    let packets = PacketSet::union_all(&packets);
    let lost = asked.subtract(&packets);
    Said { sayings, packets, lost, why, widened }
}

fn say_peers(
    asked: &PeerSet,
    direction: Direction,
    why: &mut Vec<String>,
    widened: &mut Vec<String>,
) -> Vec<(Peers, PeerSet)> {
    if *asked == universe() {
        return vec![(Peers::Entities(vec!["all"]), universe())];
    }
    let mut said = Vec::new();
    if world().is_subset(asked) {
        said.push((Peers::Entities(vec!["world"]), world()));
    } else {
        if !asked.addrs.is_empty() {
            said.push((Peers::Blocks(AddrSet::prefixes(&asked.addrs)), PeerSet::from(asked.addrs.clone())));
        }
        if direction == Direction::Ingress && !asked.names.is_empty() {
            why.push("host names that call in".to_owned());
        } else {
            said.extend(say_names(&asked.names, why, widened));
        }
    }
    said.extend(say_groups(&asked.groups, why));
    said
}

/// Says names. What has exceptions is left out, for no rule denies a name.
fn say_names(asked: &NameSet, why: &mut Vec<String>, widened: &mut Vec<String>) -> Option<(Peers, PeerSet)> {
    let (mut words, mut meant) = (Vec::new(), Vec::new());
    for (patterns, exceptions) in asked.patterns() {
        let exceptions = NameSet::of(&exceptions);
        for pattern in patterns {
            if !pattern.names().intersect(&exceptions).is_empty() {
                why.push("names but for some".to_owned());
                continue;
            }
            let (of_pattern, names) = names::words(&pattern);
            if !names.is_subset(asked) {
                widened.push("paths of a host cannot be told apart, so the whole host is allowed".to_owned());
            }
            if of_pattern.iter().any(is_too_long) {
                why.push(format!("names of more than {} characters", names::NAME_MAX));
                continue;
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

fn is_too_long(word: &Word) -> bool {
    let (Word::Name(text) | Word::Pattern(text)) = word;
    text.len() > names::NAME_MAX
}

fn say_groups(asked: &GroupSet, why: &mut Vec<String>) -> Vec<(Peers, PeerSet)> {
    let everywhere = (Peers::Entities(vec!["cluster"]), PeerSet::all_groups());
    if asked.is_full() {
        return vec![everywhere];
    }
    let (held, left_out) = asked.names();
    if !left_out.is_empty() || GroupSet::of(held.iter().map(String::as_str)) != *asked {
        why.push("all of the cluster but some".to_owned());
        return Vec::new();
    }
    let (mut entities, mut pods) = (Vec::new(), Vec::new());
    for group in held {
        if let Some(entity) = ENTITIES.into_iter().find(|entity| *entity == group) {
            entities.push(entity);
            continue;
        }
        let peer = PodPeer::parse(&group).filter(|peer| *peer != PodPeer::everywhere());
        match peer.filter(|peer| labels::selector(peer).is_some()) {
            Some(peer) => pods.push(peer),
            None => why.push(format!("the group `{group}`, which is not one of pods")),
        }
    }
    pods.sort();
    let mut said = Vec::new();
    if !entities.is_empty() {
        let meant = PeerSet::from(GroupSet::of(entities.iter().copied()));
        said.push((Peers::Entities(entities), meant));
    }
    if !pods.is_empty() {
        let groups: Vec<GroupSet> = pods.iter().map(PodPeer::groups).collect();
        said.push((Peers::Pods(pods), PeerSet::from(GroupSet::union_all(&groups))));
    }
    said
}
