//! From manifests to a policy: which pods there are, and what all policies that select them allow together.

use super::manifest::Manifest;
use super::rules::{AllowRule, Peer};
use super::traffic::PortMatch;
use crate::diag::{Code, Finding, Place, Source};
use crate::packet::{AddrSet, Constraint, GroupSet, PeerSet, Protocol, Set, TransportSet};
use crate::policy::{
    Action, Direction, Match, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::syntax::kubernetes::block::Block;
use crate::syntax::kubernetes::pods::{Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::Selector;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A policy with the file it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    /// The policy.
    pub(super) manifest: &'a Manifest,
    /// The file.
    pub(super) source: &'a Arc<Source>,
}

/// Everything that a NetworkPolicy can be about: addresses of both families, and pods.
pub(super) fn universe() -> PeerSet {
    PeerSet::all_addrs().union(&PeerSet::all_groups())
}

/// The policies as rule sets: one for each namespace, distinct selector and direction, with the rules of every
/// policy that certainly selects those pods.
pub(super) fn lift(policies: &[Read<'_>], findings: &mut Vec<Finding>) -> Policy {
    let rules: Vec<Lifted> = policies
        .iter()
        .map(|read| {
            let (egress, ingress) = lift_policy(*read, findings);
            Lifted { egress, ingress }
        })
        .collect();
    let mut namespaces: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, read) in policies.iter().enumerate() {
        namespaces.entry(&read.manifest.namespace).or_default().push(index);
    }
    let mut sets: Vec<RuleSet> = Vec::new();
    let mut total = 0_usize;
    for (namespace, indices) in namespaces {
        let selector = |index: &usize| policies.get(*index).map(|read| &read.manifest.pods);
        let scopes: BTreeSet<&Selector> = indices.iter().filter_map(selector).collect();
        let by_anchor = anchors(&indices, selector);
        for scope in &scopes {
            let mut selecting: Vec<usize> = candidates(scope, &by_anchor)
                .filter(|index| selector(index).is_some_and(|selector| scope.is_within(selector)))
                .collect();
            selecting.sort_unstable();
            let selecting: Vec<&Lifted> =
                selecting.into_iter().filter_map(|index| rules.get(index)).collect();
            total = total.saturating_add(selecting.iter().map(|lifted| lifted.count()).sum());
            if total > RULES_MAX {
                let message = format!(
                    "the policies of `{namespace}` select each other's pods so often that their scopes have more than {RULES_MAX} rules together"
                );
                findings.push(Finding::new(Code::ReadTooLarge, message));
                return Policy::new(sets);
            }
            sets.extend(rule_set(namespace, scope, Direction::Egress, &selecting));
            sets.extend(rule_set(namespace, scope, Direction::Ingress, &selecting));
        }
        findings.extend(overlaps(namespace, &scopes));
    }
    Policy::new(sets)
}

/// The most rules that all scopes may have together, each counted in every scope where it counts. A cluster of a
/// thousand policies has a hundredth of that.
const RULES_MAX: usize = 1_000_000;

/// The rules of one policy, per direction that it speaks about.
#[derive(Debug, Default)]
struct Lifted {
    egress: Option<Vec<Rule>>,
    ingress: Option<Vec<Rule>>,
}

impl Lifted {
    fn count(&self) -> usize {
        // A policy without rules takes its place, too.
        [&self.egress, &self.ingress].into_iter().flatten().map(|rules| rules.len().saturating_add(1)).sum()
    }

    fn rules(&self, direction: Direction) -> Option<&Vec<Rule>> {
        match direction {
            Direction::Egress => self.egress.as_ref(),
            Direction::Ingress => self.ingress.as_ref(),
        }
    }
}

/// Policies by one label that they ask for; those that ask for none stand under `None`.
type Anchors<'a> = BTreeMap<Option<(&'a str, &'a str)>, Vec<usize>>;

/// Sorts policies by a label that they ask for, so that only a few have to be tried for each scope.
fn anchors<'a>(indices: &[usize], selector: impl Fn(&usize) -> Option<&'a Selector>) -> Anchors<'a> {
    let mut anchors = Anchors::new();
    for index in indices {
        let anchor = selector(index).and_then(|selector| labels(selector).next());
        anchors.entry(anchor).or_default().push(*index);
    }
    anchors
}

