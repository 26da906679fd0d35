//! Reading a lockfile: all of it, or findings.

use super::parts::in_parts;
use super::table::{Reader, Table, Value, span};
use super::write::{VERSION, key};
use super::{Feed, LastLookup, LastOutcome, LockedAddress, LockedHost, Lockfile, Provenance};
use crate::diag::{Code, Finding, Source, Span, concealed, suggest};
use crate::packet::{Hostname, Prefix};
use crate::resolve::dns::Resolvers;
use crate::resolve::guard;
use crate::resolve::outcome::{Family, Outcome, Verdict};
use crate::resolve::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use toml::de::DeTable;

const REFRESH: &str = "restore the file from version control, or write it anew with `egressor lock`";
const TIME: &str = "write the time in UTC, to the second";
/// How many places that are no TOML are named one by one.
const MOST_NAMED: usize = 20;
const BLOCK: &str = "write an address or a block as the vendor lists it";

impl Lockfile {
    /// Reads a lockfile. With any finding nothing of it is returned, for half a lockfile would make half the rules.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Vec<Finding>> {
        let mut reader = Reader::new(source);
        merge_marks(&mut reader, source.text());
        if !reader.findings.is_empty() {
            return Err(reader.findings);
        }
        in_parts(source).map_or_else(|| whole(source), Ok)
    }
}

/// Reads the tree of the whole text.
pub(super) fn whole(source: &Arc<Source>) -> Result<Lockfile, Vec<Finding>> {
    let mut reader = Reader::new(source);
    let (document, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        // It may be any file, and hold secrets.
        let shown = concealed(source);
        reader.findings.extend(errors.iter().take(MOST_NAMED).map(|error| {
            let range = error.span().unwrap_or_default();
            let finding = Finding::new(Code::LockSyntax, error.message()).help(REFRESH);
            finding.at(&shown, Span::new(range.start, range.end))
        }));
        if let Some(more) = errors.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            let message = format!("{more} more places of `{}` are no TOML", source.name());
            reader.findings.push(Finding::new(Code::LockSyntax, message).help(REFRESH));
        }
    }
    if !reader.findings.is_empty() {
        return Err(reader.findings);
    }
    let root = Table { entries: document.get_ref(), what: "the lockfile", span: Span::default() };
    let lock = lockfile(&mut reader, root);
    if reader.findings.is_empty() { Ok(lock) } else { Err(reader.findings) }
}

/// Finds the marks that a merge leaves where both sides changed the same lines.
fn merge_marks(reader: &mut Reader<'_>, text: &str) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if ["<<<<<<<", "|||||||", ">>>>>>>"].iter().any(|mark| line.starts_with(mark))
            || line.trim_end() == "======="
        {
            let end = start + line.trim_end().len();
            let help = "take either side whole, then refresh it with `egressor lock`";
            reader.error(Span::new(start, end), "a merge conflict was not resolved here", help);
        }
        start += line.len();
    }
}

fn lockfile(reader: &mut Reader<'_>, root: Table<'_, '_>) -> Lockfile {
    let mut lock = Lockfile::default();
    if let Some(head) = head(reader, root) {
        reader.only(root, &["version", "tried", "feed", "host"]);
        entries(reader, root, head.usual, &mut lock);
    }
    lock
}

/// What stands before feeds and hosts.
pub(super) struct Head {
    /// The time of the last refresh of most hosts.
    pub(super) usual: Option<Timestamp>,
}

/// Reads the head. A newer format may give old keys a new meaning, so nothing else of it is looked at.
pub(super) fn head(reader: &mut Reader<'_>, root: Table<'_, '_>) -> Option<Head> {
    let value = reader.need(root, "version")?;
    let version: i64 = reader.number(value, REFRESH)?;
    if version != VERSION {
        let message = format!("the lockfile has version {version}, this egressor reads version {VERSION}");
        reader.error(span(value), message, "use the egressor that wrote it, or a newer one");
        return None;
    }
    Some(Head { usual: root.get("tried").and_then(|value| reader.parse(value, TIME)) })
}

/// Reads feeds and hosts into the lockfile.
pub(super) fn entries(
    reader: &mut Reader<'_>,
    root: Table<'_, '_>,
    usual: Option<Timestamp>,
    lock: &mut Lockfile,
) {
    for value in root.get("feed").map_or(&[][..], |value| reader.list(value)) {
        let Some(table) = reader.table(value, "the feed") else { continue };
        let Some(feed) = feed(reader, table) else { continue };
        let name = feed.name.clone();
        if lock.feeds.insert(name.clone(), feed).is_some() {
            reader.error(table.span, format!("the feed `{name}` stands here twice"), "remove one of the two");
        }
    }
    for value in root.get("host").map_or(&[][..], |value| reader.list(value)) {
        let Some(table) = reader.table(value, "the host") else { continue };
        let Some(host) = host(reader, table, usual) else { continue };
        let name = host.name.clone();
        if lock.hosts.insert(name.clone(), host).is_some() {
            let at = table.get("name").map_or(table.span, span);
            reader.error(at, format!("the host `{name}` stands here twice"), "merge the two into one");
        }
    }
}

