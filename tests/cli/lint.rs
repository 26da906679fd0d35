//! `lint`: findings, exit codes and JSON.

use crate::run::{Run, egressor, egressor_in, generated, quickstart_lock};
use egressor::report::lint_schema;
use serde_json::Value;

const CLEAN: &str = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 104.16.81.56/32 -p tcp -m tcp --dport 443 -m comment --comment \"a/b: c (expires 2026-11-22)\" -j ACCEPT\nCOMMIT\n";
const HIDDEN: &str = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT\n-A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 443 -m owner --uid-owner 0 -j DROP\nCOMMIT\n";

fn lint(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("clean.save"), CLEAN).expect("a file");
    std::fs::write(folder.path().join("hidden.save"), HIDDEN).expect("a file");
    std::fs::write(folder.path().join("broken.save"), "*filter\n-A OUTPUT -j\n").expect("a file");
    let mut all = vec!["lint"];
    all.extend_from_slice(arguments);
    egressor_in(folder.path(), &all)
}

#[test]
fn clean_files_exit_0_findings_exit_1_and_what_cannot_be_read_exits_2() {
    let clean = lint(&["clean.save", "--today", "2026-11-22"]);
    assert_eq!(clean.code, 0, "{}", clean.stderr);
    assert!(clean.stderr.contains("1 rule in 1 scope of iptables-save, 0 findings"), "{}", clean.stderr);
    let expired = lint(&["clean.save", "--today", "2026-11-23"]);
    assert_eq!(expired.code, 1);
    assert!(expired.stderr.contains("lint/expired"), "{}", expired.stderr);
    let hidden = lint(&["hidden.save"]);
    assert_eq!(hidden.code, 1);
    for word in
        ["lint/shadowed", "line 3 decides", "it denies what line 3 allows", "1 condition is not modelled"]
    {
        assert!(hidden.stderr.contains(word), "{word}: {}", hidden.stderr);
    }
    for arguments in [&["broken.save"][..], &["none.save"], &["clean.save", "--today", "tomorrow"]] {
        assert_eq!(lint(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn a_region_tells_what_no_endpoint_explains() {
    let lock = quickstart_lock();
    let explained = lint(&["clean.save", "--region", "us", "--lock", &lock, "--today", "2026-11-22"]);
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    let unexplained = lint(&["hidden.save", "--region", "us", "--lock", &lock]);
    assert!(
        unexplained.stderr.contains("no endpoint of the catalog explains tcp/443 192.0.2.0/24"),
        "{}",
        unexplained.stderr
    );
    let wrong = lint(&["hidden.save", "--region", "moon", "--lock", &lock]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("selection/region"), "{}", wrong.stderr);
}

#[test]
fn all_that_is_generated_is_explained() {
    let files = generated(&["--region", "us"]);
    let lock = quickstart_lock();
    for name in files.names().iter().filter(|name| !name.contains("gke")) {
        let path = files.out.join(name).display().to_string();
        let run = egressor(&["lint", &path, "--region", "us", "--lock", &lock, "--format", "json"]);
        let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
        for finding in document["findings"].as_array().expect("findings") {
            let code = finding["code"].as_str().expect("a code");
            assert!(
                !["lint/unexplained", "lint/over-wide", "lint/expired"].contains(&code),
                "{name}: {finding}"
            );
        }
    }
}

#[test]
fn a_catalog_is_sent_to_its_own_linter() {
    let run = egressor(&["lint", concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/castai.yaml")]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("egressor catalog lint"), "{}", run.stderr);
}

#[test]
fn json_has_the_published_shape() {
    let validator = jsonschema::validator_for(&lint_schema()).expect("a schema");
    for arguments in [&["hidden.save"][..], &["clean.save"], &["broken.save"]] {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let document: Value = serde_json::from_str(&lint(&all).stdout).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
    }
    let document: Value =
        serde_json::from_str(&lint(&["hidden.save", "--format", "json"]).stdout).expect("JSON");
    let shadowed = document["findings"].as_array().expect("findings").iter();
    let shadowed: Vec<&Value> = shadowed.filter(|finding| finding["code"] == "lint/shadowed").collect();
    assert_eq!(shadowed.len(), 1);
    assert_eq!((&shadowed[0]["file"], &shadowed[0]["line"]), (&"hidden.save".into(), &4.into()));
    let catalog = egressor(&["catalog", "lint", "--format", "json", "--today", "2026-01-01"]);
    let document: Value = serde_json::from_str(&catalog.stdout).expect("JSON");
    assert!(validator.is_valid(&document), "catalogs are linted in the same shape");
    let schema: Value = serde_json::from_str(&egressor(&["lint", "--schema"]).stdout).expect("JSON");
    assert_eq!(schema, lint_schema());
}

#[test]
fn host_bits_of_any_format_are_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec:\n  podSelector: {}\n  policyTypes: [Egress]\n  egress:\n    - to: [{ipBlock: {cidr: 10.1.2.3/8}}]\n      ports: [{protocol: TCP, port: 443}]\n";
    for (name, text) in [
        (
            "a.save",
            "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 10.1.2.3/8 -p tcp -m tcp --dport 443 -j ACCEPT\n-A OUTPUT -d 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n",
        ),
        (
            "squid.conf",
            "acl wide dst 10.1.2.3/8\nacl web port 443\nhttp_access allow wide web\nhttp_access deny all\n",
        ),
        ("policy.yaml", policy),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
        let run = egressor_in(folder.path(), &["lint", name, "--today", "2026-11-22"]);
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        assert_eq!(run.stderr.matches("host bits").count(), 1, "{name}: {}", run.stderr);
        assert!(run.stderr.contains("`10.0.0.0/8`"), "{name}: {}", run.stderr);
    }
}

#[test]
fn what_is_written_for_the_shipped_catalog_has_no_needless_rule() {
    for region in ["us", "eu"] {
        let files = generated(&["--region", region]);
        let folder = tempfile::tempdir().expect("a folder");
        for name in files.names() {
            std::fs::write(folder.path().join(&name), files.text(&name)).expect("a file");
            let run = egressor_in(folder.path(), &["lint", &name, "--today", "2026-11-22"]);
            for code in ["lint/shadowed", "lint/redundant", "lint/over-wide"] {
                assert!(!run.stderr.contains(code), "{name} of {region}: {}", run.stderr);
            }
            assert!(run.stderr.contains(" 0 findings"), "{name} of {region}: {}", run.stderr);
        }
    }
}
