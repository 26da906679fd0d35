//! Files of variables and requests, each with what it means beside it: `NAME.meaning`.
//!
//! One line for each row and each finding, see `tests/readers/corpus.rs`; names are spelt out. With `UPDATE=1` in the
//! environment the files are written anew, to be read before they are kept.

use crate::support::{claimed, importer, in_a_line};
use egressor::diag::Source;
use egressor::packet::{PacketSet, Set};
use egressor::report::row_text;
use egressor::targets::Imported;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const READERS: [&str; 2] = ["change-request", "proxy-env"];

fn inputs(reader: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(reader);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            !name.ends_with(".meaning") && name != "README.md"
        })
        .collect();
    paths.sort();
    paths
}

fn rows(word: &str, packets: &PacketSet) -> String {
    let mut out = String::new();
    for row in packets.rows() {
        let [service, peer, source, _] = row_text(&row);
        let from = if source == "any" { String::new() } else { format!(" from {source}") };
        writeln!(out, "  {word} {service} {peer}{from}").unwrap();
    }
    out
}

fn meaning(read: &Imported) -> String {
    let mut out = String::new();
    for set in &read.policy.sets {
        let bounds = set.allows();
        writeln!(out, "scope {} {}", set.scope.name, set.scope.direction).unwrap();
        out.push_str(&rows("allow", &bounds.at_least));
        out.push_str(&rows("perhaps", &bounds.at_most.subtract(&bounds.at_least)));
        let texts = set.rules.iter().flat_map(|rule| &rule.unmodelled).map(|one| one.text.as_str());
        for text in texts.collect::<std::collections::BTreeSet<_>>() {
            writeln!(out, "  unmodelled {text}").unwrap();
        }
    }
    out + &read.findings.iter().map(in_a_line).collect::<String>()
}

#[test]
fn every_file_means_what_is_written_beside_it() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for reader in READERS {
        let inputs = inputs(reader);
        assert!(inputs.len() >= 15, "{} files for {reader}", inputs.len());
        for path in inputs {
            let name = path.file_name().unwrap().to_str().unwrap();
            let source = Arc::new(Source::new(name, fs::read_to_string(&path).unwrap()));
            assert_eq!(claimed(&source), [reader], "{}", path.display());
            let found = meaning(&importer(reader).import(&[source]));
            let beside = PathBuf::from(format!("{}.meaning", path.display()));
            if update {
                fs::write(&beside, &found).unwrap();
            }
            let expected = fs::read_to_string(&beside).unwrap_or_default();
            if found != expected {
                different.push(format!("{}\n--- expected\n{expected}--- found\n{found}", path.display()));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Law 6: any piece of any file is read to an end, and its advice is given.
#[test]
fn a_file_cut_anywhere_is_read_to_an_end() {
    for reader in READERS {
        for path in inputs(reader) {
            let text = fs::read_to_string(&path).unwrap();
            for (cut, _) in text.char_indices().step_by(13) {
                for part in [&text[..cut], &text[cut..]] {
                    let part = [Arc::new(Source::new("part", part))];
                    importer(reader).recognizes(&part[0]);
                    importer(reader).import(&part);
                    importer(reader).advise(&part);
                }
            }
        }
    }
}
