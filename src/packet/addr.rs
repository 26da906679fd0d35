//! Address sets of both families.

use super::interval::{Interval, IntervalSet};
use super::prefix::Prefix;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A set of IPv4 and IPv6 addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddrSet {
    /// The IPv4 addresses, as integers in host order.
    pub v4: IntervalSet<u32>,
    /// The IPv6 addresses, as integers in host order.
    pub v6: IntervalSet<u128>,
}

/// How many addresses a set has. More than a `u128` holds when the set is all of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressCount {
    all_v6: bool,
    rest: u128,
}

impl AddrSet {
    /// Every IPv4 address.
    pub fn all_v4() -> Self {
        Self { v4: IntervalSet::full(), v6: IntervalSet::default() }
    }

    /// Every IPv6 address.
    pub fn all_v6() -> Self {
        Self { v4: IntervalSet::default(), v6: IntervalSet::full() }
    }

    /// The addresses of these blocks.
    pub fn of(prefixes: impl IntoIterator<Item = Prefix>) -> Self {
        Self::from_ranges(prefixes.into_iter().map(|prefix| (prefix.addr(), prefix.last())))
    }

    /// The addresses of one block.
    pub fn block(prefix: Prefix) -> Self {
        match (prefix.addr(), prefix.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                Self { v4: IntervalSet::range(first.to_bits(), &last.to_bits()), v6: IntervalSet::default() }
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                Self { v4: IntervalSet::default(), v6: IntervalSet::range(first.to_bits(), &last.to_bits()) }
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Self::default(),
        }
    }

    /// The addresses of these inclusive ranges. A range whose ends are of different families is empty.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (IpAddr, IpAddr)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in ranges {
            match range {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits())),
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
            }
        }
        Self { v4: IntervalSet::from_ranges(v4), v6: IntervalSet::from_ranges(v6) }
    }

    /// Reports whether the address is in the set.
    pub fn contains(&self, addr: IpAddr) -> bool {
        match addr {
            IpAddr::V4(v4) => self.v4.contains(&v4.to_bits()),
            IpAddr::V6(v6) => self.v6.contains(&v6.to_bits()),
        }
    }

    /// The fewest blocks that hold exactly these addresses, IPv4 first, in order.
    pub fn prefixes(&self) -> Vec<Prefix> {
        let mut prefixes = Vec::new();
        for (first, last) in self.v4.ranges() {
            cover(first, last, 32, |first, len| prefixes.extend(prefix_v4(first, len)));
        }
        for (first, last) in self.v6.ranges() {
            cover(first, last, 128, |first, len| prefixes.extend(prefix_v6(first, len)));
        }
        prefixes
    }

    /// The number of addresses.
    pub fn count(&self) -> AddressCount {
        let v4: u128 = self.v4.ranges().map(|(first, last)| u128::from(last - first) + 1).sum();
        if self.v6.is_full() {
            return AddressCount { all_v6: true, rest: v4 };
        }
        let v6: u128 = self.v6.ranges().map(|(first, last)| (last - first) + 1).sum();
        // Only the full set of 2^128 addresses leaves no room for the IPv4 addresses beside it.
        v6.checked_add(v4).map_or(AddressCount { all_v6: true, rest: v6.wrapping_add(v4) }, |rest| {
            AddressCount { all_v6: false, rest }
        })
    }
}

fn prefix_v4(first: u32, len: u32) -> Option<Prefix> {
    Prefix::containing(IpAddr::V4(Ipv4Addr::from_bits(first)), u8::try_from(len).ok()?)
}

fn prefix_v6(first: u128, len: u32) -> Option<Prefix> {
    Prefix::containing(IpAddr::V6(Ipv6Addr::from_bits(first)), u8::try_from(len).ok()?)
}

/// What covering a range with blocks needs of an address integer.
pub(super) trait Bits: Interval + Copy {
    /// How many bits it has.
    const WIDTH: u32;
    fn trailing_zeros(self) -> u32;
    /// The size in bits of the greatest block that starts here, if it may, and ends at or before `last`.
    fn room(self, last: Self) -> u32;
    /// The first key behind the block of `size` bits that starts here.
    fn after_block(self, size: u32) -> Option<Self>;
}

macro_rules! bits {
    ($($integer:ty),*) => {$(
        impl Bits for $integer {
            const WIDTH: u32 = <$integer>::BITS;
            fn trailing_zeros(self) -> u32 {
                <$integer>::trailing_zeros(self)
            }
            fn room(self, last: Self) -> u32 {
                last.wrapping_sub(self).checked_add(1).map_or(<$integer>::BITS, <$integer>::ilog2)
            }
            fn after_block(self, size: u32) -> Option<Self> {
                <$integer>::from(1_u8).checked_shl(size).and_then(|count| self.checked_add(count))
            }
        }
    )*};
}
bits!(u32, u128);

/// Calls `emit` with the start and prefix length of each block that covers the inclusive range, greedily from the left.
pub(super) fn cover<T: Bits>(first: T, last: T, width: u32, mut emit: impl FnMut(T, u32)) {
    let mut next = Some(first);
    while let Some(start) = next.filter(|start| *start <= last) {
        let size = start.trailing_zeros().min(start.room(last));
        emit(start, width - size);
        next = start.after_block(size);
    }
}

impl fmt::Display for AddressCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.all_v6 {
            return write!(f, "{}", self.rest);
        }
        // 2^128 in two decimal halves, split at 10^18, because the sum does not fit a u128.
        let low = 374_607_431_768_211_456_u128 + self.rest;
        let carry = low / 1_000_000_000_000_000_000;
        write!(f, "{}{:018}", 340_282_366_920_938_463_463_u128 + carry, low % 1_000_000_000_000_000_000)
    }
}
