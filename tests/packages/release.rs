//! `packaging/release`: what it refuses, and a dry run of all of it.

use crate::archive::can_pack;
use crate::real::skipped;
use crate::run::{command, copy, file, packed, printed, said, text, works};
use std::path::Path;
use std::process::{Command, Output};

/// Reports whether the tools are there that a release needs.
fn can_release() -> bool {
    let tools = works("git", &["--version"])
        && works("dpkg-deb", &["--version"])
        && works("python3", &["-c", "import tomllib"]);
    if !tools {
        skipped("a release", 1, "git, dpkg or Python 3.11 is not installed");
    }
    tools && can_pack()
}

#[test]
fn a_dry_run_packs_tries_and_sums_up_everything_and_publishes_nothing() {
    if !can_release() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let version = env!("CARGO_PKG_VERSION");
    let output = command("packaging/release")
        .args([version, "--dry-run", "--binary"])
        .arg(packed())
        .arg("--out")
        .arg(folder.path())
        .output()
        .expect("it runs");
    let all = said(&output);
    assert!(output.status.success(), "{all}");
    assert!(all.contains(".tar.gz: runs\n") && all.contains(".deb: runs, and writes the same\n"), "{all}");
    assert!(all.contains("\nSHA256SUMS: sums are right\n") && all.contains("nothing was published"), "{all}");
    let sums = std::fs::read_to_string(folder.path().join("SHA256SUMS")).expect("sums");
    let ends: Vec<&str> =
        sums.lines().map(|line| line.rsplit_once("  ").expect("a sum and a name").1).collect();
    assert_eq!(ends.len(), 3, "{sums}");
    assert!(
        [".tar.gz", ".deb", ".cdx.json"].iter().all(|end| ends.iter().any(|name| name.ends_with(end))),
        "{sums}"
    );
    printed(command("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder.path()));
}

/// A repository with what is read before anything is built, in a state in which 1.2.3 may be released.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&file("packaging"), &folder.path().join("packaging"));
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is written");
    write("Cargo.toml", "[package]\nname = \"egressor\"\nversion = \"1.2.3\"\n");
    write("Cargo.lock", "[[package]]\nname = \"egressor\"\nversion = \"1.2.3\"\n");
    write("CHANGELOG.md", CHANGELOG);
    git(folder.path(), &["init", "--quiet"]);
    commit(folder.path());
    folder
}

const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-23\n\n### Added\n\n- A thing.\n\n## [1.2.2] - 2026-11-22\n\n- One.\n";

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    printed(Command::new("git").args(identity).arg("-C").arg(folder).args(arguments));
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--allow-empty", "--message", "state"]);
}

/// Asks for a release in that repository. The build cannot succeed there, so what is not refused fails later.
fn release(folder: &Path, version: &str) -> Output {
    command("bash")
        .arg(folder.join("packaging/release"))
        .arg(version)
        .current_dir(folder)
        .envs([("DEBFULLNAME", "Test"), ("DEBEMAIL", "test@example.com"), ("CARGO_NET_OFFLINE", "true")])
        .output()
        .expect("it runs")
}

