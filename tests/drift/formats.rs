//! Artifacts of one project compared from format to format, and generated policies with themselves.

use super::common::policies::policies;
use egressor::diag::Source;
use egressor::drift::{Doubt, Terms, Verdict, compare, drift};
use egressor::ops::{Request, generate};
use egressor::packet::{Limit, PacketSet, Set};
use egressor::policy::{Direction, Pair, Policy};
use egressor::targets::{TARGETS, find};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// What the project's artifact for a target means, without rules that the target needs besides.
fn artifact(target: &str, names: &[&str]) -> Policy {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock");
    let selection = egressor::catalog::Selection {
        regions: vec!["us".into()],
        without: egressor::policy::Need::ALL
            .iter()
            .filter(|need| need.id() != "implied/deny-rest")
            .map(|need| need.id().to_owned())
            .collect(),
        ..Default::default()
    };
    let request = Request { selection, lock: Some(lock), targets: vec![target.into()], ..Request::default() };
    let generated = generate(&request);
    let sources: Vec<Arc<Source>> = generated
        .files
        .iter()
        .filter(|file| names.contains(&file.path.as_str()))
        .map(|file| Arc::new(Source::new(file.path.clone(), file.text.clone())))
        .collect();
    assert_eq!(sources.len(), names.len(), "{:?}", generated.findings);
    find(target).unwrap().importers()[0].import(&sources).policy
}

#[test]
fn artifacts_of_one_project_mean_the_same_in_every_format() {
    let all = [
        artifact("aws-security-group", &["aws-security-group.tf"]),
        artifact("gcp-firewall", &["gcp-firewall.tf"]),
        artifact("iptables", &["iptables.rules", "ip6tables.rules"]),
    ];
    for old in &all {
        for new in &all {
            let found = drift(old, new, &Terms::default()).expect("a small comparison");
            let egress = found.scopes.iter().find(|scope| scope.direction == Direction::Egress).unwrap();
            let both = [&egress.difference.added, &egress.difference.removed];
            assert_eq!(both.map(PacketSet::rows), [Vec::new(), Vec::new()]);
            assert_eq!(found.verdict(), Verdict::Equal);
        }
    }
}

#[test]
fn names_and_addresses_are_not_compared_and_never_equal() {
    let squid = artifact("squid", &["squid.conf"]);
    let group = artifact("aws-security-group", &["aws-security-group.tf"]);
    let found = drift(&squid, &group, &Terms::default()).expect("a small comparison");
    assert_eq!(found.verdict(), Verdict::Unknown);
    assert!(!found.scopes[0].uncompared().is_empty());
}

fn allowed(policy: &Policy, at: usize) -> PacketSet {
    policy.sets[at].allows().at_least
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn differences_of_policies_are_exact_and_mirrored(
        (old, new) in proptest::sample::select(TARGETS.to_vec())
            .prop_flat_map(|target| (policies(target.speech()), policies(target.speech()))),
    ) {
        let terms = Terms::default();
        prop_assert_eq!(drift(&old, &old, &terms).expect("a small comparison").verdict(), Verdict::Equal);
        let pair = Pair { old: old.sets.first(), new: new.sets.first() };
        let there = compare(pair, Doubt::Unknown, Limit::default()).expect("a small comparison");
        let back = compare(Pair { old: pair.new, new: pair.old }, Doubt::Unknown, Limit::default()).expect("small");
        prop_assert_eq!((&there.added, &there.removed), (&back.removed, &back.added));
        prop_assert!(there.unknown().is_empty());
        let (before, after) = (allowed(&old, 0), allowed(&new, 0));
        let kinds: Vec<PacketSet> = there.uncompared.iter().map(|aside| aside.kind.packets()).collect();
        let aside = PacketSet::union_all(&kinds);
        prop_assert_eq!(there.added, after.subtract(&before).subtract(&aside));
        prop_assert_eq!(there.removed, before.subtract(&after).subtract(&aside));
    }
}
