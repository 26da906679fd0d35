//! A refresh that is killed, and refreshes at the same time.

use crate::command::{code, fixed, lock, stderr, text};
use crate::server::{Reply, Running, address, serve};
use egressor::diag::Source;
use egressor::resolve::Lockfile;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn start(folder: &Path, server: &Running, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(["lock", "--region", "us", "--timeout", "10s", "--keep", "0s", "--accept-all"])
        .args(["--resolver", &server.addr.to_string()])
        .args(more)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs")
}

/// What a lockfile knows, without times.
fn known(text: &str) -> Lockfile {
    Lockfile::parse(&Arc::new(Source::new("egressor.lock", text)))
        .unwrap_or_else(|findings| panic!("the lockfile does not load: {findings:#?}\n{text}"))
}

#[cfg(unix)]
#[test]
fn a_refresh_killed_at_any_moment_leaves_the_old_lock_or_the_new_one() {
    static SECOND: AtomicBool = AtomicBool::new(false);
    let server = serve(|question| {
        let addr = if SECOND.load(Ordering::SeqCst) { "8.8.4.4" } else { "8.8.8.8" };
        if question.v6 { Reply::nothing() } else { Reply::answers(vec![address(&question.name, 60, addr)]) }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut locks = Vec::new();
    for second in [false, true] {
        SECOND.store(second, Ordering::SeqCst);
        assert!(start(folder.path(), &server, &[]).wait().expect("it ends").success());
        // With the next answers everything that was known is older than it may be.
        std::thread::sleep(Duration::from_millis(1_100));
        assert!(start(folder.path(), &server, &[]).wait().expect("it ends").success());
        locks.push(text(folder.path()));
    }
    let (old, new) = (known(&locks[0]), known(&locks[1]));
    assert!(!old.knows_the_same(&new));
    // How long a run takes here, so that the kills reach from its start past its end.
    let begun = Instant::now();
    assert!(start(folder.path(), &server, &[]).wait().expect("it ends").success());
    let whole = begun.elapsed();
    let (mut olds, mut news) = (0, 0);
    for turn in 0_u32..60 {
        std::fs::write(folder.path().join("egressor.lock"), &locks[0]).expect("it is written");
        let mut child = start(folder.path(), &server, &[]);
        std::thread::sleep(whole * (turn * 7 % 60) / 50);
        if turn % 2 == 0 {
            child.kill().expect("it is ours");
        } else {
            // What Ctrl-C sends.
            let pid = child.id().to_string();
            Command::new("kill").args(["-INT", &pid]).status().expect("kill is there");
        }
        child.wait().expect("it ends");
        let now = known(&text(folder.path()));
        match (now.knows_the_same(&old), now.knows_the_same(&new)) {
            (true, false) => olds += 1,
            (false, true) => news += 1,
            (_, _) => panic!("neither the old nor the new lock after turn {turn}:\n{}", text(folder.path())),
        }
    }
    assert!(olds > 0 && news > 0, "the kills miss a side: {olds} old, {news} new");
}

#[test]
fn refreshes_at_the_same_time_lose_nothing_of_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(|question| {
        std::thread::sleep(Duration::from_millis(20));
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(vec![address(&question.name, 60, "8.8.8.8")])
        }
    });
    let hosts = ["github.com", "api.cast.ai", "grpc.cast.ai", "storage.googleapis.com"];
    let children: Vec<Child> =
        hosts.iter().map(|host| start(folder.path(), &server, &["--only", host])).collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let lock = known(&text(folder.path()));
    let names: Vec<String> = lock.hosts().map(|host| host.name().to_string()).collect();
    for host in hosts {
        assert!(names.iter().any(|name| name == host), "{host} is lost: {names:?}");
    }
}

#[test]
fn a_lock_with_the_marks_of_a_merge_is_named_with_its_line_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = fixed(&["8.8.8.8"]);
    assert_eq!(code(&lock(folder.path(), &server, &[])), 0);
    let good = text(folder.path());
    let asked = server.questions().len();
    for (spoilt, says, line) in [
        (good.replacen("[[host]]", "<<<<<<< HEAD\n[[host]]", 1), "merge conflict", 7),
        (good.replacen("version = 1", "version = 9", 1), "version 9", 4),
        (good.replacen("a = \"answer\"", "a = \"yes\"", 1), "`yes` is no outcome", 9),
    ] {
        std::fs::write(folder.path().join("egressor.lock"), &spoilt).expect("it is written");
        let refused = lock(folder.path(), &server, &[]);
        assert_eq!(code(&refused), 2);
        let told = stderr(&refused);
        assert!(told.contains(says) && told.contains(&format!("egressor.lock:{line}")), "{told}");
        assert_eq!(text(folder.path()), spoilt);
    }
    assert_eq!(server.questions().len(), asked, "nobody was asked");
}

#[test]
fn a_refresh_that_takes_long_says_how_far_it_is_in_plain_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let slow = serve(|question| {
        std::thread::sleep(Duration::from_millis(250));
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(vec![address(&question.name, 60, "8.8.8.8")])
        }
    });
    let long = lock(folder.path(), &slow, &[]);
    assert_eq!(code(&long), 0, "{}", stderr(&long));
    assert!(stderr(&long).contains("lookups done\n") && !stderr(&long).contains('\r'), "{}", stderr(&long));
    let quiet = lock(folder.path(), &slow, &["-q"]);
    assert!(!stderr(&quiet).contains("lookups done"), "{}", stderr(&quiet));
    let quick = lock(folder.path(), &fixed(&["8.8.8.8"]), &["--only", "github.com"]);
    assert!(!stderr(&quick).contains("lookups done"), "{}", stderr(&quick));
}

#[test]
fn a_terminal_gets_a_bar_that_is_taken_away_in_the_end() {
    if Command::new("script").arg("--version").output().is_err() {
        crate::real::skipped("a terminal", 1, "script is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let slow = serve(|question| {
        std::thread::sleep(Duration::from_millis(250));
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(vec![address(&question.name, 60, "8.8.8.8")])
        }
    });
    let command =
        format!("{} lock --region us --timeout 10s --resolver {}", env!("CARGO_BIN_EXE_egressor"), slow.addr);
    let shown = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("\r[") && shown.contains("-] ") && shown.contains(" lookups\r"), "{shown:?}");
    let (_, after) = shown.rsplit_once("\u{1b}[2K").expect("the bar goes");
    assert!(!after.contains(" lookups\r") && after.contains("names looked up"), "{shown:?}");
}
