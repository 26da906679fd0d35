//! What the readers of Terraform have in common: fields that may not be known, and lists of them.

use crate::diag::{Code, Finding, Place};
use crate::packet::{Prefix, PrefixError, TransportSet};
use crate::policy::Unmodelled;
use crate::syntax::hcl::{Block, Kind, Value};

/// The types of resources that are rules of security groups, and the one that is a rule of a VPC network.
pub(in crate::targets) const SECURITY_GROUPS: [&str; 5] = [
    "aws_security_group",
    "aws_default_security_group",
    "aws_security_group_rule",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
];
pub(in crate::targets) const FIREWALL: &str = "google_compute_firewall";

/// How the types of resources start that decide about packets beside security groups and firewall rules, and that no
/// reader reads.
const BESIDE: [&str; 8] = [
    "aws_networkfirewall_firewall",
    "aws_route53_resolver_firewall_",
    "aws_vpc_block_public_access_",
    "azurerm_firewall",
    "azurerm_network_security_perimeter",
    "google_compute_firewall_policy",
    "google_compute_organization_security_policy",
    "google_network_security_gateway_security_policy",
];

/// What starts like one of those and is read.
const READ: [&str; 1] = ["azurerm_firewall_policy_rule_collection_group"];

/// Reports whether a resource of a type decides about packets and is read by no reader. It is named instead.
pub(in crate::targets) fn is_beside(kind: &str) -> bool {
    !READ.contains(&kind) && BESIDE.iter().any(|start| kind.starts_with(start))
}

/// The finding for a resource or a module that may decide about packets and is not read.
pub(in crate::targets) fn not_read(block: &Block) -> Option<Finding> {
    let kind = block.labels.first().map_or("", String::as_str);
    let message = if block.kind == "resource" && is_beside(kind) {
        format!("`{}` also decides about packets and is not read", block.address())
    } else if block.kind == "module" {
        format!("`{}` may declare rules of its own and is not read", block.address())
    } else {
        return None;
    };
    Some(found(Code::ReadNotCompared, message, &block.place))
}

/// Services that may be meant, and what decides it; nothing does where they surely are.
pub(in crate::targets) type Doubtful = (TransportSet, Vec<Unmodelled>);

/// A field as a file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::targets) enum Stated<T> {
    /// Not at all.
    Absent,
    /// As this value.
    Known(T),
    /// As an expression that only Terraform can compute.
    Unknown(String),
}

/// A field of a Terraform file. A value of the wrong type is as good as none.
pub(in crate::targets) fn stated<T>(
    value: Option<&Value>,
    literal: impl Fn(&Value) -> Option<T>,
) -> Stated<T> {
    match value {
        None => Stated::Absent,
        Some(value) => match value.unknown() {
            Some(text) => Stated::Unknown(text.to_owned()),
            None => literal(value).map_or(Stated::Absent, Stated::Known),
        },
    }
}

/// The members of a list; a value that is no list stands for itself, as an expression for a list does.
pub(in crate::targets) fn items(value: &Value) -> &[Value] {
    if let Kind::List(items) = &value.kind { items } else { std::slice::from_ref(value) }
}

/// A block as providers take it: with a length, and without host bits.
pub(in crate::targets) fn block(text: &str) -> Result<Prefix, String> {
    let prefix: Prefix = text.parse().map_err(|error: PrefixError| error.to_string())?;
    if text.contains('/') {
        Ok(prefix)
    } else {
        Err(format!("`{text}` has no prefix length; write `{prefix}`"))
    }
}

/// A finding at a place.
pub(in crate::targets) fn found(code: Code, message: impl Into<String>, place: &Place) -> Finding {
    Finding { place: Some(place.clone()), ..Finding::new(code, message) }
}

/// A condition that is not modelled.
pub(in crate::targets) fn unknown(text: &str, why: &str) -> Unmodelled {
    Unmodelled { text: text.to_owned(), why: why.to_owned() }
}

/// The finding for a condition that is not modelled.
pub(in crate::targets) fn unmodelled(part: &Unmodelled, place: &Place) -> Finding {
    found(Code::ReadUnmodelled, format!("`{}` is not known: {}", part.text, part.why), place)
}
