//! Feeds that are little more than lists: Fastly, Okta, HCP Terraform, Zscaler.

use super::body::{Body, Family, has, is_object};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::Source;
use crate::policy::Direction;
use crate::syntax::json;
use crate::syntax::yaml::Node;
use std::sync::Arc;

/// <https://www.fastly.com/documentation/reference/api/utils/public-ip-list/>
pub(super) const FASTLY: FeedFormat = FeedFormat {
    name: "fastly",
    title: "Fastly, published address ranges",
    url: Some("https://api.fastly.com/public-ip-list"),
    elsewhere: "",
    page: "https://www.fastly.com/documentation/reference/api/utils/public-ip-list/",
    dimensions: &[],
    is_it: |source| has(source, &["addresses", "ipv6_addresses"]),
    read: |source| reading(source, fastly),
};

/// <https://support.okta.com/help/s/article/Okta-IP-addresses>: blocks by cell; an organisation lives in one.
pub(super) const OKTA: FeedFormat = FeedFormat {
    name: "okta",
    title: "Okta, published address ranges",
    url: Some("https://s3.amazonaws.com/okta-ip-ranges/ip_ranges.json"),
    elsewhere: "",
    page: "https://help.okta.com/en-us/content/topics/security/ip-address-allow-listing.htm",
    dimensions: &[Dimension::Service],
    is_it: |source| {
        is_object(source)
            && json::keys(source.text()).iter().any(|cell| cell.contains("_cell"))
            && source.text().contains("\"ip_ranges\"")
    },
    read: |source| reading(source, okta),
};

/// <https://developer.hashicorp.com/terraform/cloud-docs/api-docs/ip-ranges>: users call `api`, and HCP Terraform calls
/// from the others. Remote runs are in none of them.
pub(super) const TERRAFORM: FeedFormat = FeedFormat {
    name: "hcp-terraform",
    title: "HCP Terraform, published address ranges",
    url: Some("https://app.terraform.io/api/meta/ip-ranges"),
    elsewhere: "",
    page: "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/ip-ranges",
    dimensions: &[Dimension::Service],
    is_it: |source| has(source, &["api", "notifications", "sentinel", "vcs"]),
    read: |source| reading(source, terraform),
};

/// <https://config.zscaler.com/>: the hubs that the clients of one cloud connect to.
pub(super) const ZSCALER: FeedFormat = FeedFormat {
    name: "zscaler",
    title: "Zscaler, published hub ranges",
    url: None,
    elsewhere: "each cloud has its own: `https://config.zscaler.com/api/CLOUD/hubs/cidr/json/required`, such as `zscaler.net`",
    page: "https://config.zscaler.com/",
    dimensions: &[Dimension::Service, Dimension::Category],
    is_it: |source| has(source, &["hubPrefixes"]),
    read: |source| reading(source, zscaler),
};

fn reading(source: &Arc<Source>, read: fn(&mut Body<'_>, &Node) -> Option<Content>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| read(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn fastly(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let root = body.object(tree, "the feed", &["addresses", "ipv6_addresses"], &[])?;
    let mut content = Content::default();
    for (member, family) in [("addresses", Family::V4), ("ipv6_addresses", Family::V6)] {
        let Some(list) = root.need(member, body) else { continue };
        for block in body.blocks(list, family) {
            content.add(&Key::service("fastly"), block);
        }
    }
    Some(content)
}

fn okta(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let cells = body.members(tree);
    let mut content = (!cells.is_empty()).then(Content::default)?;
    for (cell, node) in cells {
        let Some(object) = body.object(node, "a cell", &["ip_ranges"], &[]) else { continue };
        let Some(list) = object.need("ip_ranges", body) else { continue };
        for block in body.blocks(list, Family::Any) {
            content.add(&Key::service(cell), block);
        }
    }
    Some(content)
}

fn terraform(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let ways = [
        ("api", Direction::Egress),
        ("notifications", Direction::Ingress),
        ("sentinel", Direction::Ingress),
        ("vcs", Direction::Ingress),
    ];
    let root = body.object(tree, "the feed", &ways.map(|(name, _)| name), &[])?;
    let mut content = Content::default();
    for (service, way) in ways {
        let Some(list) = root.need(service, body) else { continue };
        let key = Key { way: Some(way), ..Key::service(service) };
        for block in body.blocks(list, Family::Any) {
            content.add(&key, block);
        }
    }
    Some(content)
}

fn zscaler(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let root = body.object(tree, "the feed", &["cloudName", "type", "hubPrefixes"], &[])?;
    let cloud = root.need("cloudName", body).and_then(|node| body.word(node));
    let kind = root.need("type", body).and_then(|node| body.word(node));
    let blocks = root.need("hubPrefixes", body).map(|list| body.blocks(list, Family::Any));
    let (cloud, kind, blocks) = (cloud?, kind?, blocks?);
    let mut content = Content::default();
    for block in blocks {
        content.add(&Key { category: Some(kind.to_owned()), ..Key::service(cloud) }, block);
    }
    Some(content)
}
