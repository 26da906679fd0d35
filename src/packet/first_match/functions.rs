//! Functions over the services, each with a number: equal functions have equal numbers.
//!
//! The axis of services has 24 bits. A function that changes at few places is *flat*, a list of places and values. One
//! that changes at more places is *split* in the middle of the axis, each half of that again, and so on. What a split
//! has in common with another function is the same node, so a change at one place makes a dozen new nodes, and joining two
//! functions ends where they share a node.

use super::super::fingerprint::fingerprint;
use super::super::overlay::{Limit, TooLarge};
use super::super::steps::Steps;
use super::super::transport::TransportSet;
use super::table::Table;

/// The set of no service. As a value: not a member.
pub(super) const EMPTY: u32 = 0;
/// The set of all services. As a value: a member.
pub(super) const FULL: u32 = 1;
/// The level where no rule matches.
// INVARIANT: odd, so nothing passes, and above all other levels.
const NO_LEVEL: u32 = NODES - 1;
/// The first number of a function that is no constant; a constant is its value.
const NODES: u32 = 1 << 29;
/// The most places at which a flat function changes.
const FLAT: usize = 24;
/// How many rules are joined at once.
const AT_ONCE: usize = 32;
/// The bits of the axis.
const BITS: u32 = 24;

/// How two functions are joined, place by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// Of sets: what is in either.
    Or,
    /// Of sets: what is in the first and not in the second.
    Without,
    /// Of levels: the lower one.
    First,
    /// Of a set and a level: that level for the members.
    Level,
    /// Of levels: the set of what passes there. The second is not looked at.
    Passes,
}

impl Join {
    fn values(self, a: u32, b: u32) -> u32 {
        match self {
            Self::Or => a | b,
            Self::Without => a & !b & 1,
            Self::First => a.min(b),
            Self::Level if a == FULL => b,
            Self::Level => NO_LEVEL,
            Self::Passes => u32::from(a.is_multiple_of(2)),
        }
    }

    /// The answer where it can be told from the numbers.
    fn at_once(self, a: u32, b: u32) -> Option<u32> {
        match self {
            Self::Or | Self::First if a == b => Some(a),
            Self::Without if a == b || a == EMPTY || b == FULL => Some(EMPTY),
            Self::Or if a == EMPTY => Some(b),
            Self::Or | Self::Without if b == EMPTY => Some(a),
            Self::Or if a == FULL || b == FULL => Some(FULL),
            Self::First if a == NO_LEVEL => Some(b),
            Self::First if b == NO_LEVEL => Some(a),
            Self::First if a == 0 || b == 0 => Some(0),
            Self::Passes if a < NODES => Some(self.values(a, b)),
            _ if a < NODES && b < NODES => Some(self.values(a, b)),
            _ => None,
        }
    }

    fn commutes(self) -> bool {
        matches!(self, Self::Or | Self::First)
    }

    fn key(self, a: u32, b: u32) -> u64 {
        let which = match self {
            Self::Or => 0,
            Self::Without => 1,
            Self::First => 2,
            Self::Level => 3,
            Self::Passes => 4,
        };
        (which << 60) | (u64::from(a) << 30) | u64::from(b)
    }
}

/// A stretch of the axis: its first place and how many bits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Stretch {
    first: u32,
    bits: u32,
}

impl Stretch {
    const AXIS: Self = Self { first: 0, bits: BITS };

    fn halves(self) -> (Self, Self) {
        let bits = self.bits.saturating_sub(1);
        let middle = self.first | 1_u32.checked_shl(bits).unwrap_or(0);
        (Self { first: self.first, bits }, Self { first: middle, bits })
    }
}

/// From which place on a function has which value.
type Place = (u32, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    /// The places from `from` up to `until`. The bits of its stretch belong to it: the same places on a shorter stretch
    /// are another function.
    // INVARIANT: two places to `FLAT`, the first one the first of the stretch; neighbours differ in value.
    Flat { from: usize, until: usize, bits: u32 },
    /// Both halves.
    // INVARIANT: together they change at more than `FLAT` places.
    Split(u32, u32),
}

/// The functions that were met.
#[derive(Debug)]
pub(super) struct Functions {
    nodes: Vec<Node>,
    places: Vec<Place>,
    /// Nodes by their fingerprints.
    known: Table,
    /// Answers by what was asked.
    joined: Table,
    limit: Limit,
    kept: usize,
}

impl Functions {
    pub(super) fn new(limit: Limit) -> Self {
        let (nodes, places) = (Vec::new(), Vec::new());
        Self { nodes, places, known: Table::default(), joined: Table::default(), limit, kept: 0 }
    }

    /// The number of a set.
    pub(super) fn of_set(&mut self, services: &TransportSet) -> u32 {
        let mut places: Vec<Place> = Vec::with_capacity(services.cuts().len().saturating_add(1));
        if services.cuts().first().is_none_or(|(first, _)| *first > 0) {
            places.push((0, EMPTY));
        }
        places.extend(services.cuts().iter().map(|(first, member)| (*first, u32::from(*member))));
        self.of_places(&places, Stretch::AXIS)
    }

