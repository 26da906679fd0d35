//! `egressor generate`.

use super::Exit;
use super::args::{Common, GenerateArgs};
use super::output::Output;
use super::settle::{Settled, settle};
use crate::diag::{Code, Finding, any_error};
use crate::ops::write::{Turn, changed, unfinished};
use crate::ops::{File, Generated, OUT, Request, generate};
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &GenerateArgs, common: &Common, output: Output) -> Exit {
    let settled = settle(common, &args.select, &args.set, args.lock.as_deref());
    settled.tell(output);
    let (request, out, mut findings) = request(args, &settled);
    let out = out.as_path();
    let work = || generate(&request);
    let generated = if any_error(&findings) {
        Generated::default()
    } else {
        output.during("generating and proving", work)
    };
    findings.extend(generated.findings.iter().cloned());
    settled.locate(&mut findings);
    let failed = any_error(&findings);
    let to_stdout = out == Path::new("-");
    let mut exit = if failed { Exit::Failed } else { Exit::Same };
    for path in generated.gone.iter().map(|path| out.join(path)).filter(|path| !failed && path.exists()) {
        let message = format!("all that `{}` says has expired, and it is not written anew", path.display());
        findings.push(Finding::new(Code::CatalogExpired, message).help("remove the file"));
        exit = if args.check { Exit::Different } else { exit };
    }
    let mut different = Vec::new();
    if !failed && !to_stdout {
        if args.check {
            different = changed(out, &generated.files);
            findings.extend(different.iter().map(|file| {
                let path = out.join(&file.path);
                let message = format!("`{}` is not what the catalog and the lock give", path.display());
                Finding::new(Code::OutputChanged, message)
            }));
            let unfinished = unfinished(out);
            if unfinished.is_some() || !different.is_empty() {
                exit = Exit::Different;
            }
            findings.extend(unfinished);
        } else {
            match write(out, &generated.files, args.force, common, &mut findings) {
                Ok(written) => different = written,
                Err(wrong) => {
                    findings.extend(wrong);
                    exit = Exit::Failed;
                }
            }
        }
    }
    if output.is_json() {
        return output.json(&document(args, out, &generated, &different, &findings, exit), exit);
    }
    if output.is_verbose() {
        for left_out in &generated.left_out {
            output.status(&format!("left out {}: {}", left_out.endpoint, left_out.why));
        }
    }
    if exit == Exit::Failed {
        output.failure(&findings);
        output.status("nothing was written");
        return exit;
    }
    output.findings(&findings);
    if to_stdout {
        return output.finish(&joined(&generated.files), exit);
    }
    let unproven = findings.iter().any(|finding| finding.code == Code::VerifyUnproven);
    summary(args, out, &generated.files, &different, unproven, output);
    exit
}

/// Replaces the files that are not there yet or say something else, in a turn of its own: no other run writes between
/// the look and the writing.
fn write<'a>(
    out: &Path,
    files: &'a [File],
    force: bool,
    common: &Common,
    findings: &mut Vec<Finding>,
) -> Result<Vec<&'a File>, Vec<Finding>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut turn = Turn::take(out, &common.allow_outside).map_err(|finding| vec![finding])?;
    findings.extend(turn.finding.take());
    let different = changed(out, files);
    turn.replace(&different, force)?;
    Ok(different)
}

/// What is asked for, and the folder that the paths of files begin at.
fn request(args: &GenerateArgs, settled: &Settled) -> (Request, PathBuf, Vec<Finding>) {
    let mut findings = settled.findings.clone();
    let project = &settled.project;
    if args.locked && project.lock.is_none() && !any_error(&findings) {
        let help = "run `egressor lock`, or name the file with `--lock FILE`";
        findings.push(Finding::new(Code::LockMissing, "there is no lockfile").help(help));
    }
    let mut artifacts = project.artifacts.clone();
    let out = match (&args.out, &settled.root) {
        (Some(out), _) => {
            for artifact in &mut artifacts {
                artifact.folder = PathBuf::new();
            }
            out.clone()
        }
        (None, Some(root)) if artifacts.is_empty() => root.join(OUT),
        (None, Some(root)) => root.clone(),
        (None, None) => PathBuf::from(OUT),
    };
    let request = Request {
        catalogs: project.catalogs.clone(),
        selection: project.selection.clone(),
        settings: project.settings.clone(),
        lock: project.lock.clone(),
        targets: args.target.clone(),
        templates: args.templates.clone().or_else(|| project.templates.clone()),
        artifacts,
        folders: if args.artifact_dir.is_empty() {
            project.folders.clone()
        } else {
            args.artifact_dir.clone()
        },
        all_folders: !args.artifact_dir.is_empty(),
        against: args.against.clone(),
        against_scopes: args.against_scope.clone(),
        readers: args.readers.reader.clone(),
    };
    (request, out, findings)
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

fn summary(
    args: &GenerateArgs,
    out: &Path,
    files: &[File],
    different: &[&File],
    unproven: bool,
    output: Output,
) {
    let verb = if args.check { "would change" } else { "wrote" };
    for file in different {
        output.status(&format!("{verb} {}", out.join(&file.path).display()));
    }
    let unchanged = files.len().saturating_sub(different.len());
    let proven = if unproven {
        "NOT ALL were read back: nothing reads some of them"
    } else {
        "each was read back and means the catalog"
    };
    output.status(&format!(
        "{} files, {} {verb}, {unchanged} unchanged; {proven}",
        files.len(),
        different.len()
    ));
}

fn document(
    args: &GenerateArgs,
    out: &Path,
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
    let to_stdout = out == Path::new("-");
    let files: Vec<serde_json::Value> = generated
        .files
        .iter()
        .filter(|_| exit != Exit::Failed)
        .map(|file| {
            if to_stdout {
                json!({"path": file.path, "text": file.text})
            } else {
                json!({"path": out.join(&file.path).display().to_string(), "status": status(file)})
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
