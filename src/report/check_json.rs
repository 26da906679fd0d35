//! The answer to a question as JSON: `egressor/check/v1`.

use super::{FindingJson, OriginJson, RowJson};
use crate::diag::{Finding, mask_secrets};
use crate::packet::{AddrSet, PacketSet};
use crate::policy::{Action, Origin, Scope, Unmodelled};
use serde::Serialize;

/// The document for a question.
#[derive(Debug, Serialize)]
pub struct CheckJson<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<String>,
    source: &'a str,
    format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    scopes: Vec<AnswerJson<'a>>,
    findings: Vec<FindingJson<'a>>,
}

/// The answer of one scope.
#[derive(Debug, Serialize)]
pub struct AnswerJson<'a> {
    scope: &'a str,
    direction: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<String>>,
    allowed: Vec<RowJson>,
    possible: Vec<RowJson>,
    denied: Vec<RowJson>,
    deciding: Vec<DecidingJson<'a>>,
    notes: &'a [String],
}

/// A rule or a default that decides.
#[derive(Debug, Serialize)]
pub struct DecidingJson<'a> {
    action: &'static str,
    certain: bool,
    origin: OriginJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    unmodelled: Vec<ConditionJson<'a>>,
    rows: Vec<RowJson>,
}

#[derive(Debug, Serialize)]
struct ConditionJson<'a> {
    text: String,
    why: &'a str,
}

impl<'a> CheckJson<'a> {
    /// The document of an answer about `source`, which is in the format of that name.
    pub fn new(
        question: Option<String>,
        (source, format): (&'a str, &'a str),
        verdict: Option<&'static str>,
        scopes: Vec<AnswerJson<'a>>,
        findings: &'a [Finding],
    ) -> Self {
        let findings = findings.iter().map(FindingJson::from).collect();
        Self { schema: "egressor/check/v1", question, source, format, verdict, scopes, findings }
    }
}

impl<'a> AnswerJson<'a> {
    /// The answer of a scope. `parts` are what is allowed, possible and denied.
    pub fn new(
        scope: &'a Scope,
        verdict: &'static str,
        addresses: Option<&AddrSet>,
        parts: [&PacketSet; 3],
        deciding: Vec<DecidingJson<'a>>,
        notes: &'a [String],
    ) -> Self {
        let [allowed, possible, denied] = parts.map(rows);
        let addresses =
            addresses.map(|addresses| addresses.prefixes().iter().map(ToString::to_string).collect());
        let (name, direction) = (scope.name.as_str(), scope.direction.as_str());
        Self { scope: name, direction, verdict, addresses, allowed, possible, denied, deciding, notes }
    }
}

impl<'a> DecidingJson<'a> {
    /// What a rule does with these packets.
    pub fn new(
        action: Action,
        certain: bool,
        origin: &'a Origin,
        unmodelled: &'a [Unmodelled],
        packets: &PacketSet,
    ) -> Self {
        let action = match action {
            Action::Allow => "allow",
            Action::Deny => "deny",
        };
        let purpose = match origin {
            Origin::Endpoint(why) => Some(why.purpose.as_str()),
            Origin::Implied(_) | Origin::File(_) | Origin::System(_) => None,
        };
        let condition = |condition: &'a Unmodelled| ConditionJson {
            text: mask_secrets(&condition.text),
            why: &condition.why,
        };
        Self {
            action,
            certain,
            origin: OriginJson::from(origin),
            purpose,
            unmodelled: unmodelled.iter().map(condition).collect(),
            rows: rows(packets),
        }
    }
}

fn rows(packets: &PacketSet) -> Vec<RowJson> {
    packets.rows().iter().map(|row| RowJson::new(row, Vec::new())).collect()
}
