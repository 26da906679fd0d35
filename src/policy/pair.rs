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

/// Pairs scopes by name and direction, then what is left in a direction, see [`pair_scopes_as`].
pub fn pair_scopes<'a>(old: &'a Policy, new: &'a Policy) -> Vec<Pair<'a>> {
    pair_scopes_as(old, new, &[])
}

/// Pairs scopes as `names` says (old name, new name), then by name and direction, then those that are left.
///
/// What is left in a direction is paired where it is clear which belong together: when either side has one scope left
/// that can be meant. That is its only one or, among several, the only one that is the host's own: a host sends
/// through `filter/OUTPUT` what it sends itself, and through `filter/FORWARD` what others do.
pub fn pair_scopes_as<'a>(old: &'a Policy, new: &'a Policy, names: &[(String, String)]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let mut old_left: Vec<&RuleSet> = old.sets.iter().collect();
    // A scope may stand twice in a policy; each is paired once, in order.
    let mut new_by_scope: BTreeMap<&Scope, VecDeque<&RuleSet>> = BTreeMap::new();
    for new in &new.sets {
        new_by_scope.entry(&new.scope).or_default().push_back(new);
    }
    let as_named = |old: &RuleSet| {
        let (_, to) = names.iter().find(|(from, _)| *from == old.scope.name)?;
        Some(Scope { name: to.clone(), direction: old.scope.direction })
    };
    for named in [true, false] {
        old_left.retain(|old| {
            let scope = if named { as_named(old) } else { Some(old.scope.clone()) };
            let new = scope.and_then(|scope| new_by_scope.get_mut(&scope)?.pop_front());
            pairs.extend(new.map(|new| Pair { old: Some(*old), new: Some(new) }));
            new.is_none()
        });
    }
    let mut new_left: Vec<&RuleSet> = new_by_scope.into_values().flatten().collect();
    for direction in [Direction::Egress, Direction::Ingress] {
        if let (Some(old_set), Some(new_set)) = (meant(&old_left, direction), meant(&new_left, direction)) {
            // What the other side knows and has no rules for is not called something else there.
            if new.knows(old, &old_set.scope) || old.knows(new, &new_set.scope) {
                continue;
            }
            let (old, new) = (old_set, new_set);
            pairs.push(Pair { old: Some(old), new: Some(new) });
            old_left.retain(|set| !std::ptr::eq(*set, old));
            new_left.retain(|set| !std::ptr::eq(*set, new));
        }
    }
    pairs.extend(old_left.into_iter().map(|old| Pair { old: Some(old), new: None }));
    pairs.extend(new_left.into_iter().map(|new| Pair { old: None, new: Some(new) }));
    pairs
}

/// The rule set of a direction that is meant when none is named: the only one, or the only one that is the host's own.
fn meant<'a>(sets: &[&'a RuleSet], direction: Direction) -> Option<&'a RuleSet> {
    let of_direction = || sets.iter().copied().filter(|set| set.scope.direction == direction);
    only(of_direction()).or_else(|| only(of_direction().filter(|set| is_hosts_own(&set.scope))))
}

fn only<'a>(mut sets: impl Iterator<Item = &'a RuleSet>) -> Option<&'a RuleSet> {
    let first = sets.next()?;
    sets.next().is_none().then_some(first)
}

/// Reports whether a scope is about what the host itself sends or receives. A catalog names such a scope by its
/// direction alone.
fn is_hosts_own(scope: &Scope) -> bool {
    let chain = match scope.direction {
        Direction::Egress => "filter/OUTPUT",
        Direction::Ingress => "filter/INPUT",
    };
    scope.name == chain || scope.name == scope.direction.as_str()
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

    #[test]
    fn what_the_host_itself_sends_is_not_what_it_forwards() {
        let dump = policy(&[("filter/FORWARD", OUT), ("filter/INPUT", IN), ("filter/OUTPUT", OUT)]);
        let wanted = policy(&[("egress", OUT), ("ingress", IN)]);
        let paired = [("filter/OUTPUT", "egress"), ("filter/INPUT", "ingress"), ("filter/FORWARD", "")];
        assert_eq!(names(&dump, &wanted), expect(&paired));
        let group = policy(&[("sg-1", OUT)]);
        assert_eq!(
            names(&dump, &group),
            expect(&[("filter/OUTPUT", "sg-1"), ("filter/FORWARD", ""), ("filter/INPUT", "")])
        );
        let groups = policy(&[("sg-1", OUT), ("sg-2", OUT)]);
        assert!(names(&dump, &groups).iter().all(|(old, new)| old.is_empty() || new.is_empty()));
    }

    #[test]
    fn names_that_are_given_pair_before_all_others() {
        let old = policy(&[("a", OUT), ("b", OUT), ("b", IN)]);
        let new = policy(&[("b", OUT), ("c", OUT), ("c", IN)]);
        let given = [("b".to_owned(), "c".to_owned())];
        let pairs = pair_scopes_as(&old, &new, &given);
        let text: Vec<String> = pairs
            .iter()
            .map(|pair| {
                format!("{:?}={:?}", pair.old.map(|set| &set.scope.name), pair.new.map(|set| &set.scope.name))
            })
            .collect();
        assert_eq!(text, [r#"Some("b")=Some("c")"#, r#"Some("b")=Some("c")"#, r#"Some("a")=Some("b")"#]);
    }
}
