//! State files, version 4.

use super::conceal::conceal_paths;
use super::{File, Read, Resource, attributes, empty, is_asked_for, items};
use crate::diag::Code;
use crate::syntax::yaml::{Kind, Node};
use std::collections::BTreeSet;

/// Adds the resources of a state file.
///
/// A deposed object, which is left over from a replacement that went wrong, is still there and is read like any other.
pub(super) fn read(file: &File<'_>, root: &Node, read: &mut Read) {
    match root.get("version") {
        Some(Node { kind: Kind::Integer(4), .. }) => {}
        version => {
            let span = version.unwrap_or(root).span;
            let message = "only version 4 of Terraform's state is read, which Terraform writes since 0.12";
            read.findings.push(file.finding(Code::ReadRefused, message, span));
            return;
        }
    }
    if !matches!(root.get("resources").map(|list| &list.kind), Some(Kind::Sequence(_))) {
        let message = "the state has no list of `resources`, so what there is is not known";
        read.findings.push(file.finding(Code::ReadRefused, message, root.span));
        return;
    }
    for resource in items(root.get("resources")).iter().filter(|node| is_asked_for(file, node)) {
        let text = |key: &str| resource.get(key).and_then(Node::as_str).unwrap_or_default();
        let span = resource.get("name").unwrap_or(resource).span;
        for instance in items(resource.get("instances")) {
            let labels = (text("type"), text("name"));
            let mut block = empty(file, text("module"), labels, instance.get("index_key"), span);
            let values = instance.get("attributes");
            if !matches!(values.map(|values| &values.kind), Some(Kind::Mapping(_))) {
                let message = format!(
                    "`{}` has its values in the form of an older Terraform; `terraform apply -refresh-only` writes the new one",
                    block.address()
                );
                read.findings.push(file.finding(Code::ReadRefused, message, instance.span));
                continue;
            }
            block.attributes = attributes(file, values);
            conceal_paths(file, &mut block, instance.get("sensitive_attributes"));
            read.resources.push(Resource { block, seen: BTreeSet::new() });
        }
    }
}
