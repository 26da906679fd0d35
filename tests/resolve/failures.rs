//! What each failure of the DNS does to a lockfile and to the rules made of it: never does it empty a list silently.
//!
//! One host fails while all others answer. Before, it had two addresses in the lockfile.

use crate::command::{code, egressor, lock, stderr, text};
use crate::refresh::day;
use crate::server::{Question, Reply, Running, address, alias, serve};
use egressor::diag::Severity;
use egressor::resolve::{Family, FamilyAnswer, Given, Lockfile, Lookup, Outcome, RefreshOptions};
use hickory_server::proto::op::ResponseCode;
use proptest::prelude::*;
use std::net::IpAddr;
use std::path::Path;

const HOST: &str = "github.com.";

/// The ways in which peers lost or widened a list, and the tests of them in this file.
const ROWS: [(&str, &[&str]); 10] = [
    ("NXDOMAIN", &["nxdomain_drops_with_a_finding"]),
    ("SERVFAIL", &["servfail_keeps", "refused_keeps"]),
    ("timeout", &["a_timeout_keeps"]),
    ("truncated", &["an_answer_cut_off_to_the_last_keeps"]),
    ("empty NOERROR", &["an_empty_answer_drops_with_a_finding"]),
    ("CNAME loop", &["a_circle_of_aliases_keeps"]),
    ("dangling CNAME", &["an_alias_of_nothing_drops_with_a_finding"]),
    (
        "one of many servers says NXDOMAIN",
        &[
            "one_of_many_servers_that_denies_the_name_takes_nothing_away",
            "one_of_many_servers_that_fails_takes_nothing_away",
        ],
    ),
    (
        "private, loopback or metadata answer for a public name",
        &["special_addresses_keep_what_was_known_and_are_never_taken"],
    ),
    (
        "any failure becomes an empty list, and that revokes every address",
        &[
            "all_names_failing_at_once_leaves_the_lock_as_it_was",
            "no_lookup_empties_a_list_without_a_finding",
        ],
    ),
];

#[test]
fn every_row_of_the_failure_table_has_its_tests_here() {
    let here = include_str!("failures.rs");
    for (row, tests) in ROWS {
        assert!(!tests.is_empty(), "{row}");
        for test in tests {
            assert!(here.contains(&format!("fn {test}(")), "{row}: there is no test `{test}`");
        }
    }
}

/// All hosts answer, and the one as the closure says.
fn but(reply: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> Running {
    serve(move |question| match (question.name.as_str(), question.v6) {
        (HOST, _) => reply(question),
        (_, true) => Reply::nothing(),
        (name, false) => Reply::answers(vec![address(name, 60, "203.0.114.20")]),
    })
}

fn healthy() -> Running {
    but(|question| {
        let of = |addr: &&str| address(HOST, 60, addr);
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(["8.8.8.8", "8.8.4.4"].iter().map(of).collect())
        }
    })
}

/// Where the host is before it fails.
fn known() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let locked = lock(folder.path(), &healthy(), &[]);
    assert_eq!(code(&locked), 0, "{}", stderr(&locked));
    folder
}

fn host(folder: &Path) -> String {
    let lock = text(folder);
    lock.split("[[host]]").find(|host| host.contains("\"github.com\"")).expect("it is there").to_owned()
}

/// The rules, when they could be made.
fn rules(folder: &Path) -> Option<String> {
    let generated =
        egressor(folder, &["generate", "--region", "us", "-t", "iptables", "--out", "out", "--locked"]);
    (code(&generated) == 0)
        .then(|| std::fs::read_to_string(folder.join("out/iptables.rules")).expect("rules"))
}

