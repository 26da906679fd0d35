//! From a policy to objects, and what of the policy Istio cannot say.

use super::{MOST_HOSTS, MOST_PORTS};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::packet::{NamePattern, PortRange, PortSet};
use crate::targets::proxies::by_name::{Voice, plan};
use crate::targets::{Artifact, Lowered, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policy as objects of one namespace.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut out = Lowered::default();
    let text = wanted.options.get("istio.http_ports").unwrap_or("80");
    let ranges: Result<Vec<PortRange>, _> = text.split(',').map(|item| item.trim().parse()).collect();
    let http_ports = match ranges {
        Ok(ranges) => PortSet::of(ranges),
        Err(error) => {
            out.findings.push(Finding::new(Code::VariableInvalid, format!("`istio.http_ports`: {error}")));
            return out;
        }
    };
    let message = "a pod that means to go around its sidecar can: only a NetworkPolicy, or an egress gateway that is the only way out, stops that";
    let note = Finding::new(Code::TargetCannotSay, message);
    out.findings.push(Finding { severity: Severity::Note, ..note });
    let voice = Voice { refuses: &refuses, ports: &ports, every_port: None, clients: None };
    let groups = plan(wanted, &voice, &mut out).groups();
    if any_error(&out.findings) {
        return out;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-").trim_end_matches('-').to_owned();
    let name = plain(wanted.options.get("istio.name").unwrap_or("egressor"));
    let namespace: Vec<String> = wanted.options.get("istio.namespace").map(plain).into_iter().collect();
    let mut entries: Vec<Value> = Vec::new();
    let mut all: BTreeSet<String> = BTreeSet::new();
    for group in &groups {
        // A name that stands for many is resolved by whoever asks for it.
        let mut hosts: BTreeMap<&str, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (pattern, why) in &group.names {
            for (resolution, host) in said(pattern) {
                let reasons = hosts.entry(resolution).or_default().entry(host).or_default();
                reasons.extend(why.iter().cloned());
            }
        }
        let ports = listed(&group.ports, &http_ports);
        for (resolution, hosts) in hosts {
            let hosts: Vec<(String, BTreeSet<String>)> = hosts.into_iter().collect();
            all.extend(hosts.iter().map(|(host, _)| format!("./{host}")));
            for part in hosts.chunks(MOST_HOSTS) {
                let number = entries.len() + 1;
                let hosts: Vec<Value> =
                    part.iter().map(|(host, why)| json!({ "name": host, "why": why })).collect();
                entries.push(json!({
                    "name": format!("{name}-{number}"), "resolution": resolution, "hosts": hosts, "ports": ports,
                }));
            }
        }
    }
    if all.is_empty() {
        // No hosts at all would mean those of the namespace.
        all.insert("~/*".to_owned());
    }
    let model = json!({ "name": name, "namespace": namespace, "entries": entries, "hosts": all });
    out.artifacts.push(Artifact {
        path: "istio.yaml".to_owned(),
        template: "istio.yaml.tera",
        model: model.into(),
    });
    out
}

/// The hosts that stand for a pattern, each with how it is resolved. `*.x` is everything below `x`, and not `x`.
fn said(pattern: &NamePattern) -> Vec<(&'static str, String)> {
    match pattern {
        NamePattern::Any | NamePattern::OneBelow(_) => Vec::new(),
        NamePattern::Host(host) | NamePattern::Path(host, _) => vec![("DNS", host.to_string())],
        NamePattern::Tree(host) => vec![("DNS", host.to_string()), ("NONE", format!("*.{host}"))],
        NamePattern::Below(host) => vec![("NONE", format!("*.{host}"))],
    }
}

fn refuses(pattern: &NamePattern) -> Option<String> {
    match pattern {
        NamePattern::Any => Some("every name is left out: Istio refuses the host `*`".to_owned()),
        NamePattern::OneBelow(host) => Some(format!(
            "`{pattern}` is left out: `*.{host}` stands for names of any depth here, which is more"
        )),
        NamePattern::Host(_) | NamePattern::Path(..) | NamePattern::Tree(_) | NamePattern::Below(_) => None,
    }
}

fn count(ports: &PortSet) -> usize {
    ports
        .port_ranges()
        .map(|range| usize::from(range.last()).saturating_sub(usize::from(range.first())).saturating_add(1))
        .fold(0, usize::saturating_add)
}

/// The ports that can be listed, one by one.
fn ports(asked: &PortSet) -> (PortSet, Option<String>) {
    let some = asked.subtract(&PortSet::range(0, &0));
    let count = count(&some);
    if count > MOST_PORTS {
        let why = format!("{count} ports are left out: each is listed, and {MOST_PORTS} are allowed");
        return (PortSet::default(), Some(why));
    }
    let problem = (some != *asked).then(|| "port 0 is left out, as Istio has none".to_owned());
    (some, problem)
}

fn listed(ports: &PortSet, http_ports: &PortSet) -> Vec<Value> {
    let each = ports.port_ranges().flat_map(|range| range.first()..=range.last());
    each.map(|port| {
        let plain = !http_ports.intersect(&PortSet::range(port, &port)).is_empty();
        let (kind, protocol) = if plain { ("http", "HTTP") } else { ("tls", "TLS") };
        json!({ "name": format!("{kind}-{port}"), "number": port, "protocol": protocol })
    })
    .collect()
}
