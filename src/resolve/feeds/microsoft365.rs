//! Microsoft 365: the endpoints that its web service tells.
//!
//! <https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service>: sets with an id that stays, each
//! with URLs, blocks of addresses that serve all of these URLs, ports, a category, and whether it is required.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::catalog::PortSpec;
use crate::diag::{Code, Source};
use crate::packet::{PortRange, Protocol};
use crate::policy::Direction;
use crate::syntax::yaml::Node;
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
pub(super) const MEMBERS: [&str; 9] =
    ["id", "serviceArea", "urls", "ips", "tcpPorts", "udpPorts", "category", "required", "notes"];
pub(super) const IDLE: [&str; 2] = ["serviceAreaDisplayName", "expressRoute"];

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.map(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Content {
    let mut content = Content::default();
    for node in body.list(tree) {
        let Some(set) = body.object(node, "a set", &MEMBERS, &IDLE) else { continue };
        let id = set.need("id", body).and_then(|node| body.mark(node));
        let service = set.need("serviceArea", body).and_then(|node| body.word(node));
        let category = set.need("category", body).and_then(|node| body.word(node));
        let required = set.need("required", body).and_then(|node| body.boolean(node));
        let mut ports = Vec::new();
        for (member, protocol) in [("tcpPorts", Protocol::TCP), ("udpPorts", Protocol::UDP)] {
            ports.extend(set.get(member).map_or_else(Vec::new, |node| self::ports(body, node, protocol)));
        }
        ports.sort();
        ports.dedup();
        let note = set.get("notes").and_then(|node| body.word(node)).map(str::to_owned);
        let (Some(id), Some(service), Some(category), Some(required)) = (id, service, category, required)
        else {
            continue;
        };
        let key = Key {
            category: Some(category.to_owned()),
            set: Some(id),
            way: Some(Direction::Egress),
            optional: !required,
            ports,
            note,
            ..Key::service(service)
        };
        let urls = set.get("urls").map(|list| body.list(list)).unwrap_or_default();
        let blocks = set.get("ips").map(|list| body.blocks(list, Family::Any)).unwrap_or_default();
        if urls.is_empty() && blocks.is_empty() {
            body.error(Code::FeedSyntax, node.span, "the set has neither `urls` nor `ips`");
        }
        for block in blocks {
            content.add(&key, block);
        }
        for url in urls {
            match body.name(url) {
                Some(Ok(name)) => drop(content.listed(&key).names.insert(name)),
                Some(Err(text)) => drop(content.listed(&key).unsaid.insert(text)),
                None => {}
            }
        }
    }
    content
}

/// Ports as a text such as `80,443` or `50000-50059`.
fn ports(body: &mut Body<'_>, node: &Node, protocol: Protocol) -> Vec<PortSpec> {
    let Some(text) = body.word(node) else { return Vec::new() };
    let mut ports = Vec::new();
    for part in text.split(',') {
        match part.trim().parse::<PortRange>() {
            Ok(range) if range.first() == 0 => {
                body.error(Code::FeedSyntax, node.span, "port 0 is no port that anything listens on");
            }
            Ok(range) => ports.push(PortSpec { ports: range, protocol }),
            Err(error) => body.error(Code::FeedSyntax, node.span, error.to_string()),
        }
    }
    ports
}