/// Nothing was learnt: what was known stays in the lock and in the rules, the class is in both, and the exit code says
/// that something is not as it should be.
fn keeps(server: &Running, class: &str, more: &[&str]) {
    let folder = known();
    let before = rules(folder.path()).expect("rules");
    let failed = lock(folder.path(), server, more);
    let told = stderr(&failed);
    assert_eq!(code(&failed), 1, "{class}: {told}");
    assert!(
        told.contains("evidence/stale") && told.contains("`github.com`") && told.contains(class),
        "{told}"
    );
    assert!(told.contains("2 IPv4 addresses of 20"), "since when: {told}");
    let host = host(folder.path());
    assert!(host.contains("8.8.8.8") && host.contains("8.8.4.4") && host.contains(class), "{host}");
    let after = rules(folder.path()).expect("rules");
    let only_rules = |text: &str| {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(only_rules(&after), only_rules(&before), "{class}");
}

/// It is certain that there is nothing: the addresses go with a finding, and no rule is made without them.
fn drops(server: &Running, class: &str) {
    let folder = known();
    let failed = lock(folder.path(), server, &[]);
    let told = stderr(&failed);
    assert!(told.contains("dns/dropped") && told.contains("2 IPv4 addresses were dropped"), "{told}");
    assert!(told.contains(class), "{told}");
    let host = host(folder.path());
    assert!(host.contains("addresses = []") && host.contains(class), "{host}");
    assert_eq!(rules(folder.path()), None, "{class}: no list is emptied silently");
    let generated = egressor(folder.path(), &["generate", "--region", "us", "-t", "iptables", "--out", "-"]);
    assert!(stderr(&generated).contains("evidence/missing") && stderr(&generated).contains(class));
}

#[test]
fn nxdomain_drops_with_a_finding() {
    drops(&but(|_| Reply::code(ResponseCode::NXDomain)), "nxdomain");
}

#[test]
fn an_empty_answer_drops_with_a_finding() {
    drops(&but(|_| Reply::nothing()), "nodata");
}

#[test]
fn an_alias_of_nothing_drops_with_a_finding() {
    let dangling = but(|_| Reply::Says {
        code: ResponseCode::NXDomain,
        cut: false,
        answers: vec![alias(HOST, 60, "gone.test.")],
        authorities: Vec::new(),
    });
    drops(&dangling, "dangling-cname");
}

#[test]
fn servfail_keeps() {
    keeps(&but(|_| Reply::code(ResponseCode::ServFail)), "servfail", &[]);
}

#[test]
fn refused_keeps() {
    keeps(&but(|_| Reply::code(ResponseCode::Refused)), "refused", &[]);
}

#[test]
fn a_timeout_keeps() {
    keeps(&but(|_| Reply::Silence), "timeout", &["--timeout", "300ms"]);
}

#[test]
fn an_answer_cut_off_to_the_last_keeps() {
    let cut = but(|_| Reply::Says {
        code: ResponseCode::NoError,
        cut: true,
        answers: vec![address(HOST, 60, "6.6.6.6")],
        authorities: Vec::new(),
    });
    keeps(&cut, "truncated", &[]);
}

#[test]
fn a_circle_of_aliases_keeps() {
    keeps(&but(|_| Reply::answers(vec![alias(HOST, 60, HOST)])), "cname-loop", &[]);
}

#[test]
fn an_answer_that_cannot_be_believed_keeps() {
    keeps(&but(|_| Reply::answers(vec![alias(HOST, 60, "*.x.test.")])), "bogus", &[]);
}

#[test]
fn special_addresses_keep_what_was_known_and_are_never_taken() {
    for addr in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.51.100.1",
        "0.0.0.0",
        "224.0.0.1",
    ] {
        let lies =
            but(
                move |question| {
                    if question.v6 { Reply::nothing() } else { Reply::answers(vec![address(HOST, 60, addr)]) }
                },
            );
        keeps(&lies, "refused-address", &[]);
    }
    for addr in [
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:a00:1::1",
        "2001:0:808:808::1",
        "2001:db8::1",
        "fe80::1",
        "fd00::1",
        "fd00:ec2::254",
        "ff02::1",
    ] {
        let folder = known();
        let lies = but(move |question| {
            let answer = if question.v6 { addr } else { "8.8.8.8" };
            Reply::answers(vec![address(HOST, 60, answer)])
        });
        let told = stderr(&lock(folder.path(), &lies, &[]));
        assert!(told.contains("dns/refused-address"), "{addr}: {told}");
        let rules = rules(folder.path()).expect("rules");
        assert!(!host(folder.path()).contains(addr) && !rules.contains(addr), "{addr}");
    }
}

#[test]
fn one_of_many_servers_that_denies_the_name_takes_nothing_away() {
    let folder = known();
    let (denies, knows) = (but(|_| Reply::code(ResponseCode::NXDomain)), healthy());
    for order in [[denies.addr, knows.addr], [knows.addr, denies.addr]] {
        let [first, second] = order.map(|addr| addr.to_string());
        for more in [&[][..], &["--failover"][..]] {
            let arguments =
                ["lock", "--region", "us", "--timeout", "10s", "--resolver", &first, "--resolver", &second];
            let locked = egressor(folder.path(), &[&arguments[..], more].concat());
            assert_eq!(code(&locked), 0, "{}", stderr(&locked));
            let host = host(folder.path());
            assert!(host.contains("8.8.8.8") && host.contains("8.8.4.4") && host.contains("a = \"answer\""));
            if more.is_empty() {
                assert!(stderr(&locked).contains("dns/disagreement"), "{}", stderr(&locked));
                assert!(stderr(&locked).contains("says nxdomain"), "{}", stderr(&locked));
            }
        }
    }
    assert!(rules(folder.path()).is_some());
}

