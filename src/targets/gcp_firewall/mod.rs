//! VPC firewall rules of Google Cloud, as Terraform resources.
//!
//! A rule holds blocks of one family, so IPv4 and IPv6 stand in rules of their own. Endpoints that need the same
//! services at the same addresses share a rule, so that an address more changes one rule in place.
//!
//! Google Cloud allows all egress that no rule denies ("VPC firewall rules", "Implied rules"), so an allowlist bites
//! only with a rule that denies the rest, one for each family; it is the one need of this target. Ingress is denied
//! by default. Rules are stateful, so replies pass, and the metadata server can always be reached.

mod hcl;
mod lift;
mod list;
mod lower;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::targets::told::reason::Room;

/// VPC firewall rules of Google Cloud.
#[derive(Debug)]
pub(super) struct GcpFirewall;

const TEMPLATE: &str = "gcp-firewall.tf.tera";

/// VPC resource quotas, "Per firewall rule": source or destination ranges.
const MAX_RANGES: Limit = Limit {
    what: "address ranges per rule; more are split into several rules",
    max: 5000,
    source: "https://cloud.google.com/vpc/docs/quota",
};

/// Compute Engine API, `Firewall.name`: `[a-z]([-a-z0-9]{0,61}[a-z0-9])?`.
const MAX_NAME: Limit = Limit {
    what: "characters of a rule's name; longer ones are cut and stay unique",
    max: 63,
    source: "https://cloud.google.com/compute/docs/reference/rest/v1/firewalls",
};

/// The API's reference names no limit for descriptions; this is what fits on a page.
const DESCRIPTION: Room = Room { limit: 1000, allowed: |_| true };

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "gcp.network",
        kind: OptionKind::Text,
        default: None,
        summary: "the network, in place of a variable",
    },
    OptionSpec {
        key: "gcp.target_tags",
        kind: OptionKind::Identifier(63),
        default: None,
        summary: "the network tag of the instances, in place of a variable",
    },
    OptionSpec {
        key: "gcp.prefix",
        kind: OptionKind::Identifier(20),
        default: Some("egressor"),
        summary: "how the names of the rules start",
    },
    OptionSpec {
        key: "gcp.priority",
        kind: OptionKind::Number(0, 65_534),
        default: Some("1000"),
        summary: "the priority of the rules that allow",
    },
    OptionSpec {
        key: "gcp.deny_priority",
        kind: OptionKind::Number(1, 65_535),
        default: Some("65534"),
        summary: "the priority of the rules that deny the rest",
    },
];

impl Target for GcpFirewall {
    fn name(&self) -> &'static str {
        "gcp-firewall"
    }

    fn summary(&self) -> &'static str {
        "Terraform VPC firewall rules of Google Cloud, with the rules that deny the rest"
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::DenyRest, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_RANGES, MAX_NAME]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/gcp-firewall.tf.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::GcpFirewallHcl, &list::GcpFirewallList, &state::GcpFirewallState]
    }
}
