//! The schemas and the loaders agree: what one accepts the other accepts. Every key of every kind of file is damaged in
//! many ways, and the verdict of an independent validator is compared with that of the loader.

use crate::never_wider::{Way, damages, keys};
use crate::projects::{OVERLAY, PROJECT, overlaid, tree};
use crate::shipped::json;
use egressor::artifact::{Artifact, manifest_schema};
use egressor::catalog::{SHIPPED, from_tree, overlay_schema, schema};
use egressor::diag::{Code, Finding, Source};
use egressor::project::{self, project_schema};
use egressor::reader::{answer, answer_schema, question_schema};
use egressor::syntax::yaml::{Key, Kind, Node};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a loader may refuse although the schema accepts it: the code, words of the message, and why the schema does not
/// say it.
const DIFFER: &[(Code, &str, &str)] = &[
    (Code::CatalogReference, "", "a schema does not follow references"),
    (Code::CatalogFamily, "", "a family is known from the address"),
    (Code::SelectionUnknown, "", "environments are named elsewhere in the file"),
    (Code::CatalogMissingKey, "goes with", "two keys that must both be there"),
    (Code::CatalogMissingKey, "is needed, there are", "one of several keys must be there"),
    (Code::CatalogMissingKey, " needs `", "the value of one key decides about another"),
    (Code::CatalogMissingKey, "a shared host needs", "the value of one key decides about another"),
    (Code::CatalogMissingKey, "names no host for the region", "the regions are named elsewhere in the file"),
    (Code::CatalogMissingKey, "which does not name it", "two entries of the file that must name each other"),
    (Code::CatalogValue, "is not a valid host name", "the rules of IDNA are no pattern"),
    (Code::CatalogValue, "is not a Kubernetes label", "the part before a slash is a host name"),
    (Code::CatalogValue, "the selector names no application", "one of several labels must be there"),
    (Code::CatalogValue, "host bits", "bits of an address are no pattern"),
    (Code::CatalogValue, "is not an IP address", "the short forms of an address are no pattern"),
    (Code::CatalogValue, "is not a prefix length", "the length depends on the family"),
    (Code::CatalogValue, "none of the files", "the files are not in the answer"),
    (Code::CatalogValue, "and no line", "the files are not in the answer"),
    (Code::CatalogValue, "is not a protocol", "numbers and names of protocols are a table"),
    (Code::CatalogValue, "has no such ports or types", "the protocol decides about ports and types"),
    (Code::CatalogValue, "no peer is left", "what is taken out is not subtracted"),
    (Code::CatalogValue, "runs backwards", "two numbers are not compared"),
    (Code::CatalogValue, "is not a service tag", "the length and the signs of a tag are Azure's"),
    (Code::CatalogValue, "the digest of the service tag", "a schema does not compute digests"),
];

/// Names below these keys are the user's own.
const TABLES: [&str; 9] =
    ["regions", "hosts", "components", "features", "ip_sets", "sources", "variables", "env", "selector"];

/// A kind of file: its schema, and what its loader finds wrong.
struct Kinded {
    name: &'static str,
    schema: Value,
    load: fn(&Node) -> Vec<Finding>,
    trees: Vec<Node>,
}

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("mutant", text))
}

fn catalog(root: &Node) -> Vec<Finding> {
    from_tree(root, &source("")).1
}

fn overlay(root: &Node) -> Vec<Finding> {
    overlaid(root).err().unwrap_or_default()
}

fn project(root: &Node) -> Vec<Finding> {
    project::from_tree(root, &source(""), None).1
}

fn manifest(root: &Node) -> Vec<Finding> {
    let templates = vec![("a.tera".to_owned(), source("x\n"))];
    Artifact::load(&source(&json(root).to_string()), templates).err().unwrap_or_default()
}

fn answered(root: &Node) -> Vec<Finding> {
    let file = Arc::new(Source::new("a", "one\ntwo\n"));
    answer(&source(&json(root).to_string()), &[file]).err().unwrap_or_default()
}

const MANIFEST: &str = "{schema: egressor/artifact/v1, name: own, summary: A list, peers: addresses, family: ipv4, \
    scoping: host, ingress: false, needs: [dns], comment: '#', value: word, files: [{path: a.txt, template: a.tera}], \
    reader: list, list: {entry: 'allow {peer};', closing: deny all;, services: [443/tcp, 8000-8100/udp]}}";

const ANSWER: &str = "{schema: egressor/answer/v1, format: mine, findings: [{severity: note, message: hm, help: look, \
    place: {file: a, line: 1}}], scopes: [{scope: s, direction: egress, covers: [ipv4, ipv6, names, groups], \
    default: deny, rules: [{action: allow, place: {file: a, line: 2}, traffic: new, source: [10.0.0.0/8], \
    cidrs: [192.0.2.0/24, '2001:db8::/32'], protocol: tcp, ports: ['443', 8000-8100], unmodelled: [{text: on em0, why: x}]}, \
    {action: deny, place: {file: a, line: 2}, names: ['.x.example'], except_names: [=a.x.example], protocol: any}, \
    {action: deny, place: {file: a, line: 2}, groups: ['*'], except_groups: [g], protocol: icmp, icmp: ['8', 3/1]}]}]}";

