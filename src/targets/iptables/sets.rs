//! Sets of blocks for `ipset restore`, and the lines that look into them.

use super::SET_NAME;
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Prefix};
use crate::targets::packet_filters::accepted::{Accepted, Comments, Service};
use crate::targets::packet_filters::region::Family;
use crate::targets::{Artifact, Lowered};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines that differ in the block of their far end only.
#[derive(Debug)]
pub(super) struct Group {
    /// The blocks; `None` is every address.
    pub(super) peers: Vec<Option<Prefix>>,
    /// The near end.
    pub(super) source: Option<Prefix>,
    /// The service.
    pub(super) service: Service,
    /// Why, in words.
    pub(super) comment: Arc<str>,
}

/// The sets that lines need.
#[derive(Debug, Default)]
pub(super) struct Collected(Vec<Named>);

/// A set, as its template sees it.
#[derive(Debug, Serialize)]
struct Named {
    /// The name.
    name: String,
    /// The name of the set that is filled before it takes the other's place.
    next: String,
    /// `inet` or `inet6`.
    family: &'static str,
    /// How many elements it may have.
    room: String,
    /// The blocks, in order.
    elements: Vec<String>,
}

/// The elements that a set has room for unless it is told otherwise.
const USUAL_ROOM: usize = 65_536;

/// What lines of one group share: near end, service and comment.
type Alike = (Option<Prefix>, Service, Arc<str>);

/// The lines, those that differ in the block of their far end only as one.
pub(super) fn grouped(lines: Vec<Accepted>, comments: &mut Comments<'_>) -> Vec<Group> {
    let mut groups: BTreeMap<Alike, Vec<Option<Prefix>>> = BTreeMap::new();
    for Accepted { key: (peer, source, service), rules } in lines {
        groups.entry((source, service, comments.of(&rules))).or_default().push(peer);
    }
    let group =
        |((source, service, comment), peers)| Group { peers: merged(peers), source, service, comment };
    groups.into_iter().map(group).collect()
}

/// The fewest blocks that hold the same addresses.
fn merged(peers: Vec<Option<Prefix>>) -> Vec<Option<Prefix>> {
    let blocks: Option<Vec<Prefix>> = peers.into_iter().collect();
    match blocks {
        None => vec![None],
        Some(blocks) => AddrSet::of(blocks).prefixes().into_iter().map(Some).collect(),
    }
}

impl Collected {
    /// Adds a set for a chain and gives its name. A set takes no block of all addresses; none is among several that were
    /// merged.
    pub(super) fn add(
        &mut self,
        chain: &str,
        family: Family,
        peers: &[Option<Prefix>],
        lowered: &mut Lowered,
    ) -> String {
        let (digit, family) = match family {
            Family::V4 => ("4", "inet"),
            Family::V6 => ("6", "inet6"),
        };
        let name = format!("{chain}{digit}-{}", self.0.len().saturating_add(1));
        let next = format!("{name}+");
        if next.len() > SET_NAME {
            let message =
                format!("the set name `{next}` has {} characters, {SET_NAME} are allowed", next.len());
            lowered.findings.push(Finding::new(Code::TargetLimit, message));
        }
        let elements: Vec<String> = peers.iter().flatten().map(Prefix::to_string).collect();
        let room =
            elements.len().max(USUAL_ROOM).checked_next_power_of_two().unwrap_or(usize::MAX).to_string();
        self.0.push(Named { name: name.clone(), next, family, room, elements });
        name
    }

    /// Adds the file of the sets, if there are any.
    pub(super) fn finish(self, lowered: &mut Lowered) {
        if self.0.is_empty() {
            return;
        }
        let path = "egressor.ipset".to_owned();
        let model = serde_json::json!({ "sets": self.0 });
        lowered.artifacts.push(Artifact { path, template: "iptables-sets.ipset.tera", model: model.into() });
    }
}
