//! `egressor diff`.

use super::Exit;
use super::args::{Common, Format};
use super::diff_args::{DiffArgs, ExitCodeStyle, FailOn, Unmodelled};
use super::output::Output;
use super::progress::reading;
use super::settle::Settled;
use crate::diag::{Code, Finding, any_error};
use crate::drift::{Doubt, Verdict};
use crate::ops::{DiffRequest, Diffed, Side, diff};
use crate::packet::Set as _;
use crate::report::{Comparison, DiffJson, diff_html, diff_human, diff_markdown, diff_sarif, diff_schema};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) fn run(args: &DiffArgs, common: &Common, output: Output) -> ExitCode {
    let exit = compare(args, common, output);
    match (args.exit_code_style, exit) {
        (ExitCodeStyle::Terraform, Exit::Different) => ExitCode::from(2),
        (ExitCodeStyle::Terraform, Exit::Failed) => ExitCode::from(1),
        (ExitCodeStyle::Terraform, Exit::Same) | (ExitCodeStyle::Diff, _) => exit.into(),
    }
}

fn compare(args: &DiffArgs, common: &Common, output: Output) -> Exit {
    if args.schema {
        return output.json(&diff_schema(), Exit::Same);
    }
    let settled = args.project.settle(common);
    settled.tell(output);
    let mut diffed = match request(args, &settled) {
        Ok(request) => output.during(&comparing(&request), || diff(&request)),
        Err(findings) => Diffed { findings, ..Diffed::default() },
    };
    settled.locate(&mut diffed.findings);
    let exit = exit(args, &diffed);
    print(&diffed, args.witness, output, exit)
}

/// What is told while files are compared.
fn comparing(request: &DiffRequest) -> String {
    let side = |side: &Side| match side {
        Side::Files(files) => reading(files).replacen("reading ", "", 1),
        Side::Project => "the project".to_owned(),
        Side::Planned { .. } => "what is planned".to_owned(),
    };
    format!("comparing {} with {}", side(&request.old), side(&request.new))
}

/// Prints a comparison in the format that was asked for.
pub(super) fn print(diffed: &Diffed, witness: bool, output: Output, exit: Exit) -> Exit {
    let comparison = Comparison {
        sources: &diffed.sources,
        drift: &diffed.drift,
        findings: &diffed.findings,
        compared: diffed.compared,
        wanted_is_new: diffed.wanted_is_new,
        witness,
    };
    match output.format() {
        Format::Json => return output.json(&DiffJson::new(&comparison), exit),
        Format::Sarif => return output.json(&diff_sarif(&comparison), exit),
        Format::Human | Format::Markdown | Format::Html => {}
    }
    // What differs is in the report already.
    let told = |finding: &&Finding| {
        !finding.code.as_str().starts_with("drift/") || finding.code == Code::DriftOutside
    };
    let apart: Vec<Finding> = diffed.findings.iter().filter(told).cloned().collect();
    output.findings(&apart);
    if !diffed.compared {
        return exit;
    }
    let text = match output.format() {
        Format::Markdown => diff_markdown(&comparison),
        Format::Html => diff_html(&comparison),
        Format::Human | Format::Json | Format::Sarif => diff_human(&comparison, output.page()),
    };
    output.finish(&text, exit)
}

fn exit(args: &DiffArgs, diffed: &Diffed) -> Exit {
    if !diffed.compared || any_error(&diffed.findings) {
        return Exit::Failed;
    }
    let different = match (&diffed.outside, args.fail_on) {
        (_, FailOn::Never) => false,
        (Some(outside), FailOn::Any | FailOn::Broadening) => !outside.is_empty(),
        (None, FailOn::Any) => diffed.drift.verdict() != Verdict::Equal,
        (None, FailOn::Broadening) => diffed
            .drift
            .scopes
            .iter()
            .any(|scope| !scope.difference.added.is_empty() || !scope.difference.may_open.is_empty()),
    };
    if different { Exit::Different } else { Exit::Same }
}

fn request(args: &DiffArgs, settled: &Settled) -> Result<DiffRequest, Vec<Finding>> {
    let mut findings = settled.findings.clone();
    let side = |one: Option<&PathBuf>, several: &[PathBuf]| {
        let all: Vec<PathBuf> = one.into_iter().chain(several).cloned().collect();
        if all.is_empty() { Side::Project } else { Side::Files(all) }
    };
    let old = side(args.old.as_ref(), &args.old_files);
    let mut new = side(args.new.as_ref(), &args.new_files);
    // OLD alone is a plan, or what the project is compared with; who names the project means the latter.
    let one = args.old.is_some() && args.new.is_none();
    if args.plan.before || (one && !args.plan.with_project && !args.project.select.is_given()) {
        new = Side::Planned { or_project: !args.plan.before };
    }
    let stdin = [&old, &new].into_iter().filter(|side| match side {
        Side::Files(paths) => paths.iter().any(|path| path == Path::new("-")),
        Side::Project | Side::Planned { .. } => false,
    });
    if stdin.count() > 1 {
        let finding = Finding::new(Code::FileRead, "standard input can be one side only");
        findings.push(finding.help("write the other side to a file"));
    }
    for pair in args.map.iter().filter(|pair| !pair.contains('=')) {
        let message = format!("`{pair}` is not of the form OLD=NEW");
        findings.push(Finding::new(Code::VariableInvalid, message));
    }
    if any_error(&findings) {
        return Err(findings);
    }
    Ok(DiffRequest {
        old,
        new,
        project: settled.project.clone(),
        explain: settled.is_asked,
        maps: args.map.clone(),
        scopes: args.scope.clone(),
        ignore: args.ignore.clone(),
        doubt: match args.unmodelled {
            Unmodelled::Error => Doubt::Unknown,
            Unmodelled::Upper => Doubt::Upper,
            Unmodelled::Lower => Doubt::Lower,
        },
        envelope: args.envelope.clone(),
        limit: args.limit.limit(),
        readers: args.readers.reader.clone(),
    })
}
