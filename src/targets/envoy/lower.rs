//! From a policy to listeners, and what of the policy Envoy cannot say.

use super::MOST_PORTS;
use crate::diag::{Code, Finding, any_error};
use crate::packet::{NamePattern, PortRange, PortSet};
use crate::targets::proxies::by_name::{Voice, plan};
use crate::targets::{Artifact, Lowered, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The server names that a listener lets pass, each with its reasons; none stands for any. Each stands there once, as
/// Envoy refuses a name that a chain has twice.
type Names = BTreeMap<Option<String>, BTreeSet<String>>;

/// The policy as one bootstrap file.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut out = Lowered::default();
    let text = wanted.options.get("envoy.http_ports").unwrap_or("80");
    let ranges: Result<Vec<PortRange>, _> = text.split(',').map(|item| item.trim().parse()).collect();
    let http_ports = match ranges {
        Ok(ranges) => PortSet::of(ranges),
        Err(error) => {
            out.findings.push(Finding::new(Code::VariableInvalid, format!("`envoy.http_ports`: {error}")));
            return out;
        }
    };
    let voice = Voice {
        refuses: &refuses,
        ports: &|asked| ports(asked, &http_ports),
        every_port: None,
        clients: None,
    };
    let mut listeners: BTreeMap<u16, Names> = BTreeMap::new();
    for group in plan(wanted, &voice, &mut out).groups() {
        for port in group.ports.port_ranges().flat_map(|range| range.first()..=range.last()) {
            let names = listeners.entry(port).or_default();
            for (pattern, why) in &group.names {
                for name in server_names(pattern) {
                    names.entry(name).or_default().extend(why.iter().cloned());
                }
            }
        }
    }
    if any_error(&out.findings) {
        return out;
    }
    let name = wanted.options.get("envoy.name").unwrap_or("egressor");
    let listeners: Vec<Value> = listeners
        .into_iter()
        .map(|(port, names)| {
            let any = names.get(&None);
            let entries: Vec<Value> = names
                .iter()
                .filter_map(|(name, why)| Some(json!({ "why": why, "name": name.as_ref()? })))
                .collect();
            json!({
                "name": format!("{name}_{port}"),
                "port": port,
                "why": any.cloned().unwrap_or_default(),
                "names": if any.is_some() { Vec::new() } else { vec![json!({ "entries": entries })] },
            })
        })
        .collect();
    let model = json!({ "cluster": name, "listeners": listeners });
    out.artifacts.push(Artifact {
        path: "envoy.yaml".to_owned(),
        template: "envoy.yaml.tera",
        model: model.into(),
    });
    out
}

/// The server names that stand for a pattern, none for any: `*.x` is everything below `x`, and not `x`.
fn server_names(pattern: &NamePattern) -> Vec<Option<String>> {
    let names = match pattern {
        NamePattern::Any => return vec![None],
        NamePattern::OneBelow(_) => Vec::new(),
        NamePattern::Host(host) | NamePattern::Path(host, _) => vec![host.to_string()],
        NamePattern::Tree(host) => vec![host.to_string(), format!("*.{host}")],
        NamePattern::Below(host) => vec![format!("*.{host}")],
    };
    names.into_iter().map(Some).collect()
}

fn refuses(pattern: &NamePattern) -> Option<String> {
    match pattern {
        NamePattern::OneBelow(host) => Some(format!(
            "`{pattern}` is left out: `*.{host}` stands for names of any depth here, which is more"
        )),
        NamePattern::Any
        | NamePattern::Host(_)
        | NamePattern::Path(..)
        | NamePattern::Tree(_)
        | NamePattern::Below(_) => None,
    }
}

/// The ports that can have a listener.
fn ports(asked: &PortSet, http_ports: &PortSet) -> (PortSet, Option<String>) {
    let mut problems = Vec::new();
    let mut some = asked.subtract(&PortSet::range(0, &0));
    if some != *asked {
        problems.push("port 0 is left out, as nothing can listen on it".to_owned());
    }
    let count: usize = some
        .port_ranges()
        .map(|range| usize::from(range.last()).saturating_sub(usize::from(range.first())).saturating_add(1))
        .fold(0, usize::saturating_add);
    if count > MOST_PORTS {
        problems.push(format!(
            "{count} ports are left out: each is a listener, and {MOST_PORTS} are allowed for a rule"
        ));
        some = PortSet::default();
    }
    let with_tls = some.subtract(http_ports);
    if with_tls != some {
        let ranges: Vec<String> =
            some.intersect(http_ports).port_ranges().map(|range| range.to_string()).collect();
        problems.push(format!(
            "port {} is left out: what is asked for without TLS has no server name",
            ranges.join(", ")
        ));
    }
    (with_tls, (!problems.is_empty()).then(|| problems.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Constraint, NameSet, PeerSet, Protocol, TransportSet};
    use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
    use crate::targets::Options;

    #[test]
    fn a_name_that_two_rules_ask_for_stands_once_in_its_listener() {
        let rule = |pattern: NamePattern, ports: &[u16]| {
            let ports = PortSet::of(ports.iter().map(|port| PortRange::single(*port)));
            Rule {
                action: Action::Allow,
                matches: Match {
                    source: Constraint::Any,
                    peer: Constraint::only(PeerSet::from(NameSet::of([&pattern]))).unwrap(),
                    transport: Constraint::only(TransportSet::ports(Protocol::TCP, &ports)).unwrap(),
                },
                traffic: Traffic::New,
                unmodelled: Vec::new(),
                origin: Origin::System("a test".to_owned()),
            }
        };
        let host = || "x.example".parse().unwrap();
        let set = RuleSet {
            scope: Scope { name: "egress".to_owned(), direction: Direction::Egress },
            subject: Subject::Host,
            universe: PeerSet::all_names(),
            rules: vec![
                rule(NamePattern::Host(host()), &[443, 8443]),
                rule(NamePattern::Tree(host()), &[443]),
            ],
            default: Action::Deny,
        };
        let (policy, needs, options) = (Policy::new(vec![set]), BTreeSet::new(), Options::default());
        let lowered = lower(&Wanted { policy: &policy, needs: &needs, options: &options });
        let text = serde_json::to_string(&lowered.artifacts[0].model).unwrap();
        assert_eq!(text.matches("\"x.example\"").count(), 2, "once for each port: {text}");
        assert_eq!(text.matches("\"*.x.example\"").count(), 1, "{text}");
    }
}
