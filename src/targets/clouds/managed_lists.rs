//! Managed prefix lists in Terraform: their entries, inside of the lists and as resources of their own.

use crate::diag::{Code, Finding, Place};
use crate::packet::Prefix;
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::targets::clouds::terraform::{block, found};
use std::collections::{BTreeMap, BTreeSet};

/// The type of a list.
pub(in crate::targets) const LIST: &str = "aws_ec2_managed_prefix_list";

/// The types of lists and of entries.
pub(in crate::targets) const LISTS: [&str; 2] = [LIST, "aws_ec2_managed_prefix_list_entry"];

/// The tag that says which protocols and ports a list is for: a list itself has none.
pub(in crate::targets) const SERVICES: &str = "egressor:services";

/// The tag that says which way.
pub(in crate::targets) const DIRECTION: &str = "egressor:direction";

/// Reports whether a text is about lists that say what they are for.
pub(in crate::targets) fn says_services(text: &str) -> bool {
    text.contains(SERVICES)
}

/// The entries of a list with their places; nothing where one is not known.
type Entries = Option<Vec<(Prefix, Place)>>;

/// Lists by address, or by id where it is known.
pub(in crate::targets) struct ManagedLists(BTreeMap<String, Entries>);

impl ManagedLists {
    /// The lists of a module, with the entries that stand in resources of their own.
    pub(in crate::targets) fn of(module: &Module, findings: &mut Vec<Finding>) -> Self {
        let mut lists: BTreeMap<String, Entries> = BTreeMap::new();
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

    /// The entries of a list, where all of them are known.
    pub(in crate::targets) fn entries(&self, name: &str) -> Option<&[(Prefix, Place)]> {
        self.0.get(name)?.as_deref()
    }
}

fn add(entries: &mut Entries, cidr: Option<&Value>, findings: &mut Vec<Finding>) {
    let prefix = cidr.and_then(|value| {
        let text = value.as_text()?;
        let at = |prefix| (prefix, value.place.clone());
        block(&text)
            .map(at)
            .map_err(|message| findings.push(found(Code::ReadRefused, message, &value.place)))
            .ok()
    });
    match prefix {
        Some(prefix) => entries.iter_mut().for_each(|entries| entries.push(prefix.clone())),
        None => *entries = None,
    }
}

/// The resource behind a reference to its id: `aws_security_group.nodes` for `aws_security_group.nodes.id`.
pub(in crate::targets) fn address(reference: &str) -> String {
    reference.strip_suffix(".id").unwrap_or(reference).to_owned()
}

/// What a group or a list is called: its id, which a state knows, else its address.
pub(in crate::targets) fn name(block: &Block) -> String {
    block.get("id").and_then(Value::as_text).unwrap_or_else(|| block.address())
}

/// Takes those entries out of a list that were resources of their own and are replaced.
pub(in crate::targets) fn drop_entries(list: &mut Block, replaced: &[Block]) {
    let id = name(list);
    let gone: BTreeSet<String> = replaced
        .iter()
        .filter(|block| block.is_resource("aws_ec2_managed_prefix_list_entry"))
        .filter(|block| block.get("prefix_list_id").and_then(Value::as_text).as_ref() == Some(&id))
        .filter_map(|block| block.get("cidr")?.as_text())
        .collect();
    if let Some(Kind::List(entries)) = list.attributes.get_mut("entry").map(|value| &mut value.kind) {
        entries.retain(|entry| {
            let Kind::Map(fields) = &entry.kind else { return true };
            !fields.get("cidr").and_then(Value::as_text).is_some_and(|cidr| gone.contains(&cidr))
        });
    }
}
