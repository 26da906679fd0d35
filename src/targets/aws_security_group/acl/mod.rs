//! AWS network ACLs: the numbered rules of subnets, which are read and not written.
//!
//! "Network ACLs" in the Amazon VPC User Guide: the rule with the lowest number that matches a packet decides, and a last
//! rule, `*`, denies the rest. An ACL keeps no state: what answers a connection is looked at by the rules of the other
//! direction, so a connection exists only where both let their half pass. That is what a scope stands for here; see
//! `returns`.

pub(super) mod describe;
mod entry;
pub(super) mod hcl;
mod lift;
mod returns;
pub(super) mod state;

/// The types of resources that are ACLs, and the one that is a rule of one.
const ACLS: [&str; 2] = ["aws_network_acl", "aws_default_network_acl"];
const RULE: &str = "aws_network_acl_rule";
const TYPES: [&str; 3] = ["aws_network_acl", "aws_default_network_acl", RULE];
