//! Manifests: the egress firewalls in a text, those of the older network of `OpenShift` (`EgressNetworkPolicy`) among them.
//!
//! A rule by address is about addresses. Names have a rule of their own or none, so a denial of every address is one of
//! every name that no earlier rule allows.

use super::say::PROTOCOLS;
use crate::diag::{Code, Finding, Place, Source};
use crate::packet::{AddrSet, Constraint, GroupSet, NamePattern, PeerSet, PortRange, Set, TransportSet};
use crate::policy::{
    Action, Direction, Match, Origin, Pods, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::syntax::kubernetes::block::{self, Block};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader};
use crate::syntax::kubernetes::labels::read_selector;
use crate::syntax::kubernetes::objects::{self, Found};
use crate::syntax::text::one_line;
use crate::syntax::yaml::{Kind, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kinds that are read: that of OVN-Kubernetes, and that of the older network.
const KINDS: [&str; 2] = ["EgressFirewall", "EgressNetworkPolicy"];
/// The groups and versions of their APIs.
const VERSIONS: [&str; 2] = ["k8s.ovn.org/v1", "network.openshift.io/v1"];

/// What the texts hold.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// One rule set for each object.
    pub(super) sets: Vec<RuleSet>,
    /// The kind, namespace and name of each object, and where it stands.
    pub(super) names: Vec<([String; 3], Place)>,
    /// How many objects of other kinds there are.
    pub(super) others: BTreeMap<String, usize>,
    /// What was refused, and what deserves a look.
    pub(super) findings: Vec<Finding>,
}

/// Reads all documents of a text, YAML or JSON, lists included.
pub(super) fn read(source: &Arc<Source>, all: &mut Manifests) {
    let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
    objects::each(&mut reader, &KINDS, &mut |reader, found| match KINDS
        .iter()
        .position(|kind| *kind == found.kind)
    {
        Some(number) => read_object(reader, found, number, all),
        None => *all.others.entry(found.full_kind()).or_default() += 1,
    });
    all.findings.append(&mut reader.findings);
}

/// Reads an object. When anything of it was refused it has no meaning.
fn read_object(reader: &mut Reader<'_>, found: Found<'_>, number: usize, all: &mut Manifests) {
    let before = reader.errors();
    let Found { node, path, kind, .. } = found;
    let expected = VERSIONS.get(number).copied().unwrap_or_default();
    if found.version.or(found.is_item.then_some(expected)) != Some(expected) {
        reader.refuse(node.span, path, format!("a {kind} is of `{expected}`"));
    }
    let Some(fields) = reader.object(node, path, &["apiVersion", "kind", "metadata", "spec", "status"])
    else {
        return;
    };
    let Some(metadata) = fields.get("metadata") else {
        return reader.refuse(node.span, path, "an object without `metadata`");
    };
    let Some(metadata) = objects::read_metadata(reader, metadata, &Path::Field(path, "metadata")) else {
        return;
    };
    let name = metadata.name.unwrap_or_default();
    if number == 0 && name != "default" {
        reader.refuse(node.span, path, "only the egress firewall that is called `default` has an effect");
    }
    let place = Place { source: Arc::clone(reader.source), span: node.span };
    // There is one for each namespace, whatever it is called.
    all.names.push(([kind.to_owned(), metadata.namespace.clone(), "default".to_owned()], place));
    let path = Path::Field(path, "spec");
    let Some(spec) = fields.get("spec").and_then(|node| reader.object(node, &path, &["egress"])) else {
        return reader.refuse(node.span, &path, "a value is needed");
    };
    let path = Path::Field(&path, "egress");
    let items = spec.get("egress").and_then(|node| reader.list(node, &path)).unwrap_or_default();
    let mut rules = Vec::new();
    for (index, item) in items.iter().enumerate() {
        rules.extend(read_rule(reader, item, number, &Path::Item(&path, index)));
    }
    if reader.errors() == before {
        all.sets.push(set(&metadata.namespace, rules));
    }
}

