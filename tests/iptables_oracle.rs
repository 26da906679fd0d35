//! The iptables reader against an evaluator that walks the chains packet by packet, as the kernel does.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use egressor::diag::{Source, any_error};
use egressor::packet::{Packet, Peer, Protocol};
use egressor::targets::find;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A condition that is or is not negated.
#[derive(Debug, Clone)]
struct Not<T>(bool, T);

#[derive(Debug, Clone)]
enum Service {
    Any,
    Protocol(Not<u8>),
    /// Protocol, ports, and whether `multiport` writes them.
    Ports(u8, Not<Vec<(u16, u16)>>, bool),
    Icmp(Not<(u8, Option<u8>)>),
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Accept,
    Drop,
    Return,
    Log,
    Nothing,
    Jump(usize),
    Goto(usize),
}

#[derive(Debug, Clone)]
struct Rule {
    source: Option<Not<(u8, u8)>>,
    destination: Option<Not<(u8, u8)>>,
    service: Service,
    /// Whether states are asked for, and whether NEW is among them.
    state: Option<Not<bool>>,
    /// `-o lo`.
    loopback: Option<bool>,
    /// `-m owner --uid-owner N`: nobody can know whether it matches.
    owner: Option<Not<u8>>,
    target: Target,
}

#[derive(Debug, Clone)]
struct Table {
    accept: bool,
    chains: Vec<Vec<Rule>>,
}

/// A packet of a tiny universe, and which owners are taken to have sent it.
#[derive(Debug, Clone, Copy)]
struct Sent {
    source: u8,
    destination: u8,
    protocol: u8,
    detail: u16,
    owners: u8,
}

const CHAINS: usize = 4;

impl Rule {
    fn matches(&self, sent: Sent) -> bool {
        let within = |(block, len): (u8, u8), addr: u8| (block ^ addr) >> (4 - len) == 0;
        let end = |end: &Option<Not<(u8, u8)>>, addr| {
            end.as_ref().is_none_or(|Not(negated, block)| within(*block, addr) != *negated)
        };
        let service = match &self.service {
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
        end(&self.source, sent.source)
            && end(&self.destination, sent.destination)
            && service
            && self.state.as_ref().is_none_or(|Not(negated, new)| new != negated)
            && self.loopback != Some(true)
            && self
                .owner
                .as_ref()
                .is_none_or(|Not(negated, owner)| (sent.owners >> owner & 1 == 1) != *negated)
    }

    fn write(&self, chain: usize, out: &mut String) {
        let bang = |negated: bool| if negated { "! " } else { "" };
        write!(out, "-A {}", name(chain)).unwrap();
        for (flag, end) in [("-s", &self.source), ("-d", &self.destination)] {
            if let Some(Not(negated, (block, len))) = end {
                write!(out, " {}{flag} 10.0.0.{block}/{}", bang(*negated), 28 + len).unwrap();
            }
        }
        if let Some(is_loopback) = self.loopback {
            write!(out, " {}-o lo", bang(!is_loopback)).unwrap();
        }
        match &self.service {
            Service::Any => {}
            Service::Protocol(Not(negated, protocol)) => {
                write!(out, " {}-p {protocol}", bang(*negated)).unwrap();
            }
            Service::Ports(protocol, Not(negated, ranges), multiport) => {
                let list: Vec<String> =
                    ranges.iter().map(|(first, last)| format!("{first}:{last}")).collect();
                let option = if *multiport { "-m multiport" } else { "" };
                let dports = if *multiport { "--dports" } else { "--dport" };
                write!(out, " -p {protocol} {option} {}{dports} {}", bang(*negated), list.join(",")).unwrap();
            }
            Service::Icmp(Not(negated, (kind, code))) => {
                let code = code.map(|code| format!("/{code}")).unwrap_or_default();
                write!(out, " -p icmp -m icmp {}--icmp-type {kind}{code}", bang(*negated)).unwrap();
            }
        }
        if let Some(Not(negated, new)) = &self.state {
            let states = if *new { "NEW,INVALID" } else { "RELATED,ESTABLISHED" };
            write!(out, " -m conntrack {}--ctstate {states}", bang(*negated)).unwrap();
        }
        if let Some(Not(negated, owner)) = &self.owner {
            write!(out, " -m owner {}--uid-owner {owner}", bang(*negated)).unwrap();
        }
        match self.target {
            Target::Accept => out.push_str(" -j ACCEPT"),
            Target::Drop => out.push_str(" -j DROP"),
            Target::Return => out.push_str(" -j RETURN"),
            Target::Log => out.push_str(" -j LOG --log-prefix \"a -j ACCEPT\""),
            Target::Nothing => {}
            Target::Jump(chain) => write!(out, " -j {}", name(chain)).unwrap(),
            Target::Goto(chain) => write!(out, " -g {}", name(chain)).unwrap(),
        }
        out.push('\n');
    }
}

fn name(chain: usize) -> String {
    if chain == 0 { "OUTPUT".to_owned() } else { format!("C{chain}") }
}

impl Table {
    fn write(&self) -> String {
        let policy = if self.accept { "ACCEPT" } else { "DROP" };
        let mut out = format!("# Generated by iptables-save\n*filter\n:OUTPUT {policy} [0:0]\n");
        for chain in 1..CHAINS {
            writeln!(out, ":{} - [0:0]", name(chain)).unwrap();
        }
        for (index, chain) in self.chains.iter().enumerate() {
            for rule in chain {
                rule.write(index, &mut out);
            }
        }
        out.push_str("COMMIT\n");
        out
    }

