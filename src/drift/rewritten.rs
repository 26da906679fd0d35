//! How many rules were rewritten without an effect on any packet.

use super::Change;
use crate::diag::Place;
use crate::packet::fingerprint;
use crate::policy::{Origin, RuleSet};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::iter::Peekable;

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
    let (old, new) = (statements(old), statements(new));
    let (mut of_old, mut of_new) = (0_usize, 0_usize);
    let (mut old, mut new) = (groups(&old), groups(&new));
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => by_text(a, b),
        };
        let mine = old.next_if(|_| order.is_le()).unwrap_or_default();
        let theirs = new.next_if(|_| order.is_ge()).unwrap_or_default();
        of_old = of_old.saturating_add(without_effect(mine, theirs, &responsible));
        of_new = of_new.saturating_add(without_effect(theirs, mine, &responsible));
    }
    if changes.is_empty() { of_old.max(of_new) } else { of_old.min(of_new) }
}

/// The statements that read the same, together.
fn groups<'s, 'a>(statements: &'s [Statement<'a>]) -> Peekable<impl Iterator<Item = &'s [Statement<'a>]>> {
    statements.chunk_by(|a, b| a.by_text(b).is_eq()).peekable()
}

fn by_text(a: &[Statement<'_>], b: &[Statement<'_>]) -> Ordering {
    a.first().zip(b.first()).map_or(Ordering::Equal, |(a, b)| a.by_text(b))
}

/// How many of these statements have no counterpart among the others that read the same, and decide no packet that
/// differs.
fn without_effect(mine: &[Statement<'_>], theirs: &[Statement<'_>], responsible: &BTreeSet<At<'_>>) -> usize {
    let surplus = mine.len().saturating_sub(theirs.len());
    if surplus == 0 {
        return 0;
    }
    // Of statements that read the same, those that decide nothing are the rewritten ones.
    surplus.min(mine.iter().filter(|it| !responsible.contains(&at(it.place))).count())
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
        Self { print: fingerprint(&*normal(place)), place }
    }

    /// An order in which statements that read the same are neighbours.
    fn by_text(&self, other: &Self) -> Ordering {
        self.print.cmp(&other.print).then_with(|| normal(self.place).cmp(&normal(other.place)))
    }
}

/// The statements of some rules, each once, in the order of their texts.
fn statements<'a>(sets: &[&'a RuleSet]) -> Vec<Statement<'a>> {
    let places = sets.iter().flat_map(|set| &set.rules).filter_map(|rule| place(&rule.origin));
    let mut statements: Vec<Statement<'_>> = places.map(Statement::new).collect();
    statements.sort_unstable_by(|a, b| a.by_text(b).then_with(|| at(a.place).cmp(&at(b.place))));
    statements.dedup_by(|a, b| at(a.place) == at(b.place));
    statements
}

/// The text of a statement, with one space between words.
fn normal(place: &Place) -> Cow<'_, str> {
    let text = place.source.slice(place.span);
    let is_normal = text.trim_ascii().len() == text.len()
        && !text.contains("  ")
        && !text.bytes().any(|byte| byte.is_ascii_whitespace() && byte != b' ');
    if is_normal {
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
