//! From catalogs and answers to a policy, each rule with the reason why it is there.

mod answers;
mod context;
mod implied;
mod proxy;
mod variables;

pub use answers::{Answer, Answers, Evidence};
pub use context::context;
pub use variables::Variables;

use crate::catalog::{
    Catalog, ComponentDocument, ComponentKind, Date, EndpointDirection, EndpointDocument, Id, List, Selected,
};
use crate::diag::{Code, Finding};
use crate::packet::{
    AddrSet, Constraint, GroupSet, Hostname, NamePattern, NameSet, PeerSet, Prefix, Set, TransportSet,
};
use crate::policy::{
    Action, Direction, Justification, Match, Need, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject,
    Traffic,
};
use crate::targets::{Ingress, PeerKind, Scoping, Speech, TARGETS};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a policy is compiled from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The endpoints that are wanted.
    pub selected: &'a [Selected<'a>],
    /// The addresses of their hosts.
    pub answers: &'a Answers,
    /// What the user set.
    pub variables: &'a Variables,
}

/// A policy in the terms of one kind of target.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// The rules: all are allows, and the default is to deny.
    pub policy: Policy,
    /// What the user should know. An error stops the target.
    pub findings: Vec<Finding>,
    /// The endpoints that are reached through the proxy, and so have no rules of their own.
    pub proxied: BTreeSet<String>,
}

/// Compiles for a target that speaks like this and needs these things besides the endpoints.
pub fn compile(input: Input<'_>, speech: Speech, needs: &BTreeSet<Need>) -> Compiled {
    let mut compiler = Compiler {
        input,
        speech,
        needs,
        sets: BTreeMap::new(),
        findings: Vec::new(),
        proxied: BTreeSet::new(),
    };
    for selected in input.selected {
        if speech.peers == PeerKind::Direct {
            compiler.direct(selected);
            continue;
        }
        for endpoint in &selected.endpoints {
            compiler.endpoint(selected, endpoint);
        }
        compiler.implied(selected);
    }
    let sets = compiler.sets.into_values().collect();
    Compiled { policy: Policy::new(sets), findings: compiler.findings, proxied: compiler.proxied }
}

struct Compiler<'a> {
    input: Input<'a>,
    speech: Speech,
    needs: &'a BTreeSet<Need>,
    sets: BTreeMap<Scope, RuleSet>,
    findings: Vec<Finding>,
    proxied: BTreeSet<String>,
}

/// Who a rule is for.
struct Holder {
    name: String,
    subject: Subject,
}

impl Holder {
    /// Reports whether a pod policy governs it.
    fn is_governed(&self) -> bool {
        matches!(self.subject, Subject::Host | Subject::Pods(_))
    }
}

/// The far end of an endpoint, and the blocks of addresses in it as they are listed.
#[derive(Clone)]
struct Far {
    peers: PeerSet,
    blocks: Vec<Prefix>,
}

impl Far {
    fn of(blocks: BTreeSet<Prefix>) -> Self {
        let peers = PeerSet::from(AddrSet::of(blocks.iter().copied()));
        Self { peers, blocks: blocks.into_iter().collect() }
    }
}

impl From<PeerSet> for Far {
    fn from(peers: PeerSet) -> Self {
        Self { peers, blocks: Vec::new() }
    }
}

impl<'a> Compiler<'a> {
    fn endpoint(&mut self, selected: &Selected<'a>, endpoint: &EndpointDocument) {
        let catalog = selected.catalog;
        if let Some(day) = self.expired(selected, endpoint) {
            self.leave_out(selected, endpoint, day);
            return;
        }
        self.risks(catalog, endpoint, selected);
        self.rules(selected, endpoint);
    }

