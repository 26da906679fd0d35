//! Projects: the schema, what is refused, and the law: deleting, mistyping, emptying or ill-typing any one key of a
//! project file or of an overlay is an error or a subset of the intended traffic.

use crate::never_wider::{SPEECHES, Way, answers, damages, keys, name, packets};
use crate::shipped::{castai_tree, json};
use egressor::catalog::{Catalog, Overlay, overlay_schema, select, with_overlays};
use egressor::compile::{Input, Variables, compile};
use egressor::diag::{Code, Finding, Source, any_error};
use egressor::ops::Opened;
use egressor::packet::{PacketSet, Set};
use egressor::policy::{Need, Scope};
use egressor::project::{from_tree, load, project_schema};
use egressor::syntax::yaml::{self, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const OVERLAY: &str = r#"
schema: egressor/overlay/v1
extends: castai
title: Ours
disable: [node-logs, helm-index]
override:
  - {id: registry, key: host, value: registry.example.com}
  - {id: registry, key: shared_host, remove: true}
  - {id: registry, key: image_namespace, remove: true}
  - {id: grpc, key: hosts, value: {us: grpc.example.com, eu: grpc.eu.example.com}}
  - {id: helm-archive, key: expires, value: "2026-11-21"}
sources: {wiki: {title: Wiki}}
components: {batch: {kind: pods, feature: extra, namespace: batch, selector: {app: batch}, host_network: false}}
features: {extra: {title: Extra, default: true}}
ip_sets: {ours: {cidrs: [192.0.2.128/28], family: ipv4, endpoints: [old-mirror], sources: [wiki], service_tag: {name: Mirrors, cloud: Public,
    change: "359", used_in: [nsg, firewall], digest: "e1e9a9700d1a6f1a508aa8f96419fa661edd396c9d923a6d290e1c1597e68126"}}}
add:
  - id: old-mirror
    direction: egress
    host: old.example.com
    ports: [443/tcp]
    app: https
    used_by: [node, batch]
    feature: core
    ip_fallback: ours
    purpose: "The mirror that is being replaced"
    sources: [wiki]
    confidence: documented
    status: active
    temporary: true
    expires: "2026-10-31"
set: {owner: platform, ticket: NET-1, expires: "2027-06-30", tags: [ours]}
variables: {api_server: 10.8.0.1/32}
"#;

pub(crate) const PROJECT: &str = r#"
schema: egressor/project/v1
catalogs: [castai]
overlays: [ours.yaml]
components: [agent, pod-pinner, node, batch, workload-autoscaler, cluster-controller]
features: [default]
without: [implied/metadata, castai/helm-assets]
owner: team
ticket: NET-2
lock: egressor.lock
variables: {dns_servers: 10.0.0.53, proxy: unset}
artifacts:
  - squid
  - {target: iptables, options: [iptables.prefix=FW], path: host}
default_env: prod
env:
  prod:
    region: us
    expires: "2027-01-31"
    variables: {control_plane_cidr: [10.9.0.0/28, 10.9.1.0/28]}
  past:
    region: eu
    expires: "2026-11-22"
"#;

const TODAY: &str = "2026-11-23";

pub(crate) fn tree(text: &str) -> Node {
    let source = Arc::new(Source::new("t", text));
    yaml::parse(&source, Code::CatalogSyntax).expect("YAML").remove(0)
}

fn source() -> Arc<Source> {
    Arc::new(Source::new("mutant", ""))
}

/// The shipped catalog with the overlay of a tree; nothing when it is refused.
pub(crate) fn overlaid(overlay: &Node) -> Result<Catalog, Vec<Finding>> {
    let (read, findings) = Overlay::read(overlay.clone(), &source());
    let overlay = read.ok_or(findings)?;
    let (catalog, findings) = with_overlays(&castai_tree(), &source(), &[overlay]);
    catalog.ok_or(findings)
}

/// The packets of each scope for each kind of target, at a day; nothing when anything is refused.
fn meanings(
    project: &Node,
    environment: Option<&str>,
    catalog: &Catalog,
) -> Option<Vec<BTreeMap<Scope, PacketSet>>> {
    let opened = Opened::new(from_tree(project, &source(), environment).0?, PathBuf::new());
    let (overlay, artifacts) = match environment {
        Some(_) => ("ours.yaml", &["squid", "iptables"][..]),
        None => ("overlays/platform.yaml", &["iptables", "network-policy", "squid"][..]),
    };
    let catalogs = [catalog.clone()];
    if any_error(&opened.check(&catalogs)) {
        return None;
    }
    assert_eq!(opened.project.catalogs, [Path::new("castai"), Path::new(overlay)], "nothing else is read");
    assert_eq!(opened.project.lock.as_deref(), Some(Path::new("egressor.lock")), "nothing else is believed");
    let targets: Vec<&str> =
        opened.project.artifacts.iter().map(|artifact| artifact.target.as_str()).collect();
    assert_eq!(targets, artifacts, "nothing else is written");
    let (variables, wrong) = Variables::parse(opened.project.settings.iter().map(String::as_str), &catalogs);
    let mut selection = opened.project.selection.clone();
    selection.today = TODAY.parse().ok();
    let (selected, findings) = select(&catalogs, &selection);
    if any_error(&wrong) || any_error(&findings) {
        return None;
    }
    let off = |need: &Need| selection.without.iter().any(|name| name == need.id());
    let needs: BTreeSet<Need> = Need::ALL.into_iter().filter(|need| !off(need)).collect();
    // What the lock knows of hosts, it knows whatever becomes of the files.
    let answers = answers(&overlaid_tree());
    let input = Input { selected: &selected, answers: &answers, variables: &variables };
    let meaning = |speech: &egressor::targets::Speech| {
        let compiled = compile(input, *speech, &needs);
        (!any_error(&compiled.findings)).then(|| packets(&compiled.policy))
    };
    SPEECHES.iter().map(meaning).collect()
}

/// A tree with the endpoints of both files, for the addresses of their hosts.
fn overlaid_tree() -> Node {
    let extra = "endpoints: [{hosts_all: [registry.example.com, grpc.example.com, grpc.eu.example.com, old.example.com, registry-old.example.com]}]";
    let (mut all, extra) = (castai_tree(), tree(extra));
    let (yaml::Kind::Mapping(entries), Some(yaml::Kind::Sequence(more))) =
        (&mut all.kind, extra.get("endpoints").map(|node| node.kind.clone()))
    else {
        panic!("both are mappings")
    };
    let endpoints = &mut entries.iter_mut().find(|(key, _)| key.name == "endpoints").expect("endpoints").1;
    let yaml::Kind::Sequence(items) = &mut endpoints.kind else { panic!("a list") };
    items.extend(more);
    all
}

fn assert_within(wider: &[BTreeMap<Scope, PacketSet>], intended: &[BTreeMap<Scope, PacketSet>], what: &str) {
    for (scopes, intended) in wider.iter().zip(intended) {
        for (scope, packets) in scopes {
            let beyond = packets.subtract(&intended.get(scope).cloned().unwrap_or_default());
            assert!(beyond.is_empty(), "{what} opens {:?} in {scope:?}", beyond.rows());
        }
    }
}

#[test]
fn no_damage_to_one_key_of_a_project_widens_the_traffic() {
    let original = tree(PROJECT);
    let catalog = overlaid(&tree(OVERLAY)).expect("the overlay is sound");
    let mut ways = Vec::new();
    keys(&original, &mut Vec::new(), &mut ways);
    assert!(ways.len() >= 25, "{} keys", ways.len());
    let (mut refused, mut accepted) = (0, 0);
    for environment in ["prod", "past"] {
        let intended = meanings(&original, Some(environment), &catalog).expect("the project is sound");
        for way in &ways {
            for (what, mutant) in damages(&original, way) {
                match meanings(&mutant, Some(environment), &catalog) {
                    None => refused += 1,
                    Some(meanings) => {
                        accepted += 1;
                        assert_within(&meanings, &intended, &format!("{} {what}", name(&original, way)));
                    }
                }
            }
        }
    }
    assert!(refused > accepted && accepted > 0, "{refused} refused, {accepted} accepted");
}

#[test]
fn no_damage_to_one_key_of_an_overlay_widens_the_traffic() {
    let (original, project) = (tree(OVERLAY), tree(PROJECT));
    let sound = overlaid(&original).expect("the overlay is sound");
    let intended = meanings(&project, Some("prod"), &sound).expect("the project is sound");
    let mut ways = Vec::new();
    keys(&original, &mut Vec::new(), &mut ways);
    assert!(ways.len() >= 50, "{} keys", ways.len());
    let (mut refused, mut accepted) = (0, 0);
    for way in &ways {
        for (what, mutant) in damages(&original, way) {
            match overlaid(&mutant).ok().and_then(|catalog| meanings(&project, Some("prod"), &catalog)) {
                None => refused += 1,
                Some(meanings) => {
                    accepted += 1;
                    assert_within(&meanings, &intended, &format!("{} {what}", name(&original, way)));
                }
            }
        }
    }
    assert!(refused > accepted && accepted > 0, "{refused} refused, {accepted} accepted");
}

/// The project that the documentation shows, and its overlay: every key of both, in every way.
#[test]
fn no_damage_to_one_key_of_the_example_widens_the_traffic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/04_project");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the example");
    let (project, overlay) = (tree(&text("egressor.yaml")), tree(&text("overlays/platform.yaml")));
    let catalog = overlaid(&overlay).expect("the overlay is sound");
    let intended = meanings(&project, None, &catalog).expect("the project is sound");
    let damaged = |original: &Node| {
        let mut ways = Vec::new();
        keys(original, &mut Vec::new(), &mut ways);
        assert!(ways.len() >= 15, "{} keys", ways.len());
        let each = move |way: Way| {
            let name = name(original, &way);
            damages(original, &way).into_iter().map(move |(what, tree)| (format!("{name} {what}"), tree))
        };
        ways.into_iter().flat_map(each).collect::<Vec<_>>()
    };
    for (what, mutant) in damaged(&project) {
        if let Some(meanings) = meanings(&mutant, None, &catalog) {
            assert_within(&meanings, &intended, &what);
        }
    }
    for (what, mutant) in damaged(&overlay) {
        let mutant = overlaid(&mutant).ok();
        if let Some(meanings) = mutant.and_then(|catalog| meanings(&project, None, &catalog)) {
            assert_within(&meanings, &intended, &what);
        }
    }
}

