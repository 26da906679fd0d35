//! Every case of a tiny universe against arrays of bits: addresses of 4 bits, 3 ports.
//!
//! An address of the universe is one sixteenth of the IPv4 axis, a port is one of three stretches of the TCP ports, so
//! both ends of both axes take part. Sets are canonical, so each array of bits has one set: it is compared point by
//! point when the array is first seen, and with `==` from then on.

use super::pieces::v4;
use egressor::packet::{
    AddrSet, Constraint, IntervalSet, Packet, PacketSet, Peer, PeerSet, PortRange, PortSet, Prefix, Protocol,
    Set, TransportSet,
};
use egressor::policy::{
    Action, Direction, Match, Need, Origin, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The port ranges of the universe.
const PORTS: [(u16, u16); 3] = [(0, 0), (1, 65_534), (65_535, 65_535)];
/// The number of addresses.
const ADDRS: u32 = 16;
/// Every point: bit `address * 3 + port`.
const ALL: u64 = (1 << (ADDRS * 3)) - 1;

/// A block of the universe's addresses.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: u32,
    len: u8,
}

/// Every block of addresses of so many bits.
fn blocks(bits: u8) -> Vec<Block> {
    (0..=bits)
        .flat_map(|len| (0..1_u32 << len).map(move |number| Block { first: number << (4 - len), len }))
        .collect()
}

/// A rule's match: a block and some of the ports.
#[derive(Debug, Clone, Copy)]
struct Area {
    block: Block,
    ports: u8,
}

fn areas(bits: u8, ports: &[u8]) -> Vec<Area> {
    blocks(bits)
        .into_iter()
        .flat_map(|block| ports.iter().map(move |ports| Area { block, ports: *ports }))
        .collect()
}

impl Area {
    fn bits(self) -> u64 {
        let last = self.block.first + (1 << (4 - self.block.len));
        (self.block.first..last).fold(0, |bits, addr| bits | u64::from(self.ports) << (addr * 3))
    }

    fn peers(self) -> AddrSet {
        AddrSet::of(Prefix::containing(v4(self.block.first << 28), self.block.len))
    }

    fn transport(self) -> TransportSet {
        let ranges = (0..).zip(PORTS).filter(|(bit, _)| self.ports >> bit & 1 == 1);
        let ranges = ranges.map(|(_, (first, last))| PortRange::new(first, last).unwrap());
        TransportSet::ports(Protocol::TCP, &PortSet::of(ranges))
    }

    fn packets(self) -> PacketSet {
        PacketSet::product(None, &PeerSet::from(self.peers()), &self.transport(), &true)
    }
}

/// Which points a set holds, asked at the first and the last key of each.
fn read(set: &PacketSet) -> u64 {
    let mut bits = 0;
    for addr in 0..ADDRS {
        for (port, (first, last)) in (0..).zip(PORTS) {
            let at = |peer: u32, detail: u16| {
                set.at(&Packet { peer: Peer::Addr(v4(peer)), source: v4(7), protocol: Protocol::TCP, detail })
            };
            let held = at(addr << 28, first);
            assert_eq!(held, at(addr << 28 | 0x0FFF_FFFF, last), "a cut inside a point");
            bits |= u64::from(held) << (addr * 3 + port);
        }
    }
    bits
}

/// The set of each array of bits that was seen.
#[derive(Default)]
struct Known(BTreeMap<u64, PacketSet>);

impl Known {
    fn check(&mut self, set: &PacketSet, bits: u64, what: impl Fn() -> String) {
        let Some(known) = self.0.get(&bits) else {
            assert_eq!(read(set), bits, "{}", what());
            self.0.insert(bits, set.clone());
            return;
        };
        assert_eq!(set, known, "{}", what());
    }
}

/// The fewest aligned blocks that cover exactly the addresses of a mask, by trying to join from the whole down.
fn fewest(mask: u32, first: u32, size: u32) -> usize {
    let inside = mask >> first & ((1_u32 << size) - 1);
    if inside == 0 {
        0
    } else if inside == (1 << size) - 1 {
        1
    } else {
        fewest(mask, first, size / 2) + fewest(mask, first + size / 2, size / 2)
    }
}

