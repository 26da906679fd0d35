//! Network ACLs in Terraform HCL: rules of their own, and rules inside of the ACLs.

use super::super::peer::{group, name};
use super::entry::{ALONE, Entry, INSIDE, entry};
use super::lift::{BOTH, lift};
use super::{ACLS, RULE, TYPES};
use crate::diag::{Code, Finding, Place, Source};
use crate::policy::{Direction, Scope};
use crate::syntax::hcl::{Block, Kind, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::terraform::{found, items, not_read};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads `aws_network_acl`, `aws_default_network_acl` and `aws_network_acl_rule`.
#[derive(Debug)]
pub(in super::super) struct AwsNetworkAclHcl;

impl Importer for AwsNetworkAclHcl {
    fn name(&self) -> &'static str {
        "aws-network-acl-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        TYPES.iter().any(|label| declares(source.text(), "resource", label))
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
        }
        reader.finish()
    }
}

/// Collects what the resources of modules state.
#[derive(Default)]
pub(super) struct Reader {
    entries: Vec<Entry>,
    stated: BTreeMap<Scope, Place>,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        for block in &module.blocks {
            if block.is_resource(RULE) {
                self.alone(block);
            } else if ACLS.iter().any(|acl| block.is_resource(acl)) {
                self.acl(block);
            } else {
                self.findings.extend(not_read(block));
            }
        }
    }

    pub(super) fn finish(mut self) -> Imported {
        let policy = lift(&self.entries, &self.stated, &mut self.findings);
        Imported { policy, findings: self.findings }
    }

    /// A resource for one rule.
    fn alone(&mut self, block: &Block) {
        let directions = match block.get("egress").map(|value| (value.as_bool(), value.unknown())) {
            None | Some((Some(false), _)) => vec![Direction::Ingress],
            Some((Some(true), _)) => vec![Direction::Egress],
            Some((None, Some(_))) => BOTH.to_vec(),
            Some((None, None)) => {
                let message = "`egress` is neither true nor false";
                self.findings.push(found(Code::ReadRefused, message, &block.place));
                return;
            }
        };
        let acl = group(block.get("network_acl_id"));
        self.entries.extend(entry(block, &acl, directions, ALONE, &mut self.findings));
    }

    /// An ACL with the rules inside of it: as blocks, or as arguments that are lists of objects. It states both
    /// directions, for what no rule is about is denied.
    fn acl(&mut self, block: &Block) {
        let acl = name(block);
        for direction in BOTH {
            let scope = Scope { name: acl.clone(), direction };
            self.stated.insert(scope, block.place.clone());
            let word = direction.as_str();
            let mut inner: Vec<Block> =
                block.blocks.iter().filter(|inner| inner.kind == word).cloned().collect();
            for item in block.get(word).into_iter().flat_map(items) {
                match (&item.kind, item.unknown()) {
                    (Kind::Map(fields), _) => inner.push(within(block, item, fields.clone())),
                    (_, Some(text)) => inner.extend(anything(block, item, text)),
                    (_, None) => {
                        let message = format!("{} stands where a rule is needed", item.kind.describe());
                        self.findings.push(found(Code::ReadRefused, message, &item.place));
                    }
                }
            }
            for mut inner in inner {
                inner.uncertain.extend(block.uncertain.iter().cloned());
                self.entries.extend(entry(&inner, &acl, vec![direction], INSIDE, &mut self.findings));
            }
        }
    }
}

/// A rule inside of an ACL as a block.
pub(super) fn within(acl: &Block, item: &Value, attributes: BTreeMap<String, Value>) -> Block {
    // The whole of a rule may say more than is to be shown; its number is enough to find it.
    let place = attributes.get(INSIDE.number).map_or(&item.place, |number| &number.place).clone();
    let rule = Block::new("rule", &[], place);
    Block { module: acl.module.clone(), labels: acl.labels.clone(), attributes, ..rule }
}

/// What rules may be that are not known: any rule at all of either family, tried before all others.
fn anything(acl: &Block, item: &Value, text: &str) -> Vec<Block> {
    let literal = |text: &str| Value { place: item.place.clone(), kind: Kind::String(text.to_owned()) };
    let unknown = || Value { place: item.place.clone(), kind: Kind::Unresolvable(text.to_owned()) };
    let each = [("cidr_block", "0.0.0.0/0"), ("ipv6_cidr_block", "::/0")].map(|(argument, all)| {
        let attributes = BTreeMap::from([
            (argument.to_owned(), literal(all)),
            ("protocol".to_owned(), literal("-1")),
            (INSIDE.number.to_owned(), unknown()),
            (INSIDE.action.to_owned(), unknown()),
        ]);
        within(acl, item, attributes)
    });
    each.into()
}
