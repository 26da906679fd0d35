//! Rule groups as `aws network-firewall describe-rule-group` prints them.
//!
//! AWS Network Firewall API reference, `DescribeRuleGroup`, `RuleGroup`, `RulesSource`.

use super::group::{Domains, Group, Source, rules, statement};
use super::lift::lift;
use crate::diag::{Code, Finding, Place};
use crate::syntax::json;
use crate::syntax::suricata::Statement;
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clouds::terraform::found;
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads answers about one rule group, and lists of such answers.
#[derive(Debug)]
pub(super) struct AwsNetworkFirewallDescribe;

impl Importer for AwsNetworkFirewallDescribe {
    fn name(&self) -> &'static str {
        "aws-network-firewall-describe"
    }

    fn recognizes(&self, source: &crate::diag::Source) -> bool {
        let keys = json::keys(source.text());
        keys.contains(&"RuleGroup") || keys.contains(&"RulesSource")
    }

    fn import(&self, sources: &[Arc<crate::diag::Source>]) -> Imported {
        let (mut groups, mut findings) = (Vec::new(), Vec::new());
        for source in sources {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => {
                    let objects = match &root.kind {
                        Kind::Sequence(items) => items.as_slice(),
                        _ => std::slice::from_ref(&root),
                    };
                    for object in objects {
                        let mut file = File { source, findings: &mut findings };
                        groups.extend(file.group(object));
                    }
                }
                Err(finding) => findings.push(finding),
            }
        }
        let policy = lift(&groups, &mut findings);
        Imported { policy, findings }
    }
}

struct File<'a> {
    source: &'a Arc<crate::diag::Source>,
    findings: &'a mut Vec<Finding>,
}

impl File<'_> {
    fn place(&self, node: &Node) -> Place {
        Place { source: Arc::clone(self.source), span: node.span }
    }

    fn note(&mut self, code: Code, node: &Node, message: impl Into<String>) {
        let place = self.place(node);
        self.findings.push(found(code, message, &place));
    }

    fn group(&mut self, object: &Node) -> Option<Group> {
        let about = object.get("RuleGroupResponse");
        let name = about.and_then(|about| text(about, "RuleGroupName"));
        let name = name.unwrap_or("a rule group without a name").to_owned();
        let rule_group = object.get("RuleGroup").unwrap_or(object);
        let Some(source) = rule_group.get("RulesSource") else {
            self.note(
                Code::ReadRefused,
                object,
                format!("`{name}` has no `RulesSource`, so what it says is not known"),
            );
            return None;
        };
        if source.get("StatelessRulesAndCustomActions").is_some_and(says) {
            self.note(Code::ReadNotCompared, source, format!("`{name}` is stateless and is not read"));
            return None;
        }
        let said = self.source(source)?;
        let order = rule_group.get("StatefulRuleOptions").and_then(|options| text(options, "RuleOrder"));
        let mut variables = BTreeMap::new();
        let sets = rule_group.get("RuleVariables");
        for kind in ["IPSets", "PortSets"] {
            let entries = match sets.and_then(|sets| sets.get(kind)).map(|node| &node.kind) {
                Some(Kind::Mapping(entries)) => entries.as_slice(),
                _ => &[],
            };
            for (key, set) in entries {
                variables.insert(key.name.clone(), set.get("Definition").and_then(texts));
            }
        }
        let place = self.place(about.and_then(|about| about.get("RuleGroupName")).unwrap_or(source));
        let strict = order == Some("STRICT_ORDER");
        Some(Group { name, source: said, strict, variables, conditions: Vec::new(), place })
    }

    fn source(&mut self, source: &Node) -> Option<Source> {
        if let Some(rules_string) = source.get("RulesString").filter(|node| says(node)) {
            let Some(text) = rules_string.as_str() else {
                self.note(Code::ReadRefused, rules_string, "`RulesString` is no text");
                return None;
            };
            return Some(rules(text));
        }
        if let Some(list) = source.get("RulesSourceList").filter(|node| says(node)) {
            let of = |key: &str| list.get(key).and_then(texts);
            let (Some(targets), Some(kinds), Some(verdict)) =
                (of("Targets"), of("TargetTypes"), text(list, "GeneratedRulesType"))
            else {
                let message = "the list needs `Targets`, `TargetTypes` and `GeneratedRulesType`";
                self.note(Code::ReadRefused, list, message);
                return None;
            };
            let verdict = verdict.to_owned();
            return Some(Source::Domains(Domains { targets, unknown: Vec::new(), kinds, verdict }));
        }
        match source.get("StatefulRules").map(|node| &node.kind) {
            Some(Kind::Sequence(items)) if !items.is_empty() => {
                let rules = (1..).zip(items);
                Some(Source::Rules(
                    rules.map(|(number, rule)| (format!("rule {number}"), of_object(rule))).collect(),
                ))
            }
            Some(_) | None => {
                self.note(Code::ReadRefused, source, "the group has no rules that can be read");
                None
            }
        }
    }
}

/// A rule that is stated field by field.
fn of_object(rule: &Node) -> Result<Statement, String> {
    let header = rule.get("Header").ok_or("the rule has no `Header`")?;
    let field = |node: &Node, key: &str| {
        text(node, key).map(str::to_owned).ok_or_else(|| format!("the rule has no `{key}`"))
    };
    let fields = [
        field(rule, "Action")?,
        field(header, "Protocol")?,
        field(header, "Source")?,
        field(header, "SourcePort")?,
        field(header, "Direction")?,
        field(header, "Destination")?,
        field(header, "DestinationPort")?,
    ];
    let mut options = Vec::new();
    if let Some(Kind::Sequence(items)) = rule.get("RuleOptions").map(|node| &node.kind) {
        for option in items {
            let settings = option.get("Settings").filter(|node| says(node));
            let values = settings.map_or_else(|| Some(Vec::new()), texts);
            options.push((field(option, "Keyword")?, values.ok_or("`Settings` is no list of texts")?));
        }
    }
    statement(fields, options)
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}

fn texts(node: &Node) -> Option<Vec<String>> {
    let Kind::Sequence(items) = &node.kind else { return None };
    items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn says(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => false,
        Kind::Sequence(items) => !items.is_empty(),
        Kind::Mapping(entries) => !entries.is_empty(),
        Kind::String(text) => !text.is_empty(),
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => true,
    }
}
