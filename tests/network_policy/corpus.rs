//! Manifests of every form, each with what it means beside it.
//!
//! `NAME.yaml` or `NAME.json` has a `NAME.rows`, one line for each statement:
//!
//! ```text
//! scope default/app=a egress
//!   allow tcp/443 192.0.2.0/24          packets that surely pass: service, then peers
//!   perhaps tcp/0-65535 10.0.0.0/8      packets that may pass beside those
//!   unmodelled port https/TCP           what the difference is about
//! finding read/widened 7:9 …            code, line and column, message
//! ```
//!
//! With `UPDATE_CORPUS=1` in the environment the files are written anew, to be read before they are kept.

use egressor::diag::{Finding, Source};
use egressor::packet::{PacketSet, RowPeer, Set, TransportRow};
use egressor::policy::Policy;
use egressor::targets;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/network-policy")
}

fn manifests() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml" || end == "json")).collect();
    paths.sort();
    paths
}

fn meaning(source: Source) -> String {
    let importer = targets::find("network-policy").unwrap().importers()[0];
    assert!(importer.recognizes(&source), "{} is not recognised", source.name());
    let read = importer.import(&[Arc::new(source)]);
    format!("{}{}", scopes(&read.policy), read.findings.iter().map(in_a_line).collect::<String>())
}

fn scopes(policy: &Policy) -> String {
    let mut out = String::new();
    for set in &policy.sets {
        let bounds = set.allows();
        writeln!(out, "scope {} {}", set.scope.name, set.scope.direction).unwrap();
        out.push_str(&rows("allow", &bounds.at_least));
        out.push_str(&rows("perhaps", &bounds.at_most.subtract(&bounds.at_least)));
        let mut unmodelled: Vec<String> =
            set.rules.iter().flat_map(|rule| &rule.unmodelled).map(|one| one.text.clone()).collect();
        unmodelled.sort();
        unmodelled.dedup();
        for text in unmodelled {
            writeln!(out, "  unmodelled {text}").unwrap();
        }
    }
    out
}

fn rows(word: &str, packets: &PacketSet) -> String {
    let mut out = String::new();
    for row in packets.rows() {
        assert_eq!(row.source, None);
        let service = match &row.transport {
            TransportRow::Any => "any".to_owned(),
            TransportRow::Protocols(first, last) if first == last => first.to_string(),
            TransportRow::Protocols(first, last) => format!("protocols/{}-{}", first.0, last.0),
            TransportRow::Ports(protocol, ports) => {
                format!("{protocol}/{}", ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            }
            TransportRow::Icmp(protocol, _) => format!("{protocol}/types"),
        };
        let peers = match &row.peer {
            RowPeer::Addrs(addrs) => {
                addrs.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
            RowPeer::Groups(groups, except) if except.is_empty() => format!("group {}", groups.join(" ")),
            RowPeer::Groups(groups, except) => {
                format!("group {} except {}", groups.join(" "), except.join(" "))
            }
            RowPeer::Names(..) => "names".to_owned(),
        };
        writeln!(out, "  {word} {service} {peers}").unwrap();
    }
    out
}

fn in_a_line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.source.line_column(place.span.start);
        format!("{line}:{column} ")
    });
    format!("finding {} {place}{}\n", finding.code, finding.message)
}

#[test]
fn every_manifest_means_what_is_written_beside_it() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    let mut different = Vec::new();
    for path in manifests() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = meaning(Source::new(name, fs::read_to_string(&path).unwrap()));
        let beside = path.with_extension("rows");
        if update {
            fs::write(&beside, &found).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            different.push(format!("{name}\n--- expected\n{expected}--- found\n{found}"));
        }
    }
    assert!(manifests().len() >= 15);
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Any text at all is read to an end, and a damaged manifest is never silently a smaller one of the same kind.
#[test]
fn a_manifest_cut_anywhere_is_read_to_an_end() {
    let importer = targets::find("network-policy").unwrap().importers()[0];
    for path in manifests() {
        let text = fs::read_to_string(&path).unwrap();
        for (cut, _) in text.char_indices().step_by(7) {
            let head = Arc::new(Source::new("cut", &text[..cut]));
            let tail = Arc::new(Source::new("cut", &text[cut..]));
            importer.import(&[head, tail]);
        }
    }
}
