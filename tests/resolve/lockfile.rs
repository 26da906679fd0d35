//! The text of a lockfile: what is written comes back, and what was spoilt is refused.

use crate::dns::host;
use crate::refresh::{answer, day};
use egressor::diag::{Code, Finding, Source};
use egressor::resolve::{EvidenceKind, FamilyAnswer, Feed, Lockfile, Lookup, Outcome, RefreshOptions};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

fn parse(text: &str) -> Result<Lockfile, Vec<Finding>> {
    Lockfile::parse(&Arc::new(Source::new("egressor.lock", text)))
}

/// The messages of all findings, each with the text it points at.
fn complaints(text: &str) -> Vec<(String, String)> {
    let Err(findings) = parse(text) else { panic!("this should not parse:\n{text}") };
    findings
        .into_iter()
        .map(|finding| {
            assert_eq!(finding.code, Code::LockSyntax);
            assert!(finding.help.is_some(), "{}", finding.message);
            let place = finding.place.expect("a place");
            (finding.message, place.source.slice(place.span).to_owned())
        })
        .collect()
}

const EXAMPLE: &str = r#"version = 1
tried = "2026-11-22T20:54:48Z"

[[feed]]
name = "github-meta"
url = "https://api.github.com/meta"
token = "W/\"abc\""
date = "2026-11-22T00:00:00Z"
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

[[host]]
name = "api.cast.ai"
a = "answer"
aaaa = "servfail"
aaaa_failing = "2026-11-20T00:00:00Z"
cname = ["edge.cast.ai", "pool.cast.ai"]
ttl = 300
rotating = true
addresses = [
    { address = "104.16.81.0/24", first_seen = "2026-11-01T00:00:00Z", dedicated = "castai/api" },
    { address = "104.16.81.56", first_seen = "2026-11-01T00:00:00Z", resolver = "9.9.9.9" },
    { address = "104.16.82.56", first_seen = "2026-11-01T00:00:00Z", last_seen = "2026-11-21T00:00:00Z", resolver = ["1.1.1.1", "9.9.9.9"] },
    { address = "185.199.108.0/22", first_seen = "2026-11-01T00:00:00Z", last_seen = "2026-11-01T00:00:00Z", published = "https://api.github.com/meta#web" },
    { address = "2606:50c0:8000::153", first_seen = "2026-11-01T00:00:00Z", last_seen = "2026-11-01T00:00:00Z", resolver = "9.9.9.9" },
]

[[host]]
name = "gone.test"
tried = "2026-11-22T20:54:40Z"
a = "nxdomain"
aaaa = "nxdomain"
addresses = []
"#;

#[test]
fn what_is_read_is_written_as_it_was_under_the_header() {
    let lock = parse(EXAMPLE).expect("it is valid");
    let text = lock.render();
    assert!(text.ends_with(EXAMPLE) && text.starts_with("# egressor.lock"), "{text}");
    assert_eq!(parse(&text), Ok(lock));
}

#[test]
fn a_host_gives_its_evidence_and_what_is_stale() {
    let lock = parse(EXAMPLE).expect("it is valid");
    let api = lock.host(&host("api.cast.ai")).expect("it is there");
    let evidence = api.evidence();
    assert_eq!(evidence.len(), 4);
    assert_eq!(evidence[1].prefix.to_string(), "104.16.82.56/32");
    assert!(
        matches!(&evidence[1].kind, EvidenceKind::Dns { resolver, .. } if resolver == "1.1.1.1, 9.9.9.9")
    );
    assert!(
        matches!(&evidence[2].kind, EvidenceKind::Published { source } if source == "https://api.github.com/meta#web")
    );
    assert_eq!(api.stale(egressor::resolve::Family::V4), None);
    let stale = api.stale(egressor::resolve::Family::V6).expect("the AAAA lookup failed");
    assert_eq!(
        (stale.outcome, stale.since.to_string().as_str()),
        (Outcome::ServFail, "2026-11-01T00:00:00Z")
    );
}

