//! What a round of lookups does to a lockfile: answers accumulate, and no failure empties anything silently.

use super::dns::{FamilyAnswer, Lookup};
use super::guard::special;
use super::lockfile::{LastLookup, LockedAddress, LockedHost, Lockfile, Provenance};
use super::outcome::{Family, Outcome, Verdict};
use super::time::Timestamp;
use crate::diag::{Code, Finding, Severity};
use crate::packet::{Hostname, Prefix};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::net::IpAddr;
use std::time::Duration;

/// How a lockfile is refreshed.
#[derive(Debug, Clone)]
pub struct RefreshOptions {
    /// How long an address stays that answers no longer show. Names that rotate through their addresses need it.
    pub keep: Duration,
    /// Names that may have addresses of the internal network.
    pub allow_private: BTreeSet<Hostname>,
    /// When given, what DNS answered for all other names is forgotten; what a vendor publishes stays.
    pub prune: Option<BTreeSet<Hostname>>,
}

impl Default for RefreshOptions {
    fn default() -> Self {
        Self { keep: Duration::from_hours(14 * 24), allow_private: BTreeSet::new(), prune: None }
    }
}

impl Lockfile {
    /// The lockfile after these lookups, made at `now`, and what there is to say about them. Names that were not looked
    /// up stay as they are.
    pub fn refresh(
        &self,
        lookups: &[Lookup],
        now: Timestamp,
        options: &RefreshOptions,
    ) -> (Self, Vec<Finding>) {
        let mut lock = self.clone();
        let mut findings = Vec::new();
        for lookup in lookups {
            let known = lock.hosts.entry(lookup.name.clone());
            let host = known.or_insert_with(|| LockedHost::new(lookup.name.clone()));
            refresh_host(host, lookup, now, options, &mut findings);
        }
        if let Some(wanted) = &options.prune {
            prune(&mut lock, wanted);
        }
        (lock, findings)
    }
}

fn prune(lock: &mut Lockfile, wanted: &BTreeSet<Hostname>) {
    lock.hosts.retain(|name, host| {
        if wanted.contains(name) {
            return true;
        }
        let published = |address: &LockedAddress| matches!(address.provenance, Provenance::Published(_));
        let kept: Vec<_> = host.addresses().iter().filter(|address| published(address)).cloned().collect();
        *host = LockedHost::new(name.clone());
        host.set_addresses(kept);
        !host.addresses().is_empty()
    });
}

/// How it went for one family, seen from what was known.
enum Change {
    /// There are addresses from this lookup.
    Fresh,
    /// None were known, and it is certain that there are none.
    None,
    /// None were known, and nothing was learnt.
    Unknown,
    /// What was known is kept or gone, and a finding says so.
    Told,
}

fn refresh_host(
    host: &mut LockedHost,
    lookup: &Lookup,
    now: Timestamp,
    options: &RefreshOptions,
    findings: &mut Vec<Finding>,
) {
    let name = &lookup.name;
    let mut refused = BTreeSet::new();
    let mut addresses: Vec<_> = host
        .addresses
        .iter()
        .filter(|address| matches!(address.provenance, Provenance::Published(_)))
        .cloned()
        .collect();
    let mut told = Vec::new();
    let mut outcome_of = |family: Family, answer: &FamilyAnswer| {
        let mut accept = |addr: &IpAddr| {
            let reason = unwelcome(*addr, name, options);
            refused.extend(reason.map(|_| *addr));
            reason.is_none()
        };
        let seen: Vec<_> = answer
            .addresses
            .iter()
            .filter(|(addr, _)| Family::of(**addr) == family && accept(addr))
            .map(|(addr, resolvers)| LockedAddress {
                prefix: Prefix::host(*addr),
                provenance: Provenance::Dns(resolvers.clone()),
                first_seen: now,
                last_seen: now,
            })
            .collect();
        // What an earlier, more lenient refresh let in does not outlive the permission.
        let known: Vec<_> =
            host.dns(family).filter(|address| accept(&address.prefix.addr())).cloned().collect();
        // An answer none of whose addresses is usable teaches nothing.
        let outcome = match answer.outcome {
            Outcome::Answer if seen.is_empty() => Outcome::RefusedAddress,
            outcome => outcome,
        };
        let change = match outcome.verdict() {
            Verdict::Answered => {
                addresses.extend(accumulated(known, seen, now, options.keep, name, findings));
                Change::Fresh
            }
            Verdict::Gone if known.is_empty() => Change::None,
            Verdict::Gone => {
                findings.push(dropped(name, family, outcome, known.len()));
                Change::Told
            }
            Verdict::Failed if known.is_empty() => Change::Unknown,
            Verdict::Failed => {
                findings.push(stale(name, family, outcome, &known));
                addresses.extend(known);
                Change::Told
            }
        };
        told.push((family, outcome, change));
        outcome
    };
    let a = outcome_of(Family::V4, &lookup.a);
    let aaaa = outcome_of(Family::V6, &lookup.aaaa);
    if !refused.is_empty() {
        findings.push(refusal(name, &refused));
    }
    findings.extend(failure(name, &told, addresses.is_empty()));
    if [a, aaaa].iter().any(|outcome| outcome.verdict() != Verdict::Failed) {
        let told = if lookup.a.cname.is_empty() { &lookup.aaaa } else { &lookup.a };
        host.cname.clone_from(&told.cname);
        host.ttl = lookup.a.ttl.into_iter().chain(lookup.aaaa.ttl).min();
    }
    host.last = Some(LastLookup { tried: now, a, aaaa });
    host.set_addresses(addresses);
}