    fn rules(&mut self, selected: &Selected<'a>, endpoint: &EndpointDocument) {
        let catalog = selected.catalog;
        match endpoint.direction.value {
            EndpointDirection::Egress => {
                for holder in self.holders(selected, endpoint.used_by.as_ref().map(|list| &list.value)) {
                    self.egress(selected, endpoint, &holder);
                }
            }
            EndpointDirection::Ingress => {
                let Some(far) = self.callers(catalog, endpoint) else { return };
                for holder in self.holders(selected, endpoint.to.as_ref().map(|list| &list.value)) {
                    self.allow(selected, endpoint, &holder, Direction::Ingress, far.clone());
                }
            }
            EndpointDirection::Internal => self.internal(selected, endpoint),
        }
    }

    /// The day until which an endpoint was wanted, when it is over. On that day itself the endpoint is still wanted.
    fn expired(&self, selected: &Selected<'_>, endpoint: &EndpointDocument) -> Option<Date> {
        let day = self.input.variables.last_day(selected.catalog, endpoint)?;
        selected.today.is_some_and(|today| today > day).then_some(day)
    }

    /// Leaves an expired endpoint out. The rule sets that it would be in are made all the same: without them whoever
    /// was let through to this endpoint only would be let through to everything.
    fn leave_out(&mut self, selected: &Selected<'a>, endpoint: &EndpointDocument, day: Date) {
        let full = selected.catalog.full_id(endpoint);
        let message = format!("`{full}` was wanted until {day}, so its rules are left out");
        let help = "remove it, or ask its owner for another day";
        let mut finding = Finding::new(Code::CatalogExpired, message).help(help).endpoint(full);
        if let Some(at) = endpoint.expires.as_ref().or(selected.catalog.document.expires.as_ref())
            && at.value == day
        {
            finding = selected.catalog.locate(finding, at.span);
        }
        self.note(finding);
        let (sets, told) = (std::mem::take(&mut self.sets), self.findings.len());
        let proxied = self.proxied.clone();
        self.rules(selected, endpoint);
        self.findings.truncate(told);
        self.proxied = proxied;
        let emptied = std::mem::replace(&mut self.sets, sets);
        for (scope, set) in emptied {
            self.sets.entry(scope).or_insert(RuleSet { rules: Vec::new(), ..set });
        }
    }

    /// An endpoint of one holder: directly, or the way to the proxy in its place.
    fn egress(&mut self, selected: &Selected<'a>, endpoint: &EndpointDocument, holder: &Holder) {
        let (hosts, services) = (endpoint.hosts_in(&selected.regions), endpoint.transport());
        let ways = match self.proxied(selected, endpoint, holder) {
            None => vec![(hosts, services)],
            Some(proxied) => {
                self.hop(holder);
                if proxied.both {
                    vec![(hosts, services)]
                } else {
                    self.at_the_proxy(selected, endpoint, holder, &proxied);
                    let beside = services.subtract(&proxied.services);
                    vec![(hosts, beside), (proxied.direct, proxied.services)]
                }
            }
        };
        // Without hosts the addresses are meant themselves, and no proxy stands before them.
        let nameless = endpoint.hosts_in(&selected.regions).is_empty() && endpoint.addresses.is_some();
        for (hosts, services) in ways
            .into_iter()
            .filter(|(hosts, services)| (nameless || !hosts.is_empty()) && !services.is_empty())
        {
            if let Some(far) = self.remote(selected, endpoint, holder, &hosts) {
                let justification =
                    Justification { blocks: far.blocks, ..self.justification(selected, endpoint) };
                let origin = Origin::Endpoint(Arc::new(justification));
                self.add(holder, Direction::Egress, far.peers, services, origin);
            }
        }
    }

