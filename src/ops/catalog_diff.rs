//! `catalog diff`: what a revision of a vendor's list changes, as entries and as traffic.

use super::limit::too_large;
use super::shipped::named;
use crate::catalog::{
    Catalog, EndpointDocument, EntryChange, EntryKind, Id, Selected, Selection, compare, load, select,
};
use crate::compile::{Answers, Input, Variables, compile};
use crate::diag::{Code, Finding, any_error, suggest};
use crate::drift::{Drift, Terms, Verdict, drift};
use crate::policy::{Policy, ScopeTooLarge};
use crate::targets::{Ingress, PeerKind, Scoping, Speech};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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
    let (Some(old), Some(new)) = (side(&request.old), side(&request.new)) else { return diffed };
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
        let (catalog, findings) = load(&named(&name).map_err(|finding| vec![finding])?);
        let Some(catalog) = catalog.filter(|_| !any_error(&findings)) else { return Err(findings) };
        let known = &catalog.document.sources.value.0;
        if let Some(source) = source.as_ref().filter(|source| !known.contains_key(*source)) {
            let message = format!("the catalog `{}` has no source `{source}`", catalog.id());
            let names = || known.keys().map(Id::as_str);
            let help = suggest(source.as_str(), names()).map_or_else(
                || format!("its sources are {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(vec![Finding::new(Code::SelectionUnknown, message).help(help)]);
        }
        Ok(Self { catalog, source })
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
                let help = format!("regions are {}", known().collect::<Vec<_>>().join(", "));
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

fn policy(selected: &Selected<'_>) -> Policy {
    let (answers, variables) = (Answers::default(), Variables::default());
    let selected = std::slice::from_ref(selected);
    compile(Input { selected, answers: &answers, variables: &variables }, SPEECH, &BTreeSet::new()).policy
}
