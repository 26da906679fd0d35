//! One text made of a catalog's and its overlays', so that a place in the sum is a place in one of the files.

use crate::diag::{Finding, Place, Source, Span};
use crate::syntax::yaml::{Key, Kind, Node};
use std::sync::Arc;

/// The texts, and where each begins in the sum.
#[derive(Debug, Clone, Default)]
pub(in crate::catalog) struct Layers(Vec<(usize, Arc<Source>)>);

impl Layers {
    /// Adds a text at the end and gives the distance by which its places move.
    pub(in crate::catalog) fn push(&mut self, source: &Arc<Source>) -> usize {
        // A byte between two texts, so that the end of one is not the start of the next.
        let start = self.0.last().map_or(0, |(start, last)| start + last.text().len() + 1);
        self.0.push((start, Arc::clone(source)));
        start
    }

    /// The sum, under the name of the first text.
    pub(in crate::catalog) fn source(&self) -> Arc<Source> {
        match self.0.as_slice() {
            [(_, only)] => Arc::clone(only),
            all => {
                let texts: Vec<&str> = all.iter().map(|(_, source)| source.text()).collect();
                let name = all.first().map(|(_, source)| source.name()).unwrap_or_default();
                Arc::new(Source::new(name, texts.join("\n")))
            }
        }
    }

    /// The place in one of the files that a stretch of the sum is.
    pub(in crate::catalog) fn place(&self, span: Span) -> Option<Place> {
        let (start, source) = self.0.iter().rev().find(|(start, _)| *start <= span.start)?;
        let back = |at: usize| at.saturating_sub(*start);
        let span = source.clamp_span(Span::new(back(span.start), back(span.end)));
        Some(Place { source: Arc::clone(source), span })
    }

    /// The same finding, at the place in its own file.
    pub(in crate::catalog) fn relocate(&self, mut finding: Finding) -> Finding {
        if let Some(place) = finding.place.as_ref().and_then(|place| self.place(place.span)) {
            finding.place = Some(place);
        }
        finding
    }
}

/// The same node at its places in the sum.
pub(super) fn moved(node: &Node, by: usize) -> Node {
    let span = |span: Span| Span::new(span.start + by, span.end + by);
    let kind = match &node.kind {
        Kind::Sequence(items) => Kind::Sequence(items.iter().map(|item| moved(item, by)).collect()),
        Kind::Mapping(entries) => Kind::Mapping(
            entries
                .iter()
                .map(|(key, value)| (Key { span: span(key.span), name: key.name.clone() }, moved(value, by)))
                .collect(),
        ),
        other => other.clone(),
    };
    Node { span: span(node.span), kind }
}