/// Why an answer may not have this address.
fn unwelcome(addr: IpAddr, name: &Hostname, options: &RefreshOptions) -> Option<super::guard::Special> {
    let allowed = options.allow_private.contains(name);
    special(Prefix::host(addr)).filter(|special| special.never_a_host() || !allowed)
}

/// The known addresses and the seen ones, less those that have not been seen for too long.
fn accumulated(
    known: Vec<LockedAddress>,
    seen: Vec<LockedAddress>,
    now: Timestamp,
    keep: Duration,
    name: &Hostname,
    findings: &mut Vec<Finding>,
) -> Vec<LockedAddress> {
    let oldest = now.earlier(keep);
    let mut expired = Vec::new();
    let mut all: BTreeMap<Prefix, LockedAddress> =
        seen.into_iter().map(|address| (address.prefix, address)).collect();
    for address in known {
        match all.entry(address.prefix) {
            Entry::Occupied(mut again) => {
                let again = again.get_mut();
                again.first_seen = again.first_seen.min(address.first_seen);
                again.last_seen = again.last_seen.max(address.last_seen);
            }
            Entry::Vacant(_) if address.last_seen < oldest => expired.push(address.prefix.addr()),
            Entry::Vacant(missing) => {
                missing.insert(address);
            }
        }
    }
    if !expired.is_empty() {
        let message =
            format!("`{name}` no longer answers with {}, last seen before {oldest}", quoted(&expired));
        findings.push(Finding::new(Code::DnsExpired, message));
    }
    all.into_values().collect()
}

fn dropped(name: &Hostname, family: Family, outcome: Outcome, count: usize) -> Finding {
    let what = match outcome {
        Outcome::NxDomain => "the name does not exist".to_owned(),
        Outcome::DanglingCname => "it is an alias of a name that does not exist".to_owned(),
        _ => format!("it has no {} records", family.record()),
    };
    let plural = if count == 1 { "address was" } else { "addresses were" };
    Finding::new(
        Code::DnsDropped,
        format!("`{name}`: {what} ({outcome}), so {count} {family} {plural} dropped"),
    )
    .help("check the name against the vendor's page; the rules for it lose these addresses at the next run")
}

fn stale(name: &Hostname, family: Family, outcome: Outcome, known: &[LockedAddress]) -> Finding {
    let since = known.iter().map(|address| address.last_seen).max().unwrap_or_default();
    let count = known.len();
    let plural = if count == 1 { "address" } else { "addresses" };
    let message = format!(
        "`{name}`: the {} lookup failed ({outcome}), so {count} {family} {plural} of {since} {} kept",
        family.record(),
        if count == 1 { "is" } else { "are" },
    );
    Finding::new(Code::EvidenceStale, message)
        .help("run `egressor lock` again; ask another server with `--resolver`")
}

fn refusal(name: &Hostname, refused: &BTreeSet<IpAddr>) -> Finding {
    let reasons: BTreeSet<String> = refused
        .iter()
        .filter_map(|addr| special(Prefix::host(*addr)))
        .map(|special| special.to_string())
        .collect();
    let addresses: Vec<_> = refused.iter().copied().collect();
    let message = format!(
        "`{name}` answers with {}, which no public name may have ({})",
        quoted(&addresses),
        reasons.into_iter().collect::<Vec<_>>().join(", "),
    );
    Finding::new(Code::DnsRefused, message)
        .help(format!("if the name is meant to be internal, allow it with `--allow-private {name}`"))
}

/// Says that a name could not be resolved at all, or that nothing is known of one family. One family without records is
/// no news.
fn failure(name: &Hostname, told: &[(Family, Outcome, Change)], empty: bool) -> Option<Finding> {
    let words = |wanted: fn(&Change) -> bool| {
        let wanted = told.iter().filter(|(.., change)| wanted(change));
        wanted.map(|(family, outcome, _)| format!("{} {outcome}", family.record())).collect::<Vec<_>>()
    };
    let lacking = words(|change| matches!(change, Change::None | Change::Unknown));
    let unknown = words(|change| matches!(change, Change::Unknown));
    if lacking.len() == told.len() && empty {
        let message =
            format!("`{name}` could not be resolved ({}) and no address is known", lacking.join(", "));
        let help = "check the name; a target that needs addresses has no rule for it";
        return Some(Finding::new(Code::DnsFailure, message).help(help));
    }
    let (message, help) = if lacking.len() == told.len() {
        let message = format!("`{name}` could not be resolved ({})", lacking.join(", "));
        (message, "only the addresses that its vendor publishes are known; check the name")
    } else if unknown.is_empty() {
        return None;
    } else {
        (
            format!("`{name}` could not be resolved in full ({})", unknown.join(", ")),
            "run `egressor lock` again",
        )
    };
    let mut finding = Finding::new(Code::DnsFailure, message).help(help);
    finding.severity = Severity::Warning;
    Some(finding)
}

/// The addresses for a message; of many, the first few and their number.
fn quoted(addresses: &[IpAddr]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<_> = addresses.iter().take(SHOWN).map(|addr| format!("`{addr}`")).collect();
    if addresses.len() > SHOWN {
        words.push(format!("{} more", addresses.len() - SHOWN));
    }
    words.join(", ")
}
