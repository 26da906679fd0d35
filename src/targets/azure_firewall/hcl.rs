//! Rule collection groups of Azure Firewall in Terraform HCL, with the IP groups beside them.

use super::lift::{FirewallRule, Layer, Order, lift, refused};
use super::rule::{At, Groups, addresses, rule};
use super::{ADDRESSES, GROUP};
use crate::diag::{Code, Finding, Source};
use crate::packet::{AddrSet, Set};
use crate::policy::{Action, Unmodelled};
use crate::syntax::hcl::{Block, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::objects::children;
use crate::targets::clouds::service_tags::{ServiceTags, is_list};
use crate::targets::clouds::terraform::{Stated, found, items, not_read, stated, unknown};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads `azurerm_firewall_policy_rule_collection_group`.
#[derive(Debug)]
pub(super) struct AzureFirewallHcl;

impl Importer for AzureFirewallHcl {
    fn name(&self) -> &'static str {
        "azure-firewall-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        declares(source.text(), "resource", GROUP)
    }

    fn completes(&self, source: &Source) -> bool {
        is_module_file(source.name()) || is_list(source)
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let (tags, sources) = ServiceTags::split(sources, &mut findings);
        let mut read = read(&sources);
        findings.append(&mut read.findings);
        let mut reader = Reader { findings, tags, ..Reader::default() };
        for module in &read.modules {
            reader.module(module);
        }
        reader.finish(&BTreeSet::new())
    }
}

/// Collects what the resources of modules state.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) rules: Vec<FirewallRule>,
    pub(super) spoken: BTreeSet<String>,
    pub(super) groups: Groups,
    pub(super) findings: Vec<Finding>,
    /// What service tags stand for, as far as files tell.
    pub(super) tags: ServiceTags,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        for block in module.blocks.iter().filter(|block| block.is_resource(ADDRESSES)) {
            let id = block.get("id").and_then(Value::as_text);
            self.addresses(block, "cidrs", [Some(block.address()), id].into_iter().flatten());
        }
        for block in &module.blocks {
            if block.is_resource(GROUP) {
                self.group(block, policy(block));
            } else if !block.is_resource(ADDRESSES) {
                self.findings.extend(not_read(block));
            }
        }
    }

    /// An IP group, under the names that rules may have for it.
    pub(super) fn addresses(&mut self, block: &Block, argument: &str, names: impl Iterator<Item = String>) {
        let (mut known, mut doubts) = (AddrSet::default(), block.uncertain.clone());
        for item in block.get(argument).into_iter().flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) => match addresses(&text) {
                    Some(addrs) => known = known.union(&addrs),
                    None => self.findings.push(refused(format!("`{text}` is no address"), &item.place)),
                },
                (None, Some(text)) => doubts.push(text.to_owned()),
                (None, None) => {
                    let message = format!("{} stands where an address is needed", item.kind.describe());
                    self.findings.push(refused(message, &item.place));
                }
            }
        }
        self.groups.extend(names.map(|name| (name.to_ascii_lowercase(), (known.clone(), doubts.clone()))));
    }

    /// The collections of a group, as Terraform has them: a kind of block for each kind of rule.
    pub(super) fn group(&mut self, block: &Block, policy: String) {
        let kinds = [
            ("network_rule_collection", Layer::Network),
            ("application_rule_collection", Layer::Application),
        ];
        for (kind, layer) in kinds {
            if let Some(text) = block.get(kind).and_then(Value::unknown) {
                let message = format!("the `{kind}` of `{}` are not known: `{text}`", block.address());
                self.findings.push(refused(message, &block.place));
            }
            for collection in children(block, kind) {
                let action = stated(collection.get("action"), Value::as_text);
                for inner in children(collection, "rule") {
                    self.rule(&policy, block, collection, &action, inner, layer);
                }
            }
        }
        if children(block, "nat_rule_collection").next().is_some() {
            self.translations(block);
        }
        self.spoken.insert(policy);
    }

    /// Tells that translations of addresses are not read.
    pub(super) fn translations(&mut self, block: &Block) {
        let name = block.get("name").and_then(Value::as_text).unwrap_or_else(|| block.address());
        let message =
            format!("`{name}` also translates addresses of connections that come in, which is not read");
        self.findings.push(found(Code::ReadNotCompared, message, &block.place));
    }

    pub(super) fn rule(
        &mut self,
        policy: &str,
        group: &Block,
        collection: &Block,
        action: &Stated<String>,
        inner: &Block,
        layer: Layer,
    ) {
        let priority = |block: &Block| stated(block.get("priority"), |value| value.as_text()?.parse().ok());
        let order = Order { group: priority(group), collection: priority(collection) };
        if order.collection == Stated::Absent || order.group == Stated::Absent {
            self.findings.push(refused("a group and a collection need a priority", &collection.place));
            return;
        }
        let why = "it decides whether the rule allows or denies";
        let actions: Vec<(Action, Option<Unmodelled>)> = match action {
            Stated::Known(text) if text.eq_ignore_ascii_case("allow") => vec![(Action::Allow, None)],
            Stated::Known(text) if text.eq_ignore_ascii_case("deny") => vec![(Action::Deny, None)],
            Stated::Unknown(text) => vec![
                (Action::Allow, Some(unknown(&format!("{text} is Allow"), why))),
                (Action::Deny, Some(unknown(&format!("{text} is Deny"), why))),
            ],
            Stated::Known(_) | Stated::Absent => {
                let message = "a collection needs an action, either `Allow` or `Deny`";
                self.findings.push(refused(message, &collection.place));
                return;
            }
        };
        let why = "it decides whether the rule exists";
        let doubts: Vec<Unmodelled> =
            group.uncertain.iter().chain(&collection.uncertain).map(|text| unknown(text, why)).collect();
        let at = At { policy, order, layer, actions: &actions, doubts: &doubts };
        self.rules.extend(rule(inner, &at, &self.groups, &mut self.tags, &mut self.findings));
    }

    pub(super) fn finish(mut self, spoken: &BTreeSet<String>) -> Imported {
        let spoken = self.spoken.union(spoken).cloned().collect();
        self.findings.extend(self.tags.notes());
        let policy = lift(&self.rules, &spoken, &mut self.findings);
        Imported { policy, findings: self.findings }
    }
}

/// What the policy of a group is called: by its id, or by what gives it.
pub(super) fn policy(block: &Block) -> String {
    let value = block.get("firewall_policy_id");
    if let Some(text) = value.and_then(Value::as_text) {
        return text.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let reference = value.and_then(Value::unknown).unwrap_or("unknown");
    reference.strip_suffix(".id").unwrap_or(reference).to_owned()
}
