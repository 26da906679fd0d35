//! What Terraform knows about resources: its state files, and what `terraform show -json` prints of a state or a plan.
//!
//! All of them become the blocks that HCL becomes, so that one reader of a resource reads every form of it. What is
//! only known after an apply is a [`Kind::Reference`] or a [`Kind::Unresolvable`] with its address. An empty text is
//! as good as none: providers store either.

mod conceal;
mod configuration;
mod plan;
mod state;

use super::hcl::{self, Block, Kind, Value};
use super::json;
use super::yaml::{self, Node};
use crate::diag::{Code, Finding, Place, Source, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which of the two states that a plan is about. A state has only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// As it was when the plan was made.
    Before,
    /// As it will be when the plan is applied.
    After,
}

/// One instance of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its values, as if they had been written in HCL.
    pub block: Block,
    /// The arguments that its configuration does not set, so that they say what was seen when the state was read, and
    /// not what is wanted; or that `dynamic` blocks set. Known for plans only.
    pub seen: BTreeSet<String>,
}

/// What a file holds of the resources that are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// The resources of the stage.
    pub resources: Vec<Resource>,
    /// As they were before, resources that the plan deletes, replaces or changes. Empty for the stage before.
    pub replaced: Vec<Block>,
    /// Reports whether the file is a plan.
    pub is_plan: bool,
    /// What could not be read.
    pub findings: Vec<Finding>,
}

/// Reports whether a text is a state or a plan that speaks of a resource of one of these types.
pub fn recognizes(text: &str, types: &[&str]) -> bool {
    let keys = json::keys(text);
    let has = |name: &str| keys.contains(&name);
    let state = has("version") && (has("lineage") || has("serial") || has("terraform_version"));
    let shown = has("format_version") && (has("values") || has("planned_values") || has("resource_changes"));
    (state || shown) && mentions(text, types)
}

/// Reports whether one of the words stands in quotes somewhere.
pub fn mentions(text: &str, types: &[&str]) -> bool {
    types.iter().any(|word| text.contains(&format!("\"{word}\"")))
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The types of resources.
    pub types: &'a [&'a str],
    /// Their arguments that may be written as `dynamic` blocks, which a plan's configuration does not show.
    pub blocks: &'a [&'a str],
    /// Reports whether resources of a type also decide about packets. They are handed over to be named, not to be read.
    pub beside: fn(&str) -> bool,
}

impl Asked<'_> {
    fn is_for(&self, kind: &str) -> bool {
        self.types.contains(&kind) || (self.beside)(kind)
    }
}

/// The resources that are asked for. Data sources are not read: they are only looked at.
///
/// A state holds much that is not for everyone. The places of what is found show the resources that are asked for, less
/// their sensitive values, and nothing else of the text.
pub fn read(source: &Arc<Source>, stage: Stage, asked: Asked<'_>) -> Read {
    let root = match json::parse(source, Code::ReadSyntax) {
        Ok(root) => root,
        Err(mut finding) => {
            let masked = Arc::new(source.masked(&[Span::new(0, source.text().len())]));
            finding.place.iter_mut().for_each(|place| place.source = Arc::clone(&masked));
            return Read { findings: vec![finding], ..Read::default() };
        }
    };
    let masked = Arc::new(source.masked(&conceal::hidden(&root, asked)));
    let file = File { source: &masked, original: source, asked };
    if root.get("planned_values").is_some() || root.get("resource_changes").is_some() {
        return plan::read(&file, &root, stage);
    }
    let mut read = Read::default();
    if let Some(values) = root.get("values") {
        for shown in shown(&file, values) {
            read.findings.extend(shown.empty(&file));
            read.resources.push(shown.resource(&file, ""));
        }
    } else if root.get("format_version").is_none() {
        state::read(&file, &root, &mut read);
    }
    read
}

struct File<'a> {
    /// The text that places show.
    source: &'a Arc<Source>,
    /// The text as it is.
    original: &'a Source,
    asked: Asked<'a>,
}

impl File<'_> {
    fn place(&self, span: Span) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    fn finding(&self, code: Code, message: impl Into<String>, span: Span) -> Finding {
        Finding::new(code, message).at(self.source, span)
    }
}

/// A resource as `terraform show -json` prints it.
#[derive(Clone, Copy)]
struct Shown<'a> {
    module: &'a str,
    node: &'a Node,
}

