//! Azure Firewall, as one rule collection group of a firewall policy in Terraform.
//!
//! Network rules name addresses, or exact names that the firewall looks up, at ports; they are tried first, and the first
//! that matches decides. Application rules name hosts of HTTP, HTTPS and SQL, by what a connection tells in the open.
//! What no rule allows is denied ("Azure Firewall rule processing logic").
//!
//! The firewall knows addresses of IPv4 only. A service tag stands for whatever Azure lists under it on the day, so tags are
//! written on request only, where a catalog knows one whole and it has no addresses of IPv6.

mod hcl;
mod lift;
mod list;
mod lower;
mod rule;
mod say;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::targets::clouds::tagged;
use crate::targets::told::reason::Room;

/// Rule collection groups of Azure Firewall.
#[derive(Debug)]
pub(super) struct AzureFirewall;

const TEMPLATE: &str = "azure-firewall.tf.tera";
/// What the service tags stood for.
const TAGS_TEMPLATE: &str = "azure-firewall-service-tags.json.tera";

/// The types of resources that are groups of rules, and lists of addresses that they name.
const GROUP: &str = "azurerm_firewall_policy_rule_collection_group";
const ADDRESSES: &str = "azurerm_ip_group";

const QUOTAS: &str = "https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-firewall-limits";

/// Azure Firewall limits, "Rule limits": an IP group counts as one address.
const MAX_ENDS: Limit = Limit {
    what: "destinations of network rules, an IP group or a service tag being one",
    max: 20_000,
    source: QUOTAS,
};

/// Azure Firewall limits, "Total size of rules within a single Rule Collection Group".
const MAX_BYTES: Limit =
    Limit { what: "bytes of the rules of a rule collection group", max: 2_000_000, source: QUOTAS };

/// Azure Firewall limits, "IP addresses in IP Groups".
const MAX_GROUPS: Limit = Limit { what: "IP groups of a firewall", max: 200, source: QUOTAS };
const MAX_GROUP: Limit = Limit {
    what: "address ranges of an IP group; more are split into several groups",
    max: 5000,
    source: QUOTAS,
};

/// Azure Firewall limits, "FQDNs in network rules".
const MAX_NAMES: Limit = Limit { what: "names in network rules", max: 1000, source: QUOTAS };

/// "Azure Firewall rule processing logic": the names of collections; rules are named alike.
const MAX_NAME: Limit = Limit {
    what: "characters of the name of a collection or a rule; longer ones are cut and stay unique",
    max: 80,
    source: "https://learn.microsoft.com/azure/firewall/rule-processing",
};

/// The API's reference names no limit for descriptions; this is what fits on a page.
const DESCRIPTION: Room = Room { limit: 400, allowed: |_| true };

/// The most ranges that stand in a rule itself; longer lists become IP groups.
const INLINE: usize = 50;

/// The most ports of HTTP that names below a host are written for, one by one, and the last of them.
const PORTS: usize = 32;
const LAST_PORT: u16 = 64_000;

const NAME: &str = "azure-firewall.name";
const POLICY: &str = "azure-firewall.policy_id";
const PRIORITY: &str = "azure-firewall.priority";
const DNS_PROXY: &str = "azure-firewall.dns_proxy";
const RESOURCE_GROUP: &str = "azure-firewall.resource_group";
const SERVICE_TAGS: &str = "azure-firewall.service_tags";
const LOCATION: &str = "azure-firewall.location";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: NAME,
        kind: OptionKind::Identifier(40),
        default: Some("egressor"),
        summary: "the name of the group, and how those of its collections and rules start",
    },
    OptionSpec {
        key: POLICY,
        kind: OptionKind::Text,
        default: None,
        summary: "the id of the firewall policy, in place of a variable",
    },
    OptionSpec {
        key: PRIORITY,
        kind: OptionKind::Number(100, 65_000),
        default: Some("1000"),
        summary: "the priority of the group among those of the policy",
    },
    OptionSpec {
        key: DNS_PROXY,
        kind: OptionKind::Choice(&["yes", "no"]),
        default: Some("yes"),
        summary: "whether the policy's DNS proxy is on, without which no name stands in a network rule",
    },
    OptionSpec {
        key: RESOURCE_GROUP,
        kind: OptionKind::Identifier(90),
        default: None,
        summary: "the resource group of IP groups, in place of a variable",
    },
    OptionSpec {
        key: LOCATION,
        kind: OptionKind::Identifier(40),
        default: None,
        summary: "the region of IP groups, in place of a variable",
    },
    OptionSpec {
        key: SERVICE_TAGS,
        kind: OptionKind::Choice(tagged::WORDS),
        default: Some("never"),
        summary: "`exact` writes a service tag in place of addresses that are all of it, as of the list that a catalog was imported from",
    },
];

impl Target for AzureFirewall {
    fn name(&self) -> &'static str {
        "azure-firewall"
    }

    fn summary(&self) -> &'static str {
        "Terraform rule collection group of Azure Firewall: application rules by name, network rules by address"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::NamesFirst, scoping: Scoping::Host, ingress: Ingress::Unsaid }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_ENDS, MAX_BYTES, MAX_GROUPS, MAX_GROUP, MAX_NAMES, MAX_NAME]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (TEMPLATE, include_str!("../../../templates/azure-firewall.tf.tera")),
            (TAGS_TEMPLATE, include_str!("../../../templates/azure-firewall-service-tags.json.tera")),
        ]
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::AzureFirewallHcl, &list::AzureFirewallList, &state::AzureFirewallState]
    }
}
