//! What a round of lookups does to a lockfile: answers accumulate, and no failure empties anything silently.

mod tell;

use super::dns::Lookup;
use super::guard::{never_a_host, special};
use super::lockfile::{LastLookup, LastOutcome, LockedAddress, LockedHost, Lockfile, Provenance};
use super::outcome::{Family, Outcome, Verdict};
use super::time::Timestamp;
use crate::diag::{Code, Finding};
use crate::packet::{Hostname, Prefix};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;
use tell::{Change, quoted};

/// How a lockfile is refreshed.
#[derive(Debug, Clone)]
pub struct RefreshOptions {
    /// How long an address stays that answers no longer show, and how long all stay while lookups fail. Names that
    /// rotate through their addresses need the first.
    pub keep: Duration,
    /// How many servers must give an address.
    pub quorum: NonZeroUsize,
    /// Names that may have addresses of the internal network.
    pub allow_private: BTreeSet<Hostname>,
    /// When given, what DNS answered for all other names is forgotten; what a vendor publishes stays.
    pub prune: Option<BTreeSet<Hostname>>,
}

impl Default for RefreshOptions {
    fn default() -> Self {
        Self {
            keep: Duration::from_hours(14 * 24),
            quorum: NonZeroUsize::MIN,
            allow_private: BTreeSet::new(),
            prune: None,
        }
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

/// One lookup, and what it is held against.
struct Refresh<'a> {
    lookup: &'a Lookup,
    now: Timestamp,
    options: &'a RefreshOptions,
    findings: Vec<Finding>,
    /// Addresses that a public name must not have.
    refused: BTreeSet<IpAddr>,
    /// Addresses that too few servers gave.
    few: BTreeSet<IpAddr>,
}

/// What became of one family.
struct Taken {
    family: Family,
    last: LastOutcome,
    change: Change,
    addresses: Vec<LockedAddress>,
}

fn refresh_host(
    host: &mut LockedHost,
    lookup: &Lookup,
    now: Timestamp,
    options: &RefreshOptions,
    findings: &mut Vec<Finding>,
) {
    let (refused, few) = (BTreeSet::new(), BTreeSet::new());
    let mut refresh = Refresh { lookup, now, options, findings: Vec::new(), refused, few };
    let taken = Family::BOTH.map(|family| refresh.family(host, family));
    let mut addresses: Vec<LockedAddress> = host
        .addresses
        .iter()
        .filter(|address| !matches!(address.provenance, Provenance::Dns(_)))
        .cloned()
        .collect();
    addresses.extend(taken.iter().flat_map(|taken| taken.addresses.iter().cloned()));
    let usable = |address: &LockedAddress| !matches!(address.provenance, Provenance::Dedicated(_));
    refresh.tell(&taken, !addresses.iter().any(usable));
    findings.append(&mut refresh.findings);
    let [a, aaaa] = taken.map(|taken| taken.last);
    host.last = Some(LastLookup { tried: now, a, aaaa });
    let before = std::mem::take(&mut host.addresses);
    host.set_addresses(addresses);
    if [a, aaaa].iter().any(|last| last.outcome.verdict() != Verdict::Failed) {
        let told = if lookup.a.cname.is_empty() { &lookup.aaaa } else { &lookup.a };
        let same = host.has_the_same_addresses(&before) && host.cname == told.cname;
        host.cname.clone_from(&told.cname);
        // A cache counts down, so a lower value of the same answer is no news.
        let ttl = lookup.a.ttl.into_iter().chain(lookup.aaaa.ttl).min();
        host.ttl = if same { ttl.max(host.ttl) } else { ttl };
        host.rotating = lookup.a.rotating || lookup.aaaa.rotating || host.lacks_known();
    }
}

impl Refresh<'_> {
    fn family(&mut self, host: &LockedHost, family: Family) -> Taken {
        let answer = match family {
            Family::V4 => &self.lookup.a,
            Family::V6 => &self.lookup.aaaa,
        };
        let of_family = answer.addresses.iter().filter(|(addr, _)| Family::of(*addr) == family);
        let welcome: Vec<_> = of_family.filter(|(addr, _)| self.accept(*addr)).collect();
        let (agreed, few): (Vec<_>, Vec<_>) =
            welcome.iter().partition(|(_, servers)| servers.len() >= self.options.quorum.get());
        self.few.extend(few.iter().map(|(addr, _)| *addr));
        let seen: Vec<LockedAddress> = agreed
            .iter()
            .map(|(addr, resolvers)| LockedAddress {
                prefix: Prefix::host(*addr),
                provenance: Provenance::Dns((*resolvers).clone()),
                first_seen: self.now,
                last_seen: self.now,
            })
            .collect();
        // What an earlier, more lenient refresh let in does not outlive the permission.
        let known: Vec<LockedAddress> =
            host.dns(family).filter(|address| self.accept(address.prefix.addr())).cloned().collect();
        // An answer none of whose addresses is usable teaches nothing.
        let outcome = match answer.outcome {
            Outcome::Answer if welcome.is_empty() => Outcome::RefusedAddress,
            Outcome::Answer if seen.is_empty() => Outcome::Disputed,
            outcome => outcome,
        };
        let failed = outcome.verdict() == Verdict::Failed;
        let failing = failed.then(|| host.failing_since(family).unwrap_or(self.now));
        let last = LastOutcome { outcome, failing };
        let (change, addresses) = self.taken(family, last, known, seen);
        if let Some(found) = answer.disagreement() {
            self.findings.push(tell::disagreement(&self.lookup.name, family, &found));
        }
        Taken { family, last, change, addresses }
    }

