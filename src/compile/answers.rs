//! The addresses of hosts, and how each is known.

use crate::packet::{Hostname, Prefix};
use std::collections::BTreeMap;

/// How an address of a host is known. Dedicated addresses are in the catalog and better than both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The vendor publishes it.
    Published,
    /// The DNS answered it.
    Dns,
}

/// What is known about one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The addresses.
    pub addresses: Vec<(Prefix, Evidence)>,
    /// Why the addresses may be out of date, and since when.
    pub stale: Option<String>,
    /// Whether answers of the DNS change from one lookup to the next.
    pub rotates: bool,
    /// How the last lookup failed, in words.
    pub failure: Option<String>,
}

/// What is known about all hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<Hostname, Answer>);

impl Answer {
    /// The best kind of evidence there is.
    pub fn kind(&self) -> Option<Evidence> {
        self.addresses.iter().map(|(_, evidence)| *evidence).min()
    }

    /// The addresses of the best kind of evidence there is.
    pub fn best(&self) -> Vec<Prefix> {
        let best = self.kind();
        self.addresses
            .iter()
            .filter(|(_, evidence)| Some(*evidence) == best)
            .map(|(prefix, _)| *prefix)
            .collect()
    }
}

impl Answers {
    /// The answers for these hosts.
    pub fn new(answers: impl IntoIterator<Item = (Hostname, Answer)>) -> Self {
        Self(answers.into_iter().collect())
    }

    /// What is known about a host.
    pub fn of(&self, host: &Hostname) -> Option<&Answer> {
        self.0.get(host)
    }
}
