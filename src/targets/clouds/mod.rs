//! What targets for clouds share: Terraform, the objects of vendors, prefix lists and service tags.

pub(super) mod aws_fields;
pub(super) mod gcp_network;
pub(super) mod gcp_service;
pub(super) mod managed_entries;
pub(super) mod managed_lists;
pub(super) mod objects;
pub(super) mod service_tags;
pub(super) mod tagged;
pub(super) mod terraform;
