//! From a policy to one rule for each group of endpoints that need the same services at the same addresses.

use super::{DESCRIPTION, MAX_NAME, MAX_RANGES};
use crate::diag::{Code, Finding, any_error};
use crate::packet::{PacketSet, PeerSet, TransportSet};
use crate::policy::{Direction, Need, Origin, RuleSet};
use crate::targets::asked::demand::{Demand, Unsaid, demands, id};
use crate::targets::asked::families::by_family;
use crate::targets::asked::grouped::{Group, grouped};
use crate::targets::clouds::gcp_service::{Service, sayable};
use crate::targets::told::reason::reason;
use crate::targets::told::rule_name::{name, plain};
use crate::targets::{Artifact, Loss, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policy as firewall rules of one network.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let (priority, deny_priority) =
        (number(wanted.options, "gcp.priority"), number(wanted.options, "gcp.deny_priority"));
    let deny = wanted.needs.contains(&Need::DenyRest);
    if deny && priority >= deny_priority {
        let message = format!("`gcp.priority` {priority} is not before `gcp.deny_priority` {deny_priority}");
        let help = "the rule with the lower number wins, and a denial wins among equals";
        lowered.findings.push(Finding::new(Code::VariableInvalid, message).help(help));
        return lowered;
    }
    if let Some(tag) =
        wanted.options.get("gcp.target_tags").filter(|tag| plain(tag) != **tag || tag.ends_with('-'))
    {
        let message =
            format!("`{tag}` is no network tag: lower-case letters, digits and single dashes are needed");
        lowered.findings.push(Finding::new(Code::VariableInvalid, message));
    }
    let mut unsaid = Unsaid::default();
    let mut rules: Vec<Value> = Vec::new();
    let mut shortened = 0_usize;
    for set in &wanted.policy.sets {
        let mut said = allows(set, wanted.options, &mut unsaid, &mut shortened);
        if set.scope.direction == Direction::Egress && deny {
            said.extend(
                [("v4", "0.0.0.0/0"), ("v6", "::/0")]
                    .map(|(family, all)| closing(family, all, wanted.options)),
            );
        } else if set.scope.direction == Direction::Egress {
            let open = if said.is_empty() { None } else { Some(open(set)) };
            lowered.losses.extend(open);
            let message = "all egress stays allowed: no rule denies what these rules do not allow";
            let help = "leave `implied/deny-rest` on";
            lowered.findings.push(Finding::new(Code::TargetCannotSay, message).help(help));
        }
        rules.extend(said);
    }
    let (mut losses, findings) = unsaid.finish();
    // Where everything is allowed, what cannot be said is allowed too.
    losses.retain(|loss| lowered.losses.iter().all(|open| open.scope != loss.scope));
    lowered.losses.extend(losses);
    lowered.findings.extend(findings);
    if shortened > 0 {
        let message = format!("{shortened} descriptions were shortened or changed to fit");
        lowered.findings.push(Finding::new(Code::TargetText, message));
    }
    if rules.is_empty() || any_error(&lowered.findings) {
        return lowered;
    }
    let network = wanted.options.get("gcp.network");
    let tag = wanted.options.get("gcp.target_tags");
    let unless = |set: Option<&str>, name: &'static str| if set.is_some() { Vec::new() } else { vec![name] };
    let model = json!({
        "network": { "literal": Vec::from_iter(network), "variable": unless(network, "network") },
        "tags": { "literal": Vec::from_iter(tag), "variable": unless(tag, "target_tags") },
        "rules": rules,
    });
    let path = "gcp-firewall.tf".to_owned();
    lowered.artifacts.push(Artifact { path, template: super::TEMPLATE, model: model.into() });
    lowered
}

