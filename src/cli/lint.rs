//! `egressor lint`.

use super::Exit;
use super::args::{Common, RulesLintArgs};
use super::output::{Output, plural};
use super::progress::reading;
use super::settle::Settled;
use crate::catalog::Date;
use crate::diag::{Code, Finding, Severity, any_error};
use crate::ops::{LintRequest, Linted, lint};
use crate::report::lint_schema;
use crate::resolve::Timestamp;
use serde_json::json;

pub(super) fn run(args: &RulesLintArgs, common: &Common, output: Output) -> Exit {
    if args.schema {
        return output.json(&lint_schema(), Exit::Same);
    }
    let settled = args.project.settle(common);
    settled.tell(output);
    let mut linted = match request(args, &settled) {
        Ok(request) => output.during(&reading(&args.files), || lint(&request)),
        Err(findings) => Linted { findings, ..Linted::default() },
    };
    settled.locate(&mut linted.findings);
    let amiss = linted.findings.iter().any(|finding| finding.severity > Severity::Note);
    let exit = match (any_error(&linted.findings), amiss) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Different,
        (false, false) => Exit::Same,
    };
    if output.is_json() {
        let document = json!({
            "schema": "egressor/lint/v1",
            "source": linted.source,
            "format": linted.format,
            "findings": Output::findings_json(&linted.findings),
        });
        return output.json(&document, exit);
    }
    output.findings(&linted.findings);
    if exit != Exit::Failed {
        output.status(&summary(&linted));
    }
    exit
}

fn request(args: &RulesLintArgs, settled: &Settled) -> Result<LintRequest, Vec<Finding>> {
    let mut findings = settled.findings.clone();
    let today = settled.project.selection.today.filter(|_| !any_error(&findings));
    let Some(today) = today else { return Err(findings) };
    let until = args.expires_within.as_deref().map(|days| later(today, days)).transpose();
    let until = until.map_err(|message| {
        findings.push(Finding::new(Code::VariableInvalid, message));
        findings.clone()
    })?;
    let project = settled.is_asked.then(|| settled.project.clone());
    let (limit, readers) = (args.limit.limit(), args.readers.reader.clone());
    Ok(LintRequest { files: args.files.clone(), before: args.before, project, today, until, limit, readers })
}

/// The day so many days after another.
fn later(day: Date, days: &str) -> Result<Date, String> {
    const DAY: u64 = 24 * 60 * 60;
    let number = days.strip_suffix('d').unwrap_or(days);
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let count = number.parse::<u32>().ok().filter(|_| digits);
    let count = count.ok_or_else(|| format!("`{days}` is no number of days such as `30d`"))?;
    let start: Timestamp =
        format!("{day}T00:00:00Z").parse().map_err(|_| format!("`{day}` is before 1970"))?;
    let end = Timestamp::from_unix(start.seconds().saturating_add(u64::from(count) * DAY)).to_string();
    end.split('T').next().unwrap_or_default().parse()
}

fn summary(linted: &Linted) -> String {
    if linted.format == "project" {
        let has = |code| linted.findings.iter().any(|finding| finding.code == code);
        let verdict = if has(Code::LintNotReviewable) {
            "not reviewable: some have no owner, ticket or last day"
        } else {
            "reviewable: each has an owner, a ticket and a last day"
        };
        let (endpoints, catalogs) = (plural(linted.statements, "endpoint"), plural(linted.scopes, "catalog"));
        return format!("{endpoints} of {catalogs}; {verdict}");
    }
    let conditions = linted.findings.iter().filter(|finding| finding.code == Code::ReadUnmodelled).count();
    let conditions = match conditions {
        0 => String::new(),
        1 => ", 1 condition is not modelled (-v shows it)".to_owned(),
        several => format!(", {several} conditions are not modelled (-v shows them)"),
    };
    let findings = linted.findings.iter().filter(|finding| finding.severity > Severity::Note).count();
    format!(
        "{} in {} of {}, {}{conditions}",
        plural(linted.statements, "rule"),
        plural(linted.scopes, "scope"),
        linted.format,
        plural(findings, "finding")
    )
}
