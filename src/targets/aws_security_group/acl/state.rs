//! Network ACLs in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.
//!
//! An ACL's `egress` and `ingress` are also filled by the provider, with whatever rules it saw when it last looked: those
//! that are resources of their own stand there once more, and a plan still lists those that it is about to delete.

use super::super::peer::{address, name};
use super::hcl::Reader;
use super::{ACLS, RULE, TYPES};
use crate::diag::{Code, Source};
use crate::policy::Direction;
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::syntax::terraform::{self, Asked, Resource, Stage, recognizes};
use crate::targets::clouds::terraform::{found, is_beside};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads states and plans with network ACLs in them.
#[derive(Debug)]
pub(in super::super) struct AwsNetworkAclState;

const LISTED: [&str; 2] = ["egress", "ingress"];

impl Importer for AwsNetworkAclState {
    fn name(&self) -> &'static str {
        "aws-network-acl-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source.text(), &TYPES)
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        import(sources, Stage::After).0
    }

    fn import_before(&self, sources: &[Arc<Source>]) -> Option<Imported> {
        let (imported, is_plan) = import(sources, Stage::Before);
        is_plan.then_some(imported)
    }
}

/// What the files mean, and whether one of them is a plan.
fn import(sources: &[Arc<Source>], stage: Stage) -> (Imported, bool) {
    let asked = Asked { types: &TYPES, blocks: &LISTED, beside: is_beside };
    let mut reader = Reader::default();
    let mut is_plan = false;
    for source in sources {
        let mut read = terraform::read(source, stage, asked);
        is_plan |= read.is_plan;
        reader.findings.append(&mut read.findings);
        let all = || read.resources.iter().map(|resource| &resource.block).chain(&read.replaced);
        let own: BTreeSet<Rule> = all().filter_map(of_its_own).collect();
        let blocks = read.resources.iter().cloned().map(|resource| listed_once(resource, &own, &mut reader));
        let module = Module { blocks: blocks.collect(), ..Module::default() };
        reader.module(&module);
    }
    (reader.finish(), is_plan)
}

/// What tells one rule from another: its ACL, its direction and its number.
type Rule = (String, Direction, String);

fn of_its_own(block: &Block) -> Option<Rule> {
    if !block.is_resource(RULE) {
        return None;
    }
    let acl = block.get("network_acl_id")?;
    let acl = acl.as_text().or_else(|| acl.unknown().map(address))?;
    let egress = block.get("egress").and_then(Value::as_bool).unwrap_or(false);
    let direction = if egress { Direction::Egress } else { Direction::Ingress };
    Some((acl, direction, block.get("rule_number").and_then(Value::as_text)?))
}

/// An ACL without those of its listed rules that are, or were, resources of their own.
fn listed_once(resource: Resource, own: &BTreeSet<Rule>, reader: &mut Reader) -> Block {
    let Resource { mut block, seen } = resource;
    if !ACLS.iter().any(|acl| block.is_resource(acl)) {
        return block;
    }
    let (acl, at) = (name(&block), block.address());
    let separate = own.iter().any(|(of, ..)| *of == acl);
    for direction in [Direction::Egress, Direction::Ingress] {
        let word = direction.as_str();
        let Some(listed) = block.attributes.get_mut(word) else { continue };
        if let Kind::List(rules) = &mut listed.kind {
            rules.retain(|rule| {
                let Kind::Map(fields) = &rule.kind else { return true };
                let number = fields.get("rule_no").and_then(Value::as_text);
                !number.is_some_and(|number| own.contains(&(acl.clone(), direction, number)))
            });
        } else if listed.unknown().is_some() && !listed.is_concealed() && separate && seen.contains(word) {
            block.attributes.remove(word);
            let message =
                format!("`{at}` has no `{word}` before the apply and is read as having none of its own");
            let help = "a `dynamic` block over something that only the apply tells would look the same";
            reader.findings.push(found(Code::ReadNotCompared, message, &block.place).help(help));
        }
    }
    block
}
