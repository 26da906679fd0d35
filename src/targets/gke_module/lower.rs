//! From the ingress rules of a policy to the two inputs.

use super::{CONTROL_PLANE, DEFAULT_PORTS, LITERAL, SOURCES, TEMPLATE};
use crate::diag::{Code, Finding, Severity};
use crate::packet::{GroupSet, PacketSet, PeerSet, PortRange, PortSet, Protocol, Set, TransportSet};
use crate::policy::{Direction, Origin, RuleSet, Traffic};
use crate::targets::asked::demand::Unsaid;
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Artifact, Loss, Lowered, Wanted};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A comment takes anything that fits on a line.
const COMMENT: Room = Room { limit: 1000, allowed: |_| true };

/// The ports that the policy asks for, as inputs of the module.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let literal = wanted.options.get("gke.literal") == Some("yes");
    let defaults = PortSet::of(DEFAULT_PORTS.map(PortRange::single));
    for set in &wanted.policy.sets {
        match set.scope.direction {
            Direction::Egress => egress(set, &mut lowered),
            Direction::Ingress => ingress(set, literal, &defaults, &mut lowered),
        }
    }
    lowered
}

/// The module's inputs say nothing about egress.
fn egress(set: &RuleSet, lowered: &mut Lowered) {
    let missing = set.allows().at_most;
    if missing.is_empty() {
        return;
    }
    let why = "the inputs of the module are about ingress only".to_owned();
    let message = "egress is not governed by these inputs, so none of its rules are written";
    let help = "use `gcp-firewall` or `network-policy` for egress";
    lowered.findings.push(Finding::new(Code::TargetNotEnforceable, message).help(help));
    lowered.losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
}

fn ingress(set: &RuleSet, literal: bool, defaults: &PortSet, lowered: &mut Lowered) {
    let mut unsaid = Unsaid::default();
    let mut ports: BTreeMap<(u16, u16), Vec<&Origin>> = BTreeMap::new();
    let everything = TransportSet::full();
    let (mut missing, mut sources) = (PacketSet::default(), BTreeSet::new());
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let transport = rule.matches.transport.set().unwrap_or(&everything);
        let said = transport.ports_of(Protocol::TCP);
        // Every protocol holds every port of TCP, but to open those would not be what was asked either.
        let said = if transport.is_full() { PortSet::default() } else { said };
        let written = TransportSet::ports(Protocol::TCP, &said);
        let peers = rule.matches.peer.set().unwrap_or(&set.universe);
        let packets =
            |services: &TransportSet| PacketSet::product(rule.matches.source.set(), peers, services, &true);
        unsaid.add(
            &set.scope,
            "the module opens ports of TCP only",
            &packets(&transport.subtract(&written)),
            &rule.origin,
        );
        if !said.is_empty() {
            missing = missing.union(&packets(&written));
            sources.insert(peers);
        }
        for range in said.ranges() {
            ports.entry(range).or_default().push(&rule.origin);
        }
    }
    let (losses, findings) = unsaid.finish();
    lowered.losses.extend(losses);
    lowered.findings.extend(findings);
    if ports.is_empty() {
        return;
    }
    let asked = PortSet::from_ranges(ports.keys().copied());
    let opened = if literal { asked.clone() } else { asked.union(defaults) };
    let left_out = defaults.subtract(&asked);
    if literal && !left_out.is_empty() {
        let message = format!("the module's default ports {} are closed by this list", spoken(&left_out));
        let help = "leave `gke.literal` off to keep them open";
        lowered.findings.push(Finding::new(Code::TargetCannotSay, message).help(help));
    }
    lowered.findings.extend(several_sources(sources.len()));
    let loss = loss(set, missing, &opened, if literal { None } else { Some(&left_out) });
    let finding = Finding::new(Code::TargetCannotSay, loss.why.clone());
    lowered.findings.push(Finding { severity: Severity::Note, ..finding });
    lowered.losses.push(loss);
    let reasons: Vec<_> = ports
        .iter()
        .map(|((first, last), origins)| {
            let (why, _) = reason(origins.iter().copied(), COMMENT);
            json!({ "ports": spoken(&PortSet::from_ranges([(*first, *last)])), "why": why })
        })
        .collect();
    let list = |ports: &PortSet| ports.port_ranges().map(|range| range.to_string()).collect::<Vec<_>>();
    // Why the list is not shorter: it would not be what was asked alone, or not one of its ports alone.
    let highest = PortSet::from_ranges(opened.ranges().last());
    let alone = if left_out.is_empty() { &highest } else { &asked };
    let others = opened.subtract(alone);
    let union = (!others.is_empty()).then(|| json!({ "alone": list(alone), "others": spoken(&others) }));
    lowered.artifacts.push(Artifact {
        path: "gke-module.tfvars".to_owned(),
        template: if literal { LITERAL } else { TEMPLATE },
        model: json!({ "ports": list(&opened), "reasons": reasons, "union": Vec::from_iter(union) }).into(),
    });
}

/// Whoever was asked for becomes the control plane, and the default ports come with it.
fn loss(set: &RuleSet, missing: PacketSet, opened: &PortSet, kept: Option<&PortSet>) -> Loss {
    let opened = TransportSet::ports(Protocol::TCP, opened);
    let group = PeerSet::from(GroupSet::of([CONTROL_PLANE]));
    let kept = kept.filter(|ports| !ports.is_empty()).map_or_else(String::new, |ports| {
        format!("; the module's default ports {} stay open beside those asked for", spoken(ports))
    });
    Loss {
        scope: set.scope.clone(),
        excess: PacketSet::product(None, &group, &opened, &true),
        missing,
        why: format!(
            "the module opens ingress from the cluster's control plane, whose addresses it knows{kept}"
        ),
    }
}

/// The module has one source, so rules for several cannot all be meant by it.
fn several_sources(count: usize) -> Option<Finding> {
    let message =
        format!("{count} different sources are asked for, and the module opens ports for {SOURCES}");
    let help = "only the control plane is let in; use `gcp-firewall` for the others";
    (count > SOURCES).then(|| Finding::new(Code::TargetCannotSay, message).help(help))
}

fn spoken(ports: &PortSet) -> String {
    ports.port_ranges().map(|range| range.to_string()).collect::<Vec<_>>().join(", ")
}
