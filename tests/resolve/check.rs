//! `egressor lock --check`: drift between the lockfile and the DNS, as traffic.

use crate::command::{code, egressor, fixed, lock, stderr, stdout, text, vendor};
use crate::server::{Reply, address, serve};
use hickory_server::proto::op::ResponseCode;

#[test]
fn a_lock_that_says_what_dns_says_is_equal() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = vendor();
    assert_eq!(code(&lock(folder.path(), &server, &[])), 0);
    let checked = lock(folder.path(), &server, &["--check"]);
    assert_eq!(code(&checked), 0, "{}", stderr(&checked));
    assert!(stdout(&checked).starts_with("EQUAL"), "{}", stdout(&checked));
}

#[test]
fn an_address_that_came_is_newly_allowed_traffic_in_every_format_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &vendor(), &[])), 0);
    let before = text(folder.path());
    let moved = serve(|question| match (question.name.as_str(), question.v6) {
        (_, true) => Reply::nothing(),
        ("github.com.", false) => Reply::answers(vec![address("github.com.", 60, "20.1.2.3")]),
        (name, false) => Reply::answers(vec![address(name, 60, "203.0.114.20")]),
    });
    let human = lock(folder.path(), &moved, &["--check", "--only", "github.com"]);
    assert_eq!(code(&human), 1, "{}", stderr(&human));
    let first = stdout(&human);
    assert!(first.starts_with("BROADENED") && first.contains("20.1.2.3"), "{first}");
    assert!(first.contains("egressor.lock") && first.contains("DNS") && first.contains("tcp"), "{first}");
    let json = stdout(&lock(folder.path(), &moved, &["--check", "--only", "github.com", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (json["schema"].as_str(), json["verdict"].as_str()),
        (Some("egressor/diff/v1"), Some("broadened"))
    );
    assert_eq!(json["scopes"][0]["added"][0]["cidrs"][0], "20.1.2.3/32");
    let markdown = lock(folder.path(), &moved, &["--check", "--only", "github.com", "--format", "markdown"]);
    assert!(stdout(&markdown).contains("20.1.2.3") && code(&markdown) == 1, "{}", stdout(&markdown));
    let sarif = lock(folder.path(), &moved, &["--check", "--only", "github.com", "--format", "sarif"]);
    assert!(stdout(&sarif).contains("\"2.1.0\"") && stdout(&sarif).contains("drift/"), "{}", stdout(&sarif));
    assert_eq!(text(folder.path()), before);
    let wrong = egressor(folder.path(), &["lock", "--region", "us", "--format", "sarif"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("without `--check`"), "{}", stderr(&wrong));
}

#[test]
fn a_name_that_is_gone_is_traffic_no_longer_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &fixed(&["8.8.8.8"]), &["--only", "github.com"])), 0);
    let gone = serve(|_| Reply::code(ResponseCode::NXDomain));
    let checked = lock(folder.path(), &gone, &["--check", "--only", "github.com"]);
    assert!(stderr(&checked).contains("dns/dropped"), "{}", stderr(&checked));
    assert!(
        stdout(&checked).starts_with("NARROWED") && stdout(&checked).contains("8.8.8.8"),
        "{}",
        stdout(&checked)
    );
    assert_eq!(code(&checked), 1);
}

#[test]
fn a_lookup_that_fails_is_no_drift_but_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &vendor(), &[])), 0);
    let flaky = serve(|question| match (question.name.as_str(), question.v6) {
        ("github.com.", _) => Reply::code(ResponseCode::ServFail),
        ("storage.googleapis.com.", false) => {
            Reply::answers(vec![address("storage.googleapis.com.", 60, "203.0.114.10")])
        }
        (_, true) => Reply::nothing(),
        (name, false) => Reply::answers(vec![address(name, 60, "203.0.114.20")]),
    });
    let checked = lock(folder.path(), &flaky, &["--check"]);
    assert!(stdout(&checked).starts_with("EQUAL"), "{}", stdout(&checked));
    assert!(stderr(&checked).contains("evidence/stale"), "{}", stderr(&checked));
    assert_eq!(code(&checked), 1, "{}", stderr(&checked));
}

#[test]
fn when_nothing_answers_nothing_is_called_equal() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &vendor(), &[])), 0);
    let dead = serve(|_| Reply::code(ResponseCode::ServFail));
    let checked = lock(folder.path(), &dead, &["--check"]);
    assert_eq!(code(&checked), 2, "{}", stderr(&checked));
    assert!(!stdout(&checked).contains("EQUAL"), "{}", stdout(&checked));
}
