//! Files of every form, each with what it means beside it.
//!
//! `NAME.json` or `NAME.tfstate` in the folder of its reader has a `NAME.rows`; a folder `NAME` holds files that are
//! read together, and its `meaning.rows`. One line for each statement:
//!
//! ```text
//! scope sg-1 egress
//!   allow tcp/443 192.0.2.0/24          packets that surely pass: service, then peers
//!   perhaps tcp/0-65535 10.0.0.0/8      packets that may pass beside those
//!   unmodelled x.egress                 what the difference is about
//! finding note read/unmodelled 7:9 …    severity, code, line and column, message
//! before                                the same of the state before, for a plan
//! ```
//!
//! With `UPDATE_CORPUS=1` in the environment the files are written anew, to be read before they are kept.

use super::support::{claimed, importer, in_a_line, scopes};
use egressor::diag::{Finding, Source};
use egressor::targets::Imported;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const READERS: [&str; 4] =
    ["aws-security-group-describe", "aws-security-group-state", "gcp-firewall-list", "gcp-firewall-state"];

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_none_or(|end| end != "rows" && end != "md")).collect();
    paths.sort();
    paths
}

fn sources(path: &Path) -> Vec<Arc<Source>> {
    let files = if path.is_dir() { inputs(path) } else { vec![path.to_owned()] };
    let source = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_str().unwrap();
        Arc::new(Source::new(name, fs::read_to_string(file).unwrap()))
    };
    files.iter().map(source).collect()
}

fn meaning(read: &Imported) -> String {
    format!("{}{}", scopes(&read.policy), read.findings.iter().map(in_a_line).collect::<String>())
}

#[test]
fn every_file_means_what_is_written_beside_it() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    let mut different = Vec::new();
    for reader in READERS {
        let inputs = inputs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(reader));
        assert!(inputs.len() >= 15, "{} files for {reader}", inputs.len());
        for path in inputs {
            let sources = sources(&path);
            let mut claims: Vec<&str> = sources.iter().flat_map(|source| claimed(source)).collect();
            claims.dedup();
            // A state holds whatever its project has, so the readers of several clouds can find something in it.
            let others = claims.iter().filter(|claim| **claim != reader).collect::<Vec<_>>();
            assert!(claims.contains(&reader), "{}", path.display());
            assert!(others.iter().all(|other| other.ends_with("-state")), "{}: {others:?}", path.display());
            let mut found = meaning(&importer(reader).import(&sources));
            if let Some(before) = importer(reader).import_before(&sources) {
                found.push_str("before\n");
                found.push_str(&meaning(&before));
            }
            let beside = if path.is_dir() { path.join("meaning.rows") } else { path.with_extension("rows") };
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

/// Any text at all is read to an end, and a file that was cut off is an error.
#[test]
fn a_file_cut_anywhere_is_read_to_an_end_and_is_no_smaller_file() {
    for reader in READERS {
        for path in inputs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(reader)) {
            for source in sources(&path) {
                let text = source.text().trim_end();
                for (cut, _) in text.char_indices().skip(1).step_by(97) {
                    for part in [&text[..cut], &text[cut..]] {
                        let part = Arc::new(Source::new(source.name(), part));
                        let read = importer(reader).import(&[Arc::clone(&part)]);
                        assert!(read.findings.iter().any(Finding::is_error), "{}", path.display());
                        importer(reader).import_before(&[part]);
                    }
                }
            }
        }
    }
}
