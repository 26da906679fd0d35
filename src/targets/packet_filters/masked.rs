//! Addresses that are compared in the bits of a mask, as `10.0.2.0/255.0.255.0`.

use crate::packet::AddrSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address with a mask stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::targets) enum Block {
    /// Exactly these addresses.
    Exact(AddrSet),
    /// Some of these: the mask is scattered over too many bits to be written out. With the text that `iptables-save`
    /// prints for it, host bits cleared.
    Within(AddrSet, String),
}

/// A scattered mask is written out as ranges up to this many free bits above its lowest run.
const SCATTERED_BITS: u32 = 10;

/// The addresses that equal `ip` in the bits of the mask; none when they are of two families.
pub(in crate::targets) fn masked(ip: IpAddr, mask: IpAddr) -> Block {
    match (ip, mask) {
        (IpAddr::V4(ip), IpAddr::V4(mask)) => {
            equal(u128::from(ip.to_bits()), u128::from(mask.to_bits()), 32, |bits| {
                u32::try_from(bits)
                    .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
            })
        }
        (IpAddr::V6(ip), IpAddr::V6(mask)) => {
            equal(ip.to_bits(), mask.to_bits(), 128, |bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Block::Exact(AddrSet::default()),
    }
}

/// The same of numbers of so many bits.
fn equal(ip: u128, mask: u128, width: u32, to_ip: impl Fn(u128) -> IpAddr) -> Block {
    let all = u128::MAX.checked_shr(128_u32.saturating_sub(width)).unwrap_or(0);
    let (mask, ip) = (mask & all, ip & mask & all);
    let free = !mask & all;
    // The free bits below the lowest bit of the mask make each range; those above it number the ranges.
    let run = mask.trailing_zeros().min(width);
    let low = all & !u128::MAX.checked_shl(run).unwrap_or(0);
    let high: Vec<u32> = (run..width).filter(|bit| free.checked_shr(*bit).unwrap_or(0) & 1 == 1).collect();
    let range = |first: u128| (to_ip(first), to_ip(first | low));
    match u32::try_from(high.len()) {
        Ok(bits) if bits <= SCATTERED_BITS => {
            let count = 1_u32.checked_shl(bits).unwrap_or(1);
            let scattered = |number: u32| {
                let set = high.iter().enumerate().filter(|(index, _)| (number >> index) & 1 == 1);
                set.fold(ip, |bits, (_, bit)| bits | 1_u128.checked_shl(*bit).unwrap_or(0))
            };
            Block::Exact(AddrSet::from_ranges((0..count).map(|number| range(scattered(number)))))
        }
        _ => {
            // The block of the leading ones of the mask holds all of them.
            let leading = (mask << 128_u32.saturating_sub(width)).leading_ones().min(width);
            let host = all.checked_shr(leading).unwrap_or(0);
            let bound = AddrSet::from_ranges([(to_ip(ip & !host), to_ip((ip & !host) | host))]);
            Block::Within(bound, format!("{}/{}", to_ip(ip), to_ip(mask)))
        }
    }
}
