//! `show`: what files mean, in the published shape.

use crate::run::{egressor, generated};
use egressor::report::policy_schema;
use serde_json::Value;

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
