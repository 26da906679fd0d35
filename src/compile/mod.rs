//! From catalogs and answers to a policy, each rule with the reason why it is there.

mod answers;
mod bypass;
mod context;
mod far;
mod implied;
mod proxy;
mod variables;
mod why;

pub use answers::{Answer, Answers, Evidence};
pub use context::context;
pub use variables::Variables;

use far::Far;

use crate::catalog::{
    ComponentDocument, ComponentKind, Date, EndpointDirection, EndpointDocument, Id, List, Selected,
};
use crate::diag::{Code, Finding, distinct};
use crate::packet::{Constraint, GroupSet, PeerSet, Set, TransportSet};
use crate::policy::{
    Action, Direction, Justification, Match, Need, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject,
    Traffic,
};
use crate::targets::{PeerKind, Scoping, Speech};
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
    Compiled { policy: Policy::new(sets), findings: distinct(compiler.findings), proxied: compiler.proxied }
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
        let holders = users.into_iter().filter_map(|id| holder(id, selected.catalog.component(id)?));
        if self.speech.scoping == Scoping::Component {
            return holders.collect();
        }
        let mut once = BTreeSet::new();
        holders.map(of_namespace).filter(|holder| once.insert(holder.name.clone())).collect()
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

    /// Adds a finding. What is added more than once is told once in the end.
    fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// The pods of a component, when it is made of pods.
fn pods(component: &ComponentDocument) -> Option<Pods> {
    let namespace = component.namespace.as_ref()?.value.as_str().to_owned();
    let labels = component.selector.as_ref()?.value.0.iter();
    let labels =
        labels.map(|(key, value)| (key.as_str().to_owned(), value.value.as_str().to_owned())).collect();
    Some(Pods { namespace, labels })
}

/// The holder of rules for the whole namespace of a component; what is no pod stays what it is.
fn of_namespace(holder: Holder) -> Holder {
    match holder.subject {
        Subject::Pods(pods) => {
            let pods = Pods { labels: BTreeMap::new(), ..pods };
            Holder { name: pods.group(), subject: Subject::Pods(pods) }
        }
        Subject::Host | Subject::HostNetworkPods(_) | Subject::Machine => holder,
    }
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
