//! `egressor lock`.

use super::Exit;
use super::args::{Common, Format};
use super::diff;
use super::lock_args::{Dnssec, LockArgs};
use super::output::Output;
use super::progress::Progress;
use super::settle::{Settled, settle};
use crate::diag::{Code, Finding, any_error};
use crate::drift::Verdict;
use crate::ops::{HostChange, LockMode, LockRequest, Locked, lock};
use crate::packet::{Hostname, Prefix};
use crate::resolve::{Ask, DnsOptions, Limits, RefreshOptions, Server, Timestamp, Validation};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::path::Path;

pub(super) fn run(args: &LockArgs, common: &Common, output: Output) -> Exit {
    let settled = settle(common, &args.select, &[], args.lock.as_deref());
    settled.tell(output);
    let path = settled.lock.as_path();
    let mut findings = settled.findings.clone();
    let request = request(args, &settled, output, &mut findings);
    if any_error(&findings) {
        return report(path, None, &Locked { findings, ..Locked::default() }, output, Exit::Failed);
    }
    let mut progress = Progress::new(output);
    let mut locked = lock(&request, |done, total| progress.step(done, total));
    progress.end();
    settled.locate(&mut locked.findings);
    if let Some(traffic) = locked.traffic.take() {
        let exit = if any_error(&locked.findings) {
            Exit::Failed
        } else if traffic.drift.verdict() != Verdict::Equal {
            Exit::Different
        } else {
            stale_or_same(&locked.findings)
        };
        let findings = [locked.findings, traffic.findings.clone()].concat();
        return diff::print(&crate::ops::Diffed { findings, ..traffic }, false, output, exit);
    }
    if locked.news && args.locked {
        let help = "run `egressor lock` without `--locked` to take the new answers in";
        let message = format!("`{}` would change", path.display());
        locked.findings.push(Finding::new(Code::LockWouldChange, message).help(help));
        return report(path, Some("would-change"), &locked, output, Exit::Different);
    }
    // What was learnt is kept even where some names failed; the exit code says that they did.
    let exit = if any_error(&locked.findings) { Exit::Failed } else { stale_or_same(&locked.findings) };
    let known = locked.learnt && (locked.written || !any_write_error(&locked.findings));
    let status = known.then_some(if locked.written { "written" } else { "unchanged" });
    report(path, status, &locked, output, exit)
}

/// Names whose addresses are kept from an earlier answer are something to look at, though nothing went wrong with the
/// lockfile.
fn stale_or_same(findings: &[Finding]) -> Exit {
    let stale = findings.iter().any(|finding| finding.code == Code::EvidenceStale);
    if stale { Exit::Different } else { Exit::Same }
}

fn any_write_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| matches!(finding.code, Code::FileWrite | Code::FileRead | Code::LockSyntax))
}

