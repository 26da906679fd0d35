//! Loading catalogs and the overlays on them.

use super::shipped::{default, named};
use crate::catalog::{Catalog, Overlay, is_overlay, with_overlays};
use crate::diag::{Code, Finding, Source, Span, any_error, suggest_or_list};
use crate::syntax::yaml::{self, Node};
use std::path::PathBuf;
use std::sync::Arc;

/// Loads catalogs: files, and shipped ones by their names. Files that are overlays change the catalogs that they extend,
/// in the order in which they are named. Where no catalog is named the default one is meant.
pub fn catalogs(paths: &[PathBuf]) -> (Vec<Catalog>, Vec<Finding>) {
    let mut findings = Vec::new();
    let (mut bases, mut overlays): (Vec<(Node, Arc<Source>)>, Vec<Overlay>) = (Vec::new(), Vec::new());
    for source in paths.iter().map(|path| named(path)) {
        match source.and_then(|source| Ok((tree(&source)?, source))) {
            Ok((root, source)) if is_overlay(&root) => {
                let (overlay, found) = Overlay::read(root, &source);
                findings.extend(found);
                overlays.extend(overlay);
            }
            Ok((root, source)) => bases.push((root, source)),
            Err(finding) => findings.push(finding),
        }
    }
    // A catalog that could not be read is not replaced by another one.
    if any_error(&findings) {
        return (Vec::new(), findings);
    }
    if bases.is_empty() {
        bases.extend(default().and_then(|source| Some((tree(&source).ok()?, source))));
    }
    findings.extend(overlays.iter().filter_map(|overlay| stray(overlay, &bases)));
    let mut catalogs: Vec<Catalog> = Vec::new();
    // Each tree goes when its catalog is there: it is the largest thing that is ever held.
    for (root, source) in bases {
        let own: Vec<Overlay> =
            overlays.iter().filter(|overlay| Some(overlay.extends().0) == id(&root)).cloned().collect();
        let (catalog, found) = with_overlays(&root, &source, &own);
        findings.extend(found);
        let Some(catalog) = catalog else { continue };
        if catalogs.iter().any(|other| other.id() == catalog.id()) {
            let message = format!("two catalogs have the id `{}`", catalog.id());
            let place = catalog.document.id.span;
            findings.push(catalog.locate(Finding::new(Code::CatalogDuplicate, message), place));
        }
        catalogs.push(catalog);
    }
    findings.extend(set_twice(&catalogs));
    (catalogs, findings)
}

fn tree(source: &Arc<Source>) -> Result<Node, Finding> {
    let mut documents = yaml::parse(source, Code::CatalogSyntax)?.into_iter();
    match (documents.next(), documents.count()) {
        (Some(root), 0) => Ok(root),
        (first, more) => {
            let count = usize::from(first.is_some()) + more;
            let message = format!("a catalog is one YAML document, this file holds {count}");
            Err(Finding::new(Code::CatalogSyntax, message).at(source, Span::default()))
        }
    }
}

fn id(root: &Node) -> Option<&str> {
    root.get("id").and_then(Node::as_str)
}

/// An overlay on a catalog that is not there.
fn stray(overlay: &Overlay, bases: &[(Node, Arc<Source>)]) -> Option<Finding> {
    let (name, span) = overlay.extends();
    let known: Vec<&str> = bases.iter().filter_map(|(root, _)| id(root)).collect();
    if known.contains(&name) {
        return None;
    }
    let help = suggest_or_list(name, "catalogs are", known.iter().copied());
    let message = format!("there is no catalog `{name}` that could be extended");
    Some(Finding::new(Code::CatalogReference, message).at(overlay.source(), span).help(help))
}

/// Variables that overlays on several catalogs set.
fn set_twice(catalogs: &[Catalog]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, catalog) in catalogs.iter().enumerate() {
        for (name, (_, place)) in &catalog.settings {
            let earlier = catalogs.iter().take(at).find_map(|other| other.settings.get(name));
            if let Some((_, first)) = earlier {
                let message = format!("the variable `{name}` is set in `{}` already", first.source.name());
                findings.push(Finding::new(Code::CatalogDuplicate, message).at(&place.source, place.span));
            }
        }
    }
    findings
}
