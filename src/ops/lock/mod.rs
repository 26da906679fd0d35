//! `lock`: resolves the selected names into the lockfile.

mod changes;
pub(super) mod place;
mod traffic;

pub use changes::HostChange;

use super::catalogs::catalogs;
use super::{Diffed, Project};
use crate::catalog::{Selected, Selection, select};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::packet::{AddrSet, Hostname, Prefix, Set as _};
use crate::resolve::{
    DnsOptions, Limits, Lockfile, Lookup, Outcome, RefreshOptions, Timestamp, Verdict, resolve,
};
use place::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct LockRequest {
    /// Catalog files and ids of shipped catalogs; the default catalog when empty.
    pub catalogs: Vec<PathBuf>,
    /// Which endpoints.
    pub selection: Selection,
    /// The lockfile that is refreshed; it need not exist.
    pub lock: PathBuf,
    /// What becomes of the answers.
    pub mode: LockMode,
    /// How names are looked up.
    pub dns: DnsOptions,
    /// How answers are taken in.
    pub refresh: RefreshOptions,
    /// Whether names that are not selected are forgotten.
    pub prune: bool,
    /// Only these of the selected hosts; all of them when empty.
    pub only: Vec<Hostname>,
    /// How much the addresses of a host may change before the change is held back.
    pub limits: Limits,
    /// Hosts whose addresses may change as they like.
    pub accept: BTreeSet<Hostname>,
    /// Whether all hosts may.
    pub accept_all: bool,
    /// The time of the refresh.
    pub now: Timestamp,
}

/// What becomes of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// They are written.
    Write,
    /// Nothing is written; news are an error.
    Locked,
    /// Nothing is written; what they change is told as traffic.
    Check,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    /// Whether the lockfile was replaced.
    pub written: bool,
    /// Whether it knows something that the lockfile before did not, or no longer knows something. Times say nothing.
    pub news: bool,
    /// How many names were looked up.
    pub names: usize,
    /// Whether anything was learnt.
    pub learnt: bool,
    /// Addresses that came or went, host by host.
    pub changes: Vec<HostChange>,
    /// What the lockfile lets through against what the answers would, when that was asked for.
    pub traffic: Option<Diffed>,
    /// What the user should know. Failed lookups are errors, but what was learnt may be written all the same.
    pub findings: Vec<Finding>,
}

/// The lockfile after a refresh, and what there is to say about it.
struct Refreshed {
    /// As it were if nothing was held back.
    free: Lockfile,
    /// As it is written, when something was.
    held: Option<Lockfile>,
    findings: Vec<Finding>,
}

/// Looks the names up and refreshes the lockfile. `progress` is told how many of how many lookups are done, and now and
/// then the same again while none ends.
pub fn lock(request: &LockRequest, progress: impl FnMut(usize, usize)) -> Locked {
    let (catalogs, mut findings) = catalogs(&request.catalogs);
    let (selected, wrong) =
        if any_error(&findings) { (Vec::new(), Vec::new()) } else { select(&catalogs, &request.selection) };
    findings.extend(wrong);
    let place = Place::new(&request.lock);
    let before = place.read().unwrap_or_else(|found| {
        findings.extend(found);
        Lockfile::default()
    });
    let names =
        if any_error(&findings) { BTreeSet::new() } else { wanted(&selected, &request.only, &mut findings) };
    if any_error(&findings) {
        return Locked { findings, ..Locked::default() };
    }
    let lookups = match resolve(names.iter().cloned(), &request.dns, progress) {
        Ok(lookups) => lookups,
        Err(error) => {
            findings.push(Finding::new(Code::DnsFailure, error.to_string()));
            return Locked { findings, ..Locked::default() };
        }
    };
    findings.extend(outside_pin(&selected, &before, &lookups));
    let mut locked = Locked { names: names.len(), learnt: lookups.iter().any(learnt), ..Locked::default() };
    // A network that is down teaches nothing about any name, so the lockfile stays as it was.
    if !locked.learnt {
        findings.extend(refreshed(&before, &selected, &lookups, request).findings);
        let message = format!("none of {} names could be looked up", names.len());
        let finding = Finding::new(Code::DnsFailure, message);
        findings.push(finding.help("is the resolver right, and can it be reached?"));
        return Locked { findings, ..locked };
    }
    let outcome = match request.mode {
        LockMode::Write => {
            // It is read again, under the lock of the folder, and held once.
            drop(before);
            place.replace(|before| {
                let refreshed = refreshed(before, &selected, &lookups, request);
                locked.note(before, &refreshed);
                refreshed.held.unwrap_or(refreshed.free)
            })
        }
        LockMode::Locked => {
            locked.note(&before, &refreshed(&before, &selected, &lookups, request));
            Ok(false)
        }
        LockMode::Check => {
            let mut refreshed = refreshed(&before, &selected, &lookups, request);
            // Where nothing is written there is nothing to hold back; that the change is large is still worth a line.
            for finding in &mut refreshed.findings {
                if finding.code == Code::LockQuarantined {
                    finding.severity = Severity::Warning;
                }
            }
            locked.note(&before, &refreshed);
            let project = Project {
                catalogs: request.catalogs.clone(),
                selection: request.selection.clone(),
                ..Project::default()
            };
            let name = request.lock.display().to_string();
            locked.traffic = Some(traffic::compare(&project, &name, &before, &refreshed.free));
            Ok(false)
        }
    };
    match outcome {
        Ok(written) => locked.written = written,
        Err(found) => findings.extend(found),
    }
    findings.append(&mut locked.findings);
    Locked { findings, ..locked }
}