#[test]
fn every_set_of_addresses_has_its_members_and_the_fewest_blocks() {
    for mask in 0..1_u32 << ADDRS {
        let runs = (0..ADDRS)
            .filter(|addr| mask >> addr & 1 == 1)
            .map(|addr| (addr << 28, addr << 28 | 0x0FFF_FFFF));
        let v4s = IntervalSet::from_ranges(runs);
        for addr in 0..ADDRS {
            assert_eq!(v4s.contains(&(addr << 28)), mask >> addr & 1 == 1);
        }
        assert_eq!(v4s.complement().complement(), v4s);
        assert_eq!(v4s.is_empty(), mask == 0);
        assert_eq!(v4s.is_full(), mask == 0xFFFF);
        let set = AddrSet { v4: v4s, v6: IntervalSet::default() };
        assert_eq!(set.prefixes().len(), fewest(mask, 0, ADDRS), "{mask:b}");
        assert_eq!(set.count().to_string(), (u64::from(mask.count_ones()) << 28).to_string());
    }
}

#[test]
fn every_two_sets_combine() {
    let sets: Vec<IntervalSet<u8>> = (0..256_u32)
        .map(|mask| {
            IntervalSet::from_ranges(
                (0..8).filter(|bit| mask >> bit & 1 == 1).map(|bit| (bit << 5, bit << 5 | 31)),
            )
        })
        .collect();
    for (left, a) in sets.iter().enumerate() {
        for (right, b) in sets.iter().enumerate() {
            assert_eq!(a.union(b), sets[left | right]);
            assert_eq!(a.intersect(b), sets[left & right]);
            assert_eq!(a.subtract(b), sets[left & !right]);
            assert_eq!(a.is_subset(b), left & !right == 0);
            assert_eq!(a == b, left == right);
        }
    }
}

#[test]
fn every_two_products_combine() {
    let all: Vec<(Area, PacketSet, u64)> = areas(4, &[1, 2, 3, 4, 5, 6, 7])
        .into_iter()
        .map(|area| (area, area.packets(), area.bits()))
        .collect();
    let mut known = Known::default();
    for (left, a, a_bits) in &all {
        for (right, b, b_bits) in &all {
            known.check(&a.union(b), a_bits | b_bits, || format!("{left:?} union {right:?}"));
            known.check(&a.intersect(b), a_bits & b_bits, || format!("{left:?} intersect {right:?}"));
            known.check(&a.subtract(b), a_bits & !b_bits, || format!("{left:?} subtract {right:?}"));
        }
    }
}

/// A rule of the universe.
#[derive(Debug, Clone, Copy)]
struct Tiny {
    area: Area,
    action: Action,
    exact: bool,
}

fn rules(areas: &[Area], kinds: &[(Action, bool)]) -> Vec<Tiny> {
    areas
        .iter()
        .flat_map(|area| {
            kinds.iter().map(|(action, exact)| Tiny { area: *area, action: *action, exact: *exact })
        })
        .collect()
}

fn rule(matches: Match, action: Action, exact: bool) -> Rule {
    let doubt =
        Unmodelled { text: "-m owner --uid-owner 0".into(), why: "the owner is not in the packet".into() };
    Rule {
        action,
        matches,
        traffic: Traffic::New,
        unmodelled: if exact { Vec::new() } else { vec![doubt] },
        origin: Origin::Implied(Need::Dns),
    }
}

impl Tiny {
    fn rule(self) -> Rule {
        let matches = Match {
            source: Constraint::Any,
            peer: Constraint::only(PeerSet::from(self.area.peers())).unwrap(),
            transport: Constraint::only(self.area.transport()).unwrap(),
        };
        rule(matches, self.action, self.exact)
    }
}

fn rule_set(rules: Vec<Rule>, default: Action, universe: PeerSet) -> RuleSet {
    let scope = Scope { name: "tiny".into(), direction: Direction::Egress };
    RuleSet { scope, subject: Subject::Host, universe, rules, default }
}

