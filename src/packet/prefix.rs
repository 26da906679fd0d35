//! CIDR blocks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A CIDR block whose host bits are zero.
// INVARIANT: `len` fits the family and the address has no bit set behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    addr: IpAddr,
    len: u8,
}

/// Why a text is no CIDR block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// The part before the slash is no IP address. Leading zeros are refused: some tools read them as octal.
    #[error("`{0}` is not an IP address")]
    Address(String),
    /// The part behind the slash is no number that the family allows, or has leading zeros.
    #[error("`/{len}` is not a prefix length of an {family} address (0 to {max})")]
    Length {
        /// What was written behind the slash.
        len: String,
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// The greatest length of the family.
        max: u8,
    },
    /// Bits behind the prefix length are set, so it is unclear whether the host or the network is meant.
    #[error("`{written}` has host bits set, the network is `{network}`")]
    HostBits {
        /// The block as written.
        written: String,
        /// The block with its host bits cleared.
        network: Prefix,
    },
}

impl Prefix {
    /// The block of that address and length, its host bits cleared; `None` when the length does not fit the family.
    pub fn containing(addr: IpAddr, len: u8) -> Option<Self> {
        let addr = match addr {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & v4_mask(len)?)),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & v6_mask(len)?)),
        };
        Some(Self { addr, len })
    }

    /// The block that holds just this address.
    pub fn host(addr: IpAddr) -> Self {
        Self { addr, len: if addr.is_ipv4() { 32 } else { 128 } }
    }

    /// The first address.
    pub fn addr(self) -> IpAddr {
        self.addr
    }

    /// The prefix length in bits.
    #[expect(clippy::len_without_is_empty, reason = "the length of a prefix, not of a collection")]
    pub fn len(self) -> u8 {
        self.len
    }

    /// Reports whether this is an IPv4 block.
    pub fn is_ipv4(self) -> bool {
        self.addr.is_ipv4()
    }

    /// The IPv4 block that an IPv4-mapped one stands for, such as `192.0.2.0/24` for `::ffff:192.0.2.0/120`. Systems
    /// differ in what they take such a block for: some match IPv6 packets, some IPv4 packets.
    pub fn mapped_ipv4(self) -> Option<Self> {
        let IpAddr::V6(v6) = self.addr else { return None };
        Self::containing(IpAddr::V4(v6.to_ipv4_mapped()?), self.len.checked_sub(96)?)
    }

    /// The blocks that hold this one, from all addresses of the family down to the block itself.
    pub fn holders(self) -> impl Iterator<Item = Self> {
        (0..=self.len).filter_map(move |len| Self::containing(self.addr, len))
    }

    /// Reports whether every address of the other block is in this one.
    pub fn contains(self, other: Self) -> bool {
        other.len >= self.len && Self::containing(other.addr, self.len) == Some(self)
    }

    /// The last address.
    pub fn last(self) -> IpAddr {
        match self.addr {
            IpAddr::V4(v4) => {
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | !v4_mask(self.len).unwrap_or(u32::MAX)))
            }
            IpAddr::V6(v6) => {
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() | !v6_mask(self.len).unwrap_or(u128::MAX)))
            }
        }
    }
}

fn v4_mask(len: u8) -> Option<u32> {
    let host_bits = 32_u8.checked_sub(len)?;
    Some(u32::MAX.checked_shl(host_bits.into()).unwrap_or(0))
}

fn v6_mask(len: u8) -> Option<u128> {
    let host_bits = 128_u8.checked_sub(len)?;
    Some(u128::MAX.checked_shl(host_bits.into()).unwrap_or(0))
}

impl FromStr for Prefix {
    type Err = PrefixError;

    /// Parses `192.0.2.0/24`, or a bare address as the block that holds just it.
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (addr, len) = text.split_once('/').map_or((text, None), |(addr, len)| (addr, Some(len)));
        let addr: IpAddr = addr.parse().map_err(|_| PrefixError::Address(addr.to_owned()))?;
        let Some(len) = len else { return Ok(Self::host(addr)) };
        let (family, max) = if addr.is_ipv4() { ("IPv4", 32) } else { ("IPv6", 128) };
        let plain = len == "0" || (!len.starts_with('0') && len.bytes().all(|byte| byte.is_ascii_digit()));
        let network = plain.then(|| len.parse().ok().and_then(|len| Self::containing(addr, len))).flatten();
        match network {
            None => Err(PrefixError::Length { len: len.to_owned(), family, max }),
            Some(network) if network.addr == addr => Ok(network),
            Some(network) => Err(PrefixError::HostBits { written: text.to_owned(), network }),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.len)
    }
}
