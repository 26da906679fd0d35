//! Network security groups in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.
//!
//! A group's `security_rule` is also filled by the provider, with whatever rules it saw when it last looked: those that
//! are resources of their own stand there once more, and a plan still lists those that it is about to delete.

use super::hcl::{Group, Reader, named};
use super::{GROUP, RULE};
use crate::diag::{Code, Source};
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::syntax::terraform::{self, Asked, Resource, Stage, recognizes};
use crate::targets::clouds::service_tags::{ServiceTags, is_list};
use crate::targets::clouds::terraform::{found, is_beside};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads states and plans with network security groups in them.
#[derive(Debug)]
pub(super) struct AzureNsgState;

const LISTED: &str = "security_rule";

impl Importer for AzureNsgState {
    fn name(&self) -> &'static str {
        "azure-nsg-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source.text(), &[GROUP, RULE])
    }

    fn completes(&self, source: &Source) -> bool {
        is_list(source)
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
    let asked = Asked { types: &[GROUP, RULE], blocks: &[LISTED], beside: is_beside };
    let mut findings = Vec::new();
    let (tags, sources) = ServiceTags::split(sources, &mut findings);
    let mut reader = Reader { exist: true, findings, tags, ..Reader::default() };
    let mut is_plan = false;
    for source in &sources {
        let mut read = terraform::read(source, stage, asked);
        is_plan |= read.is_plan;
        reader.findings.append(&mut read.findings);
        let own: BTreeSet<(Group, String)> = read
            .resources
            .iter()
            .map(|resource| &resource.block)
            .chain(&read.replaced)
            .filter_map(key)
            .collect();
        let blocks = read.resources.into_iter().map(|resource| listed_once(resource, &own, &mut reader));
        let module = Module { blocks: blocks.collect(), ..Module::default() };
        reader.module(&module);
    }
    (reader.finish(), is_plan)
}

/// The group and the name of a rule that is a resource of its own.
fn key(block: &Block) -> Option<(Group, String)> {
    if !block.is_resource(RULE) {
        return None;
    }
    let text = |name: &str| block.get(name).and_then(Value::as_text);
    let group = (text("network_security_group_name")?, text("resource_group_name").unwrap_or_default());
    Some((group, text("name")?))
}

/// A group without those of its listed rules that are, or were, resources of their own.
fn listed_once(resource: Resource, own: &BTreeSet<(Group, String)>, reader: &mut Reader) -> Block {
    let Resource { mut block, seen } = resource;
    if !block.is_resource(GROUP) {
        return block;
    }
    let group = named(&block);
    let separate = own.iter().any(|(of, _)| *of == group);
    let Some(listed) = block.attributes.get_mut(LISTED) else { return block };
    if let Kind::List(rules) = &mut listed.kind {
        rules.retain(|rule| {
            let Kind::Map(fields) = &rule.kind else { return true };
            let name = fields.get("name").and_then(Value::as_text);
            !name.is_some_and(|name| own.contains(&(group.clone(), name)))
        });
    } else if listed.unknown().is_some() && !listed.is_concealed() && separate && seen.contains(LISTED) {
        block.attributes.remove(LISTED);
        let message = format!(
            "`{}` has no `{LISTED}` before the apply and is read as having none of its own",
            block.address()
        );
        let help = "a `dynamic` block over something that only the apply tells would look the same";
        reader.findings.push(found(Code::ReadNotCompared, message, &block.place).help(help));
    }
    block
}
