//! A rule group as a file states it, whatever its form.

use crate::diag::Place;
use crate::syntax::suricata::{Setting, Statement, read};
use std::collections::BTreeMap;

/// A stateful rule group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// What it is called.
    pub(super) name: String,
    /// What it says.
    pub(super) source: Source,
    /// Reports whether rules are tried in the order in which they are written.
    pub(super) strict: bool,
    /// `HOME_NET` and other sets of addresses and ports, as far as they are known.
    pub(super) variables: BTreeMap<String, Option<Vec<String>>>,
    /// What decides whether the group exists, where that is not known.
    pub(super) conditions: Vec<String>,
    /// Where it was read.
    pub(super) place: Place,
}

/// What a group says.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A domain list.
    Domains(Domains),
    /// Rules, each with its place in words.
    Rules(Vec<(String, Result<Statement, String>)>),
    /// An expression that only Terraform can compute.
    Unknown(String),
}

/// A domain list.
#[derive(Debug, Clone, Default)]
pub(super) struct Domains {
    /// The domains that are known.
    pub(super) targets: Vec<String>,
    /// Expressions for domains that are not.
    pub(super) unknown: Vec<String>,
    /// `TLS_SNI`, `HTTP_HOST`.
    pub(super) kinds: Vec<String>,
    /// `ALLOWLIST`, `DENYLIST` and others.
    pub(super) verdict: String,
}

/// The rules of a text.
pub(super) fn rules(text: &str) -> Source {
    let named = |(line, rule): (usize, _)| (format!("rule in line {line}"), rule);
    Source::Rules(read(text).into_iter().map(named).collect())
}

/// The parts of a rule that is stated field by field: action, protocol, source, its port, direction, destination, its port.
pub(super) type Fields = [String; 7];

/// A rule that is stated field by field.
pub(super) fn statement(fields: Fields, options: Vec<(String, Vec<String>)>) -> Result<Statement, String> {
    let [action, protocol, source, source_port, direction, destination, destination_port] = fields;
    let arrow = match direction.as_str() {
        "FORWARD" => "->",
        "ANY" => "<>",
        _ => return Err(format!("`{direction}` is no direction: `FORWARD` or `ANY` is needed")),
    };
    let any = |text: String| if text.eq_ignore_ascii_case("any") { "any".to_owned() } else { text };
    let setting = |(name, values): (String, Vec<String>)| {
        let value = values.join(",");
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(str::to_owned);
        Setting { name, quoted: inner.is_some(), value: inner.unwrap_or(value) }
    };
    Ok(Statement {
        action: action.to_ascii_lowercase(),
        protocol: protocol.to_ascii_lowercase(),
        source: any(source),
        source_port: any(source_port),
        arrow: arrow.to_owned(),
        destination: any(destination),
        destination_port: any(destination_port),
        options: options.into_iter().map(setting).collect(),
    })
}
