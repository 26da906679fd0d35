//! From a policy to NetworkPolicy objects: one plan for the pods of each component, both directions together.

use super::model::Object;
use super::names;
use super::objects::{self, Plan, Statement};
use super::provenance;
use super::say::{self, Saying};
use super::selector::Selector;
use crate::diag::{Code, Finding, Severity};
use crate::packet::{PacketSet, Set};
use crate::policy::{Action, Direction, Pods, RuleSet, Scope, Subject, Traffic};
use crate::targets::absorb::absorb;
use crate::targets::{Artifact, Loss, Lowered, Model, Wanted};
use std::collections::{BTreeMap, BTreeSet};

/// The policy as objects for the template.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let mut components: BTreeMap<&Pods, Vec<Spoken<'_>>> = BTreeMap::new();
    for set in &wanted.policy.sets {
        match &set.subject {
            Subject::Pods(pods) if refused(set, pods, &mut lowered.findings) => {}
            Subject::Pods(pods) => components.entry(pods).or_default().push(speak(set, &mut lowered)),
            Subject::HostNetworkPods(_) => {
                leave_out(
                    set,
                    "pods that share their node's network are not governed by a NetworkPolicy",
                    &mut lowered,
                );
            }
            Subject::Machine | Subject::Host => {
                leave_out(
                    set,
                    "only pods are governed by a NetworkPolicy, not nodes or machines",
                    &mut lowered,
                );
            }
        }
    }
    declare_losses(&components, &mut lowered);
    let mut policies: Vec<Object> = Vec::new();
    for (pods, spoken) in &components {
        let (objects, cut) = objects::objects(&plan(pods, spoken));
        if cut {
            let message =
                format!("comments or annotations of the policies for `{}` were shortened", pods.group());
            lowered.findings.push(Finding::new(Code::TargetText, message));
        }
        policies.extend(objects);
    }
    if wanted.options.get(super::DEFAULT_DENY) == Some("yes") {
        policies.extend(default_denies(&components));
    }
    lowered.findings.extend(too_large(&policies));
    if !policies.is_empty() {
        let model = Model::of(&BTreeMap::from([("policies", policies)]));
        lowered.artifacts =
            vec![Artifact { path: "network-policy.yaml".to_owned(), template: super::TEMPLATE, model }];
    }
    lowered
}

/// What can be said of a rule set.
#[derive(Debug)]
struct Spoken<'a> {
    set: &'a RuleSet,
    rules: Vec<Statement<'a>>,
    /// The packets of the rules.
    packets: PacketSet,
    /// The packets that have no words.
    lost: PacketSet,
    /// Why they have none.
    why: BTreeSet<String>,
}

/// Reports whether a rule set cannot be written at all, and says why.
fn refused(set: &RuleSet, pods: &Pods, findings: &mut Vec<Finding>) -> bool {
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
        why.push("a NetworkPolicy can only allow, and only what is known exactly".to_owned());
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
fn speak<'a>(set: &'a RuleSet, lowered: &mut Lowered) -> Spoken<'a> {
    let mut rules: BTreeMap<Saying, Vec<&crate::policy::Origin>> = BTreeMap::new();
    let (mut packets, mut lost, mut why) = (Vec::new(), Vec::new(), BTreeSet::new());
    // Replies and a pod's own traffic pass without a rule.
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let said = say::say(set, rule);
        for reason in said.why {
            let message = match said.saying {
                Some(_) => format!(
                    "`{}` {}: {reason} cannot be said and is left out",
                    set.scope.name, set.scope.direction
                ),
                None => format!(
                    "`{}` {}: a rule is left out, for {reason} cannot be said",
                    set.scope.name, set.scope.direction
                ),
            };
            let finding = Finding::new(Code::TargetCannotSay, message);
            lowered.findings.push(match provenance::id(&rule.origin) {
                Some(id) => finding.endpoint(id),
                None => finding,
            });
            why.insert(reason);
        }
        packets.push(said.packets);
        lost.push(said.lost);
        if let Some(saying) = said.saying {
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
    Spoken { set, rules, packets: PacketSet::union_all(&packets), lost: PacketSet::union_all(&lost), why }
}

