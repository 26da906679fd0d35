//! From a policy to application rules for names, and network rules for names at other ports and for addresses.

use super::say::{SPOKEN, of_address, of_name};
use super::{
    ADDRESSES, DESCRIPTION, DNS_PROXY, INLINE, LOCATION, MAX_BYTES, MAX_ENDS, MAX_GROUP, MAX_GROUPS,
    MAX_NAME, MAX_NAMES, NAME, POLICY, PRIORITY, RESOURCE_GROUP, SERVICE_TAGS, TAGS_TEMPLATE,
};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::packet::{AddrSet, NamePattern, PortRange, PortSet, Protocol, TransportRow, TransportSet};
use crate::policy::{Direction, Origin};
use crate::targets::asked::demand::id;
use crate::targets::asked::grouped::grouped;
use crate::targets::asked::named::{Asked, Part, Problems, Voice, ask, everywhere, unsaid};
use crate::targets::clouds::tagged::{Tagged, Tags};
use crate::targets::told::reason::reason;
use crate::targets::told::rule_name::name;
use crate::targets::{Artifact, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policy as one rule collection group.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered { findings: refused(wanted.options), ..Lowered::default() };
    if any_error(&lowered.findings) {
        return lowered;
    }
    let by_lookup = wanted.options.get(DNS_PROXY) == Some("yes");
    let mut writer = Writer::new(wanted.options);
    let mut tags = Tags::of(wanted.options, SERVICE_TAGS, |tag| {
        if !tag.in_firewalls {
            return Some("as Azure Firewall does not take them");
        }
        (!tag.addrs.v6.is_empty()).then_some("as they have IPv6, of which Azure Firewall knows nothing")
    });
    for set in &wanted.policy.sets {
        if set.scope.direction == Direction::Ingress {
            unsaid(set, "the group is about connections that go out", &mut lowered);
            continue;
        }
        let of_name = |pattern: &NamePattern, transport: &TransportSet, problems: &mut Problems| {
            of_name(pattern, transport, by_lookup, problems)
        };
        let voice = Voice {
            name: &of_name,
            address: &of_address,
            every_name: &|parts: &[Part]| everywhere(parts, &[AddrSet::all_v4()]),
        };
        let mut asked = ask(set, &voice, &mut lowered);
        writer.names(&asked);
        let tagged = tags.take(&mut asked.addresses);
        writer.tags(&tagged);
        writer.addresses(&asked);
    }
    lowered.findings.extend(writer.findings());
    lowered.findings.extend(tags.findings());
    if any_error(&lowered.findings) {
        return lowered;
    }
    if let Some(model) = writer.model() {
        let path = "azure-firewall.tf".to_owned();
        lowered.artifacts.push(Artifact { path, template: super::TEMPLATE, model: model.into() });
    }
    if let Some(evidence) = tags.evidence("azure-firewall.service-tags.json", TAGS_TEMPLATE) {
        lowered.completing.insert(evidence.path.clone());
        lowered.artifacts.push(evidence);
    }
    lowered
}

/// What stands in the way before anything is laid out.
fn refused(options: &Options) -> Vec<Finding> {
    let ends = [NAME, RESOURCE_GROUP].into_iter().filter_map(|key| options.get(key));
    ends.filter(|name| name.ends_with('-'))
        .map(|name| {
            let message = format!("`{name}` is no name that Azure takes: a letter, digit or `_` ends it");
            let finding = Finding::new(Code::VariableInvalid, message).help("choose another name");
            Finding { severity: Severity::Error, ..finding }
        })
        .collect()
}

/// Writes rules down.
struct Writer<'a> {
    options: &'a Options,
    applications: BTreeMap<String, Value>,
    networks: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    ends: usize,
    names: usize,
    shortened: usize,
}

