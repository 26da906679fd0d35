//! Microsoft 365: the endpoints that its web service tells.
//!
//! <https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service>: sets with an id that stays, each
//! with URLs, blocks of addresses that serve all of these URLs, ports, a category, and whether it is required.

use super::body::{Body, Family, Object, has};
use super::content::{Content, Dimension, FeedFormat, Key, Listed, Reading};
use crate::catalog::PortSpec;
use crate::diag::{Code, Source};
use crate::packet::{NamePattern, PortRange, Prefix, Protocol};
use crate::policy::Direction;
use crate::syntax::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "microsoft365",
    title: "Microsoft 365, published endpoints",
    url: None,
    elsewhere: "the web service wants an id of your own: `https://endpoints.office.com/endpoints/worldwide?clientrequestid=UUID`, with a UUID that you made",
    page: "https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service",
    dimensions: &[Dimension::Service, Dimension::Category],
    is_it: |source| {
        source.text().trim_start().starts_with('[') && has(source, &["id", "serviceArea", "category"])
    },
    read,
};

/// What a set may have. The display name says the service area again, for people, and express route is another way to
/// the same addresses.
const MEMBERS: [&str; 9] =
    ["id", "serviceArea", "urls", "ips", "tcpPorts", "udpPorts", "category", "required", "notes"];
const IDLE: [&str; 2] = ["serviceAreaDisplayName", "expressRoute"];

/// A set of endpoints.
#[derive(Debug, Clone, Default)]
pub(super) struct EndpointSet {
    pub(super) service: String,
    pub(super) category: String,
    pub(super) required: bool,
    pub(super) tcp: Vec<PortRange>,
    pub(super) udp: Vec<PortRange>,
    pub(super) notes: Option<String>,
    pub(super) blocks: BTreeSet<Prefix>,
    pub(super) names: BTreeSet<NamePattern>,
    pub(super) unsaid: BTreeSet<String>,
}

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let sets = tree.map(|tree| sets(&mut body, &tree)).unwrap_or_default();
    (content(&sets), body.findings())
}

/// The sets of a body, by their ids.
pub(super) fn sets(body: &mut Body<'_>, tree: &Node) -> BTreeMap<String, EndpointSet> {
    let mut sets = BTreeMap::new();
    for node in body.list(tree) {
        let Some(object) = body.object(node, "a set", &MEMBERS, &IDLE) else { continue };
        let id = object.need("id", body).and_then(|node| body.mark(node));
        let service = object.need("serviceArea", body).and_then(|node| body.word(node)).map(str::to_owned);
        let category = object.need("category", body).and_then(|node| body.word(node)).map(str::to_owned);
        let required = object.need("required", body).and_then(|node| body.boolean(node));
        let mut set = EndpointSet {
            tcp: object.get("tcpPorts").map_or_else(Vec::new, |node| ports(body, node)),
            udp: object.get("udpPorts").map_or_else(Vec::new, |node| ports(body, node)),
            notes: object.get("notes").and_then(|node| body.word(node)).map(str::to_owned),
            ..EndpointSet::default()
        };
        listed(body, object, &mut set);
        if set.blocks.is_empty() && set.names.is_empty() && set.unsaid.is_empty() {
            body.error(Code::FeedSyntax, node.span, "the set has neither `urls` nor `ips`");
        }
        let (Some(id), Some(service), Some(category), Some(required)) = (id, service, category, required)
        else {
            continue;
        };
        let set = EndpointSet { service, category, required, ..set };
        if sets.insert(id.clone(), set).is_some() {
            body.error(Code::FeedSyntax, node.span, format!("the set `{id}` stands here twice"));
        }
    }
    sets
}

/// Puts the URLs and blocks of an object into a set.
pub(super) fn listed(body: &mut Body<'_>, object: Object<'_>, set: &mut EndpointSet) {
    set.blocks =
        object.get("ips").map_or_else(Vec::new, |list| body.blocks(list, Family::Any)).into_iter().collect();
    for url in object.get("urls").map(|list| body.list(list)).unwrap_or_default() {
        match body.name(url) {
            Some(Ok(name)) => drop(set.names.insert(name)),
            Some(Err(text)) => drop(set.unsaid.insert(text)),
            None => {}
        }
    }
}

/// What the sets say.
pub(super) fn content(sets: &BTreeMap<String, EndpointSet>) -> Content {
    let mut content = Content::default();
    for (id, set) in sets {
        let of = |ranges: &[PortRange], protocol: Protocol| -> Vec<PortSpec> {
            ranges.iter().map(|ports| PortSpec { ports: *ports, protocol }).collect()
        };
        let mut ports = [of(&set.tcp, Protocol::TCP), of(&set.udp, Protocol::UDP)].concat();
        ports.sort();
        ports.dedup();
        let key = Key {
            category: Some(set.category.clone()),
            set: Some(id.clone()),
            way: Some(Direction::Egress),
            optional: !set.required,
            ports,
            note: set.notes.clone(),
            ..Key::service(&set.service)
        };
        *content.listed(&key) = Listed {
            blocks: set.blocks.clone(),
            names: set.names.clone(),
            unsaid: set.unsaid.clone(),
            tag: None,
        };
    }
    content
}

/// Ports as a text such as `80,443` or `50000-50059`.
pub(super) fn ports(body: &mut Body<'_>, node: &Node) -> Vec<PortRange> {
    let Some(text) = body.word(node) else { return Vec::new() };
    let mut ports = Vec::new();
    for part in text.split(',') {
        match part.trim().parse::<PortRange>() {
            Ok(range) if range.first() == 0 => {
                body.error(Code::FeedSyntax, node.span, "port 0 is no port that anything listens on");
            }
            Ok(range) => ports.push(range),
            Err(error) => body.error(Code::FeedSyntax, node.span, error.to_string()),
        }
    }
    ports
}
