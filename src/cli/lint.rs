//! `egressor lint`.

use super::Exit;
use super::args::RulesLintArgs;
use super::output::Output;
use crate::diag::{Code, Finding, Severity, any_error};
use crate::ops::{LintRequest, Linted, lint};
use crate::report::lint_schema;
use serde_json::json;

pub(super) fn run(args: &RulesLintArgs, output: Output) -> Exit {
    if args.schema {
        return output.json(&lint_schema(), Exit::Same);
    }
    let linted = match super::catalog::day(args.today.as_deref()) {
        Ok(today) => lint(&LintRequest {
            files: args.files.clone(),
            before: args.before,
            project: args.project.is_asked().then(|| args.project.project()),
            today,
        }),
        Err(message) => {
            Linted { findings: vec![Finding::new(Code::VariableInvalid, message)], ..Linted::default() }
        }
    };
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

fn summary(linted: &Linted) -> String {
    let conditions = linted.findings.iter().filter(|finding| finding.code == Code::ReadUnmodelled).count();
    let conditions = match conditions {
        0 => String::new(),
        1 => ", 1 condition is not modelled (-v shows it)".to_owned(),
        several => format!(", {several} conditions are not modelled (-v shows them)"),
    };
    let findings = linted.findings.iter().filter(|finding| finding.severity > Severity::Note).count();
    format!(
        "{} rules in {} scopes of {}, {findings} findings{conditions}",
        linted.statements, linted.scopes, linted.format
    )
}
