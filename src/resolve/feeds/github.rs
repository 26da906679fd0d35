//! GitHub: `api.github.com/meta`.
//!
//! <https://docs.github.com/en/rest/meta/meta>: blocks by service, IPv4 and IPv6 in one list, and host names by service.
//! `hooks`, `actions`, `importer` and the like are where GitHub calls from; the others are where it listens.

use super::body::{Body, Family, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::diag::Source;
use crate::policy::Direction;
use crate::syntax::yaml::{Kind, Node};
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "github",
    title: "GitHub, published addresses and domains",
    url: Some("https://api.github.com/meta"),
    elsewhere: "",
    page: "https://docs.github.com/en/rest/meta/meta",
    dimensions: &[Dimension::Service, Dimension::Category],
    is_it: |source| has(source, &["verifiable_password_authentication", "hooks", "web"]),
    read,
};

/// The lists of blocks, and which way connections go. Of those without a way the page does not say it.
const LISTS: [(&str, Option<Direction>); 13] = [
    ("hooks", Some(Direction::Ingress)),
    ("web", Some(Direction::Egress)),
    ("api", Some(Direction::Egress)),
    ("git", Some(Direction::Egress)),
    ("packages", Some(Direction::Egress)),
    ("pages", Some(Direction::Egress)),
    ("importer", Some(Direction::Ingress)),
    ("github_enterprise_importer", Some(Direction::Ingress)),
    ("actions", Some(Direction::Ingress)),
    ("actions_macos", Some(Direction::Ingress)),
    ("codespaces", Some(Direction::Ingress)),
    ("dependabot", Some(Direction::Ingress)),
    ("copilot", None),
];

/// What says nothing about traffic.
const IDLE: [&str; 4] =
    ["verifiable_password_authentication", "ssh_key_fingerprints", "ssh_keys", "installed_version"];

/// The lists of host names.
const DOMAINS: [&str; 7] =
    ["website", "codespaces", "copilot", "packages", "actions", "actions_inbound", "artifact_attestations"];

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.and_then(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Option<Content> {
    let mut meaning: Vec<&str> = LISTS.iter().map(|(name, _)| *name).collect();
    meaning.push("domains");
    let root = body.object(tree, "the feed", &meaning, &IDLE)?;
    let mut content = Content::default();
    for (name, way) in LISTS {
        let Some(list) = root.get(name) else { continue };
        let key = Key { way, category: Some("addresses".to_owned()), ..Key::service(name) };
        for block in body.blocks(list, Family::Any) {
            content.add(&key, block);
        }
    }
    if let Some(domains) = root.get("domains") {
        let domains = body.object(domains, "`domains`", &DOMAINS, &[])?;
        for name in DOMAINS {
            if let Some(node) = domains.get(name) {
                names(body, name, node, &mut content);
            }
        }
    }
    Some(content)
}

/// The host names of a service: a list, or an object of lists.
fn names(body: &mut Body<'_>, service: &str, node: &Node, content: &mut Content) {
    let lists: Vec<&Node> = if let Kind::Sequence(_) = &node.kind {
        vec![node]
    } else {
        let members = ["full_domains", "wildcard_domains", "services"];
        let Some(object) = body.object(node, "a list of domains", &members, &["trust_domain"]) else {
            return;
        };
        members.iter().filter_map(|member| object.get(member)).collect()
    };
    let key =
        Key { way: Some(Direction::Egress), category: Some("domains".to_owned()), ..Key::service(service) };
    for list in lists {
        for item in body.list(list) {
            match body.name(item) {
                Some(Ok(name)) => drop(content.listed(&key).names.insert(name)),
                Some(Err(text)) => drop(content.listed(&key).unsaid.insert(text)),
                None => {}
            }
        }
    }
}
