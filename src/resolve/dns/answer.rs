//! What was learnt of a name, and how several answers become one.

use super::given::{Given, Resolvers};
use super::question::Said;
use crate::packet::Hostname;
use crate::resolve::outcome::{Outcome, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What was learnt of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The name.
    pub name: Hostname,
    /// Its IPv4 addresses.
    pub a: FamilyAnswer,
    /// Its IPv6 addresses.
    pub aaaa: FamilyAnswer,
}

/// What was learnt of one family of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyAnswer {
    /// How the lookup ended.
    pub outcome: Outcome,
    /// Each address with the servers that gave it. Empty unless the outcome is an answer.
    pub addresses: Given,
    /// The aliases on the way, in order.
    pub cname: Vec<Hostname>,
    /// The least time to live on the way, in seconds.
    pub ttl: Option<u32>,
    /// How it ended at each server that was heard, where there are several.
    pub heard: BTreeMap<String, Outcome>,
    /// Whether one round gave other addresses than another.
    pub rotating: bool,
}

/// Two servers that say nothing alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The server that gave addresses.
    pub gives: String,
    /// The one that gave none of them.
    pub differs: String,
    /// How it ended there.
    pub outcome: Outcome,
}

impl FamilyAnswer {
    /// A lookup that gave nothing.
    pub fn failed(outcome: Outcome) -> Self {
        Self {
            outcome,
            addresses: Given::default(),
            cname: Vec::new(),
            ttl: None,
            heard: BTreeMap::new(),
            rotating: false,
        }
    }

    pub(super) fn of(said: Said, server: &Resolvers) -> Self {
        let addresses = said.addresses.into_iter().map(|addr| (addr, server.clone())).collect();
        Self { addresses, cname: said.cname, ttl: said.ttl, ..Self::failed(said.outcome) }
    }

    /// The answer with a note of whose it is, to compare it with those of other servers.
    pub(super) fn signed(mut self, server: &str) -> Self {
        self.heard.insert(server.to_owned(), self.outcome);
        self
    }

    /// Both answers as one. Any address makes it an answer; that there is none is only certain when nobody failed.
    pub(super) fn united(self, other: Self) -> Self {
        let (mut best, rest) =
            if rank(other.outcome) < rank(self.outcome) { (other, self) } else { (self, other) };
        best.addresses = best.addresses.and(rest.addresses);
        if rest.outcome == best.outcome {
            best.ttl = best.ttl.into_iter().chain(rest.ttl).min();
        }
        for (server, outcome) in rest.heard {
            let known = best.heard.entry(server).or_insert(outcome);
            if rank(outcome) < rank(*known) {
                *known = outcome;
            }
        }
        best.rotating |= rest.rotating;
        best
    }

    /// What the rounds so far and the next one gave, as one.
    pub(super) fn and_then(self, next: Self) -> Self {
        let answered = self.outcome == Outcome::Answer && next.outcome == Outcome::Answer;
        let differs = answered && !self.addresses.addresses().eq(next.addresses.addresses());
        let mut all = self.united(next);
        all.rotating |= differs;
        all
    }

    /// Two servers that have nothing in common: each gave addresses that the other did not, or one gave some and the
    /// other is certain that there are none.
    pub fn disagreement(&self) -> Option<Disagreement> {
        let by_server = |server: &str| -> BTreeSet<IpAddr> {
            let by = self.addresses.iter().filter(|(_, servers)| servers.contains(server));
            by.map(|(addr, _)| addr).collect()
        };
        let giving = || self.heard.iter().filter(|(_, outcome)| **outcome == Outcome::Answer);
        for (gives, _) in giving() {
            let mine = by_server(gives);
            for (differs, outcome) in &self.heard {
                let apart = match outcome.verdict() {
                    Verdict::Gone => true,
                    Verdict::Answered => differs != gives && mine.is_disjoint(&by_server(differs)),
                    Verdict::Failed => false,
                };
                if apart {
                    let (gives, differs) = (gives.clone(), differs.clone());
                    return Some(Disagreement { gives, differs, outcome: *outcome });
                }
            }
        }
        None
    }
}

/// The order in which outcomes outweigh each other: addresses, then failures, those that say most first, then absence.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Answer => 0,
        Outcome::RefusedAddress => 1,
        Outcome::Disputed => 2,
        Outcome::Bogus => 3,
        Outcome::CnameLoop => 4,
        Outcome::Truncated => 5,
        Outcome::ServFail => 6,
        Outcome::Refused => 7,
        Outcome::Timeout => 8,
        Outcome::NoData => 9,
        Outcome::DanglingCname => 10,
        Outcome::NxDomain => 11,
    }
}
