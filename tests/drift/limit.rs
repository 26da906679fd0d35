//! Rules that combine to more cases than can be held are refused, and only those.

use super::support::read;
use egressor::drift::{Terms, drift};
use egressor::packet::Limit;
use egressor::policy::Policy;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// Hosts that one port of their own is closed for, and ports that are open to any peer; behind them lines of one's own.
fn crossed(hosts: u32, ports: u32, more: &str) -> String {
    let mut text = String::from("*filter\n:OUTPUT DROP [0:0]\n");
    for index in 0..hosts {
        let addr = Ipv4Addr::from_bits(0x0A00_0000 + index * 2);
        writeln!(text, "-A OUTPUT -d {addr}/32 -p tcp -m tcp --dport {} -j DROP", index * 3 + 1).unwrap();
    }
    for index in 0..ports {
        writeln!(text, "-A OUTPUT -p tcp -m tcp --dport {} -j ACCEPT", index * 3 + 1).unwrap();
    }
    text.push_str(more);
    text.push_str("COMMIT\n");
    text
}

fn is_within(policy: &Policy, limit: Limit) -> bool {
    policy.sets[0].allows_within(limit).is_ok()
}

#[test]
fn twenty_thousand_hosts_across_twenty_thousand_ports_are_refused_and_not_computed() {
    let whole = read(&[&crossed(20_000, 20_000, "")]);
    // A small limit, for an unoptimised build; the bench shows how soon the default one ends it.
    let terms = Terms { limit: Limit::of(1 << 20), ..Terms::default() };
    assert!(!is_within(&whole, terms.limit));
    let hosts = read(&[&crossed(20_000, 0, "")]);
    let error = drift(&hosts, &whole, &terms).expect_err("every host has all ports but one anew");
    assert_eq!(error.scope.name, "filter/OUTPUT");
    assert!(error.size.peers > 20_000 && error.size.services > 20_000, "{error}");
    // What both sides share is not evaluated, so one change is compared however much the rest is.
    let more = read(&[&crossed(20_000, 20_000, "-A OUTPUT -d 192.0.2.1/32 -p sctp -j ACCEPT\n")]);
    let found = drift(&whole, &more, &terms).expect("one change");
    assert_eq!(found.scopes[0].changes.len(), 1);
}

#[test]
fn ordinary_rules_are_far_from_the_limit() {
    let policy = read(&[&crossed(5_000, 5, "")]);
    let limit = Limit::of(Limit::default().cuts() / 100);
    assert!(is_within(&policy, limit), "a hundredth of the limit is enough for a twentieth of a large dump");
}
