//! Law 3 at the door: a hostile text in every string of every input that a user or a network gives. It is refused with
//! words, or it changes no meaning but that of its own field; it never reaches a terminal or a file as it is.

use crate::common::hostile::{HOSTILE, long};
use egressor::catalog::{Date, Selection};
use egressor::diag::{Code, Source, any_error};
use egressor::ops::{Generated, Request, generate, show};
use egressor::packet::{Hostname, PacketSet, Set};
use egressor::policy::Scope;
use egressor::report::human;
use egressor::syntax::yaml::{Kind, Node, parse};
use egressor::targets::{TARGETS, find};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A catalog with every key that holds a text.
const CATALOG: &str = r#"
schema: egressor/catalog/v1
id: acme
title: Acme
verified: {on: "2026-11-01", method: document-review}
review_after: "2027-02-22"
regions: {us: {title: United States}}
features: {core: {title: Core, default: true}}
components:
  agent: {kind: pods, feature: core, namespace: acme, selector: {app: agent}, host_network: false}
sources: {page: {title: Page, url: "https://docs.example.com/network"}}
endpoints:
  - id: api
    direction: egress
    host: api.example.com
    ports: [443/tcp]
    app: https
    used_by: [agent]
    feature: core
    purpose: "Calls the API"
    sources: [page]
    confidence: documented
    status: active
"#;

const OVERLAY: &str = r#"
schema: egressor/overlay/v1
extends: acme
title: Ours
disable: none
override: [{id: api, key: purpose, value: "Calls our API"}]
set: {owner: team, ticket: NET-1, expires: keep, tags: [ours]}
"#;

const PROJECT: &str = r"
schema: egressor/project/v1
catalogs: [acme.yaml]
overlays: [ours.yaml]
region: us
components: all
features: default
without: none
owner: team
ticket: NET-2
expires: never
lock: egressor.lock
variables: {proxy: unset}
artifacts: [iptables]
";

const LOCK: &str = r#"
version = 1

[[host]]
name = "api.example.com"
cname = ["edge.example.com"]
addresses = [
    { address = "198.51.100.10", first_seen = "2026-03-02T08:00:00Z", last_seen = "2026-11-22T08:00:00Z", published = "https://docs.example.com/network" },
]
"#;

/// Every text that is tried, two hundred and more.
fn hostile() -> Vec<String> {
    let all: Vec<String> = HOSTILE.iter().map(ToString::to_string).chain(long()).collect();
    assert!(all.len() >= 200, "{} texts", all.len());
    all
}

/// A tree as JSON, which is YAML.
fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::from(*value),
        Kind::Integer(value) => Value::from(i64::try_from(*value).expect("a small number")),
        Kind::Float(value) => Value::from(*value),
        Kind::String(text) => Value::from(text.as_str()),
        Kind::Sequence(items) => items.iter().map(json).collect(),
        Kind::Mapping(entries) => {
            entries.iter().map(|(key, value)| (key.name.clone(), json(value))).collect()
        }
    }
}

fn tree(text: &str) -> Value {
    let source = Arc::new(Source::new("t", text));
    json(&parse(&source, Code::CatalogSyntax).expect("YAML")[0])
}

/// The ways to all texts of a tree, as JSON pointers; keys are texts, too, and their ways end in `#`.
fn texts(value: &Value, here: &str, all: &mut Vec<String>) {
    match value {
        Value::String(_) => all.push(here.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| texts(item, &format!("{here}/{at}"), all));
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                let way = format!("{here}/{}", key.replace('~', "~0").replace('/', "~1"));
                all.push(format!("{way}#"));
                texts(item, &way, all);
            }
        }
        _ => {}
    }
}

