//! Why a rule is there, and what a reviewer should know about it.

use super::Compiler;
use crate::catalog::{Catalog, EndpointDocument, Selected};
use crate::diag::{Code, Finding};
use crate::policy::Justification;
use crate::targets::PeerKind;

impl Compiler<'_> {
    pub(super) fn justification(
        &self,
        selected: &Selected<'_>,
        endpoint: &EndpointDocument,
    ) -> Justification {
        let catalog = selected.catalog;
        let document = &catalog.document;
        let set = |key: &str| self.input.variables.get(key).map(str::to_owned);
        let mut sources: Vec<String> = Vec::new();
        for id in &endpoint.sources.value.0 {
            if let Some(source) = document.sources.value.0.get(&id.value) {
                let text = source.value.url.as_ref().unwrap_or(&source.value.title).value.to_string();
                if !sources.contains(&text) {
                    sources.push(text);
                }
            }
        }
        let owner = endpoint.owner.as_ref().or(document.owner.as_ref()).map(|owner| owner.value.to_string());
        let ticket =
            endpoint.ticket.as_ref().or(document.ticket.as_ref()).map(|ticket| ticket.value.to_string());
        let methods = endpoint.methods.iter().flat_map(|methods| methods.value.0.iter());
        Justification {
            endpoint: catalog.full_id(endpoint),
            purpose: endpoint.purpose.value.to_string(),
            owner: set("owner").or(owner),
            ticket: set("ticket").or(ticket),
            expires: self.input.variables.last_day(catalog, endpoint).map(|day| day.to_string()),
            sources,
            confidence: endpoint.confidence.value.as_str().to_owned(),
            methods: methods.map(|method| method.value.as_str().to_owned()).collect(),
            hosts: endpoint.hosts_in(&selected.regions).iter().map(ToString::to_string).collect(),
            blocks: Vec::new(),
        }
    }

    /// What a reviewer should know about an endpoint, whatever the target.
    pub(super) fn risks(&mut self, catalog: &Catalog, endpoint: &EndpointDocument, selected: &Selected<'_>) {
        let full = catalog.full_id(endpoint);
        let hosts = endpoint.hosts_in(&selected.regions);
        let hosts = hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if endpoint.is_shared() {
            let risk =
                endpoint.risk.as_ref().map_or("it serves other tenants too", |risk| risk.value.as_str());
            let mut finding =
                Finding::new(Code::RiskSharedHost, format!("`{hosts}` of `{full}` is shared: {risk}"));
            finding.help =
                endpoint.mitigation.as_ref().map(|mitigation| format!("instead: {}", mitigation.value));
            self.note(finding.endpoint(full.clone()));
        }
        if endpoint.is_upload() {
            let message = format!("`{full}` sends data to `{hosts}`: {}", endpoint.purpose.value);
            self.note(Finding::new(Code::RiskUpload, message).endpoint(full.clone()));
        }
        let shared = catalog.ip_set(endpoint).and_then(|set| set.shared.as_ref());
        if let Some(shared) =
            shared.filter(|_| matches!(self.speech.peers, PeerKind::Addresses | PeerKind::Both))
        {
            let message = format!("the dedicated addresses of `{full}` are shared: {}", shared.value);
            self.note(Finding::new(Code::EvidenceShared, message).endpoint(full));
        }
    }
}