fn candidates<'a>(scope: &'a Selector, anchors: &'a Anchors<'a>) -> impl Iterator<Item = usize> + 'a {
    let keys = std::iter::once(None).chain(labels(scope).map(Some));
    keys.filter_map(|key| anchors.get(&key)).flatten().copied()
}

fn labels(selector: &Selector) -> impl Iterator<Item = (&str, &str)> {
    selector.tests().filter_map(|(key, test)| Some((key, test.single()?)))
}

/// The rules that govern these pods in one direction, if any policy speaks of it.
fn rule_set(
    namespace: &str,
    selector: &Selector,
    direction: Direction,
    selecting: &[&Lifted],
) -> Option<RuleSet> {
    let speaking: Vec<&Vec<Rule>> = selecting.iter().filter_map(|lifted| lifted.rules(direction)).collect();
    if speaking.is_empty() {
        return None;
    }
    let peer = PodPeer { namespaces: Namespaces::Named(namespace.to_owned()), pods: selector.clone() };
    let subject = selector
        .labels()
        .map_or(Subject::Host, |labels| Subject::Pods(Pods { namespace: namespace.to_owned(), labels }));
    Some(RuleSet {
        scope: Scope { name: peer.to_string(), direction },
        subject,
        universe: universe(),
        rules: speaking.into_iter().flatten().cloned().collect(),
        default: Action::Deny,
    })
}

/// The rules of one policy, egress and ingress, as far as it speaks of them.
pub(super) fn lift_policy(
    read: Read<'_>,
    findings: &mut Vec<Finding>,
) -> (Option<Vec<Rule>>, Option<Vec<Rule>>) {
    let mut lift = |rules: &Option<Vec<AllowRule>>| {
        let rules = rules.as_ref()?;
        Some(rules.iter().flat_map(|rule| lift_rule(rule, read.source, findings)).collect())
    };
    (lift(&read.manifest.egress), lift(&read.manifest.ingress))
}

/// One rule as one or more: what is exact, and each match that is not, apart.
fn lift_rule(rule: &AllowRule, source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let place = Place { source: Arc::clone(source), span: rule.span };
    let services = split_ports(rule);
    for (_, unmodelled) in &services {
        findings.extend(unmodelled.as_ref().map(|unmodelled| told(unmodelled, &place)));
    }
    let mut lifted = Vec::new();
    for (peer, doubt) in split_peers(rule) {
        findings.extend(doubt.as_ref().map(|unmodelled| told(unmodelled, &place)));
        let Some(peer) = peer else {
            let message = "the exceptions leave no address, so this allows nothing";
            findings.push(Finding::new(Code::ReadIneffective, message).at(source, rule.span));
            continue;
        };
        for (transport, unmodelled) in &services {
            lifted.push(Rule {
                action: Action::Allow,
                matches: Match { source: Constraint::Any, peer: peer.clone(), transport: transport.clone() },
                traffic: Traffic::New,
                unmodelled: doubt.iter().chain(unmodelled).cloned().collect(),
                origin: Origin::File(place.clone()),
            });
        }
    }
    lifted
}

/// The finding for a match that is not modelled.
pub(super) fn told(unmodelled: &Unmodelled, place: &Place) -> Finding {
    let message = format!("`{}` is not modelled: {}", unmodelled.text, unmodelled.why);
    Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span)
}

