//! A filter chain: what a connection must be for it, and what becomes of the connection.

use super::outcome::Outcome;
use crate::diag::Place;
use crate::packet::{AddrSet, Hostname, Prefix};

/// A server name that a chain is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ServerName {
    /// One name.
    Exact(Hostname),
    /// Everything below a name, of any depth, and not the name itself.
    Below(Hostname),
}

/// A filter chain.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The port that the client connects to, where one is asked.
    pub(super) port: Option<u16>,
    /// The blocks of the address that the client connects to; any when empty.
    pub(super) prefixes: Vec<Prefix>,
    /// The server names; any, and none, when empty.
    pub(super) names: Vec<ServerName>,
    /// `tls`, `raw_buffer`, or either.
    pub(super) transport: Option<String>,
    /// The blocks of the client; any when empty.
    pub(super) sources: Vec<Prefix>,
    /// What else is asked and is not modelled.
    pub(super) doubts: Vec<String>,
    /// What becomes of a connection.
    pub(super) outcome: Outcome,
    /// Where it stands.
    pub(super) place: Place,
}

/// A listener.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    /// Its name, or its port.
    pub(super) name: String,
    /// The port that it is bound to.
    pub(super) port: u16,
    /// Whether the address and port that the client meant are restored, so that any port may come in.
    pub(super) original: bool,
    /// Whether handshakes are looked at: without that, no name is seen in them.
    pub(super) inspects: bool,
    /// What may decide besides the chains.
    pub(super) doubts: Vec<String>,
    /// The chains.
    pub(super) chains: Vec<Chain>,
    /// What becomes of connections that no chain is for.
    pub(super) default: Option<(Outcome, Place)>,
    /// Where it stands.
    pub(super) place: Place,
}

/// The blocks that something is asked of, each less the longer ones among them, and what is in none of them. Where two
/// are the same, both have it.
pub(super) fn by_prefix<'a>(
    chains: &[&'a Chain],
    of: impl Fn(&Chain) -> &[Prefix],
) -> Vec<(AddrSet, Vec<&'a Chain>)> {
    let mut blocks: Vec<Prefix> = chains.iter().flat_map(|chain| of(chain).to_vec()).collect();
    blocks.sort_by_key(|block| (std::cmp::Reverse(block.len()), *block));
    blocks.dedup();
    let mut taken = AddrSet::default();
    let mut parts = Vec::new();
    for block in blocks {
        let whole = AddrSet::of([block]);
        let own = crate::packet::Set::subtract(&whole, &taken);
        taken = crate::packet::Set::union(&taken, &whole);
        let those: Vec<&Chain> = chains.iter().copied().filter(|chain| of(chain).contains(&block)).collect();
        parts.push((own, those));
    }
    let rest = AddrSet { v4: taken.v4.complement(), v6: taken.v6.complement() };
    parts.push((rest, chains.iter().copied().filter(|chain| of(chain).is_empty()).collect()));
    parts.retain(|(set, _)| !crate::packet::Set::is_empty(set));
    parts
}
