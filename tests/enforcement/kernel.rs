//! The kernel as an oracle, through `probe.py` in a network namespace of its own.

use crate::verdicts::Verdicts;
use egressor::diag::{Source, any_error};
use egressor::packet::{Packet, Peer, Protocol};
use egressor::policy::Bounds;
use egressor::targets::find;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Rules, the sets that they name, and the packets to try.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rules: String,
    pub(crate) sets: Option<PathBuf>,
    pub(crate) packets: Vec<Packet<'static>>,
}

/// The kernel's verdict on every packet of every case; nothing when there is no kernel to ask.
pub(crate) fn ask(cases: &[Case]) -> Option<Vec<Vec<bool>>> {
    let unshare = match namespace() {
        Ok(unshare) => unshare,
        Err(why) => {
            crate::real::skipped("the kernel", cases.len(), &why);
            return None;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |index: usize, end: &str| folder.path().join(format!("{index:04}.{end}"));
    for (index, case) in cases.iter().enumerate() {
        let mut lines = String::new();
        for packet in &case.packets {
            let Peer::Addr(peer) = &packet.peer else { panic!("the kernel knows addresses only") };
            writeln!(lines, "{} {peer} {} {}", packet.source, packet.protocol.0, packet.detail).unwrap();
        }
        fs::write(file(index, "rules"), &case.rules).unwrap();
        fs::write(file(index, "packets"), lines).unwrap();
        if let Some(sets) = &case.sets {
            fs::copy(sets, file(index, "ipset")).unwrap();
        }
    }
    let probe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/enforcement/probe.py");
    let run = Command::new("unshare")
        .args(unshare)
        .arg("python3")
        .arg(probe)
        .arg(fs::read_link("/proc/self/ns/net").unwrap())
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let verdicts =
        |index| fs::read_to_string(file(index, "verdicts")).unwrap().bytes().map(|b| b == b'1').collect();
    Some((0..cases.len()).map(verdicts).collect())
}

/// How `unshare` makes a namespace here, or why it cannot.
fn namespace() -> Result<&'static [&'static str], String> {
    for (tool, flag) in [
        ("ip", "-V"),
        ("iptables-restore", "--version"),
        ("ip6tables-restore", "--version"),
        ("ipset", "--version"),
        ("python3", "-V"),
    ] {
        if Command::new(tool).arg(flag).output().is_err() {
            return Err(format!("there is no `{tool}`"));
        }
    }
    let ways: [&[&str]; 2] = [&["-n"], &["-rn"]];
    let works = |way: &&[&str]| {
        let run = Command::new("unshare").args(*way).args(["iptables", "-S"]).output();
        run.is_ok_and(|run| run.status.success())
    };
    ways.into_iter()
        .find(works)
        .ok_or_else(|| "`unshare` makes no network namespace with iptables".to_owned())
}

/// Compares the kernel's verdicts with what the files mean: where the meaning is sure, it is the verdict.
#[expect(clippy::print_stdout, reason = "what was tried is counted")]
pub(crate) fn agree(test: &'static str, cases: &[Case]) {
    let mut judged = Verdicts::of("kernel, iptables, ipset", test);
    let Some(verdicts) = ask(cases) else { return };
    let (mut tried, mut passed, mut unsure) = (0_usize, 0_usize, 0_usize);
    for (case, verdicts) in cases.iter().zip(verdicts) {
        assert_eq!(case.packets.len(), verdicts.len());
        let bounds = meaning(case);
        for (packet, verdict) in case.packets.iter().zip(verdicts) {
            let (least, most) = (bounds.at_least.at(packet), bounds.at_most.at(packet));
            let right = if verdict { most } else { !least };
            judged.case(right, || {
                format!("{}: the kernel says {verdict} to {packet:?}\n{}", case.name, case.rules)
            });
            tried += 1;
            passed += usize::from(verdict);
            unsure += usize::from(least != most);
        }
    }
    judged.close();
    assert!(passed > 0 && passed < tried, "{passed} of {tried} packets passed");
    println!(
        "{} rule sets, {tried} packets: {passed} passed, {unsure} not decided by the rules",
        cases.len()
    );
}

/// What the rules of a case let out.
pub(crate) fn meaning(case: &Case) -> Bounds {
    let mut sources = vec![Arc::new(Source::new(case.name.clone(), case.rules.clone()))];
    if let Some(sets) = &case.sets {
        sources.push(Arc::new(Source::new("sets", fs::read_to_string(sets).unwrap())));
    }
    let read = find("iptables").unwrap().importers()[0].import(&sources);
    assert!(!any_error(&read.findings), "{}: {:?}", case.name, read.findings);
    read.policy.sets.iter().find(|set| set.scope.name == "filter/OUTPUT").unwrap().allows()
}

/// A packet that opens a connection.
pub(crate) fn packet(source: IpAddr, peer: IpAddr, protocol: u8, detail: u16) -> Packet<'static> {
    Packet { peer: Peer::Addr(peer), source, protocol: Protocol(protocol), detail }
}

/// Reports whether a packet opens a connection whatever was sent before. Without ports or an id, one in the other
/// direction would be taken for its reply.
pub(crate) fn opens(packet: &Packet<'_>) -> bool {
    let Peer::Addr(peer) = &packet.peer else { return false };
    packet.protocol.has_ports() || packet.protocol.has_icmp_types() || packet.source < *peer
}
