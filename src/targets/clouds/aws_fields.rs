//! The fields of what the EC2 API prints: absent, null, `""`, `[]` and `{}` are all the same there.

use crate::diag::{Code, Finding, Place, Source};
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clouds::terraform::{Stated, found};
use std::sync::Arc;

/// The value of a key, when it says anything.
pub(in crate::targets) fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.get(name).filter(|value| says(value))
}

/// Reports whether a value says anything.
pub(in crate::targets) fn says(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => false,
        Kind::String(text) => !text.is_empty(),
        Kind::Sequence(items) => !items.is_empty(),
        Kind::Mapping(entries) => !entries.is_empty(),
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => true,
    }
}

/// A reader of fields that notes what has the wrong type.
pub(in crate::targets) struct Fields<'a> {
    source: &'a Arc<Source>,
    pub(in crate::targets) findings: Vec<Finding>,
}

impl<'a> Fields<'a> {
    pub(in crate::targets) fn of(source: &'a Arc<Source>) -> Self {
        Self { source, findings: Vec::new() }
    }

    pub(in crate::targets) fn place(&self, node: &Node) -> Place {
        Place { source: Arc::clone(self.source), span: node.span }
    }

    pub(in crate::targets) fn refuse(&mut self, node: &Node, message: impl Into<String>) {
        self.note(Code::ReadRefused, node, message);
    }

    pub(in crate::targets) fn note(&mut self, code: Code, node: &Node, message: impl Into<String>) {
        let place = self.place(node);
        self.findings.push(found(code, message, &place));
    }

    /// A text.
    pub(in crate::targets) fn text<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let value = field(node, name)?;
        let text = value.as_str();
        if text.is_none() {
            self.refuse(value, format!("`{name}` is {} and not a text", value.kind.describe()));
        }
        text
    }

    /// A text, or a number that stands for one: `IpProtocol` is `"-1"`, `"tcp"` or `"50"`.
    pub(in crate::targets) fn word(&mut self, node: &Node, name: &str) -> Stated<String> {
        match field(node, name).map(|value| &value.kind) {
            Some(Kind::Integer(number)) => Stated::Known(number.to_string()),
            Some(_) => self.text(node, name).map_or(Stated::Absent, |text| Stated::Known(text.to_owned())),
            None => Stated::Absent,
        }
    }

    /// A whole number; one written as a text is taken as well.
    pub(in crate::targets) fn number(&mut self, node: &Node, name: &str) -> Result<Option<i64>, ()> {
        let Some(value) = field(node, name) else { return Ok(None) };
        let number = match &value.kind {
            Kind::Integer(number) => i64::try_from(*number).ok(),
            Kind::String(text) => text.parse().ok(),
            Kind::Null | Kind::Bool(_) | Kind::Float(_) | Kind::Sequence(_) | Kind::Mapping(_) => None,
        };
        if number.is_none() {
            self.refuse(value, format!("`{name}` is no whole number"));
        }
        number.map(Some).ok_or(())
    }

    /// The objects of a list.
    pub(in crate::targets) fn objects<'n>(&mut self, node: &'n Node, name: &str) -> Vec<&'n Node> {
        let Some(value) = field(node, name) else { return Vec::new() };
        self.members(value, name)
    }

    /// The objects that a list consists of.
    pub(in crate::targets) fn members<'n>(&mut self, value: &'n Node, name: &str) -> Vec<&'n Node> {
        let Kind::Sequence(items) = &value.kind else {
            self.refuse(value, format!("`{name}` is {} and not a list", value.kind.describe()));
            return Vec::new();
        };
        let mut objects = Vec::new();
        for item in items {
            if let Kind::Mapping(_) = item.kind {
                objects.push(item);
            } else {
                self.refuse(
                    item,
                    format!("{} stands in `{name}` where an object is needed", item.kind.describe()),
                );
            }
        }
        objects
    }
}