fn request(args: &LockArgs, settled: &Settled, output: Output, findings: &mut Vec<Finding>) -> LockRequest {
    let (taking, asking) = (&args.taking, &args.asking);
    let (only, allow_private, accept) = (
        hosts(&args.only, findings),
        hosts(&taking.allow_private, findings),
        hosts(&taking.accept, findings),
    );
    let mut servers: Vec<Server> = Vec::new();
    for text in &asking.resolver {
        match text.parse() {
            Ok(server) if servers.contains(&server) => {}
            Ok(server) => servers.push(server),
            Err(error) => findings.push(Finding::new(Code::VariableInvalid, format!("{error}"))),
        }
    }
    let every = servers.len() > 1 && !asking.failover;
    if taking.quorum.get() > 1 && (!every || taking.quorum.get() > servers.len()) {
        let message = format!("`--quorum {}` needs as many resolvers that are all heard", taking.quorum);
        let help = "name each with `--resolver`, and leave `--failover` away";
        findings.push(Finding::new(Code::VariableInvalid, message).help(help));
    }
    if matches!(output.format(), Format::Markdown | Format::Html | Format::Sarif) && !args.check {
        let message = "without `--check`, this command prints `human` and `json` only";
        findings.push(Finding::new(Code::SelectionUnknown, message));
    }
    let limits = taking.max_change.map_or_else(Limits::default, |share| Limits {
        lost: share,
        gained: share,
        few: 0,
        ..Limits::default()
    });
    LockRequest {
        catalogs: settled.project.catalogs.clone(),
        selection: settled.project.selection.clone(),
        lock: settled.lock.clone(),
        mode: match (args.locked, args.check) {
            (true, _) => LockMode::Locked,
            (false, true) => LockMode::Check,
            (false, false) => LockMode::Write,
        },
        dns: DnsOptions {
            servers,
            ask: if every { Ask::Every } else { Ask::FirstThatKnows },
            rounds: asking.rounds,
            pause: asking.pause,
            timeout: asking.timeout,
            attempts: asking.retries.saturating_add(1),
            concurrency: NonZeroU32::new(asking.concurrency).unwrap_or(NonZeroU32::MIN),
            payload: asking.edns_size,
            deadline: asking.deadline,
            ca: asking.ca.clone(),
            dnssec: match asking.dnssec {
                Dnssec::Off => Validation::Off,
                Dnssec::Prefer => Validation::Prefer,
                Dnssec::Require => Validation::Require,
            },
            trust_anchor: asking.trust_anchor.clone(),
        },
        refresh: RefreshOptions {
            keep: taking.keep,
            quorum: taking.quorum,
            allow_private: allow_private.into_iter().collect(),
            ..RefreshOptions::default()
        },
        prune: args.prune,
        only,
        limits,
        accept: accept.into_iter().collect(),
        accept_all: taking.accept_all,
        now: now(),
    }
}

fn hosts(names: &[String], findings: &mut Vec<Finding>) -> Vec<Hostname> {
    let mut hosts = Vec::new();
    for name in names {
        match name.parse() {
            Ok(host) => hosts.push(host),
            Err(error) => findings.push(Finding::new(Code::VariableInvalid, format!("{error}"))),
        }
    }
    hosts
}

/// The only look at the clock: everything below takes the time as an argument.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_unix(since.map_or(0, |since| since.as_secs()))
}

fn report(path: &Path, status: Option<&str>, locked: &Locked, output: Output, exit: Exit) -> Exit {
    if output.is_json() {
        let document = json!({
            "schema": "egressor/lock/v1",
            "lock": path.display().to_string(),
            "status": status,
            "names": locked.names,
            "changes": locked.changes.iter().map(change_json).collect::<Vec<_>>(),
            "findings": Output::findings_json(&locked.findings),
        });
        return output.json(&document, exit);
    }
    output.findings(&locked.findings);
    let exit = output.finish(&changes(&locked.changes), exit);
    match status {
        None => output.status("the lockfile is as it was"),
        Some("would-change") => {}
        Some(status) => {
            let names = if locked.names == 1 { "name" } else { "names" };
            output.status(&format!("{} {names} looked up, {} {status}", locked.names, path.display()));
        }
    }
    exit
}

/// Each address that came or went, under its host.
fn changes(changes: &[HostChange]) -> String {
    let mut text = String::new();
    for change in changes {
        let held = if change.held { ", held back" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}{held}", change.name);
        for (sign, prefixes) in [('+', &change.added), ('-', &change.removed)] {
            for prefix in prefixes {
                let _ = writeln!(text, "  {sign} {}", written(*prefix));
            }
        }
    }
    text
}

fn change_json(change: &HostChange) -> Value {
    let list = |prefixes: &[Prefix]| prefixes.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "host": change.name.to_string(),
        "added": list(&change.added),
        "removed": list(&change.removed),
        "held_back": change.held,
    })
}

/// A block as people write it: a single address without its length.
fn written(prefix: Prefix) -> String {
    if Prefix::host(prefix.addr()) == prefix { prefix.addr().to_string() } else { prefix.to_string() }
}
