//! Where a rule came from, and why it is there.

use crate::diag::Place;
use crate::packet::Prefix;
use std::sync::Arc;

/// Why a catalog asks for a rule: what every artifact writes beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Justification {
    /// The endpoint, as `catalog/endpoint`.
    pub endpoint: String,
    /// What the traffic is for.
    pub purpose: String,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// The ticket that approved it.
    pub ticket: Option<String>,
    /// The last day on which the rule is wanted, as an ISO 8601 date.
    pub expires: Option<String>,
    /// Pages and revisions that the fact was taken from.
    pub sources: Vec<String>,
    /// How sure the fact is: documented, chart, observed, inferred.
    pub confidence: String,
    /// HTTP methods that are needed; empty when all are.
    pub methods: Vec<String>,
    /// The addresses are known from a name; these are the names, for whoever reads the rule.
    pub hosts: Vec<String>,
    /// The blocks as the evidence lists them, in order; empty when the rule names no addresses. Sets merge neighbours;
    /// a target whose rules are objects of their own keeps these apart, so that an address more is an object more.
    pub blocks: Vec<Prefix>,
}

/// Something that a target needs besides the endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Asking a resolver for names.
    Dns,
    /// Packets of connections that were allowed when they were opened.
    ReturnTraffic,
    /// Packets that never leave the host.
    Loopback,
    /// The Kubernetes API server.
    ApiServer,
    /// The cloud's instance metadata service.
    Metadata,
    /// A closing rule that makes an allowlist bite where the platform allows by default.
    DenyRest,
    /// The outbound proxy that connections to endpoints are handed to.
    Proxy,
    /// Pods, services and other hosts of the own cluster, which no proxy stands before.
    Cluster,
    /// What somebody asked to have reached without the proxy.
    Bypass,
}

impl Need {
    /// Every need.
    pub const ALL: [Self; 9] = [
        Self::Dns,
        Self::ReturnTraffic,
        Self::Loopback,
        Self::ApiServer,
        Self::Metadata,
        Self::DenyRest,
        Self::Proxy,
        Self::Cluster,
        Self::Bypass,
    ];

    /// The id by which the rule is switched off and named: `implied/dns`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Dns => "implied/dns",
            Self::ReturnTraffic => "implied/return-traffic",
            Self::Loopback => "implied/loopback",
            Self::ApiServer => "implied/api-server",
            Self::Metadata => "implied/metadata",
            Self::DenyRest => "implied/deny-rest",
            Self::Proxy => "implied/proxy",
            Self::Cluster => "implied/cluster",
            Self::Bypass => "implied/bypass",
        }
    }

    /// Why it is needed, in a line short enough for a rule's comment.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Dns => "names must be resolved before they can be reached",
            Self::ReturnTraffic => "replies to connections that were allowed",
            Self::Loopback => "traffic that never leaves the host",
            Self::ApiServer => "controllers talk to the Kubernetes API server",
            Self::Metadata => "cloud credentials and spot notices come from the metadata service",
            Self::DenyRest => "without it the platform allows everything else",
            Self::Proxy => "connections to the endpoints are handed to the outbound proxy",
            Self::Cluster => "pods and services are reached without the proxy",
            Self::Bypass => "asked for: these are reached without the proxy",
        }
    }
}

/// Where a rule came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Asked for by an endpoint of a catalog.
    Endpoint(Arc<Justification>),
    /// Needed by the target besides the endpoints.
    Implied(Need),
    /// Read from a file.
    File(Place),
    /// Not written anywhere: what the system does by default, in its own words.
    System(String),
}
