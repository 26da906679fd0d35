//! Rule files of every form, each with what it means beside it: a folder of `tests/corpus/IMPORTER` is a case.
//!
//! With `UPDATE=1` in the environment the meanings are written anew, to be read before they are kept.

#![cfg(test)]

#[path = "common/corpus.rs"]
mod corpus;
#[path = "common/meaning.rs"]
mod meaning;

use corpus::{Case, all, cases, claimed, importer, importers, root};
use egressor::diag::{Source, any_error};
use egressor::ops::show;
use egressor::targets::Imported;
use meaning::{in_a_line, scopes};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What every importer must have at least.
const FEWEST: usize = 15;

fn whole(read: &Imported, several: bool) -> String {
    let findings: String = read.findings.iter().map(|finding| in_a_line(finding, several)).collect();
    format!("{}{findings}", scopes(&read.policy))
}

/// What the files of a case mean; for a plan, what was there before as well.
fn found(case: &Case) -> String {
    let sources = case.sources();
    let several = sources.len() > 1;
    let mut found = whole(&importer(case.importer).import(&sources), several);
    if let Some(before) = importer(case.importer).import_before(&sources) {
        found.push_str("before\n");
        found.push_str(&whole(&before, several));
    }
    found
}

#[test]
fn every_case_means_what_is_written_beside_it() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for case in all() {
        let found = found(&case);
        let beside = case.folder.join("meaning.txt");
        if update {
            fs::write(&beside, &found).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            different.push(format!("{}\n--- expected\n{expected}--- found\n{found}", case.name()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// What is not modelled is spelt in many ways by people, and these stay apart.
fn without_spelling(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains(" unmodelled ")).collect()
}

#[test]
fn what_another_tool_printed_of_a_case_means_the_same() {
    let mut several = 0;
    for case in all() {
        let read = |first: &Path| {
            let sources: Vec<Arc<Source>> = case.with(first).iter().map(|path| case.source(path)).collect();
            let read = importer(case.importer).import(&sources);
            assert!(!any_error(&read.findings), "{}: {:?}", first.display(), read.findings);
            scopes(&read.policy)
        };
        for file in &case.also {
            several += 1;
            let (mut found, mut expected) = (read(file), read(&case.files[0]));
            if file.ends_with("written.rules") {
                (found, expected) = (without_spelling(&found), without_spelling(&expected));
            }
            assert_eq!(found, expected, "{} and {}", file.display(), case.files[0].display());
        }
    }
    assert!(several >= 15 * 4, "{several} files");
}

/// What a user gives to `show` finds its importer, and what is read is what the importer says.
#[test]
fn files_of_a_case_that_are_given_together_are_read_by_its_importer() {
    for case in all() {
        let shown = show(&case.files);
        // A state of several clouds is read by the importers of all of them.
        let formats: Vec<&str> = shown.format.split(" + ").collect();
        assert!(formats.contains(&case.importer), "{}: {formats:?} {:?}", case.name(), shown.findings);
        let read = importer(case.importer).import(&case.sources());
        assert_eq!(any_error(&shown.findings), any_error(&read.findings), "{}", case.name());
    }
}

#[test]
fn every_importer_has_its_cases_and_they_are_taken_for_its_own_alone() {
    let mut folders: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for importer in importers() {
        let name = importer.name();
        folders.retain(|folder| folder != name);
        let cases = cases(name);
        assert!(cases.len() >= FEWEST, "{name} has {} cases", cases.len());
        for case in cases {
            assert!(!case.files.is_empty(), "{} has no files", case.name());
            for (at, path) in case.files.iter().enumerate() {
                let claims = claimed(&case.source(path));
                // What stands beside the first file may belong to several forms, as the members of sets do, and may be
                // one of its own that completes this. A state holds whatever its project has, so the importers of
                // several clouds can find something in it.
                let states = || claims.iter().all(|claim| claim.ends_with("-state"));
                let completes = || importer.completes(&case.source(path));
                let beside = || claims.is_empty() || claims.contains(&name) || completes();
                let owned = claims == [name] || (claims.contains(&name) && states()) || (at > 0 && beside());
                assert!(owned, "{} is claimed by {claims:?}", path.display());
            }
            for path in &case.also {
                assert_eq!(claimed(&case.source(path)), [name], "{}", path.display());
            }
        }
    }
    assert_eq!(folders, Vec::<String>::new(), "folders of no importer");
}

/// The texts of which any part is an error: they end with the bracket that they began with.
const BRACKETED: [&str; 16] = [
    "aws-network-firewall-describe",
    "aws-network-firewall-state",
    "aws-prefix-list-describe",
    "aws-prefix-list-state",
    "aws-security-group-describe",
    "aws-security-group-state",
    "azure-firewall-list",
    "azure-firewall-state",
    "azure-nsg-list",
    "azure-nsg-state",
    "gcp-firewall-list",
    "gcp-firewall-state",
    "gcp-network-policy-list",
    "gcp-network-policy-state",
    "nft-json",
    "rules-json",
];

/// How many places each file is cut at.
const CUTS: usize = 24;

/// Any text at all is read to an end, and JSON that was cut off is an error.
#[test]
fn a_file_cut_anywhere_is_read_to_an_end_and_is_no_smaller_file() {
    for case in all() {
        let importer = importer(case.importer);
        for source in case.sources() {
            let text = source.text().trim_end();
            let step = text.chars().count() / CUTS + 1;
            for (cut, _) in text.char_indices().skip(1).step_by(step) {
                for part in [&text[..cut], &text[cut..]] {
                    let part = Arc::new(Source::new(source.name(), part));
                    let read = importer.import(&[Arc::clone(&part)]);
                    if BRACKETED.contains(&case.importer) {
                        assert!(any_error(&read.findings), "{} of {}", source.name(), case.name());
                    }
                    importer.import_before(&[Arc::clone(&part)]);
                    importer.advise(&[part]);
                }
            }
        }
    }
}
