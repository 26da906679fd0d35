//! Cloudflare: `ips-v4` and `ips-v6` as lines, and the same from its API.
//!
//! <https://www.cloudflare.com/ips/> and <https://developers.cloudflare.com/api/resources/ips/>.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::{Code, Source, Span};
use crate::packet::Prefix;
use crate::syntax::yaml::{Kind, Node};
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "cloudflare",
    title: "Cloudflare, published address ranges",
    url: Some("https://api.cloudflare.com/client/v4/ips"),
    elsewhere: "",
    page: "https://www.cloudflare.com/ips/",
    dimensions: &[Dimension::Service],
    is_it,
    read,
};

fn is_it(source: &Arc<Source>) -> bool {
    let mut lines = source.text().lines().map(str::trim).filter(|line| !line.is_empty());
    is_api(source) || lines.next().is_some_and(|line| line.parse::<Prefix>().is_ok())
}

fn is_api(source: &Source) -> bool {
    has(source, &["result", "success"])
}

fn read(source: &Arc<Source>) -> Reading {
    let text = source.text().trim_start();
    if text.starts_with('{') || text.starts_with('[') {
        let (mut body, tree) = Body::json(source);
        let content = tree.and_then(|tree| api(&mut body, &tree)).unwrap_or_default();
        return (content, body.findings());
    }
    let (mut body, mut content, mut at) = (Body::text(source), Content::default(), 0_usize);
    for line in source.text().split_inclusive('\n') {
        let span = Span::new(at, at.saturating_add(line.trim_end().len()));
        at = at.saturating_add(line.len());
        let text = line.trim();
        if let Some(block) = (!text.is_empty()).then(|| body.block_at(text, span, Family::Any)).flatten() {
            content.add(&key(), block);
        }
    }
    (content, body.findings())
}

fn key() -> Key {
    Key::service("cloudflare")
}

fn api(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let root = body.object(tree, "the answer", &["result", "success"], &["errors", "messages"])?;
    let success = root.need("success", body)?;
    if success.kind != Kind::Bool(true) {
        body.error(Code::FeedSyntax, success.span, "the answer does not tell of success");
        return None;
    }
    let result = root.need("result", body)?;
    let members = ["ipv4_cidrs", "ipv6_cidrs", "jdcloud_cidrs"];
    let result = body.object(result, "the result", &members, &["etag"])?;
    let mut content = Content::default();
    for (member, family) in [("ipv4_cidrs", Family::V4), ("ipv6_cidrs", Family::V6)] {
        let Some(list) = result.need(member, body) else { continue };
        for block in body.blocks(list, family) {
            content.add(&key(), block);
        }
    }
    // The partner in China is listed on request only.
    for block in result.get("jdcloud_cidrs").map_or_else(Vec::new, |list| body.blocks(list, Family::Any)) {
        content.add(&Key::service("jdcloud"), block);
    }
    content.token = result.get("etag").and_then(|node| body.mark(node));
    Some(content)
}
