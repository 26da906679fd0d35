//! Rules that a wider rule makes needless: it takes them up, with their reasons.

use crate::packet::Prefix;
use std::collections::{BTreeMap, BTreeSet};

/// A rule that allows, as its target is about to write it.
pub(super) trait Allowing {
    /// Each block that it names, all of its peers if it names blocks only. None when it has peers of another kind, or
    /// every peer.
    fn blocks(&self) -> Option<Vec<Prefix>>;

    /// Reports whether everything that the other one allows is allowed by this one too.
    fn covers(&self, other: &Self) -> bool;

    /// Takes up the reasons of another one.
    fn take(&mut self, other: Self);
}

/// The rules that are left, in their order, when each one that another covers alone is taken up by that one.
pub(super) fn absorb<R: Allowing>(rules: Vec<R>) -> Vec<R> {
    let index = Index::new(&rules);
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, rule) in rules.iter().enumerate() {
        let covers = |other: &usize| {
            *other != number
                && !taken.contains_key(other)
                && rules.get(*other).is_some_and(|other| other.covers(rule))
        };
        if let Some(by) = index.candidates(rule).into_iter().find(covers) {
            taken.insert(number, by);
        }
    }
    let (left, rest): (Vec<_>, Vec<_>) =
        rules.into_iter().enumerate().partition(|(number, _)| !taken.contains_key(number));
    let mut left: BTreeMap<usize, R> = left.into_iter().collect();
    for (number, rule) in rest {
        // What took it may have been taken up later.
        let mut by = number;
        while let Some(next) = taken.get(&by) {
            by = *next;
        }
        if let Some(wider) = left.get_mut(&by) {
            wider.take(rule);
        }
    }
    left.into_values().collect()
}

/// The rules by what they name, so that one finds those that may cover it without a look at all of them.
struct Index {
    blocks: BTreeMap<Prefix, Vec<usize>>,
    /// The lengths that blocks have, mostly a few.
    lengths: BTreeSet<u8>,
    others: Vec<usize>,
}

impl Index {
    fn new<R: Allowing>(rules: &[R]) -> Self {
        let mut index = Self { blocks: BTreeMap::new(), lengths: BTreeSet::new(), others: Vec::new() };
        for (number, rule) in rules.iter().enumerate() {
            match rule.blocks() {
                None => index.others.push(number),
                Some(blocks) => {
                    for block in blocks {
                        index.blocks.entry(block).or_default().push(number);
                        index.lengths.insert(block.len());
                    }
                }
            }
        }
        index
    }

    /// The rules that hold the first block of one, and those whose peers are more than blocks.
    fn candidates<R: Allowing>(&self, rule: &R) -> BTreeSet<usize> {
        let first = rule.blocks().and_then(|blocks| blocks.first().copied());
        let lengths = |block: Prefix| self.lengths.range(..=block.len()).map(move |len| (block, *len));
        let holders = first.into_iter().flat_map(lengths);
        let holders = holders.filter_map(|(block, len)| Prefix::containing(block.addr(), len));
        let named = holders.filter_map(|block| self.blocks.get(&block)).flatten();
        named.chain(&self.others).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block, the first and last port, and who asks.
    #[derive(Debug, PartialEq)]
    struct Line(Option<Prefix>, u16, u16, Vec<u8>);

    impl Allowing for Line {
        fn blocks(&self) -> Option<Vec<Prefix>> {
            self.0.map(|block| vec![block])
        }

        fn covers(&self, other: &Self) -> bool {
            let held = match (self.0, other.0) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(other)) => own.contains(other),
            };
            held && self.1 <= other.1 && other.2 <= self.2
        }

        fn take(&mut self, other: Self) {
            self.3.extend(other.3);
        }
    }

    fn line(block: &str, first: u16, last: u16, who: u8) -> Line {
        Line(block.parse().ok(), first, last, vec![who])
    }

    fn left(lines: Vec<Line>) -> Vec<Line> {
        let mut left = absorb(lines);
        for line in &mut left {
            line.3.sort_unstable();
        }
        left
    }

    #[test]
    fn a_line_that_one_other_covers_is_taken_up_with_its_reasons() {
        let lines = vec![
            line("192.0.2.7/32", 443, 443, 1),
            line("192.0.2.0/24", 443, 443, 2),
            line("192.0.0.0/16", 1, 1024, 3),
            line("192.0.2.9/32", 8443, 8443, 4),
        ];
        let wide = Line("192.0.0.0/16".parse().ok(), 1, 1024, vec![1, 2, 3]);
        assert_eq!(left(lines), [wide, line("192.0.2.9/32", 8443, 8443, 4)]);
    }

    #[test]
    fn lines_that_cover_each_other_leave_one() {
        let lines = vec![line("any", 1, 2, 1), line("any", 1, 2, 2), line("2001:db8::/32", 2, 2, 3)];
        assert_eq!(left(lines), [Line(None, 1, 2, vec![1, 2, 3])]);
    }

    #[test]
    fn a_line_that_only_several_cover_together_stays() {
        let lines = vec![
            line("192.0.2.0/25", 1, 1, 1),
            line("192.0.2.128/25", 1, 1, 2),
            line("192.0.2.0/24", 1, 1, 3),
        ];
        assert_eq!(left(lines).len(), 1, "two halves are both within the whole");
        let lines =
            vec![line("192.0.2.0/24", 1, 5, 1), line("192.0.2.0/24", 6, 9, 2), line("192.0.2.0/24", 4, 7, 3)];
        assert_eq!(left(lines).len(), 3);
    }
}
