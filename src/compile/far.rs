//! The far end of an endpoint, in the terms of a target: names, or the addresses that are known best.

use super::{Compiler, Evidence, Holder, pods};
use crate::catalog::{Catalog, EndpointDocument, Selected};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, GroupSet, Hostname, NamePattern, NameSet, PeerSet, Prefix, Set as _};
use crate::targets::{Ingress, PeerKind, TARGETS};
use std::collections::BTreeSet;

/// The far end of an endpoint, and the blocks of addresses in it as they are listed.
#[derive(Clone)]
pub(super) struct Far {
    pub(super) peers: PeerSet,
    pub(super) blocks: Vec<Prefix>,
}

impl Far {
    pub(super) fn of(blocks: BTreeSet<Prefix>) -> Self {
        let peers = PeerSet::from(AddrSet::of(blocks.iter().copied()));
        Self { peers, blocks: blocks.into_iter().collect() }
    }
}

impl From<PeerSet> for Far {
    fn from(peers: PeerSet) -> Self {
        Self { peers, blocks: Vec::new() }
    }
}

impl Compiler<'_> {
    /// The far end of an egress endpoint in the target's terms, or nothing when none is known.
    pub(super) fn remote(
        &mut self,
        selected: &Selected<'_>,
        endpoint: &EndpointDocument,
        holder: &Holder,
        hosts: &[Hostname],
    ) -> Option<Far> {
        let patterns: Vec<NamePattern> = hosts.iter().flat_map(|host| endpoint.patterns(host)).collect();
        let names = PeerSet::from(NameSet::of(&patterns));
        let listed = selected.catalog.listed(endpoint);
        // What all hosts have together stands for all of them, never for some.
        let whole = hosts.len() == endpoint.hosts_in(&selected.regions).len();
        if let Some(listed) = listed.filter(|_| whole) {
            return self.listed(selected, endpoint, holder, names, listed);
        }
        let by_name = self.speech.peers == PeerKind::Names
            || (self.speech.peers == PeerKind::NamesFirst && !hosts.is_empty());
        if by_name || !holder.is_governed() {
            return Some(Far::from(names));
        }
        let mut blocks = BTreeSet::new();
        if self.speech.peers == PeerKind::Both {
            for host in hosts {
                blocks.extend(self.addresses(selected.catalog, endpoint, host));
            }
            let known = Far::of(blocks);
            return Some(Far { peers: names.union(&known.peers), ..known });
        }
        for host in hosts {
            let known = self.addresses(selected.catalog, endpoint, host);
            if known.is_empty() {
                self.no_evidence(&selected.catalog.full_id(endpoint), endpoint, host);
                continue;
            }
            blocks.extend(known);
        }
        (!blocks.is_empty()).then(|| Far::of(blocks))
    }

    /// The far end of an egress endpoint whose addresses the catalog lists.
    fn listed(
        &mut self,
        selected: &Selected<'_>,
        endpoint: &EndpointDocument,
        holder: &Holder,
        names: PeerSet,
        listed: Vec<Prefix>,
    ) -> Option<Far> {
        let known = Far::of(listed.into_iter().collect());
        match self.speech.peers {
            PeerKind::Addresses if holder.is_governed() => Some(known),
            PeerKind::NamesFirst if names.is_empty() => Some(known),
            PeerKind::Addresses | PeerKind::Both => Some(Far { peers: names.union(&known.peers), ..known }),
            PeerKind::Names if names.is_empty() => {
                let full = selected.catalog.full_id(endpoint);
                let message =
                    format!("`{full}` is known by its addresses only, and this target's rules name hosts");
                let help =
                    format!("leave it out with `--without {full}`, or use a target that takes addresses");
                self.note(Finding::new(Code::TargetNotEnforceable, message).help(help).endpoint(full));
                None
            }
            PeerKind::Names | PeerKind::NamesFirst | PeerKind::Direct => Some(Far::from(names)),
        }
    }

    /// The best evidence for a host: dedicated addresses, then published ones, then answers of the DNS.
    fn addresses(&mut self, catalog: &Catalog, endpoint: &EndpointDocument, host: &Hostname) -> Vec<Prefix> {
        if endpoint.subdomains.is_some() {
            return Vec::new();
        }
        if let Some(set) = catalog.ip_set(endpoint) {
            return set.cidrs.value.0.iter().map(|cidr| cidr.value).collect();
        }
        let Some(answer) = self.input.answers.of(host) else { return Vec::new() };
        if let Some(since) = &answer.stale {
            let message = format!("the addresses of `{host}` are kept from an earlier answer: {since}");
            self.note(Finding::new(Code::EvidenceStale, message).endpoint(catalog.full_id(endpoint)));
        }
        if answer.rotates && answer.kind() == Some(Evidence::Dns) {
            let message = format!(
                "`{host}` answers with other addresses each time, so a rule by address is best effort"
            );
            let help = format!(
                "use a target that takes names ({}), ranges that the vendor publishes or dedicates, or a private endpoint; `egressor lock --rounds 5` sees more of them",
                naming_targets()
            );
            let finding = Finding::new(Code::EvidenceRotating, message).help(help);
            self.note(finding.endpoint(catalog.full_id(endpoint)));
        }
        answer.best()
    }

    fn no_evidence(&mut self, full: &str, endpoint: &EndpointDocument, host: &Hostname) {
        let why = match self.input.answers.of(host).and_then(|answer| answer.failure.as_deref()) {
            Some(class) => format!("the lock holds no address, the last lookup ended in {class}"),
            None if endpoint.subdomains.is_some() => "names below a host cannot be resolved".to_owned(),
            None => "the lock does not know it".to_owned(),
        };
        let message = format!("no address is known for `{host}` of `{full}`: {why}");
        let help = format!(
            "run `egressor lock`, leave it out with `--without {full}`, or use a target that takes names ({})",
            naming_targets()
        );
        self.note(Finding::new(Code::EvidenceMissing, message).help(help).endpoint(full));
    }

    /// The addresses that an ingress endpoint is called from.
    pub(super) fn callers(&mut self, catalog: &Catalog, endpoint: &EndpointDocument) -> Option<Far> {
        let (mut peers, mut blocks) = (PeerSet::default(), BTreeSet::new());
        blocks.extend(catalog.listed(endpoint).into_iter().flatten());
        for id in endpoint.from.iter().flat_map(|list| list.value.0.iter()) {
            let component = catalog.component(&id.value)?;
            if let Some(pods) = pods(component) {
                peers = peers.union(&PeerSet::from(GroupSet::of([pods.group().as_str()])));
            }
            let Some(variable) = &component.variable else { continue };
            if self.speech.ingress == Ingress::ByPlatform {
                peers = peers.union(&PeerSet::from(GroupSet::of([id.value.as_str()])));
                continue;
            }
            let known = self.input.variables.prefixes(variable.value.as_str());
            if known.is_empty() {
                let full = catalog.full_id(endpoint);
                let name = &variable.value;
                let message = format!("`{full}` needs the variable `{name}`, so its rule is left out");
                let help =
                    format!("set it with `--set {name}=CIDR`, or leave it out with `--without {full}`");
                self.note(Finding::new(Code::VariableUnset, message).help(help).endpoint(full));
            }
            blocks.extend(known);
        }
        let far = Far::of(blocks);
        let far = Far { peers: peers.union(&far.peers), ..far };
        (!far.peers.is_empty()).then_some(far)
    }
}

/// The targets whose rules name hosts.
fn naming_targets() -> String {
    let by_name = |peers: PeerKind| matches!(peers, PeerKind::Names | PeerKind::NamesFirst);
    let naming = TARGETS.iter().filter(|target| by_name(target.speech().peers));
    naming.map(|target| target.name()).collect::<Vec<_>>().join(", ")
}
