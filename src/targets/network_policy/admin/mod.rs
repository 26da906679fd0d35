//! The policies of a cluster's administrator: `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, and
//! `ClusterNetworkPolicy`, which takes the place of both.
//!
//! Admin policies are tried first, by their priority; then each NetworkPolicy that selects the pod, which decide whatever
//! they are asked; then, where there are none, the baseline. A rule that passes hands the packet on to what is tried next.
//! <https://network-policy-api.sigs.k8s.io/api-overview/>

pub(super) mod lift;
mod matches;
pub(super) mod read;

use super::traffic::PortMatch;
use crate::diag::Span;
use crate::packet::PeerSet;
use crate::policy::Direction;
use crate::syntax::kubernetes::block::Block;
use crate::syntax::kubernetes::pods::PodPeer;

/// The kinds of objects.
pub(super) const KINDS: [&str; 3] =
    ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"];

/// When a policy is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Before any `NetworkPolicy`.
    Admin,
    /// Where no NetworkPolicy selects the pod.
    Baseline,
}

/// One policy.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    /// Where the object stands.
    pub(super) span: Span,
    /// Its kind and name.
    pub(super) name: String,
    /// When it is tried.
    pub(super) tier: Tier,
    /// Among those of its tier: the lower, the earlier.
    pub(super) priority: u16,
    /// The pods that it is about.
    pub(super) subject: Vec<PodPeer>,
    /// Its rules, in their order.
    pub(super) rules: Vec<(Direction, AdminRule)>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The packet passes.
    Allow,
    /// It does not.
    Deny,
    /// What is tried next decides.
    Pass,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct AdminRule {
    /// Where it stands.
    pub(super) span: Span,
    /// What it does.
    pub(super) verdict: Verdict,
    /// Its peers, at least one.
    pub(super) peers: Vec<AdminPeer>,
    /// Its services; `None` when all are meant.
    pub(super) ports: Option<Vec<AdminPort>>,
}

/// A peer of a rule.
#[derive(Debug, Clone)]
pub(super) enum AdminPeer {
    /// Pods, nodes or names: a set that is known by what it is called.
    Known(PeerSet),
    /// Addresses.
    Network(Block),
}

/// A port of a rule.
#[derive(Debug, Clone)]
pub(super) enum AdminPort {
    /// One that a NetworkPolicy could have.
    Of(PortMatch),
    /// The port that the container gives this name, whichever number and protocol that is.
    Named(String),
}
