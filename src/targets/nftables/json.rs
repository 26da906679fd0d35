//! The JSON of `nft -j list ruleset`: the same ruleset, its expressions as objects.

use super::json_expression::{statement, verdict, words};
use super::model::{Base, Line, NamedSet, Ruleset, TableFamily};
use super::text::COMES_AND_GOES;
use super::token::{Kind, Token};
use crate::diag::{Code, Finding, Source, Span};
use crate::syntax::json;
use crate::syntax::yaml::{self, Node};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reports whether a text is such a ruleset.
pub(super) fn recognizes(text: &str) -> bool {
    text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{')
        && json::keys(text).contains(&"nftables")
}

/// The ruleset of a file. What is not understood is a finding, and an error.
pub(super) fn parse(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Ruleset<'static> {
    let mut ruleset = Ruleset::new(source);
    let read = json::parse(source, Code::ReadSyntax).and_then(|node| {
        let outcome = objects(&node, &mut ruleset);
        outcome.map_err(|(message, span)| Finding::new(Code::ReadSyntax, message).at(source, span))
    });
    if let Err(finding) = read {
        // What stands before would be taken for the whole.
        ruleset.remove(None);
        findings.push(finding);
    }
    ruleset
}

type Read<T> = Result<T, (String, Span)>;

/// A piece of a rule for a part of the JSON.
pub(super) fn token(text: impl Into<String>, kind: Kind, node: &Node) -> Token<'static> {
    Token { text: Cow::Owned(text.into()), kind, span: node.span }
}

/// The only key of an object, and what it holds.
pub(super) fn only(node: &Node) -> Option<(&str, &Node)> {
    match &node.kind {
        yaml::Kind::Mapping(entries) => match entries.as_slice() {
            [(key, value)] => Some((key.name.as_str(), value)),
            _ => None,
        },
        _ => None,
    }
}

/// The items of a list; none when it is no list.
pub(super) fn list(node: &Node) -> Option<&[Node]> {
    match &node.kind {
        yaml::Kind::Sequence(items) => Some(items),
        _ => None,
    }
}

fn objects<'a>(node: &Node, ruleset: &mut Ruleset<'a>) -> Read<()> {
    let all =
        node.get("nftables").and_then(list).ok_or(("a list `nftables` is expected".to_owned(), node.span))?;
    let mut rules: BTreeMap<(TableFamily, String, String), Vec<Line<'a>>> = BTreeMap::new();
    for item in all {
        let Some((kind, object)) = only(item) else {
            return Err(("one object is expected".to_owned(), item.span));
        };
        match kind {
            "metainfo" | "counter" | "quota" | "limit" | "ct helper" | "ct timeout" | "ct expectation"
            | "flowtable" | "synproxy" | "secmark" => {}
            "table" => {
                let (family, name) = (family(object)?, text(object, "name")?);
                let flags = object.get("flags").map(words).unwrap_or_default();
                let Some(table) = ruleset.table(family, name, object.span) else { continue };
                table.is_dormant = flags.iter().any(|flag| flag.text == "dormant");
            }
            "chain" => chain(object, ruleset)?,
            "set" | "map" => set(object, ruleset)?,
            "element" => {
                return Err(("elements outside of their set are not followed".to_owned(), object.span));
            }
            "rule" => {
                let key =
                    (family(object)?, text(object, "table")?.to_owned(), text(object, "chain")?.to_owned());
                rules.entry(key).or_default().push(rule(object)?);
            }
            other => {
                return Err((format!("`{other}` is not a part of a ruleset that is followed"), item.span));
            }
        }
    }
    for ((family, table, chain), lines) in rules {
        let span = lines.first().map(|line| line.span).unwrap_or_default();
        let found = ruleset.table(family, &table, span).filter(|table| table.index.contains_key(&chain));
        let Some(chain) = found.and_then(|table| table.chain(&chain, span)) else {
            return Err((format!("a rule of the chain `{chain}`, which is not there"), span));
        };
        chain.rules.extend(lines);
    }
    Ok(())
}

fn text<'n>(object: &'n Node, key: &str) -> Read<&'n str> {
    let value = object.get(key).and_then(Node::as_str);
    value.ok_or_else(|| (format!("a text `{key}` is expected"), object.span))
}

fn family(object: &Node) -> Read<TableFamily> {
    let name = text(object, "family")?;
    TableFamily::of(name).ok_or_else(|| (format!("`{name}` is not a family of tables"), object.span))
}

fn chain(object: &Node, ruleset: &mut Ruleset<'_>) -> Read<()> {
    let (family, table, name) = (family(object)?, text(object, "table")?, text(object, "name")?);
    let hangs = object.get("type").is_some() || object.get("hook").is_some();
    let base = if hangs {
        let drops = match object.get("policy").map(|policy| (policy.as_str(), policy.span)) {
            None | Some((Some("accept"), _)) => false,
            Some((Some("drop"), _)) => true,
            Some((_, span)) => return Err(("the policy accept or drop is expected".to_owned(), span)),
        };
        let (kind, hook) = (text(object, "type")?.to_owned(), text(object, "hook")?.to_owned());
        Some(Base { kind, hook, drops, span: object.span })
    } else {
        None
    };
    if let Some(chain) =
        ruleset.table(family, table, object.span).and_then(|table| table.chain(name, object.span))
    {
        chain.base = base;
    }
    Ok(())
}

fn set(object: &Node, ruleset: &mut Ruleset<'_>) -> Read<()> {
    let (family, table, name) = (family(object)?, text(object, "table")?, text(object, "name")?);
    let flags = object.get("flags").map(words).unwrap_or_default();
    let comes_and_goes = flags.iter().any(|flag| flag.text == "timeout" || flag.text == "dynamic");
    let mut set = NamedSet { elements: Vec::new(), doubt: comes_and_goes.then_some(COMES_AND_GOES) };
    if let Some(elements) = object.get("elem") {
        let elements = list(elements).ok_or(("a list of elements is expected".to_owned(), elements.span))?;
        set.elements = self::elements(elements);
    }
    if let Some(table) = ruleset.table(family, table, object.span) {
        table.sets.insert(name.to_owned(), set);
    }
    Ok(())
}

/// The elements of a set, or the pairs of a map.
pub(super) fn elements(nodes: &[Node]) -> Vec<Token<'static>> {
    let mut tokens = Vec::new();
    for node in nodes {
        if !tokens.is_empty() {
            tokens.push(token(",", Kind::Sign, node));
        }
        match list(node) {
            Some([key, data]) => {
                tokens.extend(words(key));
                tokens.push(token(":", Kind::Sign, data));
                tokens.extend(verdict(data).unwrap_or_else(|| words(data)));
            }
            _ => tokens.extend(words(node)),
        }
    }
    tokens
}

fn rule(object: &Node) -> Read<Line<'static>> {
    let expressions = object.get("expr").and_then(list);
    let expressions = expressions.ok_or(("a list `expr` is expected".to_owned(), object.span))?;
    let tokens = expressions.iter().flat_map(statement).collect();
    Ok(Line { tokens, span: object.span })
}
