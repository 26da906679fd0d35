//! HCL as Terraform writes it: blocks with literal values and the place of each, and the quoting of a string.
//!
//! What is read is the module, not its text: `locals`, defaults of variables, `for_each`, `count` and `dynamic` over
//! literals are carried out, so that a reader of rules meets concrete blocks. Nothing is guessed: what only a run of
//! Terraform can know stays a [`Kind::Reference`] or a [`Kind::Unresolvable`] with its text.

mod evaluate;
mod expand;
mod function;
mod parse;
mod quote;
mod variables;

pub use expand::read;
pub use parse::declares;
pub use quote::{heredoc_line, quote};
pub use variables::{ends_with, is_loaded_by_itself, is_module_file, is_variables};

use crate::diag::{Finding, Place};
use std::collections::BTreeMap;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Where the literal or the expression stands, which may be another file of the module.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `null`: as if the argument were not there.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    String(String),
    /// A list, tuple or set.
    List(Vec<Value>),
    /// A map or object.
    Map(BTreeMap<String, Value>),
    /// Something that stands elsewhere: `aws_security_group.nodes.id`, or `var.id` without a default.
    Reference(String),
    /// An expression that only Terraform can compute, with spaces normalised. Two that read the same are the same.
    Unresolvable(String),
}

/// A block, with its `dynamic` blocks and its own repetition carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The instance of a module that it is in, as `module.nodes["a"]`. Empty in the root module, and in files that are
    /// read without what calls them.
    pub module: String,
    /// The word that it starts with: `resource`, `egress`.
    pub kind: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Which of the instances of `for_each` or `count` it is: `["key"]` or `[0]`; empty for a single one.
    pub instance: String,
    /// What decides whether and how often it exists, where that is not known. Empty when it surely exists once.
    pub uncertain: Vec<String>,
    /// Its arguments.
    pub attributes: BTreeMap<String, Value>,
    /// The blocks in it, in the order they are written.
    pub blocks: Vec<Block>,
    /// Where it stands.
    pub place: Place,
}

impl Block {
    /// A block that surely exists once, with nothing in it.
    pub fn new(kind: &str, labels: &[&str], place: Place) -> Self {
        Self {
            module: String::new(),
            kind: kind.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            instance: String::new(),
            uncertain: Vec::new(),
            attributes: BTreeMap::new(),
            blocks: Vec::new(),
            place,
        }
    }
}

/// The files of one folder, read together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// Arguments outside of any block, as files of variables have them.
    pub attributes: BTreeMap<String, Value>,
    /// The blocks but `locals` and `variable`, which are carried out.
    pub blocks: Vec<Block>,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// One module for each folder, in order of the folders.
    pub modules: Vec<Module>,
    /// What could not be read.
    pub findings: Vec<Finding>,
}

impl Kind {
    /// The kind in words: `a list`, `a text`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Reference(_) => "a reference",
            Self::Unresolvable(_) => "an expression",
        }
    }
}

/// What stands in the text of a value that is not to be shown: a sensitive one. The name of its file follows.
pub(super) const SENSITIVE: &str = ", sensitive in ";

impl Value {
    /// Reports whether the value is not known because it is not to be shown.
    pub fn is_concealed(&self) -> bool {
        matches!(&self.kind, Kind::Unresolvable(text) if text.contains(SENSITIVE))
    }

    /// The text of a literal text, number or boolean, as Terraform converts it.
    pub fn as_text(&self) -> Option<String> {
        match &self.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Number(number) => Some(number.to_string()),
            Kind::Bool(flag) => Some(flag.to_string()),
            Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Reference(_) | Kind::Unresolvable(_) => None,
        }
    }

    /// The boolean, also when it is written as a text, as Terraform converts it.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(flag) => Some(*flag),
            Kind::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What stands here when it is not known: the reference or the expression.
    pub fn unknown(&self) -> Option<&str> {
        match &self.kind {
            Kind::Reference(text) | Kind::Unresolvable(text) => Some(text),
            _ => None,
        }
    }
}

impl Block {
    /// The argument of that name. One that is `null` is not there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).filter(|value| value.kind != Kind::Null)
    }

    /// Reports whether this is a resource of that type.
    pub fn is_resource(&self, of: &str) -> bool {
        self.kind == "resource" && self.labels.first().is_some_and(|label| label == of)
    }

    /// How the rest of the module refers to it: `aws_security_group.nodes["a"]`, `data.aws_vpc.main`, `module.gke`.
    pub fn address(&self) -> String {
        let labels = self.labels.join(".");
        let prefix = if self.kind == "resource" { String::new() } else { format!("{}.", self.kind) };
        let module = if self.module.is_empty() { String::new() } else { format!("{}.", self.module) };
        format!("{module}{prefix}{labels}{}", self.instance)
    }
}
