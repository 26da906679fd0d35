//! The outbound proxy of a project: the way to it, and what is reached without it.

use super::{Compiler, Holder, Input};
use crate::catalog::{App, ComponentKind, EndpointDirection, EndpointDocument, Id, Selected};
use crate::diag::{Code, Finding, Severity};
use crate::packet::{
    AddrSet, Hostname, NamePattern, NameSet, PeerSet, PortRange, Prefix, Protocol, Set as _, TransportSet,
};
use crate::policy::{Direction, Need, Origin};
use crate::targets::{Facts, PeerKind, ProxyHost, ProxyUrl, Scoping};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    names: BTreeMap<Hostname, Need>,
    /// Addresses.
    blocks: BTreeMap<Prefix, Need>,
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

/// The proxy that the user set.
pub(super) fn url(input: Input<'_>) -> Option<ProxyUrl> {
    input.variables.get("proxy")?.parse().ok()
}

/// The port that the way to the proxy is opened at, and that artifacts write.
fn port(url: &ProxyUrl) -> u16 {
    url.port.or_else(|| url.ports().first().copied()).unwrap_or_default()
}

/// The components of a selection that take the variables.
pub(super) fn takers<'a>(selected: &'a Selected<'a>) -> Vec<&'a Id> {
    let document = &selected.catalog.document;
    let listed = document.proxy.as_ref().map(|proxy| &proxy.value.applies_to.value);
    let is_taker = |id: &&Id| match listed {
        Some(listed) => listed.0.iter().any(|taker| taker.value == **id),
        None => selected
            .catalog
            .component(id)
            .is_some_and(|component| matches!(component.kind.value, ComponentKind::Pods)),
    };
    selected.components.iter().filter(is_taker).collect()
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

impl Compiler<'_> {
    /// The rules of a target that says what is reached without the proxy.
    pub(super) fn direct(&mut self, selected: &Selected<'_>) {
        let Some(url) = url(self.input) else {
            let message = "no proxy is set, so there are no variables to write";
            let help = "set it with `--set proxy=http://HOST:PORT`, or leave `proxy-env` out";
            let finding = Finding::new(Code::VariableUnset, message).help(help);
            self.note(Finding { severity: Severity::Error, ..finding });
            return;
        };
        if takers(selected).is_empty() {
            return;
        }
        let (bypass, findings) = bypass(self.input, selected);
        for finding in findings {
            self.note(finding);
        }
        let takers: Vec<&Id> = takers(selected);
        let taken = |endpoint: &&&EndpointDocument| {
            let users = endpoint.used_by.iter().flat_map(|users| users.value.0.iter());
            endpoint.direction.value == EndpointDirection::Egress
                && users.into_iter().any(|user| takers.contains(&&user.value))
                && !endpoint.hosts_in(&selected.regions).iter().all(|host| bypass.covers(host))
        };
        let ids = selected.endpoints.iter().filter(taken).map(|endpoint| selected.catalog.full_id(endpoint));
        self.proxied.extend(ids);
        let holder = Holder { name: String::new(), subject: crate::policy::Subject::Host };
        let mut rules: Vec<(PeerSet, TransportSet, Need)> = vec![(url.peer(), to_proxy(&url), Need::Proxy)];
        let tcp = TransportSet::protocol(Protocol::TCP);
        let names = bypass.names.iter();
        rules.extend(names.map(|(host, need)| {
            (PeerSet::from(NamePattern::Tree(host.clone()).names()), tcp.clone(), *need)
        }));
        let blocks = bypass.blocks.iter();
        rules.extend(blocks.map(|(block, need)| (PeerSet::from(AddrSet::of([*block])), tcp.clone(), *need)));
        for (peers, services, need) in
            rules.into_iter().filter(|(_, _, need)| self.needs.contains(need)).collect::<Vec<_>>()
        {
            self.add(&holder, Direction::Egress, peers, services, Origin::Implied(need));
        }
    }

    /// What of an endpoint goes through the proxy: its services, and its hosts that are not reached without it. Nothing
    /// when no proxy is set, or none stands before this holder.
    pub(super) fn proxied(
        &mut self,
        selected: &Selected<'_>,
        endpoint: &EndpointDocument,
        holder: &Holder,
    ) -> Option<Proxied> {
        let url = url(self.input)?;
        let sees_hops = matches!(self.speech.peers, PeerKind::Addresses | PeerKind::Both);
        if !sees_hops || !holder.is_governed() {
            return None;
        }
        let tcp = endpoint.transport().intersect(&TransportSet::protocol(Protocol::TCP));
        let full = selected.catalog.full_id(endpoint);
        if endpoint.app.value == App::Other || tcp.is_empty() {
            let message = format!("`{full}` is not spoken over HTTP, so the proxy does not stand before it");
            self.note(Finding::new(Code::ProxyHop, message).endpoint(full));
            return None;
        }
        let (bypass, findings) = bypass(self.input, selected);
        // That a block is not set matters to NO_PROXY alone.
        let findings = findings.into_iter().filter(|finding| finding.code == Code::ProxyDirect);
        for finding in findings {
            self.note(finding);
        }
        let hosts = endpoint.hosts_in(&selected.regions);
        let (direct, proxied): (Vec<_>, Vec<_>) = hosts.into_iter().partition(|host| bypass.covers(host));
        if proxied.is_empty() {
            return None;
        }
        let both = self.input.variables.get("proxy_and_direct") == Some("yes");
        let names: Vec<String> = proxied.iter().map(ToString::to_string).collect();
        let but =
            if both { ", and directly as well, as was asked" } else { ", and its direct way is closed" };
        let message =
            format!("`{}` of `{full}` is reached through the proxy `{url}`{but}", names.join("`, `"));
        self.note(Finding::new(Code::ProxyHop, message).endpoint(full.clone()));
        if !both {
            self.cut_off(selected, endpoint, &full);
        }
        self.proxied.insert(full);
        Some(Proxied { direct, through: proxied, services: tcp, both })
    }

    /// Asks for what goes through the proxy by its name: the proxy itself has to let it pass.
    pub(super) fn at_the_proxy(
        &mut self,
        selected: &Selected<'_>,
        endpoint: &EndpointDocument,
        holder: &Holder,
        proxied: &Proxied,
    ) {
        if self.speech.peers != PeerKind::Both {
            return;
        }
        let patterns: Vec<NamePattern> =
            proxied.through.iter().flat_map(|host| endpoint.patterns(host)).collect();
        let names = PeerSet::from(NameSet::of(&patterns));
        let origin = Origin::Endpoint(Arc::new(self.justification(selected, endpoint)));
        self.add(holder, Direction::Egress, names, proxied.services.clone(), origin);
    }

    /// Tells of users whose proxy is set up elsewhere: the variables are for pods, and a node has settings of its own.
    fn cut_off(&mut self, selected: &Selected<'_>, endpoint: &EndpointDocument, full: &str) {
        let takers = takers(selected);
        let users = endpoint.used_by.iter().flat_map(|users| users.value.0.iter()).map(|user| &user.value);
        let others: Vec<&str> = users
            .filter(|user| selected.components.contains(*user) && !takers.contains(user))
            .map(Id::as_str)
            .collect();
        if others.is_empty() || self.speech.scoping != Scoping::Host {
            return;
        }
        let message = format!(
            "`{}` needs `{full}` and does not take the variables, so it is cut off until it is told of the proxy",
            others.join("`, `")
        );
        let help = "set the proxy up there, or keep the direct way open with `--set proxy_and_direct=yes`";
        let finding = Finding::new(Code::ProxyHop, message).help(help).endpoint(full.to_owned());
        self.note(Finding { severity: Severity::Warning, ..finding });
    }

    /// Opens the way to the proxy.
    pub(super) fn hop(&mut self, holder: &Holder) {
        let Some(url) = url(self.input).filter(|_| self.needs.contains(&Need::Proxy)) else { return };
        let name = if holder.name.is_empty() { Direction::Egress.as_str() } else { &holder.name };
        let own = self
            .sets
            .values()
            .filter(|set| set.scope.name == name && set.scope.direction == Direction::Egress);
        if own.flat_map(|set| &set.rules).any(|rule| rule.origin == Origin::Implied(Need::Proxy)) {
            return;
        }
        let peers = if self.speech.peers == PeerKind::Both {
            url.peer().union(&PeerSet::from(AddrSet::of(addresses(self.input, &url))))
        } else {
            let Some(peers) = self.proxy_addresses(&url) else { return };
            peers
        };
        self.add(holder, Direction::Egress, peers, to_proxy(&url), Origin::Implied(Need::Proxy));
    }

    /// The addresses of the proxy. That none is known is an error where nothing else can be said.
    fn proxy_addresses(&mut self, url: &ProxyUrl) -> Option<PeerSet> {
        let known = addresses(self.input, url);
        if known.is_empty() {
            let message = format!(
                "no address is known for the proxy `{}`, so the way to it cannot be opened",
                url.host
            );
            let help = "set it with `--set proxy_address=CIDR`, or write the proxy by its address";
            self.note(Finding::new(Code::EvidenceMissing, message).help(help));
            return None;
        }
        Some(PeerSet::from(AddrSet::of(known)))
    }
}

