//! The Squid proxy: rules by host name and port.
//!
//! One scope for the whole proxy. What is known of a request is its host and port, and for requests without TLS, or
//! where TLS is inspected, its method and path: so a rule is a set of names times a set of TCP ports.

mod acl;
mod address;
mod condition;
mod conf;
mod digest;
mod files;
mod form;
mod gate;
mod handshake;
mod judge;
mod kind;
mod layout;
mod lift;
mod lines;
mod lower;
mod overlap;
mod read;
mod tls;
mod url;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use conf::LONGEST_NAME;
use lines::LONGEST_LINE;

/// The Squid proxy.
#[derive(Debug)]
pub(super) struct Squid;

const LIMITS: &[Limit] = &[
    Limit {
        what: "bytes in a line of squid.conf",
        max: LONGEST_LINE,
        source: "https://www.squid-cache.org/Doc/config/",
    },
    Limit {
        what: "characters in an ACL name",
        max: LONGEST_NAME,
        source: "https://www.squid-cache.org/Doc/config/acl/",
    },
];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "squid.prefix",
        kind: OptionKind::Identifier(20),
        default: Some("egressor"),
        summary: "what the name of every ACL begins with",
    },
    OptionSpec {
        key: "squid.clients",
        kind: OptionKind::Prefixes,
        default: None,
        summary: "the clients that the rules are for; every client that reaches the proxy when not set",
    },
    OptionSpec {
        key: "squid.http_ports",
        kind: OptionKind::Text,
        default: Some("80"),
        summary: "ports that are asked for without TLS and so without CONNECT, such as `80,8000-8080`",
    },
    OptionSpec {
        key: tls::KEY,
        kind: OptionKind::Choice(tls::WORDS),
        default: Some("tunnel"),
        summary: "`splice`: the name in the handshake must be allowed too; `inspect`: and paths are enforced",
    },
];

impl Target for Squid {
    fn name(&self) -> &'static str {
        "squid"
    }

    fn summary(&self) -> &'static str {
        "Squid: a `conf.d` file of host and port rules for CONNECT and plain requests"
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Names, scoping: Scoping::Host, ingress: Ingress::Unsaid }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::DenyRest]
    }

    fn limits(&self) -> &'static [Limit] {
        LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[("squid.conf.tera", include_str!("../../../templates/squid.conf.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::SquidConf]
    }
}
