//! Several shipped catalogs, and what a revision of a vendor's list changes.

use crate::run::{egressor, egressor_in, rules};
use serde_json::Value;

fn diff(arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["catalog", "diff", "--format", "json"];
    all.extend_from_slice(arguments);
    let run = egressor(&all);
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stderr)))
}

fn changes(document: &Value) -> Vec<String> {
    let entries = document["entries"].as_array().expect("entries");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .iter()
        .map(|entry| format!("{} {} {}", text(&entry["section"]), text(&entry["change"]), text(&entry["id"])))
        .collect()
}

/// The names or ports that rows of a kind speak of, with the direction of their scope.
fn rows(document: &Value, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    for scope in document["traffic"]["scopes"].as_array().expect("scopes") {
        for row in scope[kind].as_array().expect("rows") {
            let peers = row["names"].as_array().or(row["groups"].as_array()).expect("names or groups");
            let peers: Vec<&str> = peers.iter().filter_map(Value::as_str).collect();
            found.push(format!(
                "{} {} {} {}",
                scope["direction"].as_str().expect("a direction"),
                row["protocol"].as_str().expect("a protocol"),
                row["ports"][0].as_str().expect("a port"),
                peers.join(",")
            ));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The worked example: the vendor's page as it was first read against its later revision.
#[test]
fn the_first_list_against_todays_is_two_hosts_for_two_and_one_webhook_port_and_nothing_else() {
    let (code, document) = diff(&["castai@page", "castai@page-later"]);
    assert_eq!(code, 1);
    assert_eq!(document["verdict"], "changed");
    assert_eq!(
        changes(&document),
        ["endpoints removed kvisor-api-grpc", "endpoints added kvisor-grpc", "endpoints added webhook-9443"]
    );
    assert_eq!(rows(&document, "removed"), ["egress tcp 443 =api-grpc.cast.ai,=api-grpc.eu.cast.ai"]);
    assert_eq!(
        rows(&document, "added"),
        [
            "egress tcp 443 =kvisor.prod-eu.cast.ai,=kvisor.prod-master.cast.ai",
            "ingress tcp 9443 control-plane"
        ]
    );
    let (_, mirror) = diff(&["castai@page-later", "castai@page"]);
    assert_eq!(rows(&mirror, "added"), rows(&document, "removed"));
    assert_eq!(rows(&mirror, "removed"), rows(&document, "added"));
    let us = diff(&["castai@page", "castai@page-later", "--region", "us"]).1;
    assert_eq!(rows(&us, "removed"), ["egress tcp 443 =api-grpc.cast.ai"]);
}

#[test]
fn what_is_printed_of_a_revision_has_the_published_shape() {
    let run = egressor(&["catalog", "diff", "--schema"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let schema: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let folder = tempfile::tempdir().expect("a folder");
    let edited =
        egressor::catalog::SHIPPED[0].1.replacen("ports: [443/tcp]", "ports: [443/tcp, 8443/tcp]", 1);
    std::fs::write(folder.path().join("new.yaml"), edited.replace("title: CAST AI\n", "title: Other\n"))
        .expect("a catalog");
    let edited = folder.path().join("new.yaml").display().to_string();
    for sides in [
        ["castai@page", "castai@page-later"],
        ["castai@page-later", "castai@page"],
        ["castai", "castai"],
        ["castai", &edited],
        ["github", "datadog"],
        ["castai", "nowhere.yaml"],
    ] {
        let (_, document) = diff(&sides);
        let wrong: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{sides:?}: {wrong:?}");
    }
    let (_, whole) = diff(&["castai", &edited]);
    assert!(whole["entries"].as_array().expect("entries").iter().any(|entry| entry["effect"] == "broadened"));
    for damage in ["/verdict", "/entries/0/section", "/entries/0/fields", "/traffic/scopes"] {
        let mut document = whole.clone();
        *document.pointer_mut(damage).expect(damage) = Value::from(7);
        assert!(!validator.is_valid(&document), "{damage} is checked");
    }
}

#[test]
fn a_catalog_does_not_differ_from_itself_in_whatever_order_it_is_written() {
    for id in ["castai", "github", "datadog"] {
        let (code, document) = diff(&[id, id]);
        assert_eq!((code, &document["verdict"]), (0, &Value::from("equal")), "{document}");
        assert!(changes(&document).is_empty());
    }
}

#[test]
fn changes_are_told_field_by_field_with_what_they_do_to_the_traffic() {
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = egressor::catalog::SHIPPED[0].1;
    let edited = shipped
        .replacen("ports: [443/tcp]", "ports: [443/tcp, 8443/tcp]", 1)
        .replace("purpose: \"Node binaries\"", "purpose: \"Binaries of nodes\"")
        .replace("cidrs: [104.16.81.56/32, 104.16.82.56/32]", "cidrs: [104.16.81.56/32]");
    std::fs::write(folder.path().join("new.yaml"), edited).expect("a catalog");
    let run = |format: &str, extra: &[&str]| {
        let mut all = vec!["catalog", "diff", "castai", "new.yaml", "--format", format];
        all.extend_from_slice(extra);
        egressor_in(folder.path(), &all)
    };
    let document: Value = serde_json::from_str(&run("json", &[]).stdout).expect("JSON");
    assert_eq!(
        changes(&document),
        ["endpoints changed api", "endpoints changed node-binaries", "ip_sets changed castai-saas"]
    );
    let entries = document["entries"].as_array().expect("entries");
    assert_eq!(entries[0]["effect"], "broadened");
    assert_eq!(entries[0]["fields"][0]["field"], "ports");
    assert_eq!(entries[0]["fields"][0]["new"], "443/tcp, 8443/tcp");
    assert_eq!(entries[1]["effect"], "equal");
    assert_eq!(entries[1]["fields"][0]["old"], "Node binaries");
    let human = run("human", &[]);
    assert_eq!(human.code, 1);
    assert!(
        human.stdout.contains("~ api  (broadened)\n      ports: 443/tcp -> 443/tcp, 8443/tcp\n"),
        "{}",
        human.stdout
    );
    assert!(human.stdout.contains("~ node-binaries  (the same traffic)"), "{}", human.stdout);
    let markdown = run("markdown", &[]);
    assert!(markdown.stdout.contains("| `api` | changed, traffic broadened |"), "{}", markdown.stdout);
    assert!(markdown.stdout.contains("### Firewall rules: **BROADENED**"), "{}", markdown.stdout);
    assert_eq!(run("json", &["--fail-on", "never"]).code, 0);
    assert_eq!(run("json", &["--fail-on", "broadening"]).code, 1);
    assert_eq!(run("json", &["--exit-code-style", "terraform"]).code, 2);
    assert_eq!(run("sarif", &[]).code, 2);
}

#[test]
fn a_list_that_cannot_be_read_is_told_with_what_was_meant() {
    for (arguments, said) in [
        (["castaai", "castai"], "did you mean `castai`?"),
        (["castai@pages", "castai"], "did you mean `page`?"),
        (["castai", "no/such.yaml"], "cannot read `no/such.yaml`"),
    ] {
        let run = egressor(&["catalog", "diff", arguments[0], arguments[1]]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    let run = egressor(&["catalog", "diff", "castai", "castai", "--region", "mars"]);
    assert!(run.code == 2 && run.stderr.contains("regions are eu, us"), "{}", run.stderr);
}

#[test]
fn all_shipped_catalogs_are_listed_and_one_is_the_default() {
    let run = egressor(&["catalog", "list"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for id in ["castai", "github", "dockerhub", "datadog", "aws-eks", "google-gke"] {
        assert!(run.stdout.contains(&format!("\n{id}/")), "{id}: {}", run.stdout);
        assert!(run.stderr.contains(&format!("{id}: ")), "{}", run.stderr);
    }
    assert_eq!(run.stderr.matches("(the default)").count(), 1);
    let json = egressor(&["catalog", "list", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let default: Vec<&Value> = document["catalogs"]
        .as_array()
        .expect("catalogs")
        .iter()
        .filter(|it| it["default"] == true)
        .collect();
    assert_eq!(default.len(), 1);
    assert_eq!(default[0]["id"], "castai");
    let lint = egressor(&["catalog", "lint", "--today", "2026-11-23"]);
    assert_eq!(lint.code, 0, "{}", lint.stderr);
    assert!(lint.stderr.contains("6 catalogs"), "{}", lint.stderr);
    let show = egressor(&["catalog", "show", "dockerhub/registry"]);
    assert!(show.stdout.contains("registry-1.docker.io"), "{}", show.stdout);
}

#[test]
fn several_catalogs_are_chosen_by_their_ids_and_each_finds_its_region() {
    let arguments = ["generate", "--catalog", "castai", "--catalog", "datadog", "--catalog", "github"];
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend(["--region", "us", "--region", "eu1", "-t", "squid", "--out", "-"]);
    let run = egressor(&all);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for host in [" api.cast.ai", " api.datadoghq.eu", " ghcr.io"] {
        assert!(run.stdout.contains(host), "{host}: {}", run.stdout);
    }
    let said = rules(&run.stdout);
    assert!(!said.contains("datadoghq.com") && !said.contains(".eu.cast.ai"), "{said}");
    assert!(
        run.stdout.contains("Catalog datadog, region eu1") && run.stdout.contains("Catalog github, verified")
    );
    let one = egressor(&["generate", "--catalog", "github", "-t", "squid", "--out", "-"]);
    assert_eq!(one.code, 0, "a catalog without regions needs none: {}", one.stderr);
    assert!(!one.stdout.contains("cast.ai"));
}

#[test]
fn a_region_that_no_catalog_has_is_an_error_beside_one_that_one_has() {
    let run = egressor(&["generate", "--region", "us", "--region", "eu9", "-t", "squid", "--out", "-"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`eu9` is not a region of any catalog"), "{}", run.stderr);
    let run = egressor(&["generate", "--catalog", "github", "--region", "us", "-t", "squid", "--out", "-"]);
    assert!(run.code == 2 && run.stderr.contains("leave `--region` out"), "{}", run.stderr);
    let run = egressor(&["generate", "--catalog", "githup", "-t", "squid", "--out", "-"]);
    assert!(run.code == 2 && run.stderr.contains("did you mean `github`?"), "{}", run.stderr);
}
