//! From a policy to frontends, and what of the policy HAProxy cannot say.

use super::MOST_PORTS;
use crate::diag::{Code, Finding, any_error};
use crate::packet::{NamePattern, PortRange, PortSet};
use crate::syntax::expression::OF_LABEL;
use crate::targets::proxies::by_name::{Voice, plan};
use crate::targets::proxies::plan::Group;
use crate::targets::{Artifact, Lowered, Wanted};
use serde_json::{Value, json};

/// The policy as one `haproxy.cfg`.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut out = Lowered::default();
    let text = wanted.options.get("haproxy.http_ports").unwrap_or("80");
    let ranges: Result<Vec<PortRange>, _> = text.split(',').map(|item| item.trim().parse()).collect();
    let http_ports = match ranges {
        Ok(ranges) => PortSet::of(ranges),
        Err(error) => {
            out.findings.push(Finding::new(Code::VariableInvalid, format!("`haproxy.http_ports`: {error}")));
            return out;
        }
    };
    let voice = Voice { refuses: &|_| None, ports: &ports, every_port: None, clients: None };
    let groups = plan(wanted, &voice, &mut out).groups();
    if any_error(&out.findings) {
        return out;
    }
    let prefix = wanted.options.get("haproxy.prefix").unwrap_or("egressor");
    let (mut tls, mut http) = (Side::default(), Side::default());
    for group in &groups {
        tls.add(prefix, group, &group.ports.subtract(&http_ports));
        http.add(&format!("{prefix}_http"), group, &group.ports.intersect(&http_ports));
    }
    let model = json!({
        "defaults": format!("{prefix}_defaults"),
        "resolvers": format!("{prefix}_resolvers"),
        "tls": tls.model(&format!("{prefix}_tls")),
        "http": http.model(&format!("{prefix}_http")),
    });
    out.artifacts.push(Artifact {
        path: "haproxy.cfg".to_owned(),
        template: "haproxy.cfg.tera",
        model: model.into(),
    });
    out
}

/// The ports that can be listened on.
fn ports(ports: &PortSet) -> (PortSet, Option<String>) {
    let some = ports.subtract(&PortSet::range(0, &0));
    let count: usize = some
        .port_ranges()
        .map(|range| usize::from(range.last()).saturating_sub(usize::from(range.first())).saturating_add(1))
        .fold(0, usize::saturating_add);
    if count > MOST_PORTS {
        let why =
            format!("{count} ports are left out: each is a socket, and {MOST_PORTS} are allowed for a rule");
        return (PortSet::default(), Some(why));
    }
    let problem = (some != *ports).then(|| "port 0 is left out, as nothing can listen on it".to_owned());
    (some, problem)
}

/// One frontend in the making.
#[derive(Default)]
struct Side {
    groups: Vec<Value>,
    ports: PortSet,
}

impl Side {
    fn add(&mut self, prefix: &str, group: &Group, ports: &PortSet) {
        if ports.is_empty() {
            return;
        }
        self.ports = self.ports.union(ports);
        let number = self.groups.len() + 1;
        let range = |range: PortRange| {
            if range.first() == range.last() {
                range.first().to_string()
            } else {
                format!("{}:{}", range.first(), range.last())
            }
        };
        let entries: Vec<Value> = group
            .names
            .iter()
            .map(|(pattern, why)| json!({ "why": why, "matches": matches(pattern) }))
            .collect();
        self.groups.push(json!({
            "port_acl": format!("{prefix}_ports_{number}"),
            "name_acl": format!("{prefix}_names_{number}"),
            "ports": ports.port_ranges().map(range).collect::<Vec<_>>(),
            "entries": entries,
        }));
    }

    fn model(self, name: &str) -> Vec<Value> {
        if self.groups.is_empty() {
            return Vec::new();
        }
        let binds: Vec<String> = self.ports.port_ranges().map(|range| format!(":{range}")).collect();
        vec![json!({
            "name": name,
            "hello": format!("{name}_hello"),
            "variable": name.replace('-', "_"),
            "binds": binds,
            "groups": self.groups,
        })]
    }
}

/// The words behind the sample, of which one list must match.
fn matches(pattern: &NamePattern) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match pattern {
        NamePattern::Any => vec![words(&["-m", "found"])],
        NamePattern::Host(host) | NamePattern::Path(host, _) => vec![words(&["-i", host.as_str()])],
        NamePattern::Tree(host) => {
            vec![words(&["-i", host.as_str()]), words(&["-i", "-m", "end", &format!(".{host}")])]
        }
        NamePattern::Below(host) => vec![words(&["-i", "-m", "end", &format!(".{host}")])],
        NamePattern::OneBelow(host) => {
            let host = host.as_str().replace('.', r"\.");
            vec![words(&["-i", "-m", "reg", &format!("^[{OF_LABEL}]+\\.{host}$")])]
        }
    }
}
