//! Network firewall policies of Google Cloud, as Terraform resources.
//!
//! A rule of a policy names addresses or exact host names, which the firewall looks up for itself ("FQDN objects"). The
//! rule with the lowest priority number decides. What no rule of the policy decides goes on to the next policy, and at
//! last to the network's implied rules, of which the one for egress allows everything: an allowlist bites only with rules
//! that deny the rest, one for each family.
//!
//! Unless the network says otherwise (`AFTER_CLASSIC_FIREWALL`), the rules of the VPC are tried before the policy.

mod hcl;
mod lift;
mod list;
mod lower;
mod rule;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::targets::told::reason::Room;

/// Network firewall policies of Google Cloud.
#[derive(Debug)]
pub(super) struct GcpNetworkPolicy;

const TEMPLATE: &str = "gcp-network-policy.tf.tera";

/// The types of resources that are rules of policies, global and regional.
const RULES: [&str; 2] =
    ["google_compute_network_firewall_policy_rule", "google_compute_region_network_firewall_policy_rule"];
/// Those that are policies with their rules.
const WITH_RULES: [&str; 2] = [
    "google_compute_network_firewall_policy_with_rules",
    "google_compute_region_network_firewall_policy_with_rules",
];
/// Those that are policies.
const POLICIES: [&str; 2] =
    ["google_compute_network_firewall_policy", "google_compute_region_network_firewall_policy"];

/// Reports whether a resource of a type only says to which network a policy belongs.
fn is_association(kind: &str) -> bool {
    POLICIES.iter().any(|policy| kind.strip_prefix(policy) == Some("_association"))
}

const MATCHER: &str = "https://cloud.google.com/compute/docs/reference/rest/v1/networkFirewallPolicies";

/// Compute Engine API, `FirewallPolicyRuleMatcher.destFqdns`.
const MAX_NAMES: Limit =
    Limit { what: "names per rule; more are split into several rules", max: 100, source: MATCHER };

/// Compute Engine API, `FirewallPolicyRuleMatcher.destIpRanges`.
const MAX_RANGES: Limit =
    Limit { what: "address ranges per rule; more are split into several rules", max: 5000, source: MATCHER };

/// "FQDN objects", "Map FQDN objects to IP addresses".
const MAX_ADDRESSES: Limit = Limit {
    what: "addresses of each family that a name is looked up to; the others do not pass",
    max: 32,
    source: "https://cloud.google.com/firewall/docs/fqdn-objects-overview",
};

/// Compute Engine API, `FirewallPolicy.name`: `[a-z]([-a-z0-9]{0,61}[a-z0-9])?`.
const MAX_NAME: Limit = Limit {
    what: "characters of the name of a policy or a rule; longer ones are cut and stay unique",
    max: 63,
    source: MATCHER,
};

/// The API's reference names no limit for descriptions; this is what fits on a page.
const DESCRIPTION: Room = Room { limit: 1000, allowed: |_| true };

const NAME: &str = "gcp-network-policy.name";
const REGION: &str = "gcp-network-policy.region";
const NETWORK: &str = "gcp-network-policy.network";
const ACCOUNT: &str = "gcp-network-policy.target_service_account";
const TAG: &str = "gcp-network-policy.target_secure_tag";
const PRIORITY: &str = "gcp-network-policy.priority";
const DENY_PRIORITY: &str = "gcp-network-policy.deny_priority";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: NAME,
        kind: OptionKind::Identifier(63),
        default: Some("egressor"),
        summary: "the name of the policy",
    },
    OptionSpec {
        key: REGION,
        kind: OptionKind::Identifier(63),
        default: None,
        summary: "the region of the policy, which is global without it",
    },
    OptionSpec {
        key: NETWORK,
        kind: OptionKind::Text,
        default: None,
        summary: "the network that the policy is for, in place of a variable",
    },
    OptionSpec {
        key: ACCOUNT,
        kind: OptionKind::Text,
        default: None,
        summary: "the service account of the instances, in place of a variable",
    },
    OptionSpec {
        key: TAG,
        kind: OptionKind::Text,
        default: None,
        summary: "the secure tag of the instances, such as `tagValues/123`, in place of service accounts",
    },
    OptionSpec {
        key: PRIORITY,
        kind: OptionKind::Number(0, 2_147_000_000),
        default: Some("1000"),
        summary: "the first priority of the rules that allow",
    },
    OptionSpec {
        key: DENY_PRIORITY,
        kind: OptionKind::Number(1, 2_147_000_001),
        default: Some("1000000"),
        summary: "the priority of the rules that deny the rest, and the one behind it",
    },
];

impl Target for GcpNetworkPolicy {
    fn name(&self) -> &'static str {
        "gcp-network-policy"
    }

    fn summary(&self) -> &'static str {
        "Terraform network firewall policy of Google Cloud, by name where names are exact, with the rules that deny the rest"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::NamesFirst, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::DenyRest, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_NAMES, MAX_ADDRESSES, MAX_RANGES, MAX_NAME]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/gcp-network-policy.tf.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::GcpNetworkPolicyHcl, &list::GcpNetworkPolicyList, &state::GcpNetworkPolicyState]
    }
}
