//! What existing `squid.conf` files mean: each folder of `tests/corpus/squid-conf` with its `meaning.txt`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use egressor::diag::Source;
use egressor::packet::{PacketSet, Row, RowPeer, TransportRow};
use egressor::targets::{Imported, Importer, find};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn importer() -> &'static dyn Importer {
    find("squid").unwrap().importers()[0]
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn row(row: &Row) -> String {
    let words = |items: Vec<String>| items.join(" ");
    let peer = match &row.peer {
        RowPeer::Addrs(addrs) => words(addrs.prefixes().iter().map(ToString::to_string).collect()),
        RowPeer::Names(names, except) => {
            let names = words(names.iter().map(ToString::to_string).collect());
            let except = words(except.iter().map(ToString::to_string).collect());
            if except.is_empty() { names } else { format!("{names} except {except}") }
        }
        RowPeer::Groups(groups, _) => format!("groups {}", groups.join(" ")),
    };
    let service = match &row.transport {
        TransportRow::Ports(protocol, ports) => {
            format!("{protocol} {}", words(ports.iter().map(ToString::to_string).collect()))
        }
        TransportRow::Protocols(first, last) if first == last => first.to_string(),
        other => format!("{other:?}"),
    };
    let source =
        row.source.as_ref().map(|source| words(source.prefixes().iter().map(ToString::to_string).collect()));
    match source {
        Some(source) => format!("{service}, to {peer}, from {source}"),
        None => format!("{service}, to {peer}"),
    }
}

fn rows(out: &mut String, title: &str, packets: &PacketSet) {
    writeln!(out, "  {title}").unwrap();
    for line in packets.rows().iter().map(row) {
        writeln!(out, "    {line}").unwrap();
    }
}

fn meaning(read: &Imported) -> String {
    let mut out = String::new();
    for set in &read.policy.sets {
        writeln!(out, "{} {}", set.scope.name, set.scope.direction).unwrap();
        let allows = set.allows();
        rows(&mut out, if allows.is_exact() { "allows" } else { "allows at least" }, &allows.at_least);
        if !allows.is_exact() {
            rows(&mut out, "allows at most", &allows.at_most);
        }
    }
    for finding in &read.findings {
        let line = finding.place.as_ref().map_or(0, |place| place.source.line_column(place.span.start).0);
        writeln!(out, "{} {} line {line}: {}", finding.severity, finding.code, finding.message).unwrap();
    }
    out
}

#[test]
fn every_file_of_the_corpus_means_what_stands_beside_it() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/squid-conf");
    let mut wrong = Vec::new();
    let mut cases: Vec<PathBuf> = fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 15);
    for case in cases {
        let files = files_below(&case).into_iter().filter(|path| !path.ends_with("meaning.txt"));
        let sources: Vec<Arc<Source>> = files
            .map(|path| {
                let name = path.strip_prefix(&case).unwrap().to_str().unwrap().to_owned();
                Arc::new(Source::new(name, fs::read_to_string(path).unwrap()))
            })
            .collect();
        let main = sources.iter().find(|source| source.name() == "squid.conf").unwrap();
        assert!(importer().recognizes(main), "{}", case.display());
        let found = meaning(&importer().import(&sources));
        let expected = fs::read_to_string(case.join("meaning.txt")).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{}\n--- found\n{found}--- expected\n{expected}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_formats_are_not_taken_for_squid() {
    for text in [
        "frontend www\n  acl is_api src 10.0.0.0/8\n  use_backend api if is_api\n",
        "*filter\n-A OUTPUT -j ACCEPT\nCOMMIT\n",
        "resource \"aws_network_acl\" \"acl\" {\n}\n",
        "acl = [\"http_access\"]\n",
        "",
    ] {
        assert!(!importer().recognizes(&Source::new("file", text)), "{text}");
    }
}
