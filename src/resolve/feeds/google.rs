//! Google: `goog.json`, all addresses of Google, and `cloud.json`, those that its customers' machines have.
//!
//! <https://support.google.com/a/answer/10026322>: Google's own services are the first less the second.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::{Code, Source};
use crate::syntax::yaml::Node;
use std::sync::Arc;

pub(super) const GOOGLE: FeedFormat = FeedFormat {
    name: "google",
    title: "Google, published address ranges",
    url: Some("https://www.gstatic.com/ipranges/goog.json"),
    elsewhere: "",
    page: "https://support.google.com/a/answer/10026322",
    dimensions: &[],
    is_it: |source| is_google(source) && !is_cloud(source),
    read: |source| read(source, false),
};

pub(super) const CLOUD: FeedFormat = FeedFormat {
    name: "google-cloud",
    title: "Google Cloud, published address ranges of customers",
    url: Some("https://www.gstatic.com/ipranges/cloud.json"),
    elsewhere: "",
    page: "https://support.google.com/a/answer/10026322",
    dimensions: &[Dimension::Service, Dimension::Region],
    is_it: |source| is_google(source) && is_cloud(source),
    read: |source| read(source, true),
};

fn is_google(source: &Source) -> bool {
    has(source, &["syncToken", "creationTime", "prefixes"])
}

fn is_cloud(source: &Source) -> bool {
    source.text().contains("\"scope\"")
}

fn read(source: &Arc<Source>, cloud: bool) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree, cloud)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node, cloud: bool) -> Option<Content> {
    let root = body.object(tree, "the feed", &["syncToken", "creationTime", "prefixes"], &[])?;
    let mut content = Content {
        token: root.need("syncToken", body).and_then(|node| body.mark(node)),
        made: root.need("creationTime", body).and_then(|node| body.time(node)),
        ..Content::default()
    };
    let list = root.need("prefixes", body)?;
    for node in body.list(list) {
        let own = ["ipv4Prefix", "ipv6Prefix", "service", "scope"];
        let members = if cloud { own.as_slice() } else { own.split_at(2).0 };
        let Some(item) = body.object(node, "an entry", members, &[]) else { continue };
        let key = if cloud {
            let service = item.need("service", body).and_then(|node| body.word(node));
            let scope = item.need("scope", body).and_then(|node| body.word(node));
            let (Some(service), Some(scope)) = (service, scope) else { continue };
            Key { region: Some(scope.to_owned()), ..Key::service(service) }
        } else {
            Key::service("google")
        };
        let block = match (item.get("ipv4Prefix"), item.get("ipv6Prefix")) {
            (Some(block), None) => body.block(block, Family::V4),
            (None, Some(block)) => body.block(block, Family::V6),
            (None, None) | (Some(_), Some(_)) => {
                let message = "an entry has one of `ipv4Prefix` and `ipv6Prefix`";
                body.error(Code::FeedSyntax, node.span, message);
                None
            }
        };
        if let Some(block) = block {
            content.add(&key, block);
        }
    }
    Some(content)
}
