//! Rule files from text to meaning: reading, what is allowed, what differs, what could go.
#![expect(clippy::print_stdout, reason = "the table goes to standard output")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench without its input has to stop")]

mod common;

use common::Suite;
use common::inputs::{crossed, dump, edited, rewritten, rules};
use common::lists::{Kind, pair};
use egressor::diag::{Source, any_error};
use egressor::drift::{Doubt, Drift, Terms, compare as differ, drift};
use egressor::packet::{AddrSet, Limit, PacketSet, PeerSet, TransportSet};
use egressor::policy::{Pair, Policy, RuleSet};
use egressor::targets::TARGETS;
use std::sync::Arc;

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
const LISTS: [u32; 3] = [10_000, 100_000, 1_000_000];
const LINTED: [u32; 4] = [1_000, 3_000, 10_000, 30_000];

fn main() {
    let suite = Suite::from_args();
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
