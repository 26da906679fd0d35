//! Rule collection groups as `az network firewall policy rule-collection-group show` and `list` print them, and as Azure's
//! REST API answers; IP groups as `az network ip-group` prints them, beside.
//!
//! Azure's REST API, "Firewall Policy Rule Collection Groups". The command line lifts what the API has under `properties`
//! to the object itself.

use super::hcl::Reader;
use super::lift::{Layer, refused};
use crate::diag::{Code, Place, Source};
use crate::syntax::hcl::{Block, Value};
use crate::syntax::json;
use crate::syntax::yaml::{self, Node};
use crate::targets::clouds::objects::{block, children, says};
use crate::targets::clouds::service_tags::{ServiceTags, is_list};
use crate::targets::clouds::terraform::{Stated, stated};
use crate::targets::{Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads groups: lists of them, single ones, and answers with `value`.
#[derive(Debug)]
pub(super) struct AzureFirewallList;

impl Importer for AzureFirewallList {
    fn name(&self) -> &'static str {
        "azure-firewall-list"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let keys = json::keys(source.text());
        let within = keys.contains(&"value") || keys.contains(&"properties");
        keys.contains(&"ruleCollections") || (within && source.text().contains("\"ruleCollections\""))
    }

    fn completes(&self, source: &Source) -> bool {
        let keys = json::keys(source.text());
        (keys.contains(&"ipAddresses") && source.text().contains("/ipGroups/")) || is_list(source)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let (tags, sources) = ServiceTags::split(sources, &mut findings);
        let mut reader = Reader { findings, tags, ..Reader::default() };
        let mut groups: Vec<(Arc<Source>, Block)> = Vec::new();
        for source in &sources {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => file(source, &root, &mut reader, &mut groups),
                Err(finding) => reader.findings.push(finding),
            }
        }
        for (_, group) in &groups {
            self::group(group, &mut reader);
        }
        reader.finish(&BTreeSet::new())
    }
}

/// Reads the objects of a file: IP groups at once, for rules may name them.
fn file(source: &Arc<Source>, root: &Node, reader: &mut Reader, groups: &mut Vec<(Arc<Source>, Block)>) {
    let mut refuse = |node: &Node, message: &str| {
        reader.findings.push(refused(message, &Place { source: Arc::clone(source), span: node.span }));
    };
    if root.get("nextLink").and_then(Node::as_str).is_some_and(|link| !link.is_empty()) {
        refuse(root, "the answer was cut: it has a `nextLink`, so groups are missing");
    }
    let list = root.get("value").unwrap_or(root);
    let objects = match &list.kind {
        yaml::Kind::Sequence(items) => items.as_slice(),
        yaml::Kind::Mapping(_) => std::slice::from_ref(list),
        _ => {
            refuse(list, "no list of rule collection groups stands here");
            &[]
        }
    };
    for object in objects {
        let mut block = block(source, object, "group");
        for inner in std::mem::take(&mut block.blocks) {
            if inner.kind == "properties" {
                block.attributes.extend(inner.attributes);
                block.blocks.extend(inner.blocks);
            } else {
                block.blocks.push(inner);
            }
        }
        if block.get("ip_addresses").is_some() {
            let id = block.get("id").and_then(Value::as_text);
            reader.addresses(&block, "ip_addresses", id.into_iter());
        } else if block.get("rule_collections").is_some()
            || children(&block, "rule_collections").next().is_some()
        {
            groups.push((Arc::clone(source), block));
        } else {
            let place = Place { source: Arc::clone(source), span: object.span };
            let message = "the object is no rule collection group with its `ruleCollections`";
            reader.findings.push(refused(message, &place));
        }
    }
}

/// The rules of a group: what kind each is stands in it.
fn group(block: &Block, reader: &mut Reader) {
    let policy = policy(block);
    reader.group(block, policy.clone());
    if block.get("rule_collections").is_some_and(says) {
        reader.findings.push(refused("`ruleCollections` is no list of collections", &block.place));
    }
    for collection in children(block, "rule_collections") {
        let kind = collection.get("rule_collection_type").and_then(Value::as_text).unwrap_or_default();
        if kind == "FirewallPolicyNatRuleCollection" {
            reader.translations(block);
            continue;
        }
        let action = children(collection, "action")
            .next()
            .map_or(Stated::Absent, |action| stated(action.get("type"), Value::as_text));
        if collection.get("rules").is_some_and(says) {
            reader.findings.push(refused("`rules` is no list of rules", &collection.place));
        }
        for rule in children(collection, "rules") {
            let layer = match rule.get("rule_type").and_then(Value::as_text).as_deref() {
                Some("NetworkRule") => Layer::Network,
                Some("ApplicationRule") => Layer::Application,
                other => {
                    let message = format!("`{}` is no kind of rule that is known", other.unwrap_or_default());
                    reader.findings.push(refused(message, &rule.place));
                    continue;
                }
            };
            reader.rule(&policy, block, collection, &action, rule, layer);
        }
    }
}

/// The policy that the id of a group names.
fn policy(block: &Block) -> String {
    let id = block.get("id").and_then(Value::as_text).unwrap_or_default();
    let mut words = id.split('/').skip_while(|word| !word.eq_ignore_ascii_case("firewallPolicies")).skip(1);
    let name = words.next().filter(|word| !word.is_empty()).map(str::to_owned);
    name.or_else(|| block.get("name").and_then(Value::as_text)).unwrap_or_else(|| "policy".to_owned())
}
