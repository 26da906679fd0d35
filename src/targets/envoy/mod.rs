//! Envoy: a listener for each port, with filter chains for the names in TLS handshakes.
//!
//! Whoever is let pass is connected to the address that the name has for Envoy, on the port that it came in on; the
//! address that the client chose plays no part.

mod chain;
mod lift;
mod listener;
mod lower;
mod outcome;
mod parts;
mod read;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// Envoy.
#[derive(Debug)]
pub(super) struct Envoy;

/// The most ports that one rule may have, as each is a listener.
const MOST_PORTS: usize = 128;

const LIMITS: &[Limit] = &[Limit {
    what: "ports of a rule, each of which is a listener",
    max: MOST_PORTS,
    source: "https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto",
}];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "envoy.name",
        kind: OptionKind::Identifier(40),
        default: Some("egressor"),
        summary: "what the name of the cluster and of every listener begins with",
    },
    OptionSpec {
        key: "envoy.http_ports",
        kind: OptionKind::Text,
        default: Some("80"),
        summary: "ports that are asked for without TLS, and so without a name that can be compared: they are left out",
    },
];

impl Target for Envoy {
    fn name(&self) -> &'static str {
        "envoy"
    }

    fn summary(&self) -> &'static str {
        "Envoy: a listener for each port with filter chains by the server name of the TLS handshake"
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
        &[("envoy.yaml.tera", include_str!("../../../templates/envoy.yaml.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::EnvoyYaml]
    }
}
