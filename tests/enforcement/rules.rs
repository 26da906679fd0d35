//! The rule sets that the kernel is asked about: random ones, and those of the corpus.

use crate::agree::{agree, read, text};
use crate::kernel::{Backend, Case, opens, packet};
use crate::probes::around;
use crate::tables::{End, Not, Service, Table, addr, any_table, icmp_kind};
use egressor::packet::Packet;
use egressor::policy::Direction;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::Path;

/// Some packets of the tiny universe of the tables.
fn packets(v6: bool, seed: usize) -> Vec<Packet<'static>> {
    let echo = |kind, code| (if v6 { 58 } else { 1 }, u16::from(icmp_kind(v6, kind)) * 256 + code);
    let services = [(47, 0), (50, 0), echo(8, 0), echo(8, 1), echo(8, 2), echo(0, 0)].into_iter();
    let services: Vec<(u8, u16)> = services.chain((0..12).flat_map(|port| [(6, port), (17, port)])).collect();
    let all = (0..16).flat_map(|source| (0..16).map(move |peer| (source, peer)));
    let all = all.flat_map(|(source, peer)| services.iter().map(move |service| (source, peer, *service)));
    all.map(|(source, peer, (protocol, detail))| packet(addr(v6, source), addr(v6, peer), protocol, detail))
        .filter(|packet| opens(packet, Direction::Egress))
        .skip(seed % 7)
        .step_by(7)
        .collect()
}

/// Random tables, each changed before it is written, and what is read of them.
fn tables(count: usize, change: impl Fn(&mut Table)) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = any_table(true);
    let case = |seed| {
        let mut table = strategy.new_tree(&mut runner).unwrap().current();
        change(&mut table);
        let (rules, sets) = (table.write(), table.write_sets());
        Case {
            name: format!("table {seed}"),
            allows: read(&rules, Some(&sets), Direction::Egress),
            packets: packets(table.v6, seed),
            rules,
            sets: Some(sets),
            direction: Direction::Egress,
        }
    };
    (0..count).map(case).collect()
}

/// Reports whether `iptables-restore-translate` 1.8.9 has words for a rule that nft takes.
pub(crate) fn is_translated(rule: &str) -> bool {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let pairs = || words.iter().zip(words.iter().skip(1));
    // A code of ICMP has none, and a quotation mark in a comment is printed as it is.
    let code = pairs().any(|(option, value)| option.ends_with("-type") && value.contains('/'));
    let unknown = ["--match-set", "recent", "string", "NFQUEUE"].iter().any(|word| words.contains(word));
    // One flag of its own becomes words that nft 1.0.6 does not take.
    let flag = words.windows(3).any(|words| words[0] == "--tcp-flags" && words[1] == words[2]);
    // The protocol is forgotten when its module has nothing to test.
    let bare = words.windows(3).any(|words| words[0] == "-m" && words[1] == "tcp" && words[2] == "-j");
    !code && !unknown && !flag && !bare && !rule.contains("\\\"")
}

/// The dumps of the corpus in which every rule can be loaded here.
fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/iptables-save");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| folder.join(name).join("nft.save").exists())
        .collect();
    names.sort();
    let case = |name: &String| {
        let dump = text(&folder.join(name).join("nft.save"));
        let filter = dump.split_inclusive("COMMIT\n").find(|table| table.contains("*filter\n")).unwrap();
        let rules = filter.get(filter.find("*filter\n").unwrap()..).unwrap().to_owned();
        let sets = folder.join(name).join("sets.ipset");
        let sets = sets.exists().then(|| text(&sets));
        Case {
            packets: around(
                &rules,
                name.ends_with("-v6"),
                Direction::Egress,
                !rules.contains("state"),
                5_000,
            ),
            allows: read(&rules, sets.as_deref(), Direction::Egress),
            name: name.clone(),
            rules,
            sets,
            direction: Direction::Egress,
        }
    };
    let cases: Vec<Case> = names.iter().map(case).collect();
    assert!(cases.len() >= 15);
    cases
}

#[test]
fn random_rule_sets_let_out_what_is_read_from_them() {
    agree(Backend::Nft, "random", &tables(120, |_| {}));
}

#[test]
fn legacy_tables_let_out_what_is_read_from_random_rule_sets() {
    agree(Backend::Legacy, "random", &tables(60, |_| {}));
}

#[test]
fn random_rule_sets_let_out_the_same_once_they_are_translated_for_nft() {
    let translated = tables(60, |table| {
        for rule in table.chains.iter_mut().flatten() {
            // The translator names types of ICMP only, knows no sets, and forgets to negate a single port of UDP.
            match &mut rule.service {
                Service::Icmp(Not(_, (_, code))) => *code = None,
                Service::Ports(17, Not(true, _), multiport) => *multiport = true,
                Service::Any | Service::Protocol(_) | Service::Ports(..) => {}
            }
            for end in [&mut rule.source, &mut rule.destination] {
                end.take_if(|Not(_, end)| matches!(end, End::Set(_)));
            }
        }
    });
    agree(Backend::Translated, "random", &translated);
}

#[test]
fn the_dumps_of_the_corpus_let_out_what_they_mean() {
    agree(Backend::Nft, "corpus", &corpus());
}

#[test]
fn legacy_tables_let_out_what_the_dumps_of_the_corpus_mean() {
    agree(Backend::Legacy, "corpus", &corpus());
}

#[test]
fn the_dumps_of_the_corpus_let_out_the_same_once_they_are_translated_for_nft() {
    let mut cases = corpus();
    for case in &mut cases {
        let lines = case.rules.split_inclusive('\n');
        case.rules = lines.filter(|line| is_translated(line)).collect();
        case.allows = read(&case.rules, case.sets.as_deref(), case.direction);
    }
    agree(Backend::Translated, "corpus", &cases);
}
