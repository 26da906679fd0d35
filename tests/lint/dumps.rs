//! Dumps of iptables with rules that hide each other: who is named, at what cost, and what is not judged.

use egressor::policy::{Policy, Statement};
use std::fmt::Write as _;
use std::time::Instant;

#[test]
fn the_real_blocker_is_named_behind_many_small_ones() {
    // 250 hosts are denied one by one, and then the network that holds them all.
    let mut text = "*filter\n:OUTPUT ACCEPT [0:0]\n".to_owned();
    for host in 0..250 {
        writeln!(text, "-A OUTPUT -d 10.0.0.{host}/32 -j DROP").unwrap();
    }
    text.push_str("-A OUTPUT -d 10.0.0.0/8 -j DROP\n-A OUTPUT -d 10.0.0.0/24 -j ACCEPT\nCOMMIT\n");
    let policy = iptables(&text);
    let found = policy.anomalies();
    let line = |statement: &Statement<'_>| statement.place.source.line_column(statement.place.span.start).0;
    let [shadow] = found.shadowed.as_slice() else { panic!("one rule is hidden: {:?}", found.shadowed) };
    assert_eq!(line(&found.statements[shadow.statement]), 254);
    assert_eq!(shadow.hidden_by.len(), 1, "{:?}", shadow.hidden_by);
    let egressor::policy::Origin::File(place) = &shadow.hidden_by[0].origin else { panic!("a line") };
    assert_eq!(place.source.line_column(place.span.start).0, 253);
    assert_eq!(shadow.opposite, Some(shadow.hidden_by[0]));
    assert_eq!(found.redundant.len(), 250, "each host is denied by the network, too");
}

fn iptables(text: &str) -> Policy {
    let target = egressor::targets::find("iptables").unwrap();
    let source = std::sync::Arc::new(egressor::diag::Source::new("rules", text));
    let read = target.importers()[0].import(&[source]);
    assert!(!egressor::diag::any_error(&read.findings), "{:?}", read.findings);
    read.policy
}

/// A dump in which every tenth rule is hidden by two others and every tenth is redundant.
fn dump(rules: usize) -> String {
    let mut text = "*filter\n:OUTPUT DROP [0:0]\n".to_owned();
    for number in 0..rules / 5 {
        let (a, b) = (number / 256, number % 256);
        for line in [
            format!("10.{a}.{b}.0/25 -p tcp --dport 443 -j ACCEPT"),
            format!("10.{a}.{b}.128/25 -p tcp --dport 443 -j DROP"),
            format!("10.{a}.{b}.64/26 -p tcp --dport 443 -j DROP"),
            format!("11.{a}.{b}.8/32 -p udp --dport 53 -j ACCEPT"),
            format!("11.{a}.{b}.0/24 -p udp --dport 1:1000 -j ACCEPT"),
        ] {
            writeln!(text, "-A OUTPUT -d {line}").unwrap();
        }
    }
    text.push_str("COMMIT\n");
    text
}

#[test]
fn the_cost_grows_nearly_as_the_rules_do() {
    let time = |rules: usize| {
        let policy = iptables(&dump(rules));
        let start = Instant::now();
        let found = policy.anomalies();
        assert_eq!(found.shadowed.len(), rules / 5);
        assert_eq!(found.redundant.len(), 2 * rules / 5, "a host in a network, and a denial by default");
        start.elapsed()
    };
    // The best of some, for other programs run beside this one.
    let best = |rules: usize, runs: usize| (0..runs).map(|_| time(rules)).min().expect("a run");
    let (few, many) = (best(500, 4), best(5_000, 2));
    assert!(many < few * 50, "ten times the rules take {few:?} and {many:?}");
}

#[test]
fn rules_that_overlap_without_end_are_told_and_not_judged() {
    let mut text = "*filter\n:OUTPUT DROP [0:0]\n".to_owned();
    for number in 0..6_000 {
        let (high, low, port) = (number / 256, number % 256, number % 7);
        writeln!(text, "-A OUTPUT -d 10.0.{high}.{low}/32 -p tcp -m tcp --dport {port} -j ACCEPT").unwrap();
        writeln!(text, "-A OUTPUT -p tcp -m tcp --dport {} -j ACCEPT", 10_000 + number * 2).unwrap();
    }
    text.push_str("COMMIT\n");
    let policy = iptables(&text);
    let found = policy.anomalies();
    assert_eq!(found.unjudged.len(), 1);
    assert!(found.shadowed.is_empty() && found.redundant.is_empty());
}
