//! `--quiet`: the result, and errors only.

use crate::run::{egressor_in, quickstart_lock};
use std::fs;

const RULES: &str = "*nat\nCOMMIT\n*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m owner --uid-owner 0 -j ACCEPT\n\
                     -A OUTPUT -d 0.0.0.0/0 -j ACCEPT\n-A OUTPUT -d 192.0.2.1/32 -j ACCEPT\nCOMMIT\n";

/// Every command in a form that has something to tell beside its result.
const COMMANDS: &[&str] = &[
    "init --region us --project new.yaml",
    "generate --region us --lock quickstart.lock --out out",
    "generate --region us --lock quickstart.lock --out out --check",
    "generate --region us --lock quickstart.lock -t squid --out -",
    "generate --region us --lock quickstart.lock -t squid --out out -v",
    "lock --region us --resolver 127.0.0.1:1 --timeout 50ms --retries 0 --lock own.lock",
    "catalog list",
    "catalog show --catalog github registry",
    "catalog lint --catalog castai",
    "catalog diff castai castai",
    "catalog import aws --from feed.json --direction egress --port 443/tcp --out aws.yaml",
    "catalog schema",
    "targets",
    "show rules",
    "diff rules rules",
    "check 192.0.2.1:443 rules",
    "lint rules",
    "lint",
    "merge list",
    "completions bash",
    "man --out man",
    "explain",
    "explain verify/mismatch",
];

#[test]
fn nothing_but_errors_stands_beside_the_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::copy(quickstart_lock(), at.join("quickstart.lock")).expect("a lock");
    fs::write(at.join("rules"), RULES).expect("a file");
    fs::write(at.join("list"), "192.0.2.0/24\n").expect("a file");
    let feed = "{\"syncToken\":\"1\",\"createDate\":\"2026-11-01-00-00-00\",\"prefixes\":[{\"ip_prefix\":\"192.0.2.0/24\",\
                \"region\":\"us-east-1\",\"service\":\"S3\",\"network_border_group\":\"us-east-1\"}],\"ipv6_prefixes\":[]}";
    fs::write(at.join("feed.json"), feed.replace("192.0.2.0/24", "52.92.0.0/17")).expect("a file");
    for line in COMMANDS {
        let words: Vec<&str> = line.split(' ').filter(|word| *word != "-v").collect();
        let run = egressor_in(at, &[&words, ["--quiet"].as_slice()].concat());
        for said in run.stderr.lines() {
            assert!(!said.starts_with("warning[") && !said.starts_with("note["), "{line}: {said}");
        }
        let has_error = run.stderr.lines().any(|said| said.starts_with("error"));
        assert_eq!(run.stderr.is_empty(), !has_error, "{line}: {}", run.stderr);
        assert!(run.code < 2 || has_error, "{line} fails and does not say why");
    }
}