/// The addresses of the proxy: those that are set, the one of its URL, or those in the lock.
fn addresses(input: Input<'_>, url: &ProxyUrl) -> Vec<Prefix> {
    let set = input.variables.prefixes("proxy_address");
    match &url.host {
        _ if !set.is_empty() => set,
        ProxyHost::Addr(addr) => vec![Prefix::host(*addr)],
        ProxyHost::Name(name) => input.answers.of(name).map(super::Answer::best).unwrap_or_default(),
    }
}

/// How an endpoint is reached, in words; nothing when no proxy stands before it.
pub(super) fn via(input: Input<'_>, selected: &Selected<'_>, endpoint: &EndpointDocument) -> Option<String> {
    let url = url(input)?;
    let tcp = endpoint.transport().intersect(&TransportSet::protocol(Protocol::TCP));
    let is_egress = endpoint.direction.value == EndpointDirection::Egress;
    if endpoint.app.value == App::Other || tcp.is_empty() || !is_egress {
        return None;
    }
    let (bypass, _) = bypass(input, selected);
    let hosts = endpoint.hosts_in(&selected.regions);
    let (direct, through): (Vec<_>, Vec<_>) = hosts.into_iter().partition(|host| bypass.covers(host));
    if through.is_empty() {
        return None;
    }
    let both = input.variables.get("proxy_and_direct") == Some("yes");
    let or = if both { ", or directly" } else { "" };
    let list: Vec<String> = direct.iter().map(ToString::to_string).collect();
    let but = if list.is_empty() { String::new() } else { format!("; directly to {}", list.join(" and ")) };
    Some(format!("proxy {url}{or}{but}"))
}