    fn accepts(&self, sent: Sent) -> bool {
        self.walk(0, sent).unwrap_or(self.accept)
    }

    /// The verdict of a chain, if it has one.
    fn walk(&self, chain: usize, sent: Sent) -> Option<bool> {
        for rule in self.chains[chain].iter().filter(|rule| rule.matches(sent)) {
            match rule.target {
                Target::Accept => return Some(true),
                Target::Drop => return Some(false),
                Target::Return => return None,
                Target::Log | Target::Nothing => {}
                Target::Goto(next) => return self.walk(next, sent),
                Target::Jump(next) => {
                    if let Some(verdict) = self.walk(next, sent) {
                        return Some(verdict);
                    }
                }
            }
        }
        None
    }
}

fn not<T: std::fmt::Debug + Clone>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Not<T>> {
    (prop::bool::weighted(0.3), of).prop_map(|(negated, of)| Not(negated, of))
}

fn any_rule(chain: usize, owners: bool) -> impl Strategy<Value = Rule> {
    let block = || prop::option::of(not((0_u8..16, 0_u8..=4)));
    let ports =
        prop::collection::vec((0_u16..8, 0_u16..4).prop_map(|(first, more)| (first, first + more)), 1..3);
    let service = prop_oneof![
        Just(Service::Any),
        not(prop::sample::select(vec![6_u8, 17, 47])).prop_map(Service::Protocol),
        (prop::sample::select(vec![6_u8, 17]), not(ports), any::<bool>()).prop_map(
            |(protocol, ports, multiport)| {
                let Not(negated, mut ranges) = ports;
                if !multiport {
                    ranges.truncate(1);
                }
                Service::Ports(protocol, Not(negated, ranges), multiport)
            }
        ),
        not((prop::sample::select(vec![0_u8, 8]), prop::option::of(0_u8..2))).prop_map(Service::Icmp),
    ];
    let next = (chain + 1).min(CHAINS - 1)..CHAINS;
    let jumps = chain + 1 < CHAINS;
    let target = prop_oneof![
        3 => Just(Target::Accept),
        2 => Just(Target::Drop),
        2 => Just(Target::Return),
        1 => Just(Target::Log),
        1 => Just(Target::Nothing),
        3 => next.clone().prop_map(move |next| if jumps { Target::Jump(next) } else { Target::Accept }),
        2 => next.prop_map(move |next| if jumps { Target::Goto(next) } else { Target::Drop }),
    ];
    let owner = prop::option::weighted(0.2, not(0_u8..2)).prop_map(move |owner| owner.filter(|_| owners));
    let state = prop::option::weighted(0.2, not(any::<bool>()));
    let loopback = prop::option::weighted(0.15, any::<bool>());
    (block(), block(), service, state, loopback, owner, target).prop_map(
        |(source, destination, service, state, loopback, owner, target)| Rule {
            source,
            destination,
            service,
            state,
            loopback,
            owner,
            target,
        },
    )
}

fn any_table(owners: bool) -> impl Strategy<Value = Table> {
    let chain = move |index| prop::collection::vec(any_rule(index, owners), 0..6);
    (any::<bool>(), (chain(0), chain(1), chain(2), chain(3)))
        .prop_map(|(accept, (a, b, c, d))| Table { accept, chains: vec![a, b, c, d] })
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
        let verdicts: Vec<bool> = (0..4).map(|owners| table.accepts(Sent { owners, ..sent })).collect();
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
