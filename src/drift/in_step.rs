//! Which entries of two lists are the same at about the same place, found by going along both.

/// How far ahead a counterpart is looked for.
const LOOK_AHEAD: usize = 4;
/// How many entries in a row may have none there.
const MOST_MISSED: usize = 256;

/// The pairs of two lists, and the places of what is left of either.
#[derive(Debug, Default)]
pub(super) struct InStep {
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) old_rest: Vec<usize>,
    pub(super) new_rest: Vec<usize>,
}

/// Goes along two lists of these lengths, with a short look ahead where they differ. Lists that are seldom alike are soon
/// left to a search that does not ask for their order.
pub(super) fn in_step(old: usize, new: usize, alike: impl Fn(usize, usize) -> bool) -> InStep {
    let mut found = InStep { pairs: Vec::with_capacity(old.min(new)), ..InStep::default() };
    let (mut old_at, mut new_at, mut missed) = (0_usize, 0_usize, 0_usize);
    let alike = |a: usize, b: usize| a < old && b < new && alike(a, b);
    while missed < MOST_MISSED && old_at < old && new_at < new {
        if alike(old_at, new_at) {
            found.pairs.push((old_at, new_at));
            (old_at, new_at, missed) = (old_at + 1, new_at + 1, 0);
            continue;
        }
        missed += 1;
        let ahead = (1..=LOOK_AHEAD).find_map(|far| {
            let ways = [(far, 0), (0, far), (far, far)];
            ways.into_iter().find(|(a, b)| alike(old_at + a, new_at + b))
        });
        let (skip_old, skip_new) = ahead.unwrap_or((1, 1));
        found.old_rest.extend(old_at..old_at + skip_old);
        found.new_rest.extend(new_at..new_at + skip_new);
        (old_at, new_at) = (old_at + skip_old, new_at + skip_new);
    }
    found.old_rest.extend(old_at..old);
    found.new_rest.extend(new_at..new);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_in_one_pair_or_left() {
        let old: Vec<u32> = (0..2_000).collect();
        let mut new = old.clone();
        new.remove(100);
        new.insert(50, 9_000);
        new.splice(700..703, [1, 2, 3, 4]);
        for new in [new, old.iter().rev().copied().collect()] {
            let found = in_step(old.len(), new.len(), |a, b| old[a] == new[b]);
            assert!(found.pairs.iter().all(|(a, b)| old[*a] == new[*b]));
            let mut of_old: Vec<usize> = found.pairs.iter().map(|(a, _)| *a).chain(found.old_rest).collect();
            let mut of_new: Vec<usize> = found.pairs.iter().map(|(_, b)| *b).chain(found.new_rest).collect();
            of_old.sort_unstable();
            of_new.sort_unstable();
            assert_eq!(of_old, (0..old.len()).collect::<Vec<_>>());
            assert_eq!(of_new, (0..new.len()).collect::<Vec<_>>());
        }
    }
}
