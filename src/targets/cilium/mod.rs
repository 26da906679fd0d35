//! Cilium: which names, addresses, pods and entities the pods of a component may talk to.
//!
//! Policies add up, and a denial wins over what any of them allows. A pod that no policy selects for a direction may do
//! everything in it. Names are learnt from the answers of the DNS that pass Cilium's own proxy, so a rule that lets
//! queries through, with a rule for DNS on it, belongs to every policy that names hosts.
//! <https://docs.cilium.io/en/stable/security/policy/language/>

mod import;
mod labels;
mod lower;
mod manifest;
mod model;
mod names;
mod peers;
mod rules;
mod say;
mod services;

use super::{Importer, Ingress, Limit, Lowered, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted};
use crate::policy::Need;

/// The target `cilium`.
#[derive(Debug)]
pub(super) struct Cilium;

const LIMITS: &[Limit] = &[
    Limit {
        what: "ports in an entry of `toPorts`",
        max: services::PORTS_MAX,
        source: "https://docs.cilium.io/en/stable/security/policy/language/#layer-4-examples",
    },
    Limit {
        what: "types in an entry of `icmps`",
        max: services::ICMPS_MAX,
        source: "https://docs.cilium.io/en/stable/security/policy/language/#limit-icmp-icmpv6-types",
    },
    Limit {
        what: "characters of a name in `toFQDNs`",
        max: names::NAME_MAX,
        source: "https://docs.cilium.io/en/stable/security/policy/language/#dns-based",
    },
    Limit {
        what: "addresses that Cilium keeps for a name and pod, unless `tofqdns-endpoint-max-ip-per-hostname` says otherwise",
        max: 50,
        source: "https://docs.cilium.io/en/stable/cmdref/cilium-agent/",
    },
    Limit {
        what: "bytes of an object that `kubectl apply` copies into an annotation",
        max: crate::targets::clusters::kubernetes::APPLY_MAX,
        source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
    },
];

const TEMPLATE: &str = "cilium.yaml.tera";

impl Target for Cilium {
    fn name(&self) -> &'static str {
        "cilium"
    }

    fn summary(&self) -> &'static str {
        "CiliumNetworkPolicy for the pods of each component, by host name where there is one"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::NamesFirst, scoping: Scoping::Component, ingress: Ingress::ByPeer }
    }

    /// A policy that selects a pod denies it the rest, and replies always pass.
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
        &[(TEMPLATE, include_str!("../../../templates/cilium.yaml.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&import::CiliumPolicies]
    }
}
