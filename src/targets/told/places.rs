//! Numbers that rules keep when other rules come and go: priorities, and ids.
//!
//! Each stands once. Were rules counted through, one more would change the numbers of all that follow it, and Azure refuses
//! a rule whose priority another one still has. So a rule's name says which number it has, and only rules that would have
//! the same one give way.

use crate::syntax::digest::sha256;
use std::collections::BTreeSet;

/// A number for each name, from `first` to `last`, each once. None when there are fewer numbers than names.
pub(in crate::targets) fn places(names: &[&str], first: u32, last: u32) -> Option<Vec<u32>> {
    let count = last.checked_sub(first)?.checked_add(1)?;
    if names.len() > usize::try_from(count).ok()? {
        return None;
    }
    let mut order: Vec<(&str, usize)> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    order.sort_unstable();
    let mut taken = BTreeSet::new();
    let mut found: Vec<(usize, u32)> = Vec::new();
    for (name, at) in order {
        let start = place(name) % count;
        // There is room for all, so one of the places is free.
        let free = (0..count).map(|step| (start + step) % count).find(|place| !taken.contains(place))?;
        taken.insert(free);
        found.push((at, first + free));
    }
    found.sort_unstable();
    Some(found.into_iter().map(|(_, priority)| priority).collect())
}

/// A number that depends on nothing but the name.
fn place(name: &str) -> u32 {
    let digest = sha256(name);
    u32::from_str_radix(digest.get(..7).unwrap_or_default(), 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("rule-{number}")).collect()
    }

    fn of(names: &[String], first: u32, last: u32) -> Option<Vec<u32>> {
        places(&names.iter().map(String::as_str).collect::<Vec<_>>(), first, last)
    }

    #[test]
    fn every_rule_gets_a_number_of_its_own_within_the_range() {
        let all = of(&names(300), 100, 399).unwrap();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 300);
        assert!(all.iter().all(|priority| (100..=399).contains(priority)));
        assert_eq!(of(&names(301), 100, 399), None);
        assert_eq!(of(&names(1), 200, 100), None);
    }

    #[test]
    fn one_rule_more_leaves_nearly_all_others_where_they_are() {
        let (before, after) = (of(&names(100), 100, 4095).unwrap(), of(&names(101), 100, 4095).unwrap());
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!(moved <= 1, "{moved} rules moved");
    }
}