    /// The set of a number; nothing of it beyond the limit.
    pub(super) fn set(&mut self, number: u32) -> TransportSet {
        let mut places = Vec::new();
        let mut rest = vec![(number, Stretch::AXIS)];
        while let Some((number, stretch)) = rest.pop() {
            match self.node(number) {
                None => places.push((stretch.first, number == FULL)),
                Some(Node::Flat { from, until, .. }) => {
                    let flat = self.places.get(from..until).unwrap_or_default();
                    places.extend(flat.iter().map(|(first, member)| (*first, *member == FULL)));
                }
                Some(Node::Split(left, right)) => {
                    let (first, second) = stretch.halves();
                    rest.extend([(right, second), (left, first)]);
                }
            }
        }
        if self.keep(places.len()) { Steps::from_cuts(places) } else { TransportSet::default() }
    }

    /// Two functions joined.
    pub(super) fn join(&mut self, join: Join, a: u32, b: u32) -> u32 {
        self.join_on(join, a, b, Stretch::AXIS)
    }

    /// The level that decides each service among some rules, given as their levels and services.
    pub(super) fn levels(&mut self, rules: &[(u32, u32)]) -> u32 {
        let is_split = |(_, services): &(u32, u32)| matches!(self.node(*services), Some(Node::Split(..)));
        match rules {
            // Few of few places are joined without a number for each step.
            _ if rules.len() <= AT_ONCE && !rules.iter().any(is_split) => {
                let places = self.levels_at_once(rules);
                self.of_places(&places, Stretch::AXIS)
            }
            [(level, services)] => self.join(Join::Level, *services, *level),
            _ => {
                let (left, right) = rules.split_at_checked(rules.len() / 2).unwrap_or((rules, &[]));
                let (left, right) = (self.levels(left), self.levels(right));
                self.join(Join::First, left, right)
            }
        }
    }

    fn levels_at_once(&self, rules: &[(u32, u32)]) -> Vec<Place> {
        match rules {
            [] => vec![(0, NO_LEVEL)],
            [(level, services)] => self.flat_joined(Join::Level, *services, *level, Stretch::AXIS),
            _ => {
                let (left, right) = rules.split_at_checked(rules.len() / 2).unwrap_or((rules, &[]));
                joined(Join::First, &self.levels_at_once(left), &self.levels_at_once(right))
            }
        }
    }

    /// The error that the functions of so many peers are too large, when they are.
    pub(super) fn too_large(&self, peers: usize) -> Option<TooLarge> {
        let is_large = self.kept > self.limit.cuts();
        is_large.then(|| {
            let mut places: Vec<u32> = self.places.iter().map(|(place, _)| *place).collect();
            places.sort_unstable();
            places.dedup();
            TooLarge { peers, services: places.len(), limit: self.limit.cuts() }
        })
    }

    /// Reports whether there is still room, and takes it.
    fn keep(&mut self, cuts: usize) -> bool {
        self.kept = self.kept.saturating_add(cuts);
        self.kept <= self.limit.cuts()
    }

    fn node(&self, number: u32) -> Option<Node> {
        let index = usize::try_from(number.checked_sub(NODES)?).ok()?;
        self.nodes.get(index).copied()
    }

    fn join_on(&mut self, join: Join, a: u32, b: u32, stretch: Stretch) -> u32 {
        if let Some(answer) = join.at_once(a, b) {
            return answer;
        }
        let (a, b) = if join.commutes() && b < a { (b, a) } else { (a, b) };
        let key = join.key(a, b);
        if let Some(answer) = self.joined.find(key, |_| true) {
            return answer;
        }
        // Beyond the limit every answer is thrown away.
        if !self.keep(2) {
            return EMPTY;
        }
        let answer = match (self.node(a), self.node(b)) {
            (Some(Node::Split(..)), _) | (_, Some(Node::Split(..))) => {
                let (left, right) = stretch.halves();
                let ((a_left, a_right), (b_left, b_right)) =
                    (self.halves(a, stretch), self.halves(b, stretch));
                let left = self.join_on(join, a_left, b_left, left);
                let right = self.join_on(join, a_right, b_right, right);
                self.of_halves(left, right, stretch)
            }
            (Some(Node::Flat { .. }) | None, Some(Node::Flat { .. }) | None) => {
                let places = self.flat_joined(join, a, b, stretch);
                self.of_places(&places, stretch)
            }
        };
        self.joined.insert(key, answer);
        answer
    }

    /// The places of a function that is flat or constant.
    fn flat<'a>(&'a self, number: u32, constant: &'a mut [Place; 1], stretch: Stretch) -> &'a [Place] {
        match self.node(number) {
            Some(Node::Flat { from, until, .. }) => self.places.get(from..until).unwrap_or_default(),
            Some(Node::Split(..)) | None => {
                *constant = [(stretch.first, number)];
                constant
            }
        }
    }

