//! Blocks of addresses as the API server takes them, and a block less some blocks in it.

use crate::packet::{AddrSet, Prefix, Set};
use std::net::{IpAddr, Ipv4Addr};

/// A block as the API server takes it: host bits may be set and are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    /// The address as written.
    written: IpAddr,
    /// The block, host bits cleared.
    prefix: Prefix,
    /// For an IPv6 block of IPv4-mapped addresses the IPv4 block, which is what Go's library makes of it.
    mapped: Option<Prefix>,
}

/// The block that a text writes. A prefix length is needed; leading zeros in an address are refused, since some
/// programs read them as octal.
pub(crate) fn network(text: &str) -> Option<Network> {
    let (addr, len) = text.split_once('/')?;
    let written: IpAddr = addr.parse().ok()?;
    let plain = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
    let len: u8 = if plain { len.parse().ok()? } else { return None };
    let prefix = Prefix::containing(written, len)?;
    let mapped = match written {
        IpAddr::V6(v6) => {
            let v4: Option<Ipv4Addr> = v6.to_ipv4_mapped();
            v4.zip(len.checked_sub(96)).and_then(|(v4, len)| Prefix::containing(IpAddr::V4(v4), len))
        }
        IpAddr::V4(_) => None,
    };
    Some(Network { written, prefix, mapped })
}

impl Network {
    /// Reports whether the block is smaller than the other one and inside it.
    pub(crate) fn is_strictly_within(self, other: Self) -> bool {
        self.mapped.is_some() == other.mapped.is_some()
            && self.prefix.len() > other.prefix.len()
            && AddrSet::of([self.prefix]).is_subset(&AddrSet::of([other.prefix]))
    }

    /// What is odd about the way it is written, in words.
    pub(crate) fn surprise(self) -> Option<String> {
        (self.written != self.prefix.addr())
            .then(|| format!("host bits are set and ignored, the network is `{}`", self.prefix))
    }

    fn addrs(self) -> AddrSet {
        AddrSet::of(std::iter::once(self.prefix).chain(self.mapped))
    }
}

/// Addresses of a rule: a block less some blocks in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The block.
    pub(crate) allowed: Network,
    /// What is left out of it.
    pub(crate) except: Vec<Network>,
}

impl Block {
    /// The block, when it is just that.
    pub(crate) fn whole(&self) -> Option<Prefix> {
        (self.except.is_empty() && !self.is_ambiguous()).then_some(self.allowed.prefix)
    }

    /// The addresses.
    pub(crate) fn addrs(&self) -> AddrSet {
        let except: Vec<AddrSet> = self.except.iter().map(|network| network.addrs()).collect();
        self.allowed.addrs().subtract(&AddrSet::union_all(&except))
    }

    /// Reports whether it depends on who enforces the policy which of the addresses are meant.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.allowed.mapped.is_some()
    }

    /// The block as one text, the same for the same block however it is written.
    pub(crate) fn text(&self) -> String {
        let mut except: Vec<String> = self.except.iter().map(|network| network.prefix.to_string()).collect();
        except.sort();
        except.dedup();
        let except = if except.is_empty() { String::new() } else { format!(" except {}", except.join(",")) };
        format!("ipBlock {}{except}", self.allowed.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addrs(items: &[&str]) -> AddrSet {
        AddrSet::of(items.iter().map(|item| item.parse().unwrap()))
    }

    #[test]
    fn blocks_are_taken_as_the_api_server_takes_them() {
        for text in [
            "104.16.81.56",
            "10.0.0.0/33",
            "999.1.1.1/8",
            " 10.0.0.0/8",
            "010.0.0.0/8",
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "fe80::1%eth0/64",
            "::/129",
        ] {
            assert_eq!(network(text), None, "{text}");
        }
        let block = |text: &str| Block { allowed: network(text).unwrap(), except: Vec::new() };
        assert_eq!(block("10.1.2.3/8").addrs(), addrs(&["10.0.0.0/8"]));
        assert!(
            network("10.1.2.3/8").unwrap().surprise().is_some()
                && network("10.0.0.0/08").unwrap().surprise().is_none()
        );
        assert_eq!(block("2001:DB8::/32").addrs(), addrs(&["2001:db8::/32"]));
        assert!(block("::ffff:10.0.0.0/104").is_ambiguous() && !block("::/0").is_ambiguous());
        assert_eq!(block("::ffff:10.0.0.0/104").addrs(), addrs(&["10.0.0.0/8", "::ffff:10.0.0.0/104"]));
    }

    #[test]
    fn an_exception_is_smaller_than_its_block_and_inside_it() {
        let within =
            |inner: &str, outer: &str| network(inner).unwrap().is_strictly_within(network(outer).unwrap());
        assert!(within("10.1.0.0/16", "10.0.0.0/8"));
        for (inner, outer) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("11.0.0.0/16", "10.0.0.0/8"),
            ("0.0.0.0/0", "10.0.0.0/8"),
            ("2001:db8::/32", "0.0.0.0/0"),
            ("::ffff:10.0.0.0/104", "::/0"),
        ] {
            assert!(!within(inner, outer), "{inner} {outer}");
        }
    }
}
