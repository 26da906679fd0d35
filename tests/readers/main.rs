//! The readers of rules in JSON: what the vendors' tools print, and Terraform's states and plans.

#[cfg(test)]
mod aws;
#[cfg(test)]
mod gcp;
#[cfg(test)]
mod support;
