//! The clients that may use the proxy: `Allow` and `Deny` lines, of which the first that matches decides.

use crate::packet::{AddrSet, Constraint, Prefix, Set};
use crate::policy::{Action, Unmodelled};
use std::net::Ipv6Addr;

/// Where tinyproxy keeps the clients of IPv4 among the addresses of IPv6: `::ffff:0:0/96`.
const MAPPED: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);

/// One line: what it does, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// What happens to the client.
    pub(super) action: Action,
    /// The clients, or the text where it is a name: it is looked up, forwards and backwards.
    pub(super) clients: Result<AddrSet, String>,
}

/// Clients, and what else decides about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clients {
    /// The clients.
    pub(super) set: Constraint<AddrSet>,
    /// What is not modelled of the lines about them.
    pub(super) doubts: Vec<Unmodelled>,
}

/// Reports whether a set holds addresses of IPv6 that stand for clients of IPv4.
pub(super) fn holds_mapped(set: &AddrSet) -> bool {
    !AddrSet::from_ranges([mapped()]).intersect(set).is_empty()
}

fn mapped() -> (std::net::IpAddr, std::net::IpAddr) {
    let last = Ipv6Addr::from_bits(MAPPED.to_bits() | u128::from(u32::MAX));
    (MAPPED.into(), last.into())
}

/// The clients that a block stands for; nothing when it is none.
pub(super) fn block(text: &str) -> Option<AddrSet> {
    let (addr, len) = text.split_once('/').map_or((text, None), |(addr, len)| (addr, Some(len)));
    let addr: std::net::IpAddr = addr.parse().ok()?;
    let whole = if addr.is_ipv4() { 32 } else { 128 };
    let len = match len {
        None => whole,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        Some(_) => return None,
    };
    // tinyproxy clears the bits behind the mask.
    let prefix = Prefix::containing(addr, len)?;
    if let Some(v4) = prefix.mapped_ipv4() {
        return Some(AddrSet::of([v4]));
    }
    let own = AddrSet::of([prefix]);
    Some(if holds_mapped(&own) { own.union(&AddrSet::all_v4()) } else { own })
}

/// Who may use the proxy: surely, and perhaps.
pub(super) fn clients(lines: &[Line]) -> Vec<Clients> {
    let everyone = AddrSet::all_v4().union(&AddrSet::all_v6());
    if lines.is_empty() {
        return vec![Clients { set: Constraint::Any, doubts: Vec::new() }];
    }
    let (surely, perhaps) = (fold(lines, &everyone, true), fold(lines, &everyone, false));
    let doubts = lines.iter().filter_map(|line| line.clients.as_ref().err());
    let doubts: Vec<Unmodelled> = doubts
        .map(|text| Unmodelled {
            text: text.clone(),
            why: "the addresses of a client's name are looked up when it asks".to_owned(),
        })
        .collect();
    let limited = |set: AddrSet, doubts: Vec<Unmodelled>| {
        if set == everyone {
            return Some(Clients { set: Constraint::Any, doubts });
        }
        Some(Clients { set: Constraint::only(set)?, doubts })
    };
    let rest = perhaps.subtract(&surely);
    [limited(surely, Vec::new()), limited(rest, doubts)].into_iter().flatten().collect()
}

/// The clients that are let in when a line about a name is taken to hold where that lets fewer (or more) in.
fn fold(lines: &[Line], everyone: &AddrSet, fewer: bool) -> AddrSet {
    let (mut allowed, mut left) = (AddrSet::default(), everyone.clone());
    for line in lines {
        let set = match &line.clients {
            Ok(set) => set.intersect(&left),
            Err(_) if fewer == (line.action == Action::Deny) => left.clone(),
            Err(_) => continue,
        };
        left = left.subtract(&set);
        if line.action == Action::Allow {
            allowed = allowed.union(&set);
        }
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(action: Action, text: &str) -> Line {
        Line { action, clients: block(text).ok_or(text.to_owned()) }
    }

    fn shown(lines: &[Line]) -> Vec<String> {
        let set = |clients: &Clients| {
            let blocks = clients.set.set().map(AddrSet::prefixes);
            let blocks =
                blocks.map(|blocks| blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
            format!("{} {}", blocks.unwrap_or("any".to_owned()), clients.doubts.len())
        };
        clients(lines).iter().map(set).collect()
    }

    #[test]
    fn the_first_line_that_matches_decides_and_nobody_else_comes_in() {
        assert_eq!(shown(&[]), ["any 0"]);
        assert_eq!(
            shown(&[line(Action::Deny, "10.0.0.0/9"), line(Action::Allow, "10.0.0.0/8")]),
            ["10.128.0.0/9 0"]
        );
        assert_eq!(shown(&[line(Action::Deny, "10.0.0.0/9")]), [""; 0]);
        assert_eq!(shown(&[line(Action::Allow, "::/0")]), ["any 0"]);
        assert_eq!(shown(&[line(Action::Allow, "::ffff:10.0.0.0/104")]), ["10.0.0.0/8 0"]);
        assert_eq!(shown(&[line(Action::Allow, "0.0.0.0/0")]), ["0.0.0.0/0 0"]);
    }

    #[test]
    fn a_name_may_be_anybody() {
        assert_eq!(shown(&[line(Action::Allow, "10.0.0.0/8"), line(Action::Allow, ".example.com")]).len(), 2);
        assert_eq!(
            shown(&[line(Action::Deny, "host.example.com"), line(Action::Allow, "10.0.0.0/8")]),
            ["10.0.0.0/8 1"]
        );
    }
}
