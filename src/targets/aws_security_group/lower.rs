//! From a policy to one resource for each service and block of addresses.
//!
//! Each resource is a literal block under a label made of what it allows, so that a reader can search for an address,
//! and adding an address plans one new resource: blocks stay as the evidence lists them, although a neighbour could be
//! merged with them. A `for_each` over a map would be shorter and as stable, but Terraform plans maps beyond some hundred
//! entries in more than linear time, and cutting a map in chunks moves entries from one chunk to another, which replaces
//! their rules.

use super::asking::Asking;
use super::lists;
use super::permissions;
use super::service::Service;
use super::{DESCRIPTION, MAX_RULES};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, PeerSet, Prefix, Set};
use crate::policy::{Direction, Origin, RuleSet};
use crate::targets::asked::demand::{Demand, Unsaid, demands};
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Artifact, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Names that Terraform keeps for itself where a variable is declared.
const RESERVED: [&str; 9] =
    ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals", "provider"];

/// One service and one block of addresses.
pub(super) struct Rule {
    pub(super) direction: Direction,
    pub(super) service: Service,
    pub(super) prefix: Prefix,
}

/// What rules are needed for.
pub(super) struct Reasons<'a> {
    asked: Asking<'a>,
    /// How many reasons did not fit as they are.
    shortened: usize,
}

/// The policy as rules of one security group.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let mut unsaid = Unsaid::default();
    let mut rules = Vec::new();
    let mut asked = Vec::new();
    let max = wanted.options.get("aws.max_rules").and_then(|max| max.parse().ok()).unwrap_or(MAX_RULES.max);
    for set in &wanted.policy.sets {
        let demands = demands(set, &mut unsaid);
        let written = cover(set, &demands, max, &mut unsaid);
        lowered.findings.extend(count(set.scope.direction, &written, max));
        rules.extend(written);
        asked.extend(demands.into_iter().map(|demand| (set.scope.direction, demand)));
    }
    let (losses, findings) = unsaid.finish();
    lowered.losses = losses;
    lowered.findings.extend(findings);
    lowered.findings.extend(reserved(wanted.options));
    // A file without a rule takes away the rules of the file before it, so it is written where something is governed.
    let is_governed = !wanted.policy.sets.is_empty();
    if !is_governed || crate::diag::any_error(&lowered.findings) {
        return lowered;
    }
    // The head of the file warns of what stands beside egress rules, once, where there are any.
    let egress =
        rules.iter().find(|rule| rule.direction == Direction::Egress).map(|rule| rule.direction.as_str());
    let mut reasons = Reasons { asked: Asking::of(&asked), shortened: 0 };
    let literal = wanted.options.get("aws.security_group_id");
    let variable = wanted.options.get("aws.variable").filter(|_| literal.is_none());
    let mut model = json!({
        "literal": Vec::from_iter(literal),
        "variable": Vec::from_iter(variable),
        "warned": Vec::from_iter(egress),
        "nothing": Vec::from_iter(rules.is_empty().then_some(super::NO_RULE)),
    });
    match wanted.options.get(super::FORM) {
        Some("ip-permissions") => lowered.artifacts.extend(permissions::artifacts(&rules, &mut reasons)),
        form => {
            let (template, parts) = if form == Some("prefix-lists") {
                (super::LISTS_TEMPLATE, lists::lay_out(&rules, max, &mut reasons))
            } else {
                let rules: Vec<Value> = rules.iter().map(|rule| resource(rule, &mut reasons)).collect();
                (super::TEMPLATE, json!({ "rules": rules }))
            };
            if let (Value::Object(model), Value::Object(parts)) = (&mut model, parts) {
                model.extend(parts);
            }
            lowered.artifacts.push(Artifact {
                path: "aws-security-group.tf".to_owned(),
                template,
                model: model.into(),
            });
        }
    }
    if reasons.shortened > 0 {
        let message = format!("{} descriptions were shortened or changed to fit", reasons.shortened);
        lowered.findings.push(Finding::new(Code::TargetText, message));
    }
    lowered
}

