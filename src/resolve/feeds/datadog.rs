//! Datadog: `ip-ranges.datadoghq.com`, and the same of its other sites.
//!
//! <https://docs.datadoghq.com/api/latest/ip-ranges/>: blocks by section, some of them by location as well. Datadog calls
//! from `webhooks` and `synthetics`; users call the others. `global` holds all of them and so has no direction.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::{Code, Source};
use crate::packet::Prefix;
use crate::policy::Direction;
use crate::syntax::yaml::Node;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "datadog",
    title: "Datadog, published address ranges",
    url: Some("https://ip-ranges.datadoghq.com/"),
    elsewhere: "",
    page: "https://docs.datadoghq.com/api/latest/ip-ranges/",
    dimensions: &[Dimension::Service, Dimension::Region],
    is_it: |source| has(source, &["version", "modified"]) && source.text().contains("\"prefixes_ipv4\""),
    read,
};

const SECTIONS: [(&str, Option<Direction>); 11] = [
    ("agents", Some(Direction::Egress)),
    ("api", Some(Direction::Egress)),
    ("apm", Some(Direction::Egress)),
    ("global", None),
    ("logs", Some(Direction::Egress)),
    ("orchestrator", Some(Direction::Egress)),
    ("process", Some(Direction::Egress)),
    ("remote-configuration", Some(Direction::Egress)),
    ("synthetics", Some(Direction::Ingress)),
    ("synthetics-private-locations", Some(Direction::Egress)),
    ("webhooks", Some(Direction::Ingress)),
];

/// The lists of a section: all blocks of a family, and those by location.
const LISTS: [(&str, &str, Family); 2] = [
    ("prefixes_ipv4", "prefixes_ipv4_by_location", Family::V4),
    ("prefixes_ipv6", "prefixes_ipv6_by_location", Family::V6),
];

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let mut meaning: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    meaning.extend(["version", "modified"]);
    let root = body.object(tree, "the feed", &meaning, &["source"])?;
    let mut content = Content {
        token: root.need("version", body).and_then(|node| body.mark(node)),
        made: root.need("modified", body).and_then(|node| body.time(node)),
        ..Content::default()
    };
    for (service, way) in SECTIONS {
        let Some(node) = root.get(service) else { continue };
        let members = LISTS.map(|(all, located, _)| [all, located]).concat();
        let Some(section) = body.object(node, "a section", &members, &[]) else { continue };
        for (all, located, family) in LISTS {
            let Some(list) = section.need(all, body) else { continue };
            let mut rest: BTreeSet<Prefix> = body.blocks(list, family).into_iter().collect();
            let listed = rest.clone();
            let places = section.get(located).map(|node| body.members(node)).unwrap_or_default();
            for (place, node) in places {
                let key = Key { region: Some(place.to_owned()), way, ..Key::service(service) };
                for block in body.blocks(node, family) {
                    if !listed.contains(&block) {
                        let message = format!("`{block}` of `{place}` is not in `{all}`");
                        body.error(Code::FeedSyntax, node.span, message);
                    }
                    rest.remove(&block);
                    content.add(&key, block);
                }
            }
            for block in rest {
                content.add(&Key { way, ..Key::service(service) }, block);
            }
        }
    }
    Some(content)
}
