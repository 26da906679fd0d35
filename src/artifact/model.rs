//! What a template of an artifact sees: plain data in its final order.

use super::schema;
use crate::packet::{GroupSet, NamePattern, NameSet, PeerSet, Set as _, TransportRow, TransportSet};
use crate::policy::{Origin, Rule, RuleSet, Subject};
use crate::targets::why;
use serde::Serialize;
use serde_json::Value;

/// The longest reason.
const LONGEST_WHY: usize = 400;

/// The model.
#[derive(Debug, Serialize)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) summary: String,
    /// One for each rule set, in the order of their names.
    pub(super) scopes: Vec<ScopeModel>,
    /// The lines of a list; empty unless the reader is `list`.
    pub(super) entries: Vec<EntryModel>,
}

/// One rule set.
#[derive(Debug, Serialize)]
pub(super) struct ScopeModel {
    name: String,
    direction: &'static str,
    /// The namespace of the pods, where it is attached to pods.
    namespace: Option<String>,
    labels: Vec<LabelModel>,
    rules: Vec<RuleModel>,
}

#[derive(Debug, Serialize)]
struct LabelModel {
    key: String,
    value: String,
}

/// One rule; all of them allow.
#[derive(Debug, Serialize)]
struct RuleModel {
    /// The endpoint, or what is implied.
    endpoint: String,
    implied: bool,
    purpose: String,
    owner: Option<String>,
    ticket: Option<String>,
    expires: Option<String>,
    sources: Vec<String>,
    /// All of it in a line.
    why: String,
    peers: PeersModel,
    services: Vec<ServiceModel>,
}

#[derive(Debug, Serialize)]
struct PeersModel {
    ipv4: Vec<String>,
    ipv6: Vec<String>,
    names: Vec<NameModel>,
    groups: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NameModel {
    /// `host`, `path`, `tree`, `below`, `one-below` or `any`.
    kind: &'static str,
    host: String,
    path: Option<String>,
}

#[derive(Debug, Serialize)]
struct ServiceModel {
    /// `any`, a name, or a number.
    protocol: String,
    /// All ports when empty.
    ports: Vec<PortsModel>,
    /// All types when empty.
    icmp: Vec<IcmpModel>,
}

#[derive(Debug, Serialize)]
struct PortsModel {
    first: u16,
    last: u16,
}

#[derive(Debug, Serialize)]
struct IcmpModel {
    #[serde(rename = "type")]
    kind: u8,
    code: Option<u8>,
}

/// One line of a list.
#[derive(Debug, Serialize)]
pub(super) struct EntryModel {
    peer: String,
    /// Why it is there, in a line.
    why: String,
}

/// The JSON Schema of the model.
pub fn model_schema() -> Value {
    schema::model()
}

impl ScopeModel {
    pub(super) fn new(set: &RuleSet) -> Self {
        let pods = match &set.subject {
            Subject::Pods(pods) | Subject::HostNetworkPods(pods) => Some(pods),
            Subject::Host | Subject::Machine => None,
        };
        let labels = pods.into_iter().flat_map(|pods| &pods.labels);
        let mut rules: Vec<&Rule> = set.rules.iter().collect();
        rules.sort_by_cached_key(|rule| (id(&rule.origin), peers_of(set, rule)));
        Self {
            name: set.scope.name.clone(),
            direction: set.scope.direction.as_str(),
            namespace: pods.map(|pods| pods.namespace.clone()),
            labels: labels
                .map(|(key, value)| LabelModel { key: key.clone(), value: value.clone() })
                .collect(),
            rules: rules.into_iter().map(|rule| RuleModel::new(set, rule)).collect(),
        }
    }
}

impl RuleModel {
    fn new(set: &RuleSet, rule: &Rule) -> Self {
        let full = TransportSet::full();
        let services = rule.matches.transport.set().unwrap_or(&full).rows();
        let justified = match &rule.origin {
            Origin::Endpoint(why) => Some(why),
            Origin::Implied(_) | Origin::File(_) | Origin::System(_) => None,
        };
        let of = |field: fn(&crate::policy::Justification) -> &Option<String>| {
            justified.and_then(|why| field(why).clone())
        };
        Self {
            endpoint: id(&rule.origin),
            implied: justified.is_none(),
            purpose: match &rule.origin {
                Origin::Endpoint(why) => why.purpose.clone(),
                Origin::Implied(need) => need.reason().to_owned(),
                Origin::File(_) | Origin::System(_) => String::new(),
            },
            owner: of(|why| &why.owner),
            ticket: of(|why| &why.ticket),
            expires: of(|why| &why.expires),
            sources: justified.map(|why| why.sources.clone()).unwrap_or_default(),
            why: why([&rule.origin], LONGEST_WHY),
            peers: PeersModel::new(&peers_of(set, rule)),
            services: services.iter().map(ServiceModel::new).collect(),
        }
    }
}

fn peers_of(set: &RuleSet, rule: &Rule) -> PeerSet {
    rule.matches.peer.set().unwrap_or(&set.universe).clone()
}

fn id(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(why) => why.endpoint.clone(),
        Origin::Implied(need) => need.id().to_owned(),
        Origin::File(place) => place.source.name().to_owned(),
        Origin::System(words) => words.clone(),
    }
}

