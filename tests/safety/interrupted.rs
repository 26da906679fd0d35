//! Runs that are killed while they write, at random moments and at every system call that touches a file.

#![cfg(unix)]

use crate::real::skipped;
use crate::run::{EGRESSOR, egressor, generate, quickstart_lock, state, under, words, works};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type State = BTreeMap<PathBuf, Vec<u8>>;

/// What the files are when nobody interferes, for two owners.
struct Outcomes {
    lock: String,
    old: State,
    new: State,
}

impl Outcomes {
    fn new() -> Self {
        let lock = quickstart_lock();
        let of = |owner: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let run = egressor(folder.path(), &words(&generate(&lock, owner)));
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            state(&folder.path().join("out"))
        };
        let (old, new) = (of("old"), of("new"));
        assert!(old.len() == 3 && old.iter().all(|(path, text)| new[path] != *text), "every file differs");
        Self { lock, old, new }
    }

    /// A folder with the old files.
    fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("out")).expect("a folder");
        for (path, text) in &self.old {
            std::fs::write(folder.path().join("out").join(path), text).expect("it is written");
        }
        folder
    }

    fn start(&self, folder: &Path) -> Child {
        let mut command = Command::new(EGRESSOR);
        command.args(generate(&self.lock, "new")).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs")
    }

    /// Asserts the law for what a run has left: all old, all new, or said so by `--check`; and the next run ends it with
    /// all files new, and nothing else. `back` asks the next run for the old files.
    fn judge(&self, folder: &Path, when: &str, back: bool) -> Left {
        let out = folder.join("out");
        let found = state(&out);
        let plain: State = found
            .iter()
            .filter(|(path, _)| !is_hidden(path))
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect();
        for (path, text) in &plain {
            let whole = *text == self.old[path] || *text == self.new[path];
            assert!(whole, "{when}: {} is neither old nor new", path.display());
        }
        let left = match (plain == self.old, plain == self.new) {
            (true, _) => Left::Old,
            (_, true) => Left::New,
            (false, false) => Left::Mixed,
        };
        let check = generate(&self.lock, "new");
        let told = egressor(folder, &[&words(&check)[..], &["--check"]].concat());
        let says_so = told.stderr.contains("file/interrupted");
        assert_eq!(says_so, found.contains_key(Path::new(".egressor-journal")), "{when}: {}", told.stderr);
        if left == Left::Mixed {
            assert!(says_so && told.code == Some(1), "{when}: some files are new, and it is not said");
        }
        assert_eq!(state(&out), found, "{when}: --check writes nothing");
        let (owner, expected) = if back { ("old", &self.old) } else { ("new", &self.new) };
        let next = egressor(folder, &words(&generate(&self.lock, owner)));
        assert_eq!(next.code, Some(0), "{when}: {}", next.stderr);
        assert_eq!(says_so, next.stderr.contains("were put back as they were"), "{when}: {}", next.stderr);
        let now = state(&out);
        assert!(now == *expected, "{when}: after the next run there are {:?}", now.keys());
        left
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Old,
    Mixed,
    New,
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn end(mut child: Child, signal: &str) {
    let pid = child.id().to_string();
    Command::new("kill").args([signal, &pid]).stderr(Stdio::null()).status().expect("kill is there");
    child.wait().expect("it ends");
}

#[test]
fn generate_killed_at_random_moments_leaves_all_old_or_all_new_or_tells() {
    let outcomes = Outcomes::new();
    let begun = Instant::now();
    let folder = outcomes.folder();
    assert!(outcomes.start(folder.path()).wait().expect("it ends").success());
    let whole = begun.elapsed();
    let mut seen = BTreeMap::new();
    for turn in 0_u32..36 {
        let folder = outcomes.folder();
        let mut child = outcomes.start(folder.path());
        if turn % 3 == 0 {
            std::thread::sleep(whole * (turn * 7 % 36) / 30);
        } else {
            // Most moments of a run are before it writes, so most kills wait for that.
            let journal = folder.path().join("out/.egressor-journal");
            while !journal.exists() && child.try_wait().expect("it is ours").is_none() {
                std::thread::sleep(Duration::from_micros(20));
            }
            std::thread::sleep(Duration::from_micros(u64::from(turn * 613 % 6_000)));
        }
        end(child, if turn % 2 == 0 { "-KILL" } else { "-INT" });
        let left = outcomes.judge(folder.path(), &format!("turn {turn}"), turn % 5 == 0);
        *seen.entry(left).or_insert(0) += 1;
    }
    assert!(
        seen.contains_key(&Left::Old) && seen.contains_key(&Left::New),
        "the kills miss a side: {seen:?}"
    );
}

/// The system calls by which files are made, filled and renamed.
const CALLS: [&str; 7] = ["openat", "write", "fsync", "linkat", "rename", "unlink", "fchmod"];

/// Runs `generate` once for each call of each kind that it makes after the lock of the folder, with `fault` there.
fn at_every_call(fault: &str, mut judge: impl FnMut(&Path, &str, Option<i32>)) -> Option<usize> {
    if !works("strace", &["-o", "/dev/null", "true"]) {
        return None;
    }
    let outcomes = Outcomes::new();
    let arguments = generate(&outcomes.lock, "new");
    let folder = outcomes.folder();
    let log = folder.path().join("calls");
    let trace = format!("trace={},flock", CALLS.join(","));
    let log_name = log.display().to_string();
    under(folder.path(), &["strace", "-o", &log_name, "-e", &trace], &words(&arguments));
    let calls = std::fs::read_to_string(&log).expect("a log");
    let (before, after) = calls.split_once("flock(").expect("the folder is locked");
    // What is said in the end is no part of it.
    let after: Vec<&str> =
        after.lines().filter(|line| !line.starts_with("write(2") && !line.starts_with("write(1")).collect();
    let mut count = 0;
    for call in CALLS {
        let begins = format!("{call}(");
        let first = before.lines().filter(|line| line.starts_with(&begins)).count() + 1;
        let more = after.iter().filter(|line| line.starts_with(&begins)).count();
        for when in first..first + more {
            let folder = outcomes.folder();
            let inject = format!("inject={call}:{fault}:when={when}");
            let trace = format!("trace={call}");
            let tool = ["strace", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let run = under(folder.path(), &tool, &words(&arguments));
            judge(folder.path(), &format!("{call} {when}, {}", run.stderr), run.code);
            outcomes.judge(folder.path(), &format!("{call} {when} {fault}"), when % 2 == 0);
            count += 1;
        }
    }
    Some(count)
}

#[test]
fn generate_killed_at_every_call_that_touches_a_file_leaves_all_old_or_all_new_or_tells() {
    let count = at_every_call("signal=SIGKILL", |_, when, code| assert_eq!(code, None, "{when}"));
    match count {
        Some(count) => assert!(count > 30, "only {count} calls were seen"),
        None => skipped("strace", 1, "it is not installed, or may not trace"),
    }
}

#[test]
fn a_call_that_fails_anywhere_leaves_all_old_or_all_new_or_tells() {
    let mut failed = 0;
    let count = at_every_call("error=ENOSPC", |folder, when, code| {
        let journal = folder.join("out/.egressor-journal");
        assert!(!journal.exists(), "a run that can say that it failed puts back by itself: {when}");
        failed += usize::from(code == Some(2));
    });
    match count {
        Some(count) => assert!(count > 30 && failed > 20, "{failed} of {count} failed"),
        None => skipped("strace", 1, "it is not installed, or may not trace"),
    }
}

#[test]
fn runs_at_the_same_time_leave_the_files_of_one_of_them() {
    let outcomes = Outcomes::new();
    for _ in 0..4 {
        let folder = tempfile::tempdir().expect("a folder");
        let start = |owner: &str| {
            let mut command = Command::new(EGRESSOR);
            command.args(generate(&outcomes.lock, owner)).current_dir(folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs")
        };
        let children = ["old", "new", "old", "new"].map(start);
        for mut child in children {
            assert!(child.wait().expect("it ends").success());
        }
        let left = state(&folder.path().join("out"));
        assert!(left == outcomes.old || left == outcomes.new, "{:?}", left.keys());
    }
}
