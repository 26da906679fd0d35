//! The algebra: sets of prefixes joined, met and subtracted, and packets of many products.
#![expect(clippy::print_stdout, reason = "the table goes to standard output")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench without its input has to stop")]

#[expect(dead_code, reason = "the other bench uses the rest")]
mod common;

use common::Suite;
use common::inputs::{Numbers, block};
use egressor::packet::{AddrSet, Limit, Overlay, PacketSet, PeerSet, Prefix, Set, TransportSet};
use egressor::packet::{PortRange, Protocol};
use std::net::Ipv4Addr;

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];

fn main() {
    let suite = Suite::from_args();
    let prefixes = |count, seed| {
        let mut numbers = Numbers::new(seed);
        let prefix =
            |(addr, len)| Prefix::containing(Ipv4Addr::from_bits(addr).into(), len).expect("a prefix");
        (0..count).map(|_| prefix(block(&mut numbers))).collect::<Vec<_>>()
    };
    let set = |count, seed| AddrSet::of(prefixes(count, seed));
    let both = |count| (set(count, 1), set(count, 2));
    suite.row(
        "prefixes to a set",
        &SIZES,
        |count| prefixes(count, 1),
        |all| AddrSet::of(all.iter().copied()),
    );
    suite.row("a set to prefixes", &SIZES, |count| set(count, 1), AddrSet::prefixes);
    suite.row("union", &SIZES, both, |(a, b)| a.union(b));
    suite.row("intersection", &SIZES, both, |(a, b)| a.intersect(b));
    suite.row("difference", &SIZES, both, |(a, b)| a.subtract(b));
    let packets = |seed| {
        move |count| {
            let mut numbers = Numbers::new(seed);
            let mut overlay = Overlay::default();
            for prefix in prefixes(count, seed) {
                let port = u16::try_from(1 + numbers.below(10)).expect("a port");
                let service = TransportSet::port(Protocol::TCP, PortRange::new(port, port).expect("a range"));
                overlay.product(None, &PeerSet::from(AddrSet::block(prefix)), Some(&service), &true);
            }
            overlay.join(|a, b| *a || *b, Limit::NONE).expect("no limit")
        }
    };
    suite.row("packets: products joined", &SIZES, |count| count, |count| packets(3)(*count));
    let both = |count| (packets(3)(count), packets(4)(count));
    suite.row("packets: difference", &SIZES, both, |(a, b): &(PacketSet, PacketSet)| a.subtract(b));
    suite.row("packets: rows", &SIZES, packets(3), PacketSet::rows);
}
