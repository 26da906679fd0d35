//! What surrounds a run does not show in what it writes: locale, time zone, umask, home, terminal, order of input.

use crate::program::egressor;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The project of the examples in a folder of its own.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/04_project");
    fs::create_dir(folder.path().join("overlays")).expect("a folder");
    for name in ["egressor.yaml", "egressor.lock", "overlays/platform.yaml"] {
        fs::copy(from.join(name), folder.path().join(name)).expect("a copy");
    }
    fs::create_dir(folder.path().join("live")).expect("a folder");
    fs::copy(from.join("live/host.rules"), folder.path().join("live/host.rules")).expect("a copy");
    folder
}

/// Every target, so that none is left out of the promise.
fn targets() -> Vec<&'static str> {
    let names = egressor::targets::TARGETS.iter().map(|target| target.name());
    names.flat_map(|name| ["-t", name]).chain(["--set", "proxy=http://192.0.2.9:3128"]).collect()
}

/// All that is written and printed.
fn written(folder: &Path, environment: &[(&str, &str)]) -> BTreeMap<String, String> {
    let _ = fs::remove_dir_all(folder.join("new"));
    let generate = [&["generate", "--out", "new"][..], &targets()].concat();
    let mut all = BTreeMap::new();
    let commands: [&[&str]; 5] = [
        &generate,
        &["show", "live/host.rules", "--format", "json"],
        &["diff", "live/host.rules", "--format", "markdown"],
        &["check", "registry.example.com:443", "live/host.rules"],
        &["lint", "live/host.rules"],
    ];
    for arguments in commands {
        let output = egressor(folder, arguments, environment);
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.code().is_some_and(|code| code < 2), "{arguments:?}: {stderr}");
        all.insert(arguments.join(" "), String::from_utf8(output.stdout).expect("text"));
        all.insert(format!("{} (told)", arguments.join(" ")), stderr);
    }
    for below in ["new", "new/out"] {
        for entry in fs::read_dir(folder.join(below)).expect("the artifacts") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                all.insert(path.display().to_string(), fs::read_to_string(&path).expect("text"));
            }
        }
    }
    assert!(all.len() > 20, "every target is written");
    all
}

fn same(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>, what: &str) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (name, text) in a {
        assert!(b[name] == *text, "{name} differs with {what}:\n{text}\n{}", b[name]);
    }
}

#[test]
fn no_locale_time_zone_home_or_terminal_shows_in_what_is_written() {
    let folder = project();
    let plain = written(folder.path(), &[]);
    for environment in [
        &[("LC_ALL", "tr_TR.UTF-8"), ("LANG", "tr_TR.UTF-8"), ("LANGUAGE", "tr")][..],
        &[("LC_ALL", "C"), ("TZ", "Pacific/Kiritimati"), ("USER", "x\ny")],
        &[("TZ", "Etc/GMT+12"), ("HOME", "/nowhere"), ("XDG_CONFIG_HOME", "/nowhere"), ("TMPDIR", "/tmp")],
        &[("HOME", ""), ("COLUMNS", "20"), ("TERM", "dumb"), ("SOURCE_DATE_EPOCH", "1")],
        &[("RUST_BACKTRACE", "1"), ("RUST_LOG", "trace"), ("HTTPS_PROXY", "http://u:p@proxy.example:1")],
    ] {
        // Messages are wrapped to the terminal's width, so what is told is compared where that is the same.
        let mut here = written(folder.path(), environment);
        let mut plain = plain.clone();
        if environment.iter().any(|(name, _)| *name == "COLUMNS") {
            here.retain(|name, _| !name.ends_with("(told)"));
            plain.retain(|name, _| !name.ends_with("(told)"));
        }
        same(&plain, &here, &format!("{environment:?}"));
    }
}

#[test]
fn no_order_of_input_shows_in_what_is_written() {
    let folder = project();
    let plain = written(folder.path(), &[]);
    let change = |name: &str, change: &dyn Fn(String) -> String| {
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).expect("a text");
        let changed = change(text.clone());
        assert_ne!(text, changed, "{name} is changed");
        fs::write(path, changed).expect("a file");
    };
    change("egressor.yaml", &|text| {
        text.replace(
            "[agent, cluster-controller, pod-pinner, node]",
            "[node, pod-pinner, cluster-controller, agent]",
        )
        .replace("[iptables, network-policy, squid]", "[squid, iptables, network-policy]")
    });
    change("egressor.lock", &|text| {
        let mut parts: Vec<&str> = text.split("[[host]]").collect();
        parts[1..].reverse();
        parts.join("\n[[host]]")
    });
    // The digest at the head is one of what the files say, and the order of hosts says nothing.
    let shuffled = written(folder.path(), &[]);
    let artifacts = |all: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let files = all.iter().filter(|(name, _)| name.contains("/new/"));
        files.map(|(name, text)| (name.clone(), text.clone())).collect()
    };
    same(&artifacts(&plain), &artifacts(&shuffled), "another order of input");
}

#[test]
#[cfg(unix)]
fn no_umask_shows_in_what_is_written() {
    let folder = project();
    let run = |mask: &str, out: &str| {
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_egressor"))
            .args(["generate", "--out", out])
            .current_dir(folder.path())
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut files: Vec<(String, String)> = fs::read_dir(folder.path().join(out))
            .expect("the artifacts")
            .map(|entry| entry.expect("an entry"))
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs::read_to_string(entry.path()).expect("the owner may read it"))
            })
            .collect();
        files.sort();
        files
    };
    assert_eq!(run("077", "closed"), run("000", "open"));
}
