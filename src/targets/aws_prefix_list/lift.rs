//! From lists, however they were written down, to what they are meant for.

use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, PeerSet, Prefix};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::clouds::managed_lists::{DIRECTION, SERVICES};
use crate::targets::clouds::terraform::{Stated, found, unknown, unmodelled};
use crate::targets::packet_filters::region::Family;
use crate::targets::told::service_words::read;
use std::collections::BTreeMap;

/// A list as a file states it.
#[derive(Debug, Clone)]
pub(super) struct List {
    /// Its id or address.
    pub(super) name: String,
    /// `IPv4` or `IPv6`.
    pub(super) family: Stated<String>,
    /// The tag that says which way.
    pub(super) direction: Stated<String>,
    /// The tag that says the services.
    pub(super) services: Stated<String>,
    /// The entries; nothing where they are not known.
    pub(super) entries: Option<Vec<(Prefix, Place)>>,
    /// What decides whether the list exists, where that is not known.
    pub(super) conditions: Vec<String>,
    /// Where it was read.
    pub(super) place: Place,
}

/// What lists without tags need to have a meaning.
const NEEDS: &str = "a list has no protocol and no ports, rules that refer to it do: give them, too";

/// What the lists are meant for together. One that does not say so is named and allows nothing: what refers to it
/// decides on its ports.
pub(super) fn lift(lists: &[List], findings: &mut Vec<Finding>) -> Policy {
    let mut sets: BTreeMap<Direction, RuleSet> = BTreeMap::new();
    let is_silent = |list: &List| list.services == Stated::Absent && list.direction == Stated::Absent;
    let alone = lists.iter().all(is_silent);
    for list in lists {
        if is_silent(list) {
            let message = format!("`{}` says no protocol and no ports, and nothing is read of it", list.name);
            let code = if alone { Code::ReadRefused } else { Code::ReadNotCompared };
            findings.push(found(code, message, &list.place).help(NEEDS));
            continue;
        }
        match rules(list) {
            Ok((direction, rules)) => {
                let set = sets.entry(direction).or_insert_with(|| RuleSet {
                    scope: Scope { name: direction.as_str().to_owned(), direction },
                    subject: Subject::Host,
                    universe: PeerSet::all_addrs(),
                    rules: Vec::new(),
                    default: Action::Deny,
                });
                for rule in &rules {
                    findings.extend(rule.unmodelled.iter().map(|part| unmodelled(part, &list.place)));
                }
                set.rules.extend(rules);
            }
            Err((message, place)) => findings.push(found(Code::ReadRefused, message, &place)),
        }
    }
    Policy::new(sets.into_values().collect())
}

/// Which way a list is meant, and the rule of each of its entries; or what is wrong with it, and where.
fn rules(list: &List) -> Result<(Direction, Vec<Rule>), (String, Place)> {
    let name = &list.name;
    let refuse = |message: String| (message, list.place.clone());
    let direction = match &list.direction {
        Stated::Known(word) => {
            [Direction::Egress, Direction::Ingress].into_iter().find(|way| way.as_str() == word)
        }
        Stated::Absent | Stated::Unknown(_) => None,
    };
    let direction = direction.ok_or_else(|| {
        refuse(format!("the tag `{DIRECTION}` of `{name}` is neither `egress` nor `ingress`"))
    })?;
    let Stated::Known(services) = &list.services else {
        return Err(refuse(format!("`{name}` has no tag `{SERVICES}` that is known")));
    };
    let services = read(services.split_ascii_whitespace())
        .map_err(|why| refuse(format!("the tag `{SERVICES}` of `{name}`: {why}")))?;
    let family = match &list.family {
        Stated::Known(word) if word == "IPv4" => Family::V4,
        Stated::Known(word) if word == "IPv6" => Family::V6,
        Stated::Known(_) | Stated::Absent | Stated::Unknown(_) => {
            return Err(refuse(format!("the address family of `{name}` is neither `IPv4` nor `IPv6`")));
        }
    };
    let conditions: Vec<Unmodelled> =
        list.conditions.iter().map(|text| unknown(text, "it decides whether the list exists")).collect();
    let rule = |addrs: AddrSet, unmodelled: Vec<Unmodelled>, place: &Place| {
        Some(Rule {
            action: Action::Allow,
            matches: Match {
                source: Constraint::Any,
                peer: Constraint::only(PeerSet::from(addrs))?,
                transport: Constraint::only(services.clone())?,
            },
            traffic: Traffic::New,
            unmodelled,
            origin: Origin::File(place.clone()),
        })
    };
    let Some(entries) = &list.entries else {
        let mut unmodelled = conditions;
        unmodelled.push(unknown(
            name,
            "which addresses are meant stands in its entries, and they are not given or not known",
        ));
        return Ok((direction, rule(family.all(), unmodelled, &list.place).into_iter().collect()));
    };
    if let Some((prefix, place)) =
        entries.iter().find(|(prefix, _)| prefix.is_ipv4() != (family == Family::V4))
    {
        let message = format!("`{prefix}` is of the other family than its list `{name}`");
        return Err((message, place.clone()));
    }
    let one = |(prefix, place): &(Prefix, Place)| rule(AddrSet::block(*prefix), conditions.clone(), place);
    Ok((direction, entries.iter().filter_map(one).collect()))
}
