//! Lists in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.

use super::hcl::of;
use super::lift::lift;
use crate::diag::Source;
use crate::syntax::hcl::{Block, Module};
use crate::syntax::terraform::{self, Asked, Resource, Stage, recognizes};
use crate::targets::clouds::managed_lists::{LIST, LISTS, drop_entries, says_services};
use crate::targets::{FormFamily, Imported, Importer};
use std::sync::Arc;

/// Reads states and plans that have lists with the tags that this target writes.
#[derive(Debug)]
pub(super) struct AwsPrefixListState;

impl Importer for AwsPrefixListState {
    fn name(&self) -> &'static str {
        "aws-prefix-list-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        says_services(source.text()) && recognizes(source.text(), &LISTS)
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
    let (mut lists, mut findings, mut is_plan) = (Vec::new(), Vec::new(), false);
    for source in sources {
        let read =
            terraform::read(source, stage, Asked { types: &LISTS, blocks: &["entry"], beside: |_| false });
        is_plan |= read.is_plan;
        findings.extend(read.findings);
        let block = |Resource { mut block, seen }: Resource| -> Block {
            // The provider lists there what entries of their own have added; those that go are still among them.
            if block.is_resource(LIST) && seen.contains("entry") {
                drop_entries(&mut block, &read.replaced);
            }
            block
        };
        let blocks = read.resources.into_iter().map(block).collect();
        lists.extend(of(&Module { blocks, ..Module::default() }, &mut findings));
    }
    (Imported { policy: lift(&lists, &mut findings), findings }, is_plan)
}
