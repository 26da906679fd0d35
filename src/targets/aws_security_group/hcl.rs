//! Security groups in Terraform HCL: rules of their own, and rules inside of the groups.

use super::entries::resolve;
use super::lift::{Peer, Permission, lift};
use super::peer::{Family, PrefixLists, blocks, group, groups, name, names_any};
use crate::diag::{Code, Finding, Place, Source};
use crate::policy::{Direction, Policy, Scope};
use crate::syntax::hcl::{Block, Kind, Module, Value, declares, is_module_file, read};
use crate::targets::clouds::managed_entries::{self as entries, Entries};
use crate::targets::clouds::managed_lists::{self, LIST};
use crate::targets::clouds::terraform::{Stated, found, items, not_read, stated};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads `aws_security_group`, `aws_security_group_rule` and `aws_vpc_security_group_*_rule`.
#[derive(Debug)]
pub(super) struct AwsSecurityGroupHcl;

impl Importer for AwsSecurityGroupHcl {
    fn name(&self) -> &'static str {
        "aws-security-group-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        [
            "aws_security_group",
            "aws_vpc_security_group_",
            "aws_default_security_group",
        ]
        .iter()
        .any(|label| declares(source.text(), "resource", label))
            // Lists that say what they are for are a form of their own.
            || (declares(source.text(), "resource", LIST) && !managed_lists::says_services(source.text()))
            || source.text().lines().any(|line| line.strip_prefix("# ") == Some(super::NO_RULE))
    }

    fn completes(&self, source: &Source) -> bool {
        is_module_file(source.name()) || entries::recognizes(source.text())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (lists, files): (Vec<_>, Vec<_>) =
            sources.iter().cloned().partition(|source| entries::recognizes(source.text()));
        let read = read(&files);
        let mut reader = Reader { findings: read.findings, ..Reader::default() };
        for module in &read.modules {
            reader.module(module);
        }
        let Reader { mut permissions, stated, mut findings } = reader;
        let mut known = Entries::default();
        for source in &lists {
            known.read(source, &mut findings);
        }
        resolve(&known, &mut permissions);
        let policy: Policy = lift(permissions, stated, &mut findings);
        Imported { policy, findings }
    }
}

