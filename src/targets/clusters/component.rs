//! The rule sets of components as policies for their pods: what each of them says, and what pods may do because of
//! policies for other pods that select them too.

use crate::diag::{Code, Finding, Severity};
use crate::packet::{PacketSet, Prefix, Set};
use crate::policy::{Action, Direction, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::syntax::kubernetes::names;
use crate::syntax::kubernetes::selector::Selector;
use crate::targets::asked::absorb::{Allowing, absorb};
use crate::targets::told::provenance;
use crate::targets::{Loss, Lowered};
use std::collections::{BTreeMap, BTreeSet};

/// What a target can say in one rule; equal sayings are one rule.
pub(in crate::targets) trait Saying: Clone + Ord {
    /// Each block that it names, all of its peers if it names blocks only. None when it has peers of another kind, or
    /// every peer.
    fn blocks(&self) -> Option<Vec<Prefix>>;

    /// Reports whether everything that the other one allows is allowed by this one too, as far as one rule shows it.
    fn covers(&self, other: &Self) -> bool;
}

/// What came of a rule.
#[derive(Debug, Clone)]
pub(in crate::targets) struct Said<S> {
    /// What can be said; nothing when nothing can.
    pub(in crate::targets) sayings: Vec<S>,
    /// The packets of that. They may be more than was asked, where `widened` says why.
    pub(in crate::targets) packets: PacketSet,
    /// The packets that cannot be said.
    pub(in crate::targets) lost: PacketSet,
    /// Why they cannot be.
    pub(in crate::targets) why: Vec<String>,
    /// Why there are more packets than were asked for.
    pub(in crate::targets) widened: Vec<String>,
}

impl<S> Default for Said<S> {
    fn default() -> Self {
        let (packets, lost) = (PacketSet::default(), PacketSet::default());
        Self { sayings: Vec::new(), packets, lost, why: Vec::new(), widened: Vec::new() }
    }
}

/// A rule for an object, with where it came from.
#[derive(Debug, Clone)]
pub(in crate::targets) struct Statement<'a, S> {
    /// What it says.
    pub(in crate::targets) saying: S,
    /// Why.
    pub(in crate::targets) origins: Vec<&'a Origin>,
}

impl<S: Saying> Allowing for Statement<'_, S> {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        self.saying.blocks()
    }

    fn covers(&self, other: &Self) -> bool {
        self.saying.covers(&other.saying)
    }

    fn take(&mut self, other: Self) {
        self.origins.extend(other.origins);
    }
}

/// What can be said of a rule set.
#[derive(Debug)]
pub(in crate::targets) struct Spoken<'a, S> {
    /// The rule set.
    pub(in crate::targets) set: &'a RuleSet,
    /// Its rules, in their final order.
    pub(in crate::targets) rules: Vec<Statement<'a, S>>,
    packets: PacketSet,
    lost: PacketSet,
    why: BTreeSet<String>,
    widened: BTreeSet<String>,
}

/// Says every rule set of a policy that is about pods, and declares what cannot be said. `object` is what rules are
/// written in: `NetworkPolicy`.
pub(in crate::targets) fn speak<'a, S: Saying>(
    policy: &'a Policy,
    object: &str,
    lowered: &mut Lowered,
    say: impl Fn(&RuleSet, &Rule) -> Said<S>,
) -> BTreeMap<&'a Pods, Vec<Spoken<'a, S>>> {
    let mut components: BTreeMap<&Pods, Vec<Spoken<'_, S>>> = BTreeMap::new();
    for set in &policy.sets {
        match &set.subject {
            Subject::Pods(pods) if refused(set, pods, object, &mut lowered.findings) => {}
            Subject::Pods(pods) => components.entry(pods).or_default().push(speak_set(set, &say, lowered)),
            Subject::HostNetworkPods(_) => {
                let why = format!("pods that share their node's network are not governed by a {object}");
                leave_out(set, &why, lowered);
            }
            Subject::Machine | Subject::Host => {
                let why = format!("only pods are governed by a {object}, not nodes or machines");
                leave_out(set, &why, lowered);
            }
        }
    }
    declare_losses(&components, lowered);
    components
}

