//! How many rules were rewritten without an effect on any packet.

use super::Change;
use super::in_step::{InStep, in_step};
use crate::diag::Place;
use crate::packet::fingerprint;
use crate::policy::{Origin, RuleSet};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::sync::Arc;

/// The number of statements that do not stand word for word on the other side and that decide no packet that differs.
/// Order, indents and counters do not count; comments do.
///
/// One rule that became two, or two that became one, are as many as the side with more has. Where traffic differs it is
/// the side with fewer that counts, for a rule that was changed with effect can have decided nothing that differs before.
pub(super) fn rewritten(old: &[&RuleSet], new: &[&RuleSet], changes: &[&Change]) -> usize {
    let responsible: BTreeSet<At<'_>> = changes
        .iter()
        .flat_map(|change| change.allowed_by.iter().chain(&change.stopped_by))
        .filter_map(|origin| place(origin).map(at))
        .collect();
    let (old, new) = (places(old), places(new));
    // Most statements stand where they stood. What is left is sorted to find those that moved.
    let reads_the_same = |a: usize, b: usize| {
        old.get(a).zip(new.get(b)).is_some_and(|(a, b)| text(a) == text(b) || normal(a) == normal(b))
    };
    let InStep { pairs, old_rest, new_rest } = in_step(old.len(), new.len(), reads_the_same);
    let old_paired = Paired { places: &old, at: pairs.iter().map(|(at, _)| *at).collect() };
    let new_paired = Paired { places: &new, at: pairs.iter().map(|(_, at)| *at).collect() };
    let (old_rest, new_rest) = (statements(&old, &old_rest), statements(&new, &new_rest));
    let (mut old_surplus, mut new_surplus) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (groups(&old_rest), groups(&new_rest));
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => by_text(a, b),
        };
        let mine = old.next_if(|_| order.is_le()).unwrap_or_default();
        let theirs = new.next_if(|_| order.is_ge()).unwrap_or_default();
        old_surplus.extend(Surplus::of(mine, theirs, &responsible));
        new_surplus.extend(Surplus::of(theirs, mine, &responsible));
    }
    let of_old = without_effect(&old_surplus, &old_paired, &responsible);
    let of_new = without_effect(&new_surplus, &new_paired, &responsible);
    if changes.is_empty() { of_old.max(of_new) } else { of_old.min(of_new) }
}

/// The statements that read the same, together.
fn groups<'s, 'a>(statements: &'s [Statement<'a>]) -> Peekable<impl Iterator<Item = &'s [Statement<'a>]>> {
    statements.chunk_by(|a, b| a.by_text(b).is_eq()).peekable()
}

fn by_text(a: &[Statement<'_>], b: &[Statement<'_>]) -> Ordering {
    a.first().zip(b.first()).map_or(Ordering::Equal, |(a, b)| a.by_text(b))
}

/// Statements that read the same, of which there are more than on the other side.
struct Surplus<'s, 'a> {
    one: &'s Statement<'a>,
    count: usize,
    /// How many of those that have no counterpart in step decide no packet that differs.
    idle: usize,
}

impl<'s, 'a> Surplus<'s, 'a> {
    fn of(
        mine: &'s [Statement<'a>],
        theirs: &[Statement<'_>],
        responsible: &BTreeSet<At<'_>>,
    ) -> Option<Self> {
        let count = mine.len().checked_sub(theirs.len()).filter(|count| *count > 0)?;
        let idle = mine.iter().filter(|it| !responsible.contains(&at(it.place))).count();
        Some(Self { one: mine.first()?, count, idle })
    }
}

/// The statements of one side that have their counterpart in step.
struct Paired<'s, 'a> {
    places: &'s [&'a Place],
    at: Vec<usize>,
}

