//! Changes of a name's addresses that are too large to take in unseen.
//!
//! Certain absence is not among them: a name that no longer exists loses its addresses with a finding of its own, and
//! rules become narrower. What is held back here would open, or silently move, what rules allow.

use super::lockfile::{LockedHost, Lockfile};
use super::outcome::{Family, Outcome};
use crate::diag::{Code, Finding};
use crate::packet::{Hostname, Prefix};
use std::collections::BTreeSet;

/// From where on a change is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest share of a family's addresses, in percent, that may go at once.
    pub lost: usize,
    /// The greatest growth of a family's addresses, in percent, that may come at once.
    pub gained: usize,
    /// Changes of no more than this many addresses are no loss and no growth to speak of.
    pub few: usize,
    /// Whether addresses in networks where the name never was are held back.
    pub networks: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lost: 50, gained: 200, few: 4, networks: true }
    }
}

/// What counts as one network of a vendor: the size in which blocks are commonly given out.
const NETWORK_V4: u8 = 16;
const NETWORK_V6: u8 = 32;

impl Lockfile {
    /// The lockfile `after` a refresh of this one, with every host as it was whose change goes beyond the limits, and
    /// what was held back; no lockfile when nothing was. Names that the user has accepted change as they like, and so do
    /// names that were unknown.
    pub fn hold_back(
        &self,
        after: &Self,
        limits: &Limits,
        accepted: &BTreeSet<Hostname>,
    ) -> (Option<Self>, Vec<Finding>) {
        let mut held: Option<Self> = None;
        let mut findings = Vec::new();
        for (name, now) in &after.hosts {
            let Some(before) = self.hosts.get(name).filter(|_| !accepted.contains(name)) else { continue };
            let reasons: Vec<String> =
                Family::BOTH.into_iter().filter_map(|family| excess(before, now, family, limits)).collect();
            if reasons.is_empty() {
                continue;
            }
            let message = format!("`{name}`: {}; it was left as it is", reasons.join(", and "));
            let help = format!("look at the new addresses, then take them in with `--accept {name}`");
            findings.push(Finding::new(Code::LockQuarantined, message).help(help));
            held.get_or_insert_with(|| after.clone()).hosts.insert(name.clone(), before.clone());
        }
        (held, findings)
    }
}

/// How the change of one family goes beyond the limits, if it does.
fn excess(before: &LockedHost, after: &LockedHost, family: Family, limits: &Limits) -> Option<String> {
    if after.outcome(family) != Some(Outcome::Answer) {
        return None;
    }
    let addresses =
        |host: &LockedHost| -> BTreeSet<Prefix> { host.dns(family).map(|known| known.prefix).collect() };
    let (old, new) = (addresses(before), addresses(after));
    if old.is_empty() {
        return back(before, family, &new).filter(|_| limits.networks);
    }
    let lost = old.difference(&new).count();
    if lost > limits.few && lost.saturating_mul(100) > old.len().saturating_mul(limits.lost) {
        return Some(format!("{lost} of {} {family} addresses went at once", old.len()));
    }
    let gained: Vec<Prefix> = new.difference(&old).copied().collect();
    if gained.len() > limits.few && gained.len().saturating_mul(100) > old.len().saturating_mul(limits.gained)
    {
        return Some(format!("{} {family} addresses came at once to the {} known", gained.len(), old.len()));
    }
    let foreign: Vec<Prefix> = gained.into_iter().filter(|address| !near(*address, before)).collect();
    let first = foreign.first().filter(|_| limits.networks)?;
    let others = if foreign.len() > 1 { format!(" and {} more", foreign.len() - 1) } else { String::new() };
    Some(format!("`{}`{others} lies in a network where the name never was", first.addr()))
}

/// Says that a name is there again which did not exist, or was an alias of one that did not: whoever may register such a
/// name can take it over. One that has an IPv6 address for the first time is no such name.
fn back(before: &LockedHost, family: Family, new: &BTreeSet<Prefix>) -> Option<String> {
    let outcome = before.outcome(family)?;
    let was_gone = matches!(outcome, Outcome::NxDomain | Outcome::DanglingCname);
    let first = new.iter().find(|address| !near(**address, before))?;
    was_gone.then(|| format!("it was gone ({outcome}) and is there again, at `{}`", first.addr()))
}

/// Reports whether the host was seen in the network of an address, or its vendor lists the address.
fn near(address: Prefix, host: &LockedHost) -> bool {
    let len = if address.is_ipv4() { NETWORK_V4 } else { NETWORK_V6 };
    let Some(network) = Prefix::containing(address.addr(), len) else { return false };
    host.addresses().iter().any(|known| {
        let holds =
            |outer: Prefix, inner: Prefix| outer.addr() <= inner.addr() && inner.addr() <= outer.last();
        known.prefix.is_ipv4() == address.is_ipv4()
            && (holds(network, known.prefix) || holds(known.prefix, address))
    })
}
