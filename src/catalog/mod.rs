//! Catalogs: what must be reachable, from where, and why we believe so.

mod compare;
mod document;
mod leaf;
mod overlay;
pub(crate) mod read;
mod references;
mod select;
mod service_tag;
mod shipped;
mod validate;

pub use compare::{EntryChange, EntryKind, FieldChange, compare};
pub use document::{
    App, CatalogDocument, ChartDocument, ComponentDocument, ComponentKind, Confidence, EndpointDirection,
    EndpointDocument, IpSetDocument, NeedId, ProxyDocument, ServiceTagDocument, Status, Subdomains, TagUse,
    VariableKind, WorkloadDocument,
};
pub(crate) use leaf::PORT;
pub use leaf::{Date, Id, PortSpec, Setting, Text};
pub use overlay::{Change, How, Nothing, Overlay, is_overlay, overlay_schema};
pub use read::{At, Document, List, Named, Or, Raw, Table, Word};
pub use select::{DEFAULT_FEATURES, LeftOut, Selected, Selection, select};
pub use service_tag::{KnownTag, is_tag_name, tag_digest};
pub use shipped::SHIPPED;

use crate::diag::{Code, Finding, Place, Source, any_error, concealed};
use crate::packet::{Hostname, NamePattern, Prefix, Set, TransportSet};
use crate::syntax::yaml;
use overlay::Layers;
use read::Reader;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A catalog that was read and found consistent.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// What stands in the file.
    pub document: CatalogDocument,
    /// The file.
    pub source: Arc<Source>,
    /// What the file and its overlays say, in one form whatever the order of keys: what the digest is taken of.
    pub canonical: String,
    /// How many overlays are on it.
    pub overlays: usize,
    /// What the overlays changed, in order.
    pub changes: Vec<Change>,
    /// Values of variables from overlays, each with its place.
    pub settings: BTreeMap<String, (String, Place)>,
    layers: Layers,
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
    with_overlays(root, source, &[])
}

/// Reads a catalog from its tree, changes it as overlays say, and checks what comes of it.
pub fn with_overlays(
    root: &yaml::Node,
    source: &Arc<Source>,
    overlays: &[Overlay],
) -> (Option<Catalog>, Vec<Finding>) {
    let source = &shown(root, source);
    let mut layers = Layers::default();
    layers.push(source);
    let mut root = std::borrow::Cow::Borrowed(root);
    let applied = match overlays {
        [] => overlay::Applied::default(),
        overlays => overlay::apply(root.to_mut(), overlays, &mut layers),
    };
    let sum = layers.source();
    let (catalog, findings) = checked(&root, &sum);
    let mut findings: Vec<Finding> =
        findings.into_iter().map(|finding| layers.relocate(finding)).chain(applied.findings).collect();
    findings.dedup();
    let sound = !any_error(&findings);
    let overlaid = overlays.iter().map(|overlay| overlay.root.canonical());
    let catalog = catalog.filter(|_| sound).map(|catalog| Catalog {
        canonical: std::iter::once(catalog.canonical.clone()).chain(overlaid).collect::<Vec<_>>().join("\n"),
        overlays: overlays.len(),
        changes: applied.changes,
        settings: applied.variables,
        layers,
        ..catalog
    });
    (catalog, findings)
}

fn checked(root: &yaml::Node, source: &Arc<Source>) -> (Option<Catalog>, Vec<Finding>) {
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
        overlays: 0,
        changes: Vec::new(),
        settings: BTreeMap::new(),
        layers: Layers::default(),
    });
    (catalog, reader.findings)
}

/// The text as findings show it. One that is no file of ours may hold secrets: a manifest that was named by mistake.
fn shown(root: &yaml::Node, source: &Arc<Source>) -> Arc<Source> {
    let schema = root.get("schema").and_then(yaml::Node::as_str);
    let is_ours = schema.is_some_and(|schema| schema.starts_with("egressor/"));
    if is_ours { Arc::clone(source) } else { concealed(source) }
}

/// The JSON Schema of a catalog file.
pub fn schema() -> serde_json::Value {
    titled("egressor catalog", "The endpoints of one product.", CatalogDocument::schema())
}

/// The JSON Schema of a kind of file.
pub(crate) fn titled(title: &str, description: &str, document: serde_json::Value) -> serde_json::Value {
    let mut schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
    });
    if let (Some(schema), serde_json::Value::Object(document)) = (schema.as_object_mut(), document) {
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

    /// The full id of an endpoint: `acme/api`.
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

    /// The blocks of the sets that an endpoint names in `addresses`; nothing when it names none.
    pub fn listed(&self, endpoint: &EndpointDocument) -> Option<Vec<Prefix>> {
        let sets = &self.document.ip_sets.as_ref()?.value.0;
        let names = endpoint.addresses.as_ref()?.value.0.iter();
        let blocks = names.filter_map(|name| sets.get(&name.value)).flat_map(|set| &set.value.cidrs.value.0);
        Some(blocks.map(|cidr| cidr.value).collect())
    }

    /// The last day on which an endpoint is wanted, by its own word or its catalog's: the earlier of the two.
    pub fn expires(&self, endpoint: &EndpointDocument) -> Option<Date> {
        let days = [endpoint.expires.as_ref(), self.document.expires.as_ref()];
        days.into_iter().flatten().map(|day| day.value).min()
    }

    /// Where an overlay disables an endpoint, when one does.
    pub fn disabled(&self, endpoint: &EndpointDocument) -> Option<&Place> {
        let id = endpoint.id.value.as_str();
        let is_it = |change: &&Change| change.how == How::Disabled && change.endpoint.as_deref() == Some(id);
        self.changes.iter().find(is_it).map(|change| &change.place)
    }

    /// The place in the catalog's file, or in that of the overlay that put it there.
    pub fn place(&self, span: crate::diag::Span) -> Place {
        self.layers.place(span).unwrap_or_else(|| Place { source: Arc::clone(&self.source), span })
    }

    /// The finding at a place of the catalog, or of the overlay that put it there.
    pub fn locate(&self, finding: Finding, span: crate::diag::Span) -> Finding {
        let place = self.place(span);
        finding.at(&place.source, place.span)
    }

    /// What is worth telling about the catalog on a given day, beyond what makes it unusable.
    pub fn lint(&self, today: Date) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(due) = &self.document.review_after
            && today > due.value
        {
            let message = format!("the facts were due for a review on {}", due.value);
            let help = "check them against the sources, then set `verified` and `review_after`";
            findings.push(self.locate(Finding::new(Code::CatalogStale, message), due.span).help(help));
        }
        if self.document.owner.is_none() {
            let message = format!("the catalog `{}` names no owner", self.id());
            let finding = self.locate(Finding::new(Code::CatalogOwner, message), self.document.id.span);
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
