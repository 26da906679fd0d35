//! Managed prefix lists of AWS, as Terraform resources: addresses by name, for security groups, route tables and firewalls.
//!
//! A list has addresses of one family and neither protocol nor ports: whoever refers to it decides on them. So there is one
//! for each set of services, whose tags say which are meant; with rules of a security group beside, the lists are a form of
//! the target `aws-security-group`.

mod describe;
mod hcl;
mod lift;
mod lower;
mod state;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// Managed prefix lists.
#[derive(Debug)]
pub(super) struct AwsPrefixList;

const TEMPLATE: &str = "aws-prefix-list.tf.tera";

/// What a file says that has no list, so that it is still known for what it is.
const NO_LIST: &str = "No aws_ec2_managed_prefix_list: nothing is allowed, and what was is taken away.";

const QUOTAS: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html";

const MAX_ENTRIES: Limit = Limit { what: "entries of a managed prefix list", max: 1000, source: QUOTAS };
const MAX_LISTS: Limit =
    Limit { what: "managed prefix lists of an account in a region", max: 100, source: QUOTAS };
const MAX_NAME: Limit = Limit {
    what: "characters of a list's name",
    max: 255,
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateManagedPrefixList.html",
};
const MAX_DESCRIPTION: Limit = Limit {
    what: "characters of an entry's description",
    max: 255,
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AddPrefixListEntry.html",
};
const MAX_TAG: Limit = Limit {
    what: "characters of a tag's value",
    max: 256,
    source: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html",
};

const NAME: &str = "aws-prefix-list.name";
const ENTRIES: &str = "aws-prefix-list.max_entries";
const HEADROOM: &str = "aws-prefix-list.headroom";
const LISTS: &str = "aws-prefix-list.max_lists";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: NAME,
        kind: OptionKind::Identifier(64),
        default: Some("egressor"),
        summary: "what the names of the lists begin with",
    },
    OptionSpec {
        key: HEADROOM,
        kind: OptionKind::Number(0, 1000),
        default: Some("0"),
        summary: "how many entries each list may get beyond those it has; rules that refer to it count them all",
    },
    OptionSpec {
        key: ENTRIES,
        kind: OptionKind::Number(1, 1000),
        default: Some("1000"),
        summary: "how many entries a list may have; more addresses make more lists",
    },
    OptionSpec {
        key: LISTS,
        kind: OptionKind::Number(1, 10_000),
        default: Some("100"),
        summary: "the account's quota of lists in the region",
    },
];

impl Target for AwsPrefixList {
    fn name(&self) -> &'static str {
        "aws-prefix-list"
    }

    fn summary(&self) -> &'static str {
        "Terraform managed prefix lists of AWS: one for each set of services and family, which its tags name"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_ENTRIES, MAX_LISTS, MAX_NAME, MAX_DESCRIPTION, MAX_TAG]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/aws-prefix-list.tf.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::AwsPrefixListHcl, &describe::AwsPrefixListDescribe, &state::AwsPrefixListState]
    }
}