/// The rule set of a namespace. It speaks about the families that its rules name, both when they name none.
fn set(namespace: &str, rules: Vec<Rule>) -> RuleSet {
    let named = |of: fn(&AddrSet) -> bool| {
        rules.iter().filter_map(|rule| rule.matches.peer.set()).any(|peers| of(&peers.addrs))
    };
    let (v4, v6) = (named(|addrs| !addrs.v4.is_empty()), named(|addrs| !addrs.v6.is_empty()));
    let families = match (v4, v6) {
        (true, false) => AddrSet::all_v4(),
        (false, true) => AddrSet::all_v6(),
        (true, true) | (false, false) => AddrSet::all_v4().union(&AddrSet::all_v6()),
    };
    let mut tried = Vec::new();
    let (mut denied_v4, mut denied_v6) = (TransportSet::default(), TransportSet::default());
    let mut names_denied = TransportSet::default();
    for rule in rules {
        let whole = rule.action == Action::Deny && rule.unmodelled.is_empty();
        let services = rule.matches.transport.set().cloned().unwrap_or_else(TransportSet::full);
        if let Some(peers) = rule.matches.peer.set().filter(|_| whole) {
            if peers.addrs.v4.is_full() {
                denied_v4 = denied_v4.union(&services);
            }
            if peers.addrs.v6.is_full() {
                denied_v6 = denied_v6.union(&services);
            }
        }
        let origin = rule.origin.clone();
        tried.push(rule);
        let denied = match (families.v4.is_empty(), families.v6.is_empty()) {
            (false, true) => denied_v4.clone(),
            (true, false) => denied_v6.clone(),
            _ => denied_v4.intersect(&denied_v6),
        };
        let more = denied.subtract(&names_denied);
        if let (Some(peer), Some(transport)) =
            (Constraint::only(PeerSet::all_names()), Constraint::only(more))
        {
            names_denied = denied;
            let matches = Match { source: Constraint::Any, peer, transport };
            let unmodelled = Vec::new();
            tried.push(Rule { action: Action::Deny, matches, traffic: Traffic::New, unmodelled, origin });
        }
    }
    let pods = Pods { namespace: namespace.to_owned(), labels: BTreeMap::new() };
    RuleSet {
        scope: Scope { name: pods.group(), direction: Direction::Egress },
        subject: Subject::Pods(pods),
        universe: PeerSet::from(families).union(&PeerSet::all_names()),
        rules: tried,
        default: Action::Allow,
    }
}

fn read_rule(reader: &mut Reader<'_>, node: &Node, number: usize, path: &Path<'_>) -> Vec<Rule> {
    let known: &[&str] = if number == 0 { &["type", "to", "ports"] } else { &["type", "to"] };
    let Some(fields) = reader.object(node, path, known) else { return Vec::new() };
    let action = match reader.optional_text(fields, "type", path) {
        Some("Allow") => Action::Allow,
        Some("Deny") => Action::Deny,
        other => {
            let other = other.map(|word| format!(", not `{}`", one_line(word))).unwrap_or_default();
            let why = format!("`Allow` or `Deny` is needed{other}");
            reader.refuse(node.span, &Path::Field(path, "type"), &why);
            return Vec::new();
        }
    };
    let services = ports(reader, fields, path);
    let at = Path::Field(path, "to");
    let known: &[&str] =
        if number == 0 { &["cidrSelector", "dnsName", "nodeSelector"] } else { &["cidrSelector", "dnsName"] };
    let Some(to) = fields.get("to").and_then(|node| reader.object(node, &at, known)) else {
        reader.refuse(node.span, &at, "a value is needed");
        return Vec::new();
    };
    let (Some((peers, unmodelled)), Some(transport)) = (peer(reader, to, node, &at), services) else {
        return Vec::new();
    };
    let place = Place { source: Arc::clone(reader.source), span: node.span };
    if let Some(doubt) = &unmodelled {
        let message = format!("`{}` is not modelled: {}", doubt.text, doubt.why);
        reader.findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
    }
    let Some(peer) = Constraint::only(peers) else { return Vec::new() };
    vec![Rule {
        action,
        matches: Match { source: Constraint::Any, peer, transport },
        traffic: Traffic::New,
        unmodelled: unmodelled.into_iter().collect(),
        origin: Origin::File(place),
    }]
}

