//! Peers of rules in Terraform HCL: blocks, groups, and prefix lists that are declared in the same module.

use super::lift::Peer;
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Prefix};
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::targets::clouds::managed_lists::ManagedLists;
pub(super) use crate::targets::clouds::managed_lists::{address, name};
use crate::targets::clouds::terraform::{block, found, items};

/// The prefix lists that a module declares, by address. One with an entry that is not known is opaque.
pub(super) struct PrefixLists(ManagedLists);

/// Which family an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl PrefixLists {
    /// The lists of a module, with the entries that stand in resources of their own.
    pub(super) fn of(module: &Module, findings: &mut Vec<Finding>) -> Self {
        Self(ManagedLists::of(module, findings))
    }

    /// The peers that an argument of prefix lists names.
    pub(super) fn peers(&self, value: &Value) -> Vec<Peer> {
        let known = |name: String| match self.0.entries(&name) {
            Some(entries) => Peer::Addrs(AddrSet::of(entries.iter().map(|(prefix, _)| *prefix))),
            None => Peer::Group(name),
        };
        groups(value)
            .into_iter()
            .map(|peer| if let Peer::Group(name) = peer { known(name) } else { peer })
            .collect()
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
