//! Overlays: what an organisation changes about a catalog, by endpoint id, each change with its place.

mod apply;
mod document;
mod layers;

pub(super) use apply::{Applied, apply};
pub use apply::{Change, How};
pub use document::Nothing;
pub(super) use layers::Layers;

use super::read::{Document as _, Reader};
use crate::diag::{Source, any_error};
use crate::syntax::yaml::{Kind, Node};
use document::OverlayDocument;
use std::sync::Arc;

/// An overlay that was read.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// What stands in the file.
    pub document: OverlayDocument,
    pub(super) root: Node,
    pub(super) source: Arc<Source>,
}

/// Reports whether a file is an overlay, by what stands in it.
pub fn is_overlay(root: &Node) -> bool {
    let schema = root.get("schema").and_then(Node::as_str).unwrap_or_default();
    let has = |key| root.get(key).is_some();
    schema.starts_with("egressor/overlay") || has("extends") && !has("endpoints")
}

/// The JSON Schema of an overlay file.
pub fn overlay_schema() -> serde_json::Value {
    super::titled("egressor overlay", "Changes of a catalog, by endpoint id.", OverlayDocument::schema())
}

impl Overlay {
    /// Reads an overlay; every problem of the file is in the findings.
    pub fn read(root: Node, source: &Arc<Source>) -> (Option<Self>, Vec<crate::diag::Finding>) {
        let mut reader = Reader::new(Arc::clone(source));
        let document = OverlayDocument::read(&root, &mut reader);
        let sound = !any_error(&reader.findings);
        let overlay =
            document.filter(|_| sound).map(|document| Self { document, root, source: Arc::clone(source) });
        (overlay, reader.findings)
    }

    /// The id of the catalog that it changes, and where it is named.
    pub fn extends(&self) -> (&str, crate::diag::Span) {
        let extends = &self.document.extends;
        (extends.value.as_str(), extends.span)
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }
}

/// The entries of a mapping; none where it is something else.
fn entries(node: &Node) -> &[(crate::syntax::yaml::Key, Node)] {
    match &node.kind {
        Kind::Mapping(entries) => entries,
        _ => &[],
    }
}
