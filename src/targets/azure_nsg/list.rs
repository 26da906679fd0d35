//! Network security groups as `az network nsg list` and `show` print them, rules as `az network nsg rule list` does, and
//! both as Azure's REST API answers.
//!
//! Azure's REST API, "Network Security Groups". The command line lifts what the API has under `properties` to the object
//! itself. A group is all there is of it, so both directions are told.

use super::hcl::Reader;
use super::lift::is_default;
use super::{GROUP, RULE};
use crate::diag::{Code, Place, Source};
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::syntax::json;
use crate::syntax::terraform::value;
use crate::syntax::yaml::{self, Node};
use crate::targets::clouds::service_tags::{ServiceTags, is_list};
use crate::targets::clouds::terraform::found;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads groups and rules: lists of them, single ones, and answers with `value`.
#[derive(Debug)]
pub(super) struct AzureNsgList;

/// The fields of a rule that decide about packets, and the arguments that Terraform has for them.
const FIELDS: [(&str, &str); 13] = [
    ("name", "name"),
    ("direction", "direction"),
    ("access", "access"),
    ("priority", "priority"),
    ("protocol", "protocol"),
    ("sourcePortRange", "source_port_range"),
    ("sourcePortRanges", "source_port_ranges"),
    ("destinationPortRange", "destination_port_range"),
    ("destinationPortRanges", "destination_port_ranges"),
    ("sourceAddressPrefix", "source_address_prefix"),
    ("sourceAddressPrefixes", "source_address_prefixes"),
    ("destinationAddressPrefix", "destination_address_prefix"),
    ("destinationAddressPrefixes", "destination_address_prefixes"),
];

const GROUPS: [(&str, &str); 2] = [
    ("sourceApplicationSecurityGroups", "source_application_security_group_ids"),
    ("destinationApplicationSecurityGroups", "destination_application_security_group_ids"),
];

/// The fields of a rule that decide nothing.
const BESIDE: [&str; 6] = ["description", "etag", "id", "provisioningState", "resourceGroup", "type"];

impl Importer for AzureNsgList {
    fn name(&self) -> &'static str {
        "azure-nsg-list"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        let keys = json::keys(text);
        let has = |name: &str| keys.contains(&name);
        let rule = has("access") && has("direction") && has("priority") && has("protocol");
        let raw = (has("value") || has("properties")) && text.contains("/networkSecurityGroups");
        has("securityRules") || has("defaultSecurityRules") || rule || raw
    }

    fn completes(&self, source: &Source) -> bool {
        is_list(source)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let (tags, sources) = ServiceTags::split(sources, &mut findings);
        let mut reader = Reader { exist: true, findings, tags, ..Reader::default() };
        for source in &sources {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => {
                    let mut file = File { source, reader: &mut reader };
                    let blocks = file.blocks(&root);
                    reader.module(&Module { blocks, ..Module::default() });
                }
                Err(finding) => reader.findings.push(finding),
            }
        }
        reader.finish()
    }
}

struct File<'a> {
    source: &'a Arc<Source>,
    reader: &'a mut Reader,
}

