//! Network firewall policies in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.

use super::hcl::{BOTH, Reader, named, of};
use super::lift::Spoken;
use super::{POLICIES, RULES, WITH_RULES, is_association};
use crate::diag::{Finding, Source};
use crate::syntax::hcl::{Block, Module};
use crate::syntax::terraform::{self, Asked, Stage, recognizes};
use crate::targets::objects::with_blocks;
use crate::targets::terraform::is_beside;
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads states and plans with network firewall policies in them.
#[derive(Debug)]
pub(super) struct GcpNetworkPolicyState;

impl Importer for GcpNetworkPolicyState {
    fn name(&self) -> &'static str {
        "gcp-network-policy-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source.text(), &[RULES, WITH_RULES, POLICIES].concat())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (before, after) = stages(sources);
        meaning(after, &before.map(|before| spoken(&before.blocks)).unwrap_or_default())
    }

    fn import_before(&self, sources: &[Arc<Source>]) -> Option<Imported> {
        let (before, after) = stages(sources);
        Some(meaning(before?, &spoken(&after.blocks)))
    }
}

/// The resources of one stage.
#[derive(Default)]
struct Stated {
    blocks: Vec<Block>,
    findings: Vec<Finding>,
}

/// The policies before, where one of the files is a plan, and after.
fn stages(sources: &[Arc<Source>]) -> (Option<Stated>, Stated) {
    let types = [RULES, WITH_RULES, POLICIES].concat();
    let asked = Asked { types: &types, blocks: &["match", "rule", "target_secure_tags"], beside: is_beside };
    let (mut before, mut after, mut is_plan) = (Stated::default(), Stated::default(), false);
    for source in sources {
        let read = terraform::read(source, Stage::After, asked);
        let now = if read.is_plan {
            is_plan = true;
            terraform::read(source, Stage::Before, asked)
        } else {
            read.clone()
        };
        for (read, into) in [(now, &mut before), (read, &mut after)] {
            into.blocks.extend(read.resources.into_iter().map(|resource| with_blocks(resource.block)));
            into.findings.extend(read.findings);
        }
    }
    (is_plan.then_some(before), after)
}

/// What the policies mean. The other stage of a plan tells more scopes: where a plan deletes the last rule of a policy,
/// the network's implied rules decide, and egress opens.
fn meaning(stated: Stated, more: &BTreeSet<Spoken>) -> Imported {
    let spoken = spoken(&stated.blocks).union(more).cloned().collect();
    let mut reader = Reader { findings: stated.findings, ..Reader::default() };
    reader.module(&Module { blocks: stated.blocks, ..Module::default() });
    reader.finish(&spoken)
}

/// The policies that resources are about.
fn spoken(blocks: &[Block]) -> BTreeSet<Spoken> {
    let none = BTreeMap::new();
    let policy = |block: &Block| {
        let kind = block.labels.first().map_or("", String::as_str);
        if RULES.contains(&kind) {
            Some(of(block, &none))
        } else {
            ([WITH_RULES, POLICIES].concat().contains(&kind) && !is_association(kind)).then(|| named(block))
        }
    };
    let policies: BTreeSet<String> = blocks.iter().filter_map(policy).collect();
    policies.into_iter().flat_map(|policy| BOTH.map(|direction| (policy.clone(), direction))).collect()
}
