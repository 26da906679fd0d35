//! The iptables reader against an evaluator that walks the chains packet by packet, as the kernel does.

#![cfg(test)]

use egressor::diag::{Source, any_error};
use egressor::packet::{Packet, Peer, Protocol};
use egressor::targets::find;
use proptest::prelude::*;
use std::sync::Arc;

#[path = "common/tables.rs"]
mod tables;

use tables::{End, Member, Not, Rule, Service, Table, Target, addr, any_table, icmp_kind};

/// A packet of a tiny universe, and which owners are taken to have sent it.
#[derive(Debug, Clone, Copy)]
struct Sent {
    source: u8,
    destination: u8,
    protocol: u8,
    detail: u16,
    owners: u8,
}

fn within(first: u8, bits: u8, addr: u8) -> bool {
    (first ^ addr) >> (4 - bits) == 0
}

/// The longest block of the set that holds an address decides.
fn holds(table: &Table, set: usize, addr: u8) -> bool {
    let nets = table.nets.iter().filter(|Member(first, bits, _)| within(*first, *bits, addr));
    let in_nets = nets.max_by_key(|Member(_, bits, _)| bits).is_some_and(|Member(_, _, nomatch)| !nomatch);
    let in_hosts = table.hosts.contains(&addr);
    [in_nets, in_hosts, in_nets || in_hosts][set]
}

fn matches(table: &Table, rule: &Rule, sent: Sent) -> bool {
    let end = |end: &Option<Not<End>>, addr: u8| {
        end.as_ref().is_none_or(|Not(negated, end)| {
            let inside = match end {
                End::Block(first, bits) => within(*first, *bits, addr),
                End::Range(first, last) => (*first..=*last).contains(&addr),
                End::Set(number) => holds(table, *number, addr),
            };
            inside != *negated
        })
    };
    let service = match &rule.service {
        Service::Any => true,
        Service::Protocol(Not(negated, protocol)) => (sent.protocol == *protocol) != *negated,
        Service::Ports(protocol, Not(negated, ranges), _) => {
            let inside = ranges.iter().any(|(first, last)| (*first..=*last).contains(&sent.detail));
            sent.protocol == *protocol && inside != *negated
        }
        Service::Icmp(Not(negated, (kind, code))) => {
            let same = sent.detail >> 8 == u16::from(icmp_kind(table.v6, *kind))
                && code.is_none_or(|code| sent.detail & 0xff == u16::from(code));
            sent.protocol == icmp(table.v6) && same != *negated
        }
    };
    end(&rule.source, sent.source)
        && end(&rule.destination, sent.destination)
        && service
        && rule.state.as_ref().is_none_or(|Not(negated, new)| new != negated)
        && rule.loopback != Some(true)
        && rule.owner.as_ref().is_none_or(|Not(negated, owner)| (sent.owners >> owner & 1 == 1) != *negated)
}

fn icmp(v6: bool) -> u8 {
    if v6 { 58 } else { 1 }
}

fn accepts(table: &Table, sent: Sent) -> bool {
    walk(table, 0, sent).unwrap_or(table.accept)
}

/// The verdict of a chain, if it has one.
fn walk(table: &Table, chain: usize, sent: Sent) -> Option<bool> {
    for rule in table.chains[chain].iter().filter(|rule| matches(table, rule, sent)) {
        match rule.target {
            Target::Accept => return Some(true),
            Target::Drop | Target::Reject => return Some(false),
            Target::Return => return None,
            Target::Log | Target::Nothing => {}
            Target::Goto(next) => return walk(table, next, sent),
            Target::Jump(next) => {
                if let Some(verdict) = walk(table, next, sent) {
                    return Some(verdict);
                }
            }
        }
    }
    None
}

/// Every packet of the universe.
fn packets(v6: bool) -> impl Iterator<Item = Sent> {
    let echo = [0, 8].map(|kind| u16::from(icmp_kind(v6, kind)) << 8);
    let icmps = echo.into_iter().flat_map(|echo| [echo, echo + 1, echo + 2]).chain([0x0300]);
    let services = [(47, 0), (50, 0)]
        .into_iter()
        .chain((0..12).flat_map(|port| [(6, port), (17, port)]))
        .chain(icmps.map(move |detail| (icmp(v6), detail)));
    services.flat_map(|(protocol, detail)| {
        (0..16).flat_map(move |source| {
            (0..16).map(move |destination| Sent { source, destination, protocol, detail, owners: 0 })
        })
    })
}

fn check(table: &Table) -> Result<bool, TestCaseError> {
    let text = table.write();
    let sources = [("rules", table.write()), ("sets", table.write_sets())];
    let sources = sources.map(|(name, text)| Arc::new(Source::new(name, text)));
    let read = find("iptables").unwrap().importers()[0].import(&sources);
    prop_assert!(!any_error(&read.findings), "{text}{:?}", read.findings);
    let output = read.policy.sets.iter().find(|set| set.scope.name == "filter/OUTPUT").unwrap();
    let allows = output.allows();
    for sent in packets(table.v6) {
        let packet = Packet {
            peer: Peer::Addr(addr(table.v6, sent.destination)),
            source: addr(table.v6, sent.source),
            protocol: Protocol(sent.protocol),
            detail: sent.detail,
        };
        let verdicts: Vec<bool> = (0..4).map(|owners| accepts(table, Sent { owners, ..sent })).collect();
        let (least, most) = (allows.at_least.at(&packet), allows.at_most.at(&packet));
        prop_assert!(!least || verdicts.iter().all(|verdict| *verdict), "{text}{sent:?} may be dropped");
        prop_assert!(most || !verdicts.iter().any(|verdict| *verdict), "{text}{sent:?} may be accepted");
        if allows.is_exact() {
            prop_assert_eq!(least, verdicts[0], "{}{:?}", text, sent);
        }
    }
    Ok(allows.is_exact())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_the_kernel_does(table in any_table(false)) {
        prop_assert!(check(&table)?, "nothing here is unmodelled");
    }

    #[test]
    fn bounds_hold_whatever_an_unmodelled_match_does(table in any_table(true)) {
        check(&table)?;
    }
}