#[test]
fn the_order_of_hosts_and_addresses_in_the_text_does_not_matter() {
    let (head, hosts) = EXAMPLE.split_once("[[host]]").expect("it has hosts");
    let (first, second) = hosts.split_once("[[host]]").expect("it has two");
    let mut lines: Vec<&str> = first.lines().collect();
    let at = lines.iter().position(|line| line.contains("104.16.81.56")).expect("it is there");
    lines.swap(at, at + 2);
    let turned = format!("{head}[[host]]{second}\n[[host]]{}\n", lines.join("\n"));
    assert_eq!(parse(&turned), parse(EXAMPLE));
}

#[test]
fn a_merge_conflict_is_named_at_each_of_its_marks() {
    let text = EXAMPLE.replace("ttl = 300\n", "<<<<<<< ours\nttl = 300\n=======\nttl = 60\n>>>>>>> theirs\n");
    let found = complaints(&text);
    assert_eq!(
        found.iter().map(|(_, at)| at.as_str()).collect::<Vec<_>>(),
        ["<<<<<<< ours", "=======", ">>>>>>> theirs"]
    );
    assert!(found.iter().all(|(message, _)| message == "a merge conflict was not resolved here"));
}

/// Each edit of the example, and what the first complaint points at and says.
const EDITS: &[(&str, &str, &str, &str)] = &[
    ("version = 1", "version = 2", "2", "version 2"),
    ("version = 1", "", "", "no `version`"),
    ("ttl = 300", "tlt = 300", "tlt", "no key `tlt`"),
    ("ttl = 300", "ttl = -1", "-1", "out of range"),
    ("ttl = 300", "ttl = \"300\"", "\"300\"", "a text stands where a whole number belongs"),
    ("ttl = 300", "ttl = 300\nttl = 301", "ttl", "duplicate key"),
    ("\"104.16.81.56\"", "\"104.16.81.256\"", "\"104.16.81.256\"", "not an IP address"),
    ("\"104.16.81.56\"", "\"104.16.081.56\"", "\"104.16.081.56\"", "not an IP address"),
    ("\"104.16.81.56\"", "\"104.16.81.56/30\"", "{ address", "is a block, but DNS gives single addresses"),
    ("\"104.16.81.56\"", "\"104.16.82.56\"", "{ address", "stands here twice"),
    ("\"185.199.108.0/22\"", "\"185.199.108.1/22\"", "\"185.199.108.1/22\"", "host bits"),
    ("\"185.199.108.0/22\"", "\"0.0.0.0/0\"", "\"0.0.0.0/0\"", "that no host can have"),
    ("\"185.199.108.0/22\"", "\"::/0\"", "\"::/0\"", "that no host can have"),
    ("\"api.cast.ai\"", "\"*.cast.ai\"", "\"*.cast.ai\"", "wildcard"),
    ("\"gone.test\"", "\"api.cast.ai\"", "\"api.cast.ai\"", "stands here twice"),
    ("\"edge.cast.ai\"", "\"edge cast\"", "\"edge cast\"", "not a valid host name"),
    ("a = \"answer\"", "a = \"anwser\"", "\"anwser\"", "no outcome"),
    ("a = \"answer\"\n", "", "[[host]]", "no `a`"),
    (
        "a = \"answer\"",
        "a = \"nodata\"",
        "\"nodata\"",
        "an IPv4 address has a resolver, though `a` is `nodata`",
    ),
    (
        "a = \"nxdomain\"",
        "a = \"answer\"",
        "\"answer\"",
        "no IPv4 address stands here, though `a` is an answer",
    ),
    ("addresses = []", "", "[[host]]", "no `addresses`"),
    ("addresses = []", "addresses = \"\"", "\"\"", "a list belongs"),
    (
        ", resolver = \"9.9.9.9\" },\n    { address = \"104.16.82",
        " },\n    { address = \"104.16.82",
        "{ address",
        "how it is known",
    ),
    (", published = ", ", resolver = \"9.9.9.9\", published = ", "{ address", "known in two ways at once"),
    ("[\"1.1.1.1\", \"9.9.9.9\"]", "[]", "[]", "no resolver is named"),
    ("\"https://api.github.com/meta#web\"", "\"\"", "\"\"", "an empty text"),
    ("\"https://api.github.com/meta#web\"", "\"https://x\\u202E.test\"", "\"https://x", "hidden characters"),
    ("\"2026-11-22T20:54:48Z\"", "\"2026-11-31T20:54:48Z\"", "\"2026-11-31T20:54:48Z\"", "not a time"),
    ("\"2026-11-22T20:54:48Z\"", "2026-11-22T20:54:48Z", "2026-11-22T20:54:48Z", "a bare date"),
    (
        "last_seen = \"2026-11-21T00:00:00Z\", resolver",
        "last_seen = \"2026-10-01T00:00:00Z\", resolver",
        "{ address",
        "last seen before it was first seen",
    ),
    ("e3b0c442", "E3B0C442", "\"E3B0C442", "not a SHA-256"),
    ("rotating = true", "rotating = \"yes\"", "\"yes\"", "`true` or `false` belongs"),
    ("aaaa = \"servfail\"", "aaaa = \"answer\"", "\"2026-11-20", "the AAAA lookup has not failed"),
    ("tried = \"2026-11-22T20:54:48Z\"\n", "", "[[host]]", "no `tried`"),
    (
        ", last_seen = \"2026-11-01T00:00:00Z\", published",
        ", last_seen = \"2026-11-1\", published",
        "\"2026-11-1\"",
        "not a time",
    ),
    ("[[feed]]", "[[fed]]", "fed", "no key `fed`"),
    ("addresses = []", "addresses = [", "", "unclosed array"),
];

