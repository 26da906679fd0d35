//! Bad input: a clear finding, exit 2, and nothing written.

use crate::run::egressor_in;
use std::fs;
use std::path::Path;

/// Runs `generate` in a folder and asserts that it fails, says this, and writes nothing.
fn refused(folder: &Path, arguments: &[&str], says: &[&str]) {
    let mut all = vec!["generate"];
    all.extend_from_slice(arguments);
    let run = egressor_in(folder, &all);
    assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
    for word in says {
        assert!(run.stderr.contains(word), "{arguments:?} does not say {word}: {}", run.stderr);
    }
    assert!(!folder.join("out").exists(), "{arguments:?} wrote something");
}

#[test]
fn blocks_that_systems_read_differently_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (setting, says) in [
        ("control_plane_cidr=10.0.0.0/28,::ffff:192.0.2.0/120", ["variable/invalid", "write `192.0.2.0/24`"]),
        ("squid.clients=::ffff:192.0.2.1", ["variable/invalid", "write `192.0.2.1/32`"]),
        ("squid.clients=::/0", ["variable/invalid", "lets every IPv4 client in"]),
        ("squid.clients=10.0.0.0/8,::/64", ["variable/invalid", "lets every IPv4 client in"]),
    ] {
        refused(folder.path(), &["--region", "us", "-t", "squid", "--set", setting], &says);
    }
}

#[test]
fn unknown_names_on_the_command_line_are_refused_with_a_suggestion() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, says) in [
        (["--region", "uss"].as_slice(), ["selection/region", "us"].as_slice()),
        (
            &["--region", "us", "--component", "agnet"],
            &["unknown component `agnet`", "did you mean `agent`?"],
        ),
        (
            &["--region", "us", "--feature", "securty"],
            &["unknown feature `securty`", "did you mean `security`?"],
        ),
        (
            &["--region", "us", "--without", "node-log"],
            &["unknown endpoint `node-log`", "did you mean `node-logs`?"],
        ),
        (&["--region", "us", "-t", "iptable"], &["unknown target `iptable`", "did you mean `iptables`?"]),
        (
            &["--region", "us", "--set", "dns_server=10.0.0.2"],
            &["unknown variable", "did you mean `dns_servers`?"],
        ),
        (&["--region", "us", "--set", "dns_servers=10.0.0.2/8"], &["variable/invalid", "host bits"]),
        (&["--region", "us", "--set", "expires=31/12/2026"], &["variable/invalid", "not a date"]),
        (&["--region", "us", "--set", "owner"], &["KEY=VALUE"]),
        (&["--region", "us", "--set", "iptables.prefix=a;b"], &["variable/invalid"]),
    ] {
        refused(folder.path(), arguments, says);
    }
}

#[test]
fn a_bad_flag_exits_2_and_names_the_right_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = egressor_in(folder.path(), &["generate", "--regoin", "us"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--region"), "{}", run.stderr);
}

#[test]
fn a_name_without_an_address_is_an_error_for_a_target_that_needs_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let says = ["evidence/missing", "castai.github.io", "castai/helm-index", "--without", "egressor lock"];
    refused(folder.path(), &["--region", "us", "-t", "iptables"], &says);
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).expect("a folder");
    fs::write(at("latin1.yaml"), b"schema: caf\xe9\n").expect("a file");
    fs::write(at("huge.yaml"), vec![b'#'; 50 << 20]).expect("a file");
    fs::write(at("empty.yaml"), "").expect("a file");
    for (path, says) in [
        ("missing.yaml", ["file/read", "does not exist"].as_slice()),
        ("folder", &["file/read", "is a folder"]),
        ("latin1.yaml", &["file/read", "not UTF-8", "line 1"]),
        ("huge.yaml", &["file/read", "larger than 32 MiB"]),
        ("empty.yaml", &["catalog/syntax"]),
    ] {
        refused(folder.path(), &["--region", "us", "--catalog", path], says);
    }
    for path in ["missing.lock", "folder", "latin1.yaml", "huge.yaml"] {
        refused(folder.path(), &["--region", "us", "--lock", path], &["file/read"]);
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.yaml");
    fs::write(&path, "schema: egressor/catalog/v1\n").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("a mode");
    // Root may read anything, so only others can see the refusal.
    if fs::read(&path).is_err() {
        refused(
            folder.path(),
            &["--region", "us", "--catalog", "secret.yaml"],
            &["file/read", "permission denied"],
        );
    }
}

#[test]
fn a_damaged_lockfile_is_refused_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = fs::read_to_string(crate::run::quickstart_lock()).expect("the lock");
    let merge = format!("<<<<<<< ours\n{lock}=======\n{lock}>>>>>>> theirs\n");
    let half = lock.chars().take(lock.len() / 2).collect::<String>();
    for text in [merge.as_str(), &half, "version = 2\n", "not a lock"] {
        fs::write(folder.path().join("egressor.lock"), text).expect("a file");
        refused(folder.path(), &["--region", "us"], &["lock/syntax"]);
    }
}

#[test]
fn an_output_that_cannot_be_written_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("out"), "a file where a folder is needed").expect("a file");
    let run = egressor_in(folder.path(), &["generate", "--region", "us", "-t", "squid"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("file/write"), "{}", run.stderr);
    let text = fs::read_to_string(folder.path().join("out")).expect("the file");
    assert_eq!(text, "a file where a folder is needed");
}

#[test]
fn a_destination_that_is_a_folder_keeps_the_other_files_from_changing() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("out/squid.conf/inside")).expect("a folder");
    fs::write(folder.path().join("out/iptables.rules"), "before").expect("a file");
    let lock = crate::run::quickstart_lock();
    let run = egressor_in(folder.path(), &["generate", "--region", "us", "--lock", &lock]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("out/iptables.rules")).expect("the file"), "before");
    let names: Vec<_> = fs::read_dir(folder.path().join("out"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names.len(), 2, "no new or temporary file is left: {names:?}");
}