/// What is asked of one service.
#[derive(Default)]
struct Asked {
    addrs: AddrSet,
    /// The blocks that evidence lists, all of them within the addresses.
    listed: BTreeSet<Prefix>,
}

impl Asked {
    /// The blocks as they are listed, less those inside another, and the fewest for the rest.
    fn blocks(&self) -> Vec<Prefix> {
        let mut blocks: Vec<Prefix> = Vec::new();
        // In order, a block comes before those inside it.
        for block in &self.listed {
            if blocks.last().is_none_or(|last| last.last() < block.addr()) {
                blocks.push(*block);
            }
        }
        let rest = self.addrs.subtract(&AddrSet::of(blocks.iter().copied()));
        blocks.extend(rest.prefixes());
        blocks.sort_unstable();
        blocks
    }
}

/// The rules that say what is asked: for each service its blocks, less those that a wider service covers. The fewest
/// blocks are taken where the listed ones are more than a group takes.
fn cover(set: &RuleSet, demands: &[Demand<'_>], max: usize, unsaid: &mut Unsaid) -> Vec<Rule> {
    let by_service = by_service(set, demands, unsaid);
    let listed = rules(set.scope.direction, &by_service, Asked::blocks);
    let ipv4 = listed.iter().filter(|rule| rule.prefix.is_ipv4()).count();
    if ipv4.max(listed.len().saturating_sub(ipv4)) <= max {
        return listed;
    }
    rules(set.scope.direction, &by_service, |asked| asked.addrs.prefixes())
}

fn by_service(set: &RuleSet, demands: &[Demand<'_>], unsaid: &mut Unsaid) -> BTreeMap<Service, Asked> {
    let mut by_service: BTreeMap<Service, Asked> = BTreeMap::new();
    let mut carried: BTreeMap<Service, Vec<AddrSet>> = BTreeMap::new();
    for demand in demands {
        let listed = listed(demand);
        for row in demand.transport.rows() {
            let services = Service::of(&row).unwrap_or_else(|transport| {
                unsaid.part(
                    &set.scope,
                    "a security group names ports of TCP and UDP only",
                    demand,
                    &transport,
                );
                Vec::new()
            });
            for service in services {
                let carriers = service.carriers(&demand.addrs);
                let others = Demand { addrs: demand.addrs.subtract(&carriers), ..demand.clone() };
                let why = "ICMP exists over IPv4 only and ICMPv6 over IPv6 only";
                unsaid.part(&set.scope, why, &others, &service.packets());
                let asked = by_service.entry(service).or_default();
                asked.listed.extend(listed.iter().filter(|block| carriers.contains(block.addr())));
                carried.entry(service).or_default().push(carriers);
            }
        }
    }
    for (service, asked) in &mut by_service {
        asked.addrs = AddrSet::union_all(carried.get(service).map(Vec::as_slice).unwrap_or_default());
    }
    unsaid.said(&set.scope, by_service.iter().map(|(service, asked)| (&asked.addrs, service.packets())));
    by_service
}

/// The blocks as the evidence of a demand lists them; none when they are not what is asked for.
fn listed<'a>(demand: &Demand<'a>) -> &'a [Prefix] {
    match demand.origin {
        Origin::Endpoint(why) if AddrSet::of(why.blocks.iter().copied()) == demand.addrs => &why.blocks,
        Origin::Endpoint(_) | Origin::Implied(_) | Origin::File(_) | Origin::System(_) => &[],
    }
}

