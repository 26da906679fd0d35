//! The inputs in a `module` block, or standing alone as in a file of variables.

use super::{CONTROL_PLANE, DEFAULT_PORTS, PORTS, SWITCH};
use crate::diag::{Code, Finding, Place, Source};
use crate::packet::{
    AddrSet, Constraint, GroupSet, PeerSet, PortRange, PortSet, Prefix, Protocol, Set, TransportSet,
};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::syntax::hcl::{Value, is_module_file, read};
use crate::targets::clouds::terraform::{Stated, found, items, stated, unknown, unmodelled};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads the inputs of the GKE module.
#[derive(Debug)]
pub(super) struct GkeModuleHcl;

/// The other switch that opens the ports, among much else that is not read.
const CLUSTER_SWITCH: &str = "add_cluster_firewall_rules";
/// The addresses of the control plane of a private cluster.
const CONTROL_PLANE_BLOCK: &str = "master_ipv4_cidr_block";

impl Importer for GkeModuleHcl {
    fn name(&self) -> &'static str {
        "gke-module-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        source.text().lines().any(|line| {
            let name = line.trim_start_matches('\u{FEFF}').trim_start().split(['=', ' ', '\t']).next();
            name.is_some_and(|name| [SWITCH, PORTS].contains(&name))
        })
    }

    fn completes(&self, source: &Source) -> bool {
        is_module_file(source.name())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let read = read(sources);
        let mut findings = read.findings;
        let mut sets = Vec::new();
        for module in &read.modules {
            let alone = ("gke-module".to_owned(), &module.attributes, [].as_slice());
            let blocks = module.blocks.iter().filter(|block| block.kind == "module");
            let called = blocks.map(|block| (block.address(), &block.attributes, block.uncertain.as_slice()));
            for (name, inputs, conditions) in std::iter::once(alone).chain(called) {
                sets.extend(rule_set(name, inputs, conditions, &mut findings));
            }
        }
        Imported { policy: Policy::new(sets), findings }
    }
}

/// What the inputs open, or nothing when they are not about ports.
fn rule_set(
    name: String,
    inputs: &BTreeMap<String, Value>,
    conditions: &[String],
    findings: &mut Vec<Finding>,
) -> Option<RuleSet> {
    let place = &inputs.get(SWITCH).or_else(|| inputs.get(PORTS))?.place;
    let mut doubts: Vec<Unmodelled> =
        conditions.iter().map(|text| unknown(text, "it decides whether the module is used")).collect();
    let scope = Scope { name, direction: Direction::Ingress };
    let universe = PeerSet::all_addrs().union(&PeerSet::all_groups());
    let mut set =
        RuleSet { scope, subject: Subject::Host, universe, rules: Vec::new(), default: Action::Deny };
    if !switched_on(inputs, &mut doubts, findings) {
        return Some(set);
    }
    let ports = ports(inputs, &mut doubts, findings);
    let peer = Constraint::only(control_plane(inputs, findings));
    let transport = Constraint::only(TransportSet::ports(Protocol::TCP, &ports));
    findings.extend(doubts.iter().map(|part| unmodelled(part, place)));
    set.rules.extend(peer.zip(transport).map(|(peer, transport)| Rule {
        action: Action::Allow,
        matches: Match { source: Constraint::Any, peer, transport },
        traffic: Traffic::New,
        unmodelled: doubts,
        origin: Origin::File(place.clone()),
    }));
    Some(set)
}

/// Reports whether the rule is written, surely or perhaps.
fn switched_on(
    inputs: &BTreeMap<String, Value>,
    doubts: &mut Vec<Unmodelled>,
    findings: &mut Vec<Finding>,
) -> bool {
    let mut perhaps = Vec::new();
    for switch in [SWITCH, CLUSTER_SWITCH] {
        let value = inputs.get(switch);
        match stated(value, Value::as_bool) {
            Stated::Known(true) if switch == SWITCH => return true,
            Stated::Known(true) => {
                findings.extend(value.map(|value| {
                    let message = format!("`{switch}` opens more than webhook ports, which is not read");
                    found(Code::ReadNotCompared, message, &value.place)
                }));
                return true;
            }
            Stated::Unknown(text) => perhaps.push(unknown(&text, "it decides whether the ports are opened")),
            Stated::Known(false) | Stated::Absent => {}
        }
    }
    let on = !perhaps.is_empty();
    doubts.extend(perhaps);
    on
}

/// The ports of the list, or the module's defaults when it is not given. The list becomes that of a firewall rule, where
/// none means every port; a `null` that is given is no default either.
fn ports(
    inputs: &BTreeMap<String, Value>,
    doubts: &mut Vec<Unmodelled>,
    findings: &mut Vec<Finding>,
) -> PortSet {
    let Some(list) = inputs.get(PORTS) else {
        return PortSet::of(DEFAULT_PORTS.map(PortRange::single));
    };
    let items = items(list);
    if items.is_empty() || list.kind == crate::syntax::hcl::Kind::Null {
        let message = format!("`{PORTS}` lists no port, which opens every TCP port");
        findings.push(found(Code::ReadDefaulted, message, &list.place));
        return PortSet::full();
    }
    let mut ranges: Vec<PortRange> = Vec::new();
    let mut refuse = |message: String, place: &Place| findings.push(found(Code::ReadRefused, message, place));
    let before = doubts.len();
    for item in items {
        match (item.as_text(), item.unknown()) {
            (Some(text), _) => match text.parse() {
                Ok(range) => ranges.push(range),
                Err(error) => refuse(crate::packet::PortRangeError::to_string(&error), &item.place),
            },
            (None, Some(text)) => doubts.push(unknown(text, "it decides which ports are opened")),
            (None, None) => {
                refuse(format!("{} stands where a port is needed", item.kind.describe()), &item.place);
            }
        }
    }
    if doubts.len() > before { PortSet::full() } else { PortSet::of(ranges) }
}

/// The far end: the addresses of the control plane where the module is told them, else the group.
fn control_plane(inputs: &BTreeMap<String, Value>, findings: &mut Vec<Finding>) -> PeerSet {
    let group = PeerSet::from(GroupSet::of([CONTROL_PLANE]));
    let Some((text, value)) =
        inputs.get(CONTROL_PLANE_BLOCK).and_then(|value| Some((value.as_text()?, value)))
    else {
        return group;
    };
    match text.parse::<Prefix>() {
        Ok(prefix) => PeerSet::from(AddrSet::of([prefix])),
        Err(error) => {
            findings.push(found(Code::ReadRefused, error.to_string(), &value.place));
            group
        }
    }
}
