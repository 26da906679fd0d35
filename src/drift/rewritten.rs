//! How many rules were rewritten without an effect on any packet.

use super::Change;
use crate::diag::Place;
use crate::policy::{Origin, RuleSet};
use std::collections::{BTreeMap, BTreeSet};

/// A statement of a file: its name and where it starts and ends.
type At = (String, usize, usize);

/// The number of statements that do not stand word for word on the other side and that decide no packet that differs.
/// Order, indents and counters do not count; comments do.
///
/// One rule that became two, or two that became one, are as many as the side with more has. Where traffic differs it is
/// the side with fewer that counts, for a rule that was changed with effect can have decided nothing that differs before.
pub(super) fn rewritten(old: &[&RuleSet], new: &[&RuleSet], changes: &[&Change]) -> usize {
    let responsible: BTreeSet<At> = changes
        .iter()
        .flat_map(|change| change.allowed_by.iter().chain(&change.stopped_by))
        .filter_map(|origin| place(origin).map(at))
        .collect();
    let (old, new) = (statements(old), statements(new));
    let without_effect = |mine: &Statements, theirs: &Statements| {
        mine.iter()
            .map(|(text, places)| {
                let surplus = places.len().saturating_sub(theirs.get(text).map_or(0, BTreeSet::len));
                // Of statements that read the same, those that decide nothing are the rewritten ones.
                let idle = places.iter().filter(|place| !responsible.contains(*place)).count();
                surplus.min(idle)
            })
            .sum::<usize>()
    };
    let (of_old, of_new) = (without_effect(&old, &new), without_effect(&new, &old));
    if changes.is_empty() { of_old.max(of_new) } else { of_old.min(of_new) }
}

/// Where each text stands.
type Statements = BTreeMap<String, BTreeSet<At>>;

fn statements(sets: &[&RuleSet]) -> Statements {
    let mut statements = Statements::new();
    for place in sets.iter().flat_map(|set| &set.rules).filter_map(|rule| place(&rule.origin)) {
        let text = place.source.slice(place.span).split_whitespace().collect::<Vec<_>>().join(" ");
        statements.entry(text).or_default().insert(at(place));
    }
    statements
}

fn place(origin: &Origin) -> Option<&Place> {
    match origin {
        Origin::File(place) => Some(place),
        Origin::Endpoint(_) | Origin::Implied(_) | Origin::System(_) => None,
    }
}

fn at(place: &Place) -> At {
    (place.source.name().to_owned(), place.span.start, place.span.end)
}
