//! The outbound proxy of a project: the way to it, and what is reached without it.

use super::bypass::bypass;
use super::{Compiler, Holder, Input};
use crate::catalog::{App, ComponentKind, EndpointDirection, EndpointDocument, Id, Selected};
use crate::diag::{Code, Finding, Severity};
use crate::packet::{
    AddrSet, Hostname, NamePattern, NameSet, PeerSet, PortRange, Prefix, Protocol, Set as _, TransportSet,
};
use crate::policy::{Direction, Need, Origin};
use crate::targets::{Facts, PeerKind, ProxyHost, ProxyUrl, Scoping};
use std::sync::Arc;

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

impl Compiler<'_> {
    /// The rules of a target that says what is reached without the proxy.
    pub(super) fn direct(&mut self, selected: &Selected<'_>) {
        let Some(url) = url(self.input) else {
            let message = "no proxy is set, so there are no variables to write";
            let help = "set it with `--set proxy=http://HOST:3128`, or leave `proxy-env` out";
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
        let sees_hops =
            matches!(self.speech.peers, PeerKind::Addresses | PeerKind::Both | PeerKind::NamesFirst);
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
        let peers = match self.speech.peers {
            PeerKind::Both => url.peer().union(&PeerSet::from(AddrSet::of(addresses(self.input, &url)))),
            // Its name, or the address in its place.
            PeerKind::NamesFirst => url.peer(),
            PeerKind::Addresses | PeerKind::Names | PeerKind::Direct => {
                let Some(peers) = self.proxy_addresses(&url) else { return };
                peers
            }
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
