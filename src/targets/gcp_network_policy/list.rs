//! Network firewall policies as `gcloud compute network-firewall-policies describe --format=json` and `rules list` print
//! them, and as the Compute Engine API answers.
//!
//! Compute Engine API, `FirewallPolicy`. A policy is all there is of it, so both directions are told.

use super::hcl::Reader;
use super::lift::refused;
use crate::diag::{Code, Place, Source};
use crate::syntax::json;
use crate::syntax::yaml::{self, Node};
use crate::targets::clouds::objects::block;
use crate::targets::{Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads policies, lists of them, rules, and answers with `items`.
#[derive(Debug)]
pub(super) struct GcpNetworkPolicyList;

impl Importer for GcpNetworkPolicyList {
    fn name(&self) -> &'static str {
        "gcp-network-policy-list"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        let keys = json::keys(text);
        let has = |name: &str| keys.contains(&name);
        let policy = text.contains("\"layer4Configs\"") || text.contains("\"compute#firewallPolicy");
        policy && (has("rules") || has("items") || (has("match") && has("action")))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut reader = Reader::default();
        for source in sources {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => file(source, &root, &mut reader),
                Err(finding) => reader.findings.push(finding),
            }
        }
        reader.finish(&BTreeSet::new())
    }
}

/// What a list of rules is called, which does not name its policy.
const UNNAMED: &str = "policy";

fn file(source: &Arc<Source>, root: &Node, reader: &mut Reader) {
    let mut refuse = |node: &Node, message: &str| {
        reader.findings.push(refused(message, &Place { source: Arc::clone(source), span: node.span }));
    };
    if let Some(Node { kind: yaml::Kind::String(_), .. }) = root.get("nextPageToken") {
        refuse(root, "the answer was cut: it has a `nextPageToken`, so policies are missing");
    }
    let list = root.get("items").unwrap_or(root);
    let objects = match &list.kind {
        yaml::Kind::Sequence(items) => items.as_slice(),
        yaml::Kind::Mapping(_) => std::slice::from_ref(list),
        _ => {
            refuse(list, "no list of policies stands here");
            &[]
        }
    };
    for object in objects {
        if object.get("rules").is_some() {
            let name = object.get("name").or_else(|| object.get("displayName")).and_then(Node::as_str);
            let region = object.get("region").and_then(Node::as_str).and_then(|url| url.rsplit('/').next());
            let name = match (region, name.unwrap_or(UNNAMED)) {
                (Some(region), name) => format!("{region}/{name}"),
                (None, name) => name.to_owned(),
            };
            reader.policy(&block(source, object, "policy"), &name);
        } else if object.get("match").is_some() && object.get("action").is_some() {
            let rule = block(source, object, "rule");
            reader.spoken.extend(super::hcl::BOTH.map(|direction| (UNNAMED.to_owned(), direction, None)));
            reader.rule(&rule, UNNAMED.to_owned());
        } else {
            let message = "the object is neither a policy with its rules nor a rule of one";
            let place = Place { source: Arc::clone(source), span: object.span };
            reader.findings.push(refused(message, &place));
        }
    }
}
