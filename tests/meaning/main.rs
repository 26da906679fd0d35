//! Every reader and every comparison against evaluators that are written here, packet by packet.
//!
//! Each format has a model of its own: random rules, how they decide about a packet, how they are spelt in files, how
//! they are rewritten without effect, and how one thing of them is changed. What is probed is the JSON of `show` and
//! `diff`, read by an evaluator of rows that knows nothing of the crate.

#![cfg(test)]

mod admin_network_policy;
mod agreement;
mod aws;
mod aws_network_acl;
mod aws_network_firewall;
mod aws_prefix_list;
mod azure;
mod azure_firewall;
mod calico;
mod cilium;
mod dice;
mod egress_firewall;
mod envoy;
mod gcp;
mod gcp_policy;
mod gke;
mod haproxy;
mod ipset;
mod iptables;
mod istio;
mod law;
mod network_policy;
mod nftables;
mod pan_edl;
mod plain;
mod rows;
mod squid;
mod tinyproxy;
mod world;
