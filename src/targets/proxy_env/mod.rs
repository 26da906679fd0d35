//! The environment variables that send clients to an outbound proxy: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
//!
//! They open and close nothing. What they say is which connections a client opens itself: those to the proxy, and those
//! to what `NO_PROXY` names. That is the policy that is written and read here, so that a host more in `NO_PROXY` is a
//! connection more that leaves the network unseen by the proxy. Artifacts say it in four forms, and reading them back
//! must find the same in each: a file of variables, a Kustomize patch, `kubectl set env` commands, and values for each
//! Helm chart.
//!
//! `NO_PROXY` is written so that Go and curl read the same out of it: plain names, addresses and blocks, see [`decide`].
//! A URL with a user name or password is written nowhere; a secret is referred to.

mod advice;
mod decide;
mod entry;
mod lift;
mod lower;
mod model;
mod read;

pub use decide::{Client, NoProxy, Reach};

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// The target `proxy-env`.
#[derive(Debug)]
pub(super) struct ProxyEnv;

/// The variable of a project that holds the URL of its proxy.
const PROXY: &str = "proxy";
/// The setting that names the secret.
const SECRET: &str = "proxy-env.secret";

const ENV: &str = "proxy-env.env.tera";
const PATCH: &str = "proxy-env-patch.yaml.tera";
const COMMANDS: &str = "proxy-env-set.sh.tera";
const VALUES: &str = "proxy-env-values.yaml.tera";

/// The longest string that a process is given, its end included: 32 pages of 4096 bytes.
const LONGEST: usize = 131_072;

const LIMITS: &[Limit] = &[Limit {
    what: "bytes of one environment variable",
    max: LONGEST,
    source: "https://man7.org/linux/man-pages/man2/execve.2.html",
}];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: PROXY,
        kind: OptionKind::Proxy,
        default: None,
        summary: "the outbound proxy; the target is written by default where it is set",
    },
    OptionSpec {
        key: SECRET,
        kind: OptionKind::Identifier(63),
        default: None,
        summary: "the secret that holds the URL under HTTP_PROXY and HTTPS_PROXY, in place of the URL",
    },
];

impl Target for ProxyEnv {
    fn name(&self) -> &'static str {
        "proxy-env"
    }

    fn summary(&self) -> &'static str {
        "HTTP_PROXY, HTTPS_PROXY and NO_PROXY as env file, Kustomize patch, `kubectl set env` and Helm values"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn default_with(&self) -> Option<&'static str> {
        Some(PROXY)
    }

    /// The variables are the same for every component.
    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Direct, scoping: Scoping::Host, ingress: Ingress::Unsaid }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Proxy, Need::Loopback, Need::Cluster, Need::ApiServer, Need::Metadata, Need::Bypass]
    }

    fn limits(&self) -> &'static [Limit] {
        LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (ENV, include_str!("../../../templates/proxy-env.env.tera")),
            (PATCH, include_str!("../../../templates/proxy-env-patch.yaml.tera")),
            (COMMANDS, include_str!("../../../templates/proxy-env-set.sh.tera")),
            (VALUES, include_str!("../../../templates/proxy-env-values.yaml.tera")),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&lift::ProxyVariables]
    }
}
