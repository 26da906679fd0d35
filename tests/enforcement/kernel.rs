//! The kernel as an oracle, through `probe.py` in a network namespace of its own.

use egressor::packet::{Packet, Peer, Protocol};
use egressor::policy::{Bounds, Direction};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

/// Who gives the rules to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// `iptables-nft` and `ip6tables-nft`.
    Nft,
    /// `iptables-legacy` and `ip6tables-legacy`.
    Legacy,
    /// `nft`, once `iptables-restore-translate` has translated the rules.
    Translated,
    /// `nft`, which has the rules as they are.
    Ruleset,
}

/// Rules, the sets that they name, what they are said to let through in one direction, and the packets to try.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rules: String,
    pub(crate) sets: Option<String>,
    pub(crate) direction: Direction,
    pub(crate) allows: Bounds,
    pub(crate) packets: Vec<Packet<'static>>,
}

/// What the kernel said of a case.
#[derive(Debug)]
pub(crate) struct Answer {
    /// A verdict for each packet; none when the rules were not loaded.
    pub(crate) verdicts: Vec<bool>,
    /// What `iptables-save`, or `nft list`, prints of the loaded rules.
    pub(crate) saved: String,
    /// What `nft -j list` prints of them, where `nft` loaded them.
    pub(crate) json: String,
    /// Why the rules could not be translated, or the translation not be loaded.
    pub(crate) untranslated: String,
}

impl Backend {
    pub(crate) fn judge(self) -> &'static str {
        match self {
            Self::Nft => "kernel, iptables-nft",
            Self::Legacy => "kernel, iptables-legacy",
            Self::Translated => "kernel, nft translation",
            Self::Ruleset => "kernel, nft",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Nft => "nft",
            Self::Legacy => "legacy",
            Self::Translated => "translated",
            Self::Ruleset => "ruleset",
        }
    }

    fn tools(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Nft => &[("iptables-nft-restore", "--version"), ("ip6tables-nft-restore", "--version")],
            Self::Legacy => {
                &[("iptables-legacy-restore", "--version"), ("ip6tables-legacy-restore", "--version")]
            }
            Self::Translated => &[("iptables-restore-translate", "--version"), ("nft", "--version")],
            Self::Ruleset => &[("nft", "--version")],
        }
    }
}

/// The kernel's answers to every case; nothing when there is no kernel to ask.
pub(crate) fn ask(backend: Backend, cases: &[Case]) -> Option<Vec<Answer>> {
    // A user who is not known in a namespace cannot stand in its rules.
    let users = cases.iter().any(|case| case.rules.contains("id-owner"));
    let unshare = namespace(backend, backend.judge(), cases.len(), users)?;
    let folder = tempfile::tempdir().unwrap();
    let file = |index: usize, end: &str| folder.path().join(format!("{index:04}.{end}"));
    for (index, case) in cases.iter().enumerate() {
        fs::write(file(index, "rules"), &case.rules).unwrap();
        fs::write(file(index, "packets"), lines(case)).unwrap();
        if let Some(sets) = &case.sets {
            fs::write(file(index, "ipset"), sets).unwrap();
        }
    }
    inside(unshare, "probe.py", &[backend.word().as_ref(), folder.path().as_os_str()]);
    let text = |index, end| fs::read_to_string(file(index, end)).unwrap_or_default();
    let answer = |index| Answer {
        verdicts: text(index, "verdicts").bytes().map(|byte| byte == b'1').collect(),
        saved: text(index, "saved"),
        json: text(index, "json"),
        untranslated: text(index, "untranslated"),
    };
    Some((0..cases.len()).map(answer).collect())
}