/// Collects what the resources of modules state.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) permissions: Vec<Permission>,
    pub(super) stated: Vec<Scope>,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        let lists = PrefixLists::of(module, &mut self.findings);
        for block in &module.blocks {
            let kind =
                if block.kind == "resource" { block.labels.first().map_or("", String::as_str) } else { "" };
            match kind {
                "aws_vpc_security_group_egress_rule" => self.single(block, Direction::Egress, &lists),
                "aws_vpc_security_group_ingress_rule" => self.single(block, Direction::Ingress, &lists),
                "aws_security_group_rule" => self.shared(block, &lists),
                "aws_security_group" | "aws_default_security_group" => {
                    self.inline(block, Direction::Egress, &lists);
                    self.inline(block, Direction::Ingress, &lists);
                }
                _ => self.findings.extend(not_read(block)),
            }
        }
    }

    /// A resource for one rule with one peer.
    fn single(&mut self, block: &Block, direction: Direction, lists: &PrefixLists) {
        let mut peers = Vec::new();
        for (argument, family) in [("cidr_ipv4", Family::V4), ("cidr_ipv6", Family::V6)] {
            peers.extend(
                block.get(argument).iter().flat_map(|value| blocks(value, family, &mut self.findings)),
            );
        }
        peers.extend(block.get("prefix_list_id").iter().flat_map(|value| lists.peers(value)));
        peers.extend(block.get("referenced_security_group_id").iter().flat_map(|value| groups(value)));
        let arguments = ["cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"];
        if arguments.iter().filter(|argument| block.get(argument).is_some()).count() != 1 {
            let message = format!("`{}` needs exactly one of `{}`", block.address(), arguments.join("`, `"));
            self.note(Code::ReadRefused, message, &block.place);
        }
        let name = group(block.get("security_group_id"));
        self.add(
            name,
            vec![direction],
            &Fields::of(block),
            "ip_protocol",
            peers,
            &block.uncertain,
            &block.place,
        );
    }

    /// An `aws_security_group_rule`: one service, several peers.
    fn shared(&mut self, block: &Block, lists: &PrefixLists) {
        let directions = match block.get("type").map(|value| (value.as_text(), value.unknown())) {
            Some((Some(text), _)) if text == "egress" => vec![Direction::Egress],
            Some((Some(text), _)) if text == "ingress" => vec![Direction::Ingress],
            Some((None, Some(_))) => vec![Direction::Egress, Direction::Ingress],
            Some(_) | None => {
                let message = format!("`{}` needs `type`, either `ingress` or `egress`", block.address());
                self.note(Code::ReadRefused, message, &block.place);
                return;
            }
        };
        let name = group(block.get("security_group_id"));
        let fields = Fields::of(block);
        let mut peers = self.several(&fields, &name, lists);
        peers.extend(block.get("source_security_group_id").iter().flat_map(|value| groups(value)));
        let arguments =
            ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "source_security_group_id", "self"];
        if !names_any(block, &arguments) {
            let message = format!("`{}` needs one of `{}`", block.address(), arguments.join("`, `"));
            self.note(Code::ReadRefused, message, &block.place);
        }
        self.add(name, directions, &fields, "protocol", peers, &block.uncertain, &block.place);
    }

    /// The rules inside of a group: as blocks, or as an argument that is a list of objects.
    fn inline(&mut self, block: &Block, direction: Direction, lists: &PrefixLists) {
        let name = name(block);
        let word = direction.as_str();
        for inner in block.blocks.iter().filter(|inner| inner.kind == word) {
            let conditions = [block.uncertain.as_slice(), inner.uncertain.as_slice()].concat();
            self.within(&name, direction, &Fields::of(inner), lists, &conditions, &inner.place);
        }
        let Some(value) = block.get(word) else { return };
        self.stated.push(Scope { name: name.clone(), direction });
        for item in items(value) {
            match (&item.kind, item.unknown()) {
                (Kind::Map(fields), _) => {
                    self.within(&name, direction, &Fields(fields), lists, &block.uncertain, &item.place);
                }
                (_, Some(text)) => self.permissions.push(Permission {
                    group: name.clone(),
                    directions: vec![direction],
                    protocol: Stated::Known("-1".to_owned()),
                    from: Stated::Absent,
                    to: Stated::Absent,
                    peers: vec![Peer::Unknown(text.to_owned())],
                    conditions: block.uncertain.clone(),
                    place: item.place.clone(),
                }),
                (_, None) => {
                    let message = format!("{} stands where a rule is needed", item.kind.describe());
                    self.note(Code::ReadRefused, message, &item.place);
                }
            }
        }
    }

    fn within(
        &mut self,
        name: &str,
        direction: Direction,
        fields: &Fields<'_>,
        lists: &PrefixLists,
        conditions: &[String],
        place: &Place,
    ) {
        let mut peers = self.several(fields, name, lists);
        peers.extend(fields.get("security_groups").iter().flat_map(|value| groups(value)));
        if peers.is_empty() {
            let message = "the rule names no peer, so it allows nothing";
            self.findings.push(found(Code::ReadNotCompared, message, place));
        }
        self.add(name.to_owned(), vec![direction], fields, "protocol", peers, conditions, place);
    }

    /// The peers of the arguments that rules inside and outside of groups share.
    fn several(&mut self, fields: &Fields<'_>, name: &str, lists: &PrefixLists) -> Vec<Peer> {
        let mut peers = Vec::new();
        for (argument, family) in [("cidr_blocks", Family::V4), ("ipv6_cidr_blocks", Family::V6)] {
            peers.extend(
                fields.get(argument).iter().flat_map(|value| blocks(value, family, &mut self.findings)),
            );
        }
        peers.extend(fields.get("prefix_list_ids").iter().flat_map(|value| lists.peers(value)));
        if let Some(value) = fields.get("self") {
            match value.as_bool() {
                Some(true) => peers.push(Peer::Group(name.to_owned())),
                Some(false) => {}
                None => peers.push(Peer::Unknown(value.unknown().unwrap_or("self").to_owned())),
            }
        }
        peers
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one rule, each from another place")]
    fn add(
        &mut self,
        group: String,
        directions: Vec<Direction>,
        fields: &Fields<'_>,
        protocol: &str,
        peers: Vec<Peer>,
        conditions: &[String],
        place: &Place,
    ) {
        let protocol = fields.get(protocol);
        let (from, to) = (self.number(fields.get("from_port")), self.number(fields.get("to_port")));
        self.permissions.push(Permission {
            group,
            directions,
            protocol: stated(protocol, Value::as_text),
            from,
            to,
            peers,
            conditions: conditions.to_vec(),
            place: place.clone(),
        });
    }

    fn number(&mut self, value: Option<&Value>) -> Stated<i64> {
        let stated = stated(value, |value| value.as_text()?.parse().ok());
        if let (Some(value), Stated::Absent) = (value, &stated) {
            self.note(Code::ReadRefused, "the port is no whole number".to_owned(), &value.place);
        }
        stated
    }

    fn note(&mut self, code: Code, message: String, place: &Place) {
        self.findings.push(found(code, message, place));
    }
}

/// The arguments of a rule, from a block or from an object.
struct Fields<'a>(&'a BTreeMap<String, Value>);

impl<'a> Fields<'a> {
    fn of(block: &'a Block) -> Self {
        Self(&block.attributes)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| value.kind != Kind::Null)
    }
}
