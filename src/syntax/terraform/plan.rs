//! Plans: the state before, and the state after with what only the apply will tell.
//!
//! Terraform's "JSON Output Format": `planned_values` leaves out what is not known, which `after_unknown` of a change
//! marks. Resources that a plan with `-target` does not look at are in `prior_state` alone, and stay as they are.

use super::conceal::conceal;
use super::configuration::Configuration;
use super::{File, Read, Resource, Shown, Stage, attributes, entries, is_asked_for, items, shown};
use crate::diag::{Code, Finding, Severity, Span};
use crate::syntax::hcl::{Block, Kind, Value};
use crate::syntax::yaml::{self, Node};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn read(file: &File<'_>, root: &Node, stage: Stage) -> Read {
    let mut read = Read { is_plan: true, findings: complete(file, root), ..Read::default() };
    let prior = root.get("prior_state").and_then(|prior| prior.get("values"));
    let prior = prior.map(|values| shown(file, values)).unwrap_or_default();
    let planned = root.get("planned_values").map(|values| shown(file, values)).unwrap_or_default();
    read.findings.extend(whole(file, root, &prior, &planned));
    read.findings.extend(changed_beside(file, root));
    if stage == Stage::Before {
        let changes = changes(file, root);
        read.resources =
            prior.iter().map(|shown| was(file, *shown, changes.get(&shown.identity()))).collect();
        return read;
    }
    let changes = changes(file, root);
    let configuration = Configuration::of(root.get("configuration"));
    let mut there = BTreeSet::new();
    // What Terraform forgets stays as it is.
    let forgets = |shown: &Shown<'_>| actions(shown.node).any(|action| action == "forget");
    for shown in planned {
        let change = changes.get(&shown.identity());
        if !change.is_some_and(forgets) {
            there.insert(shown.identity());
            let change = change.and_then(|shown| shown.node.get("change"));
            read.resources.push(after(file, shown, change, &configuration));
        }
    }
    for shown in prior {
        let stays = changes.get(&shown.identity()).is_none_or(forgets);
        if stays && !there.contains(&shown.identity()) {
            read.resources.push(shown.resource(file, ""));
        }
    }
    read.replaced = changes.values().filter_map(|change| before(file, *change)).collect();
    read
}

/// A resource of the state before.
fn was(file: &File<'_>, shown: Shown<'_>, change: Option<&Shown<'_>>) -> Resource {
    let Resource { mut block, seen } = shown.resource(file, "");
    block.attributes = attributes(file, shown.node.get("values"));
    let change = change.and_then(|shown| shown.node.get("change"));
    conceal(file, &mut block, shown.node.get("sensitive_values"), |name| {
        if stays(file, change, name) { "" } else { " before" }
    });
    Resource { block, seen }
}

/// Reports whether an attribute is written the same in both states of a change.
fn stays(file: &File<'_>, change: Option<&Node>, name: &str) -> bool {
    let text = |state: &str| change?.get(state)?.get(name).map(|node| file.original.slice(node.span));
    change.is_none() || text("before").is_some_and(|before| text("after") == Some(before))
}

