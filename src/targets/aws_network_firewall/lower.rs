//! From a policy to one rule group.

use super::name::domain;
use super::rules::{Line, message, of_addresses, of_name, sayable, text, too_long};
use super::{FORM, MAX_CAPACITY, MAX_TEXT, NAME};
use crate::diag::{Code, Finding, any_error};
use crate::packet::{
    AddrSet, NamePattern, NameSet, PacketSet, PeerSet, PortSet, Protocol, Set, TransportSet,
};
use crate::policy::{Direction, Origin, Rule, RuleSet, Traffic};
use crate::targets::asked::demand::{Demand, id};
use crate::targets::asked::families::carried;
use crate::targets::asked::grouped::{Group, grouped};
use crate::targets::{Artifact, Loss, Lowered, Wanted};
use serde_json::json;
use std::collections::BTreeMap;

/// In which form rules are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Suricata,
    Domains,
}

/// What is to be written.
#[derive(Default)]
struct Plan<'a> {
    names: BTreeMap<NamePattern, (PortSet, Vec<&'a Origin>)>,
    /// Addresses by service, each service one that a rule can say.
    addresses: BTreeMap<TransportSet, Vec<Demand<'a>>>,
    /// Services that are passed whoever the peer is.
    anywhere: Vec<(TransportSet, &'a Origin)>,
}

/// The policy as one rule group.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let form = if wanted.options.get(FORM) == Some("domain-list") { Form::Domains } else { Form::Suricata };
    let name = wanted.options.get(NAME).unwrap_or_default();
    if name.contains('_') || name.ends_with('-') || name.contains("--") {
        let message =
            format!("`{name}` is no name of a rule group: letters, digits and single hyphens are needed");
        lowered.findings.push(Finding::new(Code::VariableInvalid, message));
        return lowered;
    }
    let mut plan = Plan::default();
    for set in &wanted.policy.sets {
        match set.scope.direction {
            Direction::Egress => said(set, form, &mut plan, &mut lowered),
            Direction::Ingress => unsaid(set, &mut lowered),
        }
    }
    if wanted.policy.sets.iter().all(|set| set.scope.direction == Direction::Ingress) {
        return lowered;
    }
    match form {
        Form::Suricata => suricata(name, &plan, &mut lowered),
        Form::Domains => domains(name, &plan, &mut lowered),
    }
    if any_error(&lowered.findings) {
        lowered.artifacts.clear();
    }
    lowered
}

fn unsaid(set: &RuleSet, lowered: &mut Lowered) {
    let missing = set.allows().at_least;
    if missing.is_empty() {
        return;
    }
    let why = format!("the rule group is about connections that go out, not about {}", set.scope);
    lowered.findings.push(Finding::new(Code::TargetNotEnforceable, why.clone()));
    lowered.losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
}

/// Adds what a rule set asks for to the plan, and declares what is written otherwise.
fn said<'a>(set: &'a RuleSet, form: Form, plan: &mut Plan<'a>, lowered: &mut Lowered) {
    let mut all: Vec<(&Rule, PacketSet, PacketSet, Vec<String>)> = Vec::new();
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let mut problems = Vec::new();
        let written = one(set, rule, form, plan, &mut problems);
        all.push((rule, set.packets(&rule.matches), written, problems));
    }
    let asked: Vec<PacketSet> = all.iter().map(|(_, asked, ..)| asked.clone()).collect();
    let written: Vec<PacketSet> = all.iter().map(|(_, _, written, _)| written.clone()).collect();
    let (asked, written) = (PacketSet::union_all(&asked), PacketSet::union_all(&written));
    for (rule, own, said, problems) in &all {
        let (excess, missing) = (said.subtract(&asked), own.subtract(&written));
        if excess.is_empty() && missing.is_empty() {
            continue;
        }
        let why = format!("{}: {}", crate::syntax::text::one_line(&id(&rule.origin)), problems.join("; "));
        lowered.findings.push(Finding::new(Code::TargetCannotSay, why.clone()));
        lowered.losses.push(Loss { scope: set.scope.clone(), excess, missing, why });
    }
}

