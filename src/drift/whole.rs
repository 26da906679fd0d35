//! The difference of two whole policies, scope by scope.

use super::change::changes;
use super::rewritten::rewritten;
use super::{Change, Difference, Doubt, Uncompared, Verdict, compare};
use crate::diag::Place;
use crate::packet::Limit;
use crate::policy::{
    Direction, Origin, Pair, Policy, RuleSet, Scope, ScopeTooLarge, Unmodelled, pair_scopes_as,
};
use std::collections::BTreeMap;

/// How policies are compared.
#[derive(Default)]
pub struct Terms<'a> {
    /// Scopes that belong together although their names differ: old name, new name.
    pub names: Vec<(String, String)>,
    /// How unmodelled matches are taken.
    pub doubt: Doubt,
    /// Which scopes are left out; a pair is when one of its names is.
    pub ignore: Option<&'a dyn Fn(&Scope) -> bool>,
    /// What a catalog asks for, to explain traffic with.
    pub catalog: Option<&'a Policy>,
    /// Whether rules that were rewritten without effect can be counted: both sides are in one format.
    pub count_rewritten: bool,
    /// How large the sets of packets may become.
    pub limit: Limit,
}

impl std::fmt::Debug for Terms<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms")
            .field("names", &self.names)
            .field("doubt", &self.doubt)
            .finish_non_exhaustive()
    }
}

/// What differs between two policies.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// The pairs of scopes that were compared, in the order of their names.
    pub scopes: Vec<ScopeDrift>,
    /// Scopes that were left out.
    pub ignored: Vec<Scope>,
    /// How many rules were rewritten without an effect on any packet.
    pub rewritten: usize,
}

/// What differs between two scopes.
#[derive(Debug, Clone)]
pub struct ScopeDrift {
    /// The name: that of the old scope, or of the new one where there is no old one.
    pub name: String,
    /// The direction.
    pub direction: Direction,
    /// The name of the old scope, when there is one.
    pub old: Option<String>,
    /// The name of the new scope, when there is one.
    pub new: Option<String>,
    /// What holds on the side that has no such scope, where something does.
    pub stand_in: Option<String>,
    /// What differs.
    pub difference: Difference,
    /// The same in rows, with the rules that are responsible.
    pub changes: Vec<Change>,
    /// The matches of either side that are not modelled, each once.
    pub unmodelled: Vec<(Unmodelled, Option<Place>)>,
}

impl Drift {
    /// The verdict over all scopes.
    pub fn verdict(&self) -> Verdict {
        Verdict::over(self.scopes.iter().map(|scope| &scope.difference))
    }
}

impl ScopeDrift {
    /// The verdict on this scope.
    pub fn verdict(&self) -> Verdict {
        Verdict::over([&self.difference])
    }

    /// What only one side speaks about.
    pub fn uncompared(&self) -> &[Uncompared] {
        &self.difference.uncompared
    }
}

/// Compares two policies. Rules that combine to more cases than the limit are an error, never a guess.
pub fn drift(old: &Policy, new: &Policy, terms: &Terms<'_>) -> Result<Drift, ScopeTooLarge> {
    let ignored =
        |set: Option<&RuleSet>| set.zip(terms.ignore).is_some_and(|(set, ignore)| ignore(&set.scope));
    let mut pairs = pair_scopes_as(old, new, &terms.names);
    let left_out: Vec<Scope> = pairs
        .extract_if(.., |pair| ignored(pair.old) || ignored(pair.new))
        .filter_map(|pair| pair.old.or(pair.new).map(|set| set.scope.clone()))
        .collect();
    let catalog = |direction: Direction| -> Vec<&RuleSet> {
        let sets = terms.catalog.into_iter().flat_map(|catalog| &catalog.sets);
        sets.filter(|set| set.scope.direction == direction).collect()
    };
    let mut scopes: Vec<ScopeDrift> = pairs
        .iter()
        .filter_map(|pair| {
            let scope = &pair.old.or(pair.new)?.scope;
            Some((pair, scope))
        })
        .map(|(pair, scope)| {
            let stand_in = stand_in(*pair, old, new);
            let whole = Pair { old: pair.old.or(stand_in), new: pair.new.or(stand_in) };
            let difference = compare(whole, terms.doubt, terms.limit)?;
            Ok(ScopeDrift {
                name: scope.name.clone(),
                direction: scope.direction,
                old: pair.old.map(|set| set.scope.name.clone()),
                new: pair.new.map(|set| set.scope.name.clone()),
                stand_in: stand_in.map(|set| set.scope.name.clone()),
                changes: changes(whole, &difference, &catalog(scope.direction), terms.limit)?,
                difference,
                unmodelled: unmodelled(&whole),
            })
        })
        .collect::<Result<_, ScopeTooLarge>>()?;
    scopes.sort_by(|a, b| (&a.name, a.direction).cmp(&(&b.name, b.direction)));
    let rewritten = if terms.count_rewritten {
        let changes: Vec<&Change> = scopes.iter().flat_map(|scope| &scope.changes).collect();
        let old: Vec<&RuleSet> = pairs.iter().filter_map(|pair| pair.old).collect();
        let new: Vec<&RuleSet> = pairs.iter().filter_map(|pair| pair.new).collect();
        rewritten(&old, &new, &changes)
    } else {
        0
    };
    Ok(Drift { scopes, ignored: left_out, rewritten })
}

/// What holds on the side of a pair that is not there.
fn stand_in<'a>(pair: Pair<'_>, old: &'a Policy, new: &'a Policy) -> Option<&'a RuleSet> {
    match (pair.old, pair.new) {
        (Some(set), None) => new.stand_in(old, &set.scope),
        (None, Some(set)) => old.stand_in(new, &set.scope),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// The unmodelled matches of a pair, each once, with the first place where it stands.
fn unmodelled(pair: &Pair<'_>) -> Vec<(Unmodelled, Option<Place>)> {
    let mut found: BTreeMap<&str, (Unmodelled, Option<Place>)> = BTreeMap::new();
    for rule in pair.old.into_iter().chain(pair.new).flat_map(|set| &set.rules) {
        let place = match &rule.origin {
            Origin::File(place) => Some(place),
            Origin::Endpoint(_) | Origin::Implied(_) | Origin::System(_) => None,
        };
        for part in &rule.unmodelled {
            found.entry(&part.text).or_insert_with(|| (part.clone(), place.cloned()));
        }
    }
    found.into_values().collect()
}
