//! Readers by name, and findings as lines.

use egressor::diag::{Finding, Source};
use egressor::targets::{Importer, TARGETS};
use std::sync::Arc;

fn importers() -> impl Iterator<Item = &'static dyn Importer> {
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

pub(crate) fn in_a_line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.source.line_column(place.span.start);
        format!("{line}:{column} ")
    });
    format!("finding {} {} {place}{}\n", finding.severity, finding.code, finding.message)
}
