//! The syntaxes that rules are written in: how each is read, with spans, and how each quotes a text.
//!
//! Nothing here knows what a rule is.

pub mod csv;
pub mod declared;
pub mod digest;
pub mod env;
pub mod expression;
pub mod glob;
pub mod haproxy;
pub mod hcl;
pub mod html;
pub mod ipset;
pub mod json;
pub(crate) mod kubernetes;
pub mod markdown;
pub mod nft;
pub mod prefix_list;
pub mod shell;
pub mod squid;
pub mod suricata;
pub mod terraform;
pub mod text;
pub mod tinyproxy;
pub mod words;
pub mod yaml;
