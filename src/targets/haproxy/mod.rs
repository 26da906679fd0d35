//! HAProxy: frontends that let pass the names in TLS handshakes, and in requests without TLS.
//!
//! Whoever is let pass is connected to the address that its name has for the proxy, on the port that it came in on; the
//! address that the client chose plays no part.

mod acl;
mod binds;
mod cases;
mod conf;
mod lift;
mod lower;
mod read;
mod section;
mod stage;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::syntax::haproxy::LONGEST_LINE;

/// HAProxy.
#[derive(Debug)]
pub(super) struct Haproxy;

/// The most ports that one rule may have, as each is a socket.
const MOST_PORTS: usize = 256;

const LIMITS: &[Limit] = &[
    Limit {
        what: "bytes in a line of haproxy.cfg",
        max: LONGEST_LINE,
        source: "https://docs.haproxy.org/2.6/configuration.html",
    },
    Limit {
        what: "ports of a rule, each of which is a socket that is listened on",
        max: MOST_PORTS,
        source: "https://docs.haproxy.org/2.6/configuration.html",
    },
];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "haproxy.prefix",
        kind: OptionKind::Identifier(20),
        default: Some("egressor"),
        summary: "what the name of every frontend, backend and ACL begins with",
    },
    OptionSpec {
        key: "haproxy.http_ports",
        kind: OptionKind::Text,
        default: Some("80"),
        summary: "ports that are asked for without TLS, where the Host header names the host",
    },
];

impl Target for Haproxy {
    fn name(&self) -> &'static str {
        "haproxy"
    }

    fn summary(&self) -> &'static str {
        "HAProxy: frontends that let pass by the name in the TLS handshake, or by the Host header, and refuse the rest"
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
        &[("haproxy.cfg.tera", include_str!("../../../templates/haproxy.cfg.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::HaproxyCfg]
    }
}
