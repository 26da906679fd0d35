//! Whether an artifact that was read back means what was asked, less what it was declared not to say.

use crate::packet::{PacketSet, Set};
use crate::policy::{Bounds, Policy, RuleSet, Scope, pair_scopes};

/// A scope of an artifact that does not mean what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The scope that was asked for, or the one in the file that nobody asked for.
    pub scope: Scope,
    /// Packets that were asked for and that the file does not surely let pass.
    pub missing: PacketSet,
    /// Packets that the file may let pass and that were not asked for.
    pub excess: PacketSet,
}

/// Compares what was wanted with what was read, scope by scope. `excess` and `missing` give the declared losses of a
/// wanted scope. No mismatch means that the file is proven.
pub fn verify(
    wanted: &Policy,
    read: &Policy,
    loss: impl Fn(&Scope) -> (PacketSet, PacketSet),
) -> Vec<Mismatch> {
    let nothing = Bounds { at_least: PacketSet::default(), at_most: PacketSet::default() };
    let expected = |set: Option<&RuleSet>, scope: &Scope| {
        let (excess, missing) = loss(scope);
        let asked = set.map_or_else(|| nothing.clone(), RuleSet::allows);
        asked.at_least.union(&excess).subtract(&missing)
    };
    // A scope of which nothing can be said has no counterpart in the file. It must not be paired with another one
    // just because both are left over.
    let said = |set: &&RuleSet| {
        read.sets.iter().any(|read| read.scope == set.scope) || !expected(Some(*set), &set.scope).is_empty()
    };
    let wanted = Policy::new(wanted.sets.iter().filter(said).cloned().collect());
    pair_scopes(&wanted, read)
        .into_iter()
        .filter_map(|pair| {
            let scope = pair.old.or(pair.new)?.scope.clone();
            let expected = expected(pair.old, &scope);
            let read = pair.new.map_or_else(|| nothing.clone(), RuleSet::allows);
            let mismatch = Mismatch {
                scope,
                missing: expected.subtract(&read.at_least),
                excess: read.at_most.subtract(&expected),
            };
            (!mismatch.missing.is_empty() || !mismatch.excess.is_empty()).then_some(mismatch)
        })
        .collect()
}