/// How many statements have no counterpart among those of the other side that read the same, and decide no packet that
/// differs.
fn without_effect(
    surplus: &[Surplus<'_, '_>],
    paired: &Paired<'_, '_>,
    responsible: &BTreeSet<At<'_>>,
) -> usize {
    // Of statements that read the same, those that decide nothing are the rewritten ones, wherever they stand.
    let mut wanting: BTreeMap<u64, (&Statement<'_>, usize, usize)> = BTreeMap::new();
    let mut total = 0_usize;
    for Surplus { one, count, idle } in surplus {
        total = total.saturating_add(*count.min(idle));
        if idle < count {
            // Another text with the same fingerprint is as good as none: both are counted at their least.
            wanting.entry(one.print).or_insert((one, count.saturating_sub(*idle), 0));
        }
    }
    if wanting.is_empty() {
        return total;
    }
    for place in paired.at.iter().filter_map(|at| paired.places.get(*at)) {
        let Some((one, _, found)) = wanting.get_mut(&print(place)) else { continue };
        if normal(place) == normal(one.place) && !responsible.contains(&at(place)) {
            *found = found.saturating_add(1);
        }
    }
    wanting.into_values().fold(total, |total, (_, wanted, found)| total.saturating_add(wanted.min(found)))
}

/// A statement of a file: its name and where it starts and ends.
type At<'a> = (&'a str, usize, usize);

/// A statement, with a number that those share that read the same.
struct Statement<'a> {
    print: u64,
    place: &'a Place,
}

impl<'a> Statement<'a> {
    fn new(place: &'a Place) -> Self {
        Self { print: print(place), place }
    }

    /// An order in which statements that read the same are neighbours.
    fn by_text(&self, other: &Self) -> Ordering {
        self.print.cmp(&other.print).then_with(|| normal(self.place).cmp(&normal(other.place)))
    }
}

/// The statements of some rules, each once, in the order in which they stand in their files.
fn places<'a>(sets: &[&'a RuleSet]) -> Vec<&'a Place> {
    let places = sets.iter().flat_map(|set| &set.rules).filter_map(|rule| place(&rule.origin));
    let mut places: Vec<&Place> = places.collect();
    let order = |a: &&Place, b: &&Place| {
        let same_file = Arc::ptr_eq(&a.source, &b.source);
        if same_file { a.span.cmp(&b.span) } else { at(a).cmp(&at(b)) }
    };
    if !places.is_sorted_by(|a, b| order(a, b).is_le()) {
        places.sort_unstable_by(order);
    }
    places.dedup_by(|a, b| order(a, b).is_eq());
    places
}

/// Some of the statements, in the order of their texts.
fn statements<'a>(places: &[&'a Place], which: &[usize]) -> Vec<Statement<'a>> {
    let mut statements: Vec<Statement<'a>> =
        which.iter().filter_map(|at| places.get(*at)).map(|place| Statement::new(place)).collect();
    statements.sort_unstable_by(|a, b| a.by_text(b).then_with(|| at(a.place).cmp(&at(b.place))));
    statements
}

/// A number that statements share that read the same.
fn print(place: &Place) -> u64 {
    fingerprint(&*normal(place))
}

fn text(place: &Place) -> &str {
    place.source.slice(place.span)
}

/// The text of a statement, with one space between words.
fn normal(place: &Place) -> Cow<'_, str> {
    let text = text(place);
    // Every byte is looked at, so that many are looked at at once.
    let bytes = text.as_bytes();
    let next = bytes.get(1..).unwrap_or_default();
    let is_odd = |(a, b): (&u8, &u8)| u8::from(*b < b' ') | (u8::from(*a == b' ') & u8::from(*b == b' '));
    let has_odd = bytes.iter().zip(next).fold(0, |odd, pair| odd | is_odd(pair));
    if has_odd == 0 && bytes.trim_ascii().len() == bytes.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
}

fn place(origin: &Origin) -> Option<&Place> {
    match origin {
        Origin::File(place) => Some(place),
        Origin::Endpoint(_) | Origin::Implied(_) | Origin::System(_) => None,
    }
}

fn at(place: &Place) -> At<'_> {
    (place.source.name(), place.span.start, place.span.end)
}