    fn flat_joined(&self, join: Join, a: u32, b: u32, stretch: Stretch) -> Vec<Place> {
        let (mut one, mut other) = ([(0, 0)], [(0, 0)]);
        joined(join, self.flat(a, &mut one, stretch), self.flat(b, &mut other, stretch))
    }

    /// Both halves of a function.
    fn halves(&mut self, number: u32, stretch: Stretch) -> (u32, u32) {
        match self.node(number) {
            None => (number, number),
            Some(Node::Split(left, right)) => (left, right),
            Some(Node::Flat { from, until, .. }) => {
                let places = self.places.get(from..until).unwrap_or_default().to_vec();
                self.split(&places, stretch)
            }
        }
    }

    fn split(&mut self, places: &[Place], stretch: Stretch) -> (u32, u32) {
        let (first, second) = stretch.halves();
        let middle = places.partition_point(|(place, _)| *place < second.first);
        let (left, right) = places.split_at_checked(middle).unwrap_or((places, &[]));
        let mut rest = Vec::with_capacity(right.len().saturating_add(1));
        if right.first().is_none_or(|(place, _)| *place > second.first) {
            rest.extend(left.last().map(|(_, value)| (second.first, *value)));
        }
        rest.extend_from_slice(right);
        (self.of_places(left, first), self.of_places(&rest, second))
    }

    /// The number of the function with these places.
    fn of_places(&mut self, places: &[Place], stretch: Stretch) -> u32 {
        match places {
            [] => EMPTY,
            [(_, value)] => *value,
            _ if places.len() <= FLAT => self.of_flat(places, stretch),
            _ => {
                let (left, right) = self.split(places, stretch);
                self.of_node(fingerprint(&(left, right)), Node::Split(left, right))
            }
        }
    }

    fn of_flat(&mut self, places: &[Place], stretch: Stretch) -> u32 {
        let print = fingerprint(&(stretch.bits, places));
        let is_it = |number: u32| match self.node(number) {
            Some(Node::Flat { from, until, bits }) => {
                bits == stretch.bits && self.places.get(from..until).is_some_and(|there| there == places)
            }
            Some(Node::Split(..)) | None => false,
        };
        if let Some(known) = self.known.find(print, is_it) {
            return known;
        }
        let from = self.places.len();
        self.keep(places.len());
        self.places.extend_from_slice(places);
        self.add(print, Node::Flat { from, until: self.places.len(), bits: stretch.bits })
    }

    /// The number of the function with these halves.
    fn of_halves(&mut self, left: u32, right: u32, stretch: Stretch) -> u32 {
        let is_split = |number: u32| matches!(self.node(number), Some(Node::Split(..)));
        if !is_split(left) && !is_split(right) {
            let (first, second) = stretch.halves();
            let (mut one, mut other) = ([(0, 0)], [(0, 0)]);
            let (a, b) = (self.flat(left, &mut one, first), self.flat(right, &mut other, second));
            let goes_on = a.last().zip(b.first()).is_some_and(|((_, a), (_, b))| a == b);
            let b = b.get(usize::from(goes_on)..).unwrap_or_default();
            if a.len().saturating_add(b.len()) <= FLAT {
                let places = [a, b].concat();
                return self.of_places(&places, stretch);
            }
        }
        self.of_node(fingerprint(&(left, right)), Node::Split(left, right))
    }

    fn of_node(&mut self, print: u64, node: Node) -> u32 {
        let known = self.known.find(print, |number| self.node(number) == Some(node));
        known.unwrap_or_else(|| self.add(print, node))
    }

    fn add(&mut self, print: u64, node: Node) -> u32 {
        self.keep(3);
        let number = u32::try_from(self.nodes.len()).ok().and_then(|index| NODES.checked_add(index));
        let number = number.filter(|number| *number < 2 * NODES).unwrap_or(EMPTY);
        self.nodes.push(node);
        self.known.insert(print, number);
        number
    }
}

/// Two functions of a stretch joined, all of them as places.
fn joined(join: Join, left: &[Place], right: &[Place]) -> Vec<Place> {
    let mut joined: Vec<Place> = Vec::with_capacity(left.len().saturating_add(right.len()));
    let (mut left, mut right) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    let (mut v, mut w) = (0, 0);
    loop {
        let place = match (left.peek(), right.peek()) {
            (None, None) => return joined,
            (Some((place, _)), None) | (None, Some((place, _))) => *place,
            (Some((a, _)), Some((b, _))) => *a.min(b),
        };
        v = left.next_if(|(at, _)| *at == place).map_or(v, |(_, value)| value);
        w = right.next_if(|(at, _)| *at == place).map_or(w, |(_, value)| value);
        let value = join.values(v, w);
        if joined.last().is_none_or(|(_, last)| *last != value) {
            joined.push((place, value));
        }
    }
}
