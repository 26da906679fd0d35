//! Packets to try: around what rules name, and anywhere.

use crate::kernel::{opens, packet};
use egressor::packet::Packet;
use egressor::policy::Direction;
use proptest::prelude::any;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A type and a code of ICMP.
fn of(kind: u16, code: u16) -> u16 {
    kind * 256 + code
}

/// About so many packets to the addresses and ports that rules name and to their neighbours, and a quarter as many to
/// anywhere; with ICMP that opens nothing, or without.
pub(crate) fn around(
    rules: &str,
    v6: bool,
    direction: Direction,
    with_errors: bool,
    count: usize,
) -> Vec<Packet<'static>> {
    let words = rules.lines().filter(|line| !line.starts_with('#'));
    let words = words.flat_map(|line| line.split([' ', ',', '-']));
    let usual = ["192.0.2.1", "10.1.2.3", "2001:db8::1", "2606:4700::1"].map(parsed);
    let mut peers: BTreeSet<IpAddr> = usual.into_iter().filter(|addr| addr.is_ipv6() == v6).collect();
    let mut ports: BTreeSet<u16> = [0, 1, 53, 443, 65535].into();
    for word in words {
        peers.extend(edges(word).into_iter().filter(|addr| addr.is_ipv6() == v6));
        for part in word.split(':').filter(|part| !part.is_empty()) {
            if let Ok(port) = part.parse::<u16>() {
                ports.extend([port.saturating_sub(1), port, port.saturating_add(1)]);
            }
        }
    }
    let (icmp, echo) = if v6 { (58, of(128, 0)) } else { (1, of(8, 0)) };
    let near = if v6 {
        ["2001:db8::c8", "fd00::1", "2001:db8:ffff::1"]
    } else {
        ["10.0.0.1", "192.168.3.4", "198.18.0.200"]
    };
    let near = near.map(parsed);
    let mut services: Vec<(u8, u16)> = vec![(47, 0), (50, 0), (icmp, echo)];
    if with_errors {
        // Types that answer nothing and ask nothing of the kernel.
        services.extend([of(1, 4), of(3, 4), of(3, 13), of(5, 0), of(11, 0)].map(|detail| (icmp, detail)));
    }
    services.extend(ports.iter().flat_map(|port| [(6, *port), (17, *port), (132, *port)]));
    let peers: Vec<IpAddr> = peers.into_iter().filter(can_be_reached).collect();
    let total = peers.len() * services.len() * near.len();
    let all = near.iter().flat_map(|near| peers.iter().map(move |peer| (*near, *peer)));
    let all = all.flat_map(|(near, peer)| services.iter().map(move |service| (near, peer, *service)));
    // An odd step, so that it does not always meet the same service.
    let boundary = all.step_by((total / count) | 1);
    let ports: Vec<u16> = ports.into_iter().collect();
    let anywhere = anywhere(v6, &near, &peers, &ports, count / 4);
    boundary
        .chain(anywhere)
        .map(|(near, peer, (protocol, detail))| packet(near, peer, protocol, detail))
        .filter(|packet| opens(packet, direction))
        .collect()
}

/// Random ends and services, half of them with an address or a port that rules name.
fn anywhere(
    v6: bool,
    near: &[IpAddr],
    peers: &[IpAddr],
    ports: &[u16],
    count: usize,
) -> Vec<(IpAddr, IpAddr, (u8, u16))> {
    let mut runner = TestRunner::deterministic();
    let numbers = (any::<u128>(), any::<usize>(), any::<u16>(), any::<usize>());
    let one = |(bits, choice, port, protocol): (u128, usize, u16, usize)| {
        let far = if v6 {
            Ipv6Addr::from_bits(bits >> 3 | 1 << 125).into()
        } else {
            Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap()).into()
        };
        let far = if choice % 2 == 0 { far } else { peers[choice / 2 % peers.len()] };
        let port = if choice % 3 == 0 { port } else { ports[choice / 6 % ports.len()] };
        // Protocols of which neither the kernel nor connection tracking has a say of its own.
        let protocol = [6, 17, 132, 136, 89, 88, 108, 112, 253][protocol % 9];
        let detail = if matches!(protocol, 6 | 17 | 132 | 136) { port } else { 0 };
        (near[choice % near.len()], far, (protocol, detail))
    };
    let all = (0..count).map(|_| one(numbers.new_tree(&mut runner).unwrap().current()));
    all.filter(|(_, far, _)| can_be_reached(far)).collect()
}

fn parsed(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The first and the last address of a block or of one address, and those beside.
fn edges(word: &str) -> Vec<IpAddr> {
    let (first, len) = word.split_once('/').unwrap_or((word, "128"));
    let Ok(first) = first.parse::<IpAddr>() else { return Vec::new() };
    let host = |width: u32| len.parse::<u32>().map_or(0, |len| width.saturating_sub(len));
    match first {
        IpAddr::V4(v4) => {
            let last = v4.to_bits() | 1_u32.checked_shl(host(32)).unwrap_or(0).wrapping_sub(1);
            let all = [v4.to_bits().saturating_sub(1), v4.to_bits(), last, last.saturating_add(1)];
            all.map(|bits| Ipv4Addr::from_bits(bits).into()).to_vec()
        }
        IpAddr::V6(v6) => {
            let last = v6.to_bits() | 1_u128.checked_shl(host(128)).unwrap_or(0).wrapping_sub(1);
            let all = [v6.to_bits().saturating_sub(1), v6.to_bits(), last, last.saturating_add(1)];
            all.map(|bits| Ipv6Addr::from_bits(bits).into()).to_vec()
        }
    }
}

/// Reports whether the kernel routes packets to and from the address: it refuses some before any rule sees them.
fn can_be_reached(addr: &IpAddr) -> bool {
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
