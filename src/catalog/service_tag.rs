//! Service tags of Azure that a catalog knows whole: which of its sets hold the blocks of each, and that none is lost.
//!
//! A rule that names a tag lets everything pass that Azure lists under it. So a tag of which the catalog has lost a block
//! would stand for more than the catalog asks for, and is refused.

use super::Catalog;
use super::document::{CatalogDocument, IpSetDocument, ServiceTagDocument, TagUse};
use super::read::Reader;
use crate::diag::Code;
use crate::packet::{AddrSet, Prefix};
use crate::syntax::digest::sha256;
use std::collections::BTreeMap;

/// A service tag and all of its addresses.
#[derive(Debug, Clone)]
pub struct KnownTag<'a> {
    /// The tag.
    pub document: &'a ServiceTagDocument,
    /// Its addresses, of both families.
    pub addrs: AddrSet,
}

impl Catalog {
    /// The service tags whose addresses are all in this catalog, ordered by name.
    pub fn service_tags(&self) -> Vec<KnownTag<'_>> {
        let mut known = Vec::new();
        for sets in by_name(&self.document).into_values() {
            let document = sets.first().and_then(|set| set.service_tag.as_ref());
            known.extend(document.map(|tag| KnownTag { document: &tag.value, addrs: addresses(&sets) }));
        }
        known
    }
}

impl ServiceTagDocument {
    /// Reports whether rules of a kind take it.
    pub fn is_used_in(&self, kind: TagUse) -> bool {
        self.used_in.as_ref().is_none_or(|kinds| kinds.value.0.iter().any(|it| it.value == kind))
    }
}

/// What stands in `digest`: over the names of the tag and its list, and over its blocks in their shortest form.
pub fn tag_digest(name: &str, cloud: &str, change: &str, addrs: &AddrSet) -> String {
    let mut lines = vec![name.to_owned(), cloud.to_owned(), change.to_owned()];
    lines.extend(addrs.prefixes().iter().map(Prefix::to_string));
    sha256(lines.join("\n") + "\n")
}

/// Reports whether a text can be a service tag: letters, digits, and the signs between them.
pub fn is_tag_name(text: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    text.len() <= 80 && text.starts_with(|char: char| char.is_ascii_alphabetic()) && text.chars().all(plain)
}

/// Refuses tags that are not what their digest was made of.
pub(super) fn check(catalog: &CatalogDocument, reader: &mut Reader) {
    for (name, sets) in by_name(catalog) {
        let addrs = addresses(&sets);
        for tag in sets.iter().filter_map(|set| set.service_tag.as_ref()) {
            let ServiceTagDocument { cloud, change, digest, .. } = &tag.value;
            if !is_tag_name(name) {
                let message = format!("`{name}` is not a service tag");
                reader.report(Code::CatalogValue, tag.value.name.span, message, None);
            } else if tag_digest(name, cloud.value.as_str(), change.value.as_str(), &addrs)
                != digest.value.as_str()
            {
                let message =
                    format!("the digest of the service tag `{name}` is not that of the blocks of its sets");
                let help =
                    "a tag stands for all of its blocks: import the catalog again, or take `service_tag` out";
                reader.report(Code::CatalogValue, digest.span, message, Some(help.to_owned()));
            }
        }
    }
}

fn by_name(catalog: &CatalogDocument) -> BTreeMap<&str, Vec<&IpSetDocument>> {
    let mut by_name: BTreeMap<&str, Vec<&IpSetDocument>> = BTreeMap::new();
    for set in catalog.ip_sets.iter().flat_map(|sets| sets.value.0.values()) {
        if let Some(tag) = &set.value.service_tag {
            by_name.entry(tag.value.name.value.as_str()).or_default().push(&set.value);
        }
    }
    by_name
}

fn addresses(sets: &[&IpSetDocument]) -> AddrSet {
    AddrSet::of(sets.iter().flat_map(|set| &set.cidrs.value.0).map(|block| block.value))
}
