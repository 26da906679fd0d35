//! Snowflake: what `SELECT SYSTEM$ALLOWLIST()` answers for one account.
//!
//! <https://docs.snowflake.com/en/sql-reference/functions/system_allowlist>: host names with their ports, by type.

use super::body::{Body, has};
use super::content::{Content, Dimension, FeedFormat, Key, Reading};
use crate::catalog::PortSpec;
use crate::diag::{Code, Source};
use crate::packet::{NamePattern, PortRange, Protocol};
use crate::policy::Direction;
use crate::syntax::yaml::{Kind, Node};
use std::sync::Arc;

pub(super) const FEED: FeedFormat = FeedFormat {
    name: "snowflake",
    title: "Snowflake, hosts of one account",
    url: None,
    elsewhere: "each account has its own: save what `SELECT SYSTEM$ALLOWLIST()` answers and name the file",
    page: "https://docs.snowflake.com/en/sql-reference/functions/system_allowlist",
    dimensions: &[Dimension::Service],
    is_it: |source| source.text().trim_start().starts_with('[') && has(source, &["type", "host", "port"]),
    read,
};

fn read(source: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(source);
    let content = tree.map(|tree| content(&mut body, &tree)).unwrap_or_default();
    (content, body.findings())
}

fn content(body: &mut Body<'_>, tree: &Node) -> Content {
    let mut content = Content::default();
    for node in body.list(tree) {
        let Some(item) = body.object(node, "an entry", &["type", "host", "port"], &[]) else { continue };
        let service = item.need("type", body).and_then(|node| body.word(node));
        let host = item.need("host", body).and_then(|node| body.name(node));
        let port = item.need("port", body).and_then(|node| port(body, node));
        let (Some(service), Some(host), Some(port)) = (service, host, port) else { continue };
        let ports = vec![PortSpec { ports: PortRange::single(port), protocol: Protocol::TCP }];
        let key = Key { way: Some(Direction::Egress), ports, ..Key::service(service) };
        match host {
            // What a wildcard means here is not documented.
            Ok(NamePattern::Below(host)) => drop(content.listed(&key).unsaid.insert(format!("*.{host}"))),
            Ok(name) => drop(content.listed(&key).names.insert(name)),
            Err(text) => drop(content.listed(&key).unsaid.insert(text)),
        }
    }
    content
}

fn port(body: &mut Body<'_>, node: &Node) -> Option<u16> {
    let port = match &node.kind {
        Kind::Integer(number) => u16::try_from(*number).ok().filter(|port| *port > 0),
        _ => None,
    };
    if port.is_none() {
        body.error(Code::FeedSyntax, node.span, "a port from 1 to 65535 is needed");
    }
    port
}