impl<'a> Shown<'a> {
    fn text(&self, key: &str) -> &'a str {
        self.node.get(key).and_then(Node::as_str).unwrap_or_default()
    }

    /// What a plan calls it: its address, and which of its deposed objects it is.
    fn identity(&self) -> (&'a str, &'a str) {
        let deposed = self.text("deposed_key");
        (self.text("address"), if deposed.is_empty() { self.text("deposed") } else { deposed })
    }

    /// Its block, with the attributes still to come.
    fn block(&self, file: &File<'_>) -> Block {
        let address = self.node.get("address").map_or(self.node.span, |address| address.span);
        empty(file, self.module, (self.text("type"), self.text("name")), self.node.get("index"), address)
    }

    /// Its values. What is sensitive is not known, and called by its address with `when` after it.
    fn resource(&self, file: &File<'_>, when: &str) -> Resource {
        let mut block = self.block(file);
        block.attributes = attributes(file, self.node.get("values"));
        conceal::conceal(file, &mut block, self.node.get("sensitive_values"), |_| when);
        Resource { block, seen: BTreeSet::new() }
    }

    /// The finding for a resource without values: it would be read as one that says nothing.
    fn empty(&self, file: &File<'_>) -> Option<Finding> {
        let values = self.node.get("values").map(|values| &values.kind);
        if matches!(values, Some(yaml::Kind::Mapping(_))) {
            return None;
        }
        let message = format!("`{}` has no values, so what it says is not known", self.text("address"));
        Some(file.finding(Code::ReadRefused, message, self.block(file).place.span))
    }
}

/// The resources that are asked for, of a module and all modules in it.
fn shown<'a>(file: &File<'_>, values: &'a Node) -> Vec<Shown<'a>> {
    let mut found = Vec::new();
    let mut modules: Vec<&Node> = values.get("root_module").into_iter().collect();
    while let Some(module) = modules.pop() {
        let address = module.get("address").and_then(Node::as_str).unwrap_or_default();
        let resources = items(module.get("resources")).iter().map(|node| Shown { module: address, node });
        found.extend(resources.filter(|shown| is_asked_for(file, shown.node)));
        modules.extend(items(module.get("child_modules")).iter().rev());
    }
    found
}

fn is_asked_for(file: &File<'_>, node: &Node) -> bool {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    text("mode") == Some("managed") && text("type").is_some_and(|kind| file.asked.is_for(kind))
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(yaml::Kind::Sequence(items)) => items,
        _ => &[],
    }
}

fn entries(node: Option<&Node>) -> &[(yaml::Key, Node)] {
    match node.map(|node| &node.kind) {
        Some(yaml::Kind::Mapping(entries)) => entries,
        _ => &[],
    }
}

fn empty(
    file: &File<'_>,
    module: &str,
    (kind, name): (&str, &str),
    index: Option<&Node>,
    span: Span,
) -> Block {
    let instance = match index.map(|index| &index.kind) {
        Some(yaml::Kind::Integer(index)) => format!("[{index}]"),
        Some(yaml::Kind::String(key)) => format!("[{}]", hcl::quote(key)),
        Some(_) | None => String::new(),
    };
    Block { module: module.to_owned(), instance, ..Block::new("resource", &[kind, name], file.place(span)) }
}

fn attributes(file: &File<'_>, values: Option<&Node>) -> BTreeMap<String, Value> {
    entries(values).iter().map(|(key, node)| (key.name.clone(), field(file.source, node))).collect()
}

/// The value of a key.
fn field(source: &Arc<Source>, node: &Node) -> Value {
    match value(source, node) {
        Value { kind: Kind::String(text), place } if text.is_empty() => Value { kind: Kind::Null, place },
        value => value,
    }
}

/// A value of JSON as a value of HCL.
pub fn value(source: &Arc<Source>, node: &Node) -> Value {
    let kind = match &node.kind {
        yaml::Kind::Null => Kind::Null,
        yaml::Kind::Bool(flag) => Kind::Bool(*flag),
        yaml::Kind::Integer(number) => {
            i64::try_from(*number).map_or_else(|_| Kind::String(number.to_string()), Kind::Number)
        }
        yaml::Kind::Float(number) => Kind::String(number.to_string()),
        yaml::Kind::String(text) => Kind::String(text.clone()),
        yaml::Kind::Sequence(items) => Kind::List(items.iter().map(|item| value(source, item)).collect()),
        yaml::Kind::Mapping(entries) => {
            Kind::Map(entries.iter().map(|(key, node)| (key.name.clone(), field(source, node))).collect())
        }
    };
    Value { place: Place { source: Arc::clone(source), span: node.span }, kind }
}
