//! What the filters of a chain do with a connection.

use super::parts::{items, text_of, value};
use crate::syntax::yaml::Node;
use std::collections::BTreeSet;

/// What becomes of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is led on. Whether it needs a server name for that.
    Pass {
        /// Without a server name it is led nowhere.
        by_name: bool,
    },
    /// It is closed, or answered here.
    Stop,
    /// What decides is not modelled: what it is.
    Doubt(String),
}

/// What the filters of a chain do; `holes` are the clusters without an end.
pub(super) fn outcome(chain: &Node, port: u16, holes: &BTreeSet<String>) -> Outcome {
    let mut by_name = false;
    for filter in value(chain, "filters").map(items).unwrap_or_default() {
        let typed = value(filter, "typed_config");
        let kind = typed.and_then(|typed| text_of(typed, "@type")).unwrap_or_default();
        let name = text_of(filter, "name").unwrap_or_default();
        let is = |word: &str| {
            if kind.is_empty() { name.ends_with(word) } else { kind.contains(&format!(".{word}.")) }
        };
        if is("sni_dynamic_forward_proxy") {
            by_name = true;
            let leads_to =
                typed.and_then(|typed| value(typed, "port_value")).and_then(|node| match node.kind {
                    crate::syntax::yaml::Kind::Integer(number) => Some(number),
                    _ => None,
                });
            // Without a port, it is 443.
            if leads_to.unwrap_or(443) != i128::from(port) {
                return Outcome::Doubt(format!("{name} leads to another port"));
            }
        } else if is("sni_cluster") {
            by_name = true;
        } else if is("tcp_proxy") {
            let cluster = typed.and_then(|typed| text_of(typed, "cluster")).unwrap_or_default();
            return if holes.contains(&cluster) { Outcome::Stop } else { Outcome::Pass { by_name } };
        } else if is("direct_response") || is("echo") {
            return Outcome::Stop;
        } else {
            let what = if name.is_empty() { "a filter without a name".to_owned() } else { name };
            return Outcome::Doubt(what);
        }
    }
    Outcome::Stop
}

/// The clusters that have no end, so that whatever is led to them is closed.
pub(super) fn holes(clusters: &[&Node]) -> BTreeSet<String> {
    let is_hole = |cluster: &&&Node| {
        let plain = text_of(cluster, "type").is_none_or(|kind| kind == "STATIC");
        let ends = value(cluster, "load_assignment").and_then(|held| value(held, "endpoints")).map(items);
        let ends = ends.unwrap_or_default().into_iter().filter_map(|held| value(held, "lb_endpoints"));
        let none = ends.map(items).all(|ends| ends.is_empty());
        // Endpoints may be discovered, and a cluster of its own type finds its end by itself.
        plain && none && value(cluster, "cluster_type").is_none()
    };
    clusters.iter().filter(is_hole).filter_map(|cluster| text_of(cluster, "name")).collect()
}
