//! What changes in the text of a lockfile from one refresh to the next, and what rotating names become.

use crate::dns::{host, options};
use crate::refresh::answer;
use crate::server::{Reply, address, serve};
use egressor::diag::Code;
use egressor::resolve::{
    Ask, DnsOptions, FamilyAnswer, Lockfile, Lookup, Outcome, RefreshOptions, Timestamp, resolve,
};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

const HOUR: u64 = 3_600;

fn hour(number: u64) -> Timestamp {
    Timestamp::from_unix(1_790_000_000 + number * HOUR)
}

fn lookups(addrs: &[&str]) -> Vec<Lookup> {
    let hosts = ["a.test", "b.test", "c.test"];
    let others = answer(&["9.9.9.9", "9.9.9.10"]);
    let nothing = FamilyAnswer::failed(Outcome::NoData);
    hosts
        .iter()
        .map(|name| Lookup {
            name: host(name),
            a: if *name == "b.test" { answer(addrs) } else { others.clone() },
            aaaa: nothing.clone(),
        })
        .collect()
}

/// The lines that only one of two texts has, as `diff` shows them.
fn differing(old: &str, new: &str) -> Vec<String> {
    let only = |sign: char, text: &str, other: &str| {
        let lines = text.lines().filter(|line| !other.lines().any(|there| there == *line));
        lines.map(|line| format!("{sign}{}", line.trim())).collect::<Vec<_>>()
    };
    [only('-', old, new), only('+', new, old)].concat()
}

#[test]
fn the_difference_of_two_locks_is_the_news_and_the_time() {
    let options = RefreshOptions::default();
    let (first, _) = Lockfile::default().refresh(&lookups(&["8.8.8.8"]), hour(0), &options);
    let (second, _) = first.refresh(&lookups(&["8.8.8.8"]), hour(1), &options);
    let (old, new) = (hour(0).to_string(), hour(1).to_string());
    let time = [format!("-tried = \"{old}\""), format!("+tried = \"{new}\"")];
    assert_eq!(differing(&first.render(), &second.render()), time);
    let (third, _) = second.refresh(&lookups(&["8.8.8.8", "8.8.4.4"]), hour(2), &options);
    let third_time = hour(2).to_string();
    assert_eq!(
        differing(&second.render(), &third.render()),
        [
            format!("-tried = \"{new}\""),
            format!("+tried = \"{third_time}\""),
            format!("+{{ address = \"8.8.4.4\", first_seen = \"{third_time}\", resolver = \"9.9.9.9\" }},"),
        ]
    );
    // A cache that counts down is no news.
    let mut cached = lookups(&["8.8.8.8", "8.8.4.4"]);
    cached[1].a.ttl = Some(7);
    let (fourth, _) = third.refresh(&cached, hour(2), &options);
    assert_eq!(fourth.render(), third.render());
    // One host alone has its own time, and the others keep theirs.
    let (fifth, _) = third.refresh(&lookups(&["8.8.8.8", "8.8.4.4"])[1..2], hour(3), &options);
    assert_eq!(differing(&third.render(), &fifth.render()), [format!("+tried = \"{}\"", hour(3))]);
}

#[test]
fn git_shows_one_line_each_way_for_one_address_that_moved() {
    let options = RefreshOptions { keep: Duration::ZERO, ..RefreshOptions::default() };
    let (first, _) = Lockfile::default().refresh(&lookups(&["8.8.8.8", "8.8.4.4"]), hour(0), &options);
    let (second, _) = first.refresh(&lookups(&["8.8.8.8", "8.8.4.9"]), hour(1), &options);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, lock) in [("old", &first), ("new", &second)] {
        std::fs::write(folder.path().join(name), lock.render()).expect("it is written");
    }
    let git = |more: &[&str]| {
        let arguments =
            [&["diff", "--no-index", "--no-color", "--no-ext-diff"], more, &["old", "new"]].concat();
        std::process::Command::new("git").args(arguments).current_dir(folder.path()).output()
    };
    let Ok(counted) = git(&["--numstat"]) else {
        crate::real::skipped("git", 1, "it is not installed");
        return;
    };
    let counted = String::from_utf8_lossy(&counted.stdout).into_owned();
    // The address, and the time that stands once for all hosts.
    assert!(counted.starts_with("2\t2\t"), "{counted}");
    let shown = git(&["--unified=0"]).expect("git is there");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let is_change =
        |line: &&str| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---");
    let changes: Vec<&str> = shown.lines().filter(is_change).collect();
    assert!(
        matches!(changes.as_slice(), [_, _, gone, come] if gone.contains("\"8.8.4.4\"") && come.contains("\"8.8.4.9\"")),
        "{shown}"
    );
}

