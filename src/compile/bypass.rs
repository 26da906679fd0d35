//! What is reached without the outbound proxy: the entries of `NO_PROXY`, each with its reason.

use super::Input;
use crate::catalog::Selected;
use crate::diag::{Code, Finding};
use crate::packet::{Hostname, Prefix};
use crate::policy::Need;
use std::collections::BTreeMap;

/// The instance metadata service, at the address that every platform has it.
const METADATA: &str = "169.254.169.254";
/// The domain of a cluster that nobody gave another one.
const CLUSTER_DOMAIN: &str = "cluster.local";
/// What stays on the host. The blocks are spelt out for clients that do not spare them unasked.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.0/8", "::1"];

/// What is reached without the proxy, each with the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct Bypass {
    /// Hosts, each with everything below it.
    pub(super) names: BTreeMap<Hostname, Need>,
    /// Addresses.
    pub(super) blocks: BTreeMap<Prefix, Need>,
}

impl Bypass {
    /// Adds an entry as it is written in a list: a name, with or without a dot before it, an address or a block.
    fn add(&mut self, text: &str, need: Need) -> Result<(), String> {
        let text = text.trim();
        if let Ok(block) = text.parse::<Prefix>() {
            self.blocks.entry(block).or_insert(need);
            return Ok(());
        }
        let bare = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
        let host = bare.parse::<Hostname>().map_err(|error| error.to_string())?;
        self.names.entry(host).or_insert(need);
        Ok(())
    }

    /// Reports whether clients reach the host without the proxy.
    pub(super) fn covers(&self, host: &Hostname) -> bool {
        self.names.keys().any(|tree| host.is_within(tree))
    }
}

/// What is reached without the proxy, by a catalog and by what the user set.
pub(super) fn bypass(input: Input<'_>, selected: &Selected<'_>) -> (Bypass, Vec<Finding>) {
    let (mut bypass, mut findings) = (Bypass::default(), Vec::new());
    let variables = input.variables;
    let mut fixed: Vec<(&str, Need)> = LOOPBACK.iter().map(|text| (*text, Need::Loopback)).collect();
    fixed.push((METADATA, Need::Metadata));
    fixed.push(("svc", Need::Cluster));
    fixed.push((variables.get("cluster_domain").unwrap_or(CLUSTER_DOMAIN), Need::Cluster));
    for (text, need) in fixed {
        // What is written here parses, and what the user set was checked.
        let _ = bypass.add(text, need);
    }
    for (key, need) in
        [("pod_cidr", Need::Cluster), ("service_cidr", Need::Cluster), ("api_server", Need::ApiServer)]
    {
        let blocks = variables.prefixes(key);
        if blocks.is_empty() && need == Need::Cluster {
            let message = format!("NO_PROXY needs the variable `{key}`, so that traffic goes to the proxy");
            findings.push(
                Finding::new(Code::VariableUnset, message).help(format!("set it with `--set {key}=CIDR`")),
            );
        }
        for block in blocks {
            bypass.blocks.entry(block).or_insert(need);
        }
    }
    let items =
        |key: &str| variables.get(key).map_or_else(Vec::new, |value| value.split(',').collect::<Vec<_>>());
    for text in items("api_server_names") {
        let _ = bypass.add(text, Need::ApiServer);
    }
    let proxy = selected.catalog.document.proxy.as_ref().map(|proxy| &proxy.value);
    for entry in proxy.iter().flat_map(|proxy| proxy.no_proxy.value.0.iter()) {
        let text = entry.value.as_str();
        if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            for block in variables.prefixes(name) {
                bypass.blocks.entry(block).or_insert(Need::Cluster);
            }
            continue;
        }
        let need = if text.starts_with("metadata") { Need::Metadata } else { Need::Cluster };
        if let Err(why) = bypass.add(text, need) {
            let message = format!("NO_PROXY leaves an entry of the catalog out: {why}");
            findings
                .push(Finding::new(Code::VariableInvalid, message).at(&selected.catalog.source, entry.span));
        }
    }
    for text in items("no_proxy") {
        if bypass.add(text, Need::Bypass).is_ok() {
            findings.extend(opened(selected, text.trim()));
        }
    }
    (bypass, findings)
}

/// What somebody asked to have reached without the proxy, and what that opens.
fn opened(selected: &Selected<'_>, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let proxy = selected.catalog.document.proxy.as_ref().map(|proxy| &proxy.value);
    let optional = proxy.iter().filter_map(|proxy| proxy.no_proxy_optional.as_ref());
    let said = optional.flat_map(|table| table.value.0.iter()).find(|(key, _)| key.as_str() == text);
    if let Some((_, what)) = said {
        let message = format!("`{text}` in NO_PROXY opens direct egress: {}", what.value);
        findings.push(Finding::new(Code::ProxyDirect, message));
    }
    let mut one = Bypass::default();
    if one.add(text, Need::Bypass).is_err() {
        return findings;
    }
    for endpoint in &selected.endpoints {
        let hosts = endpoint.hosts_in(&selected.regions);
        for host in hosts.iter().filter(|host| one.covers(host)) {
            let full = selected.catalog.full_id(endpoint);
            let risk = endpoint.risk.as_ref().filter(|_| endpoint.is_shared());
            let risk = risk.map_or_else(String::new, |risk| format!("; {}", risk.value));
            let message = format!("`{text}` in NO_PROXY sends `{host}` of `{full}` around the proxy{risk}");
            let help = "leave it out of `no_proxy`, so that the proxy sees what is asked for";
            findings.push(Finding::new(Code::ProxyDirect, message).help(help).endpoint(full));
        }
    }
    findings
}
