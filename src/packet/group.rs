//! Peers that a rule names without saying which addresses they have: a referenced security group, a prefix list,
//! pods chosen by labels.

use super::interval::IntervalSet;
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
}

/// A set of opaque peers.
pub type GroupSet = IntervalSet<GroupKey>;

impl GroupSet {
    /// The set of these groups.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().fold(Self::default(), |set, name| {
            let point = Self::span(GroupKey(name.to_owned()), Some(GroupKey(format!("{name}\0"))), true);
            set.union(&point)
        })
    }

    /// Reports whether the group is in the set.
    pub fn contains_group(&self, name: &str) -> bool {
        self.contains(&GroupKey(name.to_owned()))
    }

    /// The set as the groups it holds and, when it holds all but some (`*`), the groups it leaves out.
    pub fn names(&self) -> (Vec<String>, Vec<String>) {
        // A cut is either a group's own key or the key right after it, which ends in NUL.
        let mut cut_at: Vec<&str> =
            self.cuts().iter().map(|(GroupKey(key), _)| key.strip_suffix('\0').unwrap_or(key)).collect();
        cut_at.dedup();
        let all_others = self.cuts().last().is_some_and(|(_, member)| *member);
        let (held, left_out): (Vec<&str>, Vec<&str>) = cut_at
            .into_iter()
            .filter(|name| !name.is_empty())
            .partition(|name| self.contains(&GroupKey((*name).to_owned())));
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        if all_others { (vec!["*".to_owned()], owned(left_out)) } else { (owned(held), Vec::new()) }
    }
}
