//! Laws over generated policies and texts.

use crate::support::{egress, read, rule, set, target, text, why, write, write_with};
use egressor::diag::{Code, Source};
use egressor::packet::{IcmpMatch, PortRange, Protocol, Set, TransportSet};
use egressor::policy::Direction::{Egress, Ingress};
use egressor::policy::{Policy, Rule};
use proptest::prelude::*;
use std::sync::Arc;

const BLOCKS: [&str; 12] = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.3/32",
    "10.1.2.4/32",
    "0.0.0.0/0",
    "192.0.2.0/25",
    "192.0.2.128/25",
    "2001:db8::/32",
    "2001:db8::1/128",
    "::/0",
    "::ffff:192.0.2.1/128",
    "2001:db8:8000::/33",
];

fn service() -> impl Strategy<Value = TransportSet> {
    let number = prop::sample::select(vec![0_u8, 1, 6, 17, 33, 47, 50, 58, 132, 136, 255]).prop_map(Protocol);
    let ports =
        (number.clone(), 0_u16..6, 0_u16..6, any::<bool>()).prop_map(|(protocol, first, more, high)| {
            let first = if high { 65_535 - first - more } else { first };
            TransportSet::port(protocol, PortRange::new(first, first + more).unwrap())
        });
    let icmp = (any::<bool>(), 0_u8..4, prop::option::of(0_u8..3)).prop_map(|(six, kind, code)| {
        let protocol = if six { Protocol::ICMPV6 } else { Protocol::ICMP };
        TransportSet::icmp(protocol, IcmpMatch { kind, code })
    });
    prop_oneof![
        6 => ports,
        2 => icmp,
        2 => number.prop_map(TransportSet::protocol),
        1 => Just(TransportSet::full()),
        1 => Just(TransportSet::protocols(Protocol(3), Protocol(9))),
    ]
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let blocks = prop::collection::vec(prop::sample::select(BLOCKS.to_vec()), 1..4);
    let services = prop::collection::vec(service(), 1..3);
    let one = (blocks, services, 0..4).prop_map(|(blocks, services, endpoint)| {
        rule(&blocks, &TransportSet::union_all(&services), why(&format!("c/e{endpoint}"), "purpose"))
    });
    prop::collection::vec(one, 0..6)
}

fn policy() -> impl Strategy<Value = Policy> {
    (rules(), rules()).prop_map(|(out, into)| Policy::new(vec![set(Egress, out), set(Ingress, into)]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_policy_is_written_as_what_it_means_less_what_is_declared(policy in policy()) {
        for name in ["aws-security-group", "gcp-firewall", "gke-module"] {
            let alone = write_with(target(name), &policy, &[], &[]);
            for finding in write(name, &policy).findings.into_iter().chain(alone.findings) {
                let declared =
                    [Code::TargetCannotSay, Code::TargetNotEnforceable, Code::TargetText, Code::TargetLimit];
                prop_assert!(declared.contains(&finding.code), "{name}: {}", finding.message);
            }
        }
    }

    #[test]
    fn the_order_of_rules_changes_no_byte(rules in rules()) {
        let mut turned = rules.clone();
        turned.reverse();
        for name in ["aws-security-group", "gcp-firewall"] {
            prop_assert_eq!(write(name, &egress(rules.clone())).files, write(name, &egress(turned.clone())).files);
        }
    }

    #[test]
    fn a_damaged_file_is_read_without_panic(rules in rules(), at in 0.0..1.0_f64, cut in 0_usize..9, by in "[\\PC\"{}$%\\[\\],=\\n]{0,6}") {
        for name in ["aws-security-group", "gcp-firewall"] {
            let Some(file) = write(name, &egress(rules.clone())).files.into_iter().next() else { continue };
            let chars: Vec<char> = file.text.chars().collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, clippy::as_conversions, reason = "a place in a short text")]
            let at = (chars.len() as f64 * at) as usize;
            let kept = chars.iter().take(at).chain(by.chars().collect::<Vec<_>>().iter()).chain(chars.iter().skip(at + cut)).collect::<String>();
            let _ = target(name).importers()[0].import(&[Arc::new(Source::new("damaged.tf", kept))]);
        }
    }
}

#[test]
fn an_unconstrained_peer_is_both_families_and_no_group() {
    let mut any = rule(&["10.0.0.0/8"], &TransportSet::full(), why("c/a", "a"));
    any.matches = egressor::policy::Match::ANY;
    let policy = egress(vec![any]);
    let proven = write("aws-security-group", &policy);
    assert_eq!(proven.findings, []);
    let read = read("aws-security-group", text(&proven));
    assert_eq!(read.sets[0].allows().at_least, policy.sets[0].allows().at_least);
}