impl Refreshed {
    /// As it is written.
    fn after(&self) -> &Lockfile {
        self.held.as_ref().unwrap_or(&self.free)
    }
}

impl Locked {
    fn note(&mut self, before: &Lockfile, refreshed: &Refreshed) {
        self.news = !before.knows_the_same(refreshed.after());
        self.changes = changes::of(before, refreshed.after(), &refreshed.free);
        self.findings.clone_from(&refreshed.findings);
    }
}

/// The lockfile after these lookups. It is a function of the lockfile before, so that it can be made again when another
/// run has replaced that in the meantime.
fn refreshed(
    before: &Lockfile,
    selected: &[Selected<'_>],
    lookups: &[Lookup],
    request: &LockRequest,
) -> Refreshed {
    let mut options = request.refresh.clone();
    if request.prune {
        options.prune = Some(hosts(selected));
    }
    let (mut free, mut findings) = before.refresh(lookups, request.now, &options);
    let dedicated = dedicated(selected);
    for lookup in lookups {
        let sets = dedicated.get(&lookup.name).into_iter().flatten();
        for (set, prefixes) in sets {
            free.dedicate(&lookup.name, set, prefixes.iter().copied(), request.now);
        }
        if !dedicated.contains_key(&lookup.name) {
            free.dedicate(&lookup.name, "", [], request.now);
        }
    }
    if request.accept_all {
        return Refreshed { free, held: None, findings };
    }
    let (held, told) = before.hold_back(&free, &request.limits, &request.accept);
    findings.extend(told);
    Refreshed { free, held, findings }
}

fn learnt(lookup: &Lookup) -> bool {
    [lookup.a.outcome, lookup.aaaa.outcome].map(Outcome::verdict) != [Verdict::Failed; 2]
}

/// The hosts that can be looked up.
fn hosts(selected: &[Selected<'_>]) -> BTreeSet<Hostname> {
    let of_selection = |selected: &Selected<'_>| -> Vec<Hostname> {
        let exact = selected.endpoints.iter().filter(|endpoint| endpoint.subdomains.is_none());
        exact.flat_map(|endpoint| endpoint.hosts_in(&selected.regions)).collect()
    };
    selected.iter().flat_map(of_selection).collect()
}

/// The hosts to look up. A name that was asked for and is not among them is an error.
fn wanted(selected: &[Selected<'_>], only: &[Hostname], findings: &mut Vec<Finding>) -> BTreeSet<Hostname> {
    let all = hosts(selected);
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

/// The blocks that catalogs dedicate to each host, by the set they stand in.
fn dedicated(selected: &[Selected<'_>]) -> BTreeMap<Hostname, BTreeMap<String, BTreeSet<Prefix>>> {
    let mut all: BTreeMap<Hostname, BTreeMap<String, BTreeSet<Prefix>>> = BTreeMap::new();
    for selected in selected {
        for endpoint in &selected.endpoints {
            let Some(set) = selected.catalog.ip_set(endpoint) else { continue };
            for host in endpoint.hosts_in(&selected.regions) {
                let blocks = all.entry(host).or_default().entry(selected.catalog.full_id(endpoint));
                blocks.or_default().extend(set.cidrs.value.0.iter().map(|cidr| cidr.value));
            }
        }
    }
    all
}

/// Answers that lie outside the addresses which the vendor dedicates to the host, or lists for it on a page or in a feed
/// that the lockfile knows. The lookups are in the order of their names.
fn outside_pin(selected: &[Selected<'_>], before: &Lockfile, lookups: &[Lookup]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for selected in selected {
        for endpoint in &selected.endpoints {
            let set = selected.catalog.ip_set(endpoint);
            let pinned = set.map(|set| AddrSet::of(set.cidrs.value.0.iter().map(|cidr| cidr.value)));
            for host in endpoint.hosts_in(&selected.regions) {
                let at = lookups.binary_search_by(|lookup| lookup.name.cmp(&host));
                let Some(lookup) = at.ok().and_then(|at| lookups.get(at)) else { continue };
                let of_catalog = selected.catalog.listed(endpoint).map(AddrSet::of);
                let (listed, what) = match (&pinned, of_catalog) {
                    (Some(pinned), _) => (pinned.clone(), "dedicated"),
                    (None, Some(listed)) => (listed, "published"),
                    (None, None) => (changes::published(before, &lookup.name), "published"),
                };
                let answered = lookup.a.addresses.addresses().chain(lookup.aaaa.addresses.addresses());
                let answered = AddrSet::of(answered.map(Prefix::host));
                let outside = answered.subtract(&listed).prefixes();
                if listed.is_empty() || outside.is_empty() || !told.insert(lookup.name.clone()) {
                    continue;
                }
                let outside = outside.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let message = format!("`{}` answers {outside}, outside its {what} addresses", lookup.name);
                let help =
                    "rules keep the documented addresses; ask the vendor, or use a target that takes names";
                let full = selected.catalog.full_id(endpoint);
                findings.push(Finding::new(Code::DnsOutsidePin, message).help(help).endpoint(full));
            }
        }
    }
    findings
}
