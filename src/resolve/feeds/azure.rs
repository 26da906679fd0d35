//! Azure: `ServiceTags_*.json`, the ranges behind each service tag.
//!
//! <https://learn.microsoft.com/azure/virtual-network/service-tags-overview>: a tag is a service in a region, or all of
//! a service; the tag of a whole service holds those of its regions again.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, ListedTag, Reading};
use crate::catalog::{TagUse, is_tag_name};
use crate::diag::Source;
use crate::packet::AddrSet;
use crate::syntax::yaml::{Kind, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "azure",
    title: "Azure, ranges of the service tags",
    url: None,
    elsewhere: "the file has another address each week: take it from <https://www.microsoft.com/download/details.aspx?id=56519>, or from `az network list-service-tags`",
    page: "https://learn.microsoft.com/azure/virtual-network/service-tags-overview",
    dimensions: &[Dimension::Service, Dimension::Region, Dimension::Category],
    is_it: |source| has(source, &["changeNumber", "cloud", "values"]),
    read,
};

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    // The command line prints an id, a name and a type beside what the file has, and egressor a head.
    let idle = ["id", "name", "type", "generated"];
    let root = body.object(tree, "the feed", &["changeNumber", "cloud", "values"], &idle)?;
    let cloud = root.get("cloud").and_then(Node::as_str).filter(|cloud| is_tag_name(cloud));
    let token = root.need("changeNumber", body).and_then(|node| body.mark(node));
    let mut content = Content { token, ..Content::default() };
    let mut listings: BTreeMap<&str, usize> = BTreeMap::new();
    let values = root.need("values", body)?;
    for node in body.list(values) {
        let members = ["name", "properties"];
        let idle = ["id", "serviceTagChangeNumber"];
        let Some(value) = body.object(node, "a tag", &members, &idle) else { continue };
        let name = value.need("name", body).and_then(|node| body.word(node));
        let Some(properties) = value.need("properties", body) else { continue };
        let members = ["addressPrefixes", "region", "systemService", "networkFeatures"];
        let idle = ["changeNumber", "regionId", "platform", "state"];
        let Some(properties) = body.object(properties, "a tag", &members, &idle) else { continue };
        let region = properties.need("region", body);
        let region = text(body, region);
        let system = properties.need("systemService", body);
        let system = text(body, system);
        let blocks = properties.need("addressPrefixes", body);
        let blocks = blocks.map(|blocks| body.blocks(blocks, Family::Any));
        let (Some(name), Some(region), Some(system), Some(blocks)) = (name, region, system, blocks) else {
            continue;
        };
        let service = name.split('.').next().unwrap_or(name);
        let (region, category) = (said(region), said(system));
        let key = Key { region, category, set: Some(name.to_owned()), ..Key::service(service) };
        for block in &blocks {
            content.add(&key, *block);
        }
        *listings.entry(name).or_default() += 1;
        if let (Some(cloud), true, false) = (&cloud, is_tag_name(name), blocks.is_empty()) {
            content.listed(&key).tag = Some(ListedTag {
                name: name.to_owned(),
                cloud: (*cloud).to_owned(),
                whole: AddrSet::of(blocks),
                used_in: properties.get("networkFeatures").and_then(used_in),
            });
        }
    }
    // A name that stands twice is not all of a tag in either place.
    for listed in content.entries.values_mut() {
        listed.tag = listed.tag.take().filter(|tag| listings.get(tag.name.as_str()) == Some(&1));
    }
    Some(content)
}

/// The kinds of rules that a tag is for, where the feed tells them.
fn used_in(features: &Node) -> Option<Vec<TagUse>> {
    let Kind::Sequence(features) = &features.kind else { return None };
    let has = |word: &str| features.iter().any(|feature| feature.as_str() == Some(word));
    let kinds = [("NSG", TagUse::Nsg), ("FW", TagUse::Firewall)];
    Some(kinds.into_iter().filter(|(word, _)| has(word)).map(|(_, kind)| kind).collect())
}

/// A text that may be empty, which says that there is none.
fn text(body: &mut Body<'_>, node: Option<&Node>) -> Option<String> {
    match node?.as_str() {
        Some(text) => Some(text.to_owned()),
        None => body.word(node?).map(str::to_owned),
    }
}

/// The text, where there is one.
fn said(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}