/// Says in one line, and in the table of judges, what no installation brings: a part of the kernel that this machine lacks.
fn unsupported(judge: &str, cases: usize, why: &str) {
    let line = format!("skipped: {judge}, {cases} cases: {why}\n");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judges");
    fs::create_dir_all(&folder).unwrap();
    let mut file =
        fs::OpenOptions::new().append(true).create(true).open(folder.join("kernel.skipped")).unwrap();
    file.write_all(line.as_bytes()).unwrap();
    // The line must be seen although the test passes, so it goes past the harness.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The packets of a case as `probe.py` reads them.
fn lines(case: &Case) -> String {
    let mut lines = String::new();
    for packet in &case.packets {
        let Peer::Addr(peer) = &packet.peer else { panic!("the kernel knows addresses only") };
        let (hook, from, to) = match case.direction {
            Direction::Egress => ("out", packet.source, *peer),
            Direction::Ingress => ("in", *peer, packet.source),
        };
        writeln!(lines, "{hook} {from} {to} {} {}", packet.protocol.0, packet.detail).unwrap();
    }
    lines
}

/// Runs a script of this folder in a namespace of its own, which must succeed, and gives what it prints.
pub(crate) fn inside(unshare: &[&str], script: &str, arguments: &[&OsStr]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/enforcement").join(script);
    let lock = tempfile::NamedTempFile::new().unwrap();
    let run = Command::new("unshare")
        .args(unshare)
        // The usual lock of legacy tables is root's.
        .env("XTABLES_LOCKFILE", lock.path())
        .arg("python3")
        .arg(script)
        .arg(fs::read_link("/proc/self/ns/net").unwrap())
        .args(arguments)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// How `unshare` makes a namespace here in which the back end works: one without rights outside, unless all users must be
/// known in it. Nothing, and a line that says why, when it cannot, or a tool is missing.
pub(crate) fn namespace(
    backend: Backend,
    judge: &str,
    cases: usize,
    users: bool,
) -> Option<&'static [&'static str]> {
    let usual = [("unshare", "--version"), ("ip", "-V"), ("ipset", "--version"), ("python3", "-V")];
    for (tool, flag) in usual.iter().chain(backend.tools()) {
        if Command::new(tool).arg(flag).output().is_err() {
            crate::real::skipped(judge, cases, &format!("there is no `{tool}`"));
            return None;
        }
    }
    let ways: &[&[&str]] = if users { &[&["-n"]] } else { &[&["-rn"], &["-n"]] };
    let Some(way) = ways.iter().find(|way| runs(way, &["iptables-nft", "-S"])) else {
        let why = if users { ", where rules about users need root" } else { "" };
        let why = format!("`unshare` makes no network namespace with iptables{why}");
        crate::real::skipped(judge, cases, &why);
        return None;
    };
    if backend == Backend::Legacy && !runs(way, &["iptables-legacy", "-S"]) {
        let why = "this kernel has no legacy tables, or has them for root only";
        unsupported(judge, cases, why);
        return None;
    }
    Some(way)
}

fn runs(unshare: &[&str], command: &[&str]) -> bool {
    let lock = tempfile::NamedTempFile::new().unwrap();
    let mut unshared = Command::new("unshare");
    let run = unshared.args(unshare).env("XTABLES_LOCKFILE", lock.path()).args(command).output();
    run.is_ok_and(|run| run.status.success())
}

/// A packet that opens a connection, by its near end and its far end.
pub(crate) fn packet(source: IpAddr, peer: IpAddr, protocol: u8, detail: u16) -> Packet<'static> {
    Packet { peer: Peer::Addr(peer), source, protocol: Protocol(protocol), detail }
}

/// Reports whether a packet opens a connection whatever was sent before. Without ports or an id, one in the other
/// direction would be taken for its reply, so those go to higher addresses only.
pub(crate) fn opens(packet: &Packet<'_>, direction: Direction) -> bool {
    let Peer::Addr(peer) = &packet.peer else { return false };
    let upwards = match direction {
        Direction::Egress => packet.source < *peer,
        Direction::Ingress => *peer < packet.source,
    };
    packet.protocol.has_ports() || packet.protocol.has_icmp_types() || upwards
}
