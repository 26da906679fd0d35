//! Reading, with all importers asked whose file it is.

use egressor::diag::{Finding, Source};
use egressor::packet::PacketSet;
use egressor::policy::{Direction, Policy};
use egressor::targets::{Importer, TARGETS};
use std::sync::Arc;

pub(crate) fn importers() -> impl Iterator<Item = &'static dyn Importer> {
    TARGETS.iter().flat_map(|target| target.importers().iter().copied())
}

pub(crate) fn importer(name: &str) -> &'static dyn Importer {
    importers().find(|importer| importer.name() == name).unwrap()
}

/// The importers that claim a text.
pub(crate) fn claimed(source: &Source) -> Vec<&'static str> {
    importers().filter(|importer| importer.recognizes(source)).map(Importer::name).collect()
}

pub(crate) fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(name, text))
}

/// What a text means that one importer claims and has nothing to say about.
pub(crate) fn read(name: &str, text: &str) -> Policy {
    let source = source(name, text);
    let claimed = claimed(&source);
    assert_eq!(claimed.len(), 1, "{claimed:?} {text}");
    let read = importer(claimed[0]).import(&[source]);
    assert!(!read.findings.iter().any(Finding::is_error), "{:?}\n{text}", read.findings);
    read.policy
}

/// What a scope allows, where it is known exactly.
pub(crate) fn exactly(policy: &Policy, name: &str, direction: Direction) -> PacketSet {
    let set = policy.sets.iter().find(|set| set.scope.name == name && set.scope.direction == direction);
    let set = set.unwrap_or_else(|| {
        let scopes: Vec<_> = policy.sets.iter().map(|set| &set.scope).collect();
        panic!("no {name} {direction} among {scopes:?}")
    });
    let bounds = set.allows();
    assert!(bounds.is_exact());
    bounds.at_least
}