    /// Traffic between components: only a target that knows pods can say it.
    fn internal(&mut self, selected: &Selected<'a>, endpoint: &EndpointDocument) {
        if self.speech.scoping == Scoping::Host {
            let full = selected.catalog.full_id(endpoint);
            let message =
                format!("`{full}` is traffic between pods, which a rule for the whole host does not govern");
            let mut finding = Finding::new(Code::TargetNotEnforceable, message).endpoint(full);
            finding.severity = crate::diag::Severity::Note;
            self.findings.push(finding);
            return;
        }
        let (from, to) =
            (endpoint.from.as_ref().map(|list| &list.value), endpoint.to.as_ref().map(|list| &list.value));
        let sides = [(from, to, Direction::Egress), (to, from, Direction::Ingress)];
        for (holders, peers, direction) in sides {
            let groups: Vec<String> = peers
                .into_iter()
                .flat_map(|list| list.0.iter())
                .filter_map(|id| pods(selected.catalog.component(&id.value)?))
                .map(|pods| pods.group())
                .collect();
            let far = Far::from(PeerSet::from(GroupSet::of(groups.iter().map(String::as_str))));
            for holder in self.holders(selected, holders) {
                self.allow(selected, endpoint, &holder, direction, far.clone());
            }
        }
    }

    /// Those of the components that are wanted and that a rule set is made for.
    fn holders(&self, selected: &Selected<'a>, users: Option<&List<Id>>) -> Vec<Holder> {
        let users: Vec<&Id> = users
            .into_iter()
            .flat_map(|list| list.0.iter())
            .map(|id| &id.value)
            .filter(|id| selected.components.contains(*id))
            .collect();
        if self.speech.scoping == Scoping::Host {
            let host = (!users.is_empty()).then(|| Holder { name: String::new(), subject: Subject::Host });
            return host.into_iter().collect();
        }
        users.into_iter().filter_map(|id| holder(id, selected.catalog.component(id)?)).collect()
    }

    /// The far end of an egress endpoint in the target's terms, or nothing when none is known.
    fn remote(
        &mut self,
        selected: &Selected<'a>,
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
        if self.speech.peers == PeerKind::Names || !holder.is_governed() {
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
            PeerKind::Names | PeerKind::Direct => Some(Far::from(names)),
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
            "run `egressor lock`, leave it out with `--without {full}`, or use a target that takes names (squid)"
        );
        self.note(Finding::new(Code::EvidenceMissing, message).help(help).endpoint(full));
    }