/// All ports of the universe, so that a default of allow stays inside it.
fn bounded(tinies: &[Tiny], default: Action) -> RuleSet {
    rule_set(tinies.iter().map(|tiny| tiny.rule()).collect(), default, PeerSet::from(AddrSet::all_v4()))
}

/// The points allowed whatever unmodelled matches do, those allowed for some of what they can do, and the points
/// that each rule decides when they all match. Every outcome of every doubtful match is tried.
fn first_match(rules: &[Tiny], default: Action) -> (u64, u64, Vec<u64>) {
    let doubtful: Vec<usize> = (0..rules.len()).filter(|index| !rules[*index].exact).collect();
    let (mut always, mut ever) = (ALL, 0);
    for outcome in 0..1_u32 << doubtful.len() {
        let (mut left, mut allowed) = (ALL, 0);
        for (index, tiny) in rules.iter().enumerate() {
            let doubt = doubtful.iter().position(|doubtful| *doubtful == index);
            if doubt.is_some_and(|bit| outcome >> bit & 1 == 0) {
                continue;
            }
            if tiny.action == Action::Allow {
                allowed |= left & tiny.area.bits();
            }
            left &= !tiny.area.bits();
        }
        if default == Action::Allow {
            allowed |= left;
        }
        always &= allowed;
        ever |= allowed;
    }
    let mut left = ALL;
    let decided = rules.iter().map(|tiny| {
        let own = left & tiny.area.bits();
        left &= !own;
        own
    });
    (always, ever, decided.collect())
}

/// Folds a rule list and compares it with the arrays.
fn check(known: &mut [Known; 2], tinies: &[Tiny], default: Action) {
    let set = bounded(tinies, default);
    let bounds = set.allows();
    let (always, ever, decided) = first_match(tinies, default);
    // Where the default is to allow, everything but TCP is allowed too, so the sets are others.
    let known = &mut known[usize::from(default == Action::Allow)];
    let what = || format!("{tinies:?} default {default:?}");
    known.check(&bounds.at_least, always, what);
    known.check(&bounds.at_most, ever, what);
    assert_eq!(bounds.is_exact(), always == ever, "{}", what());
    assert!(bounds.at_least.is_subset(&bounds.at_most));
    if default == Action::Deny {
        for (own, bits) in set.decided_by_rule().iter().zip(decided) {
            known.check(own, bits, what);
        }
    }
}

const EXACT: [(Action, bool); 2] = [(Action::Allow, true), (Action::Deny, true)];
const DOUBTFUL: [(Action, bool); 4] =
    [(Action::Allow, true), (Action::Deny, true), (Action::Allow, false), (Action::Deny, false)];

#[test]
fn every_deny_before_every_allow_of_the_whole_universe_folds() {
    let mut known = [Known::default(), Known::default()];
    let all = areas(4, &[1, 2, 3, 4, 5, 6, 7]);
    for deny in &all {
        for allow in &all {
            let deny = Tiny { area: *deny, action: Action::Deny, exact: true };
            let allow = Tiny { area: *allow, action: Action::Allow, exact: true };
            let set = bounded(&[deny, allow], Action::Deny);
            let bits = allow.area.bits() & !deny.area.bits();
            known[0].check(&set.allows().at_least, bits, || format!("{deny:?} {allow:?}"));
        }
    }
}

#[test]
fn every_list_of_three_rules_folds() {
    let mut known = [Known::default(), Known::default()];
    let all = rules(&areas(2, &[0b001, 0b110]), &EXACT);
    for first in &all {
        for second in &all {
            for third in &all {
                check(&mut known, &[*first, *second, *third], Action::Deny);
            }
            check(&mut known, &[*first, *second], Action::Allow);
        }
    }
}

#[test]
fn every_list_of_two_rules_with_matches_in_doubt_folds_within_bounds() {
    let mut known = [Known::default(), Known::default()];
    let all = rules(&areas(2, &[0b001, 0b110, 0b111]), &DOUBTFUL);
    for first in &all {
        for second in &all {
            for default in [Action::Allow, Action::Deny] {
                check(&mut known, &[*first, *second], default);
            }
        }
    }
}

