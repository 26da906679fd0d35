//! The importer of Envoy's configuration: a bootstrap file, or resources as they are discovered.

use super::lift::lift;
use super::listener::Reader;
use super::outcome::holes;
use super::parts::{items, text_of, value};
use crate::diag::{Code, Finding, Source};
use crate::syntax::yaml::{Node, parse};
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads Envoy's configuration in YAML or JSON.
#[derive(Debug)]
pub(super) struct EnvoyYaml;

impl Importer for EnvoyYaml {
    fn name(&self) -> &'static str {
        "envoy-yaml"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        // A cheap look first: files of other formats have none of these words.
        if !["static_resources", "staticResources", "filter_chains", "filterChains", "envoy.config.listener"]
            .iter()
            .any(|word| text.contains(word))
        {
            return false;
        }
        let source = Arc::new(Source::new(source.name(), text));
        parse(&source, Code::ReadSyntax).is_ok_and(|documents| documents.iter().any(is_envoy))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        if sources.is_empty() {
            return Imported::default();
        }
        let mut findings = Vec::new();
        let documents: Vec<(&Arc<Source>, Vec<Node>)> = sources
            .iter()
            .filter_map(|source| match parse(source, Code::ReadSyntax) {
                Ok(documents) => Some((source, documents)),
                Err(finding) => {
                    findings.push(finding);
                    None
                }
            })
            .collect();
        let each =
            || documents.iter().flat_map(|(source, nodes)| nodes.iter().map(move |node| (*source, node)));
        let clusters: Vec<&Node> =
            each().flat_map(|(_, node)| resources(node, "clusters", "Cluster")).collect();
        let holes = holes(&clusters);
        let mut listeners = Vec::new();
        for (source, node) in each() {
            if !is_envoy(node) {
                findings.push(
                    Finding::new(Code::ReadNotCompared, "no part of Envoy's configuration")
                        .at(source, node.span),
                );
            }
            if value(node, "dynamic_resources").is_some() {
                let message = "listeners that are discovered at run time are not in this file";
                findings.push(Finding::new(Code::ReadNotCompared, message).at(source, node.span));
            }
            let mut reader = Reader { source, holes: &holes, findings: &mut findings };
            for listener in resources(node, "listeners", "Listener") {
                listeners.extend(reader.listener(listener));
            }
        }
        let policy = lift(&listeners, &mut findings);
        Imported { policy, findings }
    }
}

fn is_envoy(node: &Node) -> bool {
    value(node, "static_resources").is_some()
        || !resources(node, "listeners", "Listener").is_empty()
        || !resources(node, "clusters", "Cluster").is_empty()
}

/// The resources of a kind: those of a bootstrap file, of an answer of discovery, or one by itself.
fn resources<'a>(node: &'a Node, list: &str, kind: &str) -> Vec<&'a Node> {
    let of_kind =
        |node: &&Node| text_of(node, "@type").is_some_and(|name| name.ends_with(&format!("v3.{kind}")));
    if let Some(held) = value(node, "static_resources") {
        return value(held, list).map(items).unwrap_or_default();
    }
    if let Some(held) = value(node, "resources") {
        return items(held).into_iter().filter(of_kind).collect();
    }
    let bare =
        kind == "Listener" && value(node, "filter_chains").is_some() && value(node, "address").is_some();
    if bare || of_kind(&node) { vec![node] } else { Vec::new() }
}
