//! `egressor catalog`.

use super::Exit;
use super::args::Common;
use super::catalog_args::{CatalogArgs, CatalogCommand, CatalogShowArgs, FileKind, LintArgs};
use super::catalog_entry::{endpoint_json, origin_text, plain};
use super::output::{Output, plural};
use super::settle::{opened, settle};
use crate::artifact::manifest_schema;
use crate::catalog::{
    Catalog, Date, EndpointDocument, Id, List, SHIPPED, Selection, overlay_schema, schema, select,
};
use crate::diag::{Code, Finding, Severity, any_error, suggest_or_list};
use crate::ops::{Opened, catalogs, shipped};
use crate::project::project_schema;
use crate::reader::{answer_schema, question_schema};
use crate::report::table;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

pub(super) fn run(command: &CatalogCommand, common: &Common, output: Output) -> Exit {
    match command {
        CatalogCommand::List(args) => list(args, common, output),
        CatalogCommand::Show(args) => show(args, common, output),
        CatalogCommand::Lint(args) => lint(args, common, output),
        // It has exit codes of its own.
        CatalogCommand::Diff(args) => super::catalog_diff::compare(args, output),
        CatalogCommand::Import(args) => super::catalog_import::run(args, output),
        CatalogCommand::Schema(args) => {
            let schema = match args.of {
                FileKind::Catalog => schema(),
                FileKind::Overlay => overlay_schema(),
                FileKind::Project => project_schema(),
                FileKind::Artifact => manifest_schema(),
                FileKind::Read => question_schema(),
                FileKind::Answer => answer_schema(),
            };
            output.json(&schema, Exit::Same)
        }
    }
}

/// The catalogs and overlays that flags name, else those of the project.
fn named(common: &Common, catalogs: &[PathBuf], overlays: &[PathBuf]) -> (Vec<PathBuf>, Vec<Finding>) {
    let (opened, findings) = opened(common);
    let of_file = |list: fn(&Opened) -> &Vec<PathBuf>, flag: &[PathBuf]| -> Vec<PathBuf> {
        if flag.is_empty() { opened.as_ref().map(list).cloned().unwrap_or_default() } else { flag.to_vec() }
    };
    let files = of_file(|opened| &opened.catalogs, catalogs);
    let overlays = of_file(|opened| &opened.overlays, overlays);
    (files.into_iter().chain(overlays).collect(), findings)
}

/// The selection that leaves nothing out.
fn everything(catalogs: &[Catalog]) -> Selection {
    let features = catalogs.iter().flat_map(|catalog| catalog.document.features.value.0.keys());
    Selection {
        features: features.map(ToString::to_string).collect(),
        superseded: true,
        disabled: true,
        ..Selection::default()
    }
}

