//! Network sets: lists of blocks with labels, which rules choose by selector.
//!
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkset>

use super::entity;
use super::expression::{self, Asked};
use crate::diag::{Finding, Source};
use crate::packet::{AddrSet, Set as _};
use crate::syntax::kubernetes::fields::{Path, Reader};
use crate::syntax::kubernetes::objects::{self, Found};
use crate::syntax::kubernetes::pods::{NAMESPACE_NAME, Namespaces};
use crate::syntax::kubernetes::selector::{Selector, Test};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kinds of sets, the one of the whole cluster first.
pub(super) const KINDS: [&str; 2] = ["GlobalNetworkSet", "NetworkSet"];

/// The sets that were given.
#[derive(Debug, Default)]
pub(super) struct Sets(Vec<NetworkSet>);

#[derive(Debug)]
struct NetworkSet {
    namespace: Option<String>,
    labels: BTreeMap<String, String>,
    addrs: AddrSet,
}

impl Sets {
    /// Reads the sets in some texts.
    pub(super) fn read(sources: &[Arc<Source>]) -> (Self, Vec<Finding>) {
        let (mut sets, mut findings) = (Vec::new(), Vec::new());
        for source in sources.iter().filter(|source| source.text().contains(KINDS[1])) {
            let mut reader = Reader { source, namespace: String::new(), findings: Vec::new() };
            objects::each(&mut reader, &KINDS, &mut |reader, found| {
                if KINDS.contains(&found.kind) {
                    sets.extend(read(reader, found));
                }
            });
            findings.append(&mut reader.findings);
        }
        (Self(sets), findings)
    }

    /// The addresses of the sets with such labels; `None` when there is no such set.
    pub(super) fn chosen(
        &self,
        labels: &Selector,
        space: Option<&Asked>,
        own: Option<&str>,
    ) -> Option<AddrSet> {
        let mut found = self.0.iter().filter(|set| set.is_in(space, own) && set.has(labels)).peekable();
        found.peek()?;
        Some(AddrSet::union_all(&found.map(|set| set.addrs.clone()).collect::<Vec<_>>()))
    }
}

impl NetworkSet {
    /// Reports whether a rule looks where the set is: everywhere, in its own namespace, or where it says.
    fn is_in(&self, space: Option<&Asked>, own: Option<&str>) -> bool {
        match (space, &self.namespace) {
            (None, namespace) => own.is_none() || namespace.as_deref() == own,
            (Some(Asked::Global), namespace) => namespace.is_none(),
            (Some(Asked::Labels(asked)), Some(namespace)) => {
                // Of the labels of a namespace only its name is known.
                let name = BTreeMap::from([(NAMESPACE_NAME.to_owned(), namespace.clone())]);
                let pods = entity::pods("all()", Some(&expression::write(asked)), None);
                pods.iter().any(|peer| match &peer.namespaces {
                    Namespaces::Named(asked) => asked == namespace,
                    Namespaces::Selected(asked) => Selector::of_labels(&name).is_within(asked),
                })
            }
            (Some(Asked::Labels(_) | Asked::Other(_)), _) => false,
        }
    }

    fn has(&self, labels: &Selector) -> bool {
        // Every label of the set is known, so a label that is not there is surely missing.
        labels.tests().all(|(key, test)| {
            let mut one = Selector::default();
            one.require(key.to_owned(), test.clone());
            let mut own = Selector::default();
            let value = self.labels.get(key).map(|value| Test::In([value.clone()].into()));
            own.require(key.to_owned(), value.unwrap_or(Test::Absent));
            own.is_within(&one)
        })
    }
}

fn read(reader: &mut Reader<'_>, found: Found<'_>) -> Option<NetworkSet> {
    let before = reader.errors();
    let fields = reader.object(found.node, found.path, &["apiVersion", "kind", "metadata", "spec"])?;
    let path = Path::Field(found.path, "metadata");
    let metadata = objects::read_metadata(reader, fields.get("metadata")?, &path)?;
    let path = Path::Field(found.path, "spec");
    let mut addrs = AddrSet::default();
    if let Some(spec) = fields.get("spec") {
        let spec = reader.object(spec, &path, &["nets", "allowedEgressDomains"])?;
        if let Some(domains) = spec.get("allowedEgressDomains") {
            let why = "names in a set are not read; write them into the rules that need them";
            reader.refuse(domains.span, &path, why);
        }
        if let Some(node) = spec.get("nets") {
            let (read, ambiguous) = entity::nets(reader, node, &Path::Field(&path, "nets"));
            if let Some(doubt) = ambiguous.first() {
                reader.refuse(node.span, &path, format!("`{}`: {}", doubt.text, doubt.why));
            }
            addrs = read;
        }
    }
    let namespace = (found.kind == KINDS[1]).then_some(metadata.namespace);
    (reader.errors() == before).then_some(NetworkSet { namespace, labels: metadata.labels, addrs })
}
