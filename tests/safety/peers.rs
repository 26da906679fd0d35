//! What others do with bad input, and what egressor does: every case of `peers.toml`, over the real program.

use crate::run::{egressor, file, state};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    egressor: Ours,
    #[serde(rename = "peer")]
    _peer: toml::Table,
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    catalog: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    table: String,
    #[serde(default)]
    edit: Vec<(String, String)>,
    /// Files beside the catalog.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The arguments, where it is not just `generate` for iptables.
    #[serde(default)]
    run: Vec<String>,
    exit: i32,
    /// The codes of findings that are told.
    #[serde(default)]
    codes: Vec<String>,
    /// What else is told.
    #[serde(default)]
    tells: Vec<String>,
    /// The most lines that are told.
    lines: Option<usize>,
    /// What the files allow, and what they do not.
    #[serde(default)]
    allows: Vec<String>,
    #[serde(default)]
    denies: Vec<String>,
    /// What stands in one line of each file and no more.
    once: Option<String>,
    /// What the peer does, which `benches/peers/rerun` looks at.
    #[serde(rename = "peer")]
    peer: toml::Table,
}

fn suite() -> Suite {
    let text = std::fs::read_to_string(file("tests/safety/peers.toml")).expect("the suite");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Asks what the files of a folder allow, each rule set by itself.
fn asks(case: &Case, folder: &Path, files: &[&str], question: &str, expected: i32) {
    let run = egressor(folder, &[&["check", question][..], files].concat());
    assert_eq!(
        run.code,
        Some(expected),
        "{}: {question} of {files:?}: {}{}",
        case.id,
        run.stdout,
        run.stderr
    );
}

#[test]
fn what_peers_accept_or_widen_is_refused_or_exact_here() {
    let suite = suite();
    for case in &suite.case {
        let folder = tempfile::tempdir().expect("a folder");
        let mut catalog = suite.egressor.catalog.clone();
        for (from, to) in &case.edit {
            assert!(catalog.contains(from), "{}: {from}", case.id);
            catalog = catalog.replace(from, to);
        }
        std::fs::write(folder.path().join("catalog.yaml"), catalog).expect("a catalog");
        for (name, text) in &case.files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let before = state(folder.path());
        let usual = ["generate", "--catalog", "catalog.yaml", "-t", "iptables"];
        let run: Vec<&str> = case.run.iter().map(String::as_str).collect();
        let run = egressor(folder.path(), if run.is_empty() { &usual } else { &run });
        let told = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, Some(case.exit), "{}: {told}", case.id);
        for code in case.codes.iter().map(|code| format!("[{code}]")).chain(case.tells.iter().cloned()) {
            assert!(told.contains(&code), "{}: {code} is not told: {told}", case.id);
        }
        assert!(case.lines.is_none_or(|most| told.lines().count() <= most), "{}: {told}", case.id);
        if case.exit != 0 {
            assert_eq!(state(folder.path()), before, "{}: something was written", case.id);
            continue;
        }
        let sets: &[&[&str]] = if folder.path().join("out/squid.conf").exists() {
            &[
                &["out/iptables.rules", "out/ip6tables.rules"],
                &["out/aws-security-group.tf"],
                &["out/gcp-firewall.tf"],
            ]
        } else {
            &[&["out/iptables.rules", "out/ip6tables.rules"]]
        };
        for files in sets {
            case.allows.iter().for_each(|question| asks(case, folder.path(), files, question, 0));
            case.denies.iter().for_each(|question| asks(case, folder.path(), files, question, 1));
        }
        if let Some(once) = &case.once {
            for (path, text) in state(folder.path()).iter().filter(|(path, _)| path.starts_with("out")) {
                let text = String::from_utf8_lossy(text);
                let rules =
                    text.lines().filter(|line| line.starts_with("-A") && line.contains(once.as_str()));
                assert!(rules.count() <= 1, "{}: {}", case.id, path.display());
            }
        }
    }
}

#[test]
fn every_case_says_what_the_peer_does_and_what_is_done_here() {
    let suite = suite();
    let count = |table: &str| suite.case.iter().filter(|case| case.table == table).count();
    assert!(count("bad input") >= 16 && count("fails open") >= 9, "a row of the tables is gone");
    assert_eq!(count("bad input") + count("fails open"), suite.case.len());
    for case in &suite.case {
        for key in ["exit", "wrote", "says"] {
            assert!(case.peer.contains_key(key), "{}: the peer's `{key}`", case.id);
        }
        let judged = !case.codes.is_empty() || !case.denies.is_empty() || case.once.is_some();
        assert!(judged, "{}: nothing is asserted", case.id);
    }
}
