//! The Debian package: built, installed into a root of its own, used from there, and removed.

use crate::real::skipped;
use crate::run::{command, files, packed, printed, works};
use std::path::{Path, PathBuf};
use std::process::Command;

fn package(folder: &Path) -> PathBuf {
    let path = printed(command("packaging/deb").arg("--fast").arg(packed()).arg(folder));
    PathBuf::from(path.trim_end())
}

/// Reports whether the tools are there that make and install Debian packages.
fn can_pack() -> bool {
    let tools = works("dpkg-deb", &["--version"])
        && works("dpkg-shlibdeps", &["--version"])
        && works("python3", &["--version"]);
    if !tools {
        skipped("the Debian package", 1, "dpkg-dev or Python 3 is not installed");
    }
    tools
}

/// A root with a database of packages and nothing else.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for folder in ["info", "updates", "triggers"] {
        std::fs::create_dir_all(root.path().join("var/lib/dpkg").join(folder)).expect("a folder");
    }
    for file in ["status", "available"] {
        std::fs::write(root.path().join("var/lib/dpkg").join(file), "").expect("it is written");
    }
    root
}

/// `dpkg` in that root. A machine may be set up to leave documents out, which is not asked for here.
fn dpkg(root: &Path, arguments: &[&str]) -> Command {
    let mut command = command("dpkg");
    command.arg(format!("--root={}", root.display())).args(["--force-not-root", "--path-include=/usr/*"]);
    command.arg(format!("--log={}", root.join("var/log.txt").display())).args(arguments);
    command
}

fn field(package: &Path, name: &str) -> String {
    printed(command("dpkg-deb").arg("--field").arg(package).arg(name)).trim_end().to_owned()
}

#[test]
fn the_debian_package_has_the_same_bytes_twice_and_says_what_it_needs() {
    if !can_pack() {
        return;
    }
    let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let path = package(first.path());
    let again = package(second.path());
    assert!(
        std::fs::read(&path).expect("bytes") == std::fs::read(&again).expect("bytes"),
        "two packages of one program differ"
    );
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(field(&path, "Version"), format!("{version}-1"));
    let machine = printed(command("dpkg").arg("--print-architecture"));
    assert_eq!(field(&path, "Architecture"), machine.trim_end());
    // The program of the tests is linked with the C library; which version it needs was read from its symbols.
    let depends = field(&path, "Depends");
    assert!(depends.contains("libc6 (>= 2."), "{depends}");
    let place = tempfile::tempdir().expect("a folder");
    printed(command("dpkg-deb").arg("--extract").arg(&path).arg(place.path()));
    let real: u64 = files(place.path())
        .iter()
        .map(|file| std::fs::metadata(place.path().join(file)).expect("a file").len())
        .sum();
    let said: u64 = field(&path, "Installed-Size").parse().expect("a number");
    assert!(
        real.div_ceil(1024) <= said && said <= real / 1024 + 200,
        "{said} KiB are said, {real} bytes are there"
    );
    // No script of the package runs when it is installed or removed.
    printed(command("dpkg-deb").arg("--control").arg(&path).arg(place.path().join("control")));
    let control: Vec<String> = files(&place.path().join("control")).into_iter().collect();
    assert_eq!(control, ["control", "md5sums"]);
    let owners = printed(command("dpkg-deb").arg("--contents").arg(&path));
    assert!(
        owners.lines().all(|line| line.contains(" root/root ") && line.contains(" 2026-11-23 ")),
        "{owners}"
    );
}

#[test]
fn the_debian_package_is_installed_used_and_removed_without_a_trace() {
    if !can_pack() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = package(folder.path());
    let root = root();
    let before = files(root.path());
    // Nothing else is in this root. What the package depends on is this machine's, which runs the program.
    printed(dpkg(root.path(), &["--force-depends", "--install"]).arg(&path));
    let status = printed(&mut dpkg(root.path(), &["--status", "egressor"]));
    assert!(status.contains("\nStatus: install ok installed\n"), "{status}");
    printed(&mut dpkg(root.path(), &["--verify", "egressor"]));

    let program = root.path().join("usr/bin/egressor");
    let place = tempfile::tempdir().expect("a folder");
    let lock = root.path().join("usr/share/doc/egressor/examples/01_quickstart/egressor.lock");
    printed(
        command(&program)
            .env_clear()
            .current_dir(place.path())
            .args(["generate", "-q", "--region", "us", "--out", "rules", "--lock"])
            .arg(&lock),
    );
    assert!(files(&place.path().join("rules")).contains("iptables.rules"));

    let share = root.path().join("usr/share");
    if works("man", &["--version"]) {
        let man = share.join("man").display().to_string();
        let found = printed(command("man").args(["-M", &man, "-w", "egressor-catalog-diff"]));
        assert!(found.trim_end().ends_with("man1/egressor-catalog-diff.1.gz"), "{found}");
        let shown = printed(command("man").args(["-M", &man, "egressor"]).env("LC_ALL", "C.UTF-8"));
        assert!(shown.contains("EXIT STATUS"), "{shown}");
    } else {
        skipped("man", 1, "it is not installed");
    }
    completed(&share);
    for name in ["changelog.gz", "changelog.Debian.gz"] {
        let text = printed(command("gzip").args(["-dc"]).arg(share.join("doc/egressor").join(name)));
        assert!(text.contains("egressor (") || text.starts_with("# Changelog"), "{text}");
    }
    let copyright = std::fs::read_to_string(share.join("doc/egressor/copyright")).expect("text");
    assert!(
        copyright.contains("\nLicense: Expat or Apache-2.0\n") && copyright.contains("AS IS"),
        "{copyright}"
    );

    printed(&mut dpkg(root.path(), &["--remove", "egressor"]));
    printed(&mut dpkg(root.path(), &["--purge", "egressor"]));
    let after = files(root.path());
    let left: Vec<_> = after.difference(&before).filter(|file| !file.starts_with("var/")).collect();
    assert!(left.is_empty() && !root.path().join("usr").exists(), "{left:?}");
}

/// Scripts stand where each shell looks for them.
fn completed(share: &Path) {
    let loader = "/usr/share/bash-completion/bash_completion";
    if Path::new(loader).exists() {
        // As it is loaded at the first press of the key.
        let body = format!("source {loader}; __load_completion egressor; complete -p egressor");
        let data = share.display().to_string();
        let found = printed(command("bash").args(["-c", &body]).env("XDG_DATA_HOME", data));
        assert!(found.contains(" egressor"), "{found}");
    } else {
        skipped("bash-completion", 1, "it is not installed");
    }
    let zsh = std::fs::read_to_string(share.join("zsh/vendor-completions/_egressor")).expect("text");
    assert!(zsh.starts_with("#compdef egressor\n"), "zsh finds a script by its first line");
    assert!(share.join("fish/vendor_completions.d/egressor.fish").exists());
}