impl<'a> Writer<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            applications: BTreeMap::new(),
            networks: BTreeMap::new(),
            groups: BTreeMap::new(),
            ends: 0,
            names: 0,
            shortened: 0,
        }
    }

    fn described(&mut self, origins: &[&Origin], family: &str, identity: &str) -> (String, String) {
        let (description, changed) = reason(origins.iter().copied(), DESCRIPTION);
        self.shortened += usize::from(changed);
        let endpoints: BTreeSet<String> = origins.iter().map(|origin| id(origin)).collect();
        let endpoints: Vec<String> = endpoints.into_iter().collect();
        let prefix = self.options.get(NAME).unwrap_or_default();
        (name(MAX_NAME.max, prefix, "egress", &endpoints, family, identity), description)
    }

    /// The rules for names: those that the same endpoints need at the same services share one.
    fn names(&mut self, asked: &Asked<'_>) {
        let mut applications: BTreeMap<Key, Group<'_>> = BTreeMap::new();
        let mut networks: BTreeMap<Key, Group<'_>> = BTreeMap::new();
        for (pattern, (transport, origins)) in &asked.names {
            let ids: BTreeSet<String> = origins.iter().map(|origin| id(origin)).collect();
            let (web, text) = spelt(pattern, transport);
            if !web.is_empty() {
                let group = applications.entry((web, ids.clone())).or_default();
                group.0.push(text.clone());
                group.1.extend(origins);
            }
            if let NamePattern::Host(_) = pattern {
                for said in lookups(transport) {
                    let group = networks.entry((vec![said], ids.clone())).or_default();
                    group.0.push(text.clone());
                    group.1.extend(origins);
                }
            }
        }
        for ((protocols, _), (mut names, origins)) in applications {
            names.sort();
            let identity: Vec<String> =
                protocols.iter().map(|(kind, port)| format!("{kind}:{port}")).collect();
            let (name, description) = self.described(&origins, "web", &identity.join(" "));
            let protocols: Vec<Value> =
                protocols.iter().map(|(kind, port)| json!({ "kind": kind, "port": port })).collect();
            let rule =
                json!({ "name": name, "description": description, "protocols": protocols, "names": names });
            self.applications.insert(name, rule);
        }
        for ((said, _), (mut names, origins)) in networks {
            names.sort();
            self.names += names.len();
            self.ends += names.len();
            for (protocol, ports) in said {
                let (name, description) = self.described(&origins, "fqdn", &format!("{protocol}:{ports}"));
                let rule = network(&name, &description, &protocol, &ports, ("destination_fqdns", &names));
                self.networks.insert(name, rule);
            }
        }
    }

    /// The rules for service tags: those that the same endpoints need for the same service share one.
    fn tags(&mut self, tagged: &[Tagged<'_, '_>]) {
        let mut shared: BTreeMap<(&TransportSet, BTreeSet<String>), Group<'_>> = BTreeMap::new();
        for Tagged { tag, transport, origins } in tagged {
            let ids = origins.iter().map(|origin| id(origin)).collect();
            let group = shared.entry((transport, ids)).or_default();
            group.0.push(tag.name.clone());
            group.1.extend(origins);
        }
        for ((transport, _), (mut names, origins)) in shared {
            names.sort();
            for (protocol, ports) in of_service(transport) {
                self.ends += names.len();
                let (name, description) = self.described(&origins, "tag", &format!("{protocol}:{ports}"));
                let ends = ("destination_addresses", names.as_slice());
                let rule = network(&name, &description, &protocol, &ports, ends);
                self.networks.insert(name, rule);
            }
        }
    }

    /// The rules for addresses: those that the same endpoints need for the same service share one.
    fn addresses(&mut self, asked: &Asked<'_>) {
        for group in grouped(&asked.addresses) {
            let ranges: Vec<String> = group.addrs.prefixes().iter().map(ToString::to_string).collect();
            let services = of_service(group.transport);
            let every = group.addrs.v4.is_full();
            let mut labels = Vec::new();
            if !every && ranges.len() > INLINE {
                let spelt: Vec<String> =
                    services.iter().map(|(protocol, ports)| format!("{protocol}:{ports}")).collect();
                let (name, _) = self.described(&group.origins, "list", &spelt.join(" "));
                labels = self.lists(&name, &ranges);
            }
            for (protocol, ports) in services {
                let (name, description) =
                    self.described(&group.origins, "v4", &format!("{protocol}:{ports}"));
                let any = ["*".to_owned()];
                let (argument, items) = if every {
                    ("destination_addresses", &any[..])
                } else if labels.is_empty() {
                    ("destination_addresses", ranges.as_slice())
                } else {
                    ("destination_ip_groups", labels.as_slice())
                };
                self.ends += items.len();
                let rule = network(&name, &description, &protocol, &ports, (argument, items));
                self.networks.insert(name, rule);
            }
        }
    }

    /// IP groups of these ranges, by their labels.
    fn lists(&mut self, name: &str, ranges: &[String]) -> Vec<String> {
        let mut labels = Vec::new();
        for (chunk, ranges) in ranges.chunks(MAX_GROUP.max).enumerate() {
            let name = if chunk == 0 { name.to_owned() } else { format!("{name}-{chunk}") };
            let label = name.replace('-', "_");
            let group = json!({ "label": label, "name": name, "ranges": ranges });
            self.groups.insert(label.clone(), group);
            labels.push(label);
        }
        labels
    }

    /// What deserves a look, and the limits, with the arithmetic.
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let bytes: usize =
            self.applications.values().chain(self.networks.values()).map(|rule| rule.to_string().len()).sum();
        for (count, limit) in [
            (self.ends, MAX_ENDS),
            (bytes, MAX_BYTES),
            (self.groups.len(), MAX_GROUPS),
            (self.names, MAX_NAMES),
        ] {
            if count > limit.max {
                let message = format!("{count} {}, where {} are taken", limit.what, limit.max);
                let help = "select fewer endpoints, or generate several groups";
                findings.push(Finding::new(Code::TargetLimit, message).help(help));
            }
        }
        if self.names > 0 {
            let message = format!(
                "{} names stand in network rules, which need the DNS proxy of the policy",
                self.names
            );
            let help = format!("have clients ask the firewall for names, or set `{DNS_PROXY}=no`");
            let finding = Finding::new(Code::TargetCannotSay, message).help(help);
            findings.push(Finding { severity: Severity::Note, ..finding });
        }
        if self.shortened > 0 {
            let message = format!("{} descriptions were shortened or changed to fit", self.shortened);
            findings.push(Finding::new(Code::TargetText, message));
        }
        findings
    }

    fn model(&self) -> Option<Value> {
        if self.applications.is_empty() && self.networks.is_empty() {
            return None;
        }
        let place = |key: &str, name: &'static str, needed: bool| {
            let literal = self.options.get(key).filter(|_| needed);
            let variable = if literal.is_some() || !needed { None } else { Some(name) };
            json!({ "literal": Vec::from_iter(literal), "variable": Vec::from_iter(variable) })
        };
        let rules = |rules: &BTreeMap<String, Value>| {
            let all: Vec<&Value> = rules.values().collect();
            if all.is_empty() { json!([]) } else { json!([all]) }
        };
        let groups = !self.groups.is_empty();
        Some(json!({
            "name": self.options.get(NAME).unwrap_or_default(),
            "priority": self.options.get(PRIORITY).and_then(|number| number.parse::<u32>().ok()).unwrap_or_default(),
            "policy": place(POLICY, "firewall_policy_id", true),
            "resource_group": place(RESOURCE_GROUP, "resource_group_name", groups),
            "location": place(LOCATION, "location", groups),
            "list_kind": ADDRESSES,
            "lists": self.groups.values().collect::<Vec<_>>(),
            "networks": rules(&self.networks),
            "applications": rules(&self.applications),
        }))
    }
}

