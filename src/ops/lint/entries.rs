//! What is amiss in a project: entries that nobody answers for, that have expired or soon will.

use super::{LintRequest, Linted};
use crate::catalog::{At, Catalog, Date, EndpointDocument, select};
use crate::compile::Variables;
use crate::diag::{Code, Finding, any_error};
use crate::ops::{Project, catalogs};
use std::collections::BTreeMap;

/// Judges the selected endpoints of a project.
pub(super) fn judge(request: &LintRequest, project: &Project) -> Linted {
    let source = "the project".to_owned();
    let (catalogs, mut findings) = catalogs(&project.catalogs);
    if any_error(&findings) {
        return Linted { source, format: "project".to_owned(), findings, ..Linted::default() };
    }
    let (variables, wrong) = Variables::parse(project.settings.iter().map(String::as_str), &catalogs);
    findings.extend(wrong);
    let (selected, wrong) = select(&catalogs, &project.selection);
    findings.extend(wrong);
    let entries: Vec<Entry<'_>> = selected
        .iter()
        .flat_map(|selected| selected.endpoints.iter().map(|endpoint| (selected.catalog, *endpoint)))
        .map(|(catalog, endpoint)| Entry { catalog, endpoint, last: variables.last_day(catalog, endpoint) })
        .collect();
    if !any_error(&findings) {
        let stale = catalogs.iter().flat_map(|catalog| catalog.lint(request.today));
        // Who answers is told below, for what is selected.
        findings.extend(stale.filter(|finding| finding.code != Code::CatalogOwner));
        findings.extend(entries.iter().filter_map(|entry| entry.expiry(request)));
        findings.extend(unreviewable(&entries, &variables));
    }
    Linted {
        source,
        format: "project".to_owned(),
        statements: entries.len(),
        scopes: selected.len(),
        findings,
    }
}

/// A selected endpoint.
struct Entry<'a> {
    catalog: &'a Catalog,
    endpoint: &'a EndpointDocument,
    last: Option<Date>,
}

impl Entry<'_> {
    fn id(&self) -> String {
        self.catalog.full_id(self.endpoint)
    }

    /// That it has expired, or soon will where that was asked.
    fn expiry(&self, request: &LintRequest) -> Option<Finding> {
        let (last, id) = (self.last?, self.id());
        let (code, message) = if request.today > last {
            (Code::CatalogExpired, format!("`{id}` was wanted until {last}, so its rules are left out"))
        } else if request.until.is_some_and(|until| until >= last) {
            (Code::LintExpires, format!("`{id}` is wanted until {last}, and after that day no longer"))
        } else {
            return None;
        };
        let help = "remove it, or ask its owner for another day";
        let finding = Finding::new(code, message).help(help).endpoint(id);
        let own = [self.endpoint.expires.as_ref(), self.catalog.document.expires.as_ref()];
        let at = own.into_iter().flatten().find(|at| at.value == last);
        Some(at.map_or(finding.clone(), |At { span, .. }| self.catalog.locate(finding, *span)))
    }

    /// What a reviewer misses.
    fn missing(&self, variables: &Variables) -> Vec<&'static str> {
        let document = &self.catalog.document;
        let owner =
            variables.get("owner").is_some() || self.endpoint.owner.is_some() || document.owner.is_some();
        let ticket =
            variables.get("ticket").is_some() || self.endpoint.ticket.is_some() || document.ticket.is_some();
        let all = [(owner, "owner"), (ticket, "ticket"), (self.last.is_some(), "last day")];
        all.into_iter().filter(|(there, _)| !there).map(|(_, what)| what).collect()
    }
}

/// Entries without owner, ticket or last day; those that lack the same in one finding.
fn unreviewable(entries: &[Entry<'_>], variables: &Variables) -> Vec<Finding> {
    let mut groups: BTreeMap<Vec<&'static str>, Vec<String>> = BTreeMap::new();
    for entry in entries {
        let missing = entry.missing(variables);
        if !missing.is_empty() {
            groups.entry(missing).or_default().push(entry.id());
        }
    }
    let finding = |(missing, ids): (Vec<&'static str>, Vec<String>)| {
        let missing: Vec<String> = missing.iter().map(|what| format!("no {what}")).collect();
        let have = if ids.len() == 1 { "has" } else { "have" };
        let message =
            format!("{} {have} {}, so nothing about it is reviewable", ids.join(", "), missing.join(", "));
        let help = "say `owner`, `ticket` and `expires` in the project or in an overlay";
        Finding::new(Code::LintNotReviewable, message).help(help)
    };
    groups.into_iter().map(finding).collect()
}
