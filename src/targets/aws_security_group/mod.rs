//! AWS security groups, as Terraform resources.
//!
//! Written is one `aws_vpc_security_group_egress_rule` or `_ingress_rule` for each protocol, range of ports and block
//! of addresses. Rules with several blocks, and rules inside `aws_security_group`, are replaced or rewritten as a
//! whole when one address changes; these are not. On request, the blocks become entries of managed prefix lists, each of
//! them a resource too, or the JSON that `aws ec2 authorize-security-group-egress --ip-permissions` takes.
//!
//! A security group needs nothing besides the endpoints: it is stateful, so replies pass, and it does not filter the
//! Amazon DNS server, DHCP, the instance metadata service or the time service (Amazon VPC User Guide, "Security group
//! rules"). It is closed by default, but a group made outside of Terraform starts with a rule that allows all egress,
//! which no added rule takes back; the head of the file says so.

mod acl;
mod asking;
mod describe;
mod entries;
mod hcl;
mod lift;
mod lists;
mod lower;
mod peer;
mod permissions;
mod service;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;
use crate::targets::told::reason::Room;

/// AWS security groups.
#[derive(Debug)]
pub(super) struct AwsSecurityGroup;

/// What a file says that has no rule, so that it is still known for what it is.
const NO_RULE: &str = "No aws_vpc_security_group rule: nothing is allowed, and what was is taken away.";

const TEMPLATE: &str = "aws-security-group.tf.tera";
const LISTS_TEMPLATE: &str = "aws-security-group-lists.tf.tera";
const PERMISSIONS_TEMPLATE: &str = "aws-security-group-permissions.json.tera";

/// The option that says in which form rules are written.
const FORM: &str = "aws.form";

/// Amazon VPC quotas: "Inbound or outbound rules per security group", enforced separately for IPv4 and IPv6.
const MAX_RULES: Limit = Limit {
    what: "rules per security group, direction and family",
    max: 60,
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
};

const MAX_ENTRIES: Limit = Limit {
    what: "entries of a managed prefix list, each of which counts as a rule",
    max: 1000,
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
};

const MAX_DESCRIPTION: Limit = Limit {
    what: "characters of a rule's description",
    max: 255,
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html",
};

/// EC2's `IpRange`: "Up to 255 characters in length. Allowed characters are a-z, A-Z, 0-9, spaces, and
/// `._-:/()#,@[]+=&;{}!$*`".
const DESCRIPTION: Room = Room {
    limit: MAX_DESCRIPTION.max,
    allowed: |char| char.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(char),
};

/// EC2's `AddPrefixListEntry` takes the same characters but for `&`.
const ENTRY: Room =
    Room { limit: MAX_DESCRIPTION.max, allowed: |char| char != '&' && (DESCRIPTION.allowed)(char) };

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: FORM,
        kind: OptionKind::Choice(&["rules", "prefix-lists", "ip-permissions"]),
        default: Some("rules"),
        summary: "one Terraform rule for each block, one for each managed prefix list, or JSON for the AWS command line",
    },
    OptionSpec {
        key: "aws.security_group_id",
        kind: OptionKind::Identifier(64),
        default: None,
        summary: "the id of the group, in place of a variable",
    },
    OptionSpec {
        key: "aws.variable",
        kind: OptionKind::Identifier(64),
        default: Some("security_group_id"),
        summary: "the variable that gives the id of the group",
    },
    OptionSpec {
        key: "aws.max_rules",
        kind: OptionKind::Number(1, 1000),
        default: Some("60"),
        summary: "the account's quota of rules per group, direction and family",
    },
];

impl Target for AwsSecurityGroup {
    fn name(&self) -> &'static str {
        "aws-security-group"
    }

    fn summary(&self) -> &'static str {
        "Terraform rules of an AWS security group, one per protocol, ports and CIDR"
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_RULES, MAX_ENTRIES, MAX_DESCRIPTION]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (TEMPLATE, include_str!("../../../templates/aws-security-group.tf.tera")),
            (LISTS_TEMPLATE, include_str!("../../../templates/aws-security-group-lists.tf.tera")),
            (
                PERMISSIONS_TEMPLATE,
                include_str!("../../../templates/aws-security-group-permissions.json.tera"),
            ),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[
            &hcl::AwsSecurityGroupHcl,
            &describe::AwsSecurityGroupDescribe,
            &state::AwsSecurityGroupState,
            &acl::hcl::AwsNetworkAclHcl,
            &acl::describe::AwsNetworkAclDescribe,
            &acl::state::AwsNetworkAclState,
        ]
    }
}
