//! Rulesets of nft: those that are written, and those of the corpus, as they are and as nft lists them.

use crate::agree::{agree, text};
use crate::kernel::{Answer, Backend, Case};
use crate::policies::policies;
use crate::probes::around;
use crate::written::{LONGEST, generated, written};
use egressor::diag::{Source, any_error};
use egressor::packet::{AddrSet, Packet, PacketSet, PeerSet, Set, TransportSet};
use egressor::policy::{Bounds, Direction};
use egressor::targets::find;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What rules let through in one direction, as they are read; everything where nothing filters.
fn read(rules: &str, direction: Direction) -> Bounds {
    let source = Arc::new(Source::new("rules", rules));
    let mut importers = find("nftables").unwrap().importers().iter();
    let importer = importers.find(|importer| importer.recognizes(&source)).unwrap();
    let read = importer.import(&[source]);
    assert!(!any_error(&read.findings), "{:?}\n{rules}", read.findings);
    let scope = match direction {
        Direction::Egress => "output",
        Direction::Ingress => "input",
    };
    let everything = || {
        let all = PacketSet::product(None, &PeerSet::all_addrs(), &TransportSet::full(), &true);
        Bounds { at_least: all.clone(), at_most: all }
    };
    let Some(set) = read.policy.sets.iter().find(|set| set.scope.name == scope) else { return everything() };
    // A family that no chain is for passes.
    let silent = PeerSet::all_addrs().subtract(&set.universe);
    let silent = PacketSet::product(None, &silent, &TransportSet::full(), &true);
    let Bounds { at_least, at_most } = set.allows();
    Bounds { at_least: at_least.union(&silent), at_most: at_most.union(&silent) }
}

/// Reports whether what was read means the same as the case, for the packets that the case is about.
fn alike(backend: Backend, found: &Bounds, case: &Case) -> bool {
    // What `iptables` makes of one family says nothing of the other.
    let is_v4 = case.packets.first().map(|packet| packet.source.is_ipv4());
    let family = match is_v4.filter(|_| backend == Backend::Translated) {
        Some(true) => PeerSet::from(AddrSet::all_v4()),
        Some(false) => PeerSet::from(AddrSet::all_v6()),
        None => PeerSet::all_addrs(),
    };
    let about = PacketSet::product(None, &family, &TransportSet::full(), &true);
    let (least, most) = (found.at_least.intersect(&about), found.at_most.intersect(&about));
    let (case_least, case_most) =
        (case.allows.at_least.intersect(&about), case.allows.at_most.intersect(&about));
    if backend == Backend::Translated {
        // The same match may be told more exactly in the words of nft: `--ports 53` is one condition that is not
        // modelled, its translation is two cases of which one is. What the dump decides must be decided so, and where it
        // decides everything the two are equal.
        return case_least.is_subset(&least) && most.is_subset(&case_most);
    }
    (least, most) == (case_least, case_most)
}

/// Reports whether both forms of what nft lists mean the same as what was loaded, and what the kernel did.
pub(crate) fn listed_alike(backend: Backend, case: &Case, answer: &Answer) -> Result<(), String> {
    for listed in [&answer.saved, &answer.json] {
        let found = read(listed, case.direction);
        if !alike(backend, &found, case) {
            return Err(format!("what was listed means something else:\n{listed}"));
        }
        let wrong = case.packets.iter().zip(&answer.verdicts).find(|(packet, verdict)| {
            let (least, most) = (found.at_least.at(packet), found.at_most.at(packet));
            if **verdict { !most } else { least }
        });
        if let Some((packet, verdict)) = wrong {
            return Err(format!(
                "the kernel says {verdict} to {packet:?}, unlike what was listed:\n{listed}"
            ));
        }
    }
    Ok(())
}

/// Packets of both families around what rules name.
fn packets(rules: &str, direction: Direction, count: usize) -> Vec<Packet<'static>> {
    let plain = rules.replace(['\t', '{', '}'], " ");
    let of = |v6| around(&plain, v6, direction, false, count);
    [of(false), of(true)].concat()
}

fn case(name: String, rules: &str, direction: Direction, allows: Bounds, count: usize) -> Case {
    let packets = packets(rules, direction, count);
    Case { name, rules: rules.to_owned(), sets: None, direction, allows, packets }
}

fn quickstart() -> Vec<Case> {
    let mut cases = Vec::new();
    for stop in ["drop", "reject"] {
        for file in generated("nftables", stop) {
            for direction in [Direction::Egress, Direction::Ingress] {
                let allows = read(&file.text, direction);
                assert!(allows.is_exact());
                let name = format!("{stop} {}", direction.as_str());
                cases.push(case(name, &file.text, direction, allows, 3_000));
            }
        }
    }
    cases
}

/// The files of random policies, and what the policies ask for less what the target says that it cannot say. Nothing was
/// read back.
fn random(count: usize) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = policies(find("nftables").unwrap().speech());
    let mut cases = Vec::new();
    let mut taken = 0;
    while taken < count {
        let policy = strategy.new_tree(&mut runner).unwrap().current();
        let (files, allowed) = written("nftables", &[], &policy);
        let [file] = files.as_slice() else { continue };
        if file.text.len() > LONGEST {
            continue;
        }
        taken += 1;
        for (direction, allowed) in &allowed {
            let addresses = PacketSet::product(None, &PeerSet::all_addrs(), &TransportSet::full(), &true);
            let allowed = allowed.intersect(&addresses);
            let allows = Bounds { at_least: allowed.clone(), at_most: allowed };
            let name = format!("policy {taken} {}", direction.as_str());
            cases.push(case(name, &file.text, *direction, allows, 700));
        }
    }
    cases
}

/// The rulesets of the corpus that were loaded as they were written. Those that translate addresses send packets elsewhere.
fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/nft-list");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| folder.join(name).join("also/written.rules").exists() && name != "other-hooks");
    names.sort();
    assert!(names.len() >= 15);
    let of = |name: &String| {
        let rules = text(&folder.join(name).join("also/written.rules"));
        let allows = read(&rules, Direction::Egress);
        case(name.clone(), &rules, Direction::Egress, allows, 2_000)
    };
    names.iter().map(of).collect()
}

#[test]
fn the_ruleset_of_the_quickstart_lets_through_what_it_says() {
    agree(Backend::Ruleset, "quickstart", &quickstart());
}

#[test]
fn rulesets_of_random_policies_let_through_what_the_policies_ask_for() {
    agree(Backend::Ruleset, "policies", &random(40));
}

#[test]
fn the_rulesets_of_the_corpus_let_out_what_they_mean() {
    agree(Backend::Ruleset, "corpus", &corpus());
}
