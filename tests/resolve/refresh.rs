//! What lookups do to a lockfile.

use crate::dns::{host, options};
use crate::server::{Reply, address, serve};
use egressor::diag::{Code, Finding, Severity};
use egressor::resolve::{
    Family, FamilyAnswer, Limits, Lockfile, Lookup, Outcome, RefreshOptions, Timestamp, resolve,
};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};

const DAY: u64 = 86_400;

pub(crate) fn day(number: u64) -> Timestamp {
    Timestamp::from_unix(20_000 * DAY + number * DAY)
}

pub(crate) fn answer(addrs: &[&str]) -> FamilyAnswer {
    let addresses =
        addrs.iter().map(|addr| (addr.parse().expect(addr), ["9.9.9.9"].into_iter().collect())).collect();
    FamilyAnswer { addresses, ttl: Some(60), ..FamilyAnswer::failed(Outcome::Answer) }
}

fn both(name: &str, a: FamilyAnswer, aaaa: FamilyAnswer) -> Lookup {
    Lookup { name: host(name), a, aaaa }
}

fn only_v4(name: &str, a: FamilyAnswer) -> Lookup {
    both(name, a, FamilyAnswer::failed(Outcome::NoData))
}

fn refreshed(lock: &Lockfile, lookup: Lookup, at: u64) -> (Lockfile, Vec<Finding>) {
    lock.refresh(&[lookup], day(at), &RefreshOptions::default())
}

fn known(addrs: &[&str]) -> Lockfile {
    refreshed(&Lockfile::default(), only_v4("x.test", answer(addrs)), 0).0
}

fn addresses(lock: &Lockfile) -> Vec<String> {
    lock.host(&host("x.test"))
        .map(|host| host.addresses().iter().map(|address| address.prefix.to_string()).collect())
        .unwrap_or_default()
}

fn codes(findings: &[Finding]) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

const TRANSIENT: [Outcome; 6] = [
    Outcome::ServFail,
    Outcome::Refused,
    Outcome::Timeout,
    Outcome::Truncated,
    Outcome::CnameLoop,
    Outcome::Bogus,
];
const GONE: [Outcome; 3] = [Outcome::NxDomain, Outcome::NoData, Outcome::DanglingCname];

#[test]
fn answers_accumulate_with_the_first_and_last_time_they_were_seen() {
    let (lock, findings) =
        refreshed(&known(&["8.8.8.8"]), only_v4("x.test", answer(&["1.1.1.1", "8.8.8.8"])), 3);
    assert_eq!(findings, []);
    let seen: Vec<_> = lock
        .host(&host("x.test"))
        .expect("known")
        .addresses()
        .iter()
        .map(|address| (address.prefix.to_string(), address.first_seen, address.last_seen))
        .collect();
    assert_eq!(seen, [("1.1.1.1/32".into(), day(3), day(3)), ("8.8.8.8/32".into(), day(0), day(3))]);
}

#[test]
fn every_transient_failure_keeps_what_was_known_and_says_since_when() {
    for outcome in TRANSIENT {
        // A name that fails for a year is still not emptied.
        let (lock, findings) =
            refreshed(&known(&["8.8.8.8"]), only_v4("x.test", FamilyAnswer::failed(outcome)), 365);
        assert_eq!(addresses(&lock), ["8.8.8.8/32"], "{outcome}");
        assert_eq!(codes(&findings), [Code::EvidenceStale], "{outcome}");
        assert!(
            findings[0].message.contains(outcome.as_str())
                && findings[0].message.contains(&day(0).to_string())
        );
        let stale = lock.host(&host("x.test")).and_then(|host| host.stale(Family::V4)).expect("it is stale");
        assert_eq!((stale.outcome, stale.since), (outcome, day(0)));
    }
}

#[test]
fn every_certain_absence_drops_what_was_known_and_says_so() {
    for outcome in GONE {
        let (lock, findings) =
            refreshed(&known(&["8.8.8.8", "8.8.4.4"]), only_v4("x.test", FamilyAnswer::failed(outcome)), 1);
        assert_eq!(addresses(&lock), [""; 0], "{outcome}");
        assert_eq!(codes(&findings), [Code::DnsDropped], "{outcome}");
        assert!(findings[0].message.contains(outcome.as_str()) && findings[0].message.contains('2'));
    }
}

