//! From a policy to one rule for each group of endpoints that need the same services at the same names or addresses.

use super::{
    ACCOUNT, DENY_PRIORITY, DESCRIPTION, MAX_ADDRESSES, MAX_NAME, MAX_NAMES, MAX_RANGES, NAME, NETWORK,
    PRIORITY, REGION, TAG,
};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::packet::{AddrSet, NamePattern, PacketSet, PeerSet, Set, TransportSet};
use crate::policy::{Direction, Need, Origin, RuleSet};
use crate::targets::asked::demand::id;
use crate::targets::asked::families::carried;
use crate::targets::asked::grouped::grouped;
use crate::targets::asked::named::{Asked, Part, Problems, Voice, ask, both_families, everywhere};
use crate::targets::clouds::gcp_service::{Service, sayable};
use crate::targets::told::places::places;
use crate::targets::told::reason::reason;
use crate::targets::told::rule_name::{name, plain};
use crate::targets::{Artifact, Loss, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names, and who asks for them.
type Group<'a> = (Vec<String>, Vec<&'a Origin>);

/// A rule that allows, before it has a priority.
struct Allow {
    direction: Direction,
    name: String,
    description: String,
    services: Vec<Service>,
    names: Vec<String>,
    ranges: Vec<String>,
}

/// The policy as one network firewall policy.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered { findings: refused(wanted.options), ..Lowered::default() };
    if any_error(&lowered.findings) {
        return lowered;
    }
    let deny = wanted.needs.contains(&Need::DenyRest);
    let mut allows: Vec<Allow> = Vec::new();
    let mut closing: Vec<Value> = Vec::new();
    let mut shortened = 0_usize;
    for set in &wanted.policy.sets {
        let egress = set.scope.direction == Direction::Egress;
        let asked = ask(set, &VOICE, &mut lowered);
        let said = rules(set, &asked, wanted.options, &mut shortened);
        if egress && deny {
            let first = number(wanted.options, DENY_PRIORITY);
            closing = [("v4", "0.0.0.0/0", first), ("v6", "::/0", first.saturating_add(1))]
                .map(|(family, all, priority)| rest(family, all, priority, wanted.options))
                .to_vec();
        } else if egress {
            lowered.losses.retain(|loss| loss.scope != set.scope);
            lowered.losses.extend(if said.is_empty() { None } else { Some(open(set)) });
            let message = "all egress stays allowed: no rule denies what these rules do not allow";
            let help = "leave `implied/deny-rest` on";
            lowered.findings.push(Finding::new(Code::TargetCannotSay, message).help(help));
        }
        lowered.findings.extend(too_many_addresses(&asked, wanted.options));
        allows.extend(said);
    }
    if shortened > 0 {
        let message = format!("{shortened} descriptions were shortened or changed to fit");
        lowered.findings.push(Finding::new(Code::TargetText, message));
    }
    let (first, last) = (number(wanted.options, PRIORITY), number(wanted.options, DENY_PRIORITY));
    let names: Vec<&str> = allows.iter().map(|rule| rule.name.as_str()).collect();
    let Some(priorities) = places(&names, first, last.saturating_sub(1)) else {
        let message = format!("{} rules where {} priorities are before {last}", allows.len(), last - first);
        let help = format!("select fewer endpoints, or leave more room with `{PRIORITY}`");
        lowered.findings.push(Finding::new(Code::TargetLimit, message).help(help));
        return lowered;
    };
    let mut said: Vec<(u32, Value)> = priorities
        .into_iter()
        .zip(&allows)
        .map(|(priority, rule)| (priority, allow(rule, priority)))
        .collect();
    said.sort_by_key(|(priority, _)| *priority);
    let rules: Vec<Value> = said.into_iter().map(|(_, rule)| rule).chain(closing).collect();
    if rules.is_empty() || any_error(&lowered.findings) {
        return lowered;
    }
    let path = "gcp-network-policy.tf".to_owned();
    let model = model(wanted.options, &rules).into();
    lowered.artifacts.push(Artifact { path, template: super::TEMPLATE, model });
    lowered
}

/// What stands in the way before anything is laid out.
fn refused(options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |message: String, help: &str| {
        let finding = Finding::new(Code::VariableInvalid, message).help(help);
        findings.push(Finding { severity: Severity::Error, ..finding });
    };
    let (first, deny) = (number(options, PRIORITY), number(options, DENY_PRIORITY));
    if first >= deny {
        let message = format!("`{PRIORITY}` {first} is not before `{DENY_PRIORITY}` {deny}");
        refuse(message, "the rule with the lower number decides");
    }
    for key in [NAME, REGION] {
        if let Some(text) = options.get(key).filter(|text| plain(text) != **text || text.ends_with('-')) {
            let message = format!("`{text}` is no name that Google Cloud takes");
            refuse(message, "lower-case letters, digits and single dashes are needed");
        }
    }
    if options.get(ACCOUNT).is_some() && options.get(TAG).is_some() {
        let message = format!("`{ACCOUNT}` and `{TAG}` are both set, and a rule takes one of them");
        refuse(message, "leave one of them out");
    }
    findings
}

