//! Of which day a feed is.

use super::ImportRequest;
use super::known::Old;
use crate::catalog::Date;
use crate::diag::{Code, Finding};
use crate::resolve::feeds::Fetched;
use crate::resolve::{Feed, Timestamp};

/// The time of the feed: its own, else the user's day, else that of the same body before, else the server's.
pub(super) fn time(
    request: &ImportRequest,
    made: Option<Timestamp>,
    known: Option<&Feed>,
    same: Option<&Old>,
    fetched: &Fetched,
) -> Result<Timestamp, Finding> {
    match (made, request.verified) {
        (Some(_), Some(_)) => {
            let message = format!("the feed `{}` says its day itself, so `--verified` cannot", request.feed);
            return Err(Finding::new(Code::VariableInvalid, message));
        }
        (Some(made), None) => return Ok(made),
        (None, Some(day)) => return midnight(day),
        (None, None) => {}
    }
    let before = same.and_then(|old| old.catalog.as_ref()).map(|old| old.document.verified.value.on.value);
    match (known.map(|known| known.date), before, fetched.date) {
        (Some(time), _, _) | (None, None, Some(time)) => Ok(time),
        (None, Some(day), _) => midnight(day),
        (None, None, None) => Err(dayless(&request.feed)),
    }
}

pub(super) fn dayless(feed: &str) -> Finding {
    let message = format!("the feed `{feed}` does not say of which day it is");
    Finding::new(Code::FeedIncomplete, message).help("say it with `--verified 2026-11-22`")
}

pub(super) fn midnight(day: Date) -> Result<Timestamp, Finding> {
    format!("{day}T00:00:00Z")
        .parse()
        .map_err(|_| Finding::new(Code::VariableInvalid, format!("`{day}` is no day that a feed can be of")))
}

pub(super) fn day(time: Timestamp) -> Result<Date, Finding> {
    let text = time.to_string();
    let day = text.split('T').next().unwrap_or_default();
    day.parse().map_err(|why: String| Finding::new(Code::FeedSyntax, why))
}
