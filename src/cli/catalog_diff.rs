//! `egressor catalog diff`.

use super::Exit;
use super::args::Format;
use super::catalog_args::CatalogDiffArgs;
use super::diff_args::{ExitCodeStyle, FailOn};
use super::output::Output;
use crate::diag::{Code, Finding, any_error};
use crate::drift::Verdict;
use crate::ops::{CatalogDiffRequest, CatalogDiffed, catalog_diff};
use crate::packet::Set as _;
use crate::report::{
    CatalogDiffJson, CatalogRevision, Comparison, catalog_diff_html, catalog_diff_human,
    catalog_diff_markdown, catalog_diff_schema,
};
use std::process::ExitCode;

pub(super) fn run(args: &CatalogDiffArgs, output: Output) -> ExitCode {
    let exit = compare(args, output);
    match (args.exit_code_style, exit) {
        (ExitCodeStyle::Terraform, Exit::Different) => ExitCode::from(2),
        (ExitCodeStyle::Terraform, Exit::Failed) => ExitCode::from(1),
        (ExitCodeStyle::Terraform, Exit::Same) | (ExitCodeStyle::Diff, _) => exit.into(),
    }
}

pub(super) fn compare(args: &CatalogDiffArgs, output: Output) -> Exit {
    if args.schema {
        return output.json(&catalog_diff_schema(), Exit::Same);
    }
    let diffed = if output.format() == Format::Sarif {
        let message = "this command prints `human`, `json`, `markdown` and `html` only";
        let findings = vec![Finding::new(Code::SelectionUnknown, message)];
        CatalogDiffed { findings, ..CatalogDiffed::default() }
    } else {
        catalog_diff(&CatalogDiffRequest {
            old: args.old.clone().unwrap_or_default(),
            new: args.new.clone().unwrap_or_default(),
            regions: args.region.clone(),
            superseded: args.include_superseded,
        })
    };
    let exit = exit(args, &diffed);
    let revision = CatalogRevision {
        entries: &diffed.entries,
        summed: diffed.feed,
        effects: &diffed.effects,
        traffic: Comparison {
            sources: &diffed.sources,
            drift: &diffed.drift,
            findings: &diffed.findings,
            compared: diffed.compared,
            wanted_is_new: None,
            witness: false,
        },
    };
    if output.is_json() {
        return output.json(&CatalogDiffJson::new(&revision), exit);
    }
    output.findings(&diffed.findings);
    if !diffed.compared {
        return exit;
    }
    let text = match output.format() {
        Format::Markdown => catalog_diff_markdown(&revision),
        Format::Html => catalog_diff_html(&revision),
        Format::Human | Format::Json | Format::Sarif => catalog_diff_human(&revision, output.page()),
    };
    output.finish(&text, exit)
}

/// An entry that changed is a difference even where the traffic is the same.
fn exit(args: &CatalogDiffArgs, diffed: &CatalogDiffed) -> Exit {
    if !diffed.compared || any_error(&diffed.findings) {
        return Exit::Failed;
    }
    let opens = || diffed.drift.scopes.iter().any(|scope| !scope.difference.added.is_empty());
    let different = match args.fail_on {
        FailOn::Never => false,
        FailOn::Broadening => opens(),
        FailOn::Any => !diffed.entries.is_empty() || diffed.drift.verdict() != Verdict::Equal,
    };
    if different { Exit::Different } else { Exit::Same }
}