/// What keeps a plan from being read: a part that is missing would be read as nothing, and so as rules that are gone.
fn whole(file: &File<'_>, root: &Node, prior: &[Shown<'_>], planned: &[Shown<'_>]) -> Vec<Finding> {
    let refuse = |message: String, span: Span| file.finding(Code::ReadRefused, message, span);
    let mut findings: Vec<Finding> = Vec::new();
    if !matches!(root.get("planned_values").map(|node| &node.kind), Some(yaml::Kind::Mapping(_))) {
        let message = "the plan has no `planned_values`, so the state after it is not known";
        findings.push(refuse(message.to_owned(), Span::default()));
        return findings;
    }
    if root.get("resource_changes").is_none()
        && let Some(shown) = planned.first()
    {
        let address = shown.text("address");
        let message =
            format!("the plan has no `resource_changes`, so what of `{address}` is known is not told");
        findings.push(refuse(message, shown.node.span));
    }
    // Terraform prints no values of what it forgets; they are those of the state before.
    let changes = changes(file, root);
    let forgotten = |shown: &&Shown<'_>| {
        changes
            .get(&shown.identity())
            .is_some_and(|change| actions(change.node).any(|action| action == "forget"))
    };
    let remaining = planned.iter().filter(|shown| !forgotten(shown));
    findings.extend(prior.iter().chain(remaining).filter_map(|shown| shown.empty(file)));
    let (prior, planned) = (identities(prior), identities(planned));
    for (identity, shown) in changes {
        let (address, deposed) = identity;
        let change = shown.node.get("change");
        let says = |state: &str| {
            matches!(
                change.and_then(|change| change.get(state)).map(|node| &node.kind),
                Some(yaml::Kind::Mapping(_))
            )
        };
        let forgotten = || actions(shown.node).any(|action| action == "forget");
        if actions(shown.node).next().is_none() {
            findings
                .push(refuse(format!("the plan does not say what becomes of `{address}`"), shown.node.span));
        } else if deposed.is_empty() && says("after") && !forgotten() && !planned.contains(&identity) {
            let message =
                format!("`{address}` is not among the `planned_values`, so what it will say is not known");
            findings.push(refuse(message, shown.node.span));
        }
        // A resource that was moved may be in the state under its former address, one that is imported not yet.
        let moved = shown.text("previous_address");
        let imported = change.is_some_and(|change| change.get("importing").is_some());
        let was_there = prior.contains(&identity) || prior.contains(&(moved, deposed));
        if says("before") && !imported && !was_there {
            let message = format!("`{address}` is not in the `prior_state`, so the plan is not whole");
            findings.push(refuse(message, shown.node.span));
        }
    }
    findings
}

fn identities<'a>(shown: &[Shown<'a>]) -> BTreeSet<(&'a str, &'a str)> {
    shown.iter().map(Shown::identity).collect()
}

/// The findings for resources that also decide about packets, are not read and are changed by the plan.
fn changed_beside(file: &File<'_>, root: &Node) -> Vec<Finding> {
    let changes = items(root.get("resource_changes")).iter().filter(|node| {
        is_asked_for(file, node) && node.get("type").and_then(Node::as_str).is_some_and(file.asked.beside)
    });
    let applied = changes.filter(|node| actions(node).any(|action| !matches!(action, "no-op" | "read")));
    let finding = |node: &Node| {
        let address = node.get("address").and_then(Node::as_str).unwrap_or_default();
        let message =
            format!("the plan changes `{address}`, which also decides about packets and is not read");
        let span = node.get("address").unwrap_or(node).span;
        let finding = file.finding(Code::ReadNotCompared, message, span);
        Finding { severity: Severity::Warning, ..finding }
    };
    applied.map(finding).collect()
}

/// What a plan that is not whole says about itself.
fn complete(file: &File<'_>, root: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is = |key: &str, flag: bool| root.get(key).filter(|node| node.kind == yaml::Kind::Bool(flag));
    if let Some(node) = is("errored", true) {
        let message = "planning failed, so Terraform would not apply this plan";
        findings.push(file.finding(Code::ReadRefused, message, node.span));
    } else if let Some(node) = is("complete", false) {
        let message = "the plan is not complete: applying it leaves a part for another plan";
        let finding = file.finding(Code::ReadNotCompared, message, node.span);
        findings.push(Finding { severity: Severity::Warning, ..finding });
    }
    for deferred in items(root.get("deferred_changes")) {
        let change = deferred.get("resource_change");
        if let Some(change) = change.filter(|change| is_asked_for(file, change)) {
            let address = change.get("address").and_then(Node::as_str).unwrap_or_default();
            let message = format!("`{address}` is left for another plan, so what it will say is not known");
            let finding = file.finding(Code::ReadNotCompared, message, change.span);
            findings.push(Finding { severity: Severity::Warning, ..finding });
        }
    }
    findings
}

