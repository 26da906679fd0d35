//! Microsoft 365: the changes that its web service tells, put onto an earlier state.
//!
//! <https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service#changes-web-method>: each change adds,
//! changes or removes one set. Made again, none changes anything more, so a list may begin before the state does.

use super::body::{Body, Object, has};
use super::content::Reading;
use super::microsoft365::{EndpointSet, content, listed, ports, sets};
use crate::diag::{Code, Finding, Severity, Source};
use crate::syntax::yaml::{Kind, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const MEMBERS: [&str; 7] = ["id", "endpointSetId", "disposition", "version", "current", "add", "remove"];
/// Words about a change, and what stood there before.
const IDLE: [&str; 3] = ["impact", "previous", "changeDescription"];
const ATTRIBUTES: [&str; 6] = ["serviceArea", "category", "required", "tcpPorts", "udpPorts", "notes"];

/// Reports whether a body is a list of changes.
pub(super) fn is_it(source: &Arc<Source>) -> bool {
    source.text().trim_start().starts_with('[') && has(source, &["endpointSetId", "disposition", "version"])
}

/// The state after the changes.
pub(super) fn after(old: &Arc<Source>, changes: &Arc<Source>) -> Reading {
    let (mut body, tree) = Body::json(old);
    let mut sets = tree.map(|tree| sets(&mut body, &tree)).unwrap_or_default();
    let mut findings = body.findings();
    let (mut body, tree) = Body::json(changes);
    let mut days: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut versions = BTreeSet::new();
    let list = tree.as_ref().map(|tree| body.list(tree)).unwrap_or_default();
    for node in in_order(list) {
        versions.extend(change(&mut body, node, &mut sets, &mut days));
    }
    findings.extend(body.findings());
    for (day, sets) in days {
        let sets: Vec<String> = sets.into_iter().collect();
        let message = format!("what is added to {} takes effect on {day}", sets.join(", "));
        let finding = Finding::new(Code::FeedUnsaid, message);
        findings.push(Finding { severity: Severity::Note, ..finding });
    }
    let mut content = content(&sets);
    content.token = versions.pop_last();
    (content, findings)
}

/// The changes in the order in which they were made: their ids grow.
fn in_order(list: &[Node]) -> Vec<&Node> {
    let id = |node: &&Node| match node.get("id").map(|id| &id.kind) {
        Some(Kind::Integer(number)) => *number,
        _ => i128::MAX,
    };
    let mut list: Vec<&Node> = list.iter().collect();
    list.sort_by_key(id);
    list
}

/// Makes one change, and tells its version.
fn change(
    body: &mut Body<'_>,
    node: &Node,
    sets: &mut BTreeMap<String, EndpointSet>,
    days: &mut BTreeMap<String, BTreeSet<String>>,
) -> Option<String> {
    let object = body.object(node, "a change", &MEMBERS, &IDLE)?;
    object.need("id", body).and_then(|node| body.mark(node))?;
    let id = object.need("endpointSetId", body).and_then(|node| body.mark(node))?;
    let version = object.need("version", body).and_then(|node| body.mark(node))?;
    let disposition = object.need("disposition", body)?;
    let word = body.word(disposition)?.to_lowercase();
    match word.as_str() {
        "remove" => {
            sets.remove(&id);
            return Some(version);
        }
        "add" => drop(sets.entry(id.clone()).or_default()),
        "change" => {}
        other => {
            let message = format!("`{other}` is no way to change a set");
            body.error(Code::FeedSyntax, disposition.span, message);
            return None;
        }
    }
    // A set that is not there was removed since, or never was in this state.
    let Some(set) = sets.get_mut(&id) else { return Some(version) };
    if let Some(current) = object.get("current") {
        let current =
            body.object(current, "`current`", &ATTRIBUTES, &["expressRoute", "serviceAreaDisplayName"])?;
        attributes(body, current, set);
    }
    if let Some(add) = object.get("add") {
        let add = body.object(add, "`add`", &["effectiveDate", "ips", "urls"], &[])?;
        let mut more = EndpointSet::default();
        listed(body, add, &mut more);
        set.blocks.extend(more.blocks);
        set.names.extend(more.names);
        set.unsaid.extend(more.unsaid);
        if let Some(day) = add.get("effectiveDate").and_then(|node| body.mark(node)) {
            days.entry(day).or_default().insert(format!("`{id}`"));
        }
    }
    if let Some(remove) = object.get("remove") {
        let remove = body.object(remove, "`remove`", &["ips", "urls"], &[])?;
        let mut less = EndpointSet::default();
        listed(body, remove, &mut less);
        set.blocks.retain(|block| !less.blocks.contains(block));
        set.names.retain(|name| !less.names.contains(name));
        set.unsaid.retain(|text| !less.unsaid.contains(text));
    }
    if set.service.is_empty() || set.category.is_empty() {
        body.error(Code::FeedSyntax, node.span, "a set that is added needs a service area and a category");
    }
    if set.blocks.is_empty() && set.names.is_empty() && set.unsaid.is_empty() {
        sets.remove(&id);
    }
    Some(version)
}

/// Takes over the attributes that are named.
fn attributes(body: &mut Body<'_>, current: Object<'_>, set: &mut EndpointSet) {
    if let Some(service) = current.get("serviceArea").and_then(|node| body.word(node)) {
        service.clone_into(&mut set.service);
    }
    if let Some(category) = current.get("category").and_then(|node| body.word(node)) {
        category.clone_into(&mut set.category);
    }
    if let Some(required) = current.get("required").and_then(|node| truth(body, node)) {
        set.required = required;
    }
    if let Some(node) = current.get("tcpPorts") {
        set.tcp = ports(body, node);
    }
    if let Some(node) = current.get("udpPorts") {
        set.udp = ports(body, node);
    }
    if let Some(notes) = current.get("notes").and_then(|node| body.word(node)) {
        set.notes = Some(notes.to_owned());
    }
}

/// `true` or `false`, as such or as a text.
fn truth(body: &mut Body<'_>, node: &Node) -> Option<bool> {
    match node.as_str().map(str::to_lowercase).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => body.boolean(node),
    }
}
