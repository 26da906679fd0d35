//! Rules that a wider rule makes needless: it takes them up, with their reasons.

use crate::packet::Prefix;
use std::collections::BTreeMap;

/// A rule that allows, as its target is about to write it.
pub(in crate::targets) trait Allowing {
    /// Each block that it names, all of its peers if it names blocks only. None when it has peers of another kind, or
    /// every peer.
    fn blocks(&self) -> Option<Vec<Prefix>>;

    /// Reports whether everything that the other one allows is allowed by this one too.
    fn covers(&self, other: &Self) -> bool;

    /// Takes up the reasons of another one.
    fn take(&mut self, other: Self);
}

/// The rules that are left, in their order, when each one that another covers alone is taken up by that one.
pub(in crate::targets) fn absorb<R: Allowing>(rules: Vec<R>) -> Vec<R> {
    let index = Index::new(&rules);
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, rule) in rules.iter().enumerate() {
        let covers = |other: &usize| {
            *other != number
                && !taken.contains_key(other)
                && rules.get(*other).is_some_and(|other| other.covers(rule))
        };
        if let Some(by) = index.candidates(number).into_iter().find(covers) {
            taken.insert(number, by);
        }
    }
    if taken.is_empty() {
        return rules;
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
// INVARIANT: blocks are sorted, so that one that holds another stands before it, and each knows the nearest one before it
// that holds it.
struct Index {
    blocks: Vec<Named>,
    /// Where the first block of each rule stands, if it names blocks only.
    first: Vec<Option<usize>>,
    others: Vec<usize>,
}

/// A block, and the rule that names it.
struct Named {
    block: Prefix,
    number: usize,
    /// The place of the nearest block that holds this one.
    holder: Option<usize>,
}

impl Index {
    fn new<R: Allowing>(rules: &[R]) -> Self {
        let (mut blocks, mut others, mut first) = (Vec::new(), Vec::new(), vec![None; rules.len()]);
        let mut sorted: Vec<(Prefix, usize, bool)> = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            match rule.blocks() {
                None => others.push(number),
                Some(named) => {
                    sorted.extend(named.into_iter().enumerate().map(|(at, block)| (block, number, at == 0)));
                }
            }
        }
        sorted.sort_unstable();
        let mut holder: Option<usize> = None;
        for (at, (block, number, is_first)) in sorted.into_iter().enumerate() {
            let holds = |at: &usize| blocks.get(*at).is_some_and(|named: &Named| named.block.contains(block));
            while let Some(open) = holder.filter(|open| !holds(open)) {
                holder = blocks.get(open).and_then(|named| named.holder);
            }
            blocks.push(Named { block, number, holder });
            if let Some(place) = first.get_mut(number).filter(|_| is_first) {
                *place = Some(at);
            }
            holder = Some(at);
        }
        Self { blocks, first, others }
    }

    /// The rules that hold the first block of one, and those whose peers are more than blocks; in order.
    fn candidates(&self, number: usize) -> Vec<usize> {
        let mut found = self.others.clone();
        if let Some(own) = self.first.get(number).copied().flatten() {
            let mut holder = Some(own);
            while let Some(named) = holder.and_then(|at| self.blocks.get(at)) {
                found.push(named.number);
                holder = named.holder;
            }
            let block = self.blocks.get(own).map(|named| named.block);
            let behind = self.blocks.iter().skip(own).skip(1);
            found.extend(behind.take_while(|named| Some(named.block) == block).map(|named| named.number));
        }
        found.sort_unstable();
        found.dedup();
        found
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
