//! Rule groups in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.

use super::GROUP;
use super::hcl::Reader;
use crate::diag::Source;
use crate::syntax::hcl::Module;
use crate::syntax::terraform::{self, Asked, Stage, recognizes};
use crate::targets::clouds::terraform::is_beside;
use crate::targets::{FormFamily, Imported, Importer};
use std::sync::Arc;

/// Reads states and plans with rule groups in them.
#[derive(Debug)]
pub(super) struct AwsNetworkFirewallState;

impl Importer for AwsNetworkFirewallState {
    fn name(&self) -> &'static str {
        "aws-network-firewall-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source.text(), &[GROUP])
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
    let asked = Asked { types: &[GROUP], blocks: &["rule_group"], beside: is_beside };
    let mut reader = Reader::default();
    let mut is_plan = false;
    for source in sources {
        let mut read = terraform::read(source, stage, asked);
        is_plan |= read.is_plan;
        reader.findings.append(&mut read.findings);
        let blocks = read.resources.into_iter().map(|resource| resource.block).collect();
        reader.module(&Module { blocks, ..Module::default() });
    }
    (reader.finish(), is_plan)
}
