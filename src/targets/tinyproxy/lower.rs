//! From a policy to a configuration and its filter, and what of the policy tinyproxy cannot say.

use super::access::holds_mapped;
use super::expression::{host, urls};
use crate::diag::{Code, Finding, any_error};
use crate::packet::{AddrSet, NamePattern, PortRange, PortSet};
use crate::syntax::tinyproxy::LONGEST_ENTRY;
use crate::targets::proxies::by_name::{Voice, plan};
use crate::targets::proxies::plan::Group;
use crate::targets::{Artifact, Lowered, Wanted};
use serde_json::{Value, json};

/// The most ports that are listed for tunnels besides the filter.
const MOST_PORTS: usize = 64;

/// The policy as one `tinyproxy.conf` and one filter.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut out = Lowered::default();
    let http_ports = match http_ports(wanted) {
        Ok(ports) => ports,
        Err(finding) => {
            out.findings.push(finding);
            return out;
        }
    };
    let over_urls = wanted.options.get("tinyproxy.filter") != Some("hosts");
    let clients = AddrSet::of(wanted.options.prefixes("tinyproxy.clients"));
    let clients = wanted.options.get("tinyproxy.clients").map(|_| &clients);
    if clients.is_some_and(holds_mapped) {
        let message = "a block of `tinyproxy.clients` holds `::ffff:0:0/96`, which lets every IPv4 client in";
        out.findings.push(Finding::new(Code::VariableInvalid, message));
        return out;
    }
    let every_port = "any port of an allowed host can be reached by a request without a tunnel, as the filter is over hosts alone; `tinyproxy.filter=urls` judges both";
    let voice = Voice {
        refuses: &refuses,
        ports: &ports,
        every_port: Some(every_port).filter(|_| !over_urls),
        clients: clients.map(|clients| (clients, "tinyproxy.clients")),
    };
    let groups = plan(wanted, &voice, &mut out).groups();
    let mut entries = Vec::new();
    let mut tunnels = PortSet::default();
    for group in &groups {
        let (to, plain) = split(&group.ports, &http_ports);
        tunnels = tunnels.union(&to);
        let Group { names, .. } = group;
        for (pattern, why) in names {
            let expressions =
                if over_urls { urls(pattern, &to, &plain) } else { vec![format!("^{}$", host(pattern))] };
            entries.push(json!({ "why": why, "expressions": expressions }));
        }
    }
    if any_error(&out.findings) {
        return out;
    }
    let folder = wanted.options.get("tinyproxy.folder").unwrap_or_default().trim_end_matches('/');
    let port: u16 = wanted.options.get("tinyproxy.port").and_then(|port| port.parse().ok()).unwrap_or(8888);
    let blocks = clients.map(AddrSet::prefixes).unwrap_or_default();
    let clients: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    let model = json!({
        "port": port,
        "clients": clients,
        "urls": if over_urls { "Yes" } else { "No" },
        "filter": format!("{folder}/tinyproxy.filter"),
        "tunnels": listed(&tunnels, over_urls),
    });
    out.artifacts.push(Artifact {
        path: "tinyproxy.conf".to_owned(),
        template: "tinyproxy.conf.tera",
        model: model.into(),
    });
    let model = json!({ "entries": entries });
    out.artifacts.push(Artifact {
        path: "tinyproxy.filter".to_owned(),
        template: "tinyproxy.filter.tera",
        model: model.into(),
    });
    out
}

/// Ports for tunnels, and ports for requests without.
fn split(ports: &PortSet, http_ports: &PortSet) -> (PortSet, PortSet) {
    if ports.is_full() {
        return (PortSet::full(), PortSet::full());
    }
    (ports.subtract(http_ports), ports.intersect(http_ports))
}

/// Port 0 is taken for the port that is meant where none is written.
fn ports(ports: &PortSet) -> (PortSet, Option<String>) {
    let zero = PortSet::range(0, &0);
    if ports.is_full() || ports.intersect(&zero).is_empty() {
        return (ports.clone(), None);
    }
    (ports.subtract(&zero), Some("port 0 is left out: tinyproxy takes it for the default port".to_owned()))
}

/// A name that is too long to stand in a line with what surrounds it.
fn refuses(pattern: &NamePattern) -> Option<String> {
    let length = host(pattern).len();
    (length > LONGEST_ENTRY - 200)
        .then(|| format!("`{pattern}` is left out: its expression has {length} bytes, too many for a line"))
}

/// What the configuration says about ports of tunnels.
fn listed(tunnels: &PortSet, over_urls: bool) -> Vec<Value> {
    let count: usize = tunnels
        .port_ranges()
        .map(|range| usize::from(range.last()).saturating_sub(usize::from(range.first())).saturating_add(1))
        .fold(0, usize::saturating_add);
    if tunnels.is_empty() {
        return vec![json!({ "why": "Nothing is asked for through tunnels.", "ports": [0] })];
    }
    if count > MOST_PORTS {
        let why = if over_urls {
            "Tunnels lead to many ports; the filter alone says which."
        } else {
            "Tunnels lead to many ports, so all are open to allowed hosts."
        };
        let none: [u16; 0] = [];
        return vec![json!({ "why": why, "ports": none })];
    }
    let ports: Vec<u16> = tunnels.port_ranges().flat_map(|range| range.first()..=range.last()).collect();
    vec![json!({ "why": "The ports that tunnels may lead to.", "ports": ports })]
}

fn http_ports(wanted: &Wanted<'_>) -> Result<PortSet, Finding> {
    let text = wanted.options.get("tinyproxy.http_ports").unwrap_or("80");
    let ranges: Result<Vec<PortRange>, _> = text.split(',').map(|item| item.trim().parse()).collect();
    ranges
        .map(PortSet::of)
        .map_err(|error| Finding::new(Code::VariableInvalid, format!("`tinyproxy.http_ports`: {error}")))
}
