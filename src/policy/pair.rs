//! Which scope of one policy is compared with which scope of another.

use super::{Direction, Policy, RuleSet};

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
    let mut new_left: Vec<&RuleSet> = new.sets.iter().collect();
    let mut old_left: Vec<&RuleSet> = Vec::new();
    for old in &old.sets {
        match new_left.iter().position(|new| new.scope == old.scope) {
            Some(at) => pairs.push(Pair { old: Some(old), new: Some(new_left.remove(at)) }),
            None => old_left.push(old),
        }
    }
    for direction in [Direction::Egress, Direction::Ingress] {
        let of = |sets: &[&RuleSet]| sets.iter().filter(|set| set.scope.direction == direction).count();
        if of(&old_left) == 1 && of(&new_left) == 1 {
            let take = |sets: &mut Vec<&'a RuleSet>| {
                let at = sets.iter().position(|set| set.scope.direction == direction);
                at.map(|at| sets.remove(at))
            };
            pairs.push(Pair { old: take(&mut old_left), new: take(&mut new_left) });
        }
    }
    pairs.extend(old_left.into_iter().map(|old| Pair { old: Some(old), new: None }));
    pairs.extend(new_left.into_iter().map(|new| Pair { old: None, new: Some(new) }));
    pairs
}
