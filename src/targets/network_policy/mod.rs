//! Kubernetes NetworkPolicy: which addresses and pods the pods of a component may talk to.
//!
//! Policies only ever allow, and they add up: a pod that any policy selects is isolated in the directions that the
//! policy speaks about, and may do what any of its policies allows. Replies pass without a rule, and a pod always
//! reaches itself. Pods that share their node's network, and the node, are not governed at all.
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

mod admin;
mod import;
mod lift;
mod lower;
mod manifest;
mod matches;
mod model;
mod objects;
mod rules;
mod say;
mod split;
mod traffic;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::syntax::kubernetes::names;

/// The target `network-policy`.
#[derive(Debug)]
pub(super) struct NetworkPolicy;

const LIMITS: &[Limit] = &[
    Limit {
        what: "peers per NetworkPolicy object",
        max: split::PEERS_MAX,
        source: "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_apply/",
    },
    Limit {
        what: "bytes of a NetworkPolicy object that `kubectl apply` copies into an annotation",
        max: crate::targets::clusters::kubernetes::APPLY_MAX,
        source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
    },
    Limit {
        what: "characters of the name of an object",
        max: names::OBJECT_NAME_MAX,
        source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
    },
];

/// The setting that isolates the other pods of the namespaces too.
const DEFAULT_DENY: &str = "kubernetes.default_deny";

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: DEFAULT_DENY,
    kind: OptionKind::Choice(&["no", "yes"]),
    default: Some("no"),
    summary: "deny the rest to every pod of the namespaces, also to pods that the catalog does not know",
}];

const TEMPLATE: &str = "network-policy.yaml.tera";

impl Target for NetworkPolicy {
    fn name(&self) -> &'static str {
        "network-policy"
    }

    fn summary(&self) -> &'static str {
        "Kubernetes networking.k8s.io/v1 NetworkPolicy, one for the pods of each component"
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Component, ingress: Ingress::ByPeer }
    }

    /// A policy that selects a pod denies it the rest, and replies and a pod's own traffic always pass, so neither
    /// is a need of its own.
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
        &[(TEMPLATE, include_str!("../../../templates/network-policy.yaml.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&import::NetworkPolicyManifests]
    }
}
