//! What holds for a scope that a policy has no rule set for.
//!
//! An instance of a network that no rule targets by its tag still has the rules for all instances of that network, so
//! a scope that one file speaks about and another does not is not simply without rules there.

use super::{Direction, Policy, RuleSet, Scope};
use std::collections::BTreeMap;

/// The rule sets that hold where a scope has none of its own, under keys that the scopes of one kind of file share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absent {
    /// The keys under which each scope of this policy would be looked up in another one, the nearest first.
    keys: BTreeMap<Scope, Vec<String>>,
    /// What holds for a scope of another policy that has such a key and no rule set here.
    sets: BTreeMap<(String, Direction), RuleSet>,
}

impl Absent {
    /// Says under which keys a scope is looked up in a policy that has no rule set for it, the nearest first.
    pub fn look_up(&mut self, scope: Scope, keys: Vec<String>) {
        self.keys.insert(scope, keys);
    }

    /// Says what holds here for scopes with that key. The direction is that of the rule set.
    pub fn hold(&mut self, key: String, set: RuleSet) {
        self.sets.insert((key, set.scope.direction), set);
    }

    /// Adds what another policy says.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        for (key, set) in other.sets {
            self.sets.entry(key).or_insert(set);
        }
    }
}

impl Policy {
    /// The rule set of this policy that holds for a scope of another one, when this one has none for it. `None` where
    /// nothing does, so that nothing is allowed.
    pub fn stand_in(&self, other: &Self, scope: &Scope) -> Option<&RuleSet> {
        let keys = other.absent.keys.get(scope)?;
        keys.iter().find_map(|key| self.absent.sets.get(&(key.clone(), scope.direction)))
    }

    /// Reports whether this policy says by its nearest key what holds for a scope of another one: it knows what the
    /// scope belongs to, so the scope is not one of its own under another name.
    pub(super) fn knows(&self, other: &Self, scope: &Scope) -> bool {
        let nearest = other.absent.keys.get(scope).and_then(|keys| keys.first());
        nearest.is_some_and(|key| self.absent.sets.contains_key(&(key.clone(), scope.direction)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::PeerSet;
    use crate::policy::{Action, Subject, pair_scopes};

    fn set(name: &str) -> RuleSet {
        RuleSet {
            scope: Scope { name: name.to_owned(), direction: Direction::Egress },
            subject: Subject::Host,
            universe: PeerSet::all_addrs(),
            rules: Vec::new(),
            default: Action::Deny,
        }
    }

    fn policy(scopes: &[&str], network: &str) -> Policy {
        let mut policy = Policy::new(scopes.iter().map(|name| set(name)).collect());
        for name in scopes {
            policy.absent.look_up(set(name).scope, vec![network.to_owned(), "all".to_owned()]);
        }
        policy.absent.hold(network.to_owned(), set(&format!("all of {network}")));
        policy.absent.hold("all".to_owned(), set("anything"));
        policy
    }

    #[test]
    fn the_nearest_key_decides_and_a_stranger_finds_nothing() {
        let (one, other) = (policy(&["a"], "n"), policy(&["b"], "m"));
        let name = |policy: &Policy, from: &Policy, scope: &str| {
            policy.stand_in(from, &set(scope).scope).map(|set| set.scope.name.clone())
        };
        assert_eq!(name(&policy(&[], "n"), &one, "a").as_deref(), Some("all of n"));
        assert_eq!(name(&other, &one, "a").as_deref(), Some("anything"));
        assert_eq!(name(&Policy::new(vec![set("x")]), &one, "a"), None);
        assert_eq!(name(&one, &Policy::new(vec![set("x")]), "x"), None);
    }

    #[test]
    fn scopes_that_the_other_side_would_know_are_not_taken_for_each_other() {
        let paired = |old: &Policy, new: &Policy| {
            pair_scopes(old, new).iter().filter(|pair| pair.old.is_some() && pair.new.is_some()).count()
        };
        assert_eq!(paired(&policy(&["a"], "n"), &policy(&["b"], "n")), 0);
        assert_eq!(paired(&policy(&["a"], "n"), &policy(&["b"], "m")), 1, "names of networks may differ");
        assert_eq!(paired(&policy(&["a"], "n"), &policy(&["a"], "n")), 1);
    }
}
