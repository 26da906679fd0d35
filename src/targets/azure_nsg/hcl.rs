//! Network security groups in Terraform HCL: rules of their own, and rules inside of the groups.

use super::lift::{BOTH, SecurityRule, lift};
use super::rule::rule;
use super::{GROUP, RULE};
use crate::diag::{Code, Finding, Source};
use crate::policy::{Direction, Scope};
use crate::syntax::hcl::{Block, Kind, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::service_tags::{ServiceTags, is_list};
use crate::targets::clouds::terraform::{found, items, not_read};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads `azurerm_network_security_group` and `azurerm_network_security_rule`.
#[derive(Debug)]
pub(super) struct AzureNsgHcl;

impl Importer for AzureNsgHcl {
    fn name(&self) -> &'static str {
        "azure-nsg-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        [GROUP, RULE].iter().any(|label| declares(source.text(), "resource", label))
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
        reader.finish()
    }
}

/// A group by its name and its resource group, as far as the file tells them.
pub(super) type Group = (String, String);

/// Collects what the resources of modules state.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) rules: Vec<(Group, SecurityRule)>,
    pub(super) stated: BTreeSet<(Group, Direction)>,
    pub(super) findings: Vec<Finding>,
    /// Reports whether these are groups that exist, so that all of their rules are there.
    pub(super) exist: bool,
    /// What service tags stand for, as far as files tell.
    pub(super) tags: ServiceTags,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        let groups: BTreeMap<String, Group> = module
            .blocks
            .iter()
            .filter(|block| block.is_resource(GROUP))
            .map(|block| (block.address(), named(block)))
            .collect();
        let mut ruled: BTreeSet<Group> = BTreeSet::new();
        for block in &module.blocks {
            if block.is_resource(RULE) {
                let group = of(block, &groups);
                ruled.insert(group.clone());
                self.rule(block, &group, &[]);
            } else if !block.is_resource(GROUP) {
                self.findings.extend(not_read(block));
            }
        }
        for block in module.blocks.iter().filter(|block| block.is_resource(GROUP)) {
            self.group(block, &ruled);
        }
    }

    /// The rules inside of a group. One without any rule has those that every group has.
    pub(super) fn group(&mut self, block: &Block, ruled: &BTreeSet<Group>) {
        let group = named(block);
        let mut inner: Vec<Block> =
            block.blocks.iter().filter(|inner| inner.kind == "security_rule").cloned().collect();
        let listed = block.get("security_rule");
        for item in listed.into_iter().flat_map(items) {
            match (&item.kind, item.unknown()) {
                (Kind::Map(fields), _) => inner.push(within(block, item, fields.clone(), Vec::new())),
                (_, Some(text)) => inner.extend(anything(block, item, text)),
                (_, None) => {
                    let message = format!("{} stands where a rule is needed", item.kind.describe());
                    self.findings.push(found(Code::ReadRefused, message, &item.place));
                }
            }
        }
        if self.exist || (inner.is_empty() && !ruled.contains(&group)) {
            self.stated.extend(BOTH.map(|direction| (group.clone(), direction)));
        }
        for inner in &inner {
            self.rule(inner, &group, &block.uncertain);
        }
    }

    fn rule(&mut self, block: &Block, group: &Group, conditions: &[String]) {
        let mut block = block.clone();
        block.uncertain.extend(conditions.iter().cloned());
        let read = rule(&block, String::new(), &mut self.tags, &mut self.findings);
        self.rules.extend(read.map(|rule| (group.clone(), rule)));
    }

    /// What was read, with the resource group before the names of groups that several resource groups have.
    pub(super) fn finish(self) -> Imported {
        let Self { rules, stated, mut findings, tags, .. } = self;
        findings.extend(tags.notes());
        let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let all = rules.iter().map(|(group, _)| group).chain(stated.iter().map(|(group, _)| group));
        for (name, home) in all {
            homes.entry(name.clone()).or_default().insert(home.to_ascii_lowercase());
        }
        let name = |(name, home): &Group| match homes.get(name) {
            Some(homes) if homes.len() > 1 && !home.is_empty() => format!("{home}/{name}"),
            Some(_) | None => name.clone(),
        };
        let stated = stated
            .iter()
            .map(|(group, direction)| Scope { name: name(group), direction: *direction })
            .collect();
        let rules: Vec<SecurityRule> =
            rules.into_iter().map(|(group, rule)| SecurityRule { group: name(&group), ..rule }).collect();
        let policy = lift(&rules, &stated, &mut findings);
        Imported { policy, findings }
    }
}

/// What a group is called: its name, where the file has it, else its address.
pub(super) fn named(block: &Block) -> Group {
    let name = block.get("name").and_then(Value::as_text).unwrap_or_else(|| block.address());
    (name, text(block.get("resource_group_name")))
}

/// The group that a rule is of.
fn of(block: &Block, groups: &BTreeMap<String, Group>) -> Group {
    let value = block.get("network_security_group_name");
    if let Some(name) = value.and_then(Value::as_text) {
        return (name, text(block.get("resource_group_name")));
    }
    let reference = value.and_then(Value::unknown).unwrap_or("unknown");
    let address = reference.strip_suffix(".name").unwrap_or(reference);
    groups.get(address).cloned().unwrap_or_else(|| (address.to_owned(), String::new()))
}

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(|value| value.as_text().or_else(|| value.unknown().map(str::to_owned)));
    text.unwrap_or_default()
}

/// A rule inside of a group as a block.
pub(super) fn within(
    group: &Block,
    item: &Value,
    attributes: BTreeMap<String, Value>,
    uncertain: Vec<String>,
) -> Block {
    // The whole of a rule may say more than is to be shown; its name is enough to find it.
    let place = attributes.get("name").map_or(&item.place, |name| &name.place).clone();
    Block {
        module: group.module.clone(),
        kind: "security_rule".to_owned(),
        labels: group.labels.clone(),
        instance: String::new(),
        uncertain,
        attributes,
        blocks: Vec::new(),
        place,
    }
}

/// What rules may be that are not known: any rule at all, tried before all others.
fn anything(group: &Block, item: &Value, text: &str) -> Vec<Block> {
    let literal = |text: &str| Value { place: item.place.clone(), kind: Kind::String(text.to_owned()) };
    let unknown = || Value { place: item.place.clone(), kind: Kind::Unresolvable(text.to_owned()) };
    let each = ["Inbound", "Outbound"].map(|direction| {
        let mut attributes: BTreeMap<String, Value> = [
            ("direction", direction),
            ("protocol", "*"),
            ("source_port_range", "*"),
            ("destination_port_range", "*"),
            ("source_address_prefix", "*"),
            ("destination_address_prefix", "*"),
        ]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), literal(text)))
        .collect();
        attributes.insert("access".to_owned(), unknown());
        attributes.insert("priority".to_owned(), unknown());
        within(group, item, attributes, Vec::new())
    });
    each.into()
}
