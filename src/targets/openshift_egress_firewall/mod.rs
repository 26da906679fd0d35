//! The egress firewall of `OpenShift` and OVN-Kubernetes: what the pods of a namespace may reach outside of the cluster.
//!
//! There is one for each namespace, and its rules are tried in order; the first that matches decides, and what none matches
//! passes. Traffic within the cluster, and of pods that share their node's network, is not held back.
//! <https://docs.openshift.com/container-platform/latest/networking/network_security/egress_firewall/configuring-egress-firewall-ovn.html>

mod import;
mod lower;
mod rules;
mod say;

use super::{Importer, Ingress, Limit, Lowered, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted};
use crate::policy::Need;

/// The target `openshift-egress-firewall`.
#[derive(Debug)]
pub(super) struct EgressFirewall;

/// The page of the vendor.
const PAGE: &str = "https://docs.openshift.com/container-platform/latest/networking/network_security/egress_firewall/configuring-egress-firewall-ovn.html";

const LIMITS: &[Limit] = &[
    Limit { what: "rules of the egress firewall of a namespace", max: lower::RULES_MAX, source: PAGE },
    Limit { what: "egress firewalls of a namespace, called `default`", max: 1, source: PAGE },
    Limit {
        what: "bytes of an object that `kubectl apply` copies into an annotation",
        max: crate::targets::clusters::kubernetes::APPLY_MAX,
        source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
    },
];

const TEMPLATE: &str = "openshift-egress-firewall.yaml.tera";

impl Target for EgressFirewall {
    fn name(&self) -> &'static str {
        "openshift-egress-firewall"
    }

    fn summary(&self) -> &'static str {
        "OpenShift EgressFirewall for each namespace, by host name where there is one, with the rules that deny the rest"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::NamesFirst, scoping: Scoping::Namespace, ingress: Ingress::Unsaid }
    }

    /// Replies always pass.
    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::ApiServer, Need::Metadata, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/openshift-egress-firewall.yaml.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&import::EgressFirewalls]
    }
}