/// The tree with a text at the end of a way.
fn with(original: &Value, way: &str, text: &str) -> Value {
    let mut tree = original.clone();
    match way.strip_suffix('#') {
        None => *tree.pointer_mut(way).expect("the way leads somewhere") = Value::from(text),
        Some(way) => {
            let (parent, key) = way.rsplit_once('/').expect("a key stands in something");
            let Some(Value::Object(entries)) = tree.pointer_mut(parent) else { panic!("a mapping") };
            let value = entries.remove(key).expect("the key");
            entries.insert(text.to_owned(), value);
        }
    }
    tree
}

/// The inputs of a run in a folder of their own.
struct Inputs(tempfile::TempDir);

impl Inputs {
    fn new() -> Self {
        let inputs = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in [("acme.yaml", CATALOG), ("ours.yaml", OVERLAY), ("egressor.lock", LOCK)] {
            inputs.write(name, text);
        }
        inputs
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is written for every target that needs nothing but this.
    fn generated(&self, settings: &[String]) -> Generated {
        generate(&Request {
            catalogs: vec![self.path("acme.yaml"), self.path("ours.yaml")],
            selection: Selection {
                regions: vec!["us".to_owned()],
                today: "2026-11-23".parse::<Date>().ok(),
                ..Selection::default()
            },
            lock: Some(self.path("egressor.lock")),
            settings: [
                &["proxy_and_direct=yes".to_owned(), "proxy=http://192.0.2.9:3128".to_owned()],
                settings,
            ]
            .concat(),
            targets: TARGETS
                .iter()
                .map(|target| target.name().to_owned())
                .filter(|name| name != "gke-module")
                .collect(),
            ..Request::default()
        })
    }
}

/// What the files of each target mean, read back.
fn meaning(generated: &Generated) -> BTreeMap<(&'static str, Scope), PacketSet> {
    let mut all = BTreeMap::new();
    for target in TARGETS {
        let importer = target.importers()[0];
        let sources: Vec<Arc<Source>> = generated
            .files
            .iter()
            .map(|file| Arc::new(Source::new(file.path.clone(), file.text.clone())))
            .filter(|source| importer.recognizes(source))
            .collect();
        for set in importer.import(&sources).policy.sets {
            all.insert((target.name(), set.scope.clone()), set.allows().at_most);
        }
    }
    all
}

/// Characters that move a cursor, turn text around or cannot be seen.
fn hidden(text: &str) -> Option<char> {
    let bidi = |char| matches!(char, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    text.chars().find(|char| bidi(*char) || (char.is_control() && !matches!(char, '\n' | '\t')))
}

/// Holds a run to the law; says whether anything was written.
fn lawful(generated: &Generated, what: &str) -> bool {
    for finding in &generated.findings {
        let said = human(finding, false);
        assert_eq!(hidden(&said), None, "{what}: a finding shows it as it is: {said:?}");
        // The last net is not what a text of an input may fall into.
        let code = finding.code.as_str();
        let unproven = finding.is_error() && (code.starts_with("verify/") || code.starts_with("template/"));
        assert!(!unproven, "{what}: {said}");
    }
    assert_eq!(generated.files.is_empty(), any_error(&generated.findings), "{what}");
    for file in &generated.files {
        assert_eq!(hidden(&file.text.replace("\r\n", "\n")), None, "{what}: {} shows it as it is", file.path);
    }
    !generated.files.is_empty()
}

/// Tries every text in every field of an input, each alone; those that are free are then tried together, so that every
/// text goes through every target in all of them.
fn attack(name: &str, original: &Value, inputs: &Inputs) {
    let plainly = inputs.generated(&[]);
    assert!(lawful(&plainly, "nothing"), "{:?}", plainly.findings);
    let plain = meaning(&plainly);
    let mut ways = Vec::new();
    texts(original, "", &mut ways);
    let benign = "Some plain words, 1st";
    let (mut free, mut bound) = (Vec::new(), Vec::new());
    for way in ways {
        inputs.write(name, &with(original, &way, benign).to_string());
        let generated = inputs.generated(&[]);
        let is_free = lawful(&generated, &way) && meaning(&generated) == plain;
        if is_free { free.push(way) } else { bound.push(way) }
    }
    assert!(!free.is_empty() && !bound.is_empty(), "{free:?} {bound:?}");
    for text in hostile() {
        let shown: String = text.chars().take(40).collect();
        // All free fields that take the text, at once.
        let mut tree = original.clone();
        for way in &free {
            let tried = with(&tree, way, &text);
            inputs.write(name, &tried.to_string());
            let (_, findings) = read(name, &inputs.path(name));
            if !any_error(&findings) {
                tree = tried;
            }
        }
        inputs.write(name, &tree.to_string());
        let generated = inputs.generated(&[]);
        if lawful(&generated, &format!("{shown:?} in every free field of {name}")) {
            assert_eq!(meaning(&generated), plain, "{shown:?} in a free field of {name} changed the meaning");
        }
    }
    // A field that means something is read by its own rules: most texts are refused there, each with a finding.
    let short: Vec<String> = hostile().into_iter().filter(|text| text.len() < 1_000).collect();
    for (at, way) in bound.iter().enumerate() {
        // Fields of one kind share a reader, so neighbours share the texts among them, and keys even more so.
        let step = if way.ends_with('#') { 16 } else { 4 };
        for text in short.iter().skip(at % step).step_by(step) {
            inputs.write(name, &with(original, way, text).to_string());
            let (accepted, findings) = read(name, &inputs.path(name));
            let what = format!("{text:?} at {way} of {name}");
            for finding in &findings {
                let said = human(finding, false);
                assert_eq!(hidden(&said), None, "{what}: a finding shows it as it is: {said:?}");
            }
            if accepted {
                lawful(&inputs.generated(&[]), &what);
            }
        }
    }
    inputs.write(name, &original.to_string());
}

/// Reads an input alone: whether it is accepted, and what is said.
fn read(name: &str, path: &Path) -> (bool, Vec<egressor::diag::Finding>) {
    let source = Arc::new(Source::new(name, fs::read_to_string(path).expect("a text")));
    let root = match parse(&source, Code::CatalogSyntax) {
        Ok(mut documents) => documents.remove(0),
        Err(finding) => return (false, vec![finding]),
    };
    let findings = if name == "ours.yaml" {
        let (overlay, mut findings) = egressor::catalog::Overlay::read(root, &source);
        if let Some(overlay) = overlay {
            let base = Arc::new(Source::new("acme.yaml", CATALOG));
            let tree = parse(&base, Code::CatalogSyntax).expect("YAML").remove(0);
            findings.extend(egressor::catalog::with_overlays(&tree, &base, &[overlay]).1);
        }
        findings
    } else {
        egressor::catalog::load(&source).1
    };
    (!any_error(&findings), findings)
}

#[test]
fn no_text_of_a_catalog_changes_more_than_its_field() {
    attack("acme.yaml", &tree(CATALOG), &Inputs::new());
}

#[test]
fn no_text_of_an_overlay_changes_more_than_its_field() {
    attack("ours.yaml", &tree(OVERLAY), &Inputs::new());
}

/// Every text of a project is refused, or kept as one text: as a name of a file it is one, never a second key.
#[test]
fn no_text_of_a_project_changes_more_than_its_field() {
    let original = tree(PROJECT);
    let mut ways = Vec::new();
    texts(&original, "", &mut ways);
    let mut refused = 0;
    for way in &ways {
        for text in hostile() {
            let tried = with(&original, way, &text);
            let source = Arc::new(Source::new("egressor.yaml", tried.to_string()));
            let (project, findings) = egressor::project::load(&source, None);
            for finding in &findings {
                let said = human(finding, false);
                assert_eq!(hidden(&said), None, "{text:?} at {way}: {said:?}");
            }
            assert!(project.is_some() || any_error(&findings), "{text:?} at {way} is refused without a word");
            refused += usize::from(project.is_none());
        }
    }
    assert!(refused > ways.len() * 100, "{refused} refused");
}

#[test]
fn no_text_of_a_lock_allows_more() {
    let inputs = Inputs::new();
    let plain = meaning(&inputs.generated(&[]));
    let pieces: Vec<&str> = LOCK.split('"').collect();
    let quoted = |text: &str| {
        let escaped: String = text
            .chars()
            .map(|char| match char {
                '"' | '\\' => format!("\\{char}"),
                char if char.is_control() => format!("\\u{:04X}", u32::from(char)),
                char => char.to_string(),
            })
            .collect();
        format!("\"{escaped}\"")
    };
    for field in (1..pieces.len()).step_by(2) {
        for text in hostile() {
            let tried: String = pieces
                .iter()
                .enumerate()
                .map(|(at, piece)| match at {
                    at if at == field => quoted(&text),
                    at if at % 2 == 1 => quoted(piece),
                    _ => (*piece).to_owned(),
                })
                .collect();
            inputs.write("egressor.lock", &tried);
            let generated = inputs.generated(&[]);
            let shown: String = text.chars().take(40).collect();
            lawful(&generated, &format!("{shown:?} for `{}`", pieces[field]));
            for (scope, packets) in meaning(&generated) {
                let beyond = packets.subtract(plain.get(&scope).unwrap_or(&PacketSet::default()));
                assert!(beyond.is_empty(), "{shown:?} for `{}` opens {:?}", pieces[field], beyond.rows());
            }
        }
    }
}

/// What DNS, catalogs, locks and flags call a host is a host in every syntax, or nothing.
#[test]
fn no_name_from_the_network_is_more_than_letters_digits_hyphens_and_dots() {
    for text in hostile() {
        for name in [text.clone(), format!("{text}.example.com"), format!("a.{text}"), format!("xn--{text}")]
        {
            let Ok(host) = name.parse::<Hostname>() else { continue };
            let plain =
                |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-._".contains(char);
            assert!(host.to_string().chars().all(plain), "{name:?} is {host}");
        }
    }
}

#[test]
fn no_flag_changes_more_than_its_setting() {
    let inputs = Inputs::new();
    let plain = meaning(&inputs.generated(&[]));
    let keys: Vec<&str> =
        TARGETS.iter().flat_map(|target| target.options().iter().map(|option| option.key)).collect();
    for (at, text) in hostile().iter().filter(|text| text.len() < 1_000).enumerate() {
        let owned = ["owner", "ticket"].map(|key| format!("{key}={text}"));
        // Options of targets have kinds, which decide what they take: each is given some of the texts.
        let some = keys.iter().skip(at % 16).step_by(16).map(|key| format!("{key}={text}"));
        for setting in owned.into_iter().chain(some) {
            let (key, _) = setting.split_once('=').expect("a setting");
            // Those that name peers or ports of their own may say what they like about them.
            let generated = inputs.generated(std::slice::from_ref(&setting));
            if lawful(&generated, &setting) && matches!(key, "owner" | "ticket") {
                assert_eq!(meaning(&generated), plain, "{setting:?}");
            }
        }
    }
}

#[test]
#[cfg(unix)]
fn no_name_of_a_file_reaches_a_terminal_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -p tcp -m owner --uid-owner 1 -j ACCEPT\n-A OUTPUT -Q\nCOMMIT\n";
    for name in hostile() {
        let fits = !name.is_empty()
            && name.len() < 200
            && !name.contains(['/', '\0'])
            && ![".", "..", "-"].contains(&name.as_str());
        if !fits {
            continue;
        }
        let path = folder.path().join(&name);
        fs::write(&path, text).expect("a file");
        for path in [path.clone(), folder.path().join(format!("{name}.gone"))] {
            let shown = show(&[path]);
            assert!(!shown.findings.is_empty(), "{name:?}");
            for finding in &shown.findings {
                let said = human(finding, false);
                assert_eq!(hidden(&said), None, "{name:?}: {said:?}");
            }
        }
        fs::remove_file(path).expect("it is there");
    }
    assert!(find("iptables").is_some());
}
