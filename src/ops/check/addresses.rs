//! The addresses of a host, for rules that know addresses only.

use super::{Question, Whom};
use crate::compile::{Answer, Answers};
use crate::diag::Finding;
use crate::ops::catalogs;
use crate::ops::generate::answers;
use crate::ops::project::{Project, lockfile};
use crate::packet::{AddrSet, Hostname, Prefix, Set};
use crate::policy::RuleSet;
use std::collections::BTreeMap;

/// Reports whether rules know addresses and no names.
pub(super) fn only(set: &RuleSet) -> bool {
    let knows_names = |peers: &crate::packet::PeerSet| !peers.names.is_empty();
    !knows_names(&set.universe)
        && !set.rules.iter().any(|rule| rule.matches.peer.set().is_some_and(knows_names))
}

/// The addresses that rules for the host would have: dedicated ones, else the best in the lock. Nothing where a name
/// is enough.
pub(super) fn known(
    project: &Project,
    question: &Question,
    sets: &[&RuleSet],
    findings: &mut Vec<Finding>,
) -> Option<AddrSet> {
    let Whom::Host(host, _) = &question.whom else { return None };
    if !sets.iter().any(|set| only(set)) {
        return None;
    }
    let dedicated = dedicated(project, findings).remove(host).unwrap_or_default();
    if !dedicated.is_empty() {
        return Some(dedicated);
    }
    let answers = match lockfile(project.lock.as_deref()) {
        Ok(lock) => answers(lock.as_ref()),
        Err(found) => {
            findings.extend(found);
            Answers::default()
        }
    };
    let addresses = AddrSet::of(answers.of(host).into_iter().flat_map(Answer::best));
    (!addresses.is_empty()).then_some(addresses)
}

/// What the catalogs say that hosts alone have.
pub(in crate::ops) fn dedicated(
    project: &Project,
    findings: &mut Vec<Finding>,
) -> BTreeMap<Hostname, AddrSet> {
    let (catalogs, found) = catalogs(&project.catalogs);
    findings.extend(found.into_iter().filter(Finding::is_error));
    let mut prefixes: BTreeMap<Hostname, Vec<Prefix>> = BTreeMap::new();
    for catalog in &catalogs {
        for endpoint in catalog.endpoints().filter(|endpoint| endpoint.subdomains.is_none()) {
            let Some(set) = catalog.ip_set(endpoint) else { continue };
            let regions: Vec<_> =
                endpoint.hosts.iter().flat_map(|hosts| hosts.value.0.keys().cloned()).collect();
            for host in endpoint.hosts_in(&regions) {
                prefixes.entry(host).or_default().extend(set.cidrs.value.0.iter().map(|cidr| cidr.value));
            }
        }
    }
    prefixes.into_iter().map(|(host, prefixes)| (host, AddrSet::of(prefixes))).collect()
}

/// What to say about a host that was asked of rules that know addresses only.
pub(super) fn note(question: &Question, by_address: bool, known: Option<&AddrSet>) -> Option<String> {
    let Whom::Host(host, path) = &question.whom else { return None };
    if !by_address {
        return None;
    }
    let path = if path.is_some() { ", whatever the path" } else { "" };
    Some(match known {
        Some(addresses) => {
            let count = addresses.count();
            format!(
                "these rules know addresses only, so the {count} known addresses of `{host}` were asked{path}"
            )
        }
        None => format!(
            "these rules know addresses only, and no address of `{host}` is known: name a lock with `--lock FILE`"
        ),
    })
}
