//! Dumps of every kind, each with what it means beside it.
//!
//! `NAME.rules` was loaded with the real tools, and `NAME.TOOL.save` is what they printed; `NAME.meaning` says what
//! all of them mean. A `NAME.save` alone is a damaged dump, which no tool would have loaded. One line each:
//!
//! ```text
//! scope filter/OUTPUT egress
//!   allow tcp/443 to 192.0.2.0/24 from 10.0.0.0/8     packets that surely pass
//!   perhaps tcp/0-65535 to 192.0.2.0/24               packets that may pass beside those
//!   unmodelled -m owner --uid-owner 1000              what the difference is about
//! finding iptables/… 12:4 …                           code, line and column in the nft dump, message
//! ```
//!
//! With `UPDATE_CORPUS=1` in the environment the files are written anew, to be read before they are kept.

#![cfg(test)]
#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "names of our own files")]

use egressor::diag::{Finding, Source, any_error};
use egressor::packet::{AddrSet, IcmpMatch, PacketSet, Row, RowPeer, Set, TransportRow};
use egressor::policy::{Policy, Traffic};
use egressor::targets::{Imported, find};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The dumps that tests of their own speak about.
const ELSEWHERE: [&str; 3] = ["host.v4", "host.v6", "sets.v4"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/iptables-save")
}

/// The files of each case by its name; the one that the meaning is written about comes first.
fn cases() -> BTreeMap<String, Vec<String>> {
    let names =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.filter(|name| name.ends_with(".save")).collect();
    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        let case = name.trim_end_matches(".save").trim_end_matches("-counters");
        let case = case.trim_end_matches(".legacy").trim_end_matches(".nft").to_owned();
        if !ELSEWHERE.contains(&case.as_str()) {
            cases.entry(case).or_default().push(name);
        }
    }
    for (case, files) in &mut cases {
        files.sort_by_key(|name| (!name.ends_with(".nft.save"), name.clone()));
        let rules = format!("{case}.rules");
        if folder().join(&rules).exists() {
            files.push(rules);
        }
    }
    cases
}

/// What a file means: its scopes, and its findings.
fn meaning(case: &str, file: &str) -> (String, String) {
    let read = read(case, file);
    (scopes(&read.policy), read.findings.iter().map(in_a_line).collect())
}

fn read(case: &str, file: &str) -> Imported {
    let source = |name: &str| {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        Arc::new(Source::new(name, text))
    };
    let mut sources = vec![source(file)];
    let importer = find("iptables").unwrap().importers()[0];
    assert!(importer.recognizes(&sources[0]), "{file} is not recognised");
    let sets = format!("{}.ipset", case.split('.').next().unwrap_or(case));
    if folder().join(&sets).exists() {
        sources.push(source(&sets));
    }
    importer.import(&sources)
}

fn scopes(policy: &Policy) -> String {
    let mut out = String::new();
    for set in &policy.sets {
        let bounds = set.allows();
        writeln!(out, "scope {} {}", set.scope.name, set.scope.direction).unwrap();
        out.push_str(&rows("allow", &bounds.at_least));
        out.push_str(&rows("perhaps", &bounds.at_most.subtract(&bounds.at_least)));
        let unmodelled: BTreeSet<&str> =
            set.rules.iter().flat_map(|rule| &rule.unmodelled).map(|one| one.text.as_str()).collect();
        for text in unmodelled {
            writeln!(out, "  unmodelled {text}").unwrap();
        }
        for (traffic, word) in [(Traffic::Return, "return"), (Traffic::Loopback, "loopback")] {
            let apart = set.rules.iter().filter(|rule| rule.traffic == traffic).count();
            if apart > 0 {
                writeln!(out, "  {word} traffic is ruled apart").unwrap();
            }
        }
    }
    out
}

fn rows(word: &str, packets: &PacketSet) -> String {
    packets.rows().iter().fold(String::new(), |mut out, row| {
        writeln!(out, "  {word} {}", in_words(row)).unwrap();
        out
    })
}

