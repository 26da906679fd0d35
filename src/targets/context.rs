//! What a target may want to know of a project beside its rules: how components are installed, what the catalog says
//! of endpoints, and which rules exist already.

use crate::packet::{AddrSet, Hostname};
use crate::policy::Policy;
use std::collections::BTreeMap;

/// What is known of a project beside its rules. Empty when nobody said: a target then writes what it can without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The components that take environment variables, ordered by id.
    pub installs: Vec<Install>,
    /// The Helm charts that install them, ordered by name.
    pub charts: Vec<Chart>,
    /// What the catalog says of endpoints, by full id.
    pub facts: BTreeMap<String, Facts>,
    /// How many addresses the DNS answered for hosts of endpoints, of IPv4 and of IPv6.
    pub addresses: BTreeMap<Hostname, [usize; 2]>,
    /// The rules that exist, for a target that tells what has to change.
    pub existing: Option<Policy>,
    /// The service tags of Azure of which catalogs have every address, ordered by name.
    pub service_tags: Vec<ServiceTag>,
}

/// A service tag of Azure and all that it stood for on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTag {
    /// The tag, as rules name it.
    pub name: String,
    /// The cloud whose list it is of.
    pub cloud: String,
    /// The `changeNumber` of that list.
    pub change: String,
    /// Its addresses, of both families.
    pub addrs: AddrSet,
    /// Whether network security groups take it.
    pub in_groups: bool,
    /// Whether Azure Firewall takes it.
    pub in_firewalls: bool,
}

/// A component and how it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Install {
    /// `vendor/agent`.
    pub component: String,
    /// The namespace of its pods.
    pub namespace: String,
    /// The labels of its pods.
    pub labels: BTreeMap<String, String>,
    /// What makes its pods, where the catalog knows.
    pub workload: Option<Workload>,
}

/// What makes pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// `Deployment`, `DaemonSet`, `StatefulSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The containers that open connections.
    pub containers: Vec<String>,
}

/// A Helm chart and where its values take environment variables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chart {
    /// The name of the chart.
    pub name: String,
    /// The components that it installs.
    pub components: Vec<String>,
    /// The keys from the top of the values down to the mapping.
    pub path: Vec<String>,
    /// The key of each environment variable in the mapping, where it is not the variable's own name.
    pub keys: BTreeMap<String, String>,
}

/// What a catalog says of an endpoint, for whoever has to approve it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What is spoken: `https`, `grpc`.
    pub app: String,
    /// What an inspecting proxy must do with it; empty when nothing is known.
    pub inspection: String,
    /// The components that use it, each with what its packets are told apart by: its pods, the nodes.
    pub components: Vec<(String, String)>,
    /// The feature that needs it, and the region that its hosts are of.
    pub condition: String,
    /// Whether data is sent to it.
    pub upload: bool,
    /// What a reviewer should know: shared hosts, networks that serve others from the same addresses, uploads.
    pub risks: Vec<String>,
    /// How to do without it.
    pub mitigation: String,
    /// The day on which the facts were checked, and how.
    pub verified: String,
    /// How its addresses are known, a word for each block: `dedicated`, `published`, `dns`.
    pub evidence: BTreeMap<String, String>,
    /// The proxy that it is reached through, in words; empty when it is reached directly.
    pub via: String,
    /// Who answers for it, where its rule does not say.
    pub owner: String,
    /// The ticket that approved it, where its rule does not say.
    pub ticket: String,
    /// Its last day, where its rule does not say.
    pub expires: String,
}
