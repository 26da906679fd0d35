//! `catalog diff`: what a revision of a vendor's list changes, as entries and as traffic.

use super::catalog_import::is_imported;
use super::limit::too_large;
use super::shipped::named;
use crate::catalog::{
    Catalog, EndpointDocument, EntryChange, EntryKind, FieldChange, Id, PortSpec, Selected, Selection,
    compare, load, select,
};
use crate::compile::{Answers, Input, Variables, compile};
use crate::diag::{Code, Finding, Source, any_error, suggest_or_list};
use crate::drift::{Drift, Terms, Verdict, drift};
use crate::packet::{AddrSet, Prefix, Set as _};
use crate::policy::{Direction, Policy, ScopeTooLarge};
use crate::resolve::feeds::{FeedFormat, Reading, Writing, after, blocks, judge, judged, recognise, write};
use crate::targets::{Ingress, PeerKind, Scoping, Speech};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the user asked for. A side is a catalog file or the id of a shipped catalog; `@SOURCE` behind it means just
/// what that source lists.
#[derive(Debug, Clone, Default)]
pub struct CatalogDiffRequest {
    /// The earlier list.
    pub old: PathBuf,
    /// The later list.
    pub new: PathBuf,
    /// The regions whose traffic is compared; all when empty.
    pub regions: Vec<String>,
    /// Also what was superseded, where a side names no source.
    pub superseded: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct CatalogDiffed {
    /// The names of both sides, as the user gave them.
    pub sources: [String; 2],
    /// The entries that differ.
    pub entries: Vec<EntryChange>,
    /// Whether both sides are feeds, whose entries are many and tell little one by one.
    pub feed: bool,
    /// What each changed endpoint does to the traffic, by id.
    pub effects: BTreeMap<String, Verdict>,
    /// The traffic that differs.
    pub drift: Drift,
    /// What the user should know.
    pub findings: Vec<Finding>,
    /// Whether the comparison could be made.
    pub compared: bool,
}

/// Names and components as the catalog has them: nothing is lost, and no address must be known.
const SPEECH: Speech =
    Speech { peers: PeerKind::Names, scoping: Scoping::Component, ingress: Ingress::ByPlatform };

/// Compares two catalogs.
pub fn catalog_diff(request: &CatalogDiffRequest) -> CatalogDiffed {
    let mut diffed = CatalogDiffed {
        sources: [&request.old, &request.new].map(|path| path.display().to_string()),
        ..CatalogDiffed::default()
    };
    let mut side = |path: &Path| match Side::read(path) {
        Ok(side) => Some(side),
        Err(findings) => {
            diffed.findings.extend(findings);
            None
        }
    };
    let changed = Side::changed(&request.old, &request.new);
    let old = side(&request.old);
    let new = match changed {
        Some(Ok(new)) => Some(new),
        Some(Err(findings)) => {
            diffed.findings.extend(findings);
            None
        }
        None => side(&request.new),
    };
    let (Some(old), Some(new)) = (old, new) else { return diffed };
    diffed.findings.extend(new.notes.iter().cloned());
    let mut chosen = |side: &Side| match side.regions(&request.regions) {
        Ok(regions) => Some(regions),
        Err(finding) => {
            diffed.findings.push(finding);
            None
        }
    };
    let (Some(old_regions), Some(new_regions)) = (chosen(&old), chosen(&new)) else { return diffed };
    let (old_all, wrong) = old.selected(&old_regions, request.superseded);
    diffed.findings.extend(wrong);
    let (new_all, wrong) = new.selected(&new_regions, request.superseded);
    diffed.findings.extend(wrong);
    let (Some(old_all), Some(new_all), false) = (old_all, new_all, any_error(&diffed.findings)) else {
        return diffed;
    };
    diffed.entries = compare((&old.catalog, &|id| old.lists_id(id)), (&new.catalog, &|id| new.lists_id(id)));
    diffed.feed = old.is_feed && new.is_feed;
    if diffed.feed {
        // The rest of the catalog is of our making; the token and day of a feed are no entries of it.
        let raw = old.is_raw || new.is_raw;
        let own = |entry: &EntryChange| match entry.section {
            "endpoints" => true,
            "ip_sets" | "sources" | "catalog" => false,
            _ => !raw,
        };
        diffed.entries.retain(own);
        diffed.entries = with_addresses(std::mem::take(&mut diffed.entries), &old, &new);
    }
    let changed = diffed
        .entries
        .iter()
        .filter(|entry| entry.section == "endpoints" && matches!(entry.kind, EntryKind::Changed(_)));
    let effects = changed.map(|entry| {
        let (old, new) = (policy(&only(&old_all, &entry.id)), policy(&only(&new_all, &entry.id)));
        Ok((entry.id.clone(), drift(&old, &new, &Terms::default())?.verdict()))
    });
    let effects: Result<_, ScopeTooLarge> = effects.collect();
    let whole = drift(&policy(&old_all), &policy(&new_all), &Terms::default());
    match effects.and_then(|effects| Ok((effects, whole?))) {
        Ok((effects, whole)) => {
            diffed.effects = effects;
            diffed.drift = whole;
            diffed.compared = true;
        }
        Err(error) => diffed.findings.push(too_large(&error)),
    }
    diffed
}

/// One list.
struct Side {
    catalog: Catalog,
    /// The source whose endpoints are meant; all endpoints when there is none.
    source: Option<Id>,
    /// Whether it is a feed as its vendor serves it.
    is_raw: bool,
    /// The blocks of each of its entries, as the vendor lists them.
    blocks: BTreeMap<String, BTreeSet<Prefix>>,
    /// What there is to say about it, where it could be read.
    notes: Vec<Finding>,
    /// Whether it is that, or a catalog that was imported from one.
    is_feed: bool,
}

impl Side {
    fn read(path: &Path) -> Result<Self, Vec<Finding>> {
        let text = path.to_string_lossy();
        // A file may have `@` in its name.
        let split = text.rsplit_once('@').filter(|_| !path.exists());
        let with_source =
            split.and_then(|(name, source)| Some((name.to_owned(), source.parse::<Id>().ok()?)));
        let (name, source) = match with_source {
            Some((name, source)) => (PathBuf::from(name), Some(source)),
            None => (path.to_owned(), None),
        };
        let file = named(&name).map_err(|finding| vec![finding])?;
        let feed = recognise(&file);
        let mut blocks = BTreeMap::new();
        let (catalog, findings) = match feed {
            Some(format) => of_feed(format, &file, judge(format, &file, false), &mut blocks),
            None => load(&file),
        };
        let Some(catalog) = catalog.filter(|_| !any_error(&findings)) else { return Err(findings) };
        let known = &catalog.document.sources.value.0;
        if let Some(source) = source.as_ref().filter(|source| !known.contains_key(*source)) {
            let message = format!("the catalog `{}` has no source `{source}`", catalog.id());
            let names = || known.keys().map(Id::as_str);
            let help = suggest_or_list(source.as_str(), "its sources are", names());
            return Err(vec![Finding::new(Code::SelectionUnknown, message).help(help)]);
        }
        let is_raw = feed.is_some();
        Ok(Self { catalog, source, is_raw, blocks, is_feed: is_raw || is_imported(&file), notes: findings })
    }

