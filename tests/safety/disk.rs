//! Disks that are full, folders that may not be written, and limits on the size of files.

#![cfg(unix)]

use crate::real::skipped;
use crate::run::{EGRESSOR, Run, egressor, generate, quickstart_lock, state, words, works};
use std::path::Path;
use std::process::Command;

/// Runs a shell script in a folder, with the program as `$E` and the arguments that write for a new owner as `"$@"`.
fn script(folder: &Path, wrap: &[&str], text: &str) -> Run {
    let arguments = generate(&quickstart_lock(), "new");
    let words: Vec<&str> =
        wrap.iter().copied().chain(["bash", "-c", text, "script"]).chain(words(&arguments)).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(folder).env("E", EGRESSOR);
    command.output().expect("it runs").into()
}

/// A user namespace in which file systems can be mounted.
const NAMESPACE: [&str; 2] = ["unshare", "-rm"];

fn has_namespaces(cases: usize) -> bool {
    let works = works("unshare", &["-rm", "true"]);
    if !works {
        skipped("a mount namespace", cases, "unshare -rm is refused");
    }
    works
}

#[test]
fn a_full_disk_leaves_every_output_as_it_was() {
    if !has_namespaces(2) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let old = generate(&quickstart_lock(), "old").join(" ");
    // The old files fit, the new ones beside them do not; then not even a name more does.
    for (size, fill) in [("size=24k", "true"), ("size=24k", "head -c 9999999 /dev/zero > out/filler 2>&1")] {
        let run = script(
            folder.path(),
            &NAMESPACE,
            &format!(
                "set -e; mkdir -p out; mount -t tmpfs -o {size} tmpfs out; $E {old} -q; {fill} || true
                 before=$(cat out/* | sha256sum; ls -A out); code=0; $E \"$@\" || code=$?
                 after=$(cat out/* | sha256sum; ls -A out); [ \"$before\" = \"$after\" ] || {{ ls -lA out; exit 9; }}
                 exit $code"
            ),
        );
        assert_eq!(run.code, Some(2), "{fill}: {} {}", run.stdout, run.stderr);
        assert!(run.stderr.contains("file/write") && run.stderr.contains("cannot write"), "{}", run.stderr);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_left_alone() {
    if !has_namespaces(1) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(egressor(folder.path(), &words(&generate(&quickstart_lock(), "old"))).code, Some(0));
    let before = state(folder.path());
    let read_only = "mount --bind out out && mount -o remount,bind,ro out || exit 8";
    let run = script(folder.path(), &NAMESPACE, &format!("{read_only}; exec $E \"$@\""));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("file/write"), "{}", run.stderr);
    assert_eq!(state(folder.path()), before);
    let old = generate(&quickstart_lock(), "old").join(" ");
    let same = script(folder.path(), &NAMESPACE, &format!("{read_only}; exec $E {old}"));
    assert_eq!(same.code, Some(0), "nothing is to be written: {}", same.stderr);
}

#[test]
fn a_limit_on_the_size_of_files_leaves_every_output_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(egressor(folder.path(), &words(&generate(&quickstart_lock(), "old"))).code, Some(0));
    let before = state(folder.path());
    // The signal ends the process; without it the writing fails.
    let killed = script(folder.path(), &[], "ulimit -c 0; ulimit -f 4; exec $E \"$@\"");
    assert_ne!(killed.code, Some(0), "{}", killed.stderr);
    let next = egressor(folder.path(), &words(&generate(&quickstart_lock(), "old")));
    assert_eq!(next.code, Some(0), "{}", next.stderr);
    assert_eq!(state(folder.path()), before, "what the killed run left is gone");
    let failed = script(folder.path(), &[], "trap '' XFSZ; ulimit -f 4; exec $E \"$@\"");
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    assert!(failed.stderr.contains("file/write"), "{}", failed.stderr);
    assert_eq!(state(folder.path()), before);
}
