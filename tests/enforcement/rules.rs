//! The rule sets that the kernel is asked about: written ones, random ones, and those of the corpus.

use crate::kernel::{Case, agree, opens, packet};
use crate::tables::any_table;
use egressor::catalog::Selection;
use egressor::ops::{Request, generate};
use egressor::packet::Packet;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

const ECHO: u16 = 8 << 8;

/// A type and a code of ICMP.
fn of(kind: u16, code: u16) -> u16 {
    kind * 256 + code
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_files_of_the_quickstart_let_out_what_they_say() {
    let request = Request {
        selection: Selection { regions: vec!["us".to_owned()], ..Selection::default() },
        lock: Some(root().join("examples/01_quickstart/egressor.lock")),
        settings: vec![
            "control_plane_cidr=10.20.0.0/28".to_owned(),
            "api_server=10.0.0.1,2001:db8:f::1".to_owned(),
            "dns_servers=10.96.0.10".to_owned(),
        ],
        targets: vec!["iptables".to_owned()],
        ..Request::default()
    };
    let generated = generate(&request);
    assert_eq!(generated.files.len(), 2, "{:?}", generated.findings);
    let case = |file: &egressor::ops::File| Case {
        name: file.path.clone(),
        packets: around(&file.text, file.path.starts_with("ip6"), true),
        rules: file.text.clone(),
        sets: None,
    };
    agree("generated", &generated.files.iter().map(case).collect::<Vec<_>>());
}

#[test]
fn random_rule_sets_let_out_what_is_read_from_them() {
    let mut runner = TestRunner::deterministic();
    let strategy = any_table(true);
    let addr = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    let services = [(47, 0), (50, 0), (1, ECHO), (1, ECHO + 1), (1, ECHO + 2), (1, 0)].into_iter();
    let services: Vec<(u8, u16)> = services.chain((0..12).flat_map(|port| [(6, port), (17, port)])).collect();
    let packets = |seed: usize| -> Vec<Packet<'static>> {
        let all = (0..16).flat_map(|source| (0..16).map(move |peer| (source, peer)));
        let all = all.flat_map(|(source, peer)| services.iter().map(move |service| (source, peer, *service)));
        let packets =
            all.map(|(source, peer, (protocol, detail))| packet(addr(source), addr(peer), protocol, detail));
        packets.filter(opens).skip(seed % 7).step_by(7).collect()
    };
    let cases: Vec<Case> = (0..100)
        .map(|seed| {
            let table = strategy.new_tree(&mut runner).unwrap().current();
            Case { name: format!("table {seed}"), rules: table.write(), sets: None, packets: packets(seed) }
        })
        .collect();
    agree("random", &cases);
}

#[test]
fn the_dumps_of_the_corpus_let_out_what_they_mean() {
    let folder = root().join("tests/corpus/iptables-save");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| folder.join(name).join("nft.save").exists())
        .collect();
    names.sort();
    let case = |name: &String| {
        let text = fs::read_to_string(folder.join(name).join("nft.save")).unwrap();
        let filter = text.split_inclusive("COMMIT\n").find(|table| table.contains("*filter\n")).unwrap();
        let rules = filter.get(filter.find("*filter\n").unwrap()..).unwrap().to_owned();
        let sets = folder.join(name).join("sets.ipset");
        Case {
            packets: around(&rules, name.ends_with("-v6"), !rules.contains("state")),
            name: name.clone(),
            rules,
            sets: Some(sets).filter(|sets| sets.exists()),
        }
    };
    let cases: Vec<Case> = names.iter().map(case).collect();
    assert!(cases.len() >= 15);
    agree("corpus", &cases);
}

/// Packets to the addresses and ports that rules name, and to their neighbours; with ICMP that opens nothing, or
/// without.
fn around(rules: &str, v6: bool, with_errors: bool) -> Vec<Packet<'static>> {
    let words = || {
        rules.lines().filter(|line| !line.starts_with('#')).flat_map(|line| line.split([' ', ',', '-', '/']))
    };
    let usual =
        ["192.0.2.1", "10.1.2.3", "2001:db8::1", "2606:4700::1"].map(|addr| addr.parse::<IpAddr>().unwrap());
    let mut peers: BTreeSet<IpAddr> = usual.into_iter().filter(|addr| addr.is_ipv6() == v6).collect();
    let mut ports: BTreeSet<u16> = [0, 1, 53, 443, 65535].into();
    for word in words() {
        if let Ok(addr) = word.parse::<IpAddr>()
            && addr.is_ipv6() == v6
        {
            peers.extend(neighbours(addr));
        }
        for part in word.split(':').filter(|part| !part.is_empty()) {
            if let Ok(port) = part.parse::<u16>() {
                ports.extend([port.saturating_sub(1), port, port.saturating_add(1)]);
            }
        }
    }
    let (icmp, echo, sources): (u8, u16, [&str; 3]) = if v6 {
        (58, 128 << 8, ["2001:db8::c8", "fd00::1", "2001:db8:ffff::1"])
    } else {
        (1, ECHO, ["10.0.0.1", "192.168.3.4", "198.18.0.200"])
    };
    let mut services: Vec<(u8, u16)> = vec![(47, 0), (50, 0), (icmp, echo)];
    if with_errors {
        services.extend([
            (icmp, of(1, 4)),
            (icmp, of(3, 4)),
            (icmp, of(3, 13)),
            (icmp, 5 << 8),
            (icmp, 11 << 8),
        ]);
    }
    services.extend(ports.iter().flat_map(|port| [(6, *port), (17, *port), (132, *port)]));
    let peers: Vec<IpAddr> = peers.into_iter().filter(can_be_sent_to).collect();
    let sources: Vec<IpAddr> = sources.iter().map(|source| source.parse().unwrap()).collect();
    let total = peers.len() * services.len() * sources.len();
    let all = sources.iter().flat_map(|source| peers.iter().map(move |peer| (*source, *peer)));
    let all = all.flat_map(|(source, peer)| services.iter().map(move |service| (source, peer, *service)));
    // An odd step, so that it does not always meet the same service.
    let step = (total / 6_000) | 1;
    let packets = all.step_by(step);
    packets
        .map(|(source, peer, (protocol, detail))| packet(source, peer, protocol, detail))
        .filter(opens)
        .collect()
}

fn neighbours(addr: IpAddr) -> Vec<IpAddr> {
    match addr {
        IpAddr::V4(v4) => [-1, 0, 1, 256]
            .map(|by| Ipv4Addr::from_bits(v4.to_bits().saturating_add_signed(by)).into())
            .to_vec(),
        IpAddr::V6(v6) => [-1, 0, 1, 65536]
            .map(|by| Ipv6Addr::from_bits(v6.to_bits().saturating_add_signed(by)).into())
            .to_vec(),
    }
}

/// Reports whether the kernel routes packets to the address: it refuses some before any rule sees them.
fn can_be_sent_to(addr: &IpAddr) -> bool {
    match addr {
        IpAddr::V4(v4) => {
            !v4.is_loopback()
                && !v4.is_unspecified()
                && !v4.is_broadcast()
                && v4.octets()[0] != 0
                && v4.octets()[0] < 224
        }
        IpAddr::V6(v6) => {
            !v6.is_loopback()
                && !v6.is_unspecified()
                && !v6.is_multicast()
                && !v6.is_unicast_link_local()
                && v6.to_ipv4_mapped().is_none()
        }
    }
}
