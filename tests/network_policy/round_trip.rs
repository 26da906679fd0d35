//! The law of the round trip, over policies with everything in them that a target may be handed.

use super::make::*;
use egressor::diag::Finding;
use egressor::packet::{IcmpMatch, PeerSet, Protocol, Set, TransportSet};
use egressor::policy::{Direction, Policy, RuleSet, Subject};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn any_peer() -> impl Strategy<Value = PeerSet> {
    let blocks = prop::sample::subsequence(
        vec![
            "10.0.0.0/8",
            "10.1.0.0/16",
            "192.0.2.1/32",
            "192.0.2.0/25",
            "2001:db8::/32",
            "2001:db8::1/128",
            "::/0",
            "0.0.0.0/1",
        ],
        0..4,
    );
    let pods = prop::sample::subsequence(
        vec!["a/b=c", "a/", "*/x=y", "kube-system/k8s-app=kube-dns", "{!b,c in (d,e),f}/g notin (h)", "sg-1"],
        0..3,
    );
    let named = (blocks, pods).prop_map(|(blocks, pods)| addrs(&blocks).union(&groups(&pods)));
    prop_oneof![
        8 => named,
        1 => Just(PeerSet::all_addrs()),
        1 => Just(PeerSet::all_groups()),
        1 => Just(PeerSet::all_addrs().union(&PeerSet::all_groups())),
    ]
    .prop_filter("no peer at all", |peer| !peer.is_empty())
}

fn any_transport() -> impl Strategy<Value = TransportSet> {
    let protocol = prop::sample::select(vec![Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::DCCP]);
    let range = (any::<u16>(), any::<u16>()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let range = prop_oneof![range, Just((0, 0)), Just((0, 65_535)), Just((1, 65_535)), Just((443, 443))];
    let piece = prop_oneof![
        4 => (protocol, range).prop_map(|(protocol, range)| ports(protocol, &[range])),
        1 => (0..=255_u8, 0..=255_u8).prop_map(|(a, b)| TransportSet::protocols(Protocol(a.min(b)), Protocol(a.max(b)))),
        1 => (0..=255_u8).prop_map(|kind| TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind, code: Some(1) })),
        1 => Just(TransportSet::full()),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| TransportSet::union_all(&pieces))
}

fn any_set() -> impl Strategy<Value = RuleSet> {
    let labels = vec![
        vec![],
        vec![("a", "b")],
        vec![("a", "b"), ("c", "d")],
        vec![("c", "d")],
        vec![("app.kubernetes.io/name", "x")],
    ];
    let place = (prop::sample::select(vec!["one", "two"]), prop::sample::select(labels), 0..10_u8);
    let subject = place.prop_map(|(namespace, labels, kind)| match kind {
        0 => Subject::HostNetworkPods(pods(namespace, &[("host", "network")])),
        _ => Subject::Pods(pods(namespace, &labels)),
    });
    let direction = prop_oneof![Just(Direction::Egress), Just(Direction::Ingress)];
    let rule = (any_peer(), any_transport(), prop::sample::select(HOSTILE.to_vec()));
    let rules = prop::collection::vec(rule, 0..4);
    (subject, direction, rules).prop_map(|(subject, direction, rules)| {
        let rules = rules
            .into_iter()
            .map(|(peer, transport, text)| allow(peer, transport, justified(text)))
            .collect();
        set(subject, direction, rules)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// The law of the round trip, for policies with everything in them that a target may be handed.
    #[test]
    fn what_is_written_means_what_was_asked(sets in prop::collection::vec(any_set(), 1..6)) {
        let mut seen = BTreeSet::new();
        let sets: Vec<RuleSet> = sets.into_iter().filter(|set| seen.insert(set.scope.clone())).collect();
        let governed = sets.iter().any(|set| matches!(set.subject, Subject::Pods(_)));
        for deny in ["no", "yes"] {
            let proven = written_with(&Policy::new(sets.clone()), &[("kubernetes.default_deny", deny)]);
            let errors: Vec<&Finding> = proven.findings.iter().filter(|finding| finding.is_error()).collect();
            prop_assert!(errors.is_empty(), "{errors:#?}");
            prop_assert_eq!(proven.files.len(), usize::from(governed));
        }
    }
}
