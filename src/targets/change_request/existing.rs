//! What existing rules already allow of a request, and what of them nobody asks for.

use super::cells;
use super::lower::{Peers, rollback, row, spread};
use super::row::{Row, Step};
use crate::packet::{AddrSet, Limit, NameSet, PacketSet, RowPeer, Set, TransportSet};
use crate::policy::{Bounds, Origin, Pair, RuleSet};
use crate::syntax::text::one_line;
use crate::targets::{Facts, Options};

/// The existing rules of one scope.
pub(super) struct Compared {
    allows: Bounds,
    /// The packets of peers that the rules can name: a filter of addresses says nothing of names.
    speaks: PacketSet,
}

impl Compared {
    /// The rules that stand against those that are wanted; none when there are none in that direction.
    pub(super) fn of(set: Option<&RuleSet>) -> Self {
        let nothing = || Bounds { at_least: PacketSet::default(), at_most: PacketSet::default() };
        Self {
            allows: set.map_or_else(nothing, RuleSet::allows),
            speaks: set.map_or_else(PacketSet::default, |set| {
                PacketSet::product(None, &set.universe, &TransportSet::full(), &true)
            }),
        }
    }

    /// What has to happen for some packets to pass, and what is to be known about it.
    pub(super) fn step(&self, packets: &PacketSet) -> (Step, String) {
        let said = packets.intersect(&self.speaks);
        if said.is_empty() {
            let words = if self.speaks.is_empty() { "" } else { "the existing rules cannot speak of it" };
            return (Step::Add, words.to_owned());
        }
        let missing = said.subtract(&self.allows.at_least);
        if missing.is_empty() {
            return (Step::Keep, "the existing rules allow it".to_owned());
        }
        if said.intersect(&self.allows.at_most).is_empty() {
            return (Step::Add, String::new());
        }
        let (names, addrs) = (cells::names(&missing.peer_names()).0, cells::blocks(&missing.peer_addrs()));
        let mut peers: Vec<String> = names.into_iter().chain(addrs).collect();
        let more = peers.len().saturating_sub(8);
        peers.truncate(8);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (
            Step::Modify,
            format!("a part is allowed; not surely allowed is what goes to {}{more}", cells::join(&peers)),
        )
    }
}

/// The rows for what exists and nobody asks for, each with the rule that allows it.
pub(super) fn removals(pair: &Pair<'_>, options: &Options) -> Vec<Row> {
    let Some(existing) = pair.new else { return Vec::new() };
    let asked = pair.old.map(|old| old.allows().at_least).unwrap_or_default();
    let unasked = existing.allows().at_most.subtract(&asked);
    let mut rows = Vec::new();
    // Existing rules are held to their limit when they are read, so here none is exceeded.
    let deciders = existing.deciders_at_most(Limit::NONE).unwrap_or_default();
    for (decision, packets) in deciders.within(&unasked).by_value() {
        let packets = packets.intersect(&unasked);
        let rule = existing.rule(decision);
        let name = match rule.map(|rule| &rule.origin) {
            Some(Origin::File(place)) => {
                let (line, _) = place.source.line_column(place.span.start);
                format!("{}:{line}", one_line(place.source.name()))
            }
            Some(Origin::System(words)) => one_line(words),
            Some(Origin::Endpoint(_) | Origin::Implied(_)) | None => {
                format!("default of {}", one_line(&existing.scope.name))
            }
        };
        let doubt = rule.is_some_and(|rule| !rule.unmodelled.is_empty());
        let base = Row {
            endpoint: name.clone(),
            action: Step::Remove.as_str().to_owned(),
            change: if doubt {
                "it may be allowed, and nobody asks for it"
            } else {
                "it is allowed, and nobody asks for it"
            }
            .to_owned(),
            justification: "no selected endpoint needs it".to_owned(),
            rollback: rollback(Step::Remove, &name),
            ..row(None, &Facts::default(), options)
        };
        for part in packets.rows() {
            let near: Vec<String> = part.source.as_ref().map(cells::blocks).unwrap_or_default();
            let (names, addrs, groups) = match &part.peer {
                RowPeer::Addrs(addrs) => (NameSet::default(), addrs.clone(), Vec::new()),
                RowPeer::Names(names, except) => {
                    (NameSet::of(names).subtract(&NameSet::of(except)), AddrSet::default(), Vec::new())
                }
                RowPeer::Groups(groups, _) => (NameSet::default(), AddrSet::default(), groups.clone()),
            };
            let services = part.transport.services();
            let direction = existing.scope.direction;
            let peers = Peers { near: &near, names: &names, addrs: &addrs };
            rows.extend(spread(&base, direction, &peers, &services, &Facts::default()));
            if !groups.is_empty() {
                let (protocol, port) = cells::services(&services);
                let groups = one_line(&cells::join(&groups));
                let base = Row { direction: direction.as_str().to_owned(), protocol, port, ..base.clone() };
                rows.push(match direction {
                    crate::policy::Direction::Egress => Row { destination: groups, ..base },
                    crate::policy::Direction::Ingress => Row { source: groups, ..base },
                });
            }
        }
    }
    rows
}
