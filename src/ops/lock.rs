//! `lock`: resolves the selected names into the lockfile.

use super::File;
use super::catalogs::catalogs;
use super::files::{TEXT_LIMIT, read};
use crate::catalog::{Selected, Selection, select};
use crate::diag::{Code, Finding, any_error};
use crate::packet::{AddrSet, Hostname, Prefix, Set as _};
use crate::resolve::{
    DnsOptions, Limits, Lockfile, Lookup, Outcome, RefreshOptions, Timestamp, Verdict, resolve,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct LockRequest {
    /// Catalog files; the shipped catalog when empty.
    pub catalogs: Vec<PathBuf>,
    /// Which endpoints.
    pub selection: Selection,
    /// The lockfile that is refreshed; it need not exist.
    pub lock: PathBuf,
    /// How names are looked up.
    pub dns: DnsOptions,
    /// How answers are taken in.
    pub refresh: RefreshOptions,
    /// Only these of the selected hosts; all of them when empty.
    pub only: Vec<Hostname>,
    /// How much the addresses of a host may change before the change is held back.
    pub limits: Limits,
    /// Hosts whose addresses may change as they like.
    pub accept: BTreeSet<Hostname>,
    /// The time of the refresh.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    /// The new lockfile, when there is anything to write.
    pub file: Option<File>,
    /// Whether it knows something that the lockfile before did not, or no longer knows something. Times say nothing.
    pub news: bool,
    /// How many names were looked up.
    pub names: usize,
    /// What the user should know. Failed lookups are errors, but what was learnt may be written all the same.
    pub findings: Vec<Finding>,
}

/// Looks the names up and says what the lockfile becomes. Writes nothing.
pub fn lock(request: &LockRequest) -> Locked {
    let (catalogs, mut findings) = catalogs(&request.catalogs);
    let (selected, wrong) =
        if any_error(&findings) { (Vec::new(), Vec::new()) } else { select(&catalogs, &request.selection) };
    findings.extend(wrong);
    let before = match existing(request) {
        Ok(lock) => lock,
        Err(found) => {
            findings.extend(found);
            return Locked { findings, ..Locked::default() };
        }
    };
    if any_error(&findings) {
        return Locked { findings, ..Locked::default() };
    }
    let names = wanted(&selected, &request.only, &mut findings);
    if any_error(&findings) {
        return Locked { findings, ..Locked::default() };
    }
    let lookups = match resolve(names.iter().cloned(), &request.dns, |_, _| {}) {
        Ok(lookups) => lookups,
        Err(error) => {
            findings.push(Finding::new(Code::DnsFailure, error.to_string()));
            return Locked { findings, ..Locked::default() };
        }
    };
    findings.extend(outside_pin(&selected, &lookups));
    let (after, found) = before.refresh(&lookups, request.now, &request.refresh);
    findings.extend(found);
    let (after, held) = before.hold_back(after, &request.limits, &request.accept);
    findings.extend(held);
    // A network that is down teaches nothing about any name, so the lockfile stays as it was.
    let learnt = |lookup: &Lookup| {
        [lookup.a.outcome, lookup.aaaa.outcome].map(Outcome::verdict) != [Verdict::Failed; 2]
    };
    if !lookups.iter().any(learnt) {
        let message = format!("none of {} names could be looked up", names.len());
        let finding = Finding::new(Code::DnsFailure, message);
        findings.push(finding.help("is the resolver right, and can it be reached?"));
        return Locked { names: names.len(), findings, ..Locked::default() };
    }
    let path = request.lock.display().to_string();
    let file = File { path, text: after.render() };
    Locked { file: Some(file), news: !before.knows_the_same(&after), names: names.len(), findings }
}

fn existing(request: &LockRequest) -> Result<Lockfile, Vec<Finding>> {
    if !request.lock.exists() {
        return Ok(Lockfile::default());
    }
    let source = read(&request.lock, TEXT_LIMIT).map_err(|finding| vec![finding])?;
    Lockfile::parse(&source)
}

/// The hosts to look up. A name that was asked for and is not among them is an error.
fn wanted(selected: &[Selected<'_>], only: &[Hostname], findings: &mut Vec<Finding>) -> BTreeSet<Hostname> {
    let of_selection = |selected: &Selected<'_>| -> Vec<Hostname> {
        let exact = selected.endpoints.iter().filter(|endpoint| endpoint.subdomains.is_none());
        exact.flat_map(|endpoint| endpoint.hosts_in(&selected.regions)).collect()
    };
    let all: BTreeSet<Hostname> = selected.iter().flat_map(of_selection).collect();
    for host in only.iter().filter(|host| !all.contains(host)) {
        let help = crate::diag::suggest(host.as_str(), all.iter().map(Hostname::as_str)).map_or_else(
            || "see `egressor catalog list`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{host}` is no host of the selected endpoints");
        findings.push(Finding::new(Code::SelectionUnknown, message).help(help));
    }
    all.into_iter().filter(|host| only.is_empty() || only.contains(host)).collect()
}

/// Answers that lie outside the addresses which the vendor dedicates to the host.
fn outside_pin(selected: &[Selected<'_>], lookups: &[Lookup]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for selected in selected {
        for endpoint in &selected.endpoints {
            let Some(set) = selected.catalog.ip_set(endpoint) else { continue };
            let pinned = AddrSet::of(set.cidrs.value.0.iter().map(|cidr| cidr.value));
            let hosts = endpoint.hosts_in(&selected.regions);
            for lookup in lookups.iter().filter(|lookup| hosts.contains(&lookup.name)) {
                let answered = lookup.a.addresses.keys().chain(lookup.aaaa.addresses.keys());
                let answered = AddrSet::of(answered.map(|addr| Prefix::host(*addr)));
                let outside = answered.subtract(&pinned).prefixes();
                if outside.is_empty() {
                    continue;
                }
                let outside = outside.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let message = format!("`{}` answers {outside}, outside its dedicated addresses", lookup.name);
                let help =
                    "rules keep the documented addresses; ask the vendor, or use a target that takes names";
                let full = selected.catalog.full_id(endpoint);
                findings.push(Finding::new(Code::DnsOutsidePin, message).help(help).endpoint(full));
            }
        }
    }
    findings
}
