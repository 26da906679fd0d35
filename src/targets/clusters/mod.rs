//! What targets for Kubernetes share: objects, the pods that they select, and the order of policies.

pub(super) mod component;
pub(super) mod kubernetes;
pub(super) mod selecting;
pub(super) mod tiers;
