//! The iptables reader against an evaluator that walks the chains packet by packet, as the kernel does.

#![cfg(test)]

use egressor::diag::{Source, any_error};
use egressor::packet::{Packet, Peer, Protocol};
use egressor::targets::find;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

#[path = "common/tables.rs"]
mod tables;

use tables::{Not, Rule, Service, Table, Target, any_table};

/// A packet of a tiny universe, and which owners are taken to have sent it.
#[derive(Debug, Clone, Copy)]
struct Sent {
    source: u8,
    destination: u8,
    protocol: u8,
    detail: u16,
    owners: u8,
}

fn matches(rule: &Rule, sent: Sent) -> bool {
    let within = |(block, len): (u8, u8), addr: u8| (block ^ addr) >> (4 - len) == 0;
    let end = |end: &Option<Not<(u8, u8)>>, addr| {
        end.as_ref().is_none_or(|Not(negated, block)| within(*block, addr) != *negated)
    };
    let service = match &rule.service {
        Service::Any => true,
        Service::Protocol(Not(negated, protocol)) => (sent.protocol == *protocol) != *negated,
        Service::Ports(protocol, Not(negated, ranges), _) => {
            let inside = ranges.iter().any(|(first, last)| (*first..=*last).contains(&sent.detail));
            sent.protocol == *protocol && inside != *negated
        }
        Service::Icmp(Not(negated, (kind, code))) => {
            let same = sent.detail >> 8 == u16::from(*kind)
                && code.is_none_or(|code| sent.detail & 0xff == u16::from(code));
            sent.protocol == 1 && same != *negated
        }
    };
    end(&rule.source, sent.source)
        && end(&rule.destination, sent.destination)
        && service
        && rule.state.as_ref().is_none_or(|Not(negated, new)| new != negated)
        && rule.loopback != Some(true)
        && rule.owner.as_ref().is_none_or(|Not(negated, owner)| (sent.owners >> owner & 1 == 1) != *negated)
}

fn accepts(table: &Table, sent: Sent) -> bool {
    walk(table, 0, sent).unwrap_or(table.accept)
}

/// The verdict of a chain, if it has one.
fn walk(table: &Table, chain: usize, sent: Sent) -> Option<bool> {
    for rule in table.chains[chain].iter().filter(|rule| matches(rule, sent)) {
        match rule.target {
            Target::Accept => return Some(true),
            Target::Drop => return Some(false),
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
fn packets() -> impl Iterator<Item = Sent> {
    let services = [(47, 0), (50, 0)]
        .into_iter()
        .chain((0..12).flat_map(|port| [(6, port), (17, port)]))
        .chain([0x0000, 0x0001, 0x0800, 0x0801, 0x0802, 0x0300].map(|detail| (1, detail)));
    services.flat_map(|(protocol, detail)| {
        (0..16).flat_map(move |source| {
            (0..16).map(move |destination| Sent { source, destination, protocol, detail, owners: 0 })
        })
    })
}

fn check(table: &Table) -> Result<bool, TestCaseError> {
    let text = table.write();
    let read =
        find("iptables").unwrap().importers()[0].import(&[Arc::new(Source::new("rules", text.as_str()))]);
    prop_assert!(!any_error(&read.findings), "{text}{:?}", read.findings);
    let allows = read.policy.sets[0].allows();
    for sent in packets() {
        let packet = Packet {
            peer: Peer::Addr(IpAddr::V4(Ipv4Addr::new(10, 0, 0, sent.destination))),
            source: IpAddr::V4(Ipv4Addr::new(10, 0, 0, sent.source)),
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