/// The services of a rule: all that have numbers together, each port with a name apart.
fn split_ports(rule: &AllowRule) -> Vec<(Constraint<TransportSet>, Option<Unmodelled>)> {
    // The API says of a rule without ports that its traffic is not restricted by port, so every protocol is meant.
    let Some(ports) = &rule.ports else { return vec![(Constraint::Any, None)] };
    let mut numbered = Vec::new();
    let mut split = Vec::new();
    for port in ports {
        match port {
            PortMatch::Services(services) => numbered.push(services.clone()),
            PortMatch::Named(protocol, name) => {
                let text = format!("port {name}/{}", protocol_name(*protocol));
                let why = "a port by name is whatever number each container gives it".to_owned();
                let all = Constraint::only(TransportSet::protocol(*protocol));
                split.extend(all.map(|all| (all, Some(Unmodelled { text, why }))));
            }
        }
    }
    let numbered = Constraint::only(TransportSet::union_all(&numbered));
    numbered.map(|numbered| (numbered, None)).into_iter().chain(split).collect()
}

fn protocol_name(protocol: Protocol) -> &'static str {
    super::traffic::PROTOCOLS
        .into_iter()
        .find(|(_, known)| *known == protocol)
        .map_or("TCP", |(name, _)| name)
}

/// The addresses of a block, and the doubt where implementations differ about them.
pub(super) fn split_block(block: &Block) -> (AddrSet, Option<Unmodelled>) {
    let why = "an IPv4-mapped IPv6 block is read as IPv4 by some and as IPv6 by others".to_owned();
    let doubt = block.is_ambiguous().then(|| Unmodelled { text: block.text(), why });
    (block.addrs(), doubt)
}

/// The peers of a rule: all that are certain together, each ambiguous block apart. `None` where no address is left.
fn split_peers(rule: &AllowRule) -> Vec<(Option<Constraint<PeerSet>>, Option<Unmodelled>)> {
    let Some(peers) = &rule.peers else { return vec![(Some(Constraint::Any), None)] };
    let (mut whole, mut addrs, mut groups, mut split) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for peer in peers {
        match peer {
            Peer::Pods(pods) => groups.push(pods.groups()),
            Peer::Block(block) if block.is_ambiguous() => {
                let (addrs, doubt) = split_block(block);
                split.push((Constraint::only(PeerSet::from(addrs)), doubt));
            }
            Peer::Block(block) => match block.whole() {
                Some(prefix) => whole.push(prefix),
                None => addrs.push(block.addrs()),
            },
        }
    }
    if !whole.is_empty() || !addrs.is_empty() || !groups.is_empty() {
        // Thousands of plain blocks become one set by one sort.
        addrs.push(AddrSet::of(whole));
        let addrs = AddrSet::union_all(&addrs);
        let certain = PeerSet { addrs, groups: GroupSet::union_all(&groups), ..PeerSet::default() };
        split.insert(0, (Constraint::only(certain), None));
    }
    split
}

/// At most so many scopes of a namespace are tried in pairs.
const PAIRED: usize = 500;

/// Pods that have the labels of two scopes may do what either allows, which no scope shows; so it is said.
fn overlaps(namespace: &str, scopes: &BTreeSet<&Selector>) -> Option<Finding> {
    let scopes: Vec<&Selector> = scopes.iter().copied().take(PAIRED).collect();
    let mut pairs = scopes.iter().enumerate().flat_map(|(at, first)| {
        scopes
            .iter()
            .skip(at.saturating_add(1))
            .filter(move |second| {
                !first.is_within(second) && !second.is_within(first) && first.may_meet(second)
            })
            .map(move |second| (first, second))
    });
    let (first, second) = pairs.next()?;
    let more = pairs.count();
    let more = if more > 0 { format!("; {more} more pairs likewise") } else { String::new() };
    let message = format!(
        "pods selected by both `{namespace}/{first}` and `{namespace}/{second}` may do what either allows, which no scope shows{more}"
    );
    Some(Finding::new(Code::ReadNotCompared, message))
}
