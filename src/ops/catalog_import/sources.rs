//! Where feeds come from: a file or a URL, and another feed that is taken out.

use super::time::{dayless, midnight};
use super::{ImportRequest, Imported, one};
use crate::diag::{Code, Finding, Source, any_error};
use crate::ops::files::read;
use crate::packet::{AddrSet, Set as _};
use crate::resolve::Feed;
use crate::resolve::feeds::{Content, FEEDS, FeedFormat, Fetch, Fetched, fetch, judge, recognise};
use crate::syntax::digest::sha256;
use std::path::Path;
use std::sync::Arc;

/// The file, URL or `-` that the feed is read from.
pub(super) fn place_of(request: &ImportRequest, format: &FeedFormat) -> Result<String, Finding> {
    request.from.clone().or_else(|| format.url.map(str::to_owned)).ok_or_else(|| {
        let message = format!("the feed `{}` is served at no one place: name it with `--from`", format.name);
        Finding::new(Code::FeedIncomplete, message).help(format.elsewhere)
    })
}

/// The body, or nothing when the known state is still the present one.
pub(super) fn obtain(
    place: &str,
    request: &ImportRequest,
    known: Option<&Feed>,
) -> Result<Option<(Arc<Source>, Fetched)>, Finding> {
    if !(place.starts_with("https://") || place.starts_with("http://")) {
        return Ok(Some((read(Path::new(place), request.limit)?, Fetched::default())));
    }
    let ask = Fetch {
        url: place,
        etag: known.and_then(|known| known.etag.as_deref()),
        modified: known.and_then(|known| known.modified.as_deref()),
        limit: request.limit,
        timeout: request.timeout,
        plain: request.plain,
    };
    let mut fetched = fetch(&ask).map_err(|error| {
        let mut finding = Finding::new(Code::FeedFetch, error.to_string());
        finding.help = error.help().map(str::to_owned);
        finding
    })?;
    let Some(body) = fetched.body.take() else { return Ok(None) };
    let text = String::from_utf8(body)
        .map_err(|_| Finding::new(Code::FeedSyntax, format!("`{place}` is not UTF-8 text")))?;
    Ok(Some((Arc::new(Source::new(place, text)), fetched)))
}

/// The content less the addresses of the other feed, and that feed.
pub(super) fn less(
    request: &ImportRequest,
    content: Content,
    imported: &mut Imported,
) -> Result<(Content, Option<Feed>), Vec<Finding>> {
    let Some(except) = &request.except else { return Ok((content, None)) };
    let place = match FEEDS.iter().find(|feed| feed.name == except) {
        Some(feed) => place_of(&ImportRequest { from: None, ..request.clone() }, feed).map_err(one)?,
        None => except.clone(),
    };
    let Some((source, fetched)) = obtain(&place, request, None).map_err(one)? else {
        // Nothing was said to be known, so there is nothing that could be unchanged. Going on would take nothing out.
        let message = format!("`{place}` was asked for the whole feed and did not give it");
        return Err(one(Finding::new(Code::FeedFetch, message)));
    };
    let Some(format) = recognise(&source) else {
        let message = format!("`{place}` is no feed that is known, so nothing can be taken out by it");
        return Err(one(Finding::new(Code::FeedSyntax, message)));
    };
    // What is not understood here would be taken out too little, and nobody can accept that unseen.
    let (other, found) = judge(format, &source, false);
    let wrong = any_error(&found);
    imported.findings.extend(found);
    if wrong {
        return Err(Vec::new());
    }
    let date = match other.made.or(fetched.date) {
        Some(date) => date,
        None => match request.verified {
            Some(day) => midnight(day).map_err(one)?,
            None => return Err(one(dayless(&place))),
        },
    };
    let noted = Feed {
        name: format!("{}-except-{}", request.id.as_deref().unwrap_or(&request.feed), format.name),
        url: place,
        token: other.token.clone(),
        date,
        etag: fetched.etag,
        modified: fetched.modified,
        sha256: sha256(source.text()),
    };
    let taken = other.addresses();
    let mut content = content;
    for listed in content.entries.values_mut() {
        let left = AddrSet::of(listed.blocks.iter().copied()).subtract(&taken);
        listed.blocks = left.prefixes().into_iter().collect();
    }
    content.entries.retain(|_, listed| !(listed.blocks.is_empty() && listed.names.is_empty()));
    if content.entries.is_empty() {
        let message = format!("nothing is left of `{}` without `{}`", request.feed, noted.url);
        return Err(one(Finding::new(Code::SelectionEmpty, message)));
    }
    Ok((content, Some(noted)))
}
