//! Readers by name.

use egressor::diag::Source;
use egressor::targets::{Importer, TARGETS};
use std::sync::Arc;

fn importers() -> impl Iterator<Item = &'static dyn Importer> {
    TARGETS.iter().flat_map(|target| target.importers().iter().copied())
}

pub(crate) fn importer(name: &str) -> &'static dyn Importer {
    importers().find(|importer| importer.name() == name).unwrap()
}

pub(crate) fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(name, text))
}