/// What is written of a rule.
fn one<'a>(
    set: &'a RuleSet,
    rule: &'a Rule,
    form: Form,
    plan: &mut Plan<'a>,
    problems: &mut Vec<String>,
) -> PacketSet {
    let everything = TransportSet::full();
    let peers = rule.matches.peer.set().unwrap_or(&set.universe);
    let transport = rule.matches.transport.set().unwrap_or(&everything);
    if rule.matches.source.set().is_some() {
        problems.push("rules here cannot name the near end".to_owned());
        return PacketSet::default();
    }
    let every = peers.names.is_full() && peers.addrs.v4.is_full() && peers.addrs.v6.is_full();
    let mut written = Vec::new();
    if every && form == Form::Suricata {
        let said = sayable(transport);
        let icmp = TransportSet::protocol(Protocol::ICMP).union(&TransportSet::protocol(Protocol::ICMPV6));
        let said = if said.is_full() { said } else { said.subtract(&icmp) };
        if !said.is_empty() {
            plan.anywhere.push((said.clone(), &rule.origin));
            written.push(PacketSet::product(None, peers, &said, &true));
        }
        if *transport == said {
            return PacketSet::union_all(&written);
        }
    }
    if !peers.names.is_empty() {
        written.push(names(peers, transport, rule, form, plan, problems));
    }
    if !peers.addrs.is_empty() {
        match form {
            Form::Suricata => written.push(addresses(&peers.addrs, transport, rule, plan, problems)),
            Form::Domains => problems.push("a domain list names no addresses".to_owned()),
        }
    }
    PacketSet::union_all(&written)
}

fn names<'a>(
    peers: &PeerSet,
    transport: &TransportSet,
    rule: &'a Rule,
    form: Form,
    plan: &mut Plan<'a>,
    problems: &mut Vec<String>,
) -> PacketSet {
    if !transport.subtract(&TransportSet::protocol(Protocol::TCP)).is_empty() {
        problems.push("a name is seen in TLS and HTTP only, over TCP".to_owned());
    }
    let ports = transport.ports_of(Protocol::TCP);
    if ports.is_empty() {
        return PacketSet::default();
    }
    let ports = match form {
        Form::Suricata => ports,
        Form::Domains => {
            if !ports.is_full() {
                problems.push("a domain list allows its names at every port".to_owned());
            }
            PortSet::full()
        }
    };
    let mut written = Vec::new();
    for pattern in patterns(peers, problems) {
        let sayable = match form {
            Form::Suricata => super::name::options(&pattern).is_some(),
            Form::Domains => domain(&pattern).is_some(),
        };
        if !sayable {
            problems.push(format!("`{pattern}` is left out: rules here cannot say it"));
            continue;
        }
        let entry = plan.names.entry(pattern.clone()).or_default();
        entry.0 = entry.0.union(&ports);
        entry.1.push(&rule.origin);
        written.push(pattern);
    }
    let peers = PeerSet::from(NameSet::of(&written));
    PacketSet::product(None, &peers, &TransportSet::ports(Protocol::TCP, &ports), &true)
}

/// The names as patterns: a path becomes its whole host, names with exceptions are left out.
fn patterns(peers: &PeerSet, problems: &mut Vec<String>) -> Vec<NamePattern> {
    let mut patterns = Vec::new();
    for (held, except) in peers.names.patterns() {
        if !except.is_empty() {
            let list =
                |names: &[NamePattern]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            problems.push(format!("`{}` without `{}` is left out", list(&held), list(&except)));
            continue;
        }
        patterns.extend(held.into_iter().map(|pattern| match pattern {
            NamePattern::Path(host, path) => {
                let path = path.as_str();
                problems.push(format!("`{host}` is allowed whole, not only `{path}`: no path is seen"));
                NamePattern::Host(host)
            }
            other => other,
        }));
    }
    patterns
}

fn addresses<'a>(
    addrs: &AddrSet,
    transport: &TransportSet,
    rule: &'a Rule,
    plan: &mut Plan<'a>,
    problems: &mut Vec<String>,
) -> PacketSet {
    let said = sayable(transport);
    if !transport.subtract(&said).is_empty() {
        problems.push("rules here look at ports of TCP and UDP only".to_owned());
    }
    let mut written = Vec::new();
    for (addrs, said) in carried(addrs, &said) {
        let demand = Demand { addrs: addrs.clone(), transport: said.clone(), origin: &rule.origin };
        written.push(PacketSet::product(None, &PeerSet::from(addrs), &said, &true));
        plan.addresses.entry(said).or_default().push(demand);
    }
    let written = PacketSet::union_all(&written);
    let asked = PacketSet::product(None, &PeerSet::from(addrs.clone()), &said, &true);
    if !asked.subtract(&written).is_empty() {
        problems.push("ICMP exists over IPv4 only and ICMPv6 over IPv6 only".to_owned());
    }
    written
}

