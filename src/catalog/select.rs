//! Which endpoints of a catalog are wanted, and why the others are not.

use super::document::{EndpointDirection, Status};
use super::{Catalog, Date, EndpointDocument, Id};
use crate::diag::{Code, Finding, suggest, suggest_or_list};
use std::collections::BTreeSet;

/// What the user asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each widens the choice by a kind of its own")]
pub struct Selection {
    /// The regions. Exactly one where a catalog has regions, unless `all_regions` is set.
    pub regions: Vec<String>,
    /// All regions at once.
    pub all_regions: bool,
    /// Only what these components need; all components when empty.
    pub components: Vec<String>,
    /// Features that are on beside the defaults.
    pub features: Vec<String>,
    /// Features that are off although they are on by default.
    pub without_features: Vec<String>,
    /// Endpoints that are left out, as `id` or `catalog/id`.
    pub without: Vec<String>,
    /// Just what the vendor's own page lists, to the letter, with all features.
    pub literal: bool,
    /// Also what was superseded.
    pub superseded: bool,
    /// Also what an overlay disables.
    pub disabled: bool,
    /// All features that are on, beside `features`; `default` stands for those that are on by default. Nothing said
    /// means the defaults.
    pub only_features: Option<Vec<String>>,
    /// The day, in UTC, on which the rules are to hold; what was wanted until an earlier day has expired. Without a day
    /// nothing has.
    pub today: Option<Date>,
}

/// The word for the features that are on by default.
pub const DEFAULT_FEATURES: &str = "default";

/// The endpoints of one catalog that are wanted.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The regions whose hosts are meant.
    pub regions: Vec<Id>,
    /// The components whose traffic is meant.
    pub components: BTreeSet<Id>,
    /// The endpoints, ordered by id.
    pub endpoints: Vec<&'a EndpointDocument>,
    /// The others.
    pub left_out: Vec<LeftOut>,
    /// The day on which the rules are to hold; without one nothing has expired.
    pub today: Option<Date>,
}

/// An endpoint that is not wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Its full id.
    pub endpoint: String,
    /// Why it is left out.
    pub why: String,
}

/// Applies a selection to catalogs. A name that no catalog knows is an error.
pub fn select<'a>(catalogs: &'a [Catalog], selection: &Selection) -> (Vec<Selected<'a>>, Vec<Finding>) {
    let mut findings = unknown(catalogs, selection);
    let mut all = Vec::new();
    for catalog in catalogs {
        match regions(catalog, selection) {
            Ok(regions) => all.push(of_catalog(catalog, regions, selection)),
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() {
        findings.extend(unknown_regions(catalogs, selection));
    }
    if findings.is_empty() && all.iter().all(|selected| selected.endpoints.is_empty()) {
        findings.push(Finding::new(Code::SelectionEmpty, "the selection leaves no endpoint"));
    }
    (all, findings)
}

fn of_catalog<'a>(catalog: &'a Catalog, regions: Vec<Id>, selection: &Selection) -> Selected<'a> {
    let named = |id: &Id| selection.components.iter().any(|name| name == id.as_str());
    let components: BTreeSet<Id> = catalog
        .document
        .components
        .value
        .0
        .iter()
        .filter(|(id, component)| {
            let feature = &component.value.feature.value;
            named(id) || selection.components.is_empty() && why_off(catalog, feature, selection).is_none()
        })
        .map(|(id, _)| id.clone())
        .collect();
    let (mut endpoints, mut left_out) = (Vec::new(), Vec::new());
    for endpoint in catalog.endpoints() {
        match why_not(catalog, endpoint, &components, selection) {
            None => endpoints.push(endpoint),
            Some(why) => left_out.push(LeftOut { endpoint: catalog.full_id(endpoint), why }),
        }
    }
    endpoints.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    left_out.sort();
    Selected { catalog, regions, components, endpoints, left_out, today: selection.today }
}

/// Why an endpoint is left out, or nothing when it is wanted.
fn why_not(
    catalog: &Catalog,
    endpoint: &EndpointDocument,
    components: &BTreeSet<Id>,
    selection: &Selection,
) -> Option<String> {
    let id = endpoint.id.value.as_str();
    let full = catalog.full_id(endpoint);
    if selection.without.iter().any(|name| name == id || *name == full) {
        return Some("left out by --without".to_owned());
    }
    if let Some(place) = catalog.disabled(endpoint).filter(|_| !selection.disabled) {
        let line = place.source.line_column(place.span.start).0;
        return Some(format!("disabled by {}:{line}", place.source.name()));
    }
    let document = &catalog.document;
    if selection.literal {
        let on_page = |source: &Id| {
            let source = document.sources.value.0.get(source);
            source.is_some_and(|source| source.value.literal.as_ref().is_some_and(|literal| literal.value))
        };
        if !endpoint.sources.value.0.iter().any(|source| on_page(&source.value)) {
            return Some("not on the vendor's own page, which --literal reproduces".to_owned());
        }
    } else {
        if endpoint.status.value == Status::Superseded && !selection.superseded {
            return Some("superseded (--include-superseded adds it)".to_owned());
        }
        if let Some(why) = why_off(catalog, &endpoint.feature.value, selection) {
            return Some(why);
        }
    }
    // A connection that comes in concerns those it comes to.
    let users = match endpoint.direction.value {
        EndpointDirection::Egress => [&endpoint.used_by, &None],
        EndpointDirection::Ingress => [&endpoint.to, &None],
        EndpointDirection::Internal => [&endpoint.from, &endpoint.to],
    };
    let mut users = users.into_iter().flatten().flat_map(|users| users.value.0.iter());
    let used = users.any(|user| components.contains(&user.value));
    (!used).then(|| "none of the chosen components needs it".to_owned())
}