#[test]
fn two_runs_an_hour_apart_on_a_rotating_name_converge() {
    let next = AtomicU8::new(0);
    // Four addresses, two at a time.
    let server = serve(move |question| {
        if question.v6 {
            return Reply::nothing();
        }
        let turn = next.fetch_add(1, Ordering::SeqCst) % 2;
        let shown = [turn, turn + 2].map(|at| address("x.test.", 1, &format!("8.8.8.{at}")));
        Reply::answers(shown.to_vec())
    });
    let mut lock = Lockfile::default();
    let mut known = Vec::new();
    for run in 0..4 {
        let lookups = resolve([host("x.test")], &options(&[&server]), |_, _| {}).expect("servers");
        let (next, findings) = lock.refresh(&lookups, hour(run), &RefreshOptions::default());
        assert_eq!(findings, []);
        known
            .push((next.host(&host("x.test")).expect("known").addresses().len(), next.knows_the_same(&lock)));
        assert_eq!(next.host(&host("x.test")).expect("known").rotates(), run > 0);
        lock = next;
    }
    assert_eq!(known, [(2, false), (4, false), (4, true), (4, true)]);
}

#[test]
fn rounds_of_one_run_that_differ_make_a_name_rotating_and_a_steady_run_ends_it() {
    let next = AtomicU8::new(0);
    let server = serve(move |question| {
        if question.v6 {
            return Reply::nothing();
        }
        Reply::answers(vec![address(
            "x.test.",
            1,
            &format!("8.8.8.{}", next.fetch_add(1, Ordering::SeqCst) % 3),
        )])
    });
    let rounds = DnsOptions {
        rounds: 3.try_into().expect("not zero"),
        pause: Duration::from_millis(1),
        ask: Ask::Every,
        ..options(&[&server])
    };
    let lookups = resolve([host("x.test")], &rounds, |_, _| {}).expect("servers");
    assert!(lookups[0].a.rotating && !lookups[0].aaaa.rotating);
    let (lock, _) = Lockfile::default().refresh(&lookups, hour(0), &RefreshOptions::default());
    assert!(lock.host(&host("x.test")).expect("known").rotates());
    assert!(lock.render().contains("rotating = true"));
    let steady = Lookup {
        name: host("x.test"),
        a: answer(&["8.8.8.0", "8.8.8.1", "8.8.8.2"]),
        aaaa: FamilyAnswer::failed(Outcome::NoData),
    };
    let (lock, _) = lock.refresh(&[steady], hour(1), &RefreshOptions::default());
    assert!(!lock.host(&host("x.test")).expect("known").rotates());
}

#[test]
fn lookups_that_fail_for_longer_than_addresses_are_kept_give_them_up_with_an_error() {
    let options = RefreshOptions { keep: Duration::from_hours(24), ..RefreshOptions::default() };
    let failing = || Lookup {
        name: host("x.test"),
        a: FamilyAnswer::failed(Outcome::ServFail),
        aaaa: FamilyAnswer::failed(Outcome::NoData),
    };
    let good = Lookup { a: answer(&["8.8.8.8"]), ..failing() };
    let (lock, _) = Lockfile::default().refresh(&[good], hour(0), &options);
    // A lock that was not refreshed for a year is not emptied by the first failure.
    let year = 365 * 24;
    let (lock, findings) = lock.refresh(&[failing()], hour(year), &options);
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::EvidenceStale]);
    assert!(lock.render().contains(&format!("a_failing = \"{}\"", hour(year))));
    let (lock, findings) = lock.refresh(&[failing()], hour(year + 24), &options);
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::EvidenceStale]);
    let (gone, findings) = lock.refresh(&[failing()], hour(year + 25), &options);
    assert!(gone.host(&host("x.test")).expect("it stays").evidence().is_empty());
    let finding = findings.iter().find(|finding| finding.code == Code::DnsExpired).expect("it is told");
    assert!(finding.is_error() && finding.message.contains(&hour(year).to_string()), "{}", finding.message);
    assert!(finding.message.contains(&hour(0).to_string()), "{}", finding.message);
    // An answer in between ends the row of failures.
    let (back, _) =
        lock.refresh(&[Lookup { a: answer(&["8.8.8.8"]), ..failing() }], hour(year + 25), &options);
    let (kept, findings) = back.refresh(&[failing()], hour(year + 60), &options);
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::EvidenceStale]);
    assert!(!kept.host(&host("x.test")).expect("known").evidence().is_empty());
}
