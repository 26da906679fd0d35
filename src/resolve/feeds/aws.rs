//! Amazon Web Services: `ip-ranges.json`.
//!
//! <https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html>: a block belongs to a service, a region and a
//! network border group; the service `AMAZON` holds the blocks of all others again.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::Source;
use crate::syntax::yaml::Node;
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "aws",
    title: "Amazon Web Services, published address ranges",
    url: Some("https://ip-ranges.amazonaws.com/ip-ranges.json"),
    elsewhere: "",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html",
    dimensions: &[Dimension::Service, Dimension::Region],
    is_it: |source| has(source, &["syncToken", "createDate", "prefixes"]),
    read,
};

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let members = ["syncToken", "createDate", "prefixes", "ipv6_prefixes"];
    let root = body.object(tree, "the feed", &members, &[])?;
    let mut content = Content {
        token: root.need("syncToken", body).and_then(|node| body.mark(node)),
        made: root.need("createDate", body).and_then(|node| body.time(node)),
        ..Content::default()
    };
    for (list, member, family) in
        [("prefixes", "ip_prefix", Family::V4), ("ipv6_prefixes", "ipv6_prefix", Family::V6)]
    {
        let Some(list) = root.need(list, body) else { continue };
        for item in body.list(list) {
            let members = [member, "region", "service", "network_border_group"];
            let Some(item) = body.object(item, "an entry", &members, &[]) else { continue };
            let block = item.need(member, body).and_then(|node| body.block(node, family));
            let service = item.need("service", body).and_then(|node| body.word(node));
            let region = item.need("region", body).and_then(|node| body.word(node));
            // Addresses of a local zone are those of its region to a rule, and the group says where they are announced.
            let border = item.need("network_border_group", body).and_then(|node| body.word(node));
            let (Some(block), Some(service), Some(region), Some(_)) = (block, service, region, border) else {
                continue;
            };
            content.add(&Key { region: Some(region.to_owned()), ..Key::service(service) }, block);
        }
    }
    Some(content)
}
