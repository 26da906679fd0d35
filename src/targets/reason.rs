//! The line that says why a rule is there, fitted to what a platform takes as a description.

use crate::policy::{Justification, Origin};
use crate::syntax::text;
use std::collections::BTreeSet;

/// What a description may hold on some platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// The most characters.
    pub(super) limit: usize,
    /// The characters that are taken; others become `_`.
    pub(super) allowed: fn(char) -> bool,
}

/// The reasons of one rule, in a fixed order, and whether anything was left out or replaced.
///
/// Ids, owners and days of expiry come first when room is short; purposes are shortened, for the catalog has them.
pub(super) fn reason<'a>(origins: impl IntoIterator<Item = &'a Origin>, room: Room) -> (String, bool) {
    let parts: BTreeSet<Part> = origins.into_iter().map(Part::of).collect();
    let join = |purpose: usize| parts.iter().map(|part| part.line(purpose)).collect::<Vec<_>>().join(" + ");
    let full = join(usize::MAX);
    let mut line = full.clone();
    if characters(&full) > room.limit {
        let fixed = characters(&join(0));
        let share = room.limit.saturating_sub(fixed).checked_div(parts.len()).unwrap_or(0);
        let share = share.saturating_sub(BEFORE_PURPOSE.len());
        line = join(if share < SHORTEST { 0 } else { share });
    }
    let fitted = text::fit(&line, room.limit, room.allowed, '_');
    let changed = fitted != full;
    (fitted, changed)
}

/// What stands between an id and its purpose.
const BEFORE_PURPOSE: &str = ": ";
/// The shortest piece of a purpose that still says something.
const SHORTEST: usize = 12;

/// One reason: id, purpose, and who answers for it until when.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    id: String,
    purpose: String,
    duty: String,
}

impl Part {
    fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Endpoint(why) => Self {
                id: text::one_line(&why.endpoint),
                purpose: text::one_line(&why.purpose),
                duty: duty(why),
            },
            Origin::Implied(need) => {
                Self { id: need.id().to_owned(), purpose: need.reason().to_owned(), duty: String::new() }
            }
            Origin::File(place) => {
                Self { id: text::one_line(place.source.name()), purpose: String::new(), duty: String::new() }
            }
            Origin::System(words) => {
                Self { id: text::one_line(words), purpose: String::new(), duty: String::new() }
            }
        }
    }

    /// `castai/api: reach the API (owner platform, expires 2027-01-31)`, the purpose cut to so many characters.
    fn line(&self, purpose: usize) -> String {
        let purpose =
            if purpose == 0 { String::new() } else { text::fit(&self.purpose, purpose, |_| true, ' ') };
        let purpose = if purpose.is_empty() { purpose } else { format!("{BEFORE_PURPOSE}{purpose}") };
        format!("{}{purpose}{}", self.id, self.duty)
    }
}

fn duty(why: &Justification) -> String {
    let fields = [("owner", &why.owner), ("ticket", &why.ticket), ("expires", &why.expires)];
    let named = fields.into_iter().filter_map(|(name, value)| {
        let value = text::one_line(value.as_deref()?);
        (!value.is_empty()).then(|| format!("{name} {value}"))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn origin(endpoint: &str, purpose: &str) -> Origin {
        Origin::Endpoint(Arc::new(Justification {
            endpoint: endpoint.to_owned(),
            purpose: purpose.to_owned(),
            owner: Some("platform".to_owned()),
            ticket: None,
            expires: Some("2027-01-31".to_owned()),
            sources: Vec::new(),
            confidence: String::new(),
            methods: Vec::new(),
            hosts: Vec::new(),
        }))
    }

    fn any(limit: usize) -> Room {
        Room { limit, allowed: |_| true }
    }

    #[test]
    fn the_order_of_origins_does_not_matter() {
        let (a, b) = (origin("c/a", "one"), origin("c/b", "two"));
        let expected =
            "c/a: one (owner platform, expires 2027-01-31) + c/b: two (owner platform, expires 2027-01-31)";
        assert_eq!(reason([&a, &b], any(255)), (expected.to_owned(), false));
        assert_eq!(reason([&b, &a, &b], any(255)), (expected.to_owned(), false));
    }

    #[test]
    fn a_long_purpose_gives_way_to_owner_and_expiry() {
        let long = origin("c/a", &"x".repeat(400));
        let (line, changed) = reason([&long], any(80));
        assert!(changed && line.chars().count() <= 80, "{line}");
        assert!(
            line.starts_with("c/a: xxx") && line.ends_with("(owner platform, expires 2027-01-31)"),
            "{line}"
        );
    }

    #[test]
    fn a_character_that_is_not_taken_is_replaced_and_told() {
        let room =
            Room { limit: 255, allowed: |char| char.is_ascii_alphanumeric() || "/ :(),-".contains(char) };
        let (line, changed) = reason([&origin("c/a", "it's\n`x`")], room);
        assert!(changed);
        assert_eq!(line, "c/a: it_s _x_ (owner platform, expires 2027-01-31)");
    }
}
