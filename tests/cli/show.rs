//! `show`: what files mean, in the published shape.
//!
//! What is shown of the old rules of the example of `diff` is kept beside them; `UPDATE=1` writes what it is now, to be
//! read before it is committed.

use crate::run::{egressor, egressor_in, generated};
use egressor::report::policy_schema;
use serde_json::Value;
use std::path::Path;

#[test]
fn every_artifact_is_shown_in_the_published_shape_and_exactly() {
    let files = generated(&["--region", "us"]);
    let validator = jsonschema::validator_for(&policy_schema()).expect("a schema");
    for (name, format) in [
        ("aws-security-group.tf", "aws-security-group-hcl"),
        ("gcp-firewall.tf", "gcp-firewall-hcl"),
        ("iptables.rules", "iptables-save"),
        ("ip6tables.rules", "iptables-save"),
        ("squid.conf", "squid-conf"),
        ("network-policy.yaml", "network-policy"),
    ] {
        let path = files.out.join(name).display().to_string();
        let run = egressor(&["show", &path, "--format", "json"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        assert_eq!(document["format"], format);
        let scopes = document["scopes"].as_array().expect("scopes");
        assert!(!scopes.is_empty() && scopes.iter().all(|scope| scope["exact"] == true), "{name}");
        let human = egressor(&["show", &path]);
        assert!(human.code == 0 && human.stdout.contains("allows exactly"), "{name}: {}", human.stdout);
    }
}

#[test]
fn rules_that_are_too_many_cases_are_refused_with_a_way_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules").display().to_string();
    let host =
        |at: u32| format!("-A OUTPUT -d 10.0.{at}.1/32 -p tcp -m tcp --dport {} -j DROP\n", at * 2 + 1);
    let port = |at: u32| format!("-A OUTPUT -p tcp -m tcp --dport {} -j ACCEPT\n", at * 2 + 1);
    let rules: String = (0..100).map(host).chain((0..100).map(port)).collect();
    std::fs::write(&path, format!("*filter\n:OUTPUT DROP [0:0]\n{rules}COMMIT\n")).expect("a file");
    let old = folder.path().join("old").display().to_string();
    std::fs::write(&old, "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n").expect("a file");
    for arguments in [vec!["show", &path], vec!["show", &path, "--format", "json"], vec!["diff", &old, &path]]
    {
        let run = egressor(&[arguments.as_slice(), &["--limit", "1000"]].concat());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(run.code == 2 && said.contains("read/too-large") && said.contains("--limit 8000"), "{said}");
        let run = egressor(&arguments);
        assert!(run.code < 2 && !run.stderr.contains("read/too-large"), "{}", run.stderr);
    }
    // A question about one host is about few of the cases.
    let run = egressor(&["check", "10.0.7.1:443", &path, "--limit", "1000"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn a_file_in_no_known_format_is_refused() {
    let run = egressor(&["show", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("read/unknown-format"), "{}", run.stderr);
}

#[test]
fn the_schema_is_published() {
    let run = egressor(&["show", "--schema"]);
    assert_eq!(run.code, 0);
    let schema: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(schema, policy_schema());
}

#[test]
fn every_finding_has_a_page() {
    for code in egressor::diag::CODES {
        let run = egressor(&["explain", code.as_str()]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains(code.as_str()) && run.stdout.contains(code.page()));
    }
    let unknown = egressor(&["explain", "verify/mismach"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `verify/mismatch`?"), "{}", unknown.stderr);
}

#[test]
fn each_bound_names_the_rules_that_it_rests_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.save");
    let rules = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m owner --uid-owner 0 -j ACCEPT\n\
                 -A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n";
    std::fs::write(&path, rules).expect("a file");
    let run = egressor(&["show", &path.display().to_string(), "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let scope = &document["scopes"][0];
    assert_eq!(scope["exact"], false);
    let lines = |rows: &Value| -> Vec<u64> {
        let rows = rows.as_array().expect("rows");
        rows.iter()
            .flat_map(|row| row["origins"].as_array().expect("origins"))
            .filter_map(|from| from["line"].as_u64())
            .collect()
    };
    assert_eq!(lines(&scope["allows"]["at_least"]), [4], "what is sure rests on the exact rule");
    assert!(lines(&scope["allows"]["at_most"]).contains(&3), "what is possible rests on the other as well");
    assert_eq!(scope["unmodelled"][0]["line"], 3);
}

#[test]
fn what_is_shown_is_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/diff");
    for (name, arguments) in [("show.txt", vec![]), ("show.json", vec!["--format", "json"])] {
        let run = egressor_in(&folder, &[&["show", "old.rules"], arguments.as_slice()].concat());
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(folder.join(name), &run.stdout).expect("written");
        }
        let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(run.stdout, kept, "{name}: run the tests with UPDATE=1 to write it anew");
        assert!(!run.stdout.contains('\u{1b}'));
    }
}

#[test]
fn manifests_that_set_variables_are_another_kind_beside_policies() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "policy.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec:\n  podSelector: {}\n  policyTypes: [Egress]\n  egress:\n    - to: [{ipBlock: {cidr: 192.0.2.0/24}}]\n      ports: [{protocol: TCP, port: 443}]\n",
    );
    write(
        "agent.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: agent, namespace: b}\nspec:\n  template:\n    spec:\n      containers:\n        - name: agent\n          env:\n            - {name: NO_PROXY, value: \"10.0.0.0/8\"}\n",
    );
    for files in [&["."][..], &["policy.yaml", "agent.yaml"]] {
        let run = egressor_in(folder.path(), &[&["show", "-v"], files].concat());
        assert_eq!(run.code, 0, "{files:?}: {}", run.stderr);
        assert!(run.stdout.contains("tcp/443  192.0.2.0/24"), "{}", run.stdout);
        assert!(run.stderr.contains("read/not-compared"), "{files:?} are not counted: {}", run.stderr);
    }
    let alone = egressor_in(folder.path(), &["show", "agent.yaml", "--format", "json"]);
    assert!(alone.stdout.contains("\"format\": \"proxy-env\""), "{}", alone.stdout);
}

#[test]
fn lists_and_includes_are_read_from_the_folder_of_the_file_and_from_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let etc = folder.path().join("etc");
    std::fs::create_dir_all(etc.join("conf.d")).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(etc.join(name), text).expect("a file");
    let conf = |list: &str| {
        format!(
            "acl good dstdomain -n \"{list}\"\nhttp_access allow good\ninclude conf.d/*.conf\nhttp_access deny all\n"
        )
    };
    write("squid.conf", &conf("hosts.txt"));
    write("hosts.txt", "api.example.com\n");
    write("conf.d/more.conf", "acl more dstdomain -n more.example.com\nhttp_access allow more\n");
    write("conf.d/notes.txt", "acl none dstdomain -n none.example.com\nhttp_access allow none\n");
    let run = egressor_in(folder.path(), &["show", "etc/squid.conf"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("=api.example.com, =more.example.com"), "{}", run.stdout);
    assert!(!run.stdout.contains("none.example.com"), "{}", run.stdout);
    let full = etc.join("hosts.txt").canonicalize().expect("a path").display().to_string();
    write("squid.conf", &conf(&full));
    assert_eq!(egressor_in(&etc, &["show", "squid.conf"]).code, 0, "a full path into the folder");

    std::fs::write(folder.path().join("outside.txt"), "outside.example.com\n").expect("a file");
    write("squid.conf", &conf("../outside.txt"));
    let outside = egressor_in(folder.path(), &["show", "etc/squid.conf"]);
    assert_eq!(outside.code, 2);
    assert!(outside.stderr.contains("../outside.txt` is not given"), "{}", outside.stderr);
    std::fs::remove_file(etc.join("hosts.txt")).expect("it goes");
    std::os::unix::fs::symlink("../outside.txt", etc.join("hosts.txt")).expect("a link");
    write("squid.conf", &conf("hosts.txt"));
    let link = egressor_in(folder.path(), &["show", "etc/squid.conf"]);
    assert_eq!(link.code, 2);
    assert!(link.stderr.contains("hosts.txt` is not given"), "{}", link.stderr);
    write("conf.d/.hidden.conf", "http_access allow all\n");
    std::os::unix::fs::symlink("../../outside.txt", etc.join("conf.d/link.conf")).expect("a link");
    let one_of = egressor_in(folder.path(), &["show", "etc/squid.conf"]);
    assert_eq!(one_of.code, 2, "{}", one_of.stdout);
    assert!(
        one_of.stderr.contains("link.conf` is one of `conf.d/*.conf` and is not read"),
        "{}",
        one_of.stderr
    );
    std::fs::remove_file(etc.join("conf.d/link.conf")).expect("it goes");
    let named = egressor_in(folder.path(), &["show", "etc/squid.conf", "outside.txt", "etc/hosts.txt"]);
    assert!(!named.stdout.contains('*'), "a hidden file is not meant: {}", named.stdout);
    assert!(named.stdout.contains("outside.example.com"), "{}{}", named.stdout, named.stderr);
}

#[test]
fn rules_without_a_scope_are_said_to_be_about_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = "resource \"google_compute_network_firewall_policy\" \"p\" {\n  name = \"x\"\n}\n";
    std::fs::write(folder.path().join("main.tf"), policy).expect("a file");
    let run = egressor_in(folder.path(), &["show", "main.tf"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, "no scope: the rules say nothing about any traffic\n");
}
