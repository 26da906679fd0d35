//! `egressor lock` as people run it, and what `generate` makes of its lockfile.

use crate::server::{Reply, Running, address, alias, serve};
use hickory_server::proto::op::ResponseCode;
use std::path::Path;
use std::process::{Command, Output};

pub(crate) fn egressor(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it runs")
}

pub(crate) fn lock(folder: &Path, server: &Running, more: &[&str]) -> Output {
    let resolver = server.addr.to_string();
    let mut arguments = vec!["lock", "--region", "us", "--resolver", &resolver];
    if !more.contains(&"--timeout") {
        arguments.extend(["--timeout", "10s"]);
    }
    arguments.extend_from_slice(more);
    egressor(folder, &arguments)
}

/// Every host of the selection has one address; storage is an alias of another name.
pub(crate) fn vendor() -> Running {
    serve(|question| match (question.name.as_str(), question.v6) {
        (_, true) => Reply::nothing(),
        ("storage.googleapis.com.", false) => Reply::answers(vec![
            alias("storage.googleapis.com.", 300, "storage.l.googleapis.com."),
            address("storage.l.googleapis.com.", 60, "203.0.114.10"),
        ]),
        (name, false) => Reply::answers(vec![address(name, 60, "203.0.114.20")]),
    })
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The text of the lockfile of a folder.
pub(crate) fn text(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("egressor.lock")).expect("the lock")
}

/// Every IPv4 question is answered with these addresses.
pub(crate) fn fixed(addrs: &'static [&'static str]) -> Running {
    serve(move |question| {
        let of = |addr: &&str| address(&question.name, 60, addr);
        if question.v6 { Reply::nothing() } else { Reply::answers(addrs.iter().map(of).collect()) }
    })
}

#[test]
fn selected_names_are_locked_and_rules_use_the_lock_and_no_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = vendor();
    let locked = lock(folder.path(), &server, &[]);
    assert_eq!(code(&locked), 0, "{}", stderr(&locked));
    let text = std::fs::read_to_string(folder.path().join("egressor.lock")).expect("the lock");
    assert!(text.contains("name = \"storage.googleapis.com\"") && text.contains("203.0.114.10"), "{text}");
    assert!(text.contains("storage.l.googleapis.com") && text.contains("ttl = 60"), "{text}");
    assert!(!text.contains("eu.cast.ai") && !text.contains("ghcr.io"), "only what is selected: {text}");
    // Dedicated addresses stay, and an answer beside them is told.
    assert!(
        stderr(&locked).contains("dns/outside-pin") && stderr(&locked).contains("`api.cast.ai` answers"),
        "{}",
        stderr(&locked)
    );
    let asked = server.questions().len();
    let written = egressor(folder.path(), &["generate", "--region", "us", "-t", "iptables", "--out", "out"]);
    assert_eq!(code(&written), 0, "{}", stderr(&written));
    assert_eq!(server.questions().len(), asked, "generate asks nobody");
    let rules = std::fs::read_to_string(folder.path().join("out/iptables.rules")).expect("the rules");
    assert!(rules.contains("-d 203.0.114.10/32") && rules.contains("-d 104.16.81.56/32"), "{rules}");
    for line in rules.lines().filter(|line| line.starts_with("-A") && line.contains("castai/api")) {
        assert!(line.contains("104.16.8"), "the dedicated addresses and no answer: {line}");
    }
}

#[test]
fn a_lookup_that_fails_keeps_what_was_known_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &vendor(), &[])), 0);
    let flaky = serve(|question| match (question.name.as_str(), question.v6) {
        ("github.com.", _) => Reply::code(ResponseCode::ServFail),
        (_, true) => Reply::nothing(),
        (name, false) => Reply::answers(vec![address(name, 60, "203.0.114.20")]),
    });
    let again = lock(folder.path(), &flaky, &[]);
    // It is not as it should be, and it is no failure either.
    assert_eq!(code(&again), 1, "{}", stderr(&again));
    assert!(
        stderr(&again).contains("evidence/stale")
            && stderr(&again).contains("`github.com`: the A lookup failed"),
        "{}",
        stderr(&again)
    );
    let text = std::fs::read_to_string(folder.path().join("egressor.lock")).expect("the lock");
    let github =
        text.split("[[host]]").find(|host| host.contains("name = \"github.com\"")).expect("it is kept");
    assert!(github.contains("203.0.114.20") && github.contains("servfail"), "{github}");
}

#[test]
fn when_nothing_at_all_answers_the_lockfile_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let dead = serve(|_| Reply::code(ResponseCode::ServFail));
    let failed = lock(folder.path(), &dead, &[]);
    assert_eq!(code(&failed), 2);
    assert!(!folder.path().join("egressor.lock").exists(), "none is made of nothing");
    assert_eq!(code(&lock(folder.path(), &vendor(), &[])), 0);
    let before = std::fs::read(folder.path().join("egressor.lock")).expect("the lock");
    let failed = lock(folder.path(), &dead, &[]);
    assert_eq!(code(&failed), 2);
    assert!(stderr(&failed).contains("dns/"), "{}", stderr(&failed));
    assert_eq!(std::fs::read(folder.path().join("egressor.lock")).expect("the lock"), before);
}

#[test]
fn locked_refuses_news_and_takes_no_notice_of_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = vendor();
    let none = lock(folder.path(), &server, &["--locked"]);
    assert_eq!(code(&none), 1, "{}", stderr(&none));
    assert!(!folder.path().join("egressor.lock").exists());
    assert_eq!(code(&lock(folder.path(), &server, &[])), 0);
    assert_eq!(code(&lock(folder.path(), &server, &["--locked"])), 0);
    let moved = serve(|question| {
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(vec![address(&question.name, 60, "203.0.114.21")])
        }
    });
    let before = std::fs::read(folder.path().join("egressor.lock")).expect("the lock");
    let news = lock(folder.path(), &moved, &["--locked"]);
    assert_eq!(code(&news), 1);
    assert!(stderr(&news).contains("lock/would-change"), "{}", stderr(&news));
    assert_eq!(std::fs::read(folder.path().join("egressor.lock")).expect("the lock"), before);
}

#[test]
fn a_wrong_resolver_or_host_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, says) in [
        (["lock", "--region", "us", "--resolver", "dns.example"], "variable/invalid"),
        (["lock", "--region", "us", "--only", "github.con"], "did you mean `github.com`?"),
        (["lock", "--region", "uk", "--only", "github.com"], "selection/region"),
    ] {
        let run = egressor(folder.path(), &arguments);
        assert_eq!(code(&run), 2);
        assert!(stderr(&run).contains(says), "{}", stderr(&run));
        assert!(!folder.path().join("egressor.lock").exists());
    }
}
