//! `egressor generate`.

use super::Exit;
use super::args::GenerateArgs;
use super::output::Output;
use crate::diag::{Code, Finding, any_error};
use crate::ops::files::{changed, replace};
use crate::ops::{File, Generated, Request, generate};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The lockfile that is used when none is named.
pub(super) const LOCK: &str = "egressor.lock";

pub(super) fn run(args: &GenerateArgs, output: Output) -> Exit {
    let (request, mut findings) = request(args);
    let generated = if any_error(&findings) { Generated::default() } else { generate(&request) };
    findings.extend(generated.findings.iter().cloned());
    let failed = any_error(&findings);
    let to_stdout = args.out == Path::new("-");
    let different = if failed || to_stdout { Vec::new() } else { changed(&args.out, &generated.files) };
    let mut exit = if failed { Exit::Failed } else { Exit::Same };
    if args.check && !different.is_empty() {
        exit = Exit::Different;
        findings.extend(different.iter().map(|file| {
            let path = args.out.join(&file.path);
            Finding::new(
                Code::OutputChanged,
                format!("`{}` is not what the catalog and the lock give", path.display()),
            )
        }));
    } else if !failed
        && !to_stdout
        && !different.is_empty()
        && let Err(finding) = replace(&args.out, &different)
    {
        findings.push(finding);
        exit = Exit::Failed;
    }
    if output.is_json() {
        return output.json(&document(args, &generated, &different, &findings, exit), exit);
    }
    if output.is_verbose() {
        for left_out in &generated.left_out {
            output.status(&format!("left out {}: {}", left_out.endpoint, left_out.why));
        }
    }
    output.findings(&findings);
    if exit == Exit::Failed {
        output.status("nothing was written");
        return exit;
    }
    if to_stdout {
        return output.finish(&joined(&generated.files), exit);
    }
    summary(args, &generated.files, &different, output);
    exit
}

fn request(args: &GenerateArgs) -> (Request, Vec<Finding>) {
    let mut findings = Vec::new();
    let implicit = || Path::new(LOCK).exists().then(|| PathBuf::from(LOCK));
    let lock = args.lock.clone().or_else(implicit);
    if args.locked && lock.is_none() {
        let help = "run `egressor lock`, or name the file with `--lock FILE`";
        findings.push(Finding::new(Code::LockMissing, "there is no lockfile").help(help));
    }
    let templates = match args.templates.as_deref().map(templates).transpose() {
        Ok(templates) => templates.unwrap_or_default(),
        Err(finding) => {
            findings.push(finding);
            Vec::new()
        }
    };
    let request = Request {
        catalogs: args.select.catalog.clone(),
        selection: args.select.selection(),
        settings: args.set.clone(),
        lock,
        targets: args.target.clone(),
        templates,
        against: args.against.clone(),
    };
    (request, findings)
}

/// The template files of a folder.
fn templates(folder: &Path) -> Result<Vec<PathBuf>, Finding> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        let message = format!("cannot read the folder `{}`: {}", folder.display(), error.kind());
        Finding::new(Code::FileRead, message)
    })?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "tera"))
        .collect();
    paths.sort();
    Ok(paths)
}

/// One file as it is; several each under a comment with its name, which all of the formats allow.
fn joined(files: &[File]) -> String {
    match files {
        [file] => file.text.clone(),
        _ => files
            .iter()
            .map(|file| format!("# ==> {} <==\n{}", file.path, file.text))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn summary(args: &GenerateArgs, files: &[File], different: &[&File], output: Output) {
    let verb = if args.check { "would change" } else { "wrote" };
    for file in different {
        output.status(&format!("{verb} {}", args.out.join(&file.path).display()));
    }
    let unchanged = files.len().saturating_sub(different.len());
    let proven = "each was read back and means the catalog";
    output.status(&format!(
        "{} files, {} {verb}, {unchanged} unchanged; {proven}",
        files.len(),
        different.len()
    ));
}

fn document(
    args: &GenerateArgs,
    generated: &Generated,
    different: &[&File],
    findings: &[Finding],
    exit: Exit,
) -> serde_json::Value {
    let status = |file: &File| match (different.contains(&file), args.check) {
        (false, _) => "unchanged",
        (true, true) => "would-change",
        (true, false) => "written",
    };
    let to_stdout = args.out == Path::new("-");
    let files: Vec<serde_json::Value> = generated
        .files
        .iter()
        .filter(|_| exit != Exit::Failed)
        .map(|file| {
            if to_stdout {
                json!({"path": file.path, "text": file.text})
            } else {
                json!({"path": args.out.join(&file.path).display().to_string(), "status": status(file)})
            }
        })
        .collect();
    let left_out: Vec<serde_json::Value> =
        generated.left_out.iter().map(|left| json!({"endpoint": left.endpoint, "why": left.why})).collect();
    json!({
        "schema": "egressor/generate/v1",
        "files": files,
        "left_out": left_out,
        "findings": Output::findings_json(findings),
    })
}