#[test]
fn a_name_that_fails_with_nothing_known_is_an_error_and_stays_with_its_class() {
    for outcome in TRANSIENT.into_iter().chain(GONE) {
        let failed = both("x.test", FamilyAnswer::failed(outcome), FamilyAnswer::failed(outcome));
        let (lock, findings) = refreshed(&Lockfile::default(), failed, 0);
        assert_eq!(codes(&findings), [Code::DnsFailure], "{outcome}");
        assert!(findings[0].is_error() && findings[0].message.contains(outcome.as_str()));
        let host = lock.host(&host("x.test")).expect("it stays");
        assert_eq!((host.outcome(Family::V4), host.outcome(Family::V6)), (Some(outcome), Some(outcome)));
        assert!(host.evidence().is_empty());
    }
}

#[test]
fn a_family_that_fails_beside_one_that_answers_is_a_warning_and_one_without_records_is_none() {
    let half = both("x.test", answer(&["8.8.8.8"]), FamilyAnswer::failed(Outcome::ServFail));
    let (_, findings) = refreshed(&Lockfile::default(), half, 0);
    assert_eq!((codes(&findings), findings[0].severity), (vec![Code::DnsFailure], Severity::Warning));
    assert_eq!(refreshed(&Lockfile::default(), only_v4("x.test", answer(&["8.8.8.8"])), 0).1, []);
}

#[test]
fn a_failing_family_keeps_its_addresses_while_the_other_changes() {
    let first = both("x.test", answer(&["8.8.8.8"]), answer(&["2600::1"]));
    let (lock, _) = refreshed(&Lockfile::default(), first, 0);
    let second =
        both("x.test", FamilyAnswer::failed(Outcome::NxDomain), FamilyAnswer::failed(Outcome::ServFail));
    let (lock, findings) = refreshed(&lock, second, 1);
    assert_eq!(addresses(&lock), ["2600::1/128"]);
    assert_eq!(codes(&findings), [Code::DnsDropped, Code::EvidenceStale]);
}

#[test]
fn an_address_stays_for_the_retention_window_and_then_goes_with_a_note() {
    let other = || only_v4("x.test", answer(&["1.1.1.1"]));
    let (lock, findings) = refreshed(&known(&["8.8.8.8"]), other(), 14);
    assert_eq!((addresses(&lock).len(), findings.len()), (2, 0));
    assert!(lock.host(&host("x.test")).expect("known").rotates());
    let (lock, findings) = refreshed(&lock, other(), 15);
    assert_eq!((addresses(&lock), codes(&findings)), (vec!["1.1.1.1/32".to_owned()], vec![Code::DnsExpired]));
    assert!(findings[0].message.contains("8.8.8.8"));
    assert!(!lock.host(&host("x.test")).expect("known").rotates());
}

#[test]
fn private_answers_are_refused_and_do_not_stand_for_an_answer() {
    let rebound = || only_v4("x.test", answer(&["127.0.0.1", "169.254.169.254", "10.1.2.3"]));
    let (lock, findings) = refreshed(&known(&["8.8.8.8"]), rebound(), 1);
    assert_eq!(addresses(&lock), ["8.8.8.8/32"]);
    assert_eq!(codes(&findings), [Code::EvidenceStale, Code::DnsRefused]);
    assert_eq!(
        lock.host(&host("x.test")).and_then(|host| host.outcome(Family::V4)),
        Some(Outcome::RefusedAddress)
    );
    let mixed = only_v4("x.test", answer(&["10.1.2.3", "1.1.1.1"]));
    let (lock, findings) = refreshed(&Lockfile::default(), mixed, 1);
    assert_eq!((addresses(&lock), codes(&findings)), (vec!["1.1.1.1/32".to_owned()], vec![Code::DnsRefused]));
}

#[test]
fn private_answers_are_let_in_by_name_and_leave_when_the_permission_does() {
    let private = || only_v4("x.test", answer(&["10.1.2.3", "224.0.0.1"]));
    let options =
        RefreshOptions { allow_private: BTreeSet::from([host("x.test")]), ..RefreshOptions::default() };
    let (lock, findings) = Lockfile::default().refresh(&[private()], day(0), &options);
    assert_eq!(
        (addresses(&lock), codes(&findings)),
        (vec!["10.1.2.3/32".to_owned()], vec![Code::DnsRefused])
    );
    let (lock, findings) = refreshed(&lock, private(), 1);
    assert_eq!(addresses(&lock), [""; 0]);
    assert_eq!(codes(&findings), [Code::DnsRefused, Code::DnsFailure]);
}

