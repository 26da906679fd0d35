//! Which scope of one policy is compared with which scope of another.

use super::{Direction, Policy, RuleSet, Scope};
use std::collections::{BTreeMap, VecDeque};

/// Two rule sets to compare. A side without a counterpart is compared with nothing allowed.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The rule set of the first policy.
    pub old: Option<&'a RuleSet>,
    /// The rule set of the second policy.
    pub new: Option<&'a RuleSet>,
}

/// Pairs scopes by name and direction, then a single leftover on each side per direction.
pub fn pair_scopes<'a>(old: &'a Policy, new: &'a Policy) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    // A scope may stand twice in a policy; each is paired once, in order.
    let mut new_by_scope: BTreeMap<&Scope, VecDeque<&RuleSet>> = BTreeMap::new();
    for new in &new.sets {
        new_by_scope.entry(&new.scope).or_default().push_back(new);
    }
    let mut old_left: Vec<&RuleSet> = Vec::new();
    for old in &old.sets {
        match new_by_scope.get_mut(&old.scope).and_then(VecDeque::pop_front) {
            Some(new) => pairs.push(Pair { old: Some(old), new: Some(new) }),
            None => old_left.push(old),
        }
    }
    let mut new_left: Vec<&RuleSet> = new_by_scope.into_values().flatten().collect();
    for direction in [Direction::Egress, Direction::Ingress] {
        if let (Some(old), Some(new)) = (only(&old_left, direction), only(&new_left, direction)) {
            pairs.push(Pair { old: Some(old), new: Some(new) });
            old_left.retain(|set| set.scope.direction != direction);
            new_left.retain(|set| set.scope.direction != direction);
        }
    }
    pairs.extend(old_left.into_iter().map(|old| Pair { old: Some(old), new: None }));
    pairs.extend(new_left.into_iter().map(|new| Pair { old: None, new: Some(new) }));
    pairs
}

/// The rule set of a direction, when there is just one.
fn only<'a>(sets: &[&'a RuleSet], direction: Direction) -> Option<&'a RuleSet> {
    let mut of_direction = sets.iter().filter(|set| set.scope.direction == direction);
    let first = of_direction.next()?;
    of_direction.next().is_none().then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::PeerSet;
    use crate::policy::{Action, Subject};

    fn policy(scopes: &[(&str, Direction)]) -> Policy {
        let set = |(name, direction): &(&str, Direction)| RuleSet {
            scope: Scope { name: (*name).to_owned(), direction: *direction },
            subject: Subject::Host,
            universe: PeerSet::all_addrs(),
            rules: Vec::new(),
            default: Action::Deny,
        };
        Policy::new(scopes.iter().map(set).collect())
    }

    fn names(old: &Policy, new: &Policy) -> Vec<(String, String)> {
        let name = |set: Option<&RuleSet>| set.map_or_else(String::new, |set| set.scope.name.clone());
        pair_scopes(old, new).into_iter().map(|pair| (name(pair.old), name(pair.new))).collect()
    }

    fn expect(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    }

    const OUT: Direction = Direction::Egress;
    const IN: Direction = Direction::Ingress;

    #[test]
    fn names_pair_before_leftovers() {
        let old = policy(&[("a", OUT), ("b", OUT), ("c", IN)]);
        let new = policy(&[("b", OUT), ("x", OUT), ("y", IN)]);
        assert_eq!(names(&old, &new), expect(&[("b", "b"), ("a", "x"), ("c", "y")]));
    }

    #[test]
    fn two_leftovers_of_a_direction_stay_alone() {
        let old = policy(&[("a", OUT), ("b", OUT)]);
        let new = policy(&[("x", OUT)]);
        assert_eq!(names(&old, &new), expect(&[("a", ""), ("b", ""), ("", "x")]));
    }

    #[test]
    fn directions_never_pair() {
        assert_eq!(names(&policy(&[("a", OUT)]), &policy(&[("a", IN)])), expect(&[("a", ""), ("", "a")]));
    }

    #[test]
    fn a_scope_that_stands_twice_is_compared_twice() {
        let (one, two) = (policy(&[("a", OUT)]), policy(&[("a", OUT), ("a", OUT)]));
        assert_eq!(names(&one, &two), expect(&[("a", "a"), ("", "a")]));
        assert_eq!(names(&two, &one), expect(&[("a", "a"), ("a", "")]));
        assert_eq!(names(&two, &two), expect(&[("a", "a"), ("a", "a")]));
    }
}