fn kinds() -> Vec<Kinded> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |name: &str| tree(&std::fs::read_to_string(root.join(name)).expect(name));
    let mut shipped: Vec<&str> = SHIPPED.iter().map(|(_, text)| *text).collect();
    // A key that stands in several is damaged in the shortest.
    shipped.sort_by_key(|text| text.len());
    vec![
        Kinded {
            name: "catalog",
            schema: schema(),
            load: catalog,
            trees: shipped.into_iter().map(tree).collect(),
        },
        Kinded {
            name: "overlay",
            schema: overlay_schema(),
            load: overlay,
            trees: vec![tree(OVERLAY), file("examples/04_project/overlays/platform.yaml")],
        },
        Kinded { name: "project", schema: project_schema(), load: project, trees: vec![tree(PROJECT)] },
        Kinded { name: "manifest", schema: manifest_schema(), load: manifest, trees: vec![tree(MANIFEST)] },
        Kinded { name: "answer", schema: answer_schema(), load: answered, trees: vec![tree(ANSWER)] },
    ]
}

/// The keys on a way, with `*` for names of the user's own: what a schema sees of it.
fn path(tree: &Node, way: &[usize]) -> String {
    let (mut at, mut path, mut own) = (tree, String::new(), false);
    for index in way {
        at = match &at.kind {
            Kind::Mapping(entries) => {
                let name = if own { "*" } else { entries[*index].0.name.as_str() };
                path.extend([".", name]);
                own = !own && TABLES.contains(&name);
                &entries[*index].1
            }
            Kind::Sequence(items) => {
                path.push_str("[]");
                own = false;
                &items[*index]
            }
            other => panic!("{other:?} has no parts"),
        };
    }
    path
}

fn at<'a>(tree: &'a mut Node, way: &[usize]) -> &'a mut Node {
    way.iter().fold(tree, |node, index| match &mut node.kind {
        Kind::Mapping(entries) => &mut entries[*index].1,
        Kind::Sequence(items) => &mut items[*index],
        other => panic!("{other:?} has no parts"),
    })
}

/// The ways to all items of lists.
fn items(node: &Node, here: &mut Way, all: &mut Vec<Way>) {
    let (children, is_list): (Vec<&Node>, bool) = match &node.kind {
        Kind::Mapping(entries) => (entries.iter().map(|(_, value)| value).collect(), false),
        Kind::Sequence(items) => (items.iter().collect(), true),
        _ => (Vec::new(), false),
    };
    for (index, child) in children.into_iter().enumerate() {
        here.push(index);
        if is_list {
            all.push(here.clone());
        }
        items(child, here, all);
        here.pop();
    }
}

/// More ways to damage the value of a key: by what it is.
fn more(original: &Node, way: &[usize]) -> Vec<(String, Node)> {
    let mut out = Vec::new();
    let mut put = |what: String, kind: Kind| {
        let mut tree = original.clone();
        at(&mut tree, way).kind = kind;
        out.push((what, tree));
    };
    let value = at(&mut original.clone(), way).clone();
    match &value.kind {
        Kind::String(text) => {
            for other in [
                format!("{text}x"),
                format!(" {text}"),
                format!("{text}\n"),
                format!("{text}  {text}"),
                format!("{text}\u{202e}"),
                text.to_uppercase(),
                "a".repeat(300),
                "0".to_owned(),
                "*".to_owned(),
                "70000/tcp".to_owned(),
                "443-80/tcp".to_owned(),
                "0443".to_owned(),
                "256".to_owned(),
                "2026-13-01".to_owned(),
                "192.0.2.1/24".to_owned(),
                "192.0.2.0/33".to_owned(),
                "192.0.2.0/24".to_owned(),
                "2001:db8::/64".to_owned(),
                "é".to_owned(),
            ] {
                put(format!("{other:?} instead"), Kind::String(other));
            }
        }
        Kind::Integer(_) => {
            for number in [-1, 0, 70_000] {
                put(format!("{number} instead"), Kind::Integer(number));
            }
        }
        Kind::Sequence(items) => {
            let last = items.last().cloned();
            put("an item twice".to_owned(), Kind::Sequence(items.iter().cloned().chain(last).collect()));
            let number = Node { kind: Kind::Integer(7), ..value.clone() };
            put(
                "a number among the items".to_owned(),
                Kind::Sequence([items.as_slice(), &[number]].concat()),
            );
        }
        Kind::Mapping(entries) => {
            let key = Key { span: value.span, name: "Not Known".to_owned() };
            let entry = (key, Node { kind: Kind::String("x".to_owned()), ..value.clone() });
            put("an unknown key".to_owned(), Kind::Mapping([entries.as_slice(), &[entry]].concat()));
        }
        Kind::Null | Kind::Bool(_) | Kind::Float(_) => {}
    }
    out
}