#[test]
fn a_wider_project_would_be_noticed() {
    let catalog = overlaid(&tree(OVERLAY)).expect("the overlay is sound");
    let intended = meanings(&tree(PROJECT), Some("prod"), &catalog).expect("sound");
    for (from, to) in [
        (", castai/helm-assets]", "]"),
        ("components: [agent, pod-pinner", "components: [evictor, agent, pod-pinner"),
        ("dns_servers: 10.0.0.53", "dns_servers: unset"),
        ("region: us", "region: eu"),
    ] {
        let wider = meanings(&tree(&PROJECT.replace(from, to)), Some("prod"), &catalog).expect("sound");
        assert_ne!(wider, intended, "{from} -> {to}");
    }
}

#[test]
fn what_expired_is_in_no_rule_and_its_rule_sets_still_deny() {
    let catalog = overlaid(&tree(OVERLAY)).expect("the overlay is sound");
    let prod = meanings(&tree(PROJECT), Some("prod"), &catalog).expect("sound");
    let past = meanings(&tree(PROJECT), Some("past"), &catalog).expect("sound");
    for (prod, past) in prod.iter().zip(&past) {
        assert!(prod.values().any(|packets| !packets.is_empty()));
        assert!(past.values().all(Set::is_empty), "the day after the last one nothing is wanted");
        assert!(!past.is_empty(), "the rule sets are there, and deny");
    }
}

