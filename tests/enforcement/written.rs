//! The files that are written: those of the quickstart, and those of random policies, which nothing proved before.

use crate::agree::{agree, read};
use crate::kernel::{Backend, Case, ask};
use crate::policies::policies;
use crate::probes::around;
use crate::rules::is_translated;
use crate::verdicts::Verdicts;
use egressor::catalog::Selection;
use egressor::ops::{File, Request, generate};
use egressor::packet::{AddrSet, PacketSet, PeerSet, Set, TransportSet};
use egressor::policy::{Bounds, Direction, Need, Policy};
use egressor::render::Renderer;
use egressor::targets::{Options, Wanted, find};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Longer files take long to load, and their rules are many of one kind.
pub(crate) const LONGEST: usize = 20_000;

/// The files of the quickstart for a target, which stop the rest in this way.
pub(crate) fn generated(target: &str, stop: &str) -> Vec<File> {
    let settings = [
        "control_plane_cidr=10.20.0.0/28".to_owned(),
        "api_server=10.0.0.1,2001:db8:f::1".to_owned(),
        "dns_servers=10.96.0.10".to_owned(),
        format!("{target}.reject={stop}"),
    ];
    let request = Request {
        selection: Selection { regions: vec!["us".to_owned()], ..Selection::default() },
        lock: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock")),
        settings: settings.to_vec(),
        targets: vec![target.to_owned()],
        ..Request::default()
    };
    let generated = generate(&request);
    assert!(!generated.files.is_empty(), "{:?}", generated.findings);
    generated.files
}

/// The same as cases, in the directions that they speak about.
fn quickstart() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in ["drop", "reject"].into_iter().flat_map(|stop| generated("iptables", stop)) {
        for direction in [Direction::Egress, Direction::Ingress] {
            let allows = read(&file.text, None, direction);
            assert!(allows.is_exact());
            cases.push(case(&file, None, direction, allows, 5_000));
        }
    }
    cases
}

fn case(file: &File, sets: Option<&str>, direction: Direction, allows: Bounds, count: usize) -> Case {
    let named = format!("{}{}", file.text, sets.unwrap_or_default());
    Case {
        name: format!("{} {}", file.path, direction.as_str()),
        packets: around(&named, file.path.starts_with("ip6"), direction, true, count),
        rules: file.text.clone(),
        sets: sets.map(str::to_owned),
        direction,
        allows,
    }
}

/// The files of random policies with these settings, and what the policies ask for less what the target says that it
/// cannot say. Nothing was read back.
fn random(settings: &[(&str, &str)], count: usize, take: impl Fn(&[File]) -> bool) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = policies(find("iptables").unwrap().speech());
    let mut cases = Vec::new();
    let mut taken = 0;
    while taken < count {
        let policy = strategy.new_tree(&mut runner).unwrap().current();
        let (mut files, allowed) = written("iptables", settings, &policy);
        if files.is_empty() || files.iter().any(|file| file.text.len() > LONGEST) || !take(&files) {
            continue;
        }
        taken += 1;
        let sets =
            files.iter().position(|file| file.path == "egressor.ipset").map(|at| files.remove(at).text);
        for file in &files {
            let family = if file.path.starts_with("ip6") { AddrSet::all_v6() } else { AddrSet::all_v4() };
            let family = PacketSet::product(None, &PeerSet::from(family), &TransportSet::full(), &true);
            for (direction, allowed) in &allowed {
                let allowed = allowed.intersect(&family);
                let allows = Bounds { at_least: allowed.clone(), at_most: allowed };
                let case = case(file, sets.as_deref(), *direction, allows, 1_000);
                cases.push(Case { name: format!("policy {taken} {}", case.name), ..case });
            }
        }
    }
    cases
}

/// The files of a policy for a target, and what they are to let through in each direction.
pub(crate) fn written(
    target: &str,
    settings: &[(&str, &str)],
    policy: &Policy,
) -> (Vec<File>, Vec<(Direction, PacketSet)>) {
    let target = find(target).unwrap();
    let given: BTreeMap<String, String> =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let options = Options::new(target.options(), &given);
    let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
    let lowered = target.lower(&Wanted { policy, needs: &needs, options: &options });
    let renderer = Renderer::new(target.templates().iter().copied()).unwrap();
    let render = |artifact: &egressor::targets::Artifact| File {
        path: artifact.path.clone(),
        text: renderer.render(artifact.template, &artifact.model, &[]).unwrap(),
    };
    let files = lowered.artifacts.iter().map(render).collect();
    let allowed = policy.sets.iter().map(|set| {
        let lost = lowered.losses.iter().filter(|loss| loss.scope == set.scope);
        let allowed = lost
            .fold(set.allows().at_least, |allowed, loss| allowed.union(&loss.excess).subtract(&loss.missing));
        (set.scope.direction, allowed)
    });
    (files, allowed.collect())
}