/// What there is to say of the way to the proxy itself; nothing when none is set.
pub(super) fn hop_facts(input: Input<'_>) -> Option<Facts> {
    let url = url(input)?;
    let set = |key: &str| input.variables.get(key).unwrap_or_default().to_owned();
    let known = addresses(input, &url);
    let word = match &url.host {
        ProxyHost::Name(_) if set("proxy_address").is_empty() => "dns",
        ProxyHost::Name(_) | ProxyHost::Addr(_) => "given",
    };
    Some(Facts {
        app: format!("{} proxy", url.scheme),
        condition: "a proxy is set".to_owned(),
        owner: set("owner"),
        ticket: set("ticket"),
        expires: set("expires"),
        evidence: known.iter().map(|block| (block.to_string(), word.to_owned())).collect(),
        ..Facts::default()
    })
}

/// What of an endpoint goes through the proxy.
pub(super) struct Proxied {
    /// The hosts that are reached without it all the same.
    pub(super) direct: Vec<Hostname>,
    /// The hosts that are not.
    pub(super) through: Vec<Hostname>,
    /// The services that go through it.
    pub(super) services: TransportSet,
    /// Whether the direct way stays open too.
    pub(super) both: bool,
}

fn to_proxy(url: &ProxyUrl) -> TransportSet {
    TransportSet::port(Protocol::TCP, PortRange::single(port(url)))
}
