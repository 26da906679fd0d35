//! Network security groups of Azure, as Terraform resources.
//!
//! A rule has one protocol, any number of ranges of ports and any number of blocks, of one family ("What is IPv6 for
//! Azure Virtual Network?", "Limitations"). Endpoints that need the same service at the same addresses share a rule, so
//! that an address more changes one rule in place.
//!
//! Every group ends with rules that nobody wrote: `AllowVnetOutBound` and `AllowInternetOutBound` let everything out,
//! `AllowVnetInBound` and `AllowAzureLoadBalancerInBound` let the own network and the probes of load balancers in
//! ("Network security groups", "Default security rules"). Who they are for is known to Azure alone. An allowlist bites
//! only with a rule before them that denies the rest, so there is none without it. Rules are stateful, so replies pass,
//! and the platform's own DNS, metadata and licensing addresses are not filtered.
//!
//! A service tag stands for whatever Azure lists under it on the day, so tags are written on request only, where a catalog
//! knows one whole. A rule has room for one tag and nothing beside it ("Network security groups", "Augmented security
//! rules").

mod hcl;
mod lift;
mod list;
mod lower;
mod rule;
mod service;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::targets::clouds::tagged;
use crate::targets::told::reason::Room;

/// Network security groups of Azure.
#[derive(Debug)]
pub(super) struct AzureNsg;

const TEMPLATE: &str = "azure-nsg.tf.tera";
/// What the service tags stood for.
const TAGS_TEMPLATE: &str = "azure-nsg-service-tags.json.tera";

/// The types of resources that are groups and their rules.
const GROUP: &str = "azurerm_network_security_group";
const RULE: &str = "azurerm_network_security_rule";

const QUOTAS: &str = "https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#networking-limits";

/// Azure networking limits, "NSG rules per NSG".
const MAX_RULES: Limit = Limit { what: "rules of a network security group", max: 1000, source: QUOTAS };

/// Azure networking limits, "IP addresses and ranges specified for source or destination in a security group".
const MAX_RANGES: Limit = Limit {
    what: "address ranges per rule, and ranges of ports; more are split into several rules",
    max: 4000,
    source: QUOTAS,
};

/// Naming rules for Azure resources, `Microsoft.Network` `networkSecurityGroups/securityRules`.
const MAX_NAME: Limit = Limit {
    what: "characters of a rule's name; longer ones are cut and stay unique",
    max: 80,
    source: "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork",
};

const MAX_DESCRIPTION: Limit = Limit {
    what: "characters of a rule's description",
    max: 140,
    source: "https://learn.microsoft.com/rest/api/virtualnetwork/security-rules/create-or-update",
};

const DESCRIPTION: Room = Room { limit: MAX_DESCRIPTION.max, allowed: |_| true };

const SERVICE_TAGS: &str = "azure-nsg.service_tags";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "azure-nsg.network_security_group",
        kind: OptionKind::Identifier(80),
        default: None,
        summary: "the name of an existing group; without it the group is written, too",
    },
    OptionSpec {
        key: "azure-nsg.name",
        kind: OptionKind::Identifier(80),
        default: Some("egressor"),
        summary: "the name of the group that is written",
    },
    OptionSpec {
        key: "azure-nsg.resource_group",
        kind: OptionKind::Identifier(90),
        default: None,
        summary: "the resource group, in place of a variable",
    },
    OptionSpec {
        key: "azure-nsg.location",
        kind: OptionKind::Identifier(40),
        default: None,
        summary: "the region of the group that is written, in place of a variable",
    },
    OptionSpec {
        key: "azure-nsg.prefix",
        kind: OptionKind::Identifier(20),
        default: Some("egressor"),
        summary: "how the names of the rules start",
    },
    OptionSpec {
        key: "azure-nsg.priority",
        kind: OptionKind::Number(100, 4095),
        default: Some("100"),
        summary: "the first priority of the rules that allow",
    },
    OptionSpec {
        key: "azure-nsg.deny_priority",
        kind: OptionKind::Number(101, 4096),
        default: Some("4096"),
        summary: "the priority of the rules that deny the rest, after those that allow",
    },
    OptionSpec {
        key: SERVICE_TAGS,
        kind: OptionKind::Choice(tagged::WORDS),
        default: Some("never"),
        summary: "`exact` writes a service tag in place of addresses that are all of it, as of the list that a catalog was imported from",
    },
];

impl Target for AzureNsg {
    fn name(&self) -> &'static str {
        "azure-nsg"
    }

    fn summary(&self) -> &'static str {
        "Terraform network security group of Azure, with the rules that deny the rest"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::DenyRest, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_RULES, MAX_RANGES, MAX_NAME, MAX_DESCRIPTION]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (TEMPLATE, include_str!("../../../templates/azure-nsg.tf.tera")),
            (TAGS_TEMPLATE, include_str!("../../../templates/azure-nsg-service-tags.json.tera")),
        ]
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::AzureNsgHcl, &list::AzureNsgList, &state::AzureNsgState]
    }
}
