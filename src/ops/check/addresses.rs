//! The addresses of a host, for rules that know addresses only.

use super::{Question, Whom};
use crate::compile::{Answer, Answers};
use crate::diag::Finding;
use crate::ops::catalogs;
use crate::ops::generate::answers;
use crate::ops::project::{Project, lockfile};
use crate::packet::{AddrSet, Hostname, Prefix, Set};
use crate::policy::RuleSet;

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
    let dedicated = dedicated(project, host, findings);
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

/// What the catalogs say that the host alone has.
fn dedicated(project: &Project, host: &Hostname, findings: &mut Vec<Finding>) -> AddrSet {
    let (catalogs, found) = catalogs(&project.catalogs);
    findings.extend(found.into_iter().filter(Finding::is_error));
    let mut prefixes: Vec<Prefix> = Vec::new();
    for catalog in &catalogs {
        for endpoint in catalog.endpoints() {
            let regions: Vec<_> =
                endpoint.hosts.iter().flat_map(|hosts| hosts.value.0.keys().cloned()).collect();
            let named = endpoint.subdomains.is_none() && endpoint.hosts_in(&regions).contains(host);
            if let (true, Some(set)) = (named, catalog.ip_set(endpoint)) {
                prefixes.extend(set.cidrs.value.0.iter().map(|cidr| cidr.value));
            }
        }
    }
    AddrSet::of(prefixes)
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