/// With no selection at all every endpoint of the catalogs is listed, else those that are selected; with no project and
/// no catalog named either, those of every shipped catalog.
fn list(args: &CatalogArgs, common: &Common, output: Output) -> Exit {
    let settled = settle(common, &args.select, &[], None);
    settled.tell(output);
    let (catalogs, mut findings) = if any_error(&settled.findings) {
        (Vec::new(), settled.findings.clone())
    } else {
        catalogs(&if settled.is_asked { settled.project.catalogs.clone() } else { shipped() })
    };
    let mut selection = settled.project.selection.clone();
    if (Selection { today: None, ..selection.clone() }) == Selection::default() {
        selection = everything(&catalogs);
    }
    selection.all_regions |= selection.regions.is_empty();
    let (selected, wrong) =
        if any_error(&findings) { (Vec::new(), Vec::new()) } else { select(&catalogs, &selection) };
    findings.extend(wrong);
    settled.locate(&mut findings);
    if any_error(&findings) {
        return fail(&findings, output);
    }
    let mut rows = Vec::new();
    let mut items = Vec::new();
    for selected in &selected {
        for endpoint in &selected.endpoints {
            let hosts: Vec<String> =
                endpoint.hosts_in(&selected.regions).iter().map(ToString::to_string).collect();
            items.push(endpoint_json(selected.catalog, endpoint, false));
            rows.push([
                selected.catalog.full_id(endpoint),
                endpoint.direction.value.as_str().to_owned(),
                endpoint.feature.value.to_string(),
                ports(endpoint),
                if let (true, Some(listed)) = (hosts.is_empty(), selected.catalog.listed(endpoint)) {
                    format!("{} blocks of addresses", listed.len())
                } else if hosts.is_empty() {
                    format!("from {}", ids(endpoint.from.as_ref().map(|from| &from.value)))
                } else {
                    hosts.join(", ")
                },
            ]);
        }
        if output.is_verbose() {
            for left_out in &selected.left_out {
                output.status(&format!("left out {}: {}", left_out.endpoint, left_out.why));
            }
        }
    }
    if output.is_json() {
        let catalogs: Vec<Value> = catalogs.iter().map(catalog_json).collect();
        let document =
            json!({"schema": "egressor/catalog-list/v1", "catalogs": catalogs, "endpoints": items});
        return output.json(&document, Exit::Same);
    }
    for catalog in &catalogs {
        let document = &catalog.document;
        let endpoints = catalog.endpoints().count();
        output.status(&format!(
            "{}: {}, {endpoints} endpoints, verified {}{}",
            catalog.id(),
            document.title.value,
            document.verified.value.on.value,
            if is_default(catalog) { " (the default)" } else { "" }
        ));
    }
    let table = table(["ENDPOINT", "DIRECTION", "FEATURE", "PORTS", "HOSTS"], &rows, output.page());
    output.finish(&table, Exit::Same)
}

/// Reports whether it is the catalog that is meant when none is named.
fn is_default(catalog: &Catalog) -> bool {
    SHIPPED.first().is_some_and(|(id, text)| *id == catalog.id() && *text == catalog.source.text())
}

fn catalog_json(catalog: &Catalog) -> Value {
    let document = &catalog.document;
    json!({
        "id": catalog.id(),
        "title": document.title.value.as_str(),
        "verified": document.verified.value.on.value.to_string(),
        "default": is_default(catalog),
        "endpoints": catalog.endpoints().count(),
    })
}

fn show(args: &CatalogShowArgs, common: &Common, output: Output) -> Exit {
    let (mut paths, mut findings) = named(common, &args.catalog, &args.overlay);
    // A full id names its catalog itself.
    if paths.is_empty() && args.endpoints.iter().any(|name| name.contains('/')) {
        paths = shipped();
    }
    let (catalogs, found) = if any_error(&findings) { (Vec::new(), Vec::new()) } else { catalogs(&paths) };
    findings.extend(found);
    if any_error(&findings) {
        return fail(&findings, output);
    }
    let named = |catalog: &Catalog, endpoint: &EndpointDocument, name: &str| {
        name == endpoint.id.value.as_str() || name == catalog.full_id(endpoint)
    };
    let all: Vec<(&Catalog, &EndpointDocument)> = catalogs
        .iter()
        .flat_map(|catalog| catalog.endpoints().map(move |endpoint| (catalog, endpoint)))
        .collect();
    for name in args
        .endpoints
        .iter()
        .filter(|name| !all.iter().any(|(catalog, endpoint)| named(catalog, endpoint, name)))
    {
        let whole: Vec<String> = all.iter().map(|(catalog, endpoint)| catalog.full_id(endpoint)).collect();
        let ids = all.iter().map(|(_, endpoint)| endpoint.id.value.as_str());
        let known = whole.iter().map(String::as_str).filter(|_| name.contains('/')).chain(ids);
        let message = format!("unknown endpoint `{name}`");
        let help = suggest_or_list(name, "known are", known);
        findings.push(Finding::new(Code::SelectionUnknown, message).help(help));
    }
    if any_error(&findings) {
        return fail(&findings, output);
    }
    let wanted = all.iter().filter(|(catalog, endpoint)| {
        args.endpoints.is_empty() || args.endpoints.iter().any(|name| named(catalog, endpoint, name))
    });
    let items: Vec<Value> =
        wanted.map(|(catalog, endpoint)| endpoint_json(catalog, endpoint, args.origin)).collect();
    if output.is_json() {
        return output.json(&json!({"schema": "egressor/catalog-list/v1", "endpoints": items}), Exit::Same);
    }
    let mut text = String::new();
    for item in items.iter().filter_map(Value::as_object) {
        for (key, value) in item {
            if let ("origin", Value::Array(list)) = (key.as_str(), value) {
                for origin in list {
                    let _ = writeln!(text, "{key:<16} {}", origin_text(origin));
                }
                continue;
            }
            let value = match value {
                Value::Array(list) => {
                    list.iter().map(|item| linked(key, item, output)).collect::<Vec<_>>().join(", ")
                }
                Value::Object(map) => map
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", plain(value)))
                    .collect::<Vec<_>>()
                    .join(", "),
                other => plain(other),
            };
            text.push_str(&output.page().named(key, 17, &value));
        }
        text.push('\n');
    }
    output.finish(&text, Exit::Same)
}