/// The changes of what is asked for, by address and deposed object.
fn changes<'a>(file: &File<'_>, root: &'a Node) -> BTreeMap<(&'a str, &'a str), Shown<'a>> {
    let changes = items(root.get("resource_changes")).iter().filter(|node| is_asked_for(file, node));
    changes
        .map(|node| {
            let module = node.get("module_address").and_then(Node::as_str).unwrap_or_default();
            let shown = Shown { module, node };
            (shown.identity(), shown)
        })
        .collect()
}

fn actions(change: &Node) -> impl Iterator<Item = &str> {
    items(change.get("change").and_then(|change| change.get("actions"))).iter().filter_map(Node::as_str)
}

/// A resource as it was, when the plan does not leave it as it is.
fn before(file: &File<'_>, change: Shown<'_>) -> Option<Block> {
    actions(change.node).find(|action| matches!(*action, "delete" | "update"))?;
    let values = change.node.get("change")?.get("before")?;
    let mut block = change.block(file);
    block.attributes = attributes(file, Some(values));
    let node = change.node.get("change");
    conceal(file, &mut block, node.and_then(|change| change.get("before_sensitive")), |name| {
        if stays(file, node, name) { "" } else { " before" }
    });
    Some(block)
}

/// A resource as it will be.
fn after(
    file: &File<'_>,
    shown: Shown<'_>,
    change: Option<&Node>,
    configuration: &Configuration<'_>,
) -> Resource {
    let Resource { mut block, mut seen } = shown.resource(file, "");
    block.attributes = attributes(file, shown.node.get("values"));
    conceal(file, &mut block, shown.node.get("sensitive_values"), |name| {
        if stays(file, change, name) { "" } else { " after" }
    });
    let set = configuration.arguments(shown.module, shown.text("type"), shown.text("name"));
    if let Some(set) = set {
        seen.extend(block.attributes.keys().filter(|name| set.get(name).is_none()).cloned());
    }
    let unknown = change.and_then(|change| change.get("after_unknown"));
    for (key, marks) in entries(unknown) {
        let path = format!("{}.{}", block.address(), key.name);
        let whole = marks.kind == yaml::Kind::Bool(true);
        if whole && set.is_some_and(|set| set.get(&key.name).is_none()) {
            if file.asked.blocks.contains(&key.name.as_str()) {
                seen.insert(key.name.clone());
            } else {
                // The provider fills it in: nothing was asked for.
                block.attributes.remove(&key.name);
                continue;
            }
        }
        let known = block.attributes.remove(&key.name);
        let mut value = overlay(file, known, marks, &path, block.place.span);
        if whole && let Some(reference) = configuration.reference(shown.module, set, &key.name) {
            value.kind = reference;
        }
        block.attributes.insert(key.name.clone(), value);
    }
    Resource { block, seen }
}

/// A value with what is not known of it.
fn overlay(file: &File<'_>, known: Option<Value>, marks: &Node, path: &str, near: Span) -> Value {
    let value = known.unwrap_or_else(|| Value { place: file.place(near), kind: Kind::Null });
    let near = value.place.span;
    let kind = match (&marks.kind, value.kind) {
        (yaml::Kind::Bool(true), _) => Kind::Unresolvable(path.to_owned()),
        (yaml::Kind::Sequence(marks), kind) => {
            let mut known = if let Kind::List(items) = kind { items } else { Vec::new() }.into_iter();
            let count = marks.len().max(known.len());
            let nothing = Node { span: Span::default(), kind: yaml::Kind::Bool(false) };
            let marks = marks.iter().chain(std::iter::repeat(&nothing)).take(count).enumerate();
            let item = |(at, marks): (usize, &Node)| {
                overlay(file, known.next(), marks, &format!("{path}[{at}]"), near)
            };
            Kind::List(marks.map(item).collect())
        }
        (yaml::Kind::Mapping(marks), kind) if !marks.is_empty() => {
            let mut known = if let Kind::Map(fields) = kind { fields } else { BTreeMap::new() };
            for (key, marks) in marks {
                let path = format!("{path}.{}", key.name);
                let field = overlay(file, known.remove(&key.name), marks, &path, near);
                known.insert(key.name.clone(), field);
            }
            Kind::Map(known)
        }
        (_, kind) => kind,
    };
    Value { place: value.place, kind }
}