    /// The later side where it is a list of changes to the earlier one.
    fn changed(old: &Path, new: &Path) -> Option<Result<Self, Vec<Finding>>> {
        let (old, new) = (named(old).ok()?, named(new).ok()?);
        let (format, reading) = after(&old, &new)?;
        let mut blocks = BTreeMap::new();
        let (catalog, notes) = of_feed(format, &new, judged(&new, reading, false), &mut blocks);
        let side = catalog.map(|catalog| Self {
            catalog,
            source: None,
            is_raw: true,
            blocks,
            is_feed: true,
            notes: notes.clone(),
        });
        Some(side.ok_or(notes))
    }

    /// The addresses that each endpoint lists.
    fn addresses(&self) -> BTreeMap<String, AddrSet> {
        let of = |it: &EndpointDocument| AddrSet::of(self.catalog.listed(it).unwrap_or_default());
        self.catalog.endpoints().map(|it| (it.id.value.to_string(), of(it))).collect()
    }

    /// Reports whether an endpoint is on the list.
    fn lists(&self, endpoint: &EndpointDocument) -> bool {
        self.source
            .as_ref()
            .is_none_or(|source| endpoint.sources.value.0.iter().any(|named| named.value == *source))
    }

    fn lists_id(&self, id: &str) -> bool {
        let endpoint = self.catalog.endpoints().find(|endpoint| endpoint.id.value.as_str() == id);
        endpoint.is_some_and(|endpoint| self.lists(endpoint))
    }

    /// Those of the regions that the catalog has. A name that it does not have is an error, unless it has no regions.
    fn regions(&self, names: &[String]) -> Result<Vec<String>, Finding> {
        let Some(table) = &self.catalog.document.regions else { return Ok(Vec::new()) };
        let known = || table.value.0.keys().map(Id::as_str);
        match names.iter().find(|name| !known().any(|known| known == *name)) {
            Some(name) => {
                let message = format!("`{name}` is not a region of the catalog `{}`", self.catalog.id());
                let help = suggest_or_list(name, "regions are", known());
                Err(Finding::new(Code::SelectionRegion, message).help(help))
            }
            None => Ok(names.to_owned()),
        }
    }

