//! The objects, read as the API server reads them.
//!
//! <https://network-policy-api.sigs.k8s.io/reference/spec/>

use super::matches::{peers, ports, protocols};
use super::{AdminRule, KINDS, Manifest, Tier, Verdict};
use crate::diag::Code;
use crate::policy::Direction;
use crate::syntax::kubernetes::fields::{Fields, Path, Reader};
use crate::syntax::kubernetes::labels::read_selector;
use crate::syntax::kubernetes::objects::{Found, read_metadata};
use crate::syntax::kubernetes::pods::PodPeer;
use crate::syntax::kubernetes::selector::Selector;
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clusters::kubernetes::ADMIN_GROUP;

/// Reports whether an object is one of these policies, whatever its version.
pub(in super::super) fn is_ours(found: &Found<'_>) -> bool {
    KINDS.contains(&found.kind)
        && found.version.map_or(found.is_item, |version| version.starts_with(ADMIN_GROUP))
}

/// Reads a policy; `None` when anything of it was refused, for then it has no meaning.
pub(in super::super) fn read(reader: &mut Reader<'_>, found: &Found<'_>) -> Option<Manifest> {
    let (node, path) = (found.node, found.path);
    let before = reader.errors();
    let of_cluster = found.kind == "ClusterNetworkPolicy";
    let known = if of_cluster { "v1alpha2" } else { "v1alpha1" };
    if let Some(version) = found.version.and_then(|version| version.strip_prefix(ADMIN_GROUP))
        && version != known
    {
        let place = node.get("apiVersion").map_or(node.span, |node| node.span);
        let kind = found.kind;
        reader.refuse(place, path, format!("`{kind}` of `{ADMIN_GROUP}{version}`, only `{known}` is read"));
        return None;
    }
    let fields = reader.object(node, path, &["apiVersion", "kind", "metadata", "spec", "status"])?;
    let Some(metadata) = fields.get("metadata") else {
        reader.refuse(node.span, path, "an object without `metadata`");
        return None;
    };
    let metadata = read_metadata(reader, metadata, &Path::Field(path, "metadata"))?;
    let Some(spec) = fields.get("spec") else {
        reader.refuse(node.span, path, "an object without `spec`");
        return None;
    };
    let at = Path::Field(path, "spec");
    let known: &[&str] = match found.kind {
        "ClusterNetworkPolicy" => &["tier", "priority", "subject", "ingress", "egress"],
        "AdminNetworkPolicy" => &["priority", "subject", "ingress", "egress"],
        _ => &["subject", "ingress", "egress"],
    };
    let fields = reader.object(spec, &at, known)?;
    let tier = tier(reader, fields, found.kind, spec, &at);
    let priority = if known.contains(&"priority") { priority(reader, fields, spec, &at) } else { Some(0) };
    let subject = subject(reader, fields, spec, &at);
    let mut rules = Vec::new();
    for (field, peers, direction) in
        [("ingress", "from", Direction::Ingress), ("egress", "to", Direction::Egress)]
    {
        let form = Form { of_cluster, tier, direction, peers };
        rules.extend(read_rules(reader, fields, field, form, &at).into_iter().map(|rule| (direction, rule)));
    }
    let name = format!("{} {}", found.kind, metadata.name.unwrap_or_default());
    if reader.errors() > before {
        return None;
    }
    Some(Manifest { span: node.span, name, tier: tier?, priority: priority?, subject: subject?, rules })
}

/// What the rules of a direction look like.
#[derive(Clone, Copy)]
struct Form {
    of_cluster: bool,
    tier: Option<Tier>,
    direction: Direction,
    peers: &'static str,
}

fn tier(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    kind: &str,
    spec: &Node,
    path: &Path<'_>,
) -> Option<Tier> {
    match kind {
        "AdminNetworkPolicy" => return Some(Tier::Admin),
        "BaselineAdminNetworkPolicy" => return Some(Tier::Baseline),
        _ => {}
    }
    let at = Path::Field(path, "tier");
    let Some(node) = fields.get("tier") else {
        reader.refuse(spec.span, &at, "either `Admin` or `Baseline` is needed");
        return None;
    };
    match reader.text(node, &at)? {
        "Admin" => Some(Tier::Admin),
        "Baseline" => Some(Tier::Baseline),
        other => {
            reader.refuse(node.span, &at, format!("`{other}` is neither `Admin` nor `Baseline`"));
            None
        }
    }
}

fn priority(reader: &mut Reader<'_>, fields: Fields<'_>, spec: &Node, path: &Path<'_>) -> Option<u16> {
    let at = Path::Field(path, "priority");
    let Some(node) = fields.get("priority") else {
        reader.refuse(spec.span, &at, "a number from 0 to 1000 is needed");
        return None;
    };
    let number = match node.kind {
        Kind::Integer(number) => u16::try_from(number).ok().filter(|number| *number <= 1_000),
        _ => None,
    };
    if number.is_none() {
        reader.refuse(node.span, &at, "a number from 0 to 1000 is needed");
    }
    number
}

