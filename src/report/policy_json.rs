//! What rules mean, as JSON: `egressor/policy/v1`.

use super::{FindingJson, OriginJson, RowJson};
use crate::diag::{Finding, mask_secrets};
use crate::packet::{Limit, PacketSet, Row};
use crate::policy::{Action, Origin, Policy, Rule, RuleSet, ScopeTooLarge, Traffic};
use serde::Serialize;
use std::collections::BTreeSet;

/// The document for a rule file.
#[derive(Debug, Serialize)]
pub struct PolicyJson<'a> {
    schema: &'static str,
    source: &'a str,
    format: &'a str,
    scopes: Vec<ScopeJson<'a>>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ScopeJson<'a> {
    scope: &'a str,
    direction: &'static str,
    exact: bool,
    allows: BoundsJson,
    unmodelled: Vec<UnmodelledJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    return_traffic: Vec<OriginJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    loopback: Vec<OriginJson>,
}

#[derive(Debug, Serialize)]
struct BoundsJson {
    at_least: Vec<RowJson>,
    at_most: Vec<RowJson>,
}

#[derive(Debug, Serialize)]
struct UnmodelledJson<'a> {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    why: &'a str,
}

impl<'a> PolicyJson<'a> {
    /// The document of a policy that was read from `source` in the format of that name.
    /// Rules that combine to more cases than the limit are an error.
    pub fn new(
        source: &'a str,
        format: &'a str,
        policy: &'a Policy,
        findings: &'a [Finding],
        limit: Limit,
    ) -> Result<Self, ScopeTooLarge> {
        let scopes = policy.sets.iter().map(|set| ScopeJson::new(set, limit));
        Ok(Self {
            schema: "egressor/policy/v1",
            source,
            format,
            scopes: scopes.collect::<Result<_, _>>()?,
            findings: findings.iter().map(FindingJson::from).collect(),
        })
    }
}

impl<'a> ScopeJson<'a> {
    fn new(set: &'a RuleSet, limit: Limit) -> Result<Self, ScopeTooLarge> {
        let allows = set.allows_within(limit)?;
        let apart = |traffic: Traffic| {
            set.rules
                .iter()
                .filter(|rule| rule.traffic == traffic)
                .map(|rule| OriginJson::from(&rule.origin))
                .collect()
        };
        Ok(Self {
            scope: &set.scope.name,
            direction: set.scope.direction.as_str(),
            exact: allows.is_exact(),
            allows: BoundsJson {
                at_least: rows(set, &allows.at_least, Action::Deny, limit)?,
                at_most: rows(set, &allows.at_most, Action::Allow, limit)?,
            },
            unmodelled: set.rules.iter().flat_map(unmodelled).collect(),
            return_traffic: apart(Traffic::Return),
            loopback: apart(Traffic::Loopback),
        })
    }
}

fn unmodelled(rule: &Rule) -> impl Iterator<Item = UnmodelledJson<'_>> {
    let line = match &rule.origin {
        Origin::File(place) => Some(place.source.line_column(place.span.start).0),
        Origin::Endpoint(_) | Origin::Implied(_) | Origin::System(_) => None,
    };
    rule.unmodelled.iter().map(move |match_| UnmodelledJson {
        text: mask_secrets(&match_.text),
        line,
        why: &match_.why,
    })
}

/// The rows of a set, each with the allowing rules that decide some packet of it.
fn rows(
    set: &RuleSet,
    packets: &PacketSet,
    doubt: Action,
    limit: Limit,
) -> Result<Vec<RowJson>, ScopeTooLarge> {
    let rows = packets.rows();
    let of_rows: Vec<PacketSet> = rows.iter().map(Row::packets).collect();
    let rule = |decision: u32| set.rules.get(usize::try_from(decision).ok()?.checked_sub(1)?);
    let allowing = |decision: &u32| rule(*decision).filter(|rule| rule.action == Action::Allow);
    let origins = |decisions: &BTreeSet<u32>| {
        decisions.iter().filter_map(allowing).map(|rule| OriginJson::from(&rule.origin)).collect()
    };
    let deciding = set.deciding(&of_rows, Some(doubt), limit).map_err(|size| set.too_large(size))?;
    Ok(rows.iter().zip(deciding).map(|(row, decisions)| RowJson::new(row, origins(&decisions))).collect())
}
