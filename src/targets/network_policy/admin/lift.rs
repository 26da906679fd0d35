//! From the administrator's policies, and each NetworkPolicy beside them, to what they mean together.

use super::super::lift::{Read, lift_policy, split_block, told, universe};
use super::super::traffic::PortMatch;
use super::{AdminPeer, AdminPort, AdminRule, Manifest, Tier, Verdict};
use crate::diag::{Finding, Place, Source};
use crate::packet::{AddrSet, Constraint, PeerSet, Set, TransportSet};
use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, Traffic, Unmodelled};
use crate::syntax::kubernetes::pods::{Namespaces, PodPeer};
use crate::targets::clusters::selecting::{self, Voice, Who};
use crate::targets::clusters::tiers::{self, Step};
use std::sync::Arc;

/// A policy of an administrator with the file it stands in.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct AdminRead<'a> {
    pub(in super::super) manifest: &'a Manifest,
    pub(in super::super) source: &'a Arc<Source>,
}

/// The places of the tiers, and which of them deny what none of their policies decides: a NetworkPolicy isolates.
const TIERS: [bool; 3] = [false, true, false];

/// The policies as rule sets: one for each distinct selection and direction, with the rules of every policy that certainly
/// selects those pods, tier after tier.
pub(in super::super) fn lift(
    admin: &[AdminRead<'_>],
    policies: &[Read<'_>],
    findings: &mut Vec<Finding>,
) -> Policy {
    let mut admin = admin.to_vec();
    admin.sort_by_key(|read| (read.manifest.tier, read.manifest.priority, read.manifest.name.clone()));
    let shared = shared(&admin, findings);
    let mut voices: Vec<Voice<Step>> = Vec::new();
    let of_tier = |tier: Tier| {
        let with_doubt = admin.iter().zip(&shared);
        with_doubt.filter(move |(read, _)| read.manifest.tier == tier)
    };
    for (read, doubt) in of_tier(Tier::Admin) {
        voices.extend(admin_voices(*read, doubt.as_ref(), 0, findings));
    }
    for read in policies {
        voices.extend(namespaced_voices(*read, findings));
    }
    for (read, doubt) in of_tier(Tier::Baseline) {
        voices.extend(admin_voices(*read, doubt.as_ref(), 2, findings));
    }
    let mut every = universe();
    let names = |voice: &Voice<Step>| {
        voice
            .rules
            .iter()
            .any(|step| step.rule.matches.peer.set().is_some_and(|peers| !peers.names.is_empty()))
    };
    if voices.iter().any(names) {
        every = every.union(&PeerSet::all_names());
    }
    let combine = |voices: &[&Voice<Step>]| tiers::combine(voices, &TIERS, &every);
    selecting::lift(&voices, &every, combine, findings)
}

/// For each policy the doubt that comes of another one of the same priority, of which nobody knows which is tried first.
fn shared(admin: &[AdminRead<'_>], findings: &mut Vec<Finding>) -> Vec<Option<Unmodelled>> {
    let meets = |one: &Manifest, other: &Manifest| {
        let spaces = |peer: &PodPeer| peer.namespace_selector();
        one.subject
            .iter()
            .any(|a| other.subject.iter().any(|b| a.pods.may_meet(&b.pods) && spaces(a).may_meet(&spaces(b))))
    };
    let mut doubts = Vec::new();
    for (at, read) in admin.iter().enumerate() {
        let own = read.manifest;
        let other = admin.iter().enumerate().find(|(index, other)| {
            let other = other.manifest;
            *index != at && other.tier == own.tier && other.priority == own.priority && meets(own, other)
        });
        doubts.push(other.map(|(_, other)| {
            let mut names = [own.name.as_str(), other.manifest.name.as_str()];
            names.sort_unstable();
            let [first, second] = names;
            let doubt = Unmodelled {
                text: format!("whether {first} or {second} is tried first"),
                why: format!("both have the priority {}", own.priority),
            };
            let place = Place { source: Arc::clone(read.source), span: own.span };
            findings.push(told(&doubt, &place));
            doubt
        }));
    }
    doubts
}

fn admin_voices(
    read: AdminRead<'_>,
    doubt: Option<&Unmodelled>,
    rank: usize,
    findings: &mut Vec<Finding>,
) -> Vec<Voice<Step>> {
    let mut voices = Vec::new();
    for direction in [Direction::Egress, Direction::Ingress] {
        let rules = read.manifest.rules.iter().filter(|(way, _)| *way == direction);
        let steps: Vec<Step> =
            rules.flat_map(|(_, rule)| steps(rule, read.source, doubt, findings)).collect();
        if steps.is_empty() {
            continue;
        }
        voices.extend(read.manifest.subject.iter().map(|pods| Voice {
            who: Who::Pods(pods.clone()),
            direction,
            rules: steps.clone(),
            isolates: false,
            rank,
        }));
    }
    voices
}

fn namespaced_voices(read: Read<'_>, findings: &mut Vec<Finding>) -> Vec<Voice<Step>> {
    let namespaces = Namespaces::Named(read.manifest.namespace.clone());
    let who = Who::Pods(PodPeer { namespaces, pods: read.manifest.pods.clone() });
    let (egress, ingress) = lift_policy(read, findings);
    [(Direction::Egress, egress), (Direction::Ingress, ingress)]
        .into_iter()
        .filter_map(|(direction, rules)| {
            let rules = rules?.into_iter().map(|rule| Step { rule, passes: false }).collect();
            Some(Voice { who: who.clone(), direction, rules, isolates: true, rank: 1 })
        })
        .collect()
}

/// One rule as one or more: what is exact, and each match that is not, apart.
fn steps(
    rule: &AdminRule,
    source: &Arc<Source>,
    doubt: Option<&Unmodelled>,
    findings: &mut Vec<Finding>,
) -> Vec<Step> {
    let place = Place { source: Arc::clone(source), span: rule.span };
    let (services, peers) = (services(rule), peers(rule));
    let doubts = services.iter().map(|(_, doubt)| doubt).chain(peers.iter().map(|(_, doubt)| doubt));
    findings.extend(doubts.flatten().map(|doubt| told(doubt, &place)));
    let mut steps = Vec::new();
    for (peer, of_peer) in &peers {
        for (transport, of_service) in &services {
            let matches = Match { source: Constraint::Any, peer: peer.clone(), transport: transport.clone() };
            let unmodelled = of_peer.iter().chain(of_service).chain(doubt).cloned().collect();
            let (action, passes) = match rule.verdict {
                Verdict::Allow => (Action::Allow, false),
                Verdict::Deny => (Action::Deny, false),
                Verdict::Pass => (Action::Allow, true),
            };
            let origin = Origin::File(place.clone());
            steps.push(Step {
                rule: Rule { action, matches, traffic: Traffic::New, unmodelled, origin },
                passes,
            });
        }
    }
    steps
}

type Parts<S> = Vec<(Constraint<S>, Option<Unmodelled>)>;

fn services(rule: &AdminRule) -> Parts<TransportSet> {
    let Some(ports) = &rule.ports else { return vec![(Constraint::Any, None)] };
    let mut numbered = Vec::new();
    let mut named = Vec::new();
    for port in ports {
        match port {
            AdminPort::Of(PortMatch::Services(services)) => numbered.push(services.clone()),
            AdminPort::Of(PortMatch::Named(_, name)) | AdminPort::Named(name) => {
                let why = "a port by name is whatever each container gives it".to_owned();
                named.push((Constraint::Any, Some(Unmodelled { text: format!("port {name}"), why })));
            }
        }
    }
    let numbered = Constraint::only(TransportSet::union_all(&numbered));
    numbered.map(|numbered| (numbered, None)).into_iter().chain(named).collect()
}

/// The peers of a rule. Blocks are about addresses inside of the cluster, too, so all of them are every peer there is, and
/// all of one family may be every pod.
fn peers(rule: &AdminRule) -> Parts<PeerSet> {
    let (mut certain, mut split, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
    for peer in &rule.peers {
        match peer {
            AdminPeer::Known(peers) => certain.push(peers.clone()),
            AdminPeer::Network(block) => match split_block(block) {
                (addrs, None) => blocks.push(addrs),
                (addrs, doubt) => {
                    split.extend(Constraint::only(PeerSet::from(addrs)).map(|peer| (peer, doubt)));
                }
            },
        }
    }
    let blocks = AddrSet::union_all(&blocks);
    let whole = [blocks.v4.is_full(), blocks.v6.is_full()].into_iter().filter(|full| *full).count();
    match whole {
        0 => {}
        1 => {
            let family = if blocks.v4.is_full() { "IPv4" } else { "IPv6" };
            let text = format!("pods that have {family} addresses");
            let why = "a block is about pods as well, whose addresses are not in the file".to_owned();
            let inside = PeerSet::all_groups();
            let doubt = Some(Unmodelled { text, why });
            split.extend(Constraint::only(inside).map(|peer| (peer, doubt)));
        }
        _ => return vec![(Constraint::Any, None)],
    }
    certain.push(PeerSet::from(blocks));
    let certain = Constraint::only(PeerSet::union_all(&certain));
    certain.map(|certain| (certain, None)).into_iter().chain(split).collect()
}
