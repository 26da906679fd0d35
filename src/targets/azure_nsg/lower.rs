//! From a policy to one rule for each protocol and each group of endpoints that need it at the same addresses.

use super::service::{Service, sayable};
use super::{DESCRIPTION, MAX_NAME, MAX_RANGES, MAX_RULES, SERVICE_TAGS, TAGS_TEMPLATE};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::packet::TransportSet;
use crate::policy::{Direction, Need, Origin, RuleSet};
use crate::targets::asked::demand::{Demand, Unsaid, demands, id};
use crate::targets::asked::families::by_family;
use crate::targets::asked::grouped::grouped;
use crate::targets::clouds::tagged::{Tagged, Tags};
use crate::targets::told::places::places;
use crate::targets::told::reason::reason;
use crate::targets::told::rule_name::{name, plain};
use crate::targets::{Artifact, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A rule that allows, before it has a priority.
struct Rule {
    name: String,
    description: String,
    protocol: &'static str,
    ports: Vec<String>,
    ranges: Vec<String>,
    /// The service tag that stands in the place of ranges.
    tag: Option<String>,
}

/// The policy as rules of one group.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered { findings: refused(wanted), ..Lowered::default() };
    if any_error(&lowered.findings) {
        return lowered;
    }
    let mut unsaid = Unsaid::default();
    let mut rules: Vec<Value> = Vec::new();
    let mut shortened = 0_usize;
    let mut counts = Vec::new();
    let (first, deny) = (number(wanted.options, "priority"), number(wanted.options, "deny_priority"));
    let mut tags = Tags::of(wanted.options, SERVICE_TAGS, |tag| {
        (!tag.in_groups).then_some("as network security groups do not take them")
    });
    for set in &wanted.policy.sets {
        let direction = set.scope.direction;
        let allows = allows(set, wanted.options, &mut tags, &mut unsaid, &mut shortened);
        counts.push((direction, allows.len()));
        let names: Vec<&str> = allows.iter().map(|rule| rule.name.as_str()).collect();
        let Some(priorities) = places(&names, first, deny.saturating_sub(1)) else {
            let room = deny.saturating_sub(first);
            let message =
                format!("{} {direction} rules where {room} priorities are before {deny}", allows.len());
            let help = "select fewer endpoints, or leave more room with `azure-nsg.priority`";
            lowered.findings.push(Finding::new(Code::TargetLimit, message).help(help));
            continue;
        };
        let mut said: Vec<(u32, Value)> = allows
            .iter()
            .zip(priorities)
            .map(|(rule, priority)| (priority, resource(direction, rule, priority, "Allow")))
            .collect();
        said.sort_by_key(|(priority, _)| *priority);
        rules.extend(said.into_iter().map(|(_, rule)| rule));
        rules.push(resource(direction, &closing(direction, wanted.options), deny, "Deny"));
    }
    lowered.findings.extend(count(&counts));
    let (losses, findings) = unsaid.finish();
    lowered.losses = losses;
    lowered.findings.extend(findings);
    lowered.findings.extend(tags.findings());
    if shortened > 0 {
        let message = format!("{shortened} descriptions were shortened or changed to fit");
        lowered.findings.push(Finding::new(Code::TargetText, message));
    }
    if rules.is_empty() || any_error(&lowered.findings) {
        return lowered;
    }
    let path = "azure-nsg.tf".to_owned();
    lowered.artifacts.push(Artifact {
        path,
        template: super::TEMPLATE,
        model: model(wanted.options, &rules).into(),
    });
    if let Some(evidence) = tags.evidence("azure-nsg.service-tags.json", TAGS_TEMPLATE) {
        lowered.completing.insert(evidence.path.clone());
        lowered.artifacts.push(evidence);
    }
    lowered
}

