//! Lists of rules as a policy holds them, in the kinds that tell algorithms apart, each with a list that says almost the
//! same in other rules.

use super::inputs::Numbers;
use egressor::packet::{AddrSet, Constraint, PeerSet, PortRange, Prefix, Protocol, TransportSet};
use egressor::policy::{Action, Direction, Match, Origin, Rule, RuleSet, Scope, Subject, Traffic};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What a list is like.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// What is found: all allow, most single hosts, some blocks up to /12, ten services and a few ranges of ports.
    Real,
    /// The same with one deny in twenty.
    Mixed,
    /// Half of the rules are a port of its own to anywhere, half a host with a port of its own.
    Fan,
    /// Blocks of any length around a few addresses, wide ranges of ports, allow and deny in turn.
    Nest,
    /// Nested blocks with every so many ports, fifteen in all, which is what one rule of iptables can name.
    Periodic,
}

#[derive(Clone, Copy)]
struct Item {
    block: (u32, u8),
    protocol: Protocol,
    ports: (u16, u16),
    /// Every so many ports, or all of them.
    period: u16,
    allows: bool,
}

const SERVICES: [(Protocol, u16); 10] = [
    (Protocol::TCP, 443),
    (Protocol::TCP, 80),
    (Protocol::TCP, 22),
    (Protocol::TCP, 53),
    (Protocol::TCP, 5432),
    (Protocol::TCP, 6379),
    (Protocol::TCP, 9090),
    (Protocol::TCP, 8443),
    (Protocol::TCP, 25),
    (Protocol::TCP, 3306),
];

/// Two lists: the first of about so many rules, the second with a quarter of the blocks as two halves, a tenth of the rules
/// twice, each run of rules with one verdict shuffled, and fifty rules with another port.
pub(crate) fn pair(kind: Kind, count: u32) -> (RuleSet, RuleSet) {
    let items = items(kind, count);
    (set(&items), set(&changed(&items)))
}

fn items(kind: Kind, count: u32) -> Vec<Item> {
    let mut numbers = Numbers::new(u64::from(count) + 17);
    (0..count).map(|index| item(kind, index, &mut numbers)).collect()
}

fn item(kind: Kind, index: u32, numbers: &mut Numbers) -> Item {
    let any = numbers.below(u32::MAX);
    let plain = |block, port: u16| Item {
        block,
        protocol: Protocol::TCP,
        ports: (port, port),
        period: 0,
        allows: true,
    };
    match kind {
        Kind::Real | Kind::Mixed => {
            let len = match numbers.below(100) {
                0..70 => 32,
                70..80 => 29 + numbers.below(3),
                80..90 => 24 + numbers.below(5),
                90..98 => 17 + numbers.below(7),
                _ => 12 + numbers.below(5),
            };
            let allows = matches!(kind, Kind::Real) || numbers.below(20) > 0;
            let (protocol, port) = SERVICES[usize::try_from(numbers.below(10)).expect("small")];
            let protocol = if numbers.below(20) == 0 { Protocol::UDP } else { protocol };
            let last = if numbers.below(50) == 0 { port + 100 } else { port };
            Item { protocol, ports: (port, last), allows, ..plain(masked(any, len), port) }
        }
        Kind::Fan if index.is_multiple_of(2) => plain((0, 0), small(index / 2)),
        Kind::Fan => plain((any, 32), small(numbers.below(65_536))),
        Kind::Nest => {
            let stem = numbers.below(8).wrapping_mul(0x2345_6789) ^ (any & 0xf);
            let ports = (small(numbers.below(65_536)), small(numbers.below(65_536)));
            let ports = (ports.0.min(ports.1), ports.0.max(ports.1));
            let block = masked(stem, numbers.below(33));
            Item { ports, allows: index.is_multiple_of(2), ..plain(block, 0) }
        }
        Kind::Periodic => {
            let stem = numbers.below(1 << 10).wrapping_mul(0x0040_0001);
            let (first, period) = (small(numbers.below(50)), small(2 + numbers.below(6)));
            let block = masked(stem, 8 + numbers.below(25));
            Item { ports: (first, first + 14 * period), period, ..plain(block, 0) }
        }
    }
}

fn small(number: u32) -> u16 {
    u16::try_from(number & 0xffff).expect("masked")
}

fn masked(addr: u32, len: u32) -> (u32, u8) {
    (addr & u32::MAX.checked_shl(32 - len).unwrap_or(0), u8::try_from(len).expect("at most 32"))
}

fn changed(items: &[Item]) -> Vec<Item> {
    let mut numbers = Numbers::new(3);
    let mut items = items.to_vec();
    for _ in 0..50 {
        let at = numbers.below(u32::try_from(items.len()).expect("few"));
        let port = small(10_000 + numbers.below(50_000));
        let item = &mut items[usize::try_from(at).expect("small")];
        (item.ports, item.period) = ((port, port), 0);
    }
    let (mut run, mut last) = (0_u32, None);
    let mut keyed: Vec<((u32, u32), Item)> = Vec::new();
    for item in items {
        run += u32::from(last.replace(item.allows).is_some_and(|last| last != item.allows));
        let (addr, len) = item.block;
        let halves = if len < 32 && numbers.below(4) == 0 {
            vec![(addr, len + 1), (addr | (1 << (31 - len)), len + 1)]
        } else {
            vec![(addr, len)]
        };
        let again = if numbers.below(10) == 0 { 2 } else { 1 };
        for block in halves.repeat(again) {
            keyed.push(((run, numbers.below(u32::MAX)), Item { block, ..item }));
        }
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

fn set(items: &[Item]) -> RuleSet {
    // As readers do: rules with the same services share them.
    let mut known: BTreeMap<(u8, u16, u16, u16), Constraint<TransportSet>> = BTreeMap::new();
    let rule = |item: &Item| {
        let key = (item.protocol.0, item.ports.0, item.ports.1, item.period);
        let transport =
            known.entry(key).or_insert_with(|| Constraint::only(services(item)).expect("some ports"));
        let prefix =
            Prefix::containing(Ipv4Addr::from_bits(item.block.0).into(), item.block.1).expect("a prefix");
        let peer = Constraint::only(PeerSet::from(AddrSet::block(prefix))).expect("a block");
        Rule {
            action: if item.allows { Action::Allow } else { Action::Deny },
            matches: Match { peer, transport: transport.clone(), ..Match::ANY },
            traffic: Traffic::New,
            unmodelled: Vec::new(),
            origin: Origin::System(String::new()),
        }
    };
    RuleSet {
        scope: Scope { name: "egress".to_owned(), direction: Direction::Egress },
        subject: Subject::Host,
        universe: PeerSet::from(AddrSet::all_v4()),
        rules: items.iter().map(rule).collect(),
        default: Action::Deny,
    }
}

fn services(item: &Item) -> TransportSet {
    let (first, last) = item.ports;
    let range = |first, last| PortRange::new(first, last).expect("a range");
    let ports = if item.period == 0 {
        vec![range(first, last)]
    } else {
        (first..=last).step_by(item.period.into()).map(|port| range(port, port)).collect()
    };
    TransportSet::ports(item.protocol, &egressor::packet::PortSet::of(ports))
}
