//! Grafana Cloud: the allowlist API, and the lists of addresses that came before it.
//!
//! <https://grafana.com/docs/grafana-cloud/account-management/allow-traffic/>: blocks by service, each with a direction
//! as Grafana sees it. The older lists are addresses alone, and do not say which way.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::{Code, Source};
use crate::packet::Prefix;
use crate::policy::Direction;
use crate::syntax::yaml::{Kind, Node};
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "grafana",
    title: "Grafana Cloud, published allowlist",
    url: Some("https://allowlists.grafana.net/v1/"),
    elsewhere: "",
    page: "https://grafana.com/docs/grafana-cloud/account-management/allow-traffic/",
    dimensions: &[Dimension::Service, Dimension::Region],
    is_it: |source| has(source, &["metadata", "services"]) || is_plain(source),
    read,
};

/// A list whose first item is an address.
fn is_plain(source: &Source) -> bool {
    let text = source.text().trim_start().strip_prefix('[').unwrap_or_default().trim_start();
    let first = text.strip_prefix('"').and_then(|rest| rest.split('"').next());
    first.is_some_and(|first| first.parse::<Prefix>().is_ok())
}

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let mut content = Content::default();
    if let Kind::Sequence(_) = tree.kind {
        for block in body.blocks(tree, Family::Any) {
            content.add(&Key::service("grafana"), block);
        }
        return Some(content);
    }
    let root = body.object(tree, "the feed", &["metadata", "services"], &[])?;
    let metadata = root.need("metadata", body)?;
    let known = body.members(metadata);
    let of = |name: &str| known.iter().find(|(key, _)| *key == name).map(|(_, node)| *node);
    match of("schemaVersion").and_then(Node::as_str) {
        Some("v1") => {}
        version => {
            let said = version.unwrap_or("none");
            let message = format!("the feed has version `{said}`, and `v1` is the one that is known");
            body.error(Code::FeedSyntax, metadata.span, message);
            return None;
        }
    }
    let region = of("region").and_then(|node| body.word(node)).map(str::to_owned);
    let services = root.need("services", body)?;
    for (service, node) in body.members(services) {
        let Some(object) = body.object(node, "a service", &["direction", "ipv4", "ipv6"], &[]) else {
            continue;
        };
        let Some(direction) = object.need("direction", body) else { continue };
        let way = match direction.as_str() {
            Some("ingress-to-grafana") => Direction::Egress,
            Some("egress-from-grafana") => Direction::Ingress,
            _ => {
                let message = "a direction is `ingress-to-grafana` or `egress-from-grafana`";
                body.error(Code::FeedSyntax, direction.span, message);
                continue;
            }
        };
        let key = Key { way: Some(way), region: region.clone(), ..Key::service(service) };
        for (member, family) in [("ipv4", Family::V4), ("ipv6", Family::V6)] {
            for block in object.get(member).map_or_else(Vec::new, |list| body.blocks(list, family)) {
                content.add(&key, block);
            }
        }
    }
    Some(content)
}