#[test]
fn a_long_list_is_divided_among_its_rules_in_one_pass() {
    let peer =
        |number: u32| Constraint::only(PeerSet::from(AddrSet::of([Prefix::host(v4(number))]))).unwrap();
    let hosts =
        (0..4_000).map(|number| rule(Match { peer: peer(number), ..Match::ANY }, Action::Allow, true));
    let mut rules: Vec<Rule> = hosts.collect();
    rules.push(rule(Match::ANY, Action::Deny, true));
    let set = rule_set(rules, Action::Deny, PeerSet::from(AddrSet::all_v4()));
    let decided = set.decided_by_rule();
    assert_eq!(decided.len(), 4_001);
    assert!(
        (0..)
            .zip(&decided)
            .take(4_000)
            .all(|(number, own)| own.peer_addrs() == AddrSet::of([Prefix::host(v4(number))]))
    );
    assert_eq!(decided[4_000].peer_addrs().v4, IntervalSet::range(4_000, &u32::MAX));
}

proptest! {
    #[test]
    fn long_lists_with_matches_in_doubt_fold_within_bounds(
        tinies in prop::collection::vec(prop::sample::select(rules(&areas(4, &[1, 2, 3, 4, 5, 6, 7]), &DOUBTFUL)), 0..9),
        default in prop::sample::select(vec![Action::Allow, Action::Deny]),
    ) {
        check(&mut [Known::default(), Known::default()], &tinies, default);
    }

    /// Rules about returning and local packets decide no new connection, wherever they stand.
    #[test]
    fn rules_about_other_traffic_change_nothing(
        tinies in prop::collection::vec(prop::sample::select(rules(&areas(4, &[1, 6, 7]), &DOUBTFUL)), 1..5),
        at in any::<prop::sample::Index>(), action in prop::sample::select(vec![Action::Allow, Action::Deny]),
        exact in any::<bool>(),
    ) {
        for traffic in [Traffic::Return, Traffic::Loopback] {
            for default in [Action::Allow, Action::Deny] {
                let without = bounded(&tinies, default);
                let mut with = without.clone();
                with.rules.insert(at.index(tinies.len() + 1), Rule { traffic, ..rule(Match::ANY, action, exact) });
                prop_assert_eq!(without.allows(), with.allows());
            }
        }
    }
}

#[test]
fn a_rule_without_a_peer_means_the_universe_only() {
    for universe in [AddrSet::all_v4(), AddrSet::all_v6(), AddrSet::default()] {
        let universe = PeerSet::from(universe);
        let everything = PacketSet::product(None, &universe, &TransportSet::full(), &true);
        let any = rule(Match::ANY, Action::Allow, true);
        let allow = rule_set(vec![any.clone()], Action::Deny, universe.clone());
        assert_eq!(allow.allows().at_most, everything);
        assert_eq!(allow.decided_by_rule().first(), Some(&everything));
        let open = rule_set(Vec::new(), Action::Allow, universe.clone());
        assert_eq!(open.allows().at_least, everything);
        let closed = rule_set(vec![Rule { action: Action::Deny, ..any }], Action::Allow, universe.clone());
        assert!(closed.allows().at_most.is_empty());
        assert!(rule_set(Vec::new(), Action::Deny, universe).allows().at_most.is_empty());
    }
}

#[test]
fn what_a_rule_allows_outside_the_universe_is_allowed_whatever_the_default() {
    let outside = Match { peer: Constraint::only(PeerSet::all_names()).unwrap(), ..Match::ANY };
    let names = PacketSet::product(None, &PeerSet::all_names(), &TransportSet::full(), &true);
    for default in [Action::Allow, Action::Deny] {
        let set = rule_set(
            vec![rule(outside.clone(), Action::Allow, true)],
            default,
            PeerSet::from(AddrSet::all_v4()),
        );
        assert!(names.is_subset(&set.allows().at_least), "{default:?}");
    }
}