/// What `egressor show` says that rules let through in each scope of the artifacts, and whether that is exact.
fn shown(rules: &str) -> Vec<(String, bool, Value)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules");
    fs::write(&file, rules).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_egressor"));
    let ran = command.args(["show", "--format=json"]).arg(&file).output().unwrap();
    let mut document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let scopes = document["scopes"].as_array_mut().unwrap();
    scopes.retain(|scope| scope["scope"] != "filter/FORWARD");
    let plain = |scope: &mut Value| {
        let mut rows = scope["allows"]["at_least"].take();
        for row in rows.as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("origins");
        }
        (scope["scope"].as_str().unwrap().to_owned(), scope["exact"] == true, rows)
    };
    scopes.iter_mut().map(plain).collect()
}

#[test]
fn what_iptables_save_prints_of_the_files_is_shown_exactly() {
    for backend in [Backend::Nft, Backend::Legacy] {
        let mut cases = quickstart();
        for case in &mut cases {
            case.packets.truncate(1);
        }
        let Some(answers) = ask(backend, &cases) else { continue };
        let mut judged = Verdicts::of(backend.judge(), "shown");
        for (case, answer) in cases.iter().zip(answers) {
            let (loaded, saved) = (shown(&case.rules), shown(&answer.saved));
            let right = saved.len() == 2 && saved.iter().all(|(_, exact, _)| *exact) && loaded == saved;
            judged.case(right, || format!("{}: {loaded:?}\n{saved:?}\n{}", case.name, answer.saved));
        }
        judged.close();
    }
}

#[test]
fn the_files_of_the_quickstart_let_through_what_they_say() {
    agree(Backend::Nft, "quickstart", &quickstart());
}

#[test]
fn legacy_tables_let_through_what_the_files_of_the_quickstart_say() {
    agree(Backend::Legacy, "quickstart", &quickstart());
}

#[test]
fn the_files_of_the_quickstart_let_through_the_same_once_they_are_translated_for_nft() {
    agree(Backend::Translated, "quickstart", &quickstart());
}

#[test]
fn files_of_random_policies_let_through_what_the_policies_ask_for() {
    agree(Backend::Nft, "policies", &random(&[], 40, |_| true));
}

#[test]
fn sets_and_rules_of_random_policies_let_through_what_the_policies_ask_for() {
    let sets = |files: &[File]| files.iter().any(|file| file.path == "egressor.ipset");
    agree(Backend::Nft, "sets", &random(&[("iptables.form", "ipset")], 15, sets));
}

/// Sets of random policies that say by themselves what they are for, under rules that only look into them.
fn own_sets(count: usize) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = policies(find("ipset").unwrap().speech());
    let mut cases = Vec::new();
    while cases.len() < count {
        let policy = strategy.new_tree(&mut runner).unwrap().current();
        let (files, allowed) = written("ipset", &[("ipset.name", "judged")], &policy);
        let Some(sets) = files.first().map(|file| file.text.as_str()).filter(|text| text.len() <= LONGEST)
        else {
            continue;
        };
        for (direction, allowed) in &allowed {
            for (path, digit) in [("iptables.rules", '4'), ("ip6tables.rules", '6')] {
                let (chain, end, looks) = match direction {
                    Direction::Egress => ("OUTPUT", "OUT", "dst,dst"),
                    Direction::Ingress => ("INPUT", "IN", "src,dst"),
                };
                let tool = path.trim_end_matches(".rules");
                let policies = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n";
                let name = format!("EGRESSOR-judged-{end}{digit}");
                let rule = format!("-A {chain} -m set --match-set {name} {looks} -j ACCEPT");
                let file = File {
                    path: path.to_owned(),
                    text: format!("# Generated by {tool}-save v1.8.9\n{policies}{rule}\nCOMMIT\n"),
                };
                let all = if digit == '6' { AddrSet::all_v6() } else { AddrSet::all_v4() };
                let family = PacketSet::product(None, &PeerSet::from(all), &TransportSet::full(), &true);
                let allowed = allowed.intersect(&family);
                let allows = Bounds { at_least: allowed.clone(), at_most: allowed };
                let case = case(&file, Some(sets), *direction, allows, 1_000);
                cases.push(Case { name: format!("{name} {}", cases.len()), ..case });
            }
        }
    }
    cases
}

#[test]
fn sets_that_say_what_they_are_for_let_through_what_policies_ask_for() {
    agree(Backend::Nft, "own sets", &own_sets(40));
}

#[test]
fn legacy_tables_let_through_what_random_policies_ask_for() {
    agree(Backend::Legacy, "policies", &random(&[], 10, |_| true));
}

#[test]
fn files_of_random_policies_let_through_the_same_once_they_are_translated_for_nft() {
    let translated = |files: &[File]| files.iter().all(|file| file.text.lines().all(is_translated));
    agree(Backend::Translated, "policies", &random(&[], 20, translated));
}
