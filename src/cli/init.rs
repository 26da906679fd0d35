//! `egressor init`.

use super::Exit;
use super::args::{Common, InitArgs};
use super::output::Output;
use crate::catalog::{Catalog, Date, Text, select};
use crate::diag::{Code, Finding, Severity, any_error, mask_secrets};
use crate::ops::write::{Turn, changed, replace_one};
use crate::ops::{File, catalogs, open};
use crate::project::{FILE, Start, StartError, project_schema, start};
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

/// The schema for editors, beside the project file.
const SCHEMA: &str = "egressor.schema.json";

pub(super) fn run(args: &InitArgs, common: &Common, output: Output) -> Exit {
    let path = common.project.clone().unwrap_or_else(|| PathBuf::from(FILE));
    let findings = match write(args, common, &path, output) {
        Ok(()) => Vec::new(),
        Err(findings) => findings,
    };
    let exit = Output::exit(&findings);
    if output.is_json() {
        let status = if exit == Exit::Same { "written" } else { "failed" };
        let document = json!({
            "schema": "egressor/init/v1",
            "file": path.display().to_string(),
            "status": status,
            "findings": Output::findings_json(&findings),
        });
        return output.json(&document, exit);
    }
    output.findings(&findings);
    if exit == Exit::Same {
        output.status(&format!("wrote {}", path.display()));
        output.status("next: `egressor lock` finds the addresses, `egressor generate` writes the rules");
    }
    exit
}

fn write(args: &InitArgs, common: &Common, path: &Path, output: Output) -> Result<(), Vec<Finding>> {
    if path.exists() && !args.force {
        let message = format!("`{}` is there already", path.display());
        return Err(vec![Finding::new(Code::FileWrite, message).help("`--force` writes over it")]);
    }
    let files: Vec<PathBuf> = args.select.catalog.iter().chain(&args.select.overlay).cloned().collect();
    let (catalogs, findings) = catalogs(&files);
    if any_error(&findings) {
        return Err(findings);
    }
    let says = says(args, &catalogs, output).map_err(|finding| vec![finding])?;
    let text = start(&says, &catalogs).map_err(|error| vec![refused(&error)])?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let before = std::fs::read_to_string(path).ok();
    let schema = File { path: SCHEMA.to_owned(), text: format!("{:#}\n", project_schema()) };
    if !args.force {
        foreign(&folder.join(SCHEMA)).map_err(|finding| vec![finding])?;
    }
    let files = [File { path: name, text }, schema];
    let turn = Turn::take(folder, &common.allow_outside).map_err(|finding| vec![finding])?;
    turn.replace(&changed(folder, &files), true)?;
    // What was written is opened like any other project, so that a wrong value is told now and not by the next command.
    let (opened, mut findings) = open(path, None, &common.allow_outside);
    findings.extend(opened.iter().flat_map(|opened| select(&catalogs, &opened.project.selection).1));
    if !any_error(&findings) {
        return Ok(());
    }
    let restored = match before {
        Some(text) => replace_one(path, &text),
        None => std::fs::remove_file(path).map_err(|error| {
            Finding::new(Code::FileWrite, format!("cannot remove `{}`: {error}", path.display()))
        }),
    };
    Err(findings.into_iter().chain(restored.err()).collect())
}

/// Why the file cannot say it.
fn refused(error: &StartError) -> Finding {
    let help = match error {
        StartError::UnknownRegion(_, known) => known.as_str(),
        StartError::Region(_) | StartError::Value(_) | StartError::Variable(..) => {
            "say it with `--region`, or see `egressor init --help`"
        }
    };
    Finding::new(Code::VariableInvalid, error.to_string()).help(help)
}

/// The schema is written again by every `init`; another file of that name is somebody else's.
fn foreign(path: &Path) -> Result<(), Finding> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
    let title =
        serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|schema| schema.get("title").cloned());
    if title.is_some() && title == project_schema().get("title").cloned() {
        return Ok(());
    }
    let message = format!("`{}` is there already, and egressor did not write it", path.display());
    Err(Finding::new(Code::FileWrite, message).help("`--force` writes over it"))
}