/// The text of a value; that of a source is a link to it.
fn linked(key: &str, value: &Value, output: Output) -> String {
    let text = plain(value);
    if key == "sources" { output.link(&text, &text) } else { text }
}

fn lint(args: &LintArgs, common: &Common, output: Output) -> Exit {
    let files: Vec<PathBuf> = args.files.iter().chain(&args.catalog).cloned().collect();
    let (paths, mut findings) = if files.is_empty() { named(common, &[], &[]) } else { (files, Vec::new()) };
    let paths = if paths.is_empty() { shipped() } else { paths };
    let broken = any_error(&findings);
    let (catalogs, found) = if broken { (Vec::new(), Vec::new()) } else { catalogs(&paths) };
    findings.extend(found);
    let today = match day(args.today.as_deref()) {
        Ok(today) => Some(today),
        Err(message) => {
            findings.push(Finding::new(Code::VariableInvalid, message));
            None
        }
    };
    if let Some(today) = today {
        findings.extend(catalogs.iter().flat_map(|catalog| catalog.lint(today)));
    }
    let unread =
        findings.iter().any(|finding| matches!(finding.code, Code::FileRead | Code::VariableInvalid));
    let amiss = findings.iter().any(|finding| finding.severity > Severity::Note);
    let exit = match (unread, amiss) {
        (true, _) => Exit::Failed,
        (false, false) => Exit::Same,
        (false, true) => Exit::Different,
    };
    if output.is_json() {
        let document = json!({"schema": "egressor/lint/v1", "findings": Output::findings_json(&findings)});
        return output.json(&document, exit);
    }
    output.findings(&findings);
    let endpoints: usize = catalogs.iter().map(|catalog| catalog.endpoints().count()).sum();
    output.status(&format!(
        "{}, {}, {}",
        plural(catalogs.len(), "catalog"),
        plural(endpoints, "endpoint"),
        plural(findings.len(), "finding")
    ));
    exit
}

/// The day that is named, else that of the clock.
pub(super) fn day(named: Option<&str>) -> Result<Date, String> {
    named.map_or_else(today, str::parse)
}

/// The day of the clock, in UTC.
fn today() -> Result<Date, String> {
    let now = super::lock::now().to_string();
    now.split('T').next().unwrap_or_default().parse()
}

fn fail(findings: &[Finding], output: Output) -> Exit {
    if output.is_json() {
        let document =
            json!({"schema": "egressor/catalog-list/v1", "findings": Output::findings_json(findings)});
        return output.json(&document, Exit::Failed);
    }
    output.findings(findings);
    Exit::Failed
}

fn ports(endpoint: &EndpointDocument) -> String {
    endpoint.ports.value.0.iter().map(|port| port.value.to_string()).collect::<Vec<_>>().join(",")
}

fn ids(list: Option<&List<Id>>) -> String {
    list.into_iter()
        .flat_map(|list| list.0.iter())
        .map(|id| id.value.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
