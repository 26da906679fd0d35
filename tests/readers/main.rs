//! The readers of rules in JSON: what the vendors' tools print, and Terraform's states and plans.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod equivalence;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod support;