/// The rules that allow what a rule set asks for.
fn allows(set: &RuleSet, options: &Options, unsaid: &mut Unsaid, shortened: &mut usize) -> Vec<Value> {
    let mut by_service: BTreeMap<TransportSet, Vec<Demand<'_>>> = BTreeMap::new();
    for demand in demands(set, unsaid) {
        let sayable = sayable(&demand.transport);
        unsaid.part(
            &set.scope,
            "the firewall looks at no ports of this protocol",
            &demand,
            &sayable.portless,
        );
        unsaid.part(&set.scope, "the firewall does not look at ICMP types", &demand, &sayable.typed);
        for (addrs, said) in by_family(&demand, &sayable.said, &set.scope, unsaid) {
            let demand = Demand { addrs, transport: said.clone(), origin: demand.origin };
            by_service.entry(said).or_default().push(demand);
        }
    }
    let written = by_service.values().flatten().map(|demand| (&demand.addrs, demand.transport.clone()));
    unsaid.said(&set.scope, written);
    let mut rules = Vec::new();
    let groups: Vec<Group<'_>> = grouped(&by_service);
    for group in groups {
        let services = sayable(group.transport).services;
        let (description, changed) = reason(group.origins.iter().copied(), DESCRIPTION);
        *shortened += usize::from(changed);
        let endpoints: BTreeSet<String> = group.origins.iter().map(|origin| id(origin)).collect();
        let endpoints: Vec<String> = endpoints.into_iter().collect();
        let ranges: Vec<String> = group.addrs.prefixes().iter().map(ToString::to_string).collect();
        for (chunk, ranges) in ranges.chunks(MAX_RANGES.max).enumerate() {
            let identity = format!("{}\0{chunk}", spelled(&services));
            let prefix = options.get("gcp.prefix").unwrap_or_default();
            let direction = set.scope.direction;
            let name = name(MAX_NAME.max, prefix, direction.as_str(), &endpoints, group.family, &identity);
            let allow: Vec<Value> = services.iter().map(block).collect();
            rules.push(rule(
                direction,
                &name,
                &description,
                number(options, "gcp.priority"),
                ranges,
                &allow,
                &[],
            ));
        }
    }
    rules.sort_by_key(|rule| rule.get("name").map(ToString::to_string));
    rules
}

/// The rule that denies what no other rule allows, for one family.
fn closing(family: &str, all: &str, options: &Options) -> Value {
    let need = Origin::Implied(Need::DenyRest);
    let name = format!("{}-egress-deny-rest-{family}", plain(options.get("gcp.prefix").unwrap_or_default()));
    let (description, _) = reason([&need], DESCRIPTION);
    let deny = block(&Service { protocol: "all".to_owned(), ports: Vec::new() });
    let priority = number(options, "gcp.deny_priority");
    rule(Direction::Egress, &name, &description, priority, &[all.to_owned()], &[], &[deny])
}

/// What the artifact allows too when nothing denies the rest: everything.
fn open(set: &RuleSet) -> Loss {
    let excess = PacketSet::product(None, &PeerSet::all_addrs(), &TransportSet::full(), &true);
    let why = "all egress stays allowed: the rule that denies the rest is switched off".to_owned();
    Loss { scope: set.scope.clone(), excess, missing: PacketSet::default(), why }
}

fn rule(
    direction: Direction,
    name: &str,
    description: &str,
    priority: u32,
    ranges: &[String],
    allow: &[Value],
    deny: &[Value],
) -> Value {
    let (word, argument) = match direction {
        Direction::Egress => ("EGRESS", "destination_ranges"),
        Direction::Ingress => ("INGRESS", "source_ranges"),
    };
    json!({
        "name": name,
        "label": name.replace('-', "_"),
        "description": description,
        "direction": word,
        "priority": priority,
        "argument": argument,
        "ranges": ranges,
        "allow": allow,
        "deny": deny,
    })
}

/// One `allow` or `deny`: its ports are a list of at most one list, because none at all means every port.
fn block(service: &Service) -> Value {
    let ports: Vec<String> = service.ports.iter().map(ToString::to_string).collect();
    let ports = if ports.is_empty() { Vec::new() } else { vec![ports] };
    json!({ "protocol": service.protocol, "ports": ports })
}

fn spelled(services: &[Service]) -> String {
    let one = |service: &Service| {
        let ports: Vec<String> = service.ports.iter().map(ToString::to_string).collect();
        format!("{}:{}", service.protocol, ports.join(","))
    };
    services.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn number(options: &Options, key: &str) -> u32 {
    options.get(key).and_then(|number| number.parse().ok()).unwrap_or_default()
}
