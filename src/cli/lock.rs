//! `egressor lock`.

use super::Exit;
use super::args::{Common, LockArgs};
use super::output::Output;
use super::settle::{Settled, settle};
use crate::diag::{Code, Finding, any_error};
use crate::ops::files::{changed, replace};
use crate::ops::{LockRequest, lock};
use crate::packet::Hostname;
use crate::resolve::{DnsOptions, Limits, RefreshOptions, Server, Timestamp};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

pub(super) fn run(args: &LockArgs, common: &Common, output: Output) -> Exit {
    let settled = settle(common, &args.select, &[], args.lock.as_deref());
    settled.tell(output);
    let path = settled.lock.as_path();
    let (request, mut findings) = request(args, &settled);
    let Some(request) = request.filter(|_| !any_error(&findings)) else {
        return report(path, None, &findings, output, Exit::Failed);
    };
    let locked = lock(&request);
    findings.extend(locked.findings);
    settled.locate(&mut findings);
    let Some(file) = locked.file else {
        return report(path, None, &findings, output, Exit::Failed);
    };
    let here = Path::new("");
    let different = !changed(here, std::slice::from_ref(&file)).is_empty();
    if locked.news && args.locked {
        let help = "run `egressor lock` without `--locked` to take the new answers in";
        let message = format!("`{}` would change", path.display());
        findings.push(Finding::new(Code::LockWouldChange, message).help(help));
        return report(path, Some("would-change"), &findings, output, Exit::Different);
    }
    if different
        && !args.locked
        && let Err(finding) = replace(here, &[&file])
    {
        findings.push(finding);
        return report(path, None, &findings, output, Exit::Failed);
    }
    // What was learnt is kept even where some names failed; the exit code says that they did.
    let exit = if any_error(&findings) { Exit::Failed } else { Exit::Same };
    let status = if different && !args.locked { "written" } else { "unchanged" };
    output.status(&format!("{} names looked up, {} {status}", locked.names, path.display()));
    report(path, Some(status), &findings, output, exit)
}

fn request(args: &LockArgs, settled: &Settled) -> (Option<LockRequest>, Vec<Finding>) {
    let mut findings = settled.findings.clone();
    let mut hosts = |names: &[String]| -> Vec<Hostname> {
        let parsed = names.iter().map(|name| name.parse::<Hostname>());
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for host in parsed {
            match host {
                Ok(host) => good.push(host),
                Err(error) => bad.push(Finding::new(Code::VariableInvalid, error.to_string())),
            }
        }
        findings.extend(bad);
        good
    };
    let (only, allow_private, accept) = (hosts(&args.only), hosts(&args.allow_private), hosts(&args.accept));
    let mut servers: Vec<Server> = Vec::new();
    for text in &args.resolver {
        match text.parse() {
            Ok(server) => servers.push(server),
            Err(error) => findings.push(Finding::new(Code::VariableInvalid, format!("{error}"))),
        }
    }
    let request = LockRequest {
        catalogs: settled.project.catalogs.clone(),
        selection: settled.project.selection.clone(),
        lock: settled.lock.clone(),
        dns: DnsOptions {
            servers,
            rounds: args.rounds,
            timeout: Duration::from_secs(args.timeout),
            ..DnsOptions::default()
        },
        refresh: RefreshOptions {
            allow_private: allow_private.into_iter().collect(),
            keep: Duration::from_secs(args.keep.saturating_mul(24 * 60 * 60)),
            ..RefreshOptions::default()
        },
        only,
        limits: Limits::default(),
        accept: accept.into_iter().collect(),
        now: now(),
    };
    (Some(request), findings)
}

/// The only look at the clock: everything below takes the time as an argument.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_unix(since.map_or(0, |since| since.as_secs()))
}

fn report(path: &Path, status: Option<&str>, findings: &[Finding], output: Output, exit: Exit) -> Exit {
    if output.is_json() {
        let document = json!({
            "schema": "egressor/lock/v1",
            "lock": path.display().to_string(),
            "status": status,
            "findings": Output::findings_json(findings),
        });
        return output.json(&document, exit);
    }
    output.findings(findings);
    if status.is_none() {
        output.status("the lockfile is as it was");
    }
    exit
}