/// The pods that a policy is about: all of some namespaces, or some of them.
fn subject(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    spec: &Node,
    path: &Path<'_>,
) -> Option<Vec<PodPeer>> {
    let at = Path::Field(path, "subject");
    let Some(node) = fields.get("subject") else {
        reader.refuse(spec.span, &at, "a subject is needed");
        return None;
    };
    let fields = reader.object(node, &at, &["namespaces", "pods"])?;
    match (fields.get("namespaces"), fields.get("pods")) {
        (Some(spaces), None) => {
            let spaces = read_selector(reader, spaces, &Path::Field(&at, "namespaces"))?;
            Some(PodPeer::of(&spaces, &Selector::default()))
        }
        (None, Some(pods)) => read_pods(reader, pods, &Path::Field(&at, "pods")),
        _ => {
            reader.refuse(node.span, &at, "either `namespaces` or `pods` is needed");
            None
        }
    }
}

/// Pods by a selector of namespaces and one of pods, both of which must be written.
pub(super) fn read_pods(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Vec<PodPeer>> {
    let fields = reader.object(node, path, &["namespaceSelector", "podSelector"])?;
    let mut selectors = Vec::new();
    for field in ["namespaceSelector", "podSelector"] {
        let at = Path::Field(path, field);
        let Some(node) = fields.get(field) else {
            reader.refuse(node.span, &at, "a selector is needed; `{}` selects all");
            return None;
        };
        selectors.push(read_selector(reader, node, &at)?);
    }
    let [spaces, pods] = selectors.as_slice() else { return None };
    Some(PodPeer::of(spaces, pods))
}

fn read_rules(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    field: &str,
    form: Form,
    path: &Path<'_>,
) -> Vec<AdminRule> {
    let path = Path::Field(path, field);
    let Some(items) = fields.get(field).and_then(|node| reader.list(node, &path)) else { return Vec::new() };
    let most = if form.of_cluster { 25 } else { 100 };
    if let Some(item) = items.get(most) {
        reader.refuse(item.span, &path, format!("{} rules, at most {most} are allowed", items.len()));
    }
    let read = |(index, node)| read_rule(reader, node, form, &Path::Item(&path, index));
    items.iter().enumerate().filter_map(read).collect()
}

fn read_rule(reader: &mut Reader<'_>, node: &Node, form: Form, path: &Path<'_>) -> Option<AdminRule> {
    let services = if form.of_cluster { "protocols" } else { "ports" };
    let fields = reader.object(node, path, &["name", "action", form.peers, services])?;
    let verdict = verdict(reader, fields, form, node, path)?;
    let at = Path::Field(path, form.peers);
    let items = fields.get(form.peers).and_then(|node| reader.list(node, &at)).unwrap_or_default();
    if items.is_empty() {
        reader.refuse(node.span, &at, "at least one peer is needed");
        return None;
    }
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let egress = form.direction == Direction::Egress;
        all.extend(peers(reader, item, egress, verdict, &Path::Item(&at, index)));
    }
    let at = Path::Field(path, services);
    let listed = match fields.written(services) {
        None => None,
        Some(node) if node.kind == Kind::Null => None,
        Some(node) => {
            let items = reader.list(node, &at)?;
            if items.is_empty() && form.of_cluster {
                reader.find(
                    Code::ReadWidened,
                    node.span,
                    &at,
                    "an empty list is every port of every protocol",
                );
                None
            } else if items.is_empty() {
                reader.refuse(node.span, &at, "an empty list; leave it out for every port of every protocol");
                None
            } else {
                let mut all = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let at = Path::Item(&at, index);
                    all.extend(if form.of_cluster {
                        protocols(reader, item, &at)
                    } else {
                        ports(reader, item, &at)
                    });
                }
                Some(all)
            }
        }
    };
    Some(AdminRule { span: node.span, verdict, peers: all, ports: listed })
}

fn verdict(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    form: Form,
    rule: &Node,
    path: &Path<'_>,
) -> Option<Verdict> {
    let at = Path::Field(path, "action");
    let allow = if form.of_cluster { "Accept" } else { "Allow" };
    // The baseline of v1alpha1 is the last that is tried, so nothing can be passed on.
    let last = !form.of_cluster && form.tier == Some(Tier::Baseline);
    let words = if last { format!("`{allow}`, `Deny`") } else { format!("`{allow}`, `Deny`, `Pass`") };
    let Some(node) = fields.get("action") else {
        reader.refuse(rule.span, &at, format!("one of {words} is needed"));
        return None;
    };
    match reader.text(node, &at)? {
        text if text == allow => Some(Verdict::Allow),
        "Deny" => Some(Verdict::Deny),
        "Pass" if !last => Some(Verdict::Pass),
        other => {
            reader.refuse(node.span, &at, format!("`{other}` is not one of {words}"));
            None
        }
    }
}
