//! Atlassian: `ip-ranges.atlassian.com`.
//!
//! <https://support.atlassian.com/organization-administration/docs/ip-addresses-and-domains-for-atlassian-cloud-products/>:
//! blocks by product, region and direction. The direction is Atlassian's: `egress` is where it calls from.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::{Code, Source};
use crate::policy::Direction;
use crate::syntax::yaml::Node;
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "atlassian",
    title: "Atlassian, published address ranges",
    url: Some("https://ip-ranges.atlassian.com/"),
    elsewhere: "",
    page: "https://support.atlassian.com/organization-administration/docs/ip-addresses-and-domains-for-atlassian-cloud-products/",
    dimensions: &[Dimension::Service, Dimension::Region, Dimension::Category],
    is_it: |source| has(source, &["creationDate", "syncToken", "items"]),
    read,
};

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let root = body.object(tree, "the feed", &["creationDate", "syncToken", "items"], &[])?;
    let mut content = Content {
        token: root.need("syncToken", body).and_then(|node| body.mark(node)),
        made: root.need("creationDate", body).and_then(|node| body.time(node)),
        ..Content::default()
    };
    let items = root.need("items", body)?;
    for node in body.list(items) {
        let members = ["cidr", "product", "region", "direction", "perimeter"];
        // The same block again, in another spelling.
        let idle = ["network", "mask_len", "mask"];
        let Some(item) = body.object(node, "an entry", &members, &idle) else { continue };
        let block = item.need("cidr", body).and_then(|node| body.block(node, Family::Any));
        let products = item.need("product", body).map(|node| words(body, node));
        let regions = item.get("region").map(|node| words(body, node)).unwrap_or_default();
        let directions = item.need("direction", body).map(|node| words(body, node));
        let category = item.get("perimeter").and_then(|node| body.word(node)).map(str::to_owned);
        let (Some(block), Some(products), Some(directions)) = (block, products, directions) else { continue };
        if directions.is_empty() {
            body.error(Code::FeedSyntax, node.span, "an entry needs a direction");
        }
        let mut ways = Vec::new();
        for word in directions {
            match word.as_str() {
                "egress" => ways.push(Direction::Ingress),
                "ingress" => ways.push(Direction::Egress),
                other => body.error(Code::FeedSyntax, node.span, format!("`{other}` is no direction")),
            }
        }
        for service in or_one(products, "atlassian".to_owned()) {
            for region in or_one(regions.iter().cloned().map(Some).collect(), None) {
                for way in &ways {
                    let (region, category, way) = (region.clone(), category.clone(), Some(*way));
                    let key = Key { region, category, way, ..Key::service(&service) };
                    content.add(&key, block);
                }
            }
        }
    }
    Some(content)
}

/// The items, or this one where there are none: what belongs to nothing in particular is told as such.
fn or_one<T>(items: Vec<T>, otherwise: T) -> Vec<T> {
    if items.is_empty() { vec![otherwise] } else { items }
}

fn words(body: &mut Body<'_>, node: &Node) -> Vec<String> {
    let items = body.list(node);
    items.iter().filter_map(|item| body.word(item).map(str::to_owned)).collect()
}
