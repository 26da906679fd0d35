//! A refresh that cannot write its lockfile: full disks, folders that may not be written, calls that fail or never return.

#![cfg(unix)]

use crate::command::{code, fixed, lock, stderr, text};
use crate::real::skipped;
use crate::server::Running;
use egressor::diag::Source;
use egressor::resolve::Lockfile;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

/// What lets the second answers take the place of the first.
const NEWS: [&str; 2] = ["--accept-all", "--keep=0s"];

/// The system calls by which a file is made, filled and renamed.
const CALLS: [&str; 6] = ["openat", "write", "fsync", "rename", "fchmod", "unlink"];

fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Refreshes in a folder under other programs.
fn under(folder: &Path, tool: &[&str], server: &Running) -> Output {
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).arg(env!("CARGO_BIN_EXE_egressor")).current_dir(folder);
    command
        .args(["lock", "--region", "us", "--timeout", "10s", "--resolver", &server.addr.to_string()])
        .args(NEWS);
    command.stdin(Stdio::null()).output().expect("it runs")
}

/// Every file of a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

/// Reports whether a lockfile has as many hosts as another one.
fn is_whole(lock: &str, like: &str) -> bool {
    let hosts = |text: &str| text.lines().filter(|line| *line == "[[host]]").count();
    let source = Source::new("egressor.lock", lock);
    hosts(lock) == hosts(like) && Lockfile::parse(&Arc::new(source)).is_ok()
}

#[test]
fn a_full_disk_or_a_folder_that_cannot_be_written_leaves_the_lock_as_it_was() {
    if !works("unshare", &["-rm", "true"]) {
        skipped("a mount namespace", 2, "unshare -rm is refused");
        return;
    }
    let server = fixed(&["8.8.4.4"]);
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &fixed(&["8.8.8.8"]), &[])), 0);
    let before = files(folder.path());
    let full = "mkdir d && mount -t tmpfs -o size=24k tmpfs d && cp egressor.lock d && cd d && { head -c 99999 /dev/zero > full 2>&1 || true; }";
    let read_only = "mount --bind . . && cd . && mount -o remount,bind,ro \"$PWD\" && cd \"$PWD\"";
    for (script, named) in [(full, "a full disk"), (read_only, "a folder that cannot be written")] {
        let script = format!(
            "{script} && before=$(ls -A; sha256sum egressor.lock) && {{ \"$@\"; code=$?; }}; [ \"$before\" = \"$(ls -A; sha256sum egressor.lock)\" ] || exit 9; exit $code"
        );
        let run = under(folder.path(), &["unshare", "-rm", "bash", "-c", &script, "script"], &server);
        assert_eq!(run.status.code(), Some(2), "{named}: {}", stderr(&run));
        assert!(stderr(&run).contains("file/write"), "{named}: {}", stderr(&run));
        let _ = std::fs::remove_dir(folder.path().join("d"));
        assert_eq!(files(folder.path()), before, "{named}");
    }
}

#[test]
fn a_refresh_that_fails_or_is_killed_at_any_call_leaves_the_old_lock_or_the_new_one() {
    if !works("strace", &["-f", "-o", "/dev/null", "true"]) {
        skipped("strace", 2, "it is not installed, or may not trace");
        return;
    }
    let server = fixed(&["8.8.4.4"]);
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&lock(folder.path(), &fixed(&["8.8.8.8"]), &[])), 0);
    let old = text(folder.path());
    let trace = format!("trace={},flock", CALLS.join(","));
    under(folder.path(), &["strace", "-f", "-o", "calls", "-e", &trace], &server);
    let new = text(folder.path());
    assert!(old.contains("8.8.8.8") && new.contains("8.8.4.4") && is_whole(&new, &old), "{new}");
    let calls = std::fs::read_to_string(folder.path().join("calls")).expect("a log");
    std::fs::remove_file(folder.path().join("calls")).expect("it goes");
    let (before, after) = calls.split_once("flock(").expect("the folder is locked");
    let mut count = 0;
    for (call, fault) in CALLS.iter().flat_map(|call| [(call, "signal=SIGKILL"), (call, "error=ENOSPC")]) {
        let of = |calls: &str| calls.lines().filter(|line| line.contains(&format!(" {call}("))).count();
        for when in of(before) + 1..=of(before) + of(after) {
            std::fs::write(folder.path().join("egressor.lock"), &old).expect("it is written");
            let inject = format!("inject={call}:{fault}:when={when}");
            let run = under(
                folder.path(),
                &["strace", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject],
                &server,
            );
            let now = text(folder.path());
            let is_new = now.contains("8.8.4.4") && is_whole(&now, &old);
            assert!(now == old || is_new, "{call} {when} {fault}: {now}");
            assert!(is_new || run.status.code() != Some(0), "{call} {when} {fault}: {}", stderr(&run));
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} calls were seen");
    assert_eq!(code(&lock(folder.path(), &server, &NEWS)), 0);
    let names: Vec<String> = files(folder.path()).into_keys().collect();
    assert_eq!(names, ["egressor.lock"], "what killed runs left is gone");
}
