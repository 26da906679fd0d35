//! The line that says why a rule is there, fitted to what a platform takes as a description.

use crate::policy::{Justification, Origin};
use crate::syntax::text;
use std::collections::BTreeSet;

/// What a description may hold on some platform.
#[derive(Debug, Clone, Copy)]
pub(in crate::targets) struct Room {
    /// The most characters.
    pub(in crate::targets) limit: usize,
    /// The characters that are taken; others become `_`.
    pub(in crate::targets) allowed: fn(char) -> bool,
}

/// The reasons of one rule, in a fixed order, and whether anything was left out or replaced:
/// `acme/api: reach the API (owner platform, expires 2027-01-31, source docs.example/page)`.
///
/// What several endpoints share is said once. When room is short, sources go first and purposes are shortened next,
/// for the catalog has them; ids, owners, tickets and days of expiry stay.
pub(in crate::targets) fn reason<'a>(
    origins: impl IntoIterator<Item = &'a Origin>,
    room: Room,
) -> (String, bool) {
    let parts: BTreeSet<Part> = origins.into_iter().map(Part::of).collect();
    let full = join(&parts, usize::MAX, true);
    let fits = |line: &String| line.chars().count() <= room.limit;
    let line = [full.clone(), join(&parts, usize::MAX, false)].into_iter().find(fits).unwrap_or_else(|| {
        let fixed = join(&parts, 0, false).chars().count();
        let share = room.limit.saturating_sub(fixed).checked_div(parts.len()).unwrap_or(0);
        let share = share.saturating_sub(BEFORE_PURPOSE.len());
        join(&parts, if share < SHORTEST { 0 } else { share }, false)
    });
    let fitted = text::fit(&line, room.limit, room.allowed, '_');
    let changed = fitted != full;
    (fitted, changed)
}

/// What stands between an id and its purpose.
const BEFORE_PURPOSE: &str = ": ";
/// The shortest piece of a purpose that still says something.
const SHORTEST: usize = 12;

/// One reason: id, purpose, who answers for it until when, and where the fact is from.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    id: String,
    purpose: String,
    duty: Vec<String>,
    source: Option<String>,
}

impl Part {
    fn of(origin: &Origin) -> Self {
        let bare = |id: &str, purpose: &str| Self {
            id: text::one_line(id),
            purpose: text::one_line(purpose),
            duty: Vec::new(),
            source: None,
        };
        match origin {
            Origin::Endpoint(why) => {
                let source = why.sources.first().map(|source| text::one_line(source));
                let source = source.map(|source| source.trim_start_matches("https://").to_owned());
                Self { duty: duty(why), source, ..bare(&why.endpoint, &why.purpose) }
            }
            Origin::Implied(need) => bare(need.id(), need.reason()),
            Origin::File(place) => bare(place.source.name(), ""),
            Origin::System(words) => bare(words, ""),
        }
    }

    /// `acme/api: reach the API`, the purpose cut to so many characters.
    fn head(&self, purpose: usize) -> String {
        let purpose =
            if purpose == 0 { String::new() } else { text::fit(&self.purpose, purpose, |_| true, ' ') };
        let purpose = if purpose.is_empty() { purpose } else { format!("{BEFORE_PURPOSE}{purpose}") };
        format!("{}{purpose}", self.id)
    }

    fn tail(&self, sources: bool) -> String {
        let source = self.source.iter().filter(|_| sources).map(|source| format!("source {source}"));
        let facts: Vec<String> = self.duty.iter().cloned().chain(source).collect();
        if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) }
    }
}

fn join(parts: &BTreeSet<Part>, purpose: usize, sources: bool) -> String {
    let tails: BTreeSet<String> = parts.iter().map(|part| part.tail(sources)).collect();
    let shared = tails.first().filter(|_| tails.len() == 1);
    let line = |part: &Part| {
        let own = if shared.is_some() { String::new() } else { part.tail(sources) };
        format!("{}{own}", part.head(purpose))
    };
    let lines: Vec<String> = parts.iter().map(line).collect();
    format!("{}{}", lines.join(" + "), shared.map_or("", String::as_str))
}

fn duty(why: &Justification) -> Vec<String> {
    let fields = [("owner", &why.owner), ("ticket", &why.ticket), ("expires", &why.expires)];
    let named = fields.into_iter().filter_map(|(name, value)| {
        let value = text::one_line(value.as_deref()?);
        (!value.is_empty()).then(|| format!("{name} {value}"))
    });
    named.collect()
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
            blocks: Vec::new(),
        }))
    }

    fn any(limit: usize) -> Room {
        Room { limit, allowed: |_| true }
    }

    #[test]
    fn the_order_of_origins_does_not_matter() {
        let (a, b) = (origin("c/a", "one"), origin("c/b", "two"));
        let expected = "c/a: one + c/b: two (owner platform, expires 2027-01-31)";
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

    #[test]
    fn what_endpoints_do_not_share_stays_with_each() {
        let mut other = origin("c/b", "two");
        if let Origin::Endpoint(why) = &mut other {
            Arc::make_mut(why).owner = Some("storage".to_owned());
        }
        let (line, _) = reason([&origin("c/a", "one"), &other], any(255));
        let expected =
            "c/a: one (owner platform, expires 2027-01-31) + c/b: two (owner storage, expires 2027-01-31)";
        assert_eq!(line, expected);
    }

    #[test]
    fn the_source_is_named_where_there_is_room() {
        let mut documented = origin("c/a", "one");
        if let Origin::Endpoint(why) = &mut documented {
            Arc::make_mut(why).sources = vec!["https://example.com/page".to_owned(), "another".to_owned()];
        }
        let (line, changed) = reason([&documented], any(255));
        assert_eq!(line, "c/a: one (owner platform, expires 2027-01-31, source example.com/page)");
        assert!(!changed);
        let (line, changed) = reason([&documented], any(50));
        assert_eq!(line, "c/a: one (owner platform, expires 2027-01-31)");
        assert!(changed);
    }
}