fn plan<'a>(pods: &'a Pods, spoken: &[Spoken<'a>]) -> Plan<'a> {
    let way = |direction| {
        let mut spoken = spoken.iter().filter(|spoken| spoken.set.scope.direction == direction).peekable();
        spoken.peek()?;
        Some((direction, spoken.flat_map(|spoken| spoken.rules.clone()).collect()))
    };
    Plan { pods, ways: [Direction::Egress, Direction::Ingress].into_iter().filter_map(way).collect() }
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

/// Declares what could not be said, and what pods may do because a policy of other pods selects them too.
fn declare_losses(components: &BTreeMap<&Pods, Vec<Spoken<'_>>>, lowered: &mut Lowered) {
    for (pods, own) in components {
        let selector = Selector::of_labels(&pods.labels);
        let wider: Vec<(&Pods, &Spoken<'_>)> = components
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
            let own: Vec<&Spoken<'_>> =
                own.iter().filter(|own| own.set.scope.direction == direction).collect();
            let wider: Vec<&(&Pods, &Spoken<'_>)> =
                wider.iter().filter(|(_, wider)| wider.set.scope.direction == direction).collect();
            let all = |sets: Vec<PacketSet>| PacketSet::union_all(&sets);
            let asked = all(own.iter().map(|own| own.set.allows().at_least).collect());
            let more = all(wider.iter().map(|(_, wider)| wider.packets.clone()).collect());
            let said = all(own.iter().map(|own| own.packets.clone()).collect()).union(&more);
            let missing = all(own.iter().map(|own| own.lost.clone()).collect()).subtract(&said);
            let excess = more.subtract(&asked);
            if !missing.is_empty() {
                let why: BTreeSet<&str> = own.iter().flat_map(|own| &own.why).map(String::as_str).collect();
                let why = why.into_iter().collect::<Vec<_>>().join(", ");
                let why = format!("{} {direction}: cannot say {why}", scope.name);
                lowered.losses.push(Loss {
                    scope: scope.clone(),
                    excess: PacketSet::default(),
                    missing,
                    why,
                });
            }
            if !excess.is_empty() {
                let others: BTreeSet<String> =
                    wider.iter().map(|(other, _)| format!("`{}`", other.group())).collect();
                let others = others.into_iter().collect::<Vec<_>>().join(", ");
                let why = format!(
                    "`{}` {direction}: these pods are among {others}, so they may do what those may",
                    scope.name
                );
                lowered.findings.push(Finding::new(Code::TargetCannotSay, why.clone()));
                lowered.losses.push(Loss {
                    scope,
                    excess,
                    missing: PacketSet::default(),
                    why: why.replace('`', ""),
                });
            }
        }
    }
}

/// One for each namespace, in the directions that its policies speak about.
fn default_denies(components: &BTreeMap<&Pods, Vec<Spoken<'_>>>) -> Vec<Object> {
    let mut namespaces: BTreeMap<&str, BTreeSet<Direction>> = BTreeMap::new();
    for (pods, spoken) in components {
        let directions = spoken.iter().map(|spoken| spoken.set.scope.direction);
        namespaces.entry(&pods.namespace).or_default().extend(directions);
    }
    namespaces
        .into_iter()
        .map(|(namespace, directions)| objects::default_deny(namespace, directions))
        .collect()
}

/// Objects that `kubectl apply` could not store, with the arithmetic.
fn too_large(policies: &[Object]) -> Vec<Finding> {
    let check = |object: &Object| {
        let bytes = object.apply_bytes();
        let message = format!(
            "`{}/{}` takes {bytes} bytes of annotations when applied, at most {} are allowed",
            object.namespace,
            object.name,
            super::split::APPLY_MAX
        );
        (bytes > super::split::APPLY_MAX).then(|| Finding::new(Code::TargetLimit, message))
    };
    policies.iter().filter_map(check).collect()
}
