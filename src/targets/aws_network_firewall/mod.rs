//! AWS Network Firewall, as a stateful rule group in Terraform.
//!
//! Names are those that a connection tells in the open: the server name of TLS, the host of HTTP. In the form `suricata`
//! a group passes names and addresses at their ports, and drops the rest; in the form `domain-list` it lists names, at
//! whatever port. A rule group means something once it stands in a firewall policy: one with strict order, and with
//! `aws:drop_established` as its default action (AWS Network Firewall Developer Guide, "Managing evaluation order for
//! Suricata compatible rules").
//!
//! The rest is dropped once a connection of TCP is open, for before that no name is known. Rules that look at the first
//! packet alone are tried before all that need more.

mod describe;
mod group;
mod hcl;
mod judge;
mod lift;
mod lower;
mod name;
mod rules;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::targets::told::reason::Room;

/// Stateful rule groups of AWS Network Firewall.
#[derive(Debug)]
pub(super) struct AwsNetworkFirewall;

const TEMPLATE: &str = "aws-network-firewall.tf.tera";
const DOMAINS_TEMPLATE: &str = "aws-network-firewall-domains.tf.tera";

/// The type of resource that is a rule group.
const GROUP: &str = "aws_networkfirewall_rule_group";

/// The option that says in which form rules are written.
const FORM: &str = "aws-network-firewall.form";
const NAME: &str = "aws-network-firewall.name";

const QUOTAS: &str = "https://docs.aws.amazon.com/network-firewall/latest/developerguide/quotas.html";

const MAX_CAPACITY: Limit = Limit {
    what: "capacity of a stateful rule group: one for each rule or domain",
    max: 30_000,
    source: QUOTAS,
};

const MAX_RULE: Limit = Limit {
    what: "characters of a rule; longer lists are split into several rules",
    max: 8192,
    source: QUOTAS,
};

const MAX_TEXT: Limit = Limit { what: "bytes of the rules of a group", max: 2_000_000, source: QUOTAS };

/// What a message says; its characters mean nothing to Suricata or to HCL.
const MESSAGE: Room =
    Room { limit: 400, allowed: |char| char.is_ascii_alphanumeric() || " ._-:/(),@+=".contains(char) };

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: FORM,
        kind: OptionKind::Choice(&["suricata", "domain-list"]),
        default: Some("suricata"),
        summary: "rules for names and addresses at their ports, or a list of names at any port",
    },
    OptionSpec {
        key: NAME,
        kind: OptionKind::Identifier(128),
        default: Some("egressor"),
        summary: "the name of the rule group",
    },
];

impl Target for AwsNetworkFirewall {
    fn name(&self) -> &'static str {
        "aws-network-firewall"
    }

    fn summary(&self) -> &'static str {
        "Terraform rule group of AWS Network Firewall: Suricata rules by name, or a domain list"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::NamesFirst, scoping: Scoping::Host, ingress: Ingress::Unsaid }
    }

    fn needs(&self) -> &'static [Need] {
        &[]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_CAPACITY, MAX_RULE, MAX_TEXT]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (TEMPLATE, include_str!("../../../templates/aws-network-firewall.tf.tera")),
            (DOMAINS_TEMPLATE, include_str!("../../../templates/aws-network-firewall-domains.tf.tera")),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::AwsNetworkFirewallHcl, &describe::AwsNetworkFirewallDescribe, &state::AwsNetworkFirewallState]
    }
}