/// The one peer of a rule.
fn peer(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    rule: &Node,
    path: &Path<'_>,
) -> Option<(PeerSet, Option<Unmodelled>)> {
    let cidr = reader.optional_text(fields, "cidrSelector", path).filter(|text| !text.is_empty());
    let name = reader.optional_text(fields, "dnsName", path).filter(|text| !text.is_empty());
    match (cidr, name, fields.get("nodeSelector")) {
        (Some(text), None, None) => {
            let Some(allowed) = block::network(text) else {
                reader.refuse(rule.span, path, format!("`{text}` is not a valid CIDR"));
                return None;
            };
            if let Some(what) = allowed.surprise() {
                reader.find(Code::ReadIneffective, rule.span, path, what);
            }
            let block = Block { allowed, except: Vec::new() };
            let doubt = block.is_ambiguous().then(|| {
                let why =
                    "an IPv4-mapped IPv6 block is read as IPv4 by some and as IPv6 by others".to_owned();
                Unmodelled { text: block.text(), why }
            });
            Some((PeerSet::from(block.addrs()), doubt))
        }
        (None, Some(text), None) => {
            let host = text.strip_suffix('.').unwrap_or(text);
            let (wildcard, host) = host.strip_prefix("*.").map_or((false, host), |host| (true, host));
            let Ok(host) = host.parse() else {
                reader.refuse(rule.span, path, format!("`{text}` is not a name of a host"));
                return None;
            };
            if wildcard {
                let why = "wildcards need the technology preview of `DNSNameResolver`".to_owned();
                let doubt = Unmodelled { text: format!("dnsName {}", text.to_ascii_lowercase()), why };
                return Some((PeerSet::from(NamePattern::Below(host).names()), Some(doubt)));
            }
            Some((PeerSet::from(NamePattern::Host(host).names()), None))
        }
        (None, None, Some(node)) => {
            let nodes = read_selector(reader, node, &Path::Field(path, "nodeSelector"))?;
            Some((PeerSet::from(GroupSet::of([format!("node/{nodes}").as_str()])), None))
        }
        _ => {
            reader.refuse(rule.span, path, "one of `cidrSelector`, `dnsName` and `nodeSelector` is needed");
            None
        }
    }
}

/// The services of a rule; `None` when they are refused.
fn ports(reader: &mut Reader<'_>, fields: Fields<'_>, path: &Path<'_>) -> Option<Constraint<TransportSet>> {
    let path = Path::Field(path, "ports");
    let Some(node) = fields.get("ports") else { return Some(Constraint::Any) };
    let items = reader.list(node, &path)?;
    if items.is_empty() {
        reader.find(Code::ReadWidened, node.span, &path, "an empty list restricts nothing");
        return Some(Constraint::Any);
    }
    let mut services = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = Path::Item(&path, index);
        let fields = reader.object(item, &path, &["port", "protocol"])?;
        let name = reader.optional_text(fields, "protocol", &path).unwrap_or_default();
        let Some((_, protocol)) = PROTOCOLS.into_iter().find(|(known, _)| *known == name) else {
            reader.refuse(item.span, &path, format!("`{name}` is not one of `TCP`, `UDP`, `SCTP`"));
            return None;
        };
        // Without a port all of the protocol are meant, and 0 is none.
        let number = match fields.get("port").map(|node| &node.kind) {
            None => Some(0),
            Some(Kind::Integer(number)) => u16::try_from(*number).ok(),
            Some(_) => None,
        };
        match number {
            Some(0) => services.push(TransportSet::protocol(protocol)),
            Some(port) => services.push(TransportSet::port(protocol, PortRange::single(port))),
            None => {
                reader.refuse(item.span, &path, "`port` is a number from 1 to 65535");
                return None;
            }
        }
    }
    Constraint::only(TransportSet::union_all(&services))
}