/// Reports whether a rule set cannot be written at all, and says why.
fn refused(set: &RuleSet, pods: &Pods, object: &str, findings: &mut Vec<Finding>) -> bool {
    let mut why = Vec::new();
    if !names::is_namespace(&pods.namespace) {
        why.push(format!("`{}` is not a name of a namespace", pods.namespace));
    }
    for (key, value) in &pods.labels {
        if !names::is_label_key(key) {
            why.push(format!("`{key}` is not a key of a label"));
        }
        if !names::is_label_value(value) {
            why.push(format!("`{value}` is not a value of a label"));
        }
    }
    let allows_only = set.rules.iter().all(|rule| rule.action == Action::Allow && rule.unmodelled.is_empty());
    if !allows_only || set.default == Action::Allow {
        why.push(format!("a {object} written here only allows, and only what is known exactly"));
    }
    let refused = !why.is_empty();
    let error = |why| {
        let message = format!("{}: {why}", set.scope);
        Finding { severity: Severity::Error, ..Finding::new(Code::TargetCannotSay, message) }
    };
    findings.extend(why.into_iter().map(error));
    refused
}

/// Says the rules of a set, equal ones once, in an order of their own.
fn speak_set<'a, S: Saying>(
    set: &'a RuleSet,
    say: impl Fn(&RuleSet, &Rule) -> Said<S>,
    lowered: &mut Lowered,
) -> Spoken<'a, S> {
    let mut rules: BTreeMap<S, Vec<&Origin>> = BTreeMap::new();
    let (mut packets, mut lost) = (Vec::new(), Vec::new());
    let (mut why, mut widened) = (BTreeSet::new(), BTreeSet::new());
    let (name, direction) = (&set.scope.name, set.scope.direction);
    // Replies and a pod's own traffic pass without a rule.
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let said = say(set, rule);
        let mut tell = |message: String| {
            let finding = Finding::new(Code::TargetCannotSay, message);
            lowered.findings.push(match provenance::id(&rule.origin) {
                Some(id) => finding.endpoint(id),
                None => finding,
            });
        };
        for reason in said.why {
            tell(if said.sayings.is_empty() {
                format!("`{name}` {direction}: a rule is left out, for {reason} cannot be said")
            } else {
                format!("`{name}` {direction}: {reason} cannot be said and is left out")
            });
            why.insert(reason);
        }
        for reason in said.widened {
            tell(format!("`{name}` {direction}: {reason}"));
            widened.insert(reason);
        }
        packets.push(said.packets);
        lost.push(said.lost);
        for saying in said.sayings {
            rules.entry(saying).or_default().push(&rule.origin);
        }
    }
    let rules = rules.into_iter().map(|(saying, origins)| Statement { saying, origins }).collect();
    let mut rules = absorb(rules);
    for rule in &mut rules {
        rule.origins.sort_by_cached_key(|origin| provenance::comments(origin));
        rule.origins.dedup();
    }
    rules.sort_by_cached_key(|rule| {
        rule.origins.iter().map(|origin| provenance::comments(origin)).collect::<Vec<_>>()
    });
    let (packets, lost) = (PacketSet::union_all(&packets), PacketSet::union_all(&lost));
    Spoken { set, rules, packets, lost, why, widened }
}

/// Declares a whole rule set lost, with the endpoints it was for.
fn leave_out(set: &RuleSet, why: &str, lowered: &mut Lowered) {
    let ids: BTreeSet<&str> = set.rules.iter().filter_map(|rule| provenance::id(&rule.origin)).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let of = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
    let message = format!("{}: {why}{of}", set.scope);
    let help = "guard the node instead: with a security group, a firewall of the network, or iptables";
    lowered.findings.push(Finding::new(Code::TargetNotEnforceable, message).help(help));
    lowered.losses.push(Loss {
        scope: set.scope.clone(),
        excess: PacketSet::default(),
        missing: set.allows().at_least,
        why: format!("{}: {why}{of}", set.scope),
    });
}