/// What rules of policies can say.
const VOICE: Voice<'static> = Voice {
    name: &of_name,
    address: &of_address,
    every_name: &|parts: &[Part]| everywhere(parts, &both_families()),
};

fn of_name(
    pattern: &NamePattern,
    transport: &TransportSet,
    problems: &mut Problems,
) -> Vec<(NamePattern, TransportSet)> {
    let host = match pattern {
        NamePattern::Host(host) => host,
        NamePattern::Tree(host) => {
            problems.push(format!("names below `{host}` are left out: a policy knows no wildcards"));
            host
        }
        NamePattern::Any | NamePattern::Below(_) | NamePattern::OneBelow(_) | NamePattern::Path(..) => {
            problems.push(format!("`{pattern}` is left out: a policy knows no wildcards"));
            return Vec::new();
        }
    };
    if !host.as_str().contains('.') {
        problems.push(format!("`{host}` is left out: a policy takes no top-level names"));
        return Vec::new();
    }
    let said = services(transport, problems);
    if said.is_empty() { Vec::new() } else { vec![(NamePattern::Host(host.clone()), said)] }
}

fn of_address(addrs: &AddrSet, transport: &TransportSet, problems: &mut Problems) -> Vec<Part> {
    let said = services(transport, problems);
    let parts = carried(addrs, &said);
    let asked = PacketSet::product(None, &PeerSet::from(addrs.clone()), &said, &true);
    let written: Vec<PacketSet> = parts
        .iter()
        .map(|(addrs, said)| PacketSet::product(None, &PeerSet::from(addrs.clone()), said, &true))
        .collect();
    if !asked.subtract(&PacketSet::union_all(&written)).is_empty() {
        problems.push("ICMP exists over IPv4 only and ICMPv6 over IPv6 only".to_owned());
    }
    parts
}

/// The services that can be said.
fn services(transport: &TransportSet, problems: &mut Problems) -> TransportSet {
    let sayable = sayable(transport);
    if !sayable.portless.is_empty() {
        problems.push("the firewall looks at no ports of this protocol".to_owned());
    }
    if !sayable.typed.is_empty() {
        problems.push("the firewall does not look at ICMP types".to_owned());
    }
    sayable.said
}

/// The rules that allow what a rule set asks for.
fn rules(set: &RuleSet, asked: &Asked<'_>, options: &Options, shortened: &mut usize) -> Vec<Allow> {
    let direction = set.scope.direction;
    let prefix = options.get(NAME).unwrap_or_default();
    let mut rules = Vec::new();
    let mut write = |origins: &[&Origin],
                     transport: &TransportSet,
                     family: &str,
                     items: &[String],
                     most: usize| {
        let (description, changed) = reason(origins.iter().copied(), DESCRIPTION);
        *shortened += usize::from(changed);
        let endpoints: BTreeSet<String> = origins.iter().map(|origin| id(origin)).collect();
        let endpoints: Vec<String> = endpoints.into_iter().collect();
        for (chunk, items) in items.chunks(most).enumerate() {
            let services = sayable(transport).services;
            let identity = format!("{}\0{chunk}", spelled(&services));
            let name = name(MAX_NAME.max, prefix, direction.as_str(), &endpoints, family, &identity);
            let (names, ranges) =
                if family == "fqdn" { (items.to_vec(), Vec::new()) } else { (Vec::new(), items.to_vec()) };
            let description = description.clone();
            rules.push(Allow { direction, name, description, services, names, ranges });
        }
    };
    // Names that the same endpoints need at the same services share a rule.
    let mut by_service: BTreeMap<(&TransportSet, BTreeSet<String>), Group<'_>> = BTreeMap::new();
    for (pattern, (transport, origins)) in &asked.names {
        let NamePattern::Host(host) = pattern else { continue };
        let ids = origins.iter().map(|origin| id(origin)).collect();
        let group = by_service.entry((transport, ids)).or_default();
        group.0.push(host.to_string());
        group.1.extend(origins);
    }
    for ((transport, _), (mut hosts, origins)) in by_service {
        hosts.sort();
        write(&origins, transport, "fqdn", &hosts, MAX_NAMES.max);
    }
    for group in grouped(&asked.addresses) {
        let ranges: Vec<String> = group.addrs.prefixes().iter().map(ToString::to_string).collect();
        write(&group.origins, group.transport, group.family, &ranges, MAX_RANGES.max);
    }
    rules
}

/// Names that answers of the DNS gave more addresses than the firewall takes.
fn too_many_addresses(asked: &Asked<'_>, options: &Options) -> Vec<Finding> {
    let most = MAX_ADDRESSES.max;
    let over = asked.names.keys().filter_map(|pattern| {
        let NamePattern::Host(host) = pattern else { return None };
        let [v4, v6] = *options.context().addresses.get(host)?;
        (v4 > most || v6 > most).then(|| {
            let message = format!(
                "`{host}` has {v4} addresses of IPv4 and {v6} of IPv6 in the lock, and a rule takes the first {most} of each"
            );
            let help = "connections to the others are denied: use ranges that the vendor publishes, or a target that sees names";
            Finding::new(Code::TargetCannotSay, message).help(help)
        })
    });
    over.collect()
}