fn feed(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<Feed> {
    reader.only(table, &["name", "url", "token", "date", "etag", "modified", "sha256"]);
    let name = reader.need(table, "name").and_then(|value| reader.text(value));
    let url = reader.need(table, "url").and_then(|value| reader.text(value));
    let [token, etag, modified] = ["token", "etag", "modified"]
        .map(|key| table.get(key).and_then(|value| reader.text(value)).map(str::to_owned));
    let date = reader.need(table, "date").and_then(|value| reader.parse(value, TIME));
    let sha256 = reader.need(table, "sha256").and_then(|value| {
        let text = reader.text(value)?;
        let plain = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !plain {
            reader.error(
                span(value),
                format!("`{text}` is not a SHA-256"),
                "write 64 lower-case hexadecimal digits",
            );
        }
        plain.then(|| text.to_owned())
    });
    Some(Feed {
        name: name?.to_owned(),
        url: url?.to_owned(),
        token,
        date: date?,
        etag,
        modified,
        sha256: sha256?,
    })
}

fn host(reader: &mut Reader<'_>, table: Table<'_, '_>, usual: Option<Timestamp>) -> Option<LockedHost> {
    reader.only(
        table,
        &["name", "tried", "a", "a_failing", "aaaa", "aaaa_failing", "cname", "ttl", "rotating", "addresses"],
    );
    let name: Option<Hostname> = reader
        .need(table, "name")
        .and_then(|value| reader.parse(value, "write one host name, without a port"));
    let last = last_lookup(reader, table, usual);
    let cname = table.get("cname").map_or(&[][..], |value| reader.list(value));
    let cname: Vec<Hostname> =
        cname.iter().filter_map(|value| reader.parse(value, "write host names")).collect();
    let ttl = table.get("ttl").and_then(|value| reader.number(value, "write the time to live in seconds"));
    let rotating = table.get("rotating").and_then(|value| reader.boolean(value)).unwrap_or_default();
    let items = reader.need(table, "addresses").map_or(&[][..], |value| reader.list(value));
    let mut addresses = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items {
        let Some(address) = address(reader, item, last.map(|last| last.tried)) else { continue };
        let (prefix, way, source) = address.key();
        if !seen.insert((prefix, way, source.map(str::to_owned))) {
            reader.error(
                span(item),
                format!("`{}` stands here twice", address.prefix),
                "remove one of the two",
            );
        }
        addresses.push(address);
    }
    let mut host = LockedHost { last, cname, ttl, rotating, ..LockedHost::new(name?) };
    host.set_addresses(addresses);
    if reader.findings.is_empty() {
        agreement(reader, table, &host);
    }
    Some(host)
}

/// Checks that the outcomes and the addresses tell one story, which an edit or a careless merge can break.
fn agreement(reader: &mut Reader<'_>, table: Table<'_, '_>, host: &LockedHost) {
    for family in Family::BOTH {
        let key = key(family);
        let at = table.get(key).map_or(table.span, span);
        let outcome = host.outcome(family);
        let lacks = host.dns(family).next().is_none();
        let message = match outcome.map(Outcome::verdict) {
            Some(Verdict::Answered) if lacks => {
                format!("no {family} address stands here, though `{key}` is an answer")
            }
            Some(Verdict::Gone) | None if !lacks => {
                let said = outcome.map_or_else(|| "missing".to_owned(), |outcome| format!("`{outcome}`"));
                format!("an {family} address has a resolver, though `{key}` is {said}")
            }
            Some(Verdict::Answered | Verdict::Gone | Verdict::Failed) | None => continue,
        };
        reader.error(at, message, REFRESH);
    }
}

/// How the last lookup of a host went. The time is that of the whole file where the host has none of its own.
fn last_lookup(
    reader: &mut Reader<'_>,
    table: Table<'_, '_>,
    usual: Option<Timestamp>,
) -> Option<LastLookup> {
    if ["tried", "a", "aaaa", "a_failing", "aaaa_failing"].iter().all(|key| table.get(key).is_none()) {
        return None;
    }
    let tried = match (table.get("tried"), usual) {
        (None, Some(usual)) => Some(usual),
        (_, _) => reader.need(table, "tried").and_then(|value| reader.parse(value, TIME)),
    };
    let [a, aaaa] = Family::BOTH.map(|family| last_outcome(reader, table, family));
    Some(LastLookup { tried: tried?, a: a?, aaaa: aaaa? })
}

fn last_outcome(reader: &mut Reader<'_>, table: Table<'_, '_>, family: Family) -> Option<LastOutcome> {
    let failing = table.get(&format!("{}_failing", key(family)));
    let since = failing.and_then(|value| reader.parse(value, TIME));
    let outcome = reader.need(table, key(family)).and_then(|value| outcome(reader, value))?;
    if let Some(value) = failing.filter(|_| outcome.verdict() != Verdict::Failed) {
        let message = format!("the {} lookup has not failed, it ended in `{outcome}`", family.record());
        reader.error(span(value), message, REFRESH);
    }
    Some(LastOutcome { outcome, failing: since })
}

fn outcome(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Outcome> {
    let word = reader.text(value)?;
    let outcome = Outcome::parse(word);
    if outcome.is_none() {
        let words = Outcome::ALL.map(Outcome::as_str);
        let help = suggest(word, words).map_or_else(
            || format!("the outcomes are {}", words.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        reader.error(span(value), format!("`{word}` is no outcome of a lookup"), help);
    }
    outcome
}

fn address(reader: &mut Reader<'_>, value: &Value<'_>, tried: Option<Timestamp>) -> Option<LockedAddress> {
    let table = reader.table(value, "the address")?;
    reader.only(table, &["address", "first_seen", "last_seen", "resolver", "published", "dedicated"]);
    let prefix: Option<Prefix> = reader.need(table, "address").and_then(|value| {
        let prefix = reader.parse(value, BLOCK)?;
        if guard::never_a_host(prefix) {
            let message = format!("`{prefix}` holds addresses that no host can have");
            reader.error(span(value), message, BLOCK);
            return None;
        }
        if let Some(v4) = prefix.mapped_ipv4() {
            let message = format!("`{prefix}` is IPv4-mapped, which systems read differently");
            reader.error(span(value), message, format!("write `{v4}`"));
            return None;
        }
        Some(prefix)
    });
    let first_seen: Option<Timestamp> =
        reader.need(table, "first_seen").and_then(|value| reader.parse(value, TIME));
    // Without a time of its own it was seen by the last lookup of its host.
    let last_seen: Option<Timestamp> = match (table.get("last_seen"), tried) {
        (None, Some(tried)) => Some(tried),
        (_, _) => reader.need(table, "last_seen").and_then(|value| reader.parse(value, TIME)),
    };
    let provenance = provenance(reader, table);
    let (prefix, first_seen, last_seen, provenance) = (prefix?, first_seen?, last_seen?, provenance?);
    if last_seen < first_seen {
        let message = format!("`{prefix}` was last seen before it was first seen");
        reader.error(table.span, message, "swap `first_seen` and `last_seen`");
    }
    if matches!(provenance, Provenance::Dns(_)) && prefix != Prefix::host(prefix.addr()) {
        let message = format!("`{prefix}` is a block, but DNS gives single addresses");
        reader.error(
            table.span,
            message,
            "say where the block is listed with `published`, in place of `resolver`",
        );
    }
    Some(LockedAddress { prefix, provenance, first_seen, last_seen })
}

fn provenance(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<Provenance> {
    let help =
        "name the `resolver` that gave it, the page where it is `published`, or the set it is `dedicated` in";
    let ways = ["resolver", "published", "dedicated"].map(|key| table.get(key));
    match ways {
        [None, None, None] => {
            reader.error(table.span, "the address does not say how it is known", help);
            None
        }
        [None, Some(value), None] => {
            reader.text(value).map(|source| Provenance::Published(source.to_owned()))
        }
        [None, None, Some(value)] => reader.text(value).map(|set| Provenance::Dedicated(set.to_owned())),
        [Some(value), None, None] => {
            let single = std::slice::from_ref(value);
            let several = matches!(value.get_ref(), toml::de::DeValue::Array(_));
            let items = if several { reader.list(value) } else { single };
            if items.is_empty() {
                reader.error(span(value), "no resolver is named", help);
                return None;
            }
            let names: Option<Resolvers> = items.iter().map(|item| reader.text(item)).collect();
            names.map(|names| Provenance::Dns(reader.known.share(names)))
        }
        [_, _, _] => {
            reader.error(table.span, "the address is known in two ways at once", "write two entries");
            None
        }
    }
}
