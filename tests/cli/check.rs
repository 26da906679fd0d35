//! `check`: the answer, its reason and its exit code.

use crate::run::{Run, egressor, egressor_in, generated, quickstart_lock};
use egressor::report::check_schema;
use serde_json::Value;

const RULES: &str = "*filter
:INPUT DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -s 198.51.100.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -s 10.0.0.0/8 -d 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT
-A OUTPUT -d 192.0.2.9/32 -p tcp -m tcp --dport 8000:8100 -m owner --uid-owner 0 -j ACCEPT
-A OUTPUT -d 203.0.113.0/24 -j ACCEPT
-A OUTPUT -d 104.16.80.0/22 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
";

fn ask(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rules.save"), RULES).expect("a file");
    let mut all = vec!["check"];
    all.extend_from_slice(arguments);
    egressor_in(folder.path(), &all)
}

#[test]
fn a_file_answers_with_the_rule_that_decides() {
    for (arguments, code, says) in [
        (
            &["203.0.113.7:53/udp", "rules.save"][..],
            0,
            &["is allowed by filter/OUTPUT", "rules.save:7: -A OUTPUT -d 203.0.113.0/24 -j ACCEPT"][..],
        ),
        (&["203.0.113.7/icmp", "rules.save"], 0, &["allowed by rules.save:7"]),
        (
            &["8.8.8.8:53/udp", "rules.save"],
            1,
            &["is denied by", "the system default: policy DROP of filter/OUTPUT (IPv4)"],
        ),
        (
            &["192.0.2.1:443", "rules.save"],
            1,
            &["denied in part", "allowed: tcp/443 192.0.2.1/32 from 10.0.0.0/8"],
        ),
        (&["192.0.2.1:443", "rules.save", "--from", "10.1.1.1"], 0, &["is allowed by"]),
        (&["192.0.2.1:443", "rules.save", "--from", "172.16.0.0/12"], 1, &["is denied by"]),
        (&["203.0.113.7", "rules.save"], 0, &["203.0.113.7/tcp is allowed"]),
        (&["104.16.81.56", "rules.save"], 1, &["allowed: tcp/443", "denied: tcp/0-442,444-65535"]),
        (
            &["192.0.2.9:8080", "rules.save"],
            1,
            &[
                "unknown (possible match)",
                "perhaps allowed by rules.save:6",
                "if `-m owner --uid-owner 0`, which is not modelled",
            ],
        ),
        (&["[2001:db8::1]:443", "rules.save"], 1, &["unknown", "do not speak about IPv6"]),
        (
            &["198.51.100.7:22", "rules.save", "--direction", "ingress"],
            0,
            &["filter/INPUT (ingress)", "rules.save:4"],
        ),
        (&["203.0.113.7:1", "rules.save", "--scope", "filter/O*"], 0, &["is allowed by"]),
    ] {
        let run = ask(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}{}", run.stdout, run.stderr);
        for word in says {
            assert!(run.stdout.contains(word), "{arguments:?} does not say {word}: {}", run.stdout);
        }
    }
}