#[test]
fn what_is_let_in_by_name_is_read_back() {
    let options =
        RefreshOptions { allow_private: BTreeSet::from([host("x.test")]), ..RefreshOptions::default() };
    for addr in [
        "10.0.0.1",
        "127.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::c000:c0",
        "64:ff9b::a00:1",
        "2002:c000:c0::1",
        "2001:db8::1",
        "fd00::1",
        "fd00:ec2::254",
        "fe80::a9fe:a9fe",
    ] {
        let both = both("x.test", answer(&["8.8.8.8", addr]), answer(&["2600::1", addr]));
        let (lock, _) = Lockfile::default().refresh(&[both], day(0), &options);
        let source = std::sync::Arc::new(egressor::diag::Source::new("egressor.lock", lock.render()));
        assert_eq!(Lockfile::parse(&source), Ok(lock), "{addr}");
    }
}

#[test]
fn published_addresses_survive_whatever_dns_says() {
    let mut lock = known(&["8.8.8.8"]);
    let source = "https://vendor.example/ranges";
    let block = "185.199.108.0/22".parse().expect("a block");
    assert_eq!(lock.publish(&host("x.test"), source, [block], day(0)), []);
    for outcome in TRANSIENT.into_iter().chain(GONE) {
        let (after, _) = refreshed(&lock, only_v4("x.test", FamilyAnswer::failed(outcome)), 100);
        assert!(addresses(&after).contains(&"185.199.108.0/22".to_owned()), "{outcome}");
    }
    let gone = || only_v4("x.test", FamilyAnswer::failed(Outcome::NxDomain));
    let (after, findings) = refreshed(&lock, gone(), 1);
    assert_eq!(codes(&findings), [Code::DnsDropped]);
    let (_, findings) = refreshed(&after, gone(), 2);
    assert_eq!((codes(&findings), findings[0].severity), (vec![Code::DnsFailure], Severity::Warning));
    // The same page, read again, replaces what it listed before; a block that spans half the internet is not taken.
    let wide = "0.0.0.0/0".parse().expect("a block");
    let other = "140.82.112.0/20".parse().expect("a block");
    assert_eq!(lock.publish(&host("x.test"), source, [other, wide], day(2)), [wide]);
    assert_eq!(addresses(&lock), ["8.8.8.8/32", "140.82.112.0/20"]);
}

#[test]
fn names_not_looked_up_stay_until_they_are_pruned_and_published_ones_even_then() {
    let mut lock = known(&["8.8.8.8"]);
    lock.publish(&host("p.test"), "https://vendor.example", ["1.1.1.1".parse().expect("an address")], day(0));
    let other = || only_v4("y.test", answer(&["9.9.9.9"]));
    let (kept, _) = refreshed(&lock, other(), 1);
    assert_eq!(kept.host(&host("x.test")), lock.host(&host("x.test")));
    let options =
        RefreshOptions { prune: Some(BTreeSet::from([host("y.test")])), ..RefreshOptions::default() };
    let (pruned, _) = lock.refresh(&[other()], day(1), &options);
    let names: Vec<_> = pruned.hosts().map(|host| host.name().to_string()).collect();
    assert_eq!(names, ["p.test", "y.test"]);
}

#[test]
fn a_refresh_that_finds_the_same_knows_the_same() {
    let lock = known(&["8.8.8.8"]);
    let (again, _) = refreshed(&lock, only_v4("x.test", answer(&["8.8.8.8"])), 5);
    assert!(again != lock && again.knows_the_same(&lock));
    let (more, _) = refreshed(&lock, only_v4("x.test", answer(&["8.8.8.8", "8.8.4.4"])), 5);
    assert!(!more.knows_the_same(&lock));
}

#[test]
fn a_rotating_name_converges_over_two_refreshes_of_a_real_server() {
    let next = AtomicU8::new(0);
    let server = serve(move |question| {
        if question.v6 {
            return Reply::nothing();
        }
        Reply::answers(vec![address(
            "x.test.",
            1,
            &format!("8.8.8.{}", next.fetch_add(1, Ordering::SeqCst) % 2),
        )])
    });
    let mut lock = Lockfile::default();
    for at in 0..4 {
        let lookups = resolve([host("x.test")], &options(&[&server]), |_, _| {}).expect("servers");
        let (next, findings) = lock.refresh(&lookups, day(at), &RefreshOptions::default());
        assert_eq!(findings, []);
        lock = next;
    }
    assert_eq!(addresses(&lock), ["8.8.8.0/32", "8.8.8.1/32"]);
}