#[test]
fn a_release_is_refused_for_each_thing_that_is_not_as_it_must_be() {
    if !can_release() {
        return;
    }
    let changed = |change: &dyn Fn(&Path), version: &str| {
        let folder = repository();
        change(folder.path());
        let output = release(folder.path(), version);
        let all = said(&output);
        let refusals = all.lines().filter_map(|line| line.strip_prefix("refused: ").map(str::to_owned));
        (output.status.code(), refusals.collect::<Vec<_>>())
    };
    let log = |text: String| {
        move |folder: &Path| {
            std::fs::write(folder.join("CHANGELOG.md"), &text).expect("it is written");
            commit(folder);
        }
    };
    let one = |found: (Option<i32>, Vec<String>), reason: &str| {
        assert_eq!(found.0, Some(1), "{reason}: {:?}", found.1);
        assert!(matches!(found.1.as_slice(), [only] if only.contains(reason)), "{reason}: {:?}", found.1);
    };
    let dirty = |folder: &Path| std::fs::write(folder.join("new.txt"), "").expect("it is written");
    one(changed(&dirty, "1.2.3"), "not committed");
    let tagged = |folder: &Path| git(folder, &["tag", "v1.2.3"]);
    one(changed(&tagged, "1.2.3"), "a tag v1.2.3");
    one(changed(&log(CHANGELOG.replace("- A thing.\n", "")), "1.2.3"), "says nothing of 1.2.3");
    one(changed(&log(CHANGELOG.replace("[1.2.3] - 2026-11-23", "1.2.3")), "1.2.3"), "no heading");
    one(changed(&log(CHANGELOG.replace("1.2.3", "1x2.3")), "1.2.3"), "no heading");
    let older = |folder: &Path| {
        std::fs::write(folder.join("Cargo.lock"), "name = \"egressor\"\nversion = \"1.2.2\"\n")
            .expect("written");
        commit(folder);
    };
    one(changed(&older, "1.2.3"), "Cargo.lock");
    let filled = |folder: &Path| {
        std::fs::create_dir_all(folder.join("target/release-1.2.3/old")).expect("a folder");
        std::fs::write(folder.join(".gitignore"), "/target\n").expect("it is written");
        commit(folder);
    };
    one(changed(&filled, "1.2.3"), "is not empty");
    let (code, refusals) = changed(&|_| (), "1.2.4");
    assert_eq!(code, Some(1));
    assert!(refusals.iter().any(|it| it == "Cargo.toml is at 1.2.3"), "{refusals:?}");
    let (code, refusals) = changed(&|_| (), "1.2");
    assert_eq!(code, Some(1));
    assert!(refusals.iter().any(|it| it == "1.2 is no version"), "{refusals:?}");
    // As it should be, nothing is refused, and the build begins.
    let (code, refusals) = changed(&|_| (), "1.2.3");
    assert!(refusals.is_empty() && code != Some(0) && code != Some(1), "{code:?} {refusals:?}");
}

/// What `packaging/semver` says of a version, after a release with one list of what the library promises, and with another.
fn semver(released: &str, before: &str, wanted: &str, after: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("tests/api/public.txt");
    std::fs::create_dir_all(list.parent().expect("a folder")).expect("a folder");
    std::fs::write(&list, before).expect("it is written");
    git(folder.path(), &["init", "--quiet"]);
    commit(folder.path());
    git(folder.path(), &["tag", released]);
    std::fs::write(&list, after).expect("it is written");
    commit(folder.path());
    printed(command("bash").arg(file("packaging/semver")).arg(wanted).current_dir(folder.path()))
}

#[test]
fn a_version_tells_of_every_break_of_the_library() {
    const OLD: &str = "#[derive(Debug)] #[non_exhaustive] pub enum B\n#[derive(Debug)] pub enum A\nenum A: One\nenum B: One\nfn f()\n";
    let more = format!("{OLD}fn g()\n");
    let less = OLD.replace("fn f()\n", "");
    let other = OLD.replace("fn f()", "fn f(u8)");
    let variant = format!("{OLD}enum A: Two\n");
    let marked = format!("{OLD}enum B: Two\n");
    for (released, wanted, after, refused) in [
        ("v0.1.0", "0.1.1", OLD, ""),
        ("v0.1.0", "0.1.1", &more, ""),
        ("v0.1.0", "0.1.1", &marked, ""),
        ("v0.1.0", "0.2.0", &less, ""),
        ("v0.9.3", "0.10.0", &less, ""),
        ("v0.9.3", "1.0.0", &other, ""),
        ("v1.2.0", "2.0.0", &variant, ""),
        ("v0.1.0", "0.1.1", &less, "0.1.1 is no version for a break of the library since 0.1.0: fn f()"),
        ("v1.2.0", "1.3.0", &other, "1.3.0 is no version for a break of the library since 1.2.0: fn f()"),
        (
            "v1.2.0",
            "1.3.0",
            &variant,
            "1.3.0 is no version for a break of the library since 1.2.0: enum A has",
        ),
        ("v0.10.0", "0.9.0", OLD, "0.9.0 does not come after 0.10.0"),
    ] {
        let said = semver(released, OLD, wanted, after);
        let right = if refused.is_empty() { said.is_empty() } else { said.starts_with(refused) };
        assert!(right, "{released} to {wanted}: {said}");
    }
}

#[test]
fn the_changelog_has_the_headings_that_a_release_looks_for() {
    let headings: Vec<String> =
        text("CHANGELOG.md").lines().filter_map(|line| line.strip_prefix("## ").map(str::to_owned)).collect();
    assert_eq!(headings.first().map(String::as_str), Some("[Unreleased]"));
    for heading in &headings[1..] {
        let (version, day) = heading.split_once("] - ").expect("a version and a day");
        assert!(version.starts_with('[') && day.len() == 10, "{heading}");
    }
}