    /// What stays of the known addresses and what joins them.
    fn taken(
        &mut self,
        family: Family,
        last: LastOutcome,
        known: Vec<LockedAddress>,
        seen: Vec<LockedAddress>,
    ) -> (Change, Vec<LockedAddress>) {
        let (name, options) = (&self.lookup.name, self.options);
        match last.outcome.verdict() {
            Verdict::Answered => {
                let all = accumulated(known, seen, self.now, options.keep, name, &mut self.findings);
                (Change::Fresh, all)
            }
            Verdict::Gone if known.is_empty() => (Change::None, Vec::new()),
            Verdict::Gone => {
                self.findings.push(tell::dropped(name, family, last.outcome, known.len()));
                (Change::Told, Vec::new())
            }
            Verdict::Failed if known.is_empty() => (Change::Unknown, Vec::new()),
            Verdict::Failed => {
                let since = last.failing.unwrap_or(self.now);
                if since < self.now.earlier(options.keep) {
                    let failing = (last.outcome, since);
                    self.findings.push(tell::given_up(name, family, failing, &known, options.keep));
                    return (Change::Told, Vec::new());
                }
                self.findings.push(tell::stale(name, family, last.outcome, &known));
                (Change::Told, known)
            }
        }
    }

    /// Reports whether the name may have this address, and remembers it if not.
    fn accept(&mut self, addr: IpAddr) -> bool {
        let reason = unwelcome(addr, &self.lookup.name, self.options);
        if reason.is_some() {
            self.refused.insert(addr);
        }
        reason.is_none()
    }

    /// What there is to say of the name as a whole.
    fn tell(&mut self, taken: &[Taken], nothing_known: bool) {
        let name = &self.lookup.name;
        if !self.refused.is_empty() {
            self.findings.push(tell::refusal(name, &self.refused));
        }
        if !self.few.is_empty() {
            let disputed = taken.iter().any(|taken| taken.last.outcome == Outcome::Disputed);
            self.findings.push(tell::minority(name, &self.few, self.options.quorum.get(), disputed));
        }
        let told: Vec<_> =
            taken.iter().map(|taken| (taken.family, taken.last.outcome, &taken.change)).collect();
        self.findings.extend(tell::failure(name, &told, nothing_known));
    }
}

/// Why an answer may not have this address.
fn unwelcome(addr: IpAddr, name: &Hostname, options: &RefreshOptions) -> Option<super::guard::Special> {
    let addr = Prefix::host(addr);
    special(addr).filter(|_| never_a_host(addr) || !options.allow_private.contains(name))
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