impl PeersModel {
    fn new(peers: &PeerSet) -> Self {
        let prefixes = peers.addrs.prefixes();
        let of_family = |v4: bool| {
            let of = prefixes.iter().filter(|prefix| prefix.is_ipv4() == v4);
            of.map(ToString::to_string).collect()
        };
        let groups: &GroupSet = &peers.groups;
        Self {
            ipv4: of_family(true),
            ipv6: of_family(false),
            names: names(&peers.names),
            groups: groups.names().0,
        }
    }
}

/// Names that nothing is excepted from; a policy that a catalog asks for has no others.
fn names(names: &NameSet) -> Vec<NameModel> {
    let patterns = names.patterns().into_iter().filter(|(_, except)| except.is_empty());
    patterns.flat_map(|(names, _)| names).map(|name| NameModel::new(&name)).collect()
}

impl NameModel {
    fn new(name: &NamePattern) -> Self {
        let model = |kind, host: &crate::packet::Hostname, path: Option<&str>| Self {
            kind,
            host: host.to_string(),
            path: path.map(str::to_owned),
        };
        match name {
            NamePattern::Any => Self { kind: "any", host: "any".to_owned(), path: None },
            NamePattern::Host(host) => model("host", host, None),
            NamePattern::Path(host, path) => model("path", host, Some(path.as_str())),
            NamePattern::Tree(host) => model("tree", host, None),
            NamePattern::Below(host) => model("below", host, None),
            NamePattern::OneBelow(host) => model("one-below", host, None),
        }
    }
}

impl ServiceModel {
    fn new(row: &TransportRow) -> Self {
        let bare = |protocol: String| Self { protocol, ports: Vec::new(), icmp: Vec::new() };
        match row {
            TransportRow::Any => bare("any".to_owned()),
            TransportRow::Protocols(first, last) if first == last => bare(first.to_string()),
            TransportRow::Protocols(first, last) => bare(format!("{}-{}", first.0, last.0)),
            TransportRow::Ports(protocol, ports) => {
                let range = |range: &crate::packet::PortRange| PortsModel {
                    first: range.first(),
                    last: range.last(),
                };
                Self { ports: ports.iter().map(range).collect(), ..bare(protocol.to_string()) }
            }
            TransportRow::Icmp(protocol, types) => {
                let one = |icmp: &crate::packet::IcmpMatch| IcmpModel { kind: icmp.kind, code: icmp.code };
                Self { icmp: types.iter().map(one).collect(), ..bare(protocol.to_string()) }
            }
        }
    }
}

/// The lines of a list of these peers, each with the reasons of the rules that ask for any of it.
pub(super) fn entries(listed: &PeerSet, set: Option<&RuleSet>) -> Vec<EntryModel> {
    let rules: Vec<(PeerSet, &Origin)> = set
        .into_iter()
        .flat_map(|set| set.rules.iter().map(move |rule| (peers_of(set, rule), &rule.origin)))
        .collect();
    let entry = |peer: String, peers: &PeerSet| {
        let of = rules.iter().filter(|(asked, _)| !asked.intersect(peers).is_empty());
        EntryModel { peer, why: why(of.map(|(_, origin)| *origin), LONGEST_WHY) }
    };
    let addresses = listed
        .addrs
        .prefixes()
        .into_iter()
        .map(|prefix| entry(prefix.to_string(), &PeerSet::from(crate::packet::AddrSet::of([prefix]))));
    let hosts = names(&listed.names).into_iter().filter_map(|name| {
        let host: crate::packet::Hostname = name.host.parse().ok()?;
        let peers = PeerSet::from(NameSet::of(&[NamePattern::Host(host)]));
        Some(entry(name.host, &peers))
    });
    addresses.chain(hosts).collect()
}
