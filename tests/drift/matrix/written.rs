//! The file of one target, and what it should mean by what the target was asked for and declared.

use super::policy::Unasked;
use super::probe::Far;
use super::table;
use egressor::diag::any_error;
use egressor::drift::Kind;
use egressor::ops::show;
use egressor::packet::{PacketSet, PeerSet, Set};
use egressor::policy::{Direction, Policy, Scope};
use egressor::targets::{Lowered, Target};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The file of one target, and what it should mean.
pub(crate) struct Written {
    pub(crate) target: &'static str,
    pub(crate) folder: PathBuf,
    /// What it should allow.
    pub(crate) means: BTreeMap<Direction, PacketSet>,
    /// What it was not asked, or cannot say, and the words for it.
    pub(crate) lost: Vec<(Direction, PacketSet, String)>,
    /// Whether its rules name hosts and know no addresses.
    pub(crate) names_only: bool,
    /// The kinds of peers that its rules speak about, where it has rules.
    pub(crate) knows: BTreeMap<Direction, BTreeSet<Kind>>,
}

/// What somebody asks of a target.
pub(crate) struct Demand {
    pub(crate) policy: Policy,
    pub(crate) unasked: Vec<(Direction, PacketSet, Unasked)>,
    pub(crate) names_only: bool,
}

impl Written {
    pub(crate) fn new(
        target: &'static dyn Target,
        folder: PathBuf,
        demand: Demand,
        lowered: &Lowered,
    ) -> Self {
        let mut means: BTreeMap<Direction, PacketSet> = BTreeMap::new();
        let of = |scope: &Scope, part: fn(&egressor::targets::Loss) -> &PacketSet| {
            let losses = lowered.losses.iter().filter(|loss| loss.scope == *scope);
            PacketSet::union_all(&losses.map(|loss| part(loss).clone()).collect::<Vec<_>>())
        };
        for set in &demand.policy.sets {
            let asked = set.allows().at_least.union(&of(&set.scope, |loss| &loss.excess));
            let said = asked.subtract(&of(&set.scope, |loss| &loss.missing));
            let all = means.entry(set.scope.direction).or_default();
            *all = all.union(&said);
        }
        let mut lost: Vec<_> = demand
            .unasked
            .into_iter()
            .map(|(direction, packets, why)| (direction, packets, why.words().to_owned()))
            .collect();
        for loss in &lowered.losses {
            let packets = loss.excess.union(&loss.missing);
            if !packets.is_empty() {
                lost.push((loss.scope.direction, packets, table::words(&loss.why)));
            }
        }
        let shown = show(std::slice::from_ref(&folder));
        assert!(!any_error(&shown.findings), "{}: {:#?}", target.name(), shown.findings);
        let mut knows: BTreeMap<Direction, BTreeSet<Kind>> = BTreeMap::new();
        for set in &shown.policy.sets {
            let kinds = knows.entry(set.scope.direction).or_default();
            for peers in set.rules.iter().filter_map(|rule| rule.matches.peer.set()).chain([&set.universe]) {
                kinds.extend(kinds_of(peers));
            }
        }
        Self { target: target.name(), folder, means, lost, names_only: demand.names_only, knows }
    }

    pub(crate) fn allows(&self, direction: Direction) -> PacketSet {
        self.means.get(&direction).cloned().unwrap_or_default()
    }
}

pub(crate) fn kinds_of(peers: &PeerSet) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| !peers.intersect(&kind.peers()).is_empty()).collect()
}

pub(crate) fn kind_of(far: &Far) -> Kind {
    match far {
        Far::Addr(addr) if addr.is_ipv4() => Kind::V4,
        Far::Addr(_) => Kind::V6,
        Far::Name(..) => Kind::Names,
        Far::Group(_) => Kind::Groups,
    }
}
