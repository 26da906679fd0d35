//! Network firewall policies in Terraform HCL: rules of their own, and rules inside of policies.

use super::lift::{PolicyRule, Spoken, lift};
use super::rule::rule;
use super::{POLICIES, RULES, WITH_RULES, is_association};
use crate::diag::{Code, Finding, Source};
use crate::policy::Direction;
use crate::syntax::hcl::{Block, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::objects::children;
use crate::targets::clouds::terraform::{found, not_read};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads `google_compute_network_firewall_policy_rule` and `…_with_rules`, global and regional.
#[derive(Debug)]
pub(super) struct GcpNetworkPolicyHcl;

impl Importer for GcpNetworkPolicyHcl {
    fn name(&self) -> &'static str {
        "gcp-network-policy-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let kinds = [RULES, WITH_RULES, POLICIES];
        kinds.iter().flatten().any(|kind| declares(source.text(), "resource", kind))
    }

    fn completes(&self, source: &Source) -> bool {
        is_module_file(source.name())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let read = read(sources);
        let mut reader = Reader { findings: read.findings, ..Reader::default() };
        for module in &read.modules {
            reader.module(module);
            reader.without_rules(module);
        }
        reader.finish(&BTreeSet::new())
    }
}

pub(super) const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

/// Collects what the resources of modules state.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) rules: Vec<PolicyRule>,
    pub(super) spoken: BTreeSet<Spoken>,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        let is = |block: &Block, kinds: [&str; 2]| kinds.iter().any(|kind| block.is_resource(kind));
        let policies: BTreeMap<String, String> = module
            .blocks
            .iter()
            .filter(|block| is(block, POLICIES))
            .map(|block| (block.address(), named(block)))
            .collect();
        for block in &module.blocks {
            let kind = block.labels.first().map_or("", String::as_str);
            if is(block, RULES) {
                self.rule(block, of(block, &policies));
            } else if is(block, WITH_RULES) {
                self.policy(block, &named(block));
            } else if !(block.kind == "resource" && (is(block, POLICIES) || is_association(kind))) {
                self.findings.extend(not_read(block));
            }
        }
    }

    /// Tells of policies that a module declares and has no rule of.
    pub(super) fn without_rules(&mut self, module: &Module) {
        for block in &module.blocks {
            let name = named(block);
            let is_policy = POLICIES.iter().any(|kind| block.is_resource(kind));
            if is_policy && self.rules.iter().all(|rule| rule.policy != name) {
                let message =
                    format!("no rule of `{}` is in these files, so it is not read", block.address());
                self.findings.push(found(Code::ReadNotCompared, message, &block.place));
            }
        }
    }

    /// A policy with all of its rules, so that both directions are told.
    pub(super) fn policy(&mut self, block: &Block, name: &str) {
        self.spoken.extend(BOTH.map(|direction| (name.to_owned(), direction, None)));
        for kind in ["rule", "rules"] {
            for inner in children(block, kind) {
                let mut inner = inner.clone();
                inner.uncertain.extend(block.uncertain.iter().cloned());
                self.rule(&inner, name.to_owned());
            }
        }
    }

    pub(super) fn rule(&mut self, block: &Block, policy: String) {
        let read = rule(block, policy, &mut self.findings);
        self.rules.extend(read);
    }

    pub(super) fn finish(mut self, spoken: &BTreeSet<Spoken>) -> Imported {
        let spoken = self.spoken.union(spoken).cloned().collect();
        let policy = lift(&self.rules, &spoken, &mut self.findings);
        Imported { policy, findings: self.findings }
    }
}

/// What a policy is called: its region, where it has one, and its name, or its address where the file has none.
pub(super) fn named(block: &Block) -> String {
    let name = block.get("name").and_then(Value::as_text).unwrap_or_else(|| block.address());
    regional(block, name)
}

/// The policy that a rule is of.
pub(super) fn of(block: &Block, policies: &BTreeMap<String, String>) -> String {
    let value = block.get("firewall_policy");
    if let Some(text) = value.and_then(Value::as_text) {
        return regional(block, text.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let reference = value.and_then(Value::unknown).unwrap_or("unknown");
    let address = [".name", ".id", ".self_link", ".network_firewall_policy_id"];
    let address = address.iter().find_map(|end| reference.strip_suffix(end)).unwrap_or(reference);
    policies.get(address).cloned().unwrap_or_else(|| regional(block, address.to_owned()))
}

fn regional(block: &Block, name: String) -> String {
    let region = block.get("region").and_then(|it| it.as_text().or_else(|| it.unknown().map(str::to_owned)));
    match region.filter(|region| !region.is_empty()) {
        Some(region) => format!("{}/{name}", region.rsplit('/').next().unwrap_or_default()),
        None => name,
    }
}