#[test]
fn each_spoilt_value_is_refused_where_it_stands() {
    for (from, to, at, says) in EDITS {
        let text = EXAMPLE.replacen(from, to, 1);
        assert_ne!(text, EXAMPLE, "{from}");
        let found = complaints(&text);
        let fits = |(message, slice): &(String, String)| message.contains(says) && slice.starts_with(at);
        assert!(found.iter().any(fits), "{from} -> {to}: {found:#?}");
    }
}

#[test]
fn several_mistakes_are_told_in_one_run() {
    let text = EXAMPLE
        .replace("ttl = 300", "tlt = 300")
        .replace("\"104.16.81.56\"", "\"104.16.81\"")
        .replace("\"gone.test\"", "\"gone/test\"");
    assert_eq!(complaints(&text).len(), 3);
}

#[test]
fn any_deleted_line_gives_the_same_addresses_or_fewer_or_none() {
    let whole = parse(EXAMPLE).expect("it is valid");
    let of = |lock: &Lockfile| -> BTreeSet<String> {
        let evidence = lock.hosts().flat_map(|host| {
            host.evidence().into_iter().map(|evidence| format!("{} {}", host.name(), evidence.prefix))
        });
        evidence.collect()
    };
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for gone in 0..lines.len() {
        let mut left = lines.clone();
        left.remove(gone);
        let text = left.join("\n");
        if let Ok(lock) = parse(&text) {
            assert!(of(&lock).is_subset(&of(&whole)), "{}", lines[gone]);
        }
    }
}

#[test]
fn an_empty_lockfile_is_one_with_a_version() {
    assert_eq!(parse("version = 1\n"), Ok(Lockfile::default()));
    assert!(parse("").is_err());
    assert_eq!(parse(&Lockfile::default().render()), Ok(Lockfile::default()));
}

#[test]
fn the_lockfile_of_the_quickstart_holds_only_published_addresses_and_is_as_we_write_it() {
    let text = std::fs::read_to_string("examples/01_quickstart/egressor.lock").expect("the example is there");
    let lock = parse(&text).expect("it is valid");
    assert_eq!(lock.render(), text);
    assert!(lock.hosts().count() > 0);
    for host in lock.hosts() {
        assert!(!host.evidence().is_empty(), "{}", host.name());
        for evidence in host.evidence() {
            let EvidenceKind::Published { source } = evidence.kind else {
                panic!("an answer of DNS for {}", host.name())
            };
            assert!(source.starts_with("https://"), "{source}");
            assert_eq!(egressor::resolve::special(evidence.prefix), None, "{}", evidence.prefix);
        }
    }
}