/// What the artifact allows too when nothing denies the rest: everything.
fn open(set: &RuleSet) -> Loss {
    let everyone = PeerSet::all_addrs().union(&PeerSet::all_names());
    let everything = PacketSet::product(None, &everyone, &TransportSet::full(), &true);
    let excess = everything.subtract(&set.allows().at_least);
    let why = "all egress stays allowed: the rule that denies the rest is switched off".to_owned();
    Loss { scope: set.scope.clone(), excess, missing: PacketSet::default(), why }
}

/// The rule that denies what no other rule allows, for one family.
fn rest(family: &str, all: &str, priority: u32, options: &Options) -> Value {
    let need = Origin::Implied(Need::DenyRest);
    let name = format!("{}-egress-deny-rest-{family}", plain(options.get(NAME).unwrap_or_default()));
    let (description, _) = reason([&need], DESCRIPTION);
    let services = vec![Service { protocol: "all".to_owned(), ports: Vec::new() }];
    let ranges = vec![all.to_owned()];
    let direction = Direction::Egress;
    let rule = Allow { direction, name, description, services, names: Vec::new(), ranges };
    resource(&rule, priority, "deny")
}

fn allow(rule: &Allow, priority: u32) -> Value {
    resource(rule, priority, "allow")
}

fn resource(rule: &Allow, priority: u32, action: &str) -> Value {
    let (word, end) = match rule.direction {
        Direction::Egress => ("EGRESS", "dest"),
        Direction::Ingress => ("INGRESS", "src"),
    };
    let list = |argument: &str, items: &[String]| {
        let list = json!({ "argument": format!("{end}_{argument}"), "items": items });
        (!items.is_empty()).then_some(list)
    };
    let lists: Vec<Value> =
        [list("fqdns", &rule.names), list("ip_ranges", &rule.ranges)].into_iter().flatten().collect();
    let service = |service: &Service| {
        let ports: Vec<String> = service.ports.iter().map(ToString::to_string).collect();
        let ports = if ports.is_empty() { Vec::new() } else { vec![ports] };
        json!({ "protocol": service.protocol, "ports": ports })
    };
    json!({
        "label": rule.name.replace('-', "_"),
        "name": rule.name,
        "description": rule.description,
        "direction": word,
        "action": action,
        "priority": priority,
        "lists": lists,
        "services": rule.services.iter().map(service).collect::<Vec<_>>(),
    })
}

fn model(options: &Options, rules: &[Value]) -> Value {
    let region = options.get(REGION);
    let [global, regional] = super::POLICIES;
    let kind = if region.is_some() { regional } else { global };
    let (network, account, tag) = (options.get(NETWORK), options.get(ACCOUNT), options.get(TAG));
    let unless = |given: bool, name: &'static str| if given { Vec::new() } else { vec![name] };
    let targeted = account.is_some() || tag.is_some();
    json!({
        "kind": kind,
        "name": options.get(NAME).unwrap_or_default(),
        "region": Vec::from_iter(region),
        "network": { "literal": Vec::from_iter(network), "variable": unless(network.is_some(), "network") },
        "accounts": { "literal": Vec::from_iter(account), "variable": unless(targeted, "target_service_accounts") },
        "tags": Vec::from_iter(tag),
        "rules": rules,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Constraint;
    use crate::policy::{Action, Match, Policy, Rule, Scope, Subject, Traffic};
    use crate::targets::{Context, Target as _};

    fn warned(counts: [usize; 2]) -> bool {
        let host: crate::packet::Hostname = "api.example.com".parse().unwrap();
        let peer = Constraint::only(PeerSet::from(NamePattern::Host(host.clone()).names())).unwrap();
        let matches = Match { peer, ..Match::ANY };
        let origin = Origin::Implied(Need::Proxy);
        let rule =
            Rule { action: Action::Allow, matches, traffic: Traffic::New, unmodelled: Vec::new(), origin };
        let policy = Policy::new(vec![RuleSet {
            scope: Scope { name: "egress".to_owned(), direction: Direction::Egress },
            subject: Subject::Host,
            universe: PeerSet::all_names(),
            rules: vec![rule],
            default: Action::Deny,
        }]);
        let context = Context { addresses: BTreeMap::from([(host, counts)]), ..Context::default() };
        let options = Options::new(super::super::OPTIONS, &BTreeMap::new()).within(context);
        let needs = BTreeSet::from([Need::DenyRest]);
        let lowered = super::super::GcpNetworkPolicy.lower(&Wanted {
            policy: &policy,
            needs: &needs,
            options: &options,
        });
        assert_eq!(lowered.artifacts.len(), 1, "{:?}", lowered.findings);
        lowered.findings.iter().any(|finding| finding.message.contains("in the lock"))
    }

    #[test]
    fn a_name_with_more_addresses_than_the_firewall_looks_at_is_told() {
        assert!(!warned([32, 32]) && !warned([0, 1]));
        assert!(warned([33, 0]) && warned([1, 33]));
    }
}
