//! Reading texts and comparing them.

use egressor::diag::{Source, any_error};
use egressor::drift::{Drift, Terms, drift};
use egressor::policy::Policy;
use egressor::targets::TARGETS;
use std::sync::Arc;

/// What texts mean together, in whichever format they are.
pub(crate) fn read(texts: &[&str]) -> Policy {
    let sources: Vec<Arc<Source>> =
        (1..).zip(texts).map(|(at, text)| Arc::new(Source::new(format!("file-{at}"), *text))).collect();
    let importers = TARGETS.iter().flat_map(|target| target.importers().iter());
    let importer =
        importers.clone().find(|importer| importer.recognizes(&sources[0])).expect("a known format");
    let read = importer.import(&sources);
    assert!(!any_error(&read.findings), "{:#?}", read.findings);
    read.policy
}

/// Compares two texts of one format.
pub(crate) fn compared(old: &str, new: &str) -> Drift {
    drift(&read(&[old]), &read(&[new]), &Terms { count_rewritten: true, ..Terms::default() })
        .expect("a small comparison")
}

/// The rows of a comparison in short: sign, direction, service, peers.
pub(crate) fn rows(drift: &Drift) -> Vec<String> {
    let changes =
        drift.scopes.iter().flat_map(|scope| scope.changes.iter().map(move |change| (scope, change)));
    changes
        .map(|(scope, change)| {
            let row = egressor::report::row_in_words(&change.row);
            format!("{:?} {} {row}", change.effect, scope.direction)
        })
        .collect()
}
