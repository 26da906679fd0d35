//! Whether an artifact that was read back means what was asked, less what it was declared not to say.

use crate::packet::{Limit, PacketSet, Set};
use crate::policy::{Bounds, Policy, RuleSet, Scope, ScopeTooLarge, pair_scopes};

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
    limit: Limit,
) -> Result<Vec<Mismatch>, ScopeTooLarge> {
    let bounds = |set: Option<&RuleSet>| match set {
        Some(set) => set.allows_within(limit),
        None => Ok(Bounds { at_least: PacketSet::default(), at_most: PacketSet::default() }),
    };
    let expected = |set: Option<&RuleSet>, scope: &Scope| {
        let (excess, missing) = loss(scope);
        Ok(bounds(set)?.at_least.union(&excess).subtract(&missing))
    };
    // A scope of which nothing can be said has no counterpart in the file. It must not be paired with another one
    // just because both are left over.
    let mut said = Vec::new();
    for set in &wanted.sets {
        let is_written = read.sets.iter().any(|read| read.scope == set.scope);
        if is_written || !expected(Some(set), &set.scope)?.is_empty() {
            said.push(set.clone());
        }
    }
    let wanted = Policy::new(said);
    let mut mismatches = Vec::new();
    for pair in pair_scopes(&wanted, read) {
        let Some(set) = pair.old.or(pair.new) else { continue };
        let expected = expected(pair.old, &set.scope)?;
        let read = bounds(pair.new)?;
        let missing = expected.subtract(&read.at_least);
        let excess = read.at_most.subtract(&expected);
        if !missing.is_empty() || !excess.is_empty() {
            mismatches.push(Mismatch { scope: set.scope.clone(), missing, excess });
        }
    }
    Ok(mismatches)
}
