//! Oracle Cloud: `public_ip_ranges.json`.
//!
//! <https://docs.oracle.com/iaas/Content/General/Concepts/addressranges.htm>: blocks by region, each with the services
//! that use it as tags: `OCI` is the customers' network, `OSN` the Oracle Services Network, `OBJECT_STORAGE` a part of it.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::{Code, Source};
use crate::syntax::yaml::Node;
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "oracle",
    title: "Oracle Cloud, published address ranges",
    url: Some("https://docs.oracle.com/iaas/tools/public_ip_ranges.json"),
    elsewhere: "",
    page: "https://docs.oracle.com/iaas/Content/General/Concepts/addressranges.htm",
    dimensions: &[Dimension::Service, Dimension::Region],
    is_it: |source| has(source, &["last_updated_timestamp", "regions"]),
    read,
};

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let root = body.object(tree, "the feed", &["last_updated_timestamp", "regions"], &[])?;
    let made = root.need("last_updated_timestamp", body).and_then(|node| body.time(node));
    let mut content = Content { made, ..Content::default() };
    let regions = root.need("regions", body)?;
    for region in body.list(regions) {
        let Some(region) = body.object(region, "a region", &["region", "cidrs"], &[]) else { continue };
        let name = region.need("region", body).and_then(|node| body.word(node));
        let (Some(name), Some(blocks)) = (name, region.need("cidrs", body)) else { continue };
        for node in body.list(blocks) {
            let Some(item) = body.object(node, "an entry", &["cidr", "tags"], &[]) else { continue };
            let block = item.need("cidr", body).and_then(|node| body.block(node, Family::Any));
            let tags = item.need("tags", body).map(|node| body.list(node)).unwrap_or_default();
            if tags.is_empty() {
                body.error(Code::FeedSyntax, node.span, "an entry needs a tag that says what it is for");
            }
            for tag in tags {
                if let (Some(block), Some(tag)) = (block, body.word(tag)) {
                    content.add(&Key { region: Some(name.to_owned()), ..Key::service(tag) }, block);
                }
            }
        }
    }
    Some(content)
}