/// What the file says: what the flags say, then what a person at a terminal answers.
fn says(args: &InitArgs, catalogs: &[Catalog], output: Output) -> Result<Start, Finding> {
    let mut says = Start {
        catalogs: named(args, catalogs),
        overlays: args.select.overlay.iter().map(|path| path.display().to_string()).collect(),
        region: args.select.region.first().cloned(),
        features: args.select.feature.clone(),
        components: args.select.component.clone(),
        targets: args.target.clone(),
        owner: args.owner.clone(),
        ticket: args.ticket.clone(),
        expires: args.expires.clone(),
        set: Vec::new(),
        schema: Some(SCHEMA.to_owned()),
    };
    if args.select.all_regions {
        says.region = Some("all".to_owned());
    }
    if args.select.region.len() > 1 {
        let message = "more than one region was chosen, an organisation lives in one";
        return Err(Finding::new(Code::SelectionRegion, message));
    }
    for setting in &args.set {
        // A project file is committed and read by many.
        if mask_secrets(setting) != *setting {
            let message = format!("`{setting}` holds a user or a password, which is written to no file");
            let help = "leave it out of the URL: artifacts refer to a secret of yours instead";
            let finding = Finding::new(Code::ProxyCredentials, message).help(help);
            return Err(Finding { severity: Severity::Error, ..finding });
        }
        match setting.split_once('=') {
            Some(("owner", value)) => says.owner = Some(value.to_owned()),
            Some(("ticket", value)) => says.ticket = Some(value.to_owned()),
            Some(("expires", value)) => says.expires = Some(value.to_owned()),
            Some(_) | None => says.set.push(setting.clone()),
        }
    }
    let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !output.is_json();
    if asks {
        // Nobody is asked about the rest of a file that cannot be written.
        if let Err(error @ StartError::UnknownRegion(..)) = start(&says, catalogs) {
            return Err(refused(&error));
        }
        ask(&mut says, catalogs, output);
    }
    Ok(says)
}

/// The catalogs as the file names them: as the flags do, else the names of the shipped ones.
fn named(args: &InitArgs, catalogs: &[Catalog]) -> Vec<String> {
    if args.select.catalog.is_empty() {
        return catalogs.iter().map(|catalog| catalog.id().to_owned()).collect();
    }
    args.select.catalog.iter().map(|path| path.display().to_string()).collect()
}

/// A question to whoever sits at the terminal.
struct Question<'a> {
    answer: &'a mut Option<String>,
    text: String,
    /// What is wrong with an answer.
    refuses: &'a dyn Fn(&str) -> Option<String>,
}

/// Asks for what no flag said. An empty answer leaves it unsaid, where it may be; a wrong one is asked for again.
fn ask(says: &mut Start, catalogs: &[Catalog], output: Output) {
    let regions = catalogs.iter().filter_map(|catalog| catalog.document.regions.as_ref());
    let regions: Vec<String> =
        regions.flat_map(|regions| regions.value.0.keys().map(ToString::to_string)).collect();
    let known = regions.join(", ");
    let region = |answer: &str| {
        let is_known = answer == "all" || regions.iter().any(|region| region == answer);
        (!is_known && !regions.is_empty()).then(|| format!("regions are {known}, or `all`"))
    };
    let text = |answer: &str| (!answer.is_empty()).then(|| answer.parse::<Text>().err()).flatten();
    let day =
        |answer: &str| (!matches!(answer, "" | "never")).then(|| answer.parse::<Date>().err()).flatten();
    if !regions.is_empty() {
        let question = format!("region ({known})");
        if !(Question { answer: &mut says.region, text: question, refuses: &region }).put(output) {
            return;
        }
    }
    let question = |text: &str, answer, refuses| Question { answer, text: text.to_owned(), refuses };
    let _ = question("team that answers for the rules", &mut says.owner, &text).put(output)
        && question("ticket that approved them", &mut says.ticket, &text).put(output)
        && question("last day, in UTC, such as 2027-06-30, or never", &mut says.expires, &day).put(output);
}

impl Question<'_> {
    /// Puts the question until it is answered, unless it is already. Reports whether there is still somebody to ask.
    fn put(self, output: Output) -> bool {
        while self.answer.is_none() {
            output.ask(&format!("{}: ", self.text));
            let mut line = String::new();
            if !std::io::stdin().lock().read_line(&mut line).is_ok_and(|read| read > 0) {
                return false;
            }
            let line = line.trim();
            match (self.refuses)(line) {
                Some(why) => output.ask(&format!("  {why}\n")),
                None if line.is_empty() => return true,
                None => *self.answer = Some(line.to_owned()),
            }
        }
        true
    }
}
