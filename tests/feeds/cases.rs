//! Each case is a folder: a body as the vendor shapes it, the flags, and the catalog that comes of them.
//!
//! `UPDATE=1` writes the catalogs anew; read the change before it is committed.

use crate::run::{cases, egressor, import, root, strs};
use egressor::diag::Source;
use egressor::resolve::feeds::{FEEDS, recognise};
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn every_body_becomes_the_catalog_beside_it() {
    for case in cases() {
        let run = egressor(root(), &strs(&import(&case)));
        assert_eq!(run.code, 0, "{}: {}", case.folder.display(), run.stderr);
        let expected = root().join(&case.folder).join("catalog.yaml");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &run.stdout).expect("it is written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(run.stdout, expected, "{}", case.folder.display());
    }
}

#[test]
fn every_format_has_a_case_and_knows_its_own_bodies() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let source = Arc::new(Source::new("body", case.text()));
        let found = recognise(&source).map(|feed| feed.name);
        assert_eq!(found, Some(case.feed.as_str()), "{}", case.folder.display());
        seen.insert(case.feed);
    }
    let formats: BTreeSet<String> = FEEDS.iter().map(|feed| feed.name.to_owned()).collect();
    assert_eq!(seen, formats);
}

#[test]
fn what_is_imported_generates_rules_that_are_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in cases() {
        let catalog = root().join(&case.folder).join("catalog.yaml").display().to_string();
        let run = egressor(
            folder.path(),
            &["generate", "--catalog", &catalog, "-t", "iptables", "-t", "squid", "--out", "-"],
        );
        // Names without an address have no place in rules by address, and only that may go wrong.
        let nameless = run.stderr.contains("evidence/missing") || run.stderr.contains("selection/empty");
        assert!(run.code == 0 || nameless, "{}: {}", case.folder.display(), run.stderr);
    }
}
