//! What is talked to: every key of an endpoint.

use super::Verified;
use crate::catalog::leaf::{Date, Id, PortSpec, Text};
use crate::catalog::read::{List, Table, document, words};
use crate::packet::{Hostname, PathPrefix};

document! {
    /// Something that must be reachable.
    EndpointDocument {
        /// The endpoint's id, unique and stable: reports, overlays and rule comments use it.
        required id: Id,
        /// Which way connections are opened.
        required direction: EndpointDirection,
        /// The host, where it is the same everywhere.
        optional host: Hostname,
        /// The host of each region.
        optional hosts: Table<Id, Hostname>,
        /// Several hosts, all of them needed.
        optional hosts_all: List<Hostname>,
        /// Whether names below the host are meant: one label below, or any depth. Left out: none.
        optional subdomains: Subdomains,
        /// Whether the host itself is meant beside the names below it; goes with `subdomains`.
        optional apex: bool,
        /// The ports, such as `443/tcp`.
        required ports: List<PortSpec>,
        /// What is spoken.
        required app: App,
        /// The components that open the connections.
        optional used_by: List<Id>,
        /// The components that connections come from.
        optional from: List<Id>,
        /// The components that connections go to.
        optional to: List<Id>,
        /// The feature that needs it.
        required feature: Id,
        /// The dedicated addresses of the host.
        optional ip_fallback: Id,
        /// The addresses of the far end, as sets: those that all the hosts have together; or, without hosts, those that are
        /// meant themselves. An `ingress` endpoint has them in place of `from`.
        optional addresses: List<Id>,
        /// No host belongs to the addresses: connections go to any of them. It goes with `addresses` and without hosts, so
        /// that losing the hosts is told.
        optional nameless: bool,
        /// The host serves other tenants too; `paths`, `image_namespace` or `whole_host` says what of it is needed.
        optional shared_host: bool,
        /// The URL paths that are needed, as prefixes.
        optional paths: List<PathPrefix>,
        /// The namespace of a container registry. It is no URL path and no part of a name.
        optional image_namespace: Text,
        /// Why all of a shared host is needed.
        optional whole_host: Text,
        /// The HTTP methods that are needed.
        optional methods: List<HttpMethod>,
        /// What an inspecting proxy must do with it.
        optional tls_inspection: TlsInspection,
        /// How the host hands its clients on to other hosts.
        optional redirects: Redirects,
        /// The endpoints that it hands its clients on to.
        optional redirects_to: List<Id>,
        /// What the traffic is for.
        required purpose: Text,
        /// Where the fact comes from.
        required sources: List<Id>,
        /// How sure the fact is.
        required confidence: Confidence,
        /// Whether it is still in use.
        required status: Status,
        /// The endpoints that it takes the place of.
        optional supersedes: List<Id>,
        /// When the fact was last checked, where it differs from the catalog's day.
        optional verified: Verified,
        /// The team that answers for the rule.
        optional owner: Text,
        /// The ticket that approved the rule.
        optional ticket: Text,
        /// The last day on which the rule is wanted, in UTC; it goes with `temporary: true`.
        optional expires: Date,
        /// The rule is wanted until the day in `expires`. Both keys are there or neither, so that losing one is told.
        optional temporary: bool,
        /// What a reviewer should know about the risk.
        optional risk: Text,
        /// How to do without it.
        optional mitigation: Text,
        /// Anything else.
        optional note: Text,
        /// What the GKE module takes for it.
        optional gke_module: GkeModuleDocument,
        /// Words to search by.
        optional tags: List<Id>,
    }
}

words! {
    /// Which way connections are opened.
    EndpointDirection {
        /// From the components to the endpoint.
        Egress = "egress",
        /// From outside to the components.
        Ingress = "ingress",
        /// From components to components.
        Internal = "internal",
    }
}

words! {
    /// Names below a host.
    Subdomains {
        /// Exactly one label below.
        One = "one",
        /// Any depth below.
        Any = "any",
    }
}

words! {
    /// What is spoken.
    App {
        /// HTTPS.
        Https = "https",
        /// gRPC over TLS.
        Grpc = "grpc",
        /// Plain HTTP.
        Http = "http",
        /// Another protocol.
        Other = "other",
    }
}

words! {
    /// An HTTP method.
    HttpMethod {
        /// Reading.
        Get = "GET",
        /// Reading the head.
        Head = "HEAD",
        /// Sending.
        Post = "POST",
        /// Writing.
        Put = "PUT",
        /// Changing.
        Patch = "PATCH",
        /// Removing.
        Delete = "DELETE",
    }
}

words! {
    /// What an inspecting proxy must do.
    TlsInspection {
        /// Pass the connection on unopened.
        Bypass = "bypass",
    }
}

words! {
    /// How a host hands its clients on.
    Redirects {
        /// To hosts that change.
        Rotating = "rotating",
    }
}

words! {
    /// How sure a fact is.
    Confidence {
        /// The vendor's page says so.
        Documented = "documented",
        /// The vendor's own charts or code say so.
        Chart = "chart",
        /// Seen, but written nowhere.
        Observed = "observed",
        /// Concluded.
        Inferred = "inferred",
    }
}

words! {
    /// Whether an endpoint is still in use.
    Status {
        /// In use.
        Active = "active",
        /// Another endpoint took its place.
        Superseded = "superseded",
    }
}

document! {
    /// What the GKE module takes for an endpoint.
    GkeModuleDocument {
        /// The module's flag that opens the ports.
        required add_master_webhook_firewall_rules: bool,
        /// The ports as the module takes them.
        required firewall_inbound_ports: List<Text>,
    }
}