/// What stands in the way before anything is laid out.
fn refused(wanted: &Wanted<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |code: Code, message: String, help: &str| {
        let finding = Finding::new(code, message).help(help);
        findings.push(Finding { severity: Severity::Error, ..finding });
    };
    if !wanted.policy.sets.is_empty() && !wanted.needs.contains(&Need::DenyRest) {
        let message =
            "without a rule that denies the rest, what passes is decided by tags that only Azure knows";
        refuse(Code::TargetCannotSay, message.to_owned(), "leave `implied/deny-rest` on");
    }
    let (first, deny) = (number(wanted.options, "priority"), number(wanted.options, "deny_priority"));
    if first >= deny {
        let message = format!("`azure-nsg.priority` {first} is not before `azure-nsg.deny_priority` {deny}");
        refuse(Code::VariableInvalid, message, "the rule with the lower number is tried first");
    }
    for key in ["azure-nsg.name", "azure-nsg.network_security_group", "azure-nsg.resource_group"] {
        if let Some(name) = wanted.options.get(key).filter(|name| name.ends_with('-')) {
            let message = format!("`{name}` is no name that Azure takes: a letter, digit or `_` ends it");
            refuse(Code::VariableInvalid, message, "choose another name");
        }
    }
    findings
}

/// The rules that allow what a rule set asks for.
fn allows(
    set: &RuleSet,
    options: &Options,
    tags: &mut Tags<'_>,
    unsaid: &mut Unsaid,
    shortened: &mut usize,
) -> Vec<Rule> {
    let mut by_service = by_service(set, unsaid);
    let tagged = tags.take(&mut by_service);
    let mut writer = Writer { direction: set.scope.direction, options, shortened, rules: Vec::new() };
    for group in grouped(&by_service) {
        let ranges: Vec<String> = group.addrs.prefixes().iter().map(ToString::to_string).collect();
        for (chunk, ranges) in ranges.chunks(MAX_RANGES.max).enumerate() {
            let peers = Peers { family: group.family, identity: chunk.to_string(), ranges, tag: None };
            writer.rules(&group.origins, group.transport, &peers);
        }
    }
    // A rule takes one tag.
    for Tagged { tag, transport, origins } in &tagged {
        let name = tag.name.as_str();
        let peers = Peers { family: "tag", identity: name.to_owned(), ranges: &[], tag: Some(name) };
        writer.rules(origins, transport, &peers);
    }
    writer.rules
}

/// Who the rules are about.
struct Peers<'a> {
    family: &'static str,
    /// What tells them apart from others that the same endpoints need.
    identity: String,
    ranges: &'a [String],
    tag: Option<&'a str>,
}

/// Writes rules of one direction down.
struct Writer<'a> {
    direction: Direction,
    options: &'a Options,
    shortened: &'a mut usize,
    rules: Vec<Rule>,
}

impl Writer<'_> {
    /// The rules for some peers, service by service.
    fn rules(&mut self, origins: &[&Origin], transport: &TransportSet, peers: &Peers<'_>) {
        let (description, changed) = reason(origins.iter().copied(), DESCRIPTION);
        *self.shortened += usize::from(changed);
        let endpoints: BTreeSet<String> = origins.iter().map(|origin| id(origin)).collect();
        let endpoints: Vec<String> = endpoints.into_iter().collect();
        let prefix = self.options.get("azure-nsg.prefix").unwrap_or_default();
        let direction = self.direction.as_str();
        for Service { protocol, ports, .. } in sayable(transport).services {
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            // No ports at all are every port, in one rule.
            let every = [Vec::new()];
            let split: Vec<Vec<String>> = ports.chunks(MAX_RANGES.max).map(<[String]>::to_vec).collect();
            for ports in if split.is_empty() { &every[..] } else { &split } {
                let identity = format!("{protocol}:{}\0{}", ports.join(","), peers.identity);
                self.rules.push(Rule {
                    name: name(MAX_NAME.max, prefix, direction, &endpoints, peers.family, &identity),
                    description: description.clone(),
                    protocol,
                    ports: ports.clone(),
                    ranges: peers.ranges.to_vec(),
                    tag: peers.tag.map(str::to_owned),
                });
            }
        }
    }
}

