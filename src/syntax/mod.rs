//! The syntaxes that rules are written in: how each is read, with spans, and how each quotes a text.
//!
//! Nothing here knows what a rule is.

pub mod declared;
pub mod hcl;
pub mod json;
pub mod prefix_list;
pub mod squid;
pub mod terraform;
pub mod text;
pub mod words;
pub mod yaml;