fn rules(
    direction: Direction,
    by_service: &BTreeMap<Service, Asked>,
    blocks: impl Fn(&Asked) -> Vec<Prefix>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (service, asked) in by_service {
        let wider: Vec<AddrSet> = by_service
            .iter()
            .filter(|(other, _)| other.is_wider_than(*service))
            .map(|(_, asked)| asked.addrs.clone())
            .collect();
        let wider = AddrSet::union_all(&wider);
        let wider = PeerSet::from(wider);
        let is_within = |prefix: &Prefix| {
            let block = PeerSet::from(AddrSet::block(*prefix));
            wider.among(&block) == block
        };
        let blocks = blocks(asked).into_iter().filter(|prefix| !is_within(prefix));
        rules.extend(blocks.map(|prefix| Rule { direction, service: *service, prefix }));
    }
    rules
}

/// Refuses more rules than the group's quota, family by family, with the arithmetic.
fn count(direction: Direction, rules: &[Rule], max: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (family, is_ipv4) in [("IPv4", true), ("IPv6", false)] {
        let mut services: BTreeMap<Service, usize> = BTreeMap::new();
        for rule in rules.iter().filter(|rule| rule.prefix.is_ipv4() == is_ipv4) {
            *services.entry(rule.service).or_default() += 1;
        }
        let total: usize = services.values().sum();
        if total <= max {
            continue;
        }
        let mut largest: Vec<(Service, usize)> = services.into_iter().collect();
        largest.sort_by_key(|(service, count)| (std::cmp::Reverse(*count), *service));
        let shown = largest.iter().take(5).map(|(service, count)| format!("{} {count}", service.label()));
        let mut terms: Vec<String> = shown.collect();
        let rest: usize = largest.iter().skip(5).map(|(_, count)| count).sum();
        if rest > 0 {
            terms.push(format!("others {rest}"));
        }
        let sum = terms.join(" + ");
        let message =
            format!("{total} {family} {direction} rules ({sum}) where a security group takes {max}");
        let help = "select fewer endpoints, use a target that names hosts, or state a raised quota with `--set aws.max_rules=N`";
        findings.push(Finding::new(Code::TargetLimit, message).help(help));
    }
    findings
}

fn reserved(options: &Options) -> Option<Finding> {
    let name = options.get("aws.variable").filter(|name| RESERVED.contains(name))?;
    let message = format!("`{name}` is a name that Terraform keeps for itself");
    Some(
        Finding::new(Code::VariableInvalid, message)
            .help("choose another name with `--set aws.variable=NAME`"),
    )
}

impl Reasons<'_> {
    /// The reasons of everything that needs a packet of these rules, which are of one direction and service.
    pub(super) fn of(&mut self, rules: &[&Rule], room: Room) -> String {
        let (text, changed) = reason(self.asked.for_any(rules), room);
        self.shortened += usize::from(changed);
        text
    }
}

fn resource(rule: &Rule, reasons: &mut Reasons<'_>) -> Value {
    let description = reasons.of(&[rule], DESCRIPTION);
    let cidr = rule.prefix.to_string();
    let (ipv4, ipv6) = if rule.prefix.is_ipv4() { (Some(cidr), None) } else { (None, Some(cidr)) };
    let ports = rule.service.ports().map(|(from, to)| json!({ "from": from, "to": to }));
    json!({
        "resource": format!("aws_vpc_security_group_{}_rule", rule.direction),
        "label": format!("{}_{}", rule.service.label(), label(rule.prefix)),
        "description": description,
        "protocol": rule.service.protocol(),
        "ports": Vec::from_iter(ports),
        "ipv4": Vec::from_iter(ipv4),
        "ipv6": Vec::from_iter(ipv6),
    })
}

/// The block in a label: `104_16_81_56_32`, or `2606_50c0_8000__153_128` with `_` for each colon.
pub(super) fn label(prefix: Prefix) -> String {
    let addr = match prefix.addr() {
        IpAddr::V4(addr) => addr.to_string().replace('.', "_"),
        // An address with an IPv4 tail keeps its dots as dashes, so that no two addresses share a label.
        IpAddr::V6(addr) => addr.to_string().replace(':', "_").replace('.', "-"),
    };
    format!("{addr}_{}", prefix.len())
}
