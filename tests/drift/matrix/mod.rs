//! One policy written by every target, every pair of files compared: equal, or just what the targets said they cannot say.
//!
//! What each file should mean is computed without reading it: what the target was asked for, less and more what it declared.
//! An oracle that looks at points compares two such meanings, by the addresses of the lock where one side names hosts, and
//! `egressor diff` has to say the same of every point. Nothing here is taken from its output but the table for the page.

mod castai;
mod expected;
mod ours;
mod policy;
mod probe;
mod table;
mod written;

use castai::of_castai;
use egressor::drift::Verdict;
use egressor::ops::{prove, show};
use egressor::packet::{AddrSet, Hostname, PacketSet, Set};
use egressor::policy::Direction;
use egressor::render::Renderer;
use egressor::targets::{Lowered, OptionKind, Options, Target, Wanted};
use expected::Compared;
use ours::{of_ours, write};
use probe::{Lock, Probe, probes};
use std::collections::{BTreeMap, BTreeSet};
use table::Table;
use written::{Demand, Written};

/// All targets that something was written for, each pair.
fn matrix(
    name: &str,
    what: &str,
    all: &[Written],
    lock: &Lock,
    compare: impl Fn(&Written, &Written, &[Probe]) -> Compared,
) -> Table {
    let mut table = Table::new(name, what, all.iter().map(|written| written.target));
    let mut wrong = Vec::new();
    for (at, old) in all.iter().enumerate() {
        for new in all.iter().take(at + 1) {
            let sets: Vec<PacketSet> =
                [old, new].into_iter().flat_map(|it| it.means.values().cloned()).collect();
            let probes = probes(&sets.iter().collect::<Vec<_>>(), lock);
            let found = compare(old, new, &probes);
            wrong.extend(found.wrong);
            if std::ptr::eq(old, new) && found.verdict != Verdict::Equal {
                wrong.push(format!("{} is not equal to itself", old.target));
            }
            table.add(found.why, found.aside);
        }
    }
    assert!(wrong.is_empty(), "{name}: {} are wrong\n{}", wrong.len(), wrong.join("\n"));
    table
}

fn lock_of(hosts: BTreeMap<Hostname, AddrSet>, all: &[Written]) -> Lock {
    let sets: Vec<&PacketSet> = all.iter().flat_map(|written| written.means.values()).collect();
    Lock::of(hosts, &sets)
}

/// What a target cannot do without, and nothing else.
fn options(target: &dyn Target) -> Options {
    let proxies = target.options().iter().filter(|spec| spec.kind == OptionKind::Proxy);
    let given =
        proxies.map(|spec| (spec.key.to_owned(), "http://proxy.example.net:3128".to_owned())).collect();
    Options::new(target.options(), &given)
}

#[test]
fn every_pair_of_targets_is_equal_but_for_what_they_declared() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    };
    let ours = policy::all();
    let tables: Vec<Table> = std::thread::scope(|scope| {
        let castai = scope.spawn(|| of_castai(&path("castai")));
        let ours: Vec<Table> = ours.iter().map(|asked| of_ours(asked, &path(asked.name))).collect();
        std::iter::once(castai.join().expect("CAST AI")).chain(ours).collect()
    });
    table::keep(&tables);
}

#[test]
fn what_a_target_declares_is_missed_when_it_is_not_declared() {
    let folder = tempfile::tempdir().expect("a folder");
    let asked = policy::all().into_iter().next().expect("a policy");
    let found = |forget: bool| {
        let target = egressor::targets::find("envoy").expect("a target");
        let options = options(target);
        let (policy, _) = asked.of(target.speech_with(&options));
        let needs = BTreeSet::new();
        let wanted = Wanted { policy: &policy, needs: &needs, options: &options };
        let renderer = Renderer::new(target.templates().iter().copied()).expect("templates");
        let out = folder.path().join("envoy");
        write(&out, &prove(target, &wanted, &renderer, |_| Vec::new()).files);
        let lowered = if forget { Lowered::default() } else { target.lower(&wanted) };
        let written =
            Written::new(target, out, Demand { policy, unasked: Vec::new(), names_only: true }, &lowered);
        let shown = show(std::slice::from_ref(&written.folder)).policy;
        let allows =
            PacketSet::union_all(&shown.sets.iter().map(|set| set.allows().at_least).collect::<Vec<_>>());
        written.allows(Direction::Egress) == allows
    };
    assert!(found(false), "what is declared explains the file");
    assert!(!found(true), "what is not declared is seen");
}
