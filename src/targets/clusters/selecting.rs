//! Policies that select pods by labels, as rule sets: one for each distinct selection and direction, with the rules of
//! every policy that certainly selects those pods.

use crate::diag::{Code, Finding};
use crate::packet::PeerSet;
use crate::policy::{Action, Direction, Pods, Policy, Rule, RuleSet, Scope, Subject};
use crate::syntax::kubernetes::pods::{Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::Selector;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a policy selects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) enum Who {
    /// Pods.
    Pods(PodPeer),
    /// Nodes, or the addresses of a host, by labels.
    Nodes(Selector),
    /// What a selector chooses that asks for more than labels, in one spelling.
    Other(String),
}

/// What one policy says of one direction of the traffic of what it selects.
#[derive(Debug, Clone)]
pub(in crate::targets) struct Voice<R> {
    /// What it selects.
    pub(in crate::targets) who: Who,
    /// The direction.
    pub(in crate::targets) direction: Direction,
    /// The rules.
    pub(in crate::targets) rules: Vec<R>,
    /// Whether what no policy allows is denied because of this one.
    pub(in crate::targets) isolates: bool,
    /// Its place among what is tried one after the other, where there is such.
    pub(in crate::targets) rank: usize,
}

impl Who {
    /// Reports whether everything that is selected is certainly selected by the other one, too.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pods(own), Self::Pods(other)) => {
                own.pods.is_within(&other.pods)
                    && own.namespace_selector().is_within(&other.namespace_selector())
            }
            (Self::Nodes(own), Self::Nodes(other)) => own.is_within(other),
            (Self::Other(_), Self::Pods(other)) => *other == PodPeer::everywhere(),
            (Self::Other(own), Self::Other(other)) => own == other,
            (Self::Pods(_) | Self::Nodes(_) | Self::Other(_), _) => false,
        }
    }

    /// Reports whether something may be selected by both.
    fn may_meet(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pods(own), Self::Pods(other)) => {
                own.pods.may_meet(&other.pods)
                    && own.namespace_selector().may_meet(&other.namespace_selector())
            }
            (Self::Nodes(own), Self::Nodes(other)) => own.may_meet(other),
            (Self::Other(_), _) | (_, Self::Other(_)) => true,
            (Self::Pods(_), Self::Nodes(_)) | (Self::Nodes(_), Self::Pods(_)) => false,
        }
    }

    fn selector(&self) -> Option<&Selector> {
        match self {
            Self::Pods(pods) => Some(&pods.pods),
            Self::Nodes(nodes) => Some(nodes),
            Self::Other(_) => None,
        }
    }

    fn subject(&self) -> Subject {
        let Self::Pods(PodPeer { namespaces: Namespaces::Named(namespace), pods }) = self else {
            return Subject::Host;
        };
        // Labels with a source are none that a catalog could ask for.
        let plain = pods.labels().filter(|labels| labels.keys().all(|key| !key.contains(':')));
        plain.map_or(Subject::Host, |labels| Subject::Pods(Pods { namespace: namespace.clone(), labels }))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(pods) => pods.fmt(f),
            Self::Nodes(nodes) => write!(f, "node/{nodes}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// The most rules that all scopes may have together, each counted in every scope where it counts.
const RULES_MAX: usize = 1_000_000;

/// What the policies mean together. `combine` makes of all that speak of a direction of the same pods, in the order in
/// which they were given, the rules in the order in which they are tried, and what happens to the rest.
pub(in crate::targets) fn lift<R>(
    voices: &[Voice<R>],
    universe: &PeerSet,
    combine: impl Fn(&[&Voice<R>]) -> (Vec<Rule>, Action),
    findings: &mut Vec<Finding>,
) -> Policy {
    let scopes: BTreeSet<&Who> = voices.iter().map(|voice| &voice.who).collect();
    let mut anchors: BTreeMap<Anchor<'_>, Vec<usize>> = BTreeMap::new();
    for (index, voice) in voices.iter().enumerate() {
        anchors.entry(anchor(&voice.who)).or_default().push(index);
    }
    let mut sets: Vec<RuleSet> = Vec::new();
    let mut total = 0_usize;
    for who in &scopes {
        let candidates = keys(who).into_iter().filter_map(|key| anchors.get(&key)).flatten().copied();
        let mut selecting: Vec<usize> = candidates.collect();
        selecting.sort_unstable();
        let selecting: Vec<&Voice<R>> = selecting
            .into_iter()
            .filter_map(|index| voices.get(index))
            .filter(|voice| who.is_within(&voice.who))
            .collect();
        total = total.saturating_add(selecting.iter().map(|voice| voice.rules.len().saturating_add(1)).sum());
        if total > RULES_MAX {
            let message = format!(
                "the policies select each other's pods so often that their scopes have more than {RULES_MAX} rules together"
            );
            findings.push(Finding::new(Code::ReadTooLarge, message));
            return Policy::new(sets);
        }
        for direction in [Direction::Egress, Direction::Ingress] {
            let speaking: Vec<&Voice<R>> =
                selecting.iter().copied().filter(|voice| voice.direction == direction).collect();
            if speaking.is_empty() {
                continue;
            }
            let (rules, default) = combine(&speaking);
            let scope = Scope { name: who.to_string(), direction };
            sets.push(RuleSet { scope, subject: who.subject(), universe: universe.clone(), rules, default });
        }
    }
    findings.extend(overlaps(&scopes));
    Policy::new(sets)
}

/// Where a policy is looked for: its namespace and one label that it asks for, as far as it asks for any.
type Anchor<'a> = (Option<&'a str>, Option<(&'a str, &'a str)>);

fn namespace(who: &Who) -> Option<&str> {
    match who {
        Who::Pods(PodPeer { namespaces: Namespaces::Named(namespace), .. }) => Some(namespace),
        Who::Pods(_) | Who::Nodes(_) | Who::Other(_) => None,
    }
}

fn labels(who: &Who) -> impl Iterator<Item = (&str, &str)> {
    who.selector().into_iter().flat_map(Selector::tests).filter_map(|(key, test)| Some((key, test.single()?)))
}

fn anchor(who: &Who) -> Anchor<'_> {
    (namespace(who), labels(who).next())
}

/// Where all policies stand that may select what another one selects.
fn keys(who: &Who) -> BTreeSet<Anchor<'_>> {
    let spaces = [None, namespace(who)];
    let keys = std::iter::once(None).chain(labels(who).map(Some));
    keys.flat_map(|label| spaces.map(|space| (space, label))).collect()
}

/// At most so many scopes are tried in pairs.
const PAIRED: usize = 500;

/// What two policies select may do what either says, which no scope shows; so it is said.
fn overlaps(scopes: &BTreeSet<&Who>) -> Option<Finding> {
    let scopes: Vec<&Who> = scopes.iter().copied().take(PAIRED).collect();
    let mut pairs = scopes.iter().enumerate().flat_map(|(at, first)| {
        let rest = scopes.iter().skip(at.saturating_add(1));
        rest.filter(move |second| {
            !first.is_within(second) && !second.is_within(first) && first.may_meet(second)
        })
        .map(move |second| (first, second))
    });
    let (first, second) = pairs.next()?;
    let more = pairs.count();
    let more = if more > 0 { format!("; {more} more pairs likewise") } else { String::new() };
    let message = format!(
        "what both `{first}` and `{second}` select is under the rules of either, which no scope shows{more}"
    );
    Some(Finding::new(Code::ReadNotCompared, message))
}