    /// The endpoints of the list with every feature on, one region after the other.
    fn selected(&self, regions: &[String], superseded: bool) -> (Option<Selected<'_>>, Vec<Finding>) {
        let selection = Selection {
            all_regions: true,
            features: self.catalog.document.features.value.0.keys().map(ToString::to_string).collect(),
            // A page lists what it lists, whatever took its place since.
            superseded: superseded || self.source.is_some(),
            ..Selection::default()
        };
        let (selected, findings) = select(std::slice::from_ref(&self.catalog), &selection);
        let selected = selected.into_iter().next().map(|mut selected| {
            selected.endpoints.retain(|endpoint| self.lists(endpoint));
            if !regions.is_empty() {
                selected.regions.retain(|region| regions.iter().any(|name| name == region.as_str()));
            }
            selected
        });
        (selected, findings)
    }
}

/// The same selection with one endpoint alone.
fn only<'a>(selected: &Selected<'a>, id: &str) -> Selected<'a> {
    let mut one = selected.clone();
    one.endpoints.retain(|endpoint| endpoint.id.value.as_str() == id);
    one
}

/// What a selection lets through. Where an endpoint lists addresses, they are meant as well as its names.
fn policy(selected: &Selected<'_>) -> Policy {
    let part = |lists: bool, peers: PeerKind| {
        let mut selected = selected.clone();
        selected.endpoints.retain(|endpoint| endpoint.addresses.is_some() == lists);
        let (answers, variables) = (Answers::default(), Variables::default());
        let input =
            Input { selected: std::slice::from_ref(&selected), answers: &answers, variables: &variables };
        compile(input, Speech { peers, ..SPEECH }, &BTreeSet::new()).policy.sets
    };
    let mut sets = part(false, PeerKind::Names);
    for set in part(true, PeerKind::Both) {
        match sets.iter_mut().find(|known| known.scope == set.scope) {
            Some(known) => known.rules.extend(set.rules),
            None => sets.push(set),
        }
    }
    Policy::new(sets)
}

/// A feed as a catalog. Where the feed names no port every port is meant, and where it does not say the way it is out:
/// only what differs is told.
fn of_feed(
    format: &FeedFormat,
    source: &Arc<Source>,
    (content, findings): Reading,
    listed: &mut BTreeMap<String, BTreeSet<Prefix>>,
) -> (Option<Catalog>, Vec<Finding>) {
    if any_error(&findings) {
        return (None, findings);
    }
    *listed = blocks(&content, Direction::Egress);
    // A range of all ports is one that parses.
    let every = ["0-65535/tcp", "0-65535/udp"].map(str::parse::<PortSpec>);
    let ports: Vec<PortSpec> = every.into_iter().filter_map(Result::ok).collect();
    let day = "1970-01-01".parse().map_err(|why: String| vec![Finding::new(Code::FeedSyntax, why)]);
    let written = day.and_then(|date| {
        let writing = Writing {
            feed: format,
            id: format.name,
            url: source.name(),
            date,
            ports: &ports,
            direction: Some(Direction::Egress),
            head: &[],
        };
        write(&content, &writing)
    });
    match written {
        Ok((catalog, found)) => (Some(catalog), [findings, found].concat()),
        Err(found) => (None, [findings, found].concat()),
    }
}

/// The endpoints that differ, each with the addresses that came and went: in a feed these are the entry.
fn with_addresses(entries: Vec<EntryChange>, old: &Side, new: &Side) -> Vec<EntryChange> {
    let (before, after) = (old.addresses(), new.addresses());
    let (endpoints, others): (Vec<EntryChange>, Vec<EntryChange>) =
        entries.into_iter().partition(|entry| entry.section == "endpoints");
    let mut endpoints: BTreeMap<String, EntryKind> =
        endpoints.into_iter().map(|entry| (entry.id, entry.kind)).collect();
    let none = AddrSet::default();
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let (was, is) = (before.get(id).unwrap_or(&none), after.get(id).unwrap_or(&none));
        let words = |blocks: Vec<Prefix>| {
            let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
            (!blocks.is_empty()).then(|| blocks.join(", "))
        };
        // Blocks that were split or joined are another way to say the same.
        let (went, came) = match (old.blocks.get(id), new.blocks.get(id)) {
            (Some(old), Some(new)) if was == is => {
                (old.difference(new).copied().collect(), new.difference(old).copied().collect())
            }
            _ => (was.subtract(is).prefixes(), is.subtract(was).prefixes()),
        };
        let change = FieldChange { field: "addresses".to_owned(), old: words(went), new: words(came) };
        let differs = change.old.is_some() || change.new.is_some();
        let kind = endpoints.remove(id).or_else(|| differs.then(|| EntryKind::Changed(Vec::new())));
        if let Some(mut kind) = kind {
            let (EntryKind::Added(fields) | EntryKind::Removed(fields) | EntryKind::Changed(fields)) =
                &mut kind;
            fields.retain(|field| field.field != "addresses");
            fields.extend(differs.then_some(change));
            fields.sort_by(|a, b| a.field.cmp(&b.field));
            endpoints.insert(id.clone(), kind);
        }
    }
    let changed = |kind: &EntryKind| !matches!(kind, EntryKind::Changed(fields) if fields.is_empty());
    let endpoints = endpoints.into_iter().filter(|(_, kind)| changed(kind));
    endpoints.map(|(id, kind)| EntryChange { section: "endpoints", id, kind }).chain(others).collect()
}
