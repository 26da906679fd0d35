//! `catalog import`: what a vendor publishes, as a catalog and in the lockfile.

mod known;
mod sources;
mod time;

pub(super) use known::is_imported;

use super::lock::place::Place;
use super::write::replace_one;
use crate::catalog::{Catalog, Date, Id, PortSpec};
use crate::diag::{Code, Finding, Severity, any_error, suggest_or_list};
use crate::packet::{AddrSet, Hostname, Prefix};
use crate::policy::Direction;
use crate::resolve::feeds::{Choice, Content, FEEDS, FeedFormat, FeedLimits, Writing, change, judge, write};
use crate::resolve::{Feed, Lockfile, Timestamp};
use crate::syntax::digest::sha256;
use known::{Old, head, no_catalog, old, older};
use sources::{less, obtain, place_of};
use std::path::PathBuf;
use std::time::Duration;
use time::{day, time};

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

/// Imports a feed. With an error nothing is written, unless it is that the lockfile cannot be: then the catalog is there, and
/// the next run notes it.
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
        let may_be = known.url == place && request.except.is_none();
        let lines = may_be.then(|| head(request, format, &known.sha256, None));
        let stands = |old: &Old| lines.is_some_and(|lines| old.has_head(&lines));
        request.publish.is_empty() && old.as_ref().is_some_and(stands)
    });
    let Some((source, fetched)) = obtain(&place, request, as_known).map_err(one)? else {
        imported.status = Some(ImportStatus::Unchanged);
        imported.endpoints = old.as_ref().map_or(0, |old| old.catalog.as_ref().map_or(0, count));
        imported.noted = known.cloned();
        return Ok(());
    };
    let digest = sha256(source.text());
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
        let help = suggest_or_list(name, "feeds are", names());
        Finding::new(Code::SelectionUnknown, format!("there is no feed `{name}`")).help(help)
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
