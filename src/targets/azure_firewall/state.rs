//! Rule collection groups in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.

use super::hcl::{Reader, policy};
use super::{ADDRESSES, GROUP};
use crate::diag::Source;
use crate::syntax::hcl::{Block, Module};
use crate::syntax::terraform::{self, Asked, Stage, recognizes};
use crate::targets::clouds::objects::with_blocks;
use crate::targets::clouds::service_tags::{ServiceTags, is_list};
use crate::targets::clouds::terraform::is_beside;
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads states and plans with rule collection groups in them.
#[derive(Debug)]
pub(super) struct AzureFirewallState;

impl Importer for AzureFirewallState {
    fn name(&self) -> &'static str {
        "azure-firewall-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source.text(), &[GROUP])
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

/// What the files mean, and whether one of them is a plan. A policy that either stage of a plan speaks of is spoken of in
/// both: where its last group is deleted, nothing is allowed.
fn import(sources: &[Arc<Source>], stage: Stage) -> (Imported, bool) {
    let blocks = ["network_rule_collection", "application_rule_collection", "nat_rule_collection"];
    let asked = Asked { types: &[GROUP, ADDRESSES], blocks: &blocks, beside: is_beside };
    let mut findings = Vec::new();
    let (tags, sources) = ServiceTags::split(sources, &mut findings);
    let mut reader = Reader { findings, tags, ..Reader::default() };
    let mut spoken = BTreeSet::new();
    let mut is_plan = false;
    for source in &sources {
        let after = terraform::read(source, Stage::After, asked);
        let mut read = after.clone();
        if after.is_plan {
            is_plan = true;
            let before = terraform::read(source, Stage::Before, asked);
            for resource in after.resources.iter().chain(&before.resources) {
                spoken.extend(resource.block.is_resource(GROUP).then(|| policy(&resource.block)));
            }
            if stage == Stage::Before {
                read = before;
            }
        }
        reader.findings.append(&mut read.findings);
        let blocks: Vec<Block> =
            read.resources.into_iter().map(|resource| with_blocks(resource.block)).collect();
        reader.module(&Module { blocks, ..Module::default() });
    }
    (reader.finish(&spoken), is_plan)
}