fn refused(text: &str, environment: Option<&str>, words: &[&str]) {
    let (project, findings) = load(&Arc::new(Source::new("egressor.yaml", text)), environment);
    assert!(project.is_none() && any_error(&findings), "{words:?}");
    let said: Vec<String> = findings.iter().map(|finding| egressor::report::human(finding, false)).collect();
    for word in words {
        assert!(said.iter().any(|said| said.contains(word)), "{word}: {said:?}");
    }
    assert!(findings.iter().all(|finding| finding.place.is_some()), "each has its place: {said:?}");
}

#[test]
fn a_wrong_project_is_refused_with_a_place_and_a_suggestion() {
    let with = |from: &str, to: &str| PROJECT.replace(from, to);
    refused(&with("features:", "featurs:"), None, &["unknown key `featurs`", "did you mean `features`?"]);
    refused(&with("\nwithout: [implied/metadata, castai/helm-assets]", ""), None, &["`without` is missing"]);
    refused(&with("components: [agent", "components: al\nx: [agent"), None, &["did you mean `all`?"]);
    refused(&with("lock: egressor.lock", "lock:"), None, &["a text is needed, not nothing"]);
    refused(&with("overlays: [ours.yaml]", "overlays: []"), None, &["the list is empty", "`none`"]);
    refused(&with("\"2027-01-31\"", "31.01.2027"), None, &["not a date such as", "never"]);
    refused(&with("\"2027-01-31\"", "\"2027-02-29\""), None, &["not a date such as"]);
    refused(PROJECT, Some("prd"), &["no environment `prd`", "did you mean `prod`?"]);
    refused(&with("default_env: prod\n", ""), None, &["choose an environment", "past, prod"]);
    refused(&with("default_env: prod", "region: us\ndefault_env: prod"), None, &["`region` is said for"]);
    refused(&with("    expires: \"2026-11-22\"\n", ""), None, &["`expires` is missing"]);
    refused("schema: egressor/project/v1\n---\na: b\n", None, &["one YAML document"]);
    refused(
        &with("{target: iptables, options", "{target: iptables, option"),
        None,
        &["did you mean `options`?"],
    );
}

fn up_to_date(name: &str, generated: &serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog").join(name);
    let generated = format!("{generated:#}\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &generated).expect("the schema can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, generated, "run the tests with UPDATE=1 to write it anew");
}

#[test]
fn the_schemas_beside_the_catalog_are_those_of_the_types() {
    up_to_date("project.schema.json", &project_schema());
    up_to_date("overlay.schema.json", &overlay_schema());
}

#[test]
fn another_validator_agrees_on_projects_and_overlays() {
    for (schema, text, damage) in
        [(project_schema(), PROJECT, "lock"), (overlay_schema(), OVERLAY, "disable")]
    {
        let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
        let mut document = json(&tree(text));
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        document["unknown"] = 1.into();
        assert!(!validator.is_valid(&document), "an unknown key is refused");
        let mut document = json(&tree(text));
        document[damage] = serde_json::Value::Array(Vec::new());
        assert!(!validator.is_valid(&document), "an empty list is refused");
    }
}
