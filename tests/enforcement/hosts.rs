//! Two hosts, of which one has the files of the quickstart: connections are opened, refused and dropped between them.

use crate::agree::read;
use crate::kernel::{Backend, inside, namespace, packet};
use crate::verdicts::Verdicts;
use crate::written::generated;
use egressor::policy::Direction;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;

const JUDGE: &str = "two hosts with a cable";

/// Hosts that the catalog names and others; the client's own address is the kernel's choice and no rule's concern.
const PEERS: [&str; 7] = [
    "104.16.81.56",
    "104.16.82.56",
    "104.16.83.56",
    "185.199.108.153",
    "198.51.100.1",
    "2606:50c0:8000::153",
    "2606:4700::6810:5138",
];
const PORTS: [u16; 5] = [80, 442, 443, 444, 8443];
/// The control plane's network, and others.
const CALLERS: [&str; 4] = ["10.20.0.0", "10.20.0.15", "10.20.0.16", "2001:db8::1"];
const WEBHOOKS: [u16; 3] = [443, 8443, 9443];

#[test]
fn connections_between_two_hosts_are_opened_as_the_files_say() {
    connections(Backend::Nft, "nft");
}

#[test]
fn connections_between_two_hosts_are_opened_by_legacy_tables_as_the_files_say() {
    connections(Backend::Legacy, "legacy");
}

fn connections(backend: Backend, test: &'static str) {
    let mut tried: Vec<(Direction, IpAddr, u16)> = Vec::new();
    for peer in PEERS.map(|peer| peer.parse::<IpAddr>().unwrap()) {
        tried.extend(PORTS.map(|port| (Direction::Egress, peer, port)));
    }
    for caller in CALLERS.map(|caller| caller.parse::<IpAddr>().unwrap()) {
        tried.extend(WEBHOOKS.map(|port| (Direction::Ingress, caller, port)));
    }
    let Some(unshare) = namespace(backend, JUDGE, tried.len(), false) else { return };
    let mut judged = Verdicts::of(JUDGE, test);
    for stop in ["drop", "reject"] {
        let files = generated("iptables", stop);
        let folder = tempfile::tempdir().unwrap();
        let mut lines = String::new();
        for (direction, addr, port) in &tried {
            let way = if *direction == Direction::Egress { "out" } else { "in" };
            writeln!(lines, "{way} {addr} {port}").unwrap();
        }
        fs::write(folder.path().join("connections"), lines).unwrap();
        for file in &files {
            fs::write(folder.path().join(&file.path), &file.text).unwrap();
        }
        let said = inside(unshare, "hosts.py", &[backend.word().as_ref(), folder.path().as_os_str()]);
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said.len(), tried.len());
        let mut opened = 0;
        for (line, (direction, addr, port)) in said.into_iter().zip(&tried) {
            let file = files.iter().find(|file| file.path.starts_with("ip6") == addr.is_ipv6()).unwrap();
            let own = if addr.is_ipv6() { "2001:db8:ffff::1" } else { "198.18.0.1" };
            let packet = packet(own.parse().unwrap(), *addr, 6, *port);
            let allowed = read(&file.text, None, *direction).at_least.at(&packet);
            opened += usize::from(allowed);
            let stopped = if stop == "reject" { "refused" } else { "dropped" };
            let expected = if allowed { "open open".to_owned() } else { format!("open {stopped}") };
            judged.case(line.ends_with(&expected), || format!("{stop}: {line}, expected {expected}"));
            if matches!(addr.to_string().as_str(), "104.16.81.56" | "104.16.82.56") {
                assert_eq!(allowed, *port == 443, "{addr} is allowed on port 443 alone");
            }
        }
        assert_eq!(opened, 8, "four hosts on port 443, and two callers of two webhooks");
    }
    judged.close();
}