impl File<'_> {
    fn refuse(&mut self, node: &Node, message: impl Into<String>) {
        let place = Place { source: Arc::clone(self.source), span: node.span };
        self.reader.findings.push(found(Code::ReadRefused, message, &place));
    }

    /// The groups and rules of a file as the blocks that Terraform would have for them.
    fn blocks(&mut self, root: &Node) -> Vec<Block> {
        if root.get("nextLink").is_some_and(says) {
            self.refuse(root, "the answer was cut: it has a `nextLink`, so rules are missing");
        }
        let list = root.get("value").unwrap_or(root);
        let objects = match &list.kind {
            yaml::Kind::Sequence(items) => items.as_slice(),
            yaml::Kind::Mapping(_) => std::slice::from_ref(list),
            _ => {
                self.refuse(list, "no list of network security groups stands here");
                &[]
            }
        };
        let mut blocks = Vec::new();
        for object in objects {
            let lists = ["securityRules", "defaultSecurityRules"];
            if lists.iter().any(|key| field(object, key).is_some()) {
                blocks.extend(self.group(object));
            } else if field(object, "access").is_some() {
                blocks.extend(self.rule_of_its_own(object));
            } else {
                self.refuse(
                    object,
                    "the object is neither a network security group with its rules nor a rule of one",
                );
            }
        }
        blocks
    }

    fn group(&mut self, object: &Node) -> Option<Block> {
        let Some(name) = text(object, "name") else {
            self.refuse(object, "the network security group has no `name`");
            return None;
        };
        let Some(rules) = field(object, "securityRules") else {
            self.refuse(object, format!("`{name}` has no `securityRules`, so what it says is not known"));
            return None;
        };
        let mut block = self.empty(GROUP, &name, object.get("name").unwrap_or(object));
        self.put(&mut block, "name", &name, object);
        let home = text(object, "resourceGroup").or_else(|| word_after(object, "resourceGroups"));
        if let Some(home) = home {
            self.put(&mut block, "resource_group_name", &home, object);
        }
        block.blocks = self.rules(rules);
        if let Some(defaults) = field(object, "defaultSecurityRules") {
            let others = self.rules(defaults);
            let own = |block: &Block| {
                !block.get("name").and_then(Value::as_text).is_some_and(|name| is_default(&name))
            };
            block.blocks.extend(others.into_iter().filter(own));
        }
        Some(block)
    }

    fn rules(&mut self, list: &Node) -> Vec<Block> {
        let items = match &list.kind {
            yaml::Kind::Null => &[],
            yaml::Kind::Sequence(items) => items.as_slice(),
            _ => {
                self.refuse(list, "no list of rules stands here");
                &[]
            }
        };
        items.iter().filter_map(|item| self.rule(item, "security_rule")).collect()
    }

    /// A rule that is listed without its group, which its id names.
    fn rule_of_its_own(&mut self, object: &Node) -> Option<Block> {
        let Some(group) = word_after(object, "networkSecurityGroups") else {
            self.refuse(object, "the rule has no `id` that names its network security group");
            return None;
        };
        let mut block = self.rule(object, "resource")?;
        if block.get("name").and_then(Value::as_text).is_some_and(|name| is_default(&name)) {
            return None;
        }
        self.put(&mut block, "network_security_group_name", &group, object);
        let home = word_after(object, "resourceGroups").or_else(|| text(object, "resourceGroup"));
        if let Some(home) = home {
            self.put(&mut block, "resource_group_name", &home, object);
        }
        Some(block)
    }

    /// A rule as a block. A field that is not known may narrow the rule.
    fn rule(&mut self, object: &Node, kind: &str) -> Option<Block> {
        let name = object.get("name");
        if !matches!(object.kind, yaml::Kind::Mapping(_)) {
            self.refuse(object, "no object stands here where a rule is needed");
            return None;
        }
        let label = name.and_then(Node::as_str).unwrap_or("without a name");
        let mut block = self.empty(RULE, label, name.unwrap_or(object));
        kind.clone_into(&mut block.kind);
        for part in [Some(object), object.get("properties")].into_iter().flatten() {
            let yaml::Kind::Mapping(entries) = &part.kind else { continue };
            for (key, node) in entries {
                let argument = FIELDS.iter().find(|(field, _)| *field == key.name);
                let group = GROUPS.iter().find(|(field, _)| *field == key.name);
                if let Some((_, argument)) = argument {
                    if says(node) {
                        block.attributes.insert((*argument).to_owned(), value(self.source, node));
                    }
                } else if let Some((_, argument)) = group {
                    block.attributes.insert((*argument).to_owned(), self.ids(node));
                } else if key.name != "properties" && !BESIDE.contains(&key.name.as_str()) && says(node) {
                    block.uncertain.push(key.name.clone());
                }
            }
        }
        Some(block)
    }

    /// The ids of application security groups.
    fn ids(&self, list: &Node) -> Value {
        let id = |item: &Node| {
            let id = item.get("id").and_then(Node::as_str).map(str::to_owned);
            let kind = Kind::String(id.unwrap_or_else(|| "an application security group".to_owned()));
            Value { place: Place { source: Arc::clone(self.source), span: item.span }, kind }
        };
        let items = match &list.kind {
            yaml::Kind::Null => Vec::new(),
            yaml::Kind::Sequence(items) => items.iter().map(id).collect(),
            _ => vec![id(list)],
        };
        let place = Place { source: Arc::clone(self.source), span: list.span };
        Value { place, kind: Kind::List(items) }
    }

    fn put(&self, block: &mut Block, argument: &str, text: &str, near: &Node) {
        let place = Place { source: Arc::clone(self.source), span: near.span };
        block.attributes.insert(argument.to_owned(), Value { place, kind: Kind::String(text.to_owned()) });
    }

    fn empty(&self, kind: &str, name: &str, at: &Node) -> Block {
        Block::new("resource", &[kind, name], Place { source: Arc::clone(self.source), span: at.span })
    }
}

/// The value of a key of an object, or of its `properties`.
fn field<'a>(object: &'a Node, key: &str) -> Option<&'a Node> {
    object.get(key).or_else(|| object.get("properties")?.get(key))
}

fn text(object: &Node, key: &str) -> Option<String> {
    field(object, key).and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The word that follows another one in the id of an object: `g` of `/subscriptions/s/resourceGroups/g/providers/…`.
fn word_after(object: &Node, word: &str) -> Option<String> {
    let id = object.get("id").and_then(Node::as_str)?;
    let mut words = id.split('/').skip_while(|step| !step.eq_ignore_ascii_case(word)).skip(1);
    words.next().filter(|word| !word.is_empty()).map(str::to_owned)
}

/// Reports whether a value says anything.
fn says(node: &Node) -> bool {
    match &node.kind {
        yaml::Kind::Null | yaml::Kind::Bool(false) => false,
        yaml::Kind::Sequence(items) => !items.is_empty(),
        yaml::Kind::Mapping(entries) => !entries.is_empty(),
        yaml::Kind::String(text) => !text.is_empty(),
        yaml::Kind::Bool(true) | yaml::Kind::Integer(_) | yaml::Kind::Float(_) => true,
    }
}
