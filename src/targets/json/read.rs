//! Reading the file. A key that is not known is an error: it could be one that narrows.

use super::SCHEMA;
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{PeerSet, Set};
use crate::policy::{Action, Direction, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::syntax::json;
use crate::syntax::yaml::{Kind, Node};
use crate::targets::plain::{self, KINDS, PlainRow};
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads files of the schema `egressor/rules/v1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct RulesJson;

impl Importer for RulesJson {
    fn name(&self) -> &'static str {
        "rules-json"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        text.contains(SCHEMA) && {
            let keys = json::keys(text);
            keys.contains(&"schema") && keys.contains(&"scopes")
        }
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut sets: BTreeMap<Scope, RuleSet> = BTreeMap::new();
        for source in sources {
            let read = json::parse(source, Code::ReadSyntax).and_then(|node| {
                let outcome = document(&node, source, &mut sets, &mut findings);
                outcome.map_err(|(message, span)| Finding::new(Code::ReadSyntax, message).at(source, span))
            });
            findings.extend(read.err());
        }
        Imported { policy: Policy::new(sets.into_values().collect()), findings }
    }
}

type Read<T> = Result<T, (String, Span)>;

fn document(
    node: &Node,
    source: &Arc<Source>,
    sets: &mut BTreeMap<Scope, RuleSet>,
    findings: &mut Vec<Finding>,
) -> Read<()> {
    known(node, &["schema", "generated", "scopes"])?;
    let schema = text(node, "schema")?;
    if schema != SCHEMA {
        return Err((format!("`{schema}` is not a schema that is read: {SCHEMA} is"), node.span));
    }
    for node in nodes(node, "scopes")? {
        let (scope, mut set) = scope(node)?;
        for rule in nodes(node, "rules")? {
            let place = Place { source: Arc::clone(source), span: rule.span };
            let row = row(rule)?;
            match plain::matches(&row) {
                Ok(matches) => set.rules.push(Rule {
                    action: Action::Allow,
                    matches,
                    traffic: Traffic::New,
                    unmodelled: Vec::new(),
                    origin: Origin::File(place),
                }),
                Err(why) => findings.push(Finding::new(Code::ReadRefused, why).at(source, rule.span)),
            }
        }
        if sets.insert(scope.clone(), set).is_some() {
            return Err((format!("the scope {scope} is given twice"), node.span));
        }
    }
    Ok(())
}

fn scope(node: &Node) -> Read<(Scope, RuleSet)> {
    known(node, &["scope", "direction", "covers", "rules"])?;
    let word = text(node, "direction")?;
    let direction = [Direction::Egress, Direction::Ingress].into_iter().find(|it| it.as_str() == word);
    let direction = direction.ok_or_else(|| (format!("`{word}` is no direction"), node.span))?;
    let scope = Scope { name: text(node, "scope")?.to_owned(), direction };
    let mut universe = PeerSet::default();
    for word in texts(node, "covers")? {
        let kind = plain::kind(&word)
            .ok_or_else(|| (format!("`{word}` is no kind of peers: {} are", KINDS.join(", ")), node.span))?;
        universe = universe.union(&kind);
    }
    let set = RuleSet {
        scope: scope.clone(),
        subject: Subject::Host,
        universe,
        rules: Vec::new(),
        default: Action::Deny,
    };
    Ok((scope, set))
}

fn row(node: &Node) -> Read<PlainRow> {
    known(
        node,
        &[
            "action",
            "source",
            "cidrs",
            "names",
            "except_names",
            "groups",
            "except_groups",
            "protocol",
            "ports",
            "icmp",
            "endpoint",
            "reason",
            "owner",
            "ticket",
            "expires",
        ],
    )?;
    let action = text(node, "action")?;
    if action != "allow" {
        return Err((format!("`{action}` is no action: rules allow, and the rest is denied"), node.span));
    }
    let some = |key: &str| match node.get(key) {
        None => Ok(Vec::new()),
        Some(list) => match texts(node, key)? {
            // An empty list could be meant as nothing, and read as everything.
            items if items.is_empty() => Err((format!("the list `{key}` is empty"), list.span)),
            items => Ok(items),
        },
    };
    Ok(PlainRow {
        source: some("source")?,
        cidrs: some("cidrs")?,
        names: some("names")?,
        except_names: some("except_names")?,
        groups: some("groups")?,
        except_groups: some("except_groups")?,
        protocol: text(node, "protocol")?.to_owned(),
        ports: some("ports")?,
        icmp: some("icmp")?,
        ..PlainRow::default()
    })
}

/// Refuses keys that have no meaning here.
fn known(node: &Node, keys: &[&str]) -> Read<()> {
    let Kind::Mapping(entries) = &node.kind else {
        return Err(("an object is expected".to_owned(), node.span));
    };
    match entries.iter().find(|(key, _)| !keys.contains(&key.name.as_str())) {
        None => Ok(()),
        Some((key, _)) => Err((format!("the key `{}` is not known", key.name), key.span)),
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Read<&'n str> {
    node.get(key).and_then(Node::as_str).ok_or_else(|| (format!("a text `{key}` is expected"), node.span))
}

fn nodes<'n>(node: &'n Node, key: &str) -> Read<&'n [Node]> {
    match node.get(key).map(|list| &list.kind) {
        Some(Kind::Sequence(items)) => Ok(items),
        _ => Err((format!("a list `{key}` is expected"), node.span)),
    }
}

fn texts(node: &Node, key: &str) -> Read<Vec<String>> {
    let text = |item: &Node| {
        let text = item.as_str().map(str::to_owned);
        text.ok_or_else(|| (format!("`{key}` is a list of texts"), item.span))
    };
    nodes(node, key)?.iter().map(text).collect()
}
