//! Rule groups in Terraform HCL: `aws_networkfirewall_rule_group`.

use super::GROUP;
use super::group::{Domains, Fields, Group, Source, rules, statement};
use super::lift::lift;
use crate::diag::{Code, Finding};
use crate::syntax::hcl::{Block, Kind, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::terraform::{Stated, found, items, not_read, stated};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads `aws_networkfirewall_rule_group`.
#[derive(Debug)]
pub(super) struct AwsNetworkFirewallHcl;

impl Importer for AwsNetworkFirewallHcl {
    fn name(&self) -> &'static str {
        "aws-network-firewall-hcl"
    }

    fn recognizes(&self, source: &crate::diag::Source) -> bool {
        declares(source.text(), "resource", GROUP)
    }

    fn completes(&self, source: &crate::diag::Source) -> bool {
        is_module_file(source.name())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<crate::diag::Source>]) -> Imported {
        let read = read(sources);
        let mut reader = Reader { findings: read.findings, ..Reader::default() };
        for module in &read.modules {
            reader.module(module);
        }
        reader.finish()
    }
}

/// Collects the rule groups of modules.
#[derive(Default)]
pub(super) struct Reader {
    groups: Vec<Group>,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        for block in &module.blocks {
            if block.is_resource(GROUP) {
                self.group(block);
            } else {
                self.findings.extend(not_read(block));
            }
        }
    }

    pub(super) fn finish(mut self) -> Imported {
        let policy = lift(&self.groups, &mut self.findings);
        Imported { policy, findings: self.findings }
    }

    fn group(&mut self, block: &Block) {
        let text = |name: &str| block.get(name).and_then(Value::as_text);
        if text("type").as_deref() == Some("STATELESS") {
            let message = format!("`{}` is stateless and is not read", block.address());
            self.findings.push(found(Code::ReadNotCompared, message, &block.place));
            return;
        }
        let inner = children(block, "rule_group");
        let source = match (block.get("rules"), inner.as_slice()) {
            (Some(value), _) => self.text(value),
            (None, [inner]) => self.source(block, inner),
            (None, _) => {
                self.refuse(block, "needs `rules` or one `rule_group`");
                None
            }
        };
        let Some(source) = source else { return };
        let options: Vec<Block> =
            inner.iter().flat_map(|inner| children(inner, "stateful_rule_options")).collect();
        let order = options.first().map(|options| stated(options.get("rule_order"), Value::as_text));
        let mut source = source;
        let strict = match order {
            None | Some(Stated::Absent) => false,
            Some(Stated::Known(order)) => order == "STRICT_ORDER",
            Some(Stated::Unknown(text)) => {
                source = Source::Unknown(text);
                false
            }
        };
        let mut variables = BTreeMap::new();
        for sets in inner.iter().flat_map(|inner| children(inner, "rule_variables")) {
            for (kind, one) in [("ip_sets", "ip_set"), ("port_sets", "port_set")] {
                for set in children(&sets, kind) {
                    let key = set.get("key").and_then(Value::as_text).unwrap_or_default();
                    let definition = children(&set, one);
                    let items = definition.first().and_then(|one| texts(one.get("definition")));
                    variables.insert(key, items);
                }
            }
        }
        let name = text("name").unwrap_or_else(|| block.address());
        let conditions = block.uncertain.clone();
        self.groups.push(Group { name, source, strict, variables, conditions, place: block.place.clone() });
    }

    fn refuse(&mut self, block: &Block, message: &str) {
        let message = format!("`{}` {message}", block.address());
        self.findings.push(found(Code::ReadRefused, message, &block.place));
    }

    /// The rules of a text.
    fn text(&mut self, value: &Value) -> Option<Source> {
        match (value.as_text(), value.unknown()) {
            (Some(text), _) => Some(rules(&text)),
            (None, Some(text)) => Some(Source::Unknown(text.to_owned())),
            (None, None) => {
                let message = format!("{} stands where rules are needed", value.kind.describe());
                self.findings.push(found(Code::ReadRefused, message, &value.place));
                None
            }
        }
    }

    fn source(&mut self, block: &Block, inner: &Block) -> Option<Source> {
        let sources = children(inner, "rules_source");
        let [source] = sources.as_slice() else {
            self.refuse(block, "needs one `rules_source`");
            return None;
        };
        if let Some(value) = source.get("rules_string") {
            return self.text(value);
        }
        let lists = children(source, "rules_source_list");
        if let [list] = lists.as_slice() {
            return Some(self.domains(list));
        }
        let stateful = children(source, "stateful_rule");
        if stateful.is_empty() {
            self.refuse(block, "has no rules that can be read");
            return None;
        }
        if let Some(text) = stateful.iter().find_map(|rule| rule.uncertain.first()) {
            return Some(Source::Unknown(text.clone()));
        }
        let rules = (1..).zip(&stateful);
        Some(Source::Rules(rules.map(|(number, rule)| (format!("rule {number}"), of_block(rule))).collect()))
    }

    fn domains(&mut self, list: &Block) -> Source {
        let Some(verdict) = list.get("generated_rules_type").and_then(Value::as_text) else {
            let unknown = list.get("generated_rules_type").and_then(Value::unknown);
            return Source::Unknown(unknown.unwrap_or("generated_rules_type").to_owned());
        };
        let mut domains = Domains { verdict, ..Domains::default() };
        let mut wrong: Vec<Finding> = Vec::new();
        let mut each = |name: &str, known: &mut Vec<String>, unknown: &mut Vec<String>| {
            for item in list.get(name).into_iter().flat_map(items) {
                match (item.as_text(), item.unknown()) {
                    (Some(text), _) => known.push(text),
                    (None, Some(text)) => unknown.push(text.to_owned()),
                    (None, None) => {
                        let message = format!("{} stands where a text is needed", item.kind.describe());
                        wrong.push(found(Code::ReadRefused, message, &item.place));
                    }
                }
            }
        };
        let mut doubtful = Vec::new();
        each("targets", &mut domains.targets, &mut domains.unknown);
        each("target_types", &mut domains.kinds, &mut doubtful);
        self.findings.extend(wrong);
        Source::Domains(domains)
    }
}