/// Protocols with a port or ports, and who asks.
type Key = (Vec<(String, String)>, BTreeSet<String>);
/// Names, and who asks for them.
type Group<'a> = (Vec<String>, Vec<&'a Origin>);

/// What application rules say of a pattern: protocols with a port each, and the name.
fn spelt(pattern: &NamePattern, transport: &TransportSet) -> (Vec<(String, String)>, String) {
    let (text, wild) = match pattern {
        NamePattern::Below(host) => (format!("*.{host}"), true),
        NamePattern::Any => ("*".to_owned(), true),
        NamePattern::Host(host)
        | NamePattern::Path(host, _)
        | NamePattern::Tree(host)
        | NamePattern::OneBelow(host) => (host.to_string(), false),
    };
    let mut protocols = Vec::new();
    // A port of a name that is exact and that is none of HTTP stands in a network rule.
    let ports = transport.ports_of(Protocol::TCP);
    let single =
        ports.port_ranges().filter(|range| wild || SPOKEN.iter().any(|(port, _)| holds(*range, *port)));
    for range in single {
        let ports = if wild {
            (range.first()..=range.last()).collect()
        } else {
            SPOKEN.map(|(port, _)| port).to_vec()
        };
        for port in ports.into_iter().filter(|port| holds(range, *port)) {
            let known = SPOKEN.iter().find(|(known, _)| *known == port);
            let kinds = known.map_or(vec!["Http", "Https"], |(_, kind)| vec![*kind]);
            protocols.extend(kinds.into_iter().map(|kind| (kind.to_owned(), port.to_string())));
        }
    }
    (protocols, text)
}

