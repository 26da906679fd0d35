//! What stands in a catalog file: every key, in the order of the JSON Schema.

use super::leaf::{Date, Id, Label, PortSpec, Text};
use super::read::{List, Table, document, words};
use crate::packet::{Hostname, PathPrefix, Prefix};

document! {
    /// A catalog: the endpoints of one product.
    CatalogDocument {
        /// The version of the format, `egressor/catalog/v1`.
        required schema: SchemaVersion,
        /// The catalog's id; endpoints are known as `CATALOG/ENDPOINT`.
        required id: Id,
        /// The product, for people.
        required title: Text,
        /// The team in your organisation that answers for the rules.
        optional owner: Text,
        /// The ticket that approved the rules.
        optional ticket: Text,
        /// When and how the facts were last checked.
        required verified: Verified,
        /// The day from which the facts should be checked again.
        optional review_after: Date,
        /// The last day on which the rules are wanted, in UTC; it goes with `temporary: true`.
        optional expires: Date,
        /// The rules are wanted until the day in `expires`. Both keys are there or neither, so that losing one is told.
        optional temporary: bool,
        /// Where facts come from, by id.
        required sources: Table<Id, SourceDocument>,
        /// Regions of the vendor; where there are any, exactly one is chosen.
        optional regions: Table<Id, RegionDocument>,
        /// Who talks: pods, nodes, people's machines.
        required components: Table<Id, ComponentDocument>,
        /// What can be switched on and off.
        required features: Table<Id, FeatureDocument>,
        /// What only you know: addresses of your network, by name.
        optional variables: Table<Id, VariableDocument>,
        /// Addresses that the vendor dedicates to hosts.
        optional ip_sets: Table<Id, IpSetDocument>,
        /// The endpoints.
        required endpoints: List<EndpointDocument>,
        /// What the components need besides the endpoints.
        optional needs: List<NeedDocument>,
        /// What a proxy between the components and the endpoints needs.
        optional proxy: ProxyDocument,
    }
}

words! {
    /// The version of the format.
    SchemaVersion {
        /// The first version.
        V1 = "egressor/catalog/v1",
    }
}

document! {
    /// When and how the facts were last checked.
    Verified {
        /// The day.
        required on: Date,
        /// How.
        required method: Method,
    }
}

words! {
    /// How facts were checked.
    Method {
        /// The vendor's pages were read.
        DocumentReview = "document-review",
        /// The names were resolved.
        Dns = "dns",
        /// Connections were tried.
        ConnectProbe = "connect-probe",
    }
}

document! {
    /// Where facts come from.
    SourceDocument {
        /// The page or repository.
        required title: Text,
        /// Its address.
        optional url: Text,
        /// Its revision.
        optional rev: Text,
        /// The page that `--literal` reproduces: the vendor's own list, to the letter.
        optional literal: bool,
    }
}

document! {
    /// A region of the vendor.
    RegionDocument {
        /// The region, for people.
        required title: Text,
        /// The host of its console.
        optional console: Hostname,
    }
}

document! {
    /// Who talks.
    ComponentDocument {
        /// What kind of thing it is.
        required kind: ComponentKind,
        /// The feature that it belongs to; while that is off, nothing is written for it.
        required feature: Id,
        /// The component, for people.
        optional title: Text,
        /// The namespace of the pods.
        optional namespace: Label,
        /// Labels that select the pods; one of them names the application.
        optional selector: Table<Label, Label>,
        /// What makes the pods.
        optional workload: WorkloadDocument,
        /// The pods share their node's network, so that pod policies do not govern them.
        optional host_network: bool,
        /// The variable that holds the addresses.
        optional variable: Id,
        /// Anything else.
        optional note: Text,
    }
}

document! {
    /// What makes the pods of a component.
    WorkloadDocument {
        /// What kind of object it is.
        required kind: WorkloadKind,
        /// Its name, as the vendor installs it.
        required name: Label,
        /// Its containers that open connections.
        required containers: List<Label>,
    }
}

words! {
    /// What makes pods.
    WorkloadKind {
        /// Pods anywhere.
        Deployment = "Deployment",
        /// A pod on every node.
        DaemonSet = "DaemonSet",
        /// Pods with names of their own.
        StatefulSet = "StatefulSet",
    }
}

words! {
    /// What kind of thing a component is.
    ComponentKind {
        /// Pods.
        Pods = "pods",
        /// The node: kubelet, container runtime, bootstrap.
        Node = "node",
        /// A machine outside the cluster: a person's or a CI runner.
        Workstation = "workstation",
        /// Addresses that only you know, given by a variable.
        Variable = "variable",
    }
}

document! {
    /// Something that can be switched on and off.
    FeatureDocument {
        /// The feature, for people.
        required title: Text,
        /// Whether it is on when nothing is said. Off when left out.
        optional default: bool,
    }
}

document! {
    /// Something that only you know.
    VariableDocument {
        /// The variable, for people.
        required title: Text,
        /// What it holds.
        required holds: VariableKind,
    }
}

words! {
    /// What a variable holds.
    VariableKind {
        /// CIDR blocks, separated by commas.
        Cidrs = "cidrs",
        /// An address or host with a port.
        Url = "url",
    }
}

document! {
    /// Addresses that the vendor dedicates to hosts.
    IpSetDocument {
        /// The blocks.
        required cidrs: List<Prefix>,
        /// The family that all of them are of.
        required family: Family,
        /// The endpoints whose hosts they belong to; each of them names the set in its `ip_fallback`.
        required endpoints: List<Id>,
        /// Where the addresses are documented.
        required sources: List<Id>,
        /// The network that serves other sites from the same addresses.
        optional shared: Text,
        /// What a reader of the rule should know.
        optional warn: Text,
    }
}

words! {
    /// An address family.
    Family {
        /// IPv4.
        Ipv4 = "ipv4",
        /// IPv6.
        Ipv6 = "ipv6",
    }
}

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

document! {
    /// What components need besides the endpoints.
    NeedDocument {
        /// What.
        required id: NeedId,
        /// Who.
        required used_by: List<Id>,
        /// Where the fact comes from.
        required sources: List<Id>,
        /// What it is for.
        required purpose: Text,
    }
}

words! {
    /// What components need besides endpoints.
    NeedId {
        /// A resolver.
        Dns = "dns",
        /// The Kubernetes API server.
        ApiServer = "api-server",
        /// The cloud's instance metadata service.
        Metadata = "metadata",
    }
}

document! {
    /// What a proxy needs.
    ProxyDocument {
        /// The environment variables.
        required env: List<Text>,
        /// The components that take them.
        required applies_to: List<Id>,
        /// What must not go through the proxy; `${name}` is a variable.
        required no_proxy: List<Text>,
        /// What may be added on request, and what that opens.
        optional no_proxy_optional: Table<Label, Text>,
        /// Where the values of Helm charts take the variables.
        optional charts: List<ChartDocument>,
        /// Where the fact comes from.
        required sources: List<Id>,
        /// Anything else.
        optional notes: List<Text>,
    }
}

document! {
    /// Where the values of a Helm chart take environment variables.
    ChartDocument {
        /// The chart.
        required chart: Label,
        /// The components that it installs.
        required components: List<Id>,
        /// The mapping in the values, as keys with dots between them.
        required values: Label,
        /// The key of each variable in the mapping, where it is not the variable's name.
        optional keys: Table<Label, Label>,
    }
}
