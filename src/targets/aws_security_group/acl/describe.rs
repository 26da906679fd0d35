//! Network ACLs as `aws ec2 describe-network-acls` prints them.
//!
//! EC2's API reference, `NetworkAclEntry`. The last rules, `*`, are listed as the numbers 32767 and 32768.

use super::hcl::{Reader, within};
use crate::diag::{Code, Source};
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::syntax::json;
use crate::syntax::terraform::value;
use crate::syntax::yaml::{self, Node};
use crate::targets::clouds::aws_fields::{Fields, field};
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads what the AWS command line prints about network ACLs: whole answers, bare lists and single objects.
#[derive(Debug)]
pub(in super::super) struct AwsNetworkAclDescribe;

/// The fields of a rule that are texts or numbers, and the arguments that Terraform has for them.
const FIELDS: [(&str, &str); 5] = [
    ("CidrBlock", "cidr_block"),
    ("Ipv6CidrBlock", "ipv6_cidr_block"),
    ("Protocol", "protocol"),
    ("RuleAction", "action"),
    ("RuleNumber", "rule_no"),
];
/// Those that are objects, with what is in them.
const NESTED: [(&str, [(&str, &str); 2]); 2] = [
    ("PortRange", [("From", "from_port"), ("To", "to_port")]),
    ("IcmpTypeCode", [("Type", "icmp_type"), ("Code", "icmp_code")]),
];

impl Importer for AwsNetworkAclDescribe {
    fn name(&self) -> &'static str {
        "aws-network-acl-describe"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let keys = json::keys(source.text());
        let has = |name: &str| keys.contains(&name);
        has("NetworkAcls") || has("NetworkAclId") && has("Entries")
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut reader = Reader::default();
        for source in sources {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => {
                    let mut fields = Fields::of(source);
                    let blocks = blocks(source, &root, &mut fields);
                    reader.findings.append(&mut fields.findings);
                    reader.module(&Module { blocks, ..Module::default() });
                }
                Err(finding) => reader.findings.push(finding),
            }
        }
        reader.finish()
    }
}

/// The ACLs of a file as the blocks that Terraform would have for them.
fn blocks(source: &Arc<Source>, root: &Node, fields: &mut Fields<'_>) -> Vec<Block> {
    if field(root, "NextToken").is_some() {
        fields.refuse(root, "the output was cut: it has a `NextToken`, so rules are missing");
    }
    let objects = if root.get("NetworkAcls").is_some() {
        fields.objects(root, "NetworkAcls")
    } else if let yaml::Kind::Sequence(_) = root.kind {
        fields.members(root, "the list")
    } else {
        vec![root]
    };
    objects.into_iter().filter_map(|object| acl(source, object, fields)).collect()
}

fn acl(source: &Arc<Source>, object: &Node, fields: &mut Fields<'_>) -> Option<Block> {
    let Some(id) = fields.text(object, "NetworkAclId") else {
        fields.refuse(object, "the network ACL has no `NetworkAclId`");
        return None;
    };
    if object.get("Entries").is_none() {
        fields.refuse(object, format!("`{id}` has no `Entries`, so what it says is not known"));
        return None;
    }
    let named = object.get("NetworkAclId").unwrap_or(object);
    let text = |text: &str| Value { place: fields.place(named), kind: Kind::String(text.to_owned()) };
    let mut block = Block::new("resource", &["aws_network_acl", id], fields.place(named));
    block.attributes.insert("id".to_owned(), text(id));
    for entry in fields.objects(object, "Entries") {
        let kind = match entry.get("Egress").map(|value| &value.kind) {
            Some(yaml::Kind::Bool(true)) => "egress",
            Some(yaml::Kind::Bool(false)) => "ingress",
            Some(_) | None => {
                fields.refuse(entry, "the rule needs `Egress`, either true or false");
                continue;
            }
        };
        let inner = rule(source, &block, entry, kind, fields);
        block.blocks.push(inner);
    }
    Some(block)
}

/// A rule as a block. A field that is not known may narrow the rule.
fn rule(source: &Arc<Source>, acl: &Block, entry: &Node, kind: &str, fields: &mut Fields<'_>) -> Block {
    let mut attributes = BTreeMap::new();
    let mut uncertain = Vec::new();
    let yaml::Kind::Mapping(entries) = &entry.kind else {
        return within(acl, &value(source, entry), attributes);
    };
    for (key, node) in entries {
        let one = FIELDS.iter().find(|(name, _)| *name == key.name);
        let several = NESTED.iter().find(|(name, _)| *name == key.name);
        if let Some((_, argument)) = one {
            attributes.insert((*argument).to_owned(), value(source, node));
        } else if let Some((_, parts)) = several {
            if !matches!(node.kind, yaml::Kind::Mapping(_) | yaml::Kind::Null) {
                fields.refuse(node, format!("`{}` is {} and not an object", key.name, node.kind.describe()));
            }
            for (part, argument) in parts {
                if let Some(node) = node.get(part) {
                    attributes.insert((*argument).to_owned(), value(source, node));
                }
            }
        } else if key.name != "Egress" && field(entry, &key.name).is_some() {
            uncertain.push(key.name.clone());
        }
    }
    let inner = within(acl, &value(source, entry), attributes);
    Block { kind: kind.to_owned(), uncertain, ..inner }
}
