//! Calico: which addresses, pods and, in its commercial editions, names the pods of a component may talk to.
//!
//! Policies are tried in the order of their tiers and of their `order`; the first rule that matches decides, and what no
//! rule of a tier's policies for a pod decides is denied.
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy>

mod entity;
mod expression;
mod import;
mod lower;
mod manifest;
mod model;
mod rules;
mod say;
mod services;
mod sets;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, Options, PeerKind, Scoping, Speech, Target,
    Wanted,
};
use crate::policy::Need;
use crate::syntax::kubernetes::names;

/// The target `calico`.
#[derive(Debug)]
pub(super) struct Calico;

const LIMITS: &[Limit] = &[
    Limit {
        what: "characters of the name of an object",
        max: names::OBJECT_NAME_MAX,
        source: "https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy",
    },
    Limit {
        what: "the greatest type of ICMP in a rule",
        max: services::ICMP_TYPE_MAX,
        source: "https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy#icmp",
    },
    Limit {
        what: "bytes of an object that `kubectl apply` copies into an annotation",
        max: crate::targets::clusters::kubernetes::APPLY_MAX,
        source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
    },
];

/// The setting that says whether rules can name hosts.
const EDITION: &str = "calico.edition";
/// The setting that says when the policies are tried.
const ORDER: &str = "calico.order";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: EDITION,
        kind: OptionKind::Choice(&["oss", "enterprise"]),
        default: Some("oss"),
        summary: "the edition of Calico; rules name hosts with `enterprise` (Enterprise and Cloud), addresses otherwise",
    },
    OptionSpec {
        key: ORDER,
        kind: OptionKind::Number(1, 1_000_000),
        default: Some("500"),
        summary: "the `order` of the policies, lowest first; a NetworkPolicy of Kubernetes has 1000",
    },
];

const TEMPLATE: &str = "calico.yaml.tera";

impl Target for Calico {
    fn name(&self) -> &'static str {
        "calico"
    }

    fn summary(&self) -> &'static str {
        "Calico GlobalNetworkPolicy for the pods of each component, with GlobalNetworkSets of long lists"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Component, ingress: Ingress::ByPeer }
    }

    fn speech_with(&self, options: &Options) -> Speech {
        let named = options.get(EDITION) == Some("enterprise");
        Speech { peers: if named { PeerKind::NamesFirst } else { PeerKind::Addresses }, ..self.speech() }
    }

    /// A policy that selects a pod denies it the rest, and replies always pass.
    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::ApiServer, Need::Metadata, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/calico.yaml.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&import::CalicoPolicies]
    }
}
