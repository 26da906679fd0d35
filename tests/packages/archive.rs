//! The archive of a release.

use crate::real::skipped;
use crate::run::{command, files, packed, printed, works};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Packs the program, and gives the path of the archive.
pub(crate) fn archive(folder: &Path) -> PathBuf {
    let path = printed(command("packaging/archive").arg(packed()).arg(folder));
    PathBuf::from(path.trim_end())
}

/// Unpacks an archive, and gives the only folder in it.
pub(crate) fn unpacked(archive: &Path, folder: &Path) -> PathBuf {
    printed(command("tar").arg("-xzf").arg(archive).arg("-C").arg(folder));
    let mut entries = std::fs::read_dir(folder).expect("a folder");
    let only = entries.next().expect("an entry").expect("an entry").path();
    assert!(entries.next().is_none() && only.is_dir(), "an archive unpacks into one folder");
    only
}

/// Reports whether the tools are there that pack archives.
pub(crate) fn can_pack() -> bool {
    let tools = works("python3", &["--version"]) && works("tar", &["--sort=name", "--version"]);
    if !tools {
        skipped("the archive of a release", 1, "Python 3 or GNU tar is not installed");
    }
    tools
}

#[test]
fn the_archive_has_the_same_bytes_twice_and_unpacks_to_a_program_with_its_documents() {
    if !can_pack() {
        return;
    }
    let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let path = archive(first.path());
    let again = archive(second.path());
    assert_eq!(path.file_name(), again.file_name());
    let bytes = |path: &Path| std::fs::read(path).expect("bytes");
    assert!(bytes(&path) == bytes(&again), "two archives of one program differ");

    let listed = printed(command("tar").args(["-tzv", "--numeric-owner", "-f"]).arg(&path));
    for line in listed.lines() {
        assert!(line.contains(" 0/0 ") && line.contains(" 2026-11-23 "), "{line}");
        let mode = line.split(' ').next().expect("a mode");
        let executable = line.ends_with("/egressor") || mode.starts_with('d');
        assert_eq!(&mode[1..], if executable { "rwxr-xr-x" } else { "rw-r--r--" }, "{line}");
    }

    let place = tempfile::tempdir().expect("a folder");
    let folder = unpacked(&path, place.path());
    let version = format!("egressor {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(printed(command(folder.join("egressor")).env_clear().arg("--version")), version);
    let files = files(&folder);
    let pages: BTreeSet<_> = files.iter().filter(|name| name.starts_with("man/man1/")).collect();
    assert!(pages.len() >= 20, "{pages:?}");
    let rest: Vec<&str> =
        files.iter().map(String::as_str).filter(|name| !name.starts_with("man/man1/")).collect();
    let expected = [
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "NOTICES",
        "README.md",
        "completions/_egressor",
        "completions/_egressor.ps1",
        "completions/egressor.bash",
        "completions/egressor.elv",
        "completions/egressor.fish",
        "egressor",
    ];
    assert_eq!(rest, expected);
    // Whoever passes a program on passes on the licences of what is in it.
    let notices = std::fs::read_to_string(folder.join("NOTICES")).expect("text");
    for library in ["serde_json ", "clap ", "tera ", "tokio "] {
        assert!(notices.contains(&format!("\n  {library}")), "{library}");
    }
    assert!(!notices.contains("\n  proptest ") && !notices.contains("\n  ring "), "they are not in it");
    assert!(notices.matches("Permission is hereby granted").count() > 20, "{notices}");
}

#[test]
fn what_is_no_program_is_not_packed() {
    if !can_pack() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = command("packaging/archive").arg("README.md").arg(folder.path()).output().expect("it runs");
    assert!(!output.status.success());
    assert!(files(folder.path()).is_empty());
}