/// A rule that is stated field by field.
fn of_block(rule: &Block) -> Result<crate::syntax::suricata::Statement, String> {
    let headers = children(rule, "header");
    let [header] = headers.as_slice() else { return Err("the rule needs one `header`".to_owned()) };
    let text = |block: &Block, name: &str| {
        let value = block.get(name).and_then(Value::as_text);
        value.ok_or_else(|| format!("the rule's `{name}` is not known"))
    };
    let fields: Fields = [
        text(rule, "action")?,
        text(header, "protocol")?,
        text(header, "source")?,
        text(header, "source_port")?,
        text(header, "direction")?,
        text(header, "destination")?,
        text(header, "destination_port")?,
    ];
    let mut options = Vec::new();
    for option in children(rule, "rule_option") {
        let settings = option.get("settings");
        let values = texts(settings).ok_or_else(|| "a setting of the rule is not known".to_owned());
        let values = if settings.is_none() { Vec::new() } else { values? };
        options.push((text(&option, "keyword")?, values));
    }
    statement(fields, options)
}

/// The texts of a list, if all of them are known.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    items(value?).iter().map(Value::as_text).collect()
}

/// The blocks of a kind within a block: as they are written, or as the lists of objects that states have.
pub(super) fn children(block: &Block, kind: &str) -> Vec<Block> {
    let mut children: Vec<Block> = block.blocks.iter().filter(|inner| inner.kind == kind).cloned().collect();
    for item in block.get(kind).into_iter().flat_map(items) {
        let (attributes, uncertain) = match &item.kind {
            Kind::Map(fields) => (fields.clone(), Vec::new()),
            _ => (BTreeMap::new(), item.unknown().map(str::to_owned).into_iter().collect()),
        };
        children.push(Block {
            module: block.module.clone(),
            kind: kind.to_owned(),
            labels: Vec::new(),
            instance: String::new(),
            uncertain,
            attributes,
            blocks: Vec::new(),
            place: item.place.clone(),
        });
    }
    children
}
