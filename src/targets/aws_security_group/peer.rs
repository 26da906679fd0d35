//! Peers of rules in Terraform HCL: blocks, groups, and prefix lists that are declared in the same module.

use super::lift::Peer;
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Prefix};
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::targets::terraform::{block, found, items};
use std::collections::BTreeMap;

/// The prefix lists that a module declares, by address. `None` where an entry is not known, so that the list is
/// opaque.
pub(super) struct PrefixLists(BTreeMap<String, Option<Vec<Prefix>>>);

/// Which family an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl PrefixLists {
    /// The lists of a module, with the entries that stand in resources of their own.
    pub(super) fn of(module: &Module, findings: &mut Vec<Finding>) -> Self {
        let mut lists: BTreeMap<String, Option<Vec<Prefix>>> = BTreeMap::new();
        for block in module.blocks.iter().filter(|block| block.is_resource("aws_ec2_managed_prefix_list")) {
            let mut entries = Some(Vec::new());
            for entry in &block.blocks {
                if entry.kind == "entry" {
                    let sure = entry.uncertain.is_empty();
                    add(&mut entries, entry.get("cidr").filter(|_| sure), findings);
                }
            }
            // Written as an argument, the entries are a list of objects.
            match block.get("entry").map(|value| &value.kind) {
                None => {}
                Some(Kind::List(items)) => items.iter().for_each(|item| match &item.kind {
                    Kind::Map(fields) => add(&mut entries, fields.get("cidr"), findings),
                    _ => entries = None,
                }),
                Some(_) => entries = None,
            }
            lists.insert(name(block), entries.filter(|_| block.uncertain.is_empty()));
        }
        for block in
            module.blocks.iter().filter(|block| block.is_resource("aws_ec2_managed_prefix_list_entry"))
        {
            let list = block.get("prefix_list_id");
            if let Some(Kind::Unresolvable(_)) = list.map(|value| &value.kind) {
                // The entry may belong to any of the lists, so none of them is known.
                for entries in lists.values_mut() {
                    *entries = None;
                }
            }
            let list = list.and_then(|list| list.as_text().or_else(|| list.unknown().map(address)));
            if let Some(entries) = list.and_then(|list| lists.get_mut(&list)) {
                add(entries, block.get("cidr").filter(|_| block.uncertain.is_empty()), findings);
            }
        }
        Self(lists)
    }

    /// The peers that an argument of prefix lists names.
    pub(super) fn peers(&self, value: &Value) -> Vec<Peer> {
        let known = |name: String| match self.0.get(&name) {
            Some(Some(entries)) => Peer::Addrs(AddrSet::of(entries.iter().copied())),
            Some(None) | None => Peer::Group(name),
        };
        groups(value)
            .into_iter()
            .map(|peer| if let Peer::Group(name) = peer { known(name) } else { peer })
            .collect()
    }
}

fn add(entries: &mut Option<Vec<Prefix>>, cidr: Option<&Value>, findings: &mut Vec<Finding>) {
    let prefix = cidr.and_then(|value| {
        let text = value.as_text()?;
        block(&text).map_err(|message| findings.push(found(Code::ReadRefused, message, &value.place))).ok()
    });
    match prefix {
        Some(prefix) => entries.iter_mut().for_each(|entries| entries.push(prefix)),
        None => *entries = None,
    }
}

/// The peers that an argument of blocks names: one text, or a list of them.
pub(super) fn blocks(value: &Value, family: Family, findings: &mut Vec<Finding>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for item in items(value) {
        match (item.as_text(), item.unknown()) {
            (Some(text), _) => match block_of(&text, family) {
                Ok(prefix) => peers.push(Peer::Block(prefix)),
                Err(message) => findings.push(found(Code::ReadRefused, message, &item.place)),
            },
            (None, Some(text)) => peers.push(Peer::Unknown(text.to_owned())),
            (None, None) => {
                let message = format!("{} stands where a CIDR block is needed", item.kind.describe());
                findings.push(found(Code::ReadRefused, message, &item.place));
            }
        }
    }
    peers
}

/// The peers that an argument of groups names. A reference is a name for the group; an expression may be any peer.
pub(super) fn groups(value: &Value) -> Vec<Peer> {
    let peer = |item: &Value| match &item.kind {
        Kind::Reference(text) => Peer::Group(address(text)),
        Kind::Unresolvable(text) => Peer::Unknown(text.clone()),
        _ => match item.as_text() {
            Some(text) => Peer::Group(text),
            None => Peer::Unknown(item.kind.describe().to_owned()),
        },
    };
    items(value).iter().map(peer).collect()
}

/// The resource behind a reference to its id: `aws_security_group.nodes` for `aws_security_group.nodes.id`.
pub(super) fn address(reference: &str) -> String {
    reference.strip_suffix(".id").unwrap_or(reference).to_owned()
}

/// What a group or a list is called: its id, which a state knows, else its address.
pub(super) fn name(block: &Block) -> String {
    block.get("id").and_then(Value::as_text).unwrap_or_else(|| block.address())
}

/// What an argument that names the group of a rule stands for.
pub(super) fn group(value: Option<&Value>) -> String {
    let text = value.and_then(|value| match &value.kind {
        Kind::Reference(text) => Some(address(text)),
        Kind::Unresolvable(text) => Some(text.clone()),
        _ => value.as_text(),
    });
    text.unwrap_or_else(|| "unknown".to_owned())
}

/// A block of the family that its argument takes.
pub(super) fn block_of(text: &str, family: Family) -> Result<Prefix, String> {
    let prefix = block(text)?;
    let of = if prefix.is_ipv4() { Family::V4 } else { Family::V6 };
    if family == of {
        Ok(prefix)
    } else {
        Err(format!("`{text}` is of the other family than its argument takes"))
    }
}

/// Reports whether a block names any of these arguments.
pub(super) fn names_any(block: &Block, arguments: &[&str]) -> bool {
    arguments.iter().any(|argument| block.get(argument).is_some())
}