    /// The addresses that an ingress endpoint is called from.
    fn callers(&mut self, catalog: &Catalog, endpoint: &EndpointDocument) -> Option<Far> {
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

    fn allow(
        &mut self,
        selected: &Selected<'_>,
        endpoint: &EndpointDocument,
        holder: &Holder,
        direction: Direction,
        far: Far,
    ) {
        let justification = Justification { blocks: far.blocks, ..self.justification(selected, endpoint) };
        let origin = Origin::Endpoint(Arc::new(justification));
        self.add(holder, direction, far.peers, endpoint.transport(), origin);
    }

    /// Adds a rule. A peer or service set with nothing in it makes no rule.
    fn add(
        &mut self,
        holder: &Holder,
        direction: Direction,
        peers: PeerSet,
        services: TransportSet,
        origin: Origin,
    ) {
        let (Some(peer), Some(transport)) = (Constraint::only(peers), Constraint::only(services)) else {
            return;
        };
        self.set(holder, direction).rules.push(Rule {
            action: Action::Allow,
            matches: Match { source: Constraint::Any, peer, transport },
            traffic: Traffic::New,
            unmodelled: Vec::new(),
            origin,
        });
    }

    /// The rules of a holder in a direction.
    fn set(&mut self, holder: &Holder, direction: Direction) -> &mut RuleSet {
        let name = if holder.name.is_empty() { direction.to_string() } else { holder.name.clone() };
        let scope = Scope { name, direction };
        self.sets.entry(scope.clone()).or_insert_with(|| RuleSet {
            scope,
            subject: holder.subject.clone(),
            universe: PeerSet::all_addrs().union(&PeerSet::all_names()).union(&PeerSet::all_groups()),
            rules: Vec::new(),
            default: Action::Deny,
        })
    }

    fn justification(&self, selected: &Selected<'_>, endpoint: &EndpointDocument) -> Justification {
        let catalog = selected.catalog;
        let document = &catalog.document;
        let set = |key: &str| self.input.variables.get(key).map(str::to_owned);
        let mut sources: Vec<String> = Vec::new();
        for id in &endpoint.sources.value.0 {
            if let Some(source) = document.sources.value.0.get(&id.value) {
                let text = source.value.url.as_ref().unwrap_or(&source.value.title).value.to_string();
                if !sources.contains(&text) {
                    sources.push(text);
                }
            }
        }
        let owner = endpoint.owner.as_ref().or(document.owner.as_ref()).map(|owner| owner.value.to_string());
        let ticket =
            endpoint.ticket.as_ref().or(document.ticket.as_ref()).map(|ticket| ticket.value.to_string());
        let methods = endpoint.methods.iter().flat_map(|methods| methods.value.0.iter());
        Justification {
            endpoint: catalog.full_id(endpoint),
            purpose: endpoint.purpose.value.to_string(),
            owner: set("owner").or(owner),
            ticket: set("ticket").or(ticket),
            expires: self.input.variables.last_day(catalog, endpoint).map(|day| day.to_string()),
            sources,
            confidence: endpoint.confidence.value.as_str().to_owned(),
            methods: methods.map(|method| method.value.as_str().to_owned()).collect(),
            hosts: endpoint.hosts_in(&selected.regions).iter().map(ToString::to_string).collect(),
            blocks: Vec::new(),
        }
    }

    /// What a reviewer should know about an endpoint, whatever the target.
    fn risks(&mut self, catalog: &Catalog, endpoint: &EndpointDocument, selected: &Selected<'_>) {
        let full = catalog.full_id(endpoint);
        let hosts = endpoint.hosts_in(&selected.regions);
        let hosts = hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if endpoint.is_shared() {
            let risk =
                endpoint.risk.as_ref().map_or("it serves other tenants too", |risk| risk.value.as_str());
            let mut finding =
                Finding::new(Code::RiskSharedHost, format!("`{hosts}` of `{full}` is shared: {risk}"));
            finding.help =
                endpoint.mitigation.as_ref().map(|mitigation| format!("instead: {}", mitigation.value));
            self.note(finding.endpoint(full.clone()));
        }
        if endpoint.is_upload() {
            let message = format!("`{full}` sends data to `{hosts}`: {}", endpoint.purpose.value);
            self.note(Finding::new(Code::RiskUpload, message).endpoint(full.clone()));
        }
        let shared = catalog.ip_set(endpoint).and_then(|set| set.shared.as_ref());
        if let Some(shared) =
            shared.filter(|_| matches!(self.speech.peers, PeerKind::Addresses | PeerKind::Both))
        {
            let message = format!("the dedicated addresses of `{full}` are shared: {}", shared.value);
            self.note(Finding::new(Code::EvidenceShared, message).endpoint(full));
        }
    }

    /// Adds a finding once.
    fn note(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// The targets whose rules name hosts.
fn naming_targets() -> String {
    let naming = TARGETS.iter().filter(|target| target.speech().peers == PeerKind::Names);
    naming.map(|target| target.name()).collect::<Vec<_>>().join(", ")
}

/// The pods of a component, when it is made of pods.
fn pods(component: &ComponentDocument) -> Option<Pods> {
    let namespace = component.namespace.as_ref()?.value.as_str().to_owned();
    let labels = component.selector.as_ref()?.value.0.iter();
    let labels =
        labels.map(|(key, value)| (key.as_str().to_owned(), value.value.as_str().to_owned())).collect();
    Some(Pods { namespace, labels })
}

/// A component as the holder of rules; addresses that only the user knows hold none.
fn holder(id: &Id, component: &ComponentDocument) -> Option<Holder> {
    match component.kind.value {
        ComponentKind::Pods => {
            let pods = pods(component)?;
            let host_network = component.host_network.as_ref().is_some_and(|shared| shared.value);
            let name = pods.group();
            let subject = if host_network { Subject::HostNetworkPods(pods) } else { Subject::Pods(pods) };
            Some(Holder { name, subject })
        }
        ComponentKind::Node | ComponentKind::Workstation => {
            Some(Holder { name: id.to_string(), subject: Subject::Machine })
        }
        ComponentKind::Variable => None,
    }
}