/// What is asked for, by what one rule can say of it.
fn by_service<'a>(set: &'a RuleSet, unsaid: &mut Unsaid) -> BTreeMap<TransportSet, Vec<Demand<'a>>> {
    let mut by_service: BTreeMap<TransportSet, Vec<Demand<'_>>> = BTreeMap::new();
    for demand in demands(set, unsaid) {
        let sayable = sayable(&demand.transport);
        let missing = [
            ("Azure has no name for this protocol", &sayable.unnamed),
            ("Azure looks at ports of TCP and UDP only", &sayable.portless),
            ("Azure does not look at ICMP types", &sayable.typed),
        ];
        for (why, transport) in missing {
            unsaid.part(&set.scope, why, &demand, transport);
        }
        for service in &sayable.services {
            for (addrs, said) in by_family(&demand, &service.set, &set.scope, unsaid) {
                let demand = Demand { addrs, transport: said.clone(), origin: demand.origin };
                by_service.entry(said).or_default().push(demand);
            }
        }
    }
    let written = by_service.values().flatten().map(|demand| (&demand.addrs, demand.transport.clone()));
    unsaid.said(&set.scope, written);
    by_service
}

/// Refuses more rules than a group takes, with the arithmetic.
fn count(counts: &[(Direction, usize)]) -> Option<Finding> {
    let total: usize = counts.iter().map(|(_, count)| count + 1).sum();
    let terms: Vec<String> =
        counts.iter().map(|(direction, count)| format!("{direction} {count} + 1")).collect();
    let max = MAX_RULES.max;
    (total > max).then(|| {
        let message =
            format!("{total} rules ({}) where a network security group takes {max}", terms.join(", "));
        let help = "select fewer endpoints, or use a target that names hosts";
        Finding::new(Code::TargetLimit, message).help(help)
    })
}

/// The rule that denies what no other rule allows.
fn closing(direction: Direction, options: &Options) -> Rule {
    let need = Origin::Implied(Need::DenyRest);
    let prefix = plain(options.get("azure-nsg.prefix").unwrap_or_default());
    let (description, _) = reason([&need], DESCRIPTION);
    let name = format!("{prefix}-{direction}-deny-rest");
    Rule { name, description, protocol: "*", ports: Vec::new(), ranges: Vec::new(), tag: None }
}

fn resource(direction: Direction, rule: &Rule, priority: u32, access: &str) -> Value {
    let any = |is_any: bool| Vec::from_iter(is_any.then_some("*"));
    let list = |items: &[String]| if items.is_empty() { Vec::new() } else { vec![items.to_vec()] };
    let is_egress = direction == Direction::Egress;
    let ranges = list(&rule.ranges);
    let tag = Vec::from_iter(rule.tag.as_deref());
    let (sources, destinations) = if is_egress { (Vec::new(), ranges) } else { (ranges, Vec::new()) };
    let (source_tag, destination_tag) = if is_egress { (Vec::new(), tag) } else { (tag, Vec::new()) };
    json!({
        "label": rule.name.replace('-', "_"),
        "name": rule.name,
        "description": rule.description,
        "direction": if is_egress { "Outbound" } else { "Inbound" },
        "access": access,
        "priority": priority,
        "protocol": rule.protocol,
        "any_port": any(rule.ports.is_empty()),
        "ports": list(&rule.ports),
        "any_source": any(sources.is_empty() && source_tag.is_empty()),
        "sources": sources,
        "source_tag": source_tag,
        "any_destination": any(destinations.is_empty() && destination_tag.is_empty()),
        "destinations": destinations,
        "destination_tag": destination_tag,
    })
}

fn model(options: &Options, rules: &[Value]) -> Value {
    let existing = options.get("azure-nsg.network_security_group");
    let place = |key: &str, name: &'static str| {
        let literal = options.get(key);
        let variable = if literal.is_some() { None } else { Some(name) };
        json!({ "literal": Vec::from_iter(literal), "variable": Vec::from_iter(variable) })
    };
    let written = options.get("azure-nsg.name").filter(|_| existing.is_none());
    let mut location = place("azure-nsg.location", "location");
    if existing.is_some() {
        location = json!({ "literal": [], "variable": [] });
    }
    json!({
        "resource_group": place("azure-nsg.resource_group", "resource_group_name"),
        "location": location,
        "existing": Vec::from_iter(existing),
        "written": Vec::from_iter(written),
        "rules": rules,
    })
}

fn number(options: &Options, key: &str) -> u32 {
    options.get(&format!("azure-nsg.{key}")).and_then(|number| number.parse().ok()).unwrap_or_default()
}
