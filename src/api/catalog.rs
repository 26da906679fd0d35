//! What may be wanted, and the addresses of names.

use super::Refused;
use crate::catalog::{self, Overlay, is_overlay, with_overlays};
use crate::diag::{Code, Finding, Source, any_error, suggest};
use crate::resolve::Lockfile;
use crate::syntax::yaml;
use std::sync::Arc;

/// The endpoints of one product.
///
/// ```
/// let catalog = egressor::Catalog::shipped("castai")?;
/// assert!(catalog.endpoints().iter().any(|endpoint| endpoint == "castai/api"));
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone)]
pub struct Catalog(pub(super) catalog::Catalog);

impl Catalog {
    /// A catalog that is shipped inside of the library, by its id.
    pub fn shipped(id: &str) -> Result<Self, Refused> {
        let found = catalog::SHIPPED.iter().find(|(shipped, _)| *shipped == id);
        let Some((id, text)) = found else {
            let known = catalog::SHIPPED.iter().map(|(shipped, _)| *shipped);
            let message = format!("no catalog `{id}` is shipped");
            let help = suggest(id, known.clone()).map_or_else(
                || format!("shipped are {}", known.collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Refused::of(vec![Finding::new(Code::SelectionUnknown, message).help(help)]));
        };
        Self::parse(id, text)
    }

    /// A catalog from its text, in YAML; `name` is what findings call the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, Refused> {
        let (catalog, findings) = catalog::load(&Arc::new(Source::new(name, text)));
        catalog.map(Self).ok_or_else(|| Refused::of(findings))
    }

    /// The same catalog with overlays on it, each a name and a text, in the order in which they are applied. The catalog is
    /// read anew with all of them, so overlays that were applied before are named again.
    pub fn with_overlays(&self, overlays: &[(&str, &str)]) -> Result<Self, Refused> {
        let mut read = Vec::new();
        let mut findings = Vec::new();
        for (name, text) in overlays {
            let source = Arc::new(Source::new(*name, *text));
            match yaml::parse(&source, Code::CatalogSyntax).map(<[yaml::Node; 1]>::try_from) {
                Ok(Ok([root])) if is_overlay(&root) => {
                    let (overlay, found) = Overlay::read(root, &source);
                    findings.extend(found);
                    read.extend(overlay);
                }
                Ok(_) => {
                    let message = format!("`{name}` is not one overlay");
                    findings.push(Finding::new(Code::CatalogSyntax, message));
                }
                Err(finding) => findings.push(finding),
            }
        }
        for overlay in &read {
            let (extends, span) = overlay.extends();
            if extends != self.0.id() {
                let message = format!("the overlay is on `{extends}` and not on `{}`", self.0.id());
                findings.push(Finding::new(Code::CatalogReference, message).at(overlay.source(), span));
            }
        }
        let base = yaml::parse(&self.0.source, Code::CatalogSyntax).map(<[yaml::Node; 1]>::try_from);
        let Ok(Ok([base])) = base else { return Err(Refused::of(findings)) };
        if any_error(&findings) {
            return Err(Refused::of(findings));
        }
        let (catalog, found) = with_overlays(&base, &self.0.source, &read);
        findings.extend(found);
        catalog.map(Self).ok_or_else(|| Refused::of(findings))
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The ids of its endpoints, `catalog/endpoint`, in the order of the text.
    pub fn endpoints(&self) -> Vec<String> {
        self.0.endpoints().map(|endpoint| self.0.full_id(endpoint)).collect()
    }
}

/// The addresses of names, as `egressor lock` writes them.
///
/// ```
/// let lock = egressor::Lock::parse("egressor.lock", include_str!("../../examples/01_quickstart/egressor.lock"))?;
/// assert!(!lock.names().is_empty());
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lock(pub(super) Lockfile);

impl Lock {
    /// A lock from its text; `name` is what findings call the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, Refused> {
        Lockfile::parse(&Arc::new(Source::new(name, text))).map(Self).map_err(Refused::of)
    }

    /// The names whose addresses it knows, or knew.
    pub fn names(&self) -> Vec<String> {
        self.0.hosts().map(|host| host.name().to_string()).collect()
    }
}
