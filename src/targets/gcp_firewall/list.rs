//! Firewall rules as `gcloud compute firewall-rules list --format=json` and `describe` print them, and as the Compute
//! Engine API answers.
//!
//! Compute Engine API, `Firewall`. A list is all there is in its networks, so for each of them both directions are
//! told: where no rule is about one, the rules decide that every network has.

use super::hcl::{Reader, network};
use super::lift::{Spoken, lift};
use crate::diag::{Code, Finding, Place, Source};
use crate::policy::Direction;
use crate::syntax::hcl::{Block, Kind, Value};
use crate::syntax::json;
use crate::syntax::terraform::value;
use crate::syntax::yaml::{self, Node};
use crate::targets::clouds::terraform::found;
use crate::targets::{Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads objects of the API: lists of them, single ones, and answers with `items`.
#[derive(Debug)]
pub(super) struct GcpFirewallList;

/// The fields that decide about packets, and the arguments that Terraform has for them.
const FIELDS: [(&str, &str); 10] = [
    ("network", "network"),
    ("direction", "direction"),
    ("priority", "priority"),
    ("disabled", "disabled"),
    ("sourceRanges", "source_ranges"),
    ("destinationRanges", "destination_ranges"),
    ("sourceTags", "source_tags"),
    ("sourceServiceAccounts", "source_service_accounts"),
    ("targetTags", "target_tags"),
    ("targetServiceAccounts", "target_service_accounts"),
];

/// The fields that decide nothing.
const BESIDE: [&str; 11] = [
    "creationTimestamp",
    "description",
    "enableLogging",
    "etag",
    "id",
    "kind",
    "logConfig",
    "name",
    "params",
    "selfLink",
    "selfLinkWithId",
];

const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

impl Importer for GcpFirewallList {
    fn name(&self) -> &'static str {
        "gcp-firewall-list"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        let keys = json::keys(text);
        let has = |name: &str| keys.contains(&name);
        let rule =
            has("network") && (has("allowed") || has("denied") || text.contains("\"compute#firewall\""));
        rule || (has("items")
            && (text.contains("\"IPProtocol\"") || text.contains("\"compute#firewallList\"")))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (mut blocks, mut findings) = (Vec::new(), Vec::new());
        for source in sources {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => blocks.extend(firewalls(source, &root, &mut findings)),
                Err(finding) => findings.push(finding),
            }
        }
        tell_apart(&mut blocks);
        let mut reader = Reader { findings, exist: true, ..Reader::default() };
        let mut spoken: BTreeSet<Spoken> = BTreeSet::new();
        for block in &blocks {
            let network = network(block.get("network"));
            spoken.extend(BOTH.map(|direction| (network.clone(), direction, None)));
            reader.firewall(block);
        }
        let Reader { firewalls, mut findings, .. } = reader;
        let policy = lift(&firewalls, &spoken, &mut findings);
        Imported { policy, findings }
    }
}

/// The rules of a file.
fn firewalls(source: &Arc<Source>, root: &Node, findings: &mut Vec<Finding>) -> Vec<Block> {
    let mut refuse = |node: &Node, message: &str| {
        let place = Place { source: Arc::clone(source), span: node.span };
        findings.push(found(Code::ReadRefused, message, &place));
    };
    if let Some(Node { kind: yaml::Kind::String(_), .. }) = root.get("nextPageToken") {
        refuse(root, "the answer was cut: it has a `nextPageToken`, so rules are missing");
    }
    let list = root.get("items").unwrap_or(root);
    let objects = match &list.kind {
        yaml::Kind::Sequence(items) => items.as_slice(),
        yaml::Kind::Mapping(_) => std::slice::from_ref(list),
        _ => {
            refuse(list, "no list of firewall rules stands here");
            &[]
        }
    };
    let mut blocks = Vec::new();
    for object in objects {
        match object.kind {
            yaml::Kind::Mapping(_) => blocks.push(firewall(source, object)),
            _ => refuse(object, "no object stands here where a firewall rule is needed"),
        }
    }
    blocks
}

/// A rule as the block that Terraform would have for it. A field that is not known may narrow the rule.
fn firewall(source: &Arc<Source>, object: &Node) -> Block {
    let name = object.get("name");
    let label = name.and_then(Node::as_str).unwrap_or("without a name");
    let mut block = empty("firewall", source, name.unwrap_or(object));
    block.labels = vec![label.to_owned()];
    let yaml::Kind::Mapping(entries) = &object.kind else { return block };
    for (key, node) in entries {
        let field = FIELDS.iter().find(|(field, _)| *field == key.name);
        match (field, key.name.as_str()) {
            (Some((_, argument)), _) => {
                block.attributes.insert((*argument).to_owned(), value(source, node));
            }
            (None, "allowed") => services(&mut block, "allow", source, node),
            (None, "denied") => services(&mut block, "deny", source, node),
            (None, other) if BESIDE.contains(&other) => {}
            (None, other) => block.uncertain.extend(says(node).then(|| other.to_owned())),
        }
    }
    block
}

/// Adds the services that a rule allows or denies.
fn services(block: &mut Block, kind: &str, source: &Arc<Source>, list: &Node) {
    let items = match &list.kind {
        yaml::Kind::Null => &[],
        yaml::Kind::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(list),
    };
    for item in items {
        let mut inner = empty(kind, source, item);
        let entries = if let yaml::Kind::Mapping(entries) = &item.kind { entries.as_slice() } else { &[] };
        for (key, node) in entries {
            match key.name.as_str() {
                "IPProtocol" => drop(inner.attributes.insert("protocol".to_owned(), value(source, node))),
                "ports" => drop(inner.attributes.insert("ports".to_owned(), value(source, node))),
                other => inner.uncertain.extend(says(node).then(|| other.to_owned())),
            }
        }
        block.blocks.push(inner);
    }
}

fn empty(kind: &str, source: &Arc<Source>, at: &Node) -> Block {
    Block::new(kind, &[], Place { source: Arc::clone(source), span: at.span })
}

/// Reports whether a value says anything.
fn says(node: &Node) -> bool {
    match &node.kind {
        yaml::Kind::Null | yaml::Kind::Bool(false) => false,
        yaml::Kind::Sequence(items) => !items.is_empty(),
        yaml::Kind::Mapping(entries) => !entries.is_empty(),
        yaml::Kind::String(text) => !text.is_empty(),
        yaml::Kind::Bool(true) | yaml::Kind::Integer(_) | yaml::Kind::Float(_) => true,
    }
}

/// Puts the project before the names of networks that several projects have.
pub(super) fn tell_apart(blocks: &mut [Block]) {
    let mut projects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for block in blocks.iter() {
        projects.entry(network(block.get("network"))).or_default().extend(project(block));
    }
    for block in blocks {
        let name = network(block.get("network"));
        let several = projects.get(&name).is_some_and(|projects| projects.len() > 1);
        let Some(project) = project(block).filter(|_| several) else { continue };
        if let Some(Value { kind: Kind::String(text), .. }) = block.attributes.get_mut("network") {
            *text = format!("{project}:{name}");
        }
    }
}

/// The project of the network that a rule is for, where it is told: `p` of `projects/p/global/networks/default`.
fn project(block: &Block) -> Option<String> {
    let text = block.get("network")?.as_text()?;
    let mut words = text.split('/').skip_while(|word| *word != "projects").skip(1);
    words.next().map(str::to_owned).or_else(|| block.get("project")?.as_text())
}
