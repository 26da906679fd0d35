//! `check` says of every packet what `show` says of the rows that it lies in.

use crate::model::{action, lines};
use egressor::ops::{CheckRequest, Project, Verdict, check, show};
use egressor::packet::{
    AddrSet, Limit, NamePattern, Packet, PacketSet, Peer, Prefix, Protocol, RowPeer, TransportRow,
};
use egressor::policy::{Action, Bounds, RuleSet};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

fn expected(allows: &Bounds, packet: &Packet<'_>) -> Verdict {
    match (allows.at_least.at(packet), allows.at_most.at(packet)) {
        (true, _) => Verdict::Allowed,
        (false, true) => Verdict::Unknown,
        (false, false) => Verdict::Denied,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn generated_dumps_are_judged_packet_by_packet_as_they_are_shown(lines in lines(3), default in action()) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("rules");
        let policy = if default == Action::Allow { "ACCEPT" } else { "DROP" };
        let mut text = format!("*filter\n:OUTPUT {policy} [0:0]\n");
        for line in &lines {
            let (from, to) = (crate::model::addr(line.addrs.0), crate::model::addr(line.addrs.1));
            let owner = line.condition.map(|number| format!(" -m owner --uid-owner {number}")).unwrap_or_default();
            let verdict = if line.action == Action::Allow { "ACCEPT" } else { "DROP" };
            let (first, last) = line.ports;
            writeln!(
                text,
                "-A OUTPUT -p tcp -m tcp --dport {first}:{last} -m iprange --dst-range {from}-{to}{owner} -j {verdict}"
            ).expect("text");
        }
        text.push_str("COMMIT\n");
        std::fs::write(&file, text).expect("a file");
        agrees(&[file], 40);
    }
}

/// Packets at and beside the corners of what is allowed.
fn corners(set: &RuleSet) -> Vec<(String, IpAddr, (Protocol, u16))> {
    let allows = set.allows();
    let mut ends: BTreeSet<String> = ["192.0.2.3".to_owned(), "10.1.2.3".to_owned()].into();
    let mut services: BTreeSet<(Protocol, u16)> = [(Protocol::TCP, 443), (Protocol::UDP, 53)].into();
    let mut sources: BTreeSet<IpAddr> =
        ["192.0.2.200".parse().unwrap(), "2001:db8::c8".parse().unwrap()].into();
    for row in allows.at_least.rows().iter().chain(&allows.at_most.rows()) {
        match &row.peer {
            RowPeer::Addrs(addrs) => ends.extend(addrs.prefixes().iter().take(20).flat_map(|prefix| {
                [prefix.addr(), prefix.last()].map(|addr| match addr {
                    IpAddr::V4(v4) => v4.to_string(),
                    IpAddr::V6(v6) => format!("[{v6}]"),
                })
            })),
            RowPeer::Names(names, except) => {
                ends.extend(names.iter().chain(except).map(|pattern| match pattern {
                    NamePattern::Any => "anything.example".to_owned(),
                    NamePattern::Host(host) | NamePattern::Path(host, _) | NamePattern::Tree(host) => {
                        host.to_string()
                    }
                    NamePattern::Below(host) | NamePattern::OneBelow(host) => format!("below.{host}"),
                }));
            }
            RowPeer::Groups(..) => {}
        }
        if let TransportRow::Ports(protocol, ranges) = &row.transport {
            for range in ranges.iter().take(10) {
                services.extend([(*protocol, range.first()), (*protocol, range.last().saturating_add(1))]);
            }
        }
        sources.extend(row.source.iter().flat_map(AddrSet::prefixes).take(4).map(Prefix::addr));
    }
    let mut all = Vec::new();
    for end in &ends {
        for source in &sources {
            let v6 = end.starts_with('[');
            let is_addr = v6 || end.parse::<IpAddr>().is_ok();
            if !is_addr || v6 == source.is_ipv6() {
                all.extend(services.iter().map(|service| (end.clone(), *source, *service)));
            }
        }
    }
    all
}

/// Asks about some packets of every scope of the files.
fn agrees(files: &[PathBuf], most: usize) -> usize {
    let shown = show(files);
    let mut asked = 0;
    for set in &shown.policy.sets {
        let allows = set.allows();
        let corners = corners(set);
        let stride = corners.len().div_ceil(most).max(1);
        for (end, source, (protocol, port)) in corners.into_iter().step_by(stride) {
            let request = CheckRequest {
                before: false,
                question: format!("{end}:{port}/{protocol}"),
                files: files.to_vec(),
                project: Project::default(),
                from: Some(source.to_string()),
                scope: None,
                direction: set.scope.direction,
                limit: Limit::default(),
                readers: Vec::new(),
            };
            let checked = check(&request);
            let Some(answered) = checked.scopes.iter().find(|answered| answered.scope == set.scope) else {
                panic!("{files:?}: no answer to {}: {:?}", request.question, checked.findings)
            };
            let host = end.parse::<egressor::packet::Hostname>();
            let peer = match &host {
                Ok(host) => Peer::Name(host, "/"),
                Err(_) => Peer::Addr(end.trim_matches(['[', ']']).parse().expect("an address")),
            };
            let mut expected = expected(&allows, &Packet { peer, source, protocol, detail: port });
            let spoken = match peer {
                Peer::Addr(addr) => set.universe.addrs.contains(addr),
                Peer::Name(host, path) => set.universe.names.contains_host(host, path),
                Peer::Group(_) => false,
            };
            if !spoken && expected == Verdict::Denied {
                expected = Verdict::Unknown;
            }
            // A name without a path stands for every path on it, of which this is one.
            if answered.verdict != expected && host.is_ok() {
                let whole = egressor::packet::Set::union(&answered.allowed, &answered.possible);
                assert!(whole != PacketSet::default() || expected == Verdict::Denied, "{files:?} {end}");
                continue;
            }
            assert_eq!(
                answered.verdict, expected,
                "{files:?} {} {end}:{port}/{protocol} from {source}",
                set.scope.name
            );
            asked += 1;
        }
    }
    asked
}

#[test]
fn every_file_of_every_corpus_is_judged_as_it_is_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut asked = 0;
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if !show(std::slice::from_ref(&path)).policy.sets.is_empty() {
                asked += agrees(&[path], 12);
            }
        }
    }
    assert!(asked > 300, "{asked} packets were asked about");
}
