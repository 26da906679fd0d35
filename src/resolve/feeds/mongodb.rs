//! `MongoDB` Atlas: the addresses of its control plane.
//!
//! <https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-listcontrolplaneipaddresses>: `inbound`
//! is where users call, `outbound` where Atlas calls from, each by cloud and region.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::Source;
use crate::policy::Direction;
use crate::syntax::yaml::Node;
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "mongodb-atlas",
    title: "MongoDB Atlas, addresses of the control plane",
    url: Some("https://cloud.mongodb.com/api/atlas/v2/unauth/controlPlaneIPAddresses"),
    elsewhere: "",
    page: "https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-listcontrolplaneipaddresses",
    dimensions: &[Dimension::Region, Dimension::Category],
    is_it: |source| has(source, &["inbound", "outbound"]),
    read,
};

const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let ways = [("inbound", Direction::Egress), ("outbound", Direction::Ingress)];
    let root = body.object(tree, "the feed", &ways.map(|(member, _)| member), &["links"])?;
    let mut content = Content::default();
    for (member, way) in ways {
        let Some(clouds) = root.need(member, body) else { continue };
        let Some(clouds) = body.object(clouds, "a direction", &CLOUDS, &[]) else { continue };
        for cloud in CLOUDS {
            let regions = clouds.get(cloud).map(|node| body.members(node)).unwrap_or_default();
            for (region, node) in regions {
                let (region, category) = (Some(region.to_owned()), Some(cloud.to_owned()));
                let key = Key { region, category, way: Some(way), ..Key::service("control-plane") };
                for block in body.blocks(node, Family::Any) {
                    content.add(&key, block);
                }
            }
        }
    }
    Some(content)
}
