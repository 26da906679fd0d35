//! Finding the variables: in files of environment variables and commands, and in manifests and values.

mod lines;
mod manifest;

use crate::diag::{Finding, Place, Source};
use std::sync::Arc;

/// A variable of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Var {
    /// The proxy for requests without TLS.
    Http,
    /// The proxy for requests over TLS.
    Https,
    /// What is reached without it.
    No,
}

impl Var {
    /// The variables, each with the name that artifacts use.
    pub(super) const ALL: [Self; 3] = [Self::Http, Self::Https, Self::No];

    /// `HTTP_PROXY`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP_PROXY",
            Self::Https => "HTTPS_PROXY",
            Self::No => "NO_PROXY",
        }
    }

    /// The variable of that name, and whether it is in lower case.
    pub(super) fn of_variable(name: &str) -> Option<(Self, bool)> {
        let var = Self::ALL.into_iter().find(|var| var.name().eq_ignore_ascii_case(name))?;
        let lower = name.bytes().all(|byte| !byte.is_ascii_uppercase());
        (lower || name == var.name()).then_some((var, lower))
    }

    /// The variable that a key of a mapping stands for: `httpsProxy`, `HTTPS_PROXY`, `https_proxy`.
    pub(super) fn of_key(key: &str) -> Option<(Self, bool)> {
        let plain = key.replace(['_', '-'], "");
        let var =
            Self::ALL.into_iter().find(|var| var.name().replace('_', "").eq_ignore_ascii_case(&plain))?;
        Some((var, key.contains('_') && key.bytes().all(|byte| !byte.is_ascii_uppercase())))
    }
}

/// What a variable is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, and where it stands.
    Text(String, Place),
    /// A key of a secret or the like, by the words for it.
    Reference(String),
}

/// A variable with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) var: Var,
    /// Whether the name is in lower case, which clients try in another order.
    pub(super) lower: bool,
    pub(super) value: Value,
    /// Where the name stands.
    pub(super) name: Place,
}

/// The variables of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stated {
    /// `Deployment/agent agent`; empty for a file of variables.
    pub(super) who: String,
    /// Its variables, as they are written.
    pub(super) settings: Vec<Setting>,
}

impl Stated {
    /// What it says, whoever says it: values by name. Two that are the same mean the same.
    pub(super) fn says(&self) -> Vec<(Var, bool, &str)> {
        let mut says: Vec<(Var, bool, &str)> = self
            .settings
            .iter()
            .map(|setting| match &setting.value {
                Value::Text(text, _) => (setting.var, setting.lower, text.as_str()),
                Value::Reference(words) => (setting.var, setting.lower, words.as_str()),
            })
            .collect();
        says.sort_unstable();
        says
    }
}

/// The form of a text, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    Manifest,
}

/// Reports whether a text sets any of the variables.
pub(super) fn recognizes(source: &Source) -> bool {
    form(source.text()).is_some()
}

/// Every place of a text that sets variables.
pub(super) fn read(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Stated> {
    match form(source.text()) {
        Some(Form::Lines) => lines::read(source, findings),
        Some(Form::Manifest) => manifest::read(source, findings),
        None => Vec::new(),
    }
}

fn form(text: &str) -> Option<Form> {
    // A catalog says where variables go, and sets none.
    if text.lines().any(|line| line.starts_with("schema: egressor/")) {
        return None;
    }
    text.lines().find_map(|line| {
        let line = line.trim_start_matches('\u{FEFF}').trim_start();
        if line.starts_with('#') {
            return None;
        }
        if lines::is_assignment(line) || lines::is_command(line) {
            return Some(Form::Lines);
        }
        manifest::mentions(line).then_some(Form::Manifest)
    })
}