fn suricata(name: &str, plan: &Plan<'_>, lowered: &mut Lowered) {
    let mut lines: Vec<Line> = Vec::new();
    let mut shortened = 0_usize;
    let mut why = |origins: &[&Origin]| {
        let (text, changed) = message(origins.iter().copied());
        shortened += usize::from(changed);
        text
    };
    for (pattern, (ports, origins)) in &plan.names {
        lines.extend(of_name(pattern, ports, &why(origins)));
    }
    let groups: Vec<Group<'_>> = grouped(&plan.addresses);
    for group in groups {
        let blocks: Vec<String> = group.addrs.prefixes().iter().map(ToString::to_string).collect();
        lines.extend(of_addresses(&blocks, group.transport, &why(&group.origins)));
    }
    let mut anywhere: BTreeMap<&TransportSet, Vec<&Origin>> = BTreeMap::new();
    for (transport, origin) in &plan.anywhere {
        anywhere.entry(transport).or_default().push(origin);
    }
    for (transport, origins) in anywhere {
        lines.extend(of_addresses(&["any".to_owned()], transport, &why(&origins)));
    }
    if shortened > 0 {
        let message = format!("{shortened} messages were shortened or changed to fit");
        lowered.findings.push(Finding::new(Code::TargetText, message));
    }
    lines.sort_by(|a, b| (&a.head, &a.options, &a.message).cmp(&(&b.head, &b.options, &b.message)));
    lines.dedup_by(|a, b| (&a.head, &a.options) == (&b.head, &b.options));
    let Some(rules) = text(&lines) else {
        lowered.findings.push(limit(format!("{} rules are more than there are ids", lines.len())));
        return;
    };
    let bytes: usize = rules.iter().map(|rule| rule.len() + 1).sum();
    if bytes > MAX_TEXT.max {
        lowered.findings.push(limit(format!("{bytes} bytes of rules where a group takes {}", MAX_TEXT.max)));
    }
    if let Some(longest) = too_long(&rules) {
        lowered.findings.push(limit(format!("a rule of {longest} characters is too long")));
    }
    let Some(capacity) = capacity(rules.len(), lowered) else { return };
    let model = json!({ "name": name, "capacity": capacity, "rules": rules });
    let path = "aws-network-firewall.tf".to_owned();
    lowered.artifacts.push(Artifact { path, template: super::TEMPLATE, model: model.into() });
}

fn domains(name: &str, plan: &Plan<'_>, lowered: &mut Lowered) {
    let targets: Vec<String> = plan.names.keys().filter_map(domain).collect();
    if targets.is_empty() {
        let message = "no name is left for a domain list, so no file is written";
        lowered.findings.push(Finding::new(Code::TargetCannotSay, message));
        return;
    }
    // A list is compiled to a rule for TLS and one for HTTP for each of its domains.
    let Some(capacity) = capacity(targets.len() * 2, lowered) else { return };
    let entries: Vec<_> = plan
        .names
        .iter()
        .filter_map(|(pattern, (_, origins))| {
            let why = message(origins.iter().copied()).0;
            Some(json!({ "domain": domain(pattern)?, "why": why }))
        })
        .collect();
    let model = json!({ "name": name, "capacity": capacity, "domains": entries });
    let path = "aws-network-firewall.tf".to_owned();
    lowered.artifacts.push(Artifact { path, template: super::DOMAINS_TEMPLATE, model: model.into() });
}

/// Room for some more rules, for a capacity cannot be changed later.
const STEP: usize = 100;

fn capacity(count: usize, lowered: &mut Lowered) -> Option<usize> {
    if count > MAX_CAPACITY.max {
        let message = format!("a capacity of {count} where a rule group has at most {}", MAX_CAPACITY.max);
        lowered.findings.push(limit(message));
        return None;
    }
    Some((count + STEP / 2).next_multiple_of(STEP).min(MAX_CAPACITY.max))
}

fn limit(message: String) -> Finding {
    Finding::new(Code::TargetLimit, message).help("select fewer endpoints")
}
