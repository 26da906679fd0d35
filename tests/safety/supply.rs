//! What the program is made of, and what it may be made of.

use crate::real::skipped;
use crate::run::{file, works};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn text(path: &str) -> String {
    std::fs::read_to_string(file(path)).expect(path)
}

/// The packages of `Cargo.lock`, each with its checksum.
fn locked() -> BTreeMap<String, Option<String>> {
    let lock: toml::Table = text("Cargo.lock").parse().expect("it is TOML");
    let of =
        |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let packages = lock["package"].as_array().expect("a list").iter();
    packages
        .map(|package| {
            let name = of(package, "name").expect("a name");
            let version = of(package, "version").expect("a version");
            (format!("{name} {version}"), of(package, "checksum"))
        })
        .collect()
}

#[test]
fn the_bill_of_materials_lists_just_the_packages_of_the_lockfile() {
    if !works("python3", &["-c", "import tomllib"]) {
        skipped("the bill of materials", 1, "Python 3.11 is not installed");
        return;
    }
    let print = || {
        let output = Command::new(file(".ci/sbom")).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let bytes = print();
    assert_eq!(bytes, print(), "the same checkout gives the same bytes");
    let bill: Value = serde_json::from_slice(&bytes).expect("it is JSON");
    let word = |part: &Value, key: &str| part[key].as_str().expect(key).to_owned();
    let mut listed = BTreeMap::new();
    let root = &bill["metadata"]["component"];
    for part in bill["components"].as_array().expect("a list").iter().chain([root]) {
        let name = format!("{} {}", word(part, "name"), word(part, "version"));
        assert!(!part["licenses"][0]["expression"].as_str().unwrap_or_default().is_empty(), "{name}");
        assert_eq!(word(part, "purl"), format!("pkg:cargo/{}", name.replace(' ', "@").replace('+', "%2B")));
        let hash = part["hashes"][0]["content"].as_str().map(str::to_owned);
        assert!(listed.insert(name, hash).is_none(), "a package stands twice");
    }
    assert_eq!(listed, locked());
    let scopes: BTreeSet<&str> = bill["components"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|part| part["scope"].as_str())
        .collect();
    assert_eq!(scopes.into_iter().collect::<Vec<_>>(), ["excluded", "optional", "required"]);
    let scope = |name: &str| {
        let mut parts = bill["components"].as_array().expect("a list").iter();
        parts.find(|part| part["name"] == name).map(|part| word(part, "scope")).expect(name)
    };
    let of = [scope("clap"), scope("rustls"), scope("proptest")];
    assert_eq!(of, ["required", "optional", "excluded"]);
    // The tests ask for a feature of hickory that brings it; the program as it is built by default has no part in C.
    assert_eq!(scope("ring"), "optional");
}

#[test]
fn every_package_comes_from_the_registry_with_a_checksum() {
    let without: Vec<String> =
        locked().into_iter().filter(|(_, checksum)| checksum.is_none()).map(|(name, _)| name).collect();
    assert_eq!(without, [format!("egressor {}", env!("CARGO_PKG_VERSION"))]);
    assert!(!text("Cargo.lock").contains("git+"));
}

#[test]
fn unsafe_code_is_forbidden_and_stays_so() {
    let manifest: toml::Table = text("Cargo.toml").parse().expect("it is TOML");
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert!(manifest.get("build-dependencies").is_none(), "nothing runs when it is built but the compiler");
    assert!(!file("build.rs").exists());
}

#[test]
fn the_audit_knows_sources_licences_and_bans() {
    let deny: toml::Table = text("deny.toml").parse().expect("it is TOML");
    assert_eq!(deny["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(deny["sources"]["unknown-git"].as_str(), Some("deny"));
    assert_eq!(deny["bans"]["wildcards"].as_str(), Some("deny"));
    assert!(deny["licenses"]["allow"].as_array().is_some_and(|list| !list.is_empty()));
    assert!(deny["advisories"]["ignore"].as_array().is_some_and(Vec::is_empty), "nothing is waved through");
}

/// Files of the checkout in which a pipeline may be described.
fn pipelines(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != ".git" {
            pipelines(&path, found);
        } else if [".yml", ".yaml", ".md"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// What is wrong with the actions that a text names: `uses: OWNER/NAME@COMMIT` is a commit of 40 digits.
fn unpinned(text: &str) -> Vec<&str> {
    let uses = text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses:"));
    let uses = uses.map(|action| action.split('#').next().unwrap_or_default().trim());
    let is_pinned = |action: &str| {
        action
            .split_once('@')
            .is_some_and(|(_, at)| at.len() == 40 && at.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    uses.filter(|action| !action.starts_with("./") && !is_pinned(action)).collect()
}

#[test]
fn every_action_that_a_pipeline_or_a_page_names_is_pinned_to_a_commit() {
    let pinned = "- uses: a/b@0123456789abcdef0123456789abcdef01234567 # v1\n- uses: ./here";
    assert!(unpinned(pinned).is_empty());
    assert_eq!(unpinned("  - uses: a/b@v1 # comment\n  uses: c/d"), ["a/b@v1", "c/d"]);
    let mut files = Vec::new();
    pipelines(&file("."), &mut files);
    assert!(files.len() > 20);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(unpinned(&text).is_empty(), "{}: {:?}", path.display(), unpinned(&text));
    }
}
