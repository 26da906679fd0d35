//! What a rule set means, whoever wrote it: the one model that catalogs compile to and rule files lift to.

mod absent;
mod anomaly;
mod evaluate;
mod origin;
mod pair;
mod trace;
mod unknown;

pub use absent::Absent;
pub use anomaly::{Anomalies, Redundant, Shadow, Statement};
pub use evaluate::{Bounds, Decision, ScopeTooLarge, differing, is_plain};
pub use origin::{Justification, Need, Origin};
pub use pair::{Pair, pair_scopes, pair_scopes_as};
pub use trace::Step;
pub use unknown::{Fate, Unknowns};

use crate::packet::{AddrSet, Constraint, PacketSet, PeerSet, TransportSet};
use std::collections::BTreeMap;
use std::fmt;

/// Which way a packet that opens a connection goes, seen from what is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Out of it.
    Egress,
    /// Into it.
    Ingress,
}

impl Direction {
    /// The word that JSON and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a rule does with the packets it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Let them pass.
    Allow,
    /// Stop them.
    Deny,
}

/// What a rule set is attached to, and in which direction. Two sets compare when their scopes are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// A security group, a chain, the pods that a policy selects, a proxy.
    pub name: String,
    /// The direction that the rules speak about.
    pub direction: Direction,
}

impl fmt::Display for Scope {
    /// The name in backticks and the direction, or just the direction where the name says no more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name == self.direction.as_str() {
            write!(f, "{}", self.direction)
        } else {
            write!(f, "`{}` {}", self.name, self.direction)
        }
    }
}

/// Which pods a rule set is attached to, where it is attached to pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pods {
    /// The namespace.
    pub namespace: String,
    /// Labels that a pod must have, all of them.
    pub labels: BTreeMap<String, String>,
}

impl Pods {
    /// The pods as an opaque peer: `acme/app=agent,tier=web`.
    pub fn group(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("{}/{}", self.namespace, labels.join(","))
    }
}

/// Who or what is guarded by a rule set that a catalog asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The whole host or network: everything that runs there.
    Host,
    /// Pods with a network of their own.
    Pods(Pods),
    /// Pods that share their node's network, which pod policies do not govern.
    HostNetworkPods(Pods),
    /// The node itself, or a machine outside the cluster, which pod policies do not govern.
    Machine,
}

/// What a rule asks of a packet; all of it must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Match {
    /// The near end.
    pub source: Constraint<AddrSet>,
    /// The far end.
    pub peer: Constraint<PeerSet>,
    /// Protocol, ports, ICMP types.
    pub transport: Constraint<TransportSet>,
}

impl Match {
    /// A match of everything that the rule set speaks about.
    pub const ANY: Self = Self { source: Constraint::Any, peer: Constraint::Any, transport: Constraint::Any };
}

/// A condition of a rule that cannot be expressed as packets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmodelled {
    /// The condition as written, with spaces normalised; two that read the same are the same.
    pub text: String,
    /// Why it is not modelled.
    pub why: String,
}

/// What kind of packets a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// Packets that open a connection: what a policy is about.
    New,
    /// Packets of connections that were allowed when they were opened.
    Return,
    /// Packets that never leave the host.
    Loopback,
}

/// One statement of a rule set, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What happens to the packets.
    pub action: Action,
    /// Which packets.
    pub matches: Match,
    /// Which of them open connections, return or stay local.
    pub traffic: Traffic,
    /// Conditions that the match leaves out. Empty when the match is exact.
    pub unmodelled: Vec<Unmodelled>,
    /// Where the rule came from.
    pub origin: Origin,
}

/// The rules of one scope, in the order in which they are tried; the first that matches a packet decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// What they are attached to.
    pub scope: Scope,
    /// Who is guarded; [`Subject::Host`] where the file does not tell.
    pub subject: Subject,
    /// Which peers the rule set speaks about: one family, both, names, groups. A rule without a peer means these.
    pub universe: PeerSet,
    /// The rules.
    pub rules: Vec<Rule>,
    /// What happens to a packet that no rule matches.
    pub default: Action,
}

impl RuleSet {
    /// The packets that a match stands for in this rule set.
    pub fn packets(&self, matches: &Match) -> PacketSet {
        let everything = TransportSet::full();
        let transport = matches.transport.set().unwrap_or(&everything);
        let peers = matches.peer.set().unwrap_or(&self.universe);
        PacketSet::product(matches.source.set(), peers, transport, &true)
    }
}

/// The meaning of a whole set of rules: one rule set for each scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The rule sets, in the order of their scopes.
    pub sets: Vec<RuleSet>,
    /// What holds for scopes that have none.
    pub absent: Absent,
}

impl Policy {
    /// A policy of these rule sets, ordered by scope.
    pub fn new(mut sets: Vec<RuleSet>) -> Self {
        sets.sort_by(|a, b| a.scope.cmp(&b.scope));
        Self { sets, absent: Absent::default() }
    }

    /// Every rule with the scope it belongs to.
    pub fn rules(&self) -> impl Iterator<Item = (&Scope, &Rule)> {
        self.sets.iter().flat_map(|set| set.rules.iter().map(move |rule| (&set.scope, rule)))
    }
}
