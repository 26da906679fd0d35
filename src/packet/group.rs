//! Peers that a rule names without saying which addresses they have: a referenced security group, a prefix list,
//! pods chosen by labels.

use super::interval::IntervalSet;
use super::set::Set;
use super::steps::Key;

/// The name of an opaque peer, such as `sg-0123` or `pl-0123`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(String);

impl Key for GroupKey {
    fn least() -> Self {
        Self(String::new())
    }
}

impl GroupKey {
    /// The place of a group.
    pub(super) fn of(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The least name that is greater.
    fn successor(&self) -> Self {
        Self(format!("{}\0", self.0))
    }

    /// The name as text that is not mistaken for the sign of all groups.
    fn written(&self) -> String {
        if self.0 == "*" || self.0.starts_with('\\') { format!("\\{}", self.0) } else { self.0.clone() }
    }
}

/// A set of opaque peers.
pub type GroupSet = IntervalSet<GroupKey>;

impl GroupSet {
    /// The set of these groups.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let point = |name: &str| Self::span(GroupKey::of(name), Some(GroupKey::of(name).successor()), true);
        let points: Vec<Self> = names.into_iter().map(point).collect();
        Self::union_all(&points)
    }

    /// Reports whether the group is in the set.
    pub fn contains_group(&self, name: &str) -> bool {
        self.contains(&GroupKey(name.to_owned()))
    }

    /// The set as the groups it holds and, when it holds all but some (`*`), the groups it leaves out. A group that
    /// is itself called `*`, or whose name starts with a backslash, is written with a backslash before it.
    pub fn names(&self) -> (Vec<String>, Vec<String>) {
        let rest = self.complement();
        let all_but_some = self.cuts().last().is_some_and(|(_, member)| *member);
        if all_but_some { (vec!["*".to_owned()], rest.each()) } else { (self.each(), Vec::new()) }
    }

    /// The groups of a set that has an end.
    fn each(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (from, until, _) in self.segments() {
            // Groups that touch are each other's successors.
            let mut key = from.clone();
            while until.is_some_and(|until| key < *until) {
                names.push(key.written());
                key = key.successor();
            }
        }
        names
    }
}
