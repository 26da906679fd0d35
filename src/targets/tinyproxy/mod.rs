//! The tinyproxy forward proxy: a filter of expressions over the URLs, or the hosts, that clients ask for.
//!
//! A filter over URLs tells ports apart, one over hosts does not: `ConnectPort` limits tunnels alone, and a request
//! without a tunnel reaches any port of a host that is allowed.

mod access;
mod conf;
mod expression;
mod filter;
mod lift;
mod lower;
mod ports;
mod read;
mod url;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::syntax::tinyproxy::{LONGEST_ENTRY, LONGEST_LINE};

/// The tinyproxy forward proxy.
#[derive(Debug)]
pub(super) struct Tinyproxy;

const LIMITS: &[Limit] = &[
    Limit {
        what: "bytes in a line of the filter, beyond which the rest is read as another expression",
        max: LONGEST_ENTRY,
        source: "https://manpages.debian.org/bookworm/tinyproxy-bin/tinyproxy.conf.5.en.html",
    },
    Limit {
        what: "bytes in a line of tinyproxy.conf",
        max: LONGEST_LINE,
        source: "https://manpages.debian.org/bookworm/tinyproxy-bin/tinyproxy.conf.5.en.html",
    },
];

/// What a filter is over.
const FILTERS: &[&str] = &["urls", "hosts"];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "tinyproxy.filter",
        kind: OptionKind::Choice(FILTERS),
        default: Some("urls"),
        summary: "`urls`: host and port are judged together; `hosts`: every port of an allowed host can be reached",
    },
    OptionSpec {
        key: "tinyproxy.http_ports",
        kind: OptionKind::Text,
        default: Some("80"),
        summary: "ports that are asked for without TLS and so without CONNECT, such as `80,8000-8080`",
    },
    OptionSpec {
        key: "tinyproxy.clients",
        kind: OptionKind::Prefixes,
        default: None,
        summary: "the clients that may use the proxy; every client that reaches it when not set",
    },
    OptionSpec {
        key: "tinyproxy.port",
        kind: OptionKind::Number(1, 65_535),
        default: Some("8888"),
        summary: "the port that the proxy listens on",
    },
    OptionSpec {
        key: "tinyproxy.folder",
        kind: OptionKind::Text,
        default: Some("/etc/tinyproxy"),
        summary: "the folder on the proxy that the filter is put into",
    },
];

impl Target for Tinyproxy {
    fn name(&self) -> &'static str {
        "tinyproxy"
    }

    fn summary(&self) -> &'static str {
        "tinyproxy: a configuration and its filter, an expression for each host and its ports"
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
        &[
            ("tinyproxy.conf.tera", include_str!("../../../templates/tinyproxy.conf.tera")),
            ("tinyproxy.filter.tera", include_str!("../../../templates/tinyproxy.filter.tera")),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::TinyproxyConf]
    }
}
