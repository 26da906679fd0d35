//! What one rule asks of a packet and what it does.

use super::unmodelled::Condition;
use super::verdict::Verdict;
use crate::diag::Span;
use crate::packet::{AddrSet, Prefix, Set, TransportSet};
use crate::targets::packet_filters::ip_sets::Sets;
use crate::targets::packet_filters::region::{Family, States};

/// A rule of a chain: what its line says, and what it says otherwise than other lines of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// What the line says, as the number of a [`Spec`] of its table.
    pub(super) spec: usize,
    /// The address that the spec leaves out, where lines share it.
    pub(super) address: Option<(End, Prefix)>,
    /// The line.
    pub(super) span: Span,
}

/// An end of a packet, as the packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum End {
    /// Where it comes from: `-s`.
    Source,
    /// Where it goes: `-d`.
    Destination,
}

/// A rule as written, before it is known from which built-in chain it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// `-s`.
    pub(super) source: Option<AddrSet>,
    /// `-d`.
    pub(super) destination: Option<AddrSet>,
    /// `-p`, ports, ICMP types.
    pub(super) transport: Option<TransportSet>,
    /// `-m set`, where members have services.
    pub(super) among: Option<Among>,
    /// States of the connection.
    pub(super) states: States,
    /// `-i`.
    pub(super) input: Option<Interface>,
    /// `-o`.
    pub(super) output: Option<Interface>,
    /// What else must hold.
    pub(super) conditions: Vec<Condition>,
    /// What happens.
    pub(super) verdict: Verdict,
    /// The ipset whose members the rule changes.
    pub(super) changes: Option<String>,
    /// The first line that says so.
    pub(super) span: Span,
}

impl Spec {
    /// The slot of an address.
    pub(super) fn end(&mut self, end: End) -> &mut Option<AddrSet> {
        match end {
            End::Source => &mut self.source,
            End::Destination => &mut self.destination,
        }
    }

    /// Reports whether no packet can match, wherever the rule stands.
    pub(super) fn is_impossible(&self) -> bool {
        self.states.is_empty()
            || self.source.as_ref().is_some_and(Set::is_empty)
            || self.destination.as_ref().is_some_and(Set::is_empty)
            || self.transport.as_ref().is_some_and(Set::is_empty)
            || self.among.as_ref().is_some_and(|among| among.products.is_empty())
    }
}

/// Addresses at one end of a packet, each with the services that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Among {
    /// The end.
    pub(super) end: End,
    /// Products that share no packet.
    pub(super) products: Vec<(AddrSet, TransportSet)>,
}

/// An interface that a packet must or must not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    /// `eth0`, `lo`, `wg+`.
    pub(super) name: String,
    /// Whether `!` stands before it.
    pub(super) negated: bool,
    /// Where it stands.
    pub(super) span: Span,
}

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In words, for a finding.
    pub(super) message: String,
    /// The words that are wrong.
    pub(super) span: Span,
}

/// What is known beside the rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The family of its table.
    pub(super) family: Family,
    /// The sets whose members are known.
    pub(super) sets: &'a Sets,
}