fn in_words(row: &Row) -> String {
    let service = match &row.transport {
        TransportRow::Any => "any".to_owned(),
        TransportRow::Protocols(first, last) if first == last => first.to_string(),
        TransportRow::Protocols(first, last) => format!("protocols/{}-{}", first.0, last.0),
        TransportRow::Ports(protocol, ports) => {
            format!("{protocol}/{}", ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        TransportRow::Icmp(protocol, types) => format!("{protocol}/{}", icmp(types)),
    };
    let RowPeer::Addrs(peers) = &row.peer else { panic!("iptables knows addresses only") };
    let source = row.source.as_ref().map(|source| format!(" from {}", ranges(source)));
    format!("{service} to {}{}", ranges(peers), source.unwrap_or_default())
}

/// Blocks where a range is one, else its ends.
fn ranges(addrs: &AddrSet) -> String {
    let v4 = addrs
        .v4
        .ranges()
        .map(|(first, last)| (Ipv4Addr::from_bits(first).into(), Ipv4Addr::from_bits(last).into()));
    let v6 = addrs
        .v6
        .ranges()
        .map(|(first, last)| (Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(last).into()));
    let range =
        |(first, last): (IpAddr, IpAddr)| match AddrSet::from_ranges([(first, last)]).prefixes().as_slice() {
            [block] => block.to_string(),
            _ => format!("{first}-{last}"),
        };
    v4.chain(v6).map(range).collect::<Vec<_>>().join(" ")
}

/// Types, with their codes where not all are meant: `0-7,9,3:4`.
fn icmp(types: &[IcmpMatch]) -> String {
    let mut runs: Vec<(IcmpMatch, IcmpMatch)> = Vec::new();
    let follows = |a: IcmpMatch, b: IcmpMatch| match (a.code, b.code) {
        (None, None) => a.kind.checked_add(1) == Some(b.kind),
        (Some(one), Some(next)) => a.kind == b.kind && one.checked_add(1) == Some(next),
        _ => false,
    };
    for one in types {
        match runs.last_mut() {
            Some((_, last)) if follows(*last, *one) => *last = *one,
            _ => runs.push((*one, *one)),
        }
    }
    let name = |one: IcmpMatch| one.code.map_or(one.kind.to_string(), |code| format!("{}:{code}", one.kind));
    let run =
        |(first, last)| if first == last { name(first) } else { format!("{}-{}", name(first), name(last)) };
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}

fn in_a_line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.source.line_column(place.span.start);
        format!("{line}:{column} ")
    });
    format!("finding {} {place}{}\n", finding.code, finding.message)
}

#[test]
fn every_dump_means_what_is_written_beside_it() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    let mut different = Vec::new();
    for (case, files) in cases() {
        let (scopes, findings) = meaning(&case, &files[0]);
        let found = format!("{scopes}{findings}");
        let beside = folder().join(format!("{case}.meaning"));
        if update {
            fs::write(&beside, &found).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            different.push(format!("{case}\n--- expected\n{expected}--- found\n{found}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_tool_prints_the_same_meaning() {
    let mut several = 0;
    for (case, files) in cases() {
        let (expected, _) = meaning(&case, &files[0]);
        for file in &files[1..] {
            several += 1;
            let (mut found, mut expected) = (meaning(&case, file).0, expected.clone());
            if file.ends_with(".rules") {
                // A person spells what is not modelled in many ways, which stay apart.
                for text in [&mut found, &mut expected] {
                    *text =
                        text.split_inclusive('\n').filter(|line| !line.contains(" unmodelled ")).collect();
                }
            }
            assert_eq!(found, expected, "{file} and {}", files[0]);
        }
    }
    assert!(several >= 15 * 4, "{several} files");
}

#[test]
fn what_no_tool_would_load_is_an_error_and_what_one_printed_is_not() {
    for (case, files) in cases() {
        for file in files {
            let damaged = file == format!("{case}.save");
            assert_eq!(any_error(&read(&case, &file).findings), damaged, "{file}");
        }
    }
}