#[test]
fn one_of_many_servers_that_fails_takes_nothing_away() {
    for reply in [ResponseCode::ServFail, ResponseCode::Refused] {
        let folder = known();
        let (broken, knows) = (but(move |_| Reply::code(reply)), healthy());
        let [first, second] = [broken.addr, knows.addr].map(|addr| addr.to_string());
        let resolver = [first, second].join(",");
        let locked =
            egressor(folder.path(), &["lock", "--region", "us", "--timeout", "10s", "--resolver", &resolver]);
        assert!(host(folder.path()).contains("8.8.4.4"), "{}", stderr(&locked));
        assert!(rules(folder.path()).is_some());
    }
}

#[test]
fn all_names_failing_at_once_leaves_the_lock_as_it_was() {
    let folder = known();
    let before = text(folder.path());
    for reply in [ResponseCode::ServFail, ResponseCode::Refused] {
        let down = lock(folder.path(), &serve(move |_| Reply::code(reply)), &[]);
        assert_eq!(code(&down), 2);
        assert!(
            stderr(&down).contains("none of") && stderr(&down).contains("evidence/stale"),
            "{}",
            stderr(&down)
        );
        assert_eq!(text(folder.path()), before);
    }
}

proptest! {
    #[test]
    fn no_lookup_empties_a_list_without_a_finding(
        known in prop::collection::btree_set(public(), 1..5),
        outcomes in prop::array::uniform2(prop::sample::select(Outcome::ALL.to_vec())),
        answers in prop::collection::btree_set(any::<IpAddr>(), 0..4),
        after in 0_u64..60,
        quorum in 1_usize..3,
    ) {
        let name = crate::dns::host("x.test");
        let given = |addrs: Vec<IpAddr>, family: Family| -> Given {
            let of_family = addrs.into_iter().filter(|addr| Family::of(*addr) == family);
            of_family.map(|addr| (addr, ["9.9.9.9"].into_iter().collect())).collect()
        };
        let lookup = |addrs: &std::collections::BTreeSet<IpAddr>, outcomes: [Outcome; 2]| {
            let [a, aaaa] = [(Family::V4, outcomes[0]), (Family::V6, outcomes[1])].map(|(family, outcome)| {
                let addresses = given(addrs.iter().copied().collect(), family);
                match (outcome, addresses.is_empty()) {
                    (Outcome::Answer, true) => FamilyAnswer::failed(Outcome::NoData),
                    (Outcome::Answer, false) => FamilyAnswer { addresses, ..FamilyAnswer::failed(outcome) },
                    (_, _) => FamilyAnswer::failed(outcome),
                }
            });
            Lookup { name: name.clone(), a, aaaa }
        };
        let has = |lock: &Lockfile, family: Family| -> Vec<IpAddr> {
            let host = lock.host(&name).into_iter().flat_map(|host| host.addresses());
            host.map(|address| address.prefix.addr()).filter(|addr| Family::of(*addr) == family).collect()
        };
        let first = lookup(&known, [Outcome::Answer; 2]);
        let (before, _) = Lockfile::default().refresh(&[first], day(0), &RefreshOptions::default());
        let options = RefreshOptions {
            quorum: quorum.try_into().expect("not zero"),
            ..RefreshOptions::default()
        };
        let second = lookup(&answers, outcomes);
        let (now, findings) = before.refresh(&[second], day(after), &options);
        for family in Family::BOTH {
            let (old, new) = (has(&before, family), has(&now, family));
            let loud = findings.iter().any(|finding| {
                finding.severity >= Severity::Warning && finding.message.contains("`x.test`")
            });
            prop_assert!(old.is_empty() || !new.is_empty() || loud, "{family} of {outcomes:?} is emptied: {findings:?}");
            // Nothing comes from anywhere but the answers, and nothing special comes at all.
            for addr in new {
                prop_assert!(old.contains(&addr) || answers.contains(&addr));
                prop_assert_eq!(egressor::resolve::special(egressor::packet::Prefix::host(addr)), None);
            }
        }
    }
}

/// An address that a name may have.
fn public() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (1_u8..=8, any::<u8>()).prop_map(|(a, b)| IpAddr::from([8, 8, a, b])),
        any::<u16>().prop_map(|at| IpAddr::from([0x2600, 0x1f00, 0, 0, 0, 0, 0, at])),
    ]
}