#[test]
fn what_cannot_be_asked_exits_2_and_says_what_to_ask() {
    for (arguments, says) in [
        (&["2001:db8::1:443", "rules.save"][..], "in brackets"),
        (&["192.0.2.0/24", "rules.save"], "is a block"),
        (&["192.0.2.1:70000", "rules.save"], "70000"),
        (&["192.0.2.1:443/tpc", "rules.save"], "`tpc` is no protocol"),
        (&["192.0.2.1:443", "rules.save", "--from", "::1"], "different families"),
        (
            &["192.0.2.1:443", "rules.save", "--scope", "nat/*"],
            "scopes are `filter/INPUT` ingress, `filter/OUTPUT` egress",
        ),
        (&["192.0.2.1:443", "nothing.save"], "does not exist"),
        (&["api.cast.ai:443"], "has regions"),
        (&["192.0.2.1:443", "rules.save", "--lock", "no.lock", "--region", "moon"], ""),
    ] {
        let run = ask(arguments);
        if says.is_empty() {
            // Neither a lock nor a region is needed to ask a file about an address.
            assert_eq!(run.code, 1, "{arguments:?}: {}", run.stderr);
            continue;
        }
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{arguments:?} does not say {says}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn rules_that_know_addresses_are_asked_about_those_of_a_host() {
    let dedicated = ask(&["api.cast.ai:443", "rules.save"]);
    assert_eq!(dedicated.code, 0, "{}", dedicated.stdout);
    assert!(
        dedicated.stdout.contains("know addresses only, so the 2 known addresses"),
        "{}",
        dedicated.stdout
    );
    let unknown = ask(&["castai.github.io:443", "rules.save"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.stdout.contains("no address of `castai.github.io` is known"), "{}", unknown.stdout);
    let lock = quickstart_lock();
    let locked = ask(&["castai.github.io:443", "rules.save", "--lock", &lock]);
    assert_eq!(locked.code, 1);
    assert!(locked.stdout.contains("is denied by"), "{}", locked.stdout);
}

#[test]
fn the_project_answers_as_the_artifacts_that_it_generates() {
    let files = generated(&["--region", "us"]);
    let lock = quickstart_lock();
    for (question, code, artifacts) in [
        ("api.cast.ai:443", 0, &["squid.conf"][..]),
        ("api.cast.ai:80", 1, &["squid.conf"]),
        ("example.com:443", 1, &["squid.conf"]),
        ("104.16.81.56:443", 0, &["iptables.rules", "aws-security-group.tf", "gcp-firewall.tf"]),
        ("104.16.81.56:22", 1, &["iptables.rules", "aws-security-group.tf", "gcp-firewall.tf"]),
        ("8.8.8.8:443", 1, &["iptables.rules", "aws-security-group.tf", "gcp-firewall.tf"]),
        ("[2606:50c0:8000::153]:443", 0, &["ip6tables.rules", "aws-security-group.tf", "gcp-firewall.tf"]),
    ] {
        let project = egressor(&["check", question, "--region", "us", "--lock", &lock]);
        assert_eq!(project.code, code, "{question}: {}{}", project.stdout, project.stderr);
        for artifact in artifacts {
            let path = files.out.join(artifact).display().to_string();
            let read = egressor(&["check", question, &path]);
            assert_eq!(read.code, code, "{question} {artifact}: {}{}", read.stdout, read.stderr);
        }
    }
    let named = egressor(&["check", "api.cast.ai:443", "--region", "us"]);
    assert!(named.stdout.contains("allowed by castai/api: "), "{}", named.stdout);
    let implied = egressor(&["check", "169.254.169.254:80", "--region", "us", "--lock", &lock]);
    assert!(implied.stdout.contains("implied/metadata"), "{}", implied.stdout);
    let off = egressor(&[
        "check",
        "169.254.169.254:80",
        "--region",
        "us",
        "--lock",
        &lock,
        "--without",
        "implied/metadata",
    ]);
    assert_eq!(off.code, 1, "{}", off.stdout);
    let path =
        egressor(&["check", "storage.googleapis.com:443/tcp/castai-node-components/x", "--region", "us"]);
    assert_eq!(path.code, 0, "{}", path.stdout);
}

#[test]
fn json_has_the_published_shape() {
    let validator = jsonschema::validator_for(&check_schema()).expect("a schema");
    for arguments in [
        &["192.0.2.9:8080", "rules.save"][..],
        &["api.cast.ai", "rules.save"],
        &["192.0.2.1:443", "rules.save"],
        &["oops:x", "rules.save"],
        &["api.cast.ai:443", "--region", "us"],
    ] {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let run = ask(&all);
        let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
    }
    let run = ask(&["192.0.2.9:8080", "rules.save", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(document["verdict"], "unknown");
    assert_eq!(document["scopes"][0]["deciding"][0]["origin"]["line"], 6);
    assert_eq!(document["scopes"][0]["deciding"][0]["unmodelled"][0]["text"], "-m owner --uid-owner 0");
    let schema: Value = serde_json::from_str(&egressor(&["check", "--schema"]).stdout).expect("JSON");
    assert_eq!(schema, check_schema());
}