#[test]
fn schema_and_loader_agree_on_every_damage_to_every_key() {
    let (mut wrong, mut tried, mut refused) = (BTreeSet::new(), 0, 0);
    let mut used = BTreeSet::new();
    for kind in kinds() {
        let validator = jsonschema::validator_for(&kind.schema).expect("the schema is a schema");
        let mut seen = BTreeSet::new();
        for original in &kind.trees {
            let errors: Vec<String> =
                validator.iter_errors(&json(original)).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", kind.name);
            assert!(
                !(kind.load)(original).iter().any(Finding::is_error),
                "{}: {:?}",
                kind.name,
                (kind.load)(original)
            );
            let mut ways = Vec::new();
            keys(original, &mut Way::new(), &mut ways);
            let of_keys = ways.len();
            items(original, &mut Way::new(), &mut ways);
            for (number, way) in ways.into_iter().enumerate() {
                if !seen.insert(path(original, &way)) {
                    continue;
                }
                let damaged = if number < of_keys { damages(original, &way) } else { Vec::new() };
                let about = format!("{}{}", kind.name, path(original, &way));
                for (what, mutant) in damaged.into_iter().chain(more(original, &way)) {
                    tried += 1;
                    let findings: Vec<Finding> =
                        (kind.load)(&mutant).into_iter().filter(Finding::is_error).collect();
                    let accepted = validator.is_valid(&json(&mutant));
                    refused += usize::from(!accepted);
                    if !accepted && findings.is_empty() {
                        wrong.insert(format!("only the schema refuses: {about}: {what}"));
                    }
                    let code = |finding: &Finding| match finding.code {
                        // The declarations are those of catalogs under another name.
                        Code::ReaderAnswer => Code::CatalogValue,
                        code => code,
                    };
                    let differs = |finding: &Finding| {
                        let mut known = DIFFER.iter();
                        known.position(|(of, words, _)| {
                            code(finding) == *of && finding.message.contains(words)
                        })
                    };
                    used.extend(findings.iter().filter(|_| accepted).filter_map(differs));
                    if let (true, Some(finding)) =
                        (accepted, findings.iter().find(|it| differs(it).is_none()))
                    {
                        wrong.insert(format!(
                            "only the loader refuses: {about}: {what}: {}: {}",
                            finding.code, finding.message
                        ));
                    }
                }
            }
        }
    }
    assert!(tried > 4_000 && refused > tried / 2, "{refused} of {tried}");
    let list: Vec<&String> = wrong.iter().collect();
    assert!(wrong.is_empty(), "{} of {tried}:\n{list:#?}", wrong.len());
    let idle: Vec<_> = DIFFER.iter().enumerate().filter(|(at, _)| !used.contains(at)).collect();
    assert!(idle.is_empty(), "nothing differs so any more: {idle:?}");
}

/// The places in a schema where a key is declared without a description.
fn silent(schema: &Value, at: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if let ("properties", Value::Object(properties)) = (key.as_str(), value) {
                    for (name, property) in properties {
                        let has =
                            property["description"].as_str().is_some_and(|text| !text.trim().is_empty());
                        if !has && property.get("const").is_none() {
                            found.push(format!("{at}.{name}"));
                        }
                        silent(property, &format!("{at}.{name}"), found);
                    }
                } else {
                    silent(value, at, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| silent(item, at, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_every_schema_for_files_has_a_description() {
    let own =
        [schema(), overlay_schema(), project_schema(), manifest_schema(), question_schema(), answer_schema()];
    for schema in own {
        assert!(schema["description"].is_string(), "{}", schema["title"]);
        let mut found = Vec::new();
        silent(&schema, "", &mut found);
        assert_eq!(found, Vec::<String>::new(), "{}", schema["title"]);
    }
}

#[test]
fn what_an_external_reader_gets_is_what_its_schema_says() {
    let validator = jsonschema::validator_for(&question_schema()).expect("the schema is a schema");
    let files = [Source::new("a \"b\"", "x\u{0}\n\u{202e}"), Source::new("c", "")].map(Arc::new);
    let question: Value = serde_json::from_str(&egressor::reader::question(&files)).expect("JSON");
    assert!(validator.is_valid(&question), "{question}");
    assert_eq!(question["files"][0]["text"], "x\u{0}\n\u{202e}");
    for key in ["schema", "files"] {
        let mut less = question.clone();
        less.as_object_mut().expect("an object").remove(key);
        assert!(!validator.is_valid(&less), "{key}");
    }
}
