//! What stands in a catalog file: every key, in the order of the JSON Schema.

mod component;
mod endpoint;
mod proxy;

pub use component::{ComponentDocument, ComponentKind, WorkloadDocument};
pub(super) use endpoint::HttpMethod;
pub use endpoint::{App, Confidence, EndpointDirection, EndpointDocument, Status, Subdomains};
pub use proxy::{ChartDocument, ProxyDocument};

use super::leaf::{Date, Id, Text};
use super::read::{List, Table, document, words};
use crate::packet::{Hostname, Prefix};

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
        /// The service tag of Azure that the blocks are of.
        optional service_tag: ServiceTagDocument,
    }
}

document! {
    /// A service tag of Azure, of which the sets that name it hold every block. `egressor catalog import azure` writes it.
    ServiceTagDocument {
        /// The tag, as rules of Azure name it.
        required name: Text,
        /// The cloud whose list it was taken from.
        required cloud: Text,
        /// The `changeNumber` of that list.
        required change: Text,
        /// The kinds of rules that take it; all of them when left out.
        optional used_in: List<TagUse>,
        /// SHA-256 over name, cloud, change and all blocks, so that sets which lost a block are refused.
        required digest: Text,
    }
}

words! {
    /// A kind of rules that takes service tags.
    TagUse {
        /// Network security groups.
        Nsg = "nsg",
        /// Azure Firewall.
        Firewall = "firewall",
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
