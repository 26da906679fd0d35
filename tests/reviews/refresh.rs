//! The weekly refresh: one pull request with what the names of now open and close.

use crate::forge::Forge;
use crate::runner::{Outcome, Runner};
use crate::support::{EGRESSOR, TOKEN, commit, copy, git, has_tools, program, root};
use std::fs;
use std::path::PathBuf;

/// A runner with a checkout of the example of a project, and where that was cloned from.
fn runner(forge: &Forge) -> (Runner, PathBuf) {
    let runner = Runner::new(&forge.url);
    let seed = runner.folder().join("seed");
    copy(&root().join("examples/04_project"), &seed);
    commit(&seed);
    let origin = runner.folder().join("origin.git");
    git(runner.folder(), &["clone", "--quiet", "--bare", "seed", "origin.git"]);
    checkout(&runner);
    (runner, origin)
}

/// Checks the main branch out anew, as the first step of the job does.
fn checkout(runner: &Runner) {
    fs::remove_dir_all(runner.workspace()).expect("an old checkout");
    git(runner.folder(), &["clone", "--quiet", "origin.git", "workspace"]);
}

/// Runs the workflow of the example with an egressor whose names are answered by a line of sed.
fn refresh(runner: &mut Runner, answers: &str, code: u8) -> Outcome {
    let text = format!(
        "#!/bin/bash\n[ \"$1\" = lock ] || exec {EGRESSOR} \"$@\"\n\
         [ -z \"$REVIEW_SPY\" ] || env >\"$REVIEW_SPY\"\n\
         sed -i '{answers}' egressor.lock\necho '::error::said by the DNS of mallory ##[error]'\nexit {code}\n"
    );
    let fake = program(&runner.folder().join("egressor"), &text);
    runner.binary = fake;
    runner.job("examples/05_github/refresh.yml")
}

#[test]
fn one_pull_request_is_opened_then_updated_with_what_changes() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let (mut runner, origin) = runner(&forge);
    let first = refresh(&mut runner, "s#203.0.113.16/28#203.0.113.0/27#", 0);
    assert_eq!(first.code, 0, "{}", first.log);
    {
        let state = forge.state();
        let [pull] = &state.pulls[..] else { panic!("{:?}", state.pulls) };
        assert_eq!(pull.title, "Refresh egressor.lock: traffic changes");
        assert!(pull.body.starts_with("### Firewall rules: **BROADENED**"), "{}", pull.body);
    }
    // The files that are generated from the lock are part of it, and nothing else is.
    let changed = git(&origin, &["diff", "--name-only", "main", "egressor/lock"]);
    assert!(changed.lines().any(|line| line == "egressor.lock"), "{changed}");
    assert!(changed.lines().any(|line| line == "out/iptables.rules"), "{changed}");
    assert!(changed.lines().all(|line| line == "egressor.lock" || line.starts_with("out/")), "{changed}");
    // A week later the answers are others: the same pull request, from main, and no second commit on the first.
    checkout(&runner);
    let second = refresh(&mut runner, "s#203.0.113.16/28#203.0.113.16/29#", 0);
    assert_eq!(second.code, 0, "{}", second.log);
    let state = forge.state();
    let [pull] = &state.pulls[..] else { panic!("{:?}", state.pulls) };
    assert!(pull.body.starts_with("### Firewall rules: **NARROWED**"), "{}", pull.body);
    assert_eq!(git(&origin, &["rev-list", "--count", "main..egressor/lock"]), "1");
    assert_eq!((state.asked("POST"), state.asked("PATCH")), (1, 1));
}

#[test]
fn what_was_learnt_without_a_change_of_traffic_is_said_and_nothing_learnt_is_no_pull_request() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let (mut runner, _) = runner(&forge);
    let outcome = refresh(&mut runner, "", 0);
    assert!(outcome.code == 0 && outcome.log.contains("nothing was learnt"), "{}", outcome.log);
    assert!(forge.state().requests.is_empty());
    // The date of the last look alone.
    let outcome = refresh(&mut runner, "s#last_seen = \"2026-11-22#last_seen = \"2026-11-23#", 0);
    assert_eq!(outcome.code, 0, "{}", outcome.log);
    assert_eq!(forge.state().pulls[0].title, "Refresh egressor.lock: no change of traffic");
    assert!(forge.state().pulls[0].body.contains("**EQUAL**"));
}

#[test]
fn a_refresh_that_held_something_back_says_so_and_fails() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let (mut runner, _) = runner(&forge);
    let spy = runner.folder().join("spied");
    runner.environment.insert("REVIEW_SPY".to_owned(), spy.display().to_string());
    let outcome = refresh(&mut runner, "s#203.0.113.16/28#203.0.113.0/27#", 2);
    assert_eq!(outcome.code, 2, "{}", outcome.log);
    let body = forge.state().pulls[0].body.clone();
    assert!(
        body.starts_with("Not everything was learnt") && body.contains("\n    ::error::said by"),
        "{body}"
    );
    assert!(body.contains("**BROADENED**"), "{body}");
    for line in outcome.log.lines() {
        assert!(!line.starts_with("::") && !line.contains("##["), "a command: {line}");
    }
    // The token goes to the API and to git, and not to egressor.
    assert!(!outcome.log.contains(TOKEN), "{}", outcome.log);
    let spied = fs::read_to_string(spy).expect("spied");
    assert!(spied.contains("GITHUB_API_URL") && !spied.contains(TOKEN), "{spied}");
}

#[test]
fn where_no_pull_request_may_be_opened_the_job_fails() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    forge.state().read_only = true;
    let (mut runner, _) = runner(&forge);
    let outcome = refresh(&mut runner, "s#203.0.113.16/28#203.0.113.0/27#", 0);
    assert!(outcome.code == 2 && outcome.log.contains("may workflows open them?"), "{}", outcome.log);
}
