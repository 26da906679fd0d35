//! Whether an artifact that was read back means what was asked, less what it was declared not to say.

use crate::packet::{Differing, Limit, PacketSet, Set};
use crate::policy::{
    Action, Bounds, Pair, Policy, Rule, RuleSet, Scope, ScopeTooLarge, Traffic, differing, is_plain,
    pair_scopes,
};

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
    // A scope of which nothing can be said has no counterpart in the file. It must not be paired with another one
    // just because both are left over.
    let mut said = Vec::new();
    for set in &wanted.sets {
        let is_written = read.sets.iter().any(|read| read.scope == set.scope);
        if is_written || asks_for_anything(set, &loss(&set.scope), limit)? {
            said.push(set.clone());
        }
    }
    let wanted = Policy::new(said);
    let mut mismatches = Vec::new();
    for pair in pair_scopes(&wanted, read) {
        let Some(set) = pair.old.or(pair.new) else { continue };
        let loss = loss(&set.scope);
        let (missing, excess) = match in_step(pair, &loss, limit)? {
            Some(found) => found,
            None => apart(pair, &loss, limit)?,
        };
        if !missing.is_empty() || !excess.is_empty() {
            mismatches.push(Mismatch { scope: set.scope.clone(), missing, excess });
        }
    }
    Ok(mismatches)
}

/// Two sets of packets: the declared excess and what is declared to be missing, or what is missing and the excess.
type Both = (PacketSet, PacketSet);

/// What has to be in the file: what the rules surely allow, with the declared excess and without what is missing.
fn expected(
    set: Option<&RuleSet>,
    (excess, missing): &Both,
    limit: Limit,
) -> Result<PacketSet, ScopeTooLarge> {
    Ok(bounds(set, limit)?.at_least.union(excess).subtract(missing))
}

fn bounds(set: Option<&RuleSet>, limit: Limit) -> Result<Bounds, ScopeTooLarge> {
    match set {
        Some(set) => set.allows_within(limit),
        None => Ok(Bounds { at_least: PacketSet::default(), at_most: PacketSet::default() }),
    }
}

/// Reports whether anything has to be in the file.
fn asks_for_anything(set: &RuleSet, loss: &Both, limit: Limit) -> Result<bool, ScopeTooLarge> {
    // What the first rule surely allows, nothing takes back.
    let first = set.rules.iter().find(|rule| rule.traffic == Traffic::New);
    let allows = first.is_some_and(|rule| {
        rule.action == Action::Allow && is_plain(&[rule]) && !set.packets(&rule.matches).is_empty()
    });
    if allows && loss.1.is_empty() {
        return Ok(true);
    }
    Ok(!expected(Some(set), loss, limit)?.is_empty())
}

/// What is missing and what is too much, where both sides ask for nothing but peers and services: found in one walk
/// through both, in which all that they treat alike is passed by.
fn in_step(pair: Pair<'_>, (excess, missing): &Both, limit: Limit) -> Result<Option<Both>, ScopeTooLarge> {
    let (Some(old), Some(new)) = (pair.old, pair.new) else { return Ok(None) };
    let (of_old, of_new): (Vec<&Rule>, Vec<&Rule>) = (old.rules.iter().collect(), new.rules.iter().collect());
    if !is_plain(&of_old) || !is_plain(&of_new) {
        return Ok(None);
    }
    let Differing { added, removed } =
        differing([(Some(old), &of_old), (Some(new), &of_new)], limit).map_err(|size| new.too_large(size))?;
    if excess.is_empty() && missing.is_empty() {
        return Ok(Some((removed, added)));
    }
    // What is declared is little beside the rules, so what is read is looked at again there only.
    let read = new.allows_among(&excess.union(missing), limit)?.at_least;
    let too_much = added.subtract(excess).union(&read.intersect(missing));
    Ok(Some((removed.union(&excess.subtract(&read)).subtract(missing), too_much)))
}

/// The same, where a side is not there or has conditions: each side is worked out whole.
fn apart(pair: Pair<'_>, loss: &Both, limit: Limit) -> Result<Both, ScopeTooLarge> {
    let expected = expected(pair.old, loss, limit)?;
    let read = bounds(pair.new, limit)?;
    Ok((expected.subtract(&read.at_least), read.at_most.subtract(&expected)))
}
