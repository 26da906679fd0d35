//! No command uses the network but `lock`, and `catalog import` where there is one.

#![cfg(target_os = "linux")]

use crate::real::skipped;
use crate::run::{Run, egressor, file, quickstart_lock, state, under, works};
use std::path::Path;

/// The commands that may use the network.
const ONLINE: [&str; 2] = ["lock", "catalog import"];

/// Every other command, as it does the most; `LOCK` is the lockfile of the quickstart.
const OFFLINE: [(&str, &[&str]); 15] = [
    ("init", &["init", "--region", "us", "--force"]),
    (
        "generate",
        &[
            "generate",
            "--region",
            "us",
            "--lock",
            "LOCK",
            "-t",
            TARGETS,
            "--set",
            PROXY,
            "--set",
            "proxy_and_direct=yes",
        ],
    ),
    ("catalog list", &["catalog", "list"]),
    ("catalog show", &["catalog", "show", "api"]),
    ("catalog lint", &["catalog", "lint"]),
    ("catalog schema", &["catalog", "schema"]),
    ("catalog diff", &["catalog", "diff", "castai", "github"]),
    ("targets", &["targets"]),
    ("show", &["show", "rules.conf", "-v"]),
    ("diff", &["diff", "rules.conf", "--region", "us", "--lock", "LOCK"]),
    ("check", &["check", "api.cast.ai:443", "--region", "us", "--lock", "LOCK"]),
    ("lint", &["lint", "rules.conf", "--region", "us", "--lock", "LOCK"]),
    ("merge", &["merge", "list.txt"]),
    ("completions", &["completions", "bash"]),
    ("man", &["man", "--out", "man"]),
];
const TARGETS: &str = "aws-security-group,gcp-firewall,iptables,squid,tinyproxy,haproxy,envoy,istio,network-policy,proxy-env,change-request";
const PROXY: &str = "proxy=http://192.0.2.9:3128";

/// The commands that `--help` lists, those of groups with the group's name before.
fn commands(of: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let help = egressor(folder.path(), &[of, &["--help"]].concat());
    let listed =
        help.stdout.split("Commands:\n").nth(1).expect("commands").split("\n\n").next().expect("a list");
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("    "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names
        .flat_map(|name| match name {
            "catalog" => commands(&["catalog"]),
            name => vec![[of, &[name]].concat().join(" ")],
        })
        .collect()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    // Names that Squid itself would resolve, to tempt whoever reads them.
    let rules =
        "acl a dst www.example.com\nacl b src localhost\nhttp_access allow a b\nhttp_access deny all\n";
    std::fs::write(folder.path().join("rules.conf"), rules).expect("it is written");
    std::fs::write(folder.path().join("list.txt"), "192.0.2.0/25\n192.0.2.128/25\n").expect("it is written");
    folder
}

fn run(folder: &Path, tool: &[&str], arguments: &[&str]) -> Run {
    let lock = quickstart_lock();
    let arguments: Vec<&str> =
        arguments.iter().map(|word| if *word == "LOCK" { lock.as_str() } else { word }).collect();
    under(folder, tool, &arguments)
}

#[test]
fn every_command_is_known_to_use_the_network_or_not_to() {
    let known: Vec<&str> = OFFLINE.iter().map(|(name, _)| *name).chain(ONLINE).chain(["explain"]).collect();
    for command in commands(&[]) {
        assert!(
            known.contains(&command.as_str()),
            "`{command}` is not among those that are run without a network"
        );
    }
    for (name, _) in OFFLINE {
        assert!(commands(&[]).contains(&name.to_owned()), "there is no `{name}`");
    }
}

#[test]
fn without_any_network_every_command_does_the_same() {
    if !works("unshare", &["-rn", "true"]) {
        skipped("a network namespace", OFFLINE.len(), "unshare -rn is refused");
        return;
    }
    for (name, arguments) in OFFLINE {
        let (with, without) = (folder(), folder());
        let outside = run(with.path(), &[], arguments);
        let inside = run(without.path(), &["unshare", "-rn"], arguments);
        assert!(outside.code.is_some_and(|code| code < 2), "{name}: {}", outside.stderr);
        assert_eq!(
            (outside.code, &outside.stdout),
            (inside.code, &inside.stdout),
            "{name}: {}",
            inside.stderr
        );
        assert_eq!(outside.stderr, inside.stderr, "{name}");
        assert_eq!(state(with.path()), state(without.path()), "{name}");
    }
}

#[test]
fn no_command_makes_a_socket() {
    if !works("strace", &["-f", "-o", "/dev/null", "true"]) {
        skipped("strace", OFFLINE.len(), "it is not installed, or may not trace");
        return;
    }
    let traced = |arguments: &[&str]| {
        let folder = folder();
        let log = folder.path().join("calls.log").display().to_string();
        let strace = ["strace", "-f", "-qq", "-e", "trace=%network", "-e", "signal=none", "-o", &log];
        let run = run(folder.path(), &strace, arguments);
        assert!(
            arguments[0] == "lock" || run.code.is_some_and(|code| code < 2),
            "{arguments:?}: {}",
            run.stderr
        );
        std::fs::read_to_string(&log).expect("a log")
    };
    for (name, arguments) in OFFLINE {
        let calls = traced(arguments);
        let calls: Vec<&str> = calls.lines().filter(|line| !line.contains("+++ exited")).collect();
        assert!(calls.is_empty(), "{name}: {calls:?}");
    }
    // What would be seen if one did.
    let port = "127.0.0.1:9";
    let online =
        traced(&["lock", "--region", "us", "--only", "github.com", "--resolver", port, "--timeout", "1s"]);
    assert!(online.contains("socket(AF_INET"), "{online}");
}

#[test]
fn only_the_resolver_names_what_the_network_needs() {
    let mut folders = vec![file("src")];
    let mut online = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let words = [
                "TcpStream",
                "UdpSocket",
                "ToSocketAddrs",
                "lookup_host",
                "tokio::",
                "hickory_resolver",
                "UnixStream",
            ];
            if words.iter().any(|word| text.contains(word)) {
                online.push(path.strip_prefix(file("src")).expect("below").display().to_string());
            }
        }
    }
    assert!(!online.is_empty());
    for path in online {
        assert!(path.starts_with("resolve/dns/"), "{path} can reach the network");
    }
}
