//! Istio: the hosts outside that a namespace may reach, as `ServiceEntry` objects, and the `Sidecar` that closes the rest.
//!
//! A sidecar governs what goes through it. It is no wall against a pod that means to go around it.

mod lift;
mod lower;
mod objects;
mod read;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// Istio.
#[derive(Debug)]
pub(super) struct Istio;

/// The most hosts of a `ServiceEntry`.
const MOST_HOSTS: usize = 256;
/// The most ports of a `ServiceEntry`.
const MOST_PORTS: usize = 256;

const LIMITS: &[Limit] = &[
    Limit {
        what: "hosts of a ServiceEntry, beyond which another one is written",
        max: MOST_HOSTS,
        source: "https://istio.io/latest/docs/reference/config/networking/service-entry/",
    },
    Limit {
        what: "ports of a ServiceEntry",
        max: MOST_PORTS,
        source: "https://istio.io/latest/docs/reference/config/networking/service-entry/",
    },
];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "istio.name",
        kind: OptionKind::Identifier(40),
        default: Some("egressor"),
        summary: "what the name of every object begins with",
    },
    OptionSpec {
        key: "istio.namespace",
        kind: OptionKind::Identifier(63),
        default: None,
        summary: "the namespace of the workloads; that of `kubectl apply` when not set",
    },
    OptionSpec {
        key: "istio.http_ports",
        kind: OptionKind::Text,
        default: Some("80"),
        summary: "ports that are asked for without TLS, where the Host header names the host",
    },
];

impl Target for Istio {
    fn name(&self) -> &'static str {
        "istio"
    }

    fn summary(&self) -> &'static str {
        "Istio: a ServiceEntry for the hosts of each set of ports, and a Sidecar that closes the rest"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Names, scoping: Scoping::Host, ingress: Ingress::Unsaid }
    }

    fn needs(&self) -> &'static [Need] {
        &[]
    }

    fn limits(&self) -> &'static [Limit] {
        LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[("istio.yaml.tera", include_str!("../../../templates/istio.yaml.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::IstioObjects]
    }
}
