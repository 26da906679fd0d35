//! Catalogs: what must be reachable, from where, and why we believe so.

mod document;
mod leaf;
mod read;
mod references;
mod select;
mod shipped;
mod validate;

pub use document::{
    App, CatalogDocument, ChartDocument, ComponentDocument, ComponentKind, Confidence, EndpointDirection,
    EndpointDocument, IpSetDocument, NeedId, ProxyDocument, Status, Subdomains, VariableKind,
    WorkloadDocument,
};
pub use leaf::{Date, Id, PortSpec, Text};
pub use read::{At, Document, List, Named, Table};
pub use select::{LeftOut, Selected, Selection, select};
pub use shipped::SHIPPED;

use crate::diag::{Code, Finding, Source, any_error};
use crate::packet::{Hostname, NamePattern, Set, TransportSet};
use crate::syntax::yaml;
use read::Reader;
use std::sync::Arc;

/// A catalog that was read and found consistent.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// What stands in the file.
    pub document: CatalogDocument,
    /// The file.
    pub source: Arc<Source>,
    /// What the file says, in one form whatever its order: what its digest is taken of.
    pub canonical: String,
}

/// Reads a catalog and checks it; every problem of the file is in the findings.
pub fn load(source: &Arc<Source>) -> (Option<Catalog>, Vec<Finding>) {
    let documents = match yaml::parse(source, Code::CatalogSyntax) {
        Ok(documents) => documents,
        Err(finding) => return (None, vec![finding]),
    };
    match documents.as_slice() {
        [root] => from_tree(root, source),
        several => {
            let message = format!("a catalog is one YAML document, this file holds {}", several.len());
            (None, vec![Finding::new(Code::CatalogSyntax, message).at(source, crate::diag::Span::default())])
        }
    }
}

/// Reads a catalog from its tree and checks it.
pub fn from_tree(root: &yaml::Node, source: &Arc<Source>) -> (Option<Catalog>, Vec<Finding>) {
    let mut reader = Reader::new(Arc::clone(source));
    let document = CatalogDocument::read(root, &mut reader);
    references::check(root, &mut reader);
    if let Some(document) = &document {
        validate::check(document, &mut reader);
    }
    reader.findings.sort_by_key(|finding| finding.place.as_ref().map(|place| place.span));
    let sound = !any_error(&reader.findings);
    let catalog = document.filter(|_| sound).map(|document| Catalog {
        document,
        source: Arc::clone(source),
        canonical: root.canonical(),
    });
    (catalog, reader.findings)
}

/// The JSON Schema of a catalog file.
pub fn schema() -> serde_json::Value {
    let mut schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor catalog",
        "description": "The endpoints of one product.",
    });
    if let (Some(schema), serde_json::Value::Object(document)) =
        (schema.as_object_mut(), CatalogDocument::schema())
    {
        schema.extend(document);
    }
    schema
}

impl Catalog {
    /// The catalog's id.
    pub fn id(&self) -> &str {
        self.document.id.value.as_str()
    }

    /// The endpoints, in the order of the file.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointDocument> {
        self.document.endpoints.value.0.iter().map(|endpoint| &endpoint.value)
    }

    /// The full id of an endpoint: `castai/api`.
    pub fn full_id(&self, endpoint: &EndpointDocument) -> String {
        format!("{}/{}", self.id(), endpoint.id.value)
    }

    /// The component of that id.
    pub fn component(&self, id: &Id) -> Option<&ComponentDocument> {
        self.document.components.value.0.get(id).map(|component| &component.value)
    }

    /// The dedicated addresses of an endpoint's host.
    pub fn ip_set(&self, endpoint: &EndpointDocument) -> Option<&IpSetDocument> {
        let id = &endpoint.ip_fallback.as_ref()?.value;
        self.document.ip_sets.as_ref()?.value.0.get(id).map(|set| &set.value)
    }

    /// What is worth telling about the catalog on a given day, beyond what makes it unusable.
    pub fn lint(&self, today: Date) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(due) = &self.document.review_after
            && today > due.value
        {
            let message = format!("the facts were due for a review on {}", due.value);
            let help = "check them against the sources, then set `verified` and `review_after`";
            findings.push(Finding::new(Code::CatalogStale, message).at(&self.source, due.span).help(help));
        }
        if self.document.owner.is_none() {
            let message = format!("the catalog `{}` names no owner", self.id());
            let finding = Finding::new(Code::CatalogOwner, message).at(&self.source, self.document.id.span);
            findings.push(finding.help("add `owner: TEAM`, or give it with `--set owner=TEAM`"));
        }
        findings
    }
}

impl EndpointDocument {
    /// The packets that connections to it open.
    pub fn transport(&self) -> TransportSet {
        let ports: Vec<TransportSet> = self.ports.value.0.iter().map(|port| port.value.transport()).collect();
        TransportSet::union_all(&ports)
    }

    /// Its hosts in these regions.
    pub fn hosts_in(&self, regions: &[Id]) -> Vec<Hostname> {
        let mut hosts: Vec<Hostname> = self.host.iter().map(|host| host.value.clone()).collect();
        let per_region = self.hosts.iter().flat_map(|hosts| hosts.value.0.iter());
        hosts.extend(
            per_region.filter(|(region, _)| regions.contains(region)).map(|(_, host)| host.value.clone()),
        );
        let all = self.hosts_all.iter().flat_map(|hosts| hosts.value.0.iter());
        hosts.extend(all.map(|host| host.value.clone()));
        hosts
    }

    /// What is meant of one of its hosts: the host, names below it, or paths on it.
    pub fn patterns(&self, host: &Hostname) -> Vec<NamePattern> {
        let apex = self.apex.as_ref().is_some_and(|apex| apex.value);
        match (self.subdomains.as_ref().map(|subdomains| subdomains.value), &self.paths) {
            (Some(Subdomains::Any), _) if apex => vec![NamePattern::Tree(host.clone())],
            (Some(Subdomains::Any), _) => vec![NamePattern::Below(host.clone())],
            (Some(Subdomains::One), _) if apex => {
                vec![NamePattern::Host(host.clone()), NamePattern::OneBelow(host.clone())]
            }
            (Some(Subdomains::One), _) => vec![NamePattern::OneBelow(host.clone())],
            (None, None) => vec![NamePattern::Host(host.clone())],
            (None, Some(paths)) => {
                let paths = paths.value.0.iter();
                paths.map(|path| NamePattern::Path(host.clone(), path.value.clone())).collect()
            }
        }
    }

    /// Reports whether the host serves other tenants too.
    pub fn is_shared(&self) -> bool {
        self.shared_host.as_ref().is_some_and(|shared| shared.value)
    }

    /// Reports whether data is sent to it.
    pub fn is_upload(&self) -> bool {
        use document::HttpMethod::{Patch, Post, Put};
        let mut methods = self.methods.iter().flat_map(|methods| methods.value.0.iter());
        methods.any(|method| matches!(method.value, Post | Put | Patch))
    }
}