fn holds(range: PortRange, port: u16) -> bool {
    (range.first()..=range.last()).contains(&port)
}

/// What network rules say of a name: protocols with their ports, less what application rules say.
fn lookups(transport: &TransportSet) -> Vec<(String, String)> {
    let web = PortSet::of(SPOKEN.map(|(port, _)| PortRange::single(port)));
    let rest = transport.subtract(&TransportSet::ports(Protocol::TCP, &web));
    // All ports of TCP stay together, as the ports of HTTP would have to be taken out.
    let whole = TransportSet::protocol(Protocol::TCP);
    of_service(&if whole.is_subset(transport) { rest.union(&whole) } else { rest })
}

/// The protocols and ports of network rules for some services.
fn of_service(transport: &TransportSet) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for row in transport.rows() {
        match row {
            TransportRow::Any => said.push(("Any".to_owned(), "*".to_owned())),
            TransportRow::Protocols(first, last) => {
                for protocol in first.0..=last.0 {
                    let name = match Protocol(protocol) {
                        Protocol::ICMP => "ICMP",
                        Protocol::TCP => "TCP",
                        Protocol::UDP => "UDP",
                        _ => continue,
                    };
                    said.push((name.to_owned(), "*".to_owned()));
                }
            }
            TransportRow::Ports(protocol, ranges) => {
                let name = if protocol == Protocol::UDP { "UDP" } else { "TCP" };
                let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
                said.push((name.to_owned(), ranges.join(",")));
            }
            TransportRow::Icmp(..) => {}
        }
    }
    said
}

/// A network rule. IP groups are referred to, other ends are texts.
fn network(
    name: &str,
    description: &str,
    protocol: &str,
    ports: &str,
    (argument, items): (&str, &[String]),
) -> Value {
    let ports: Vec<&str> = ports.split(',').collect();
    let list = json!({ "argument": argument, "items": items });
    let is_group = argument == "destination_ip_groups";
    let (groups, lists) = if is_group { (vec![items], vec![]) } else { (vec![], vec![list]) };
    json!({
        "name": name,
        "description": description,
        "protocol": protocol,
        "ports": ports,
        "groups": groups,
        "lists": lists,
    })
}
