//! From catalogs to proven files, and rule files from text to meaning: reading, what is allowed, what differs, what could
//! go.
#![expect(clippy::print_stdout, reason = "the table goes to standard output")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench without its input has to stop")]

mod common;

use common::Suite;
use common::catalogs::catalog;
use common::inputs::{crossed, dump, edited, rewritten, rules};
use common::lists::{Kind, pair};
use egressor::diag::{Source, any_error};
use egressor::drift::{Doubt, Drift, Terms, compare as differ, drift};
use egressor::ops::{Generated, Request, generate};
use egressor::packet::{AddrSet, Limit, PacketSet, PeerSet, TransportSet};
use egressor::policy::{Pair, Policy, RuleSet};
use egressor::targets::TARGETS;
use std::path::Path;
use std::sync::Arc;

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
const LISTS: [u32; 3] = [10_000, 100_000, 1_000_000];
const LINTED: [u32; 4] = [1_000, 3_000, 10_000, 30_000];

fn main() {
    let suite = Suite::from_args();
    generated(&suite);
    let text = |count| dump(&rules(count, 0));
    suite.row("read", &SIZES, text, |text| read(text));
    let policy = |count| read(&dump(&rules(count, 5)));
    suite.row("allows", &SIZES, policy, |policy| output(policy).allows());
    suite.row("show: read, allows, rows", &SIZES, text, |text| output(&read(text)).allows().at_least.rows());
    let asked = PacketSet::product(
        None,
        &PeerSet::from(AddrSet::of(["192.0.2.7/32".parse().expect("a prefix")])),
        &TransportSet::full(),
        &true,
    );
    suite.row("check: one address", &SIZES, policy, |policy| {
        output(policy).allows_among(&asked, Limit::default()).expect("a small answer")
    });
    let in_place = |count| (text(count), dump(&edited(&rules(count, 0))));
    suite.row("diff: read both, 50 edits", &SIZES, in_place, |(old, new)| compare(&read(old), &read(new)));
    let mixed = |count| {
        let rules = rules(count, 5);
        (read(&dump(&rules)), read(&dump(&edited(&rules))))
    };
    suite.row("diff: compare, 50 edits, 5 % deny", &SIZES, mixed, |(old, new)| compare(old, new));
    let shuffled = |count| {
        let rules = rules(count, 0);
        (read(&dump(&rules)), read(&dump(&rewritten(&edited(&rules)))))
    };
    suite.row("diff: compare, shuffled and split", &SIZES, shuffled, |(old, new)| compare(old, new));
    let unrelated = |count| (read(&text(count)), read(&text(count + 1)));
    suite.row("diff: compare, nothing in common", &SIZES, unrelated, |(old, new)| compare(old, new));
    let kinds = [
        ("lists: real", Kind::Real),
        ("lists: mixed", Kind::Mixed),
        ("lists: fan", Kind::Fan),
        ("lists: nest", Kind::Nest),
        ("lists: periodic", Kind::Periodic),
    ];
    for (name, kind) in kinds {
        let lists = |count| pair(kind, count);
        suite.row(name, &LISTS, lists, |(old, new): &(RuleSet, RuleSet)| {
            let pair = Pair { old: Some(old), new: Some(new) };
            differ(pair, Doubt::default(), Limit::default()).is_ok()
        });
    }
    suite.row("lint: hidden and redundant", &LINTED, policy, |policy| policy.anomalies().redundant.len());
    let slabs = |count| read(&crossed(count));
    suite.row("crossed hosts and ports: allows", &[1_000, 10_000, 20_000], slabs, |policy| {
        output(policy).allows_within(Limit::default()).is_ok()
    });
}

/// Targets that take any number of addresses; a security group has a quota of rules.
const UNLIMITED: [&str; 5] = ["gcp-firewall", "iptables", "squid", "network-policy", "change-request"];

/// From catalogs to proven files, without writing them.
fn generated(suite: &Suite) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |text: String| {
        let path = folder.path().join("catalog.yaml");
        std::fs::write(&path, text).expect("a folder can be written to");
        path
    };
    let one = |count| file(catalog(1, count));
    suite.row("generate: addresses to iptables", &SIZES, one, |path| write(path, &["iptables"]));
    suite.row("generate: addresses to five targets", &SIZES, one, |path| write(path, &UNLIMITED));
    let many = |count| file(catalog(count, 1));
    for target in UNLIMITED {
        let name = format!("generate: endpoints to {target}");
        suite.row(&name, &[100, 1_000, 10_000], many, |path| write(path, &[target]));
    }
}

fn write(catalog: &Path, targets: &[&str]) -> Generated {
    let targets = targets.iter().map(|target| (*target).to_owned()).collect();
    let request = Request { catalogs: vec![catalog.to_owned()], targets, ..Request::default() };
    let generated = generate(&request);
    assert!(!generated.files.is_empty(), "{:#?}", generated.findings);
    generated
}

fn read(text: &str) -> Policy {
    let source = Arc::new(Source::new("dump", text));
    let importers = TARGETS.iter().flat_map(|target| target.importers().iter());
    let importer = importers.clone().find(|importer| importer.recognizes(&source)).expect("a known format");
    let read = importer.import(&[source]);
    assert!(!any_error(&read.findings), "{:#?}", read.findings);
    read.policy
}

fn output(policy: &Policy) -> &RuleSet {
    policy.sets.iter().find(|set| set.scope.name == "filter/OUTPUT").expect("a chain")
}

fn compare(old: &Policy, new: &Policy) -> Drift {
    let terms = Terms { count_rewritten: true, ..Terms::default() };
    drift(old, new, &terms).expect("within the limit")
}