/// Declares what could not be said, what is said beyond what was asked, and what pods may do because a policy of other
/// pods selects them too.
fn declare_losses<S>(components: &BTreeMap<&Pods, Vec<Spoken<'_, S>>>, lowered: &mut Lowered) {
    for (pods, own) in components {
        let selector = Selector::of_labels(&pods.labels);
        let wider: Vec<(&Pods, &Spoken<'_, S>)> = components
            .iter()
            .filter(|(other, _)| {
                *other != pods
                    && other.namespace == pods.namespace
                    && selector.is_within(&Selector::of_labels(&other.labels))
            })
            .flat_map(|(other, spoken)| spoken.iter().map(|spoken| (*other, spoken)))
            .collect();
        for direction in [Direction::Egress, Direction::Ingress] {
            let scope = Scope { name: pods.group(), direction };
            let own: Vec<&Spoken<'_, S>> =
                own.iter().filter(|own| own.set.scope.direction == direction).collect();
            let wider: Vec<&(&Pods, &Spoken<'_, S>)> =
                wider.iter().filter(|(_, wider)| wider.set.scope.direction == direction).collect();
            let all = |sets: Vec<PacketSet>| PacketSet::union_all(&sets);
            let asked = all(own.iter().map(|own| own.set.allows().at_least).collect());
            let more = all(wider.iter().map(|(_, wider)| wider.packets.clone()).collect());
            let said = all(own.iter().map(|own| own.packets.clone()).collect());
            let lost = all(own.iter().map(|own| own.lost.clone()).collect());
            let missing = lost.subtract(&said.union(&more));
            let nothing = PacketSet::default;
            let mut declare = |excess: PacketSet, missing: PacketSet, why: String| {
                lowered.losses.push(Loss { scope: scope.clone(), excess, missing, why });
            };
            if !missing.is_empty() {
                let why: BTreeSet<&str> = own.iter().flat_map(|own| &own.why).map(String::as_str).collect();
                let why = why.into_iter().collect::<Vec<_>>().join(", ");
                declare(nothing(), missing, format!("{} {direction}: cannot say {why}", scope.name));
            }
            let widened = said.subtract(&asked);
            if !widened.is_empty() {
                let why: BTreeSet<&str> =
                    own.iter().flat_map(|own| &own.widened).map(String::as_str).collect();
                let why = why.into_iter().collect::<Vec<_>>().join(", ");
                declare(widened, nothing(), format!("{} {direction}: {why}", scope.name).replace('`', ""));
            }
            let excess = more.subtract(&asked);
            if !excess.is_empty() {
                let others: BTreeSet<String> =
                    wider.iter().map(|(other, _)| format!("`{}`", other.group())).collect();
                let others = others.into_iter().collect::<Vec<_>>().join(", ");
                let why = format!(
                    "`{}` {direction}: these pods are among {others}, so they may do what those may",
                    scope.name
                );
                declare(excess, nothing(), why.replace('`', ""));
                lowered.findings.push(Finding::new(Code::TargetCannotSay, why));
            }
        }
    }
}

/// The rules of each direction that is spoken about, egress first.
pub(in crate::targets) fn ways<'a, S: Clone>(
    spoken: &[Spoken<'a, S>],
) -> Vec<(Direction, Vec<Statement<'a, S>>)> {
    let way = |direction| {
        let mut spoken = spoken.iter().filter(|spoken| spoken.set.scope.direction == direction).peekable();
        spoken.peek()?;
        Some((direction, spoken.flat_map(|spoken| spoken.rules.clone()).collect()))
    };
    [Direction::Egress, Direction::Ingress].into_iter().filter_map(way).collect()
}