#[test]
fn a_text_nested_a_hundred_thousand_deep_is_refused_and_harms_nobody() {
    for opening in ["[", "{a=", "a."] {
        assert!(parse(&format!("version = 1\nhost = {}", opening.repeat(100_000))).is_err());
        assert!(parse(&format!("version = 1\n{}", opening.repeat(100_000))).is_err());
    }
}

#[test]
fn a_lockfile_of_a_windows_checkout_is_the_same_lockfile() {
    assert_eq!(parse(&EXAMPLE.replace('\n', "\r\n")), parse(EXAMPLE));
}

#[test]
fn ten_thousand_addresses_are_read_and_written() {
    let addrs: Vec<String> = (0..10_000).map(|at| format!("8.{}.{}.8", at / 250, at % 250)).collect();
    let addrs: Vec<&str> = addrs.iter().map(String::as_str).collect();
    let lookup =
        Lookup { name: host("x.test"), a: answer(&addrs), aaaa: FamilyAnswer::failed(Outcome::NoData) };
    let (lock, _) = Lockfile::default().refresh(&[lookup], day(0), &RefreshOptions::default());
    assert_eq!(parse(&lock.render()), Ok(lock));
}

fn addresses() -> impl Strategy<Value = Vec<IpAddr>> {
    prop::collection::vec(any::<IpAddr>(), 0..6)
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop::sample::select(Outcome::ALL.to_vec())
}

fn families() -> impl Strategy<Value = FamilyAnswer> {
    (
        outcomes(),
        addresses(),
        prop::option::of(any::<u32>()),
        prop::collection::vec("[a-z]{1,5}\\.test", 0..3),
    )
        .prop_map(|(outcome, addresses, ttl, cname)| {
            let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let given =
                if outcome == Outcome::Answer { answer(&texts) } else { FamilyAnswer::failed(outcome) };
            FamilyAnswer { ttl, cname: cname.iter().map(|name| host(name)).collect(), ..given }
        })
}

fn lookups() -> impl Strategy<Value = Vec<Lookup>> {
    prop::collection::vec(("[a-e]\\.test", families(), families()), 0..5).prop_map(|lookups| {
        lookups.into_iter().map(|(name, a, aaaa)| Lookup { name: host(&name), a, aaaa }).collect()
    })
}

proptest! {
    #[test]
    fn every_lockfile_that_can_come_about_is_read_back_from_its_text(
        rounds in prop::collection::vec((lookups(), 0_u64..40), 1..4),
        source in ".{1,20}",
        blocks in addresses(),
        token in prop::option::of(".*"),
    ) {
        let mut lock = Lockfile::default();
        lock.publish(&host("a.test"), &format!("x{source}"), blocks.into_iter().map(egressor::packet::Prefix::host), day(1));
        let sha256 = "0".repeat(64);
        lock.record_feed(Feed { name: "f".to_owned(), url: format!("https://{source}"), token, date: day(1), etag: None, modified: None, sha256 });
        for (lookups, at) in rounds {
            lock = lock.refresh(&lookups, day(at), &RefreshOptions::default()).0;
            let text = lock.render();
            let back = parse(&text).map_err(|findings| TestCaseError::fail(format!("{findings:?}\n{text}")))?;
            prop_assert_eq!(&back, &lock);
            prop_assert_eq!(back.render(), text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".*", at in 0_usize..EXAMPLE.len(), cut in 0_usize..40) {
        let _ = parse(&text);
        let end = (at + cut).min(EXAMPLE.len());
        let spoilt = format!("{}{text}{}", &EXAMPLE[..at], &EXAMPLE[end..]);
        let _ = parse(&spoilt);
    }
}
