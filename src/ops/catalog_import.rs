//! `catalog import`: what a vendor publishes, as a catalog and in the lockfile.

use super::files::read;
use super::lock::place::Place;
use super::write::replace_one;
use crate::catalog::{Catalog, Date, Id, PortSpec, load};
use crate::diag::{Code, Finding, Severity, Source, any_error, suggest};
use crate::packet::{AddrSet, Hostname, Prefix, Set as _};
use crate::policy::Direction;
use crate::resolve::feeds::{
    Choice, Content, FEEDS, FeedFormat, FeedLimits, Fetch, Fetched, Writing, change, fetch, judge, recognise,
    sha256, write,
};
use crate::resolve::{Feed, Lockfile, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The name of the feed.
    pub feed: String,
    /// A file, a URL, or `-`; where the vendor serves it when not given.
    pub from: Option<String>,
    /// Another feed, whose addresses are taken out: a file, a URL, or the name of a feed that has one.
    pub except: Option<String>,
    /// The id of the catalog, and the name in the lockfile; the feed's when not given.
    pub id: Option<String>,
    /// Which entries.
    pub choice: Choice,
    /// The ports of entries that have none.
    pub ports: Vec<PortSpec>,
    /// Where the catalog is written; it is returned only when not given.
    pub out: Option<PathBuf>,
    /// The lockfile that notes the feed.
    pub lock: Option<PathBuf>,
    /// Hosts for which the lockfile notes the addresses as published.
    pub publish: Vec<Hostname>,
    /// The day of a feed that does not say it.
    pub verified: Option<Date>,
    /// Whether what is held back otherwise is taken in.
    pub accept: bool,
    /// How much may change before it is held back.
    pub limits: FeedLimits,
    /// The greatest body, in bytes.
    pub limit: u64,
    /// How long fetching may take.
    pub timeout: Duration,
    /// Whether plain `http` is allowed anywhere.
    pub plain: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The text of the catalog, where there is a new one.
    pub text: Option<String>,
    /// How it ended; nothing when nothing could be imported.
    pub status: Option<ImportStatus>,
    /// How many endpoints the catalog has.
    pub endpoints: usize,
    /// The feed as the lockfile notes it.
    pub noted: Option<Feed>,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportStatus {
    /// The catalog is new or another one.
    Written,
    /// All is as it was.
    Unchanged,
}

impl ImportStatus {
    /// The word that JSON and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Imports a feed. With an error nothing is written.
pub fn catalog_import(request: &ImportRequest) -> Imported {
    let mut imported = Imported::default();
    if let Err(findings) = run(request, &mut imported) {
        imported.findings.extend(findings);
        imported.text = None;
        imported.status = None;
    }
    imported
}

fn run(request: &ImportRequest, imported: &mut Imported) -> Result<(), Vec<Finding>> {
    let format = format(&request.feed).map_err(one)?;
    let id: Id = request
        .id
        .as_deref()
        .unwrap_or(format.name)
        .parse()
        .map_err(|why: String| one(Finding::new(Code::VariableInvalid, format!("`--id`: {why}"))))?;
    let lock = match &request.lock {
        Some(path) => Place::new(path).read()?,
        None => Lockfile::default(),
    };
    if request.lock.is_none() && !request.publish.is_empty() {
        let message = "`--publish` notes addresses in a lockfile";
        return Err(one(Finding::new(Code::VariableInvalid, message).help("name it with `--lock FILE`")));
    }
    let known = lock.feed(id.as_str());
    let old = old(request)?;
    let place = place_of(request, format).map_err(one)?;
    // Only a catalog that was made of the known state, and in the same way, stands for it.
    let as_known = known.filter(|known| {
        let head = known.url == place && request.except.is_none();
        let lines = head.then(|| self::head(request, format, &known.sha256, None));
        let stands = |old: &Old| lines.is_some_and(|lines| old.has_head(&lines));
        request.publish.is_empty() && old.as_ref().is_some_and(stands)
    });
    let Some((source, fetched)) = obtain(&place, request, as_known).map_err(one)? else {
        imported.status = Some(ImportStatus::Unchanged);
        imported.endpoints = old.as_ref().map_or(0, |old| old.catalog.as_ref().map_or(0, count));
        imported.noted = known.cloned();
        return Ok(());
    };
    let digest = sha256(source.text().as_bytes());
    let (content, found) = judge(format, &source, request.accept);
    imported.findings.extend(found);
    if any_error(&imported.findings) {
        return Err(Vec::new());
    }
    let made = content.made;
    let token = content.token.clone().or_else(|| fetched.etag.clone());
    let (content, other) = less(request, content, imported)?;
    let content = request.choice.of(format, content)?;
    let lines = head(request, format, &digest, other.as_ref());
    let same = old.as_ref().filter(|old| old.has_head(&lines));
    let time =
        time(request, made, known.filter(|known| known.sha256 == digest), same, &fetched).map_err(one)?;
    let writing = Writing {
        feed: format,
        id: id.as_str(),
        url: &place,
        date: day(time).map_err(one)?,
        ports: &request.ports,
        direction: request.choice.direction,
        head: &lines,
    };
    let content = Content { token: token.clone(), ..content };
    let (catalog, found) = write(&content, &writing)?;
    imported.findings.extend(found);
    let mut held = Vec::new();
    if let Some(known) = known.filter(|known| known.url == place) {
        held.extend(older(known, token.as_deref(), made));
    }
    match &old {
        Some(Old { catalog: Some(before), .. }) => held.extend(change(before, &catalog, request.limits)),
        Some(old) => held.push(no_catalog(old)),
        None => {}
    }
    for finding in held.iter_mut().filter(|_| request.accept) {
        finding.severity = Severity::Warning;
        finding.help = None;
    }
    imported.findings.extend(held);
    if any_error(&imported.findings) {
        return Err(Vec::new());
    }
    let noted = Feed {
        name: id.to_string(),
        url: place,
        token,
        date: time,
        etag: fetched.etag,
        modified: fetched.modified,
        sha256: digest,
    };
    imported.endpoints = count(&catalog);
    let text = catalog.source.text().to_owned();
    imported.status = Some(put(request, &text)?);
    imported.text = Some(text);
    if let Some(path) = &request.lock {
        let noted: Vec<Feed> = std::iter::once(noted.clone()).chain(other).collect();
        let news = Place::new(path).replace(|lock| note(lock, &noted, request, &content, time))?;
        if news {
            imported.status = Some(ImportStatus::Written);
        }
    }
    imported.noted = Some(noted);
    Ok(())
}

fn one(finding: Finding) -> Vec<Finding> {
    vec![finding]
}

fn count(catalog: &Catalog) -> usize {
    catalog.endpoints().count()
}

fn format(name: &str) -> Result<&'static FeedFormat, Finding> {
    let names = || FEEDS.iter().map(|feed| feed.name);
    FEEDS.iter().find(|feed| feed.name == name).ok_or_else(|| {
        let help = suggest(name, names()).map_or_else(
            || format!("feeds are {}", names().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Finding::new(Code::SelectionUnknown, format!("there is no feed `{name}`")).help(help)
    })
}

/// The file, URL or `-` that the feed is read from.
fn place_of(request: &ImportRequest, format: &FeedFormat) -> Result<String, Finding> {
    request.from.clone().or_else(|| format.url.map(str::to_owned)).ok_or_else(|| {
        let message = format!("the feed `{}` is served at no one place: name it with `--from`", format.name);
        Finding::new(Code::FeedIncomplete, message).help(format.elsewhere)
    })
}

/// How the first line of an imported catalog begins.
const WRITTEN: &str = "Written by `egressor catalog import";

/// Reports whether a catalog was imported from a feed.
pub(super) fn is_imported(source: &Source) -> bool {
    source.text().strip_prefix("# ").is_some_and(|text| text.starts_with(WRITTEN))
}

/// What stands where the catalog is to be written.
struct Old {
    source: Arc<Source>,
    catalog: Option<Catalog>,
}

impl Old {
    fn has_head(&self, lines: &[String]) -> bool {
        let mut here = self.source.text().lines();
        lines.iter().all(|line| here.next().and_then(|here| here.strip_prefix("# ")) == Some(line))
    }
}

fn old(request: &ImportRequest) -> Result<Option<Old>, Vec<Finding>> {
    let Some(path) = request.out.as_deref().filter(|path| path.exists()) else { return Ok(None) };
    let source = read(path, request.limit).map_err(one)?;
    let (catalog, findings) = load(&source);
    let catalog = catalog.filter(|_| !any_error(&findings));
    Ok(Some(Old { source, catalog }))
}

fn no_catalog(old: &Old) -> Finding {
    let message = format!("`{}` is there already and is no catalog that can be read", old.source.name());
    Finding::new(Code::FeedQuarantined, message).help("name another file, or replace it with `--accept`")
}

/// The lines that tell how a catalog came about. Two catalogs with the same lines say the same.
fn head(request: &ImportRequest, format: &FeedFormat, digest: &str, other: Option<&Feed>) -> Vec<String> {
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

/// The body, or nothing when the known state is still the present one.
fn obtain(
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
fn less(
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
        return Ok((content, None));
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
        sha256: sha256(source.text().as_bytes()),
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

/// The time of the feed: its own, else the user's day, else that of the same body before, else the server's.
fn time(
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

fn dayless(feed: &str) -> Finding {
    let message = format!("the feed `{feed}` does not say of which day it is");
    Finding::new(Code::FeedIncomplete, message).help("say it with `--verified 2026-11-22`")
}

fn midnight(day: Date) -> Result<Timestamp, Finding> {
    format!("{day}T00:00:00Z")
        .parse()
        .map_err(|_| Finding::new(Code::VariableInvalid, format!("`{day}` is no day that a feed can be of")))
}

fn day(time: Timestamp) -> Result<Date, Finding> {
    let text = time.to_string();
    let day = text.split('T').next().unwrap_or_default();
    day.parse().map_err(|why: String| Finding::new(Code::FeedSyntax, why))
}

/// A state that is older than the one that is known.
fn older(known: &Feed, token: Option<&str>, made: Option<Timestamp>) -> Option<Finding> {
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

/// Puts the catalog in its place, where it has one.
fn put(request: &ImportRequest, text: &str) -> Result<ImportStatus, Vec<Finding>> {
    let Some(out) = &request.out else { return Ok(ImportStatus::Written) };
    if std::fs::read(out).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(ImportStatus::Unchanged);
    }
    replace_one(out, text).map_err(one)?;
    Ok(ImportStatus::Written)
}

/// The lockfile with the feeds, and with what the vendor publishes for hosts.
fn note(
    lock: &Lockfile,
    feeds: &[Feed],
    request: &ImportRequest,
    content: &Content,
    time: Timestamp,
) -> Lockfile {
    let mut lock = lock.clone();
    for feed in feeds {
        lock.record_feed(feed.clone());
    }
    let egress = content
        .entries
        .iter()
        .filter(|(key, _)| key.way.or(request.choice.direction) == Some(Direction::Egress));
    let blocks: Vec<Prefix> =
        AddrSet::of(egress.flat_map(|(_, listed)| listed.blocks.iter().copied())).prefixes();
    let source = feeds.first().map(|feed| format!("feed {}", feed.name)).unwrap_or_default();
    for host in &request.publish {
        lock.publish(host, &source, blocks.iter().copied(), time);
    }
    lock
}