/// What is held back when a name with the first addresses answers the second, twenty days later.
fn held(before: &[&str], after: &[&str]) -> Option<String> {
    let lock = known(before);
    let (next, _) = refreshed(&lock, only_v4("x.test", answer(after)), 20);
    let accepted = BTreeSet::from([host("x.test")]);
    assert_eq!(lock.hold_back(&next, &Limits::default(), &accepted), (None, Vec::new()));
    let (result, findings) = lock.hold_back(&next, &Limits::default(), &BTreeSet::new());
    let Some(finding) = findings.into_iter().next() else {
        assert_eq!(result, None);
        return None;
    };
    assert_eq!((result, finding.code, finding.is_error()), (Some(lock), Code::LockQuarantined, true));
    Some(finding.message)
}

#[test]
fn a_change_that_is_too_large_is_held_back_whole_until_it_is_accepted() {
    let many: Vec<String> = (0..20).map(|at| format!("8.8.4.{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let has =
        |message: Option<String>, text: &str| assert!(message.is_some_and(|message| message.contains(text)));
    assert_eq!(held(&["8.8.8.8"], &["8.8.8.8"]), None);
    assert_eq!(held(&["8.8.8.8"], &["8.8.4.4"]), None);
    has(held(&["8.8.8.8"], &["8.9.4.4"]), "`8.9.4.4` lies in a network where the name never was");
    has(held(&["8.8.8.8"], &many), "20 IPv4 addresses came at once to the 1 known");
    has(held(&many, &["8.8.4.0"]), "19 of 20 IPv4 addresses went at once");
    assert_eq!(held(&many, &many[..12]), None);
}

#[test]
fn a_listed_network_a_new_name_and_certain_absence_are_not_held_back() {
    let mut lock = known(&["8.8.8.8"]);
    lock.publish(
        &host("x.test"),
        "https://vendor.example",
        ["140.82.112.0/20".parse().expect("a block")],
        day(0),
    );
    let lookups = [
        only_v4("x.test", answer(&["140.82.127.1"])),
        both("y.test", answer(&["9.9.9.9"]), answer(&["2600::1"])),
    ];
    let (after, _) = lock.refresh(&lookups, day(1), &RefreshOptions::default());
    assert_eq!(lock.hold_back(&after, &Limits::default(), &BTreeSet::new()).1, []);
    let gone = only_v4("x.test", FamilyAnswer::failed(Outcome::NxDomain));
    let (after, _) = lock.refresh(&[gone], day(1), &RefreshOptions::default());
    assert_eq!(lock.hold_back(&after, &Limits::default(), &BTreeSet::new()).1, []);
}

#[test]
fn a_name_that_was_gone_and_is_there_again_is_held_back_until_it_is_accepted() {
    for gone in [Outcome::NxDomain, Outcome::DanglingCname] {
        let lookup = both("x.test", FamilyAnswer::failed(gone), FamilyAnswer::failed(gone));
        let (before, _) = refreshed(&known(&["8.8.8.8"]), lookup, 1);
        let (after, _) = refreshed(&before, only_v4("x.test", answer(&["9.9.9.9"])), 2);
        let (held, findings) = before.hold_back(&after, &Limits::default(), &BTreeSet::new());
        assert_eq!((held.as_ref(), codes(&findings)), (Some(&before), vec![Code::LockQuarantined]));
        assert!(findings[0].message.contains(gone.as_str()) && findings[0].message.contains("9.9.9.9"));
        let accepted = BTreeSet::from([host("x.test")]);
        assert_eq!(before.hold_back(&after, &Limits::default(), &accepted).0, None);
        // Where its vendor lists the address, nobody else has taken the name.
        let mut listed = before.clone();
        let block = "9.9.9.0/24".parse().expect("a block");
        listed.publish(&host("x.test"), "https://vendor.example", [block], day(1));
        let (after, _) = refreshed(&listed, only_v4("x.test", answer(&["9.9.9.9"])), 2);
        assert_eq!(listed.hold_back(&after, &Limits::default(), &BTreeSet::new()).0, None);
    }
    // A lookup that failed, and a first IPv6 address, are no such thing.
    for outcome in [Outcome::NoData, Outcome::Timeout] {
        let first = both("x.test", answer(&["8.8.8.8"]), FamilyAnswer::failed(outcome));
        let (before, _) = refreshed(&Lockfile::default(), first, 0);
        let (after, _) = refreshed(&before, both("x.test", answer(&["8.8.8.8"]), answer(&["2600::1"])), 1);
        assert_eq!(before.hold_back(&after, &Limits::default(), &BTreeSet::new()).0, None);
    }
}
