//! What the addresses of a lockfile let through, against what other answers would.

use crate::diag::{Finding, any_error};
use crate::drift::{Doubt, Drift, Terms, drift};
use crate::ops::generate::answers;
use crate::ops::{Diffed, Project, too_large};
use crate::packet::Limit;
use crate::resolve::Lockfile;
use crate::targets::{Ingress, PeerKind, Scoping, Speech};
use std::collections::BTreeSet;

/// A rule set by address for the whole host, which all targets by address agree with.
const SPEECH: Speech =
    Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::Unsaid };

/// Compares the traffic of a project with the addresses of one lockfile to that with those of another. A host without
/// addresses has no traffic on that side, and the refresh has said so.
pub(super) fn compare(project: &Project, name: &str, before: &Lockfile, after: &Lockfile) -> Diffed {
    let mut findings: Vec<Finding> = Vec::new();
    let [old, new] = [before, after].map(|lock| {
        let (policy, found) = project.wanted_with(&answers(Some(lock)), &[(SPEECH, BTreeSet::new())]);
        // What is wrong with the catalog was found before; what remains is about addresses, and the lock's to tell.
        findings.extend(found.into_iter().filter(|finding| finding.code.as_str().starts_with("catalog/")));
        policy
    });
    let terms = Terms {
        names: Vec::new(),
        doubt: Doubt::Unknown,
        ignore: None,
        catalog: None,
        count_rewritten: false,
        limit: Limit::default(),
    };
    let mut drifted = Drift::default();
    if !any_error(&findings) {
        match drift(&old, &new, &terms) {
            Ok(found) => drifted = found,
            Err(error) => findings.push(too_large(&error)),
        }
    }
    let compared = !any_error(&findings);
    let sources = [name.to_owned(), "DNS".to_owned()];
    Diffed { sources, drift: drifted, findings, compared, ..Diffed::default() }
}