/// Why a feature is off, or nothing when it is on: by default, because it was asked for, or because a component of it
/// was.
fn why_off(catalog: &Catalog, feature: &Id, selection: &Selection) -> Option<String> {
    let document = &catalog.document;
    let asked = |names: &[String]| names.iter().any(|name| name == feature.as_str());
    if selection.literal {
        return None;
    }
    if asked(&selection.without_features) {
        return Some(format!("the feature `{feature}` was turned off"));
    }
    let default = document.features.value.0.get(feature).and_then(|feature| feature.value.default.as_ref());
    let default = default.is_some_and(|default| default.value);
    if let Some(only) = &selection.only_features {
        let defaults = only.iter().any(|name| name == DEFAULT_FEATURES);
        let on = asked(&selection.features) || asked(only) || default && defaults;
        return (!on).then(|| format!("the feature `{feature}` is not among those of the project"));
    }
    let of_component = document.components.value.0.iter().any(|(id, component)| {
        component.value.feature.value == *feature
            && selection.components.iter().any(|name| name == id.as_str())
    });
    let on = asked(&selection.features) || of_component || default;
    (!on).then(|| format!("the feature `{feature}` is off (--feature {feature} turns it on)"))
}

fn regions(catalog: &Catalog, selection: &Selection) -> Result<Vec<Id>, Finding> {
    let Some(table) = &catalog.document.regions else { return Ok(Vec::new()) };
    let all: Vec<Id> = table.value.0.keys().cloned().collect();
    let all_names: Vec<String> = all.iter().map(ToString::to_string).collect();
    let names = all_names.join(", ");
    if selection.all_regions {
        return Ok(all);
    }
    let chosen: Vec<Id> =
        all.into_iter().filter(|id| selection.regions.iter().any(|name| name == id.as_str())).collect();
    let wrong = |message: String| {
        let near =
            selection.regions.iter().find_map(|name| suggest(name, all_names.iter().map(String::as_str)));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{near}choose one with --region: {names}; --all-regions takes them all");
        Err(Finding::new(Code::SelectionRegion, message).help(help))
    };
    match chosen.as_slice() {
        [] if selection.regions.is_empty() => {
            wrong(format!("the catalog `{}` has regions: {names}", catalog.id()))
        }
        [] => wrong(format!(
            "`{}` is not a region of the catalog `{}`",
            selection.regions.join("`, `"),
            catalog.id()
        )),
        [_] => Ok(chosen),
        _ => wrong("more than one region was chosen, an organisation lives in one".to_owned()),
    }
}

/// Regions that no catalog has: each catalog looks for its own among those that are named.
fn unknown_regions(catalogs: &[Catalog], selection: &Selection) -> Vec<Finding> {
    let tables = || catalogs.iter().filter_map(|catalog| catalog.document.regions.as_ref());
    let known: BTreeSet<&str> = tables().flat_map(|regions| regions.value.0.keys().map(Id::as_str)).collect();
    let named = selection.regions.iter().filter(|name| !known.contains(name.as_str()));
    let unknown = named.map(|name| {
        let help = match (known.is_empty(), suggest(name, known.iter().copied())) {
            (true, _) => "no catalog here has regions: leave `--region` out".to_owned(),
            (false, Some(near)) => format!("did you mean `{near}`?"),
            (false, None) => format!("regions are {}", known.iter().copied().collect::<Vec<_>>().join(", ")),
        };
        Finding::new(Code::SelectionRegion, format!("`{name}` is not a region of any catalog")).help(help)
    });
    unknown.collect()
}

/// Names on the command line that no catalog knows.
fn unknown(catalogs: &[Catalog], selection: &Selection) -> Vec<Finding> {
    let mut findings = Vec::new();
    let documents = || catalogs.iter().map(|catalog| &catalog.document);
    let components: BTreeSet<String> = documents()
        .flat_map(|document| document.components.value.0.keys().map(ToString::to_string))
        .collect();
    let features: BTreeSet<String> =
        documents().flat_map(|document| document.features.value.0.keys().map(ToString::to_string)).collect();
    let mut endpoints: BTreeSet<String> = catalogs
        .iter()
        .flat_map(|catalog| {
            let both =
                |endpoint: &EndpointDocument| [endpoint.id.value.to_string(), catalog.full_id(endpoint)];
            catalog.endpoints().flat_map(both).collect::<Vec<_>>()
        })
        .collect();
    endpoints.extend(crate::policy::Need::ALL.iter().map(|need| need.id().to_owned()));
    let only = selection.only_features.iter().flatten().filter(|name| *name != DEFAULT_FEATURES);
    let only: Vec<String> = only.cloned().collect();
    let asked = [
        ("component", &selection.components, &components),
        ("feature", &only, &features),
        ("feature", &selection.features, &features),
        ("feature", &selection.without_features, &features),
        ("endpoint", &selection.without, &endpoints),
    ];
    for (what, names, known) in asked {
        for name in names.iter().filter(|name| !known.contains(*name)) {
            let help = suggest_or_list(name, "known are", known.iter().map(String::as_str));
            findings
                .push(Finding::new(Code::SelectionUnknown, format!("unknown {what} `{name}`")).help(help));
        }
    }
    findings
}
