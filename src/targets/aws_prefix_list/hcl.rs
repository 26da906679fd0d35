//! Lists in Terraform HCL whose tags say what they are for.

use super::NO_LIST;
use super::lift::{List, lift};
use crate::diag::{Finding, Source};
use crate::syntax::hcl::{Block, Kind, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::managed_lists::{DIRECTION, LIST, ManagedLists, SERVICES, name, says_services};
use crate::targets::clouds::terraform::{Stated, stated};
use crate::targets::{FormFamily, Imported, Importer};
use std::sync::Arc;

/// Reads `aws_ec2_managed_prefix_list` with the tags that this target writes.
#[derive(Debug)]
pub(super) struct AwsPrefixListHcl;

impl Importer for AwsPrefixListHcl {
    fn name(&self) -> &'static str {
        "aws-prefix-list-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        (says_services(text) && declares(text, "resource", LIST))
            || text.lines().any(|line| line.strip_prefix("# ") == Some(NO_LIST))
    }

    fn completes(&self, source: &Source) -> bool {
        is_module_file(source.name())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let read = read(sources);
        let mut findings = read.findings;
        let mut lists = Vec::new();
        for module in &read.modules {
            lists.extend(of(module, &mut findings));
        }
        Imported { policy: lift(&lists, &mut findings), findings }
    }
}

/// The lists of a module.
pub(super) fn of(module: &Module, findings: &mut Vec<Finding>) -> Vec<List> {
    let known = ManagedLists::of(module, findings);
    let list = |block: &Block| {
        let tag = |key: &str| match block.get("tags").map(|tags| (&tags.kind, tags.unknown())) {
            Some((Kind::Map(tags), _)) => stated(tags.get(key), Value::as_text),
            Some((_, Some(text))) => Stated::Unknown(text.to_owned()),
            Some((_, None)) | None => Stated::Absent,
        };
        List {
            name: name(block),
            family: stated(block.get("address_family"), Value::as_text),
            direction: tag(DIRECTION),
            services: tag(SERVICES),
            entries: known.entries(&name(block)).map(<[_]>::to_vec),
            // What is uncertain makes the entries unknown as well.
            conditions: block.uncertain.clone(),
            place: block.place.clone(),
        }
    };
    module.blocks.iter().filter(|block| block.is_resource(LIST)).map(list).collect()
}
