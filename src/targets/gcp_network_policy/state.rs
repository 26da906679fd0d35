//! Network firewall policies in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.

use super::hcl::{BOTH, Reader, named, of};
use super::lift::Spoken;
use super::rule::targets;
use super::{POLICIES, RULES, WITH_RULES};
use crate::diag::Source;
use crate::policy::Direction;
use crate::syntax::hcl::{Block, Module, Value};
use crate::syntax::terraform::{Asked, recognizes};
use crate::targets::clouds::gcp_network::{Stated, stages};
use crate::targets::clouds::objects::with_blocks;
use crate::targets::clouds::terraform::is_beside;
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
        let (before, after) = both(sources);
        meaning(after, &before.map(|before| spoken(&before.blocks)).unwrap_or_default())
    }

    fn import_before(&self, sources: &[Arc<Source>]) -> Option<Imported> {
        let (before, after) = both(sources);
        Some(meaning(before?, &spoken(&after.blocks)))
    }
}

/// The policies before, where one of the files is a plan, and after.
fn both(sources: &[Arc<Source>]) -> (Option<Stated>, Stated) {
    let types = [RULES, WITH_RULES, POLICIES].concat();
    let blocks = ["match", "rule", "target_secure_tags"];
    stages(sources, Asked { types: &types, blocks: &blocks, beside: is_beside }, with_blocks)
}

/// What the policies mean. The other stage of a plan tells more scopes: where a plan deletes the last rule of a policy,
/// the network's implied rules decide, and egress opens.
fn meaning(stated: Stated, more: &BTreeSet<Spoken>) -> Imported {
    let spoken = spoken(&stated.blocks).union(more).cloned().collect();
    let mut reader = Reader { findings: stated.findings, ..Reader::default() };
    let module = Module { blocks: stated.blocks, ..Module::default() };
    reader.module(&module);
    reader.without_rules(&module);
    reader.finish(&spoken)
}

/// What rules are about, also when they are disabled.
fn spoken(blocks: &[Block]) -> BTreeSet<Spoken> {
    let none = BTreeMap::new();
    let mut spoken = BTreeSet::new();
    for block in blocks {
        if WITH_RULES.iter().any(|kind| block.is_resource(kind)) {
            spoken.extend(BOTH.map(|direction| (named(block), direction, None)));
        }
        if !RULES.iter().any(|kind| block.is_resource(kind)) {
            continue;
        }
        let direction = block.get("direction").and_then(Value::as_text);
        let direction =
            if direction.as_deref() == Some("EGRESS") { Direction::Egress } else { Direction::Ingress };
        let (policy, targets) = (of(block, &none), targets(block));
        if targets.is_empty() {
            spoken.insert((policy, direction, None));
        } else {
            spoken.extend(targets.into_iter().map(|target| (policy.clone(), direction, Some(target))));
        }
    }
    spoken
}
