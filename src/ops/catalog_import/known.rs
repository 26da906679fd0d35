//! What was imported before: the catalog where the new one is to stand, and the feed in the lockfile.

use super::{ImportRequest, one};
use crate::catalog::{Catalog, load};
use crate::diag::{Code, Finding, Source, any_error};
use crate::ops::files::read;
use crate::resolve::feeds::FeedFormat;
use crate::resolve::{Feed, Timestamp};
use std::sync::Arc;

/// How the first line of an imported catalog begins.
const WRITTEN: &str = "Written by `egressor catalog import";

/// Reports whether a catalog was imported from a feed.
pub(in crate::ops) fn is_imported(source: &Source) -> bool {
    source.text().strip_prefix("# ").is_some_and(|text| text.starts_with(WRITTEN))
}

/// What stands where the catalog is to be written.
pub(super) struct Old {
    source: Arc<Source>,
    pub(super) catalog: Option<Catalog>,
}

impl Old {
    /// Reports whether it begins with these lines.
    pub(super) fn has_head(&self, lines: &[String]) -> bool {
        let mut here = self.source.text().lines();
        lines.iter().all(|line| here.next().and_then(|here| here.strip_prefix("# ")) == Some(line))
    }
}

pub(super) fn old(request: &ImportRequest) -> Result<Option<Old>, Vec<Finding>> {
    let Some(path) = request.out.as_deref().filter(|path| path.exists()) else { return Ok(None) };
    let source = read(path, request.limit).map_err(one)?;
    let (catalog, findings) = load(&source);
    let catalog = catalog.filter(|_| !any_error(&findings));
    Ok(Some(Old { source, catalog }))
}

pub(super) fn no_catalog(old: &Old) -> Finding {
    let message = format!("`{}` is there already and is no catalog that can be read", old.source.name());
    Finding::new(Code::FeedQuarantined, message).help("name another file, or replace it with `--accept`")
}

/// The lines that tell how a catalog came about. Two catalogs with the same lines say the same.
pub(super) fn head(
    request: &ImportRequest,
    format: &FeedFormat,
    digest: &str,
    other: Option<&Feed>,
) -> Vec<String> {
    let choice = &request.choice;
    let mut flags: Vec<String> = vec![format!("{WRITTEN} {}", format.name)];
    let mut add = |flag: &str, values: Vec<String>| {
        let mut values = values;
        values.sort();
        values.dedup();
        flags.extend(values.into_iter().map(|value| format!("--{flag} {value}")));
    };
    add("id", request.id.iter().cloned().collect());
    add("except", request.except.iter().cloned().collect());
    add("service", choice.services.clone());
    add("region", choice.regions.clone());
    add("category", choice.categories.clone());
    add("direction", choice.direction.iter().map(|way| way.as_str().to_owned()).collect());
    add("port", request.ports.iter().map(ToString::to_string).collect());
    let line = |text: &str| crate::syntax::text::one_line(text);
    let mut lines = vec![
        line(&format!("{}`.", flags.join(" "))),
        "Import again rather than edit; an overlay holds what you change.".to_owned(),
        format!("Feed: sha256 {digest}"),
    ];
    lines.extend(other.map(|other| line(&format!("Less {}: sha256 {}", other.url, other.sha256))));
    lines
}

/// A state that is older than the one that is known.
pub(super) fn older(known: &Feed, token: Option<&str>, made: Option<Timestamp>) -> Option<Finding> {
    let number = |token: &str| token.parse::<u128>().ok();
    let before = known.token.as_deref().and_then(number).zip(token.and_then(number));
    let is_older = match before {
        Some((before, now)) => now < before,
        None => made.is_some_and(|made| made < known.date),
    };
    is_older.then(|| {
        let of = |token: Option<&str>, date: &str| token.map_or_else(|| date.to_owned(), str::to_owned);
        let message = format!(
            "`{}` is of {}, older than {}, which the lockfile knows; everything was left as it is",
            known.name,
            of(token, &made.map(|made| made.to_string()).unwrap_or_default()),
            of(known.token.as_deref(), &known.date.to_string()),
        );
        Finding::new(Code::FeedQuarantined, message).help("take it in with `--accept` if that is meant")
    })
}
