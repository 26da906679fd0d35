//! The rows of a difference, each with the rules that are responsible for it.

use super::Difference;
use crate::diag::Code;
use crate::packet::{AddressCount, Limit, NamePattern, PacketSet, Row, RowPeer, Set};
use crate::policy::{Action, Origin, Pair, RuleSet, ScopeTooLarge};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What happens to the packets of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// They are newly allowed.
    Added,
    /// They are no longer allowed.
    Removed,
    /// They may be newly allowed.
    MayOpen,
    /// They may be no longer allowed.
    MayClose,
    /// They may be either.
    MayEither,
}

impl Effect {
    /// Reports whether the packets are allowed afterwards, or may be.
    pub fn may_open(self) -> bool {
        match self {
            Self::Added | Self::MayOpen | Self::MayEither => true,
            Self::Removed | Self::MayClose => false,
        }
    }
}

/// One product of packets that changed, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What happens to them.
    pub effect: Effect,
    /// The packets.
    pub row: Row,
    /// The rules that allow them, on the side that does.
    pub allowed_by: Vec<Origin>,
    /// The rules that stop them, on the side that does, but for what the system does by default.
    pub stopped_by: Vec<Origin>,
    /// What a catalog says of them, where one was asked.
    pub explained: Option<Explained>,
}

impl Change {
    /// The kind of finding that the change is. `wanted_is_new` tells which side is the project's, when one is.
    pub fn code(&self, wanted_is_new: Option<bool>) -> Code {
        let unmanaged = self.explained.as_ref().is_some_and(Explained::is_unmanaged);
        match (self.effect, wanted_is_new) {
            (Effect::MayOpen | Effect::MayClose | Effect::MayEither, _) => Code::DriftUnknown,
            (Effect::Added, Some(true)) | (Effect::Removed, Some(false)) => Code::DriftMissing,
            (Effect::Added, _) | (Effect::Removed, Some(_)) if unmanaged => Code::DriftUnmanaged,
            (Effect::Added | Effect::Removed, Some(_)) if self.has_expired() => Code::DriftExpired,
            (Effect::Added | Effect::Removed, Some(_)) => Code::DriftExcess,
            (Effect::Added, None) => Code::DriftAdded,
            (Effect::Removed, None) => Code::DriftRemoved,
        }
    }
}

impl Change {
    /// Reports whether none but expired endpoints ask for the packets.
    fn has_expired(&self) -> bool {
        let Some(explained) = &self.explained else { return false };
        let expired = |origin: &Origin| match origin {
            Origin::Endpoint(why) => {
                explained.ended.get(&why.endpoint).is_some_and(|ended| *ended == Ended::Expired)
            }
            Origin::Implied(_) | Origin::File(_) | Origin::System(_) => false,
        };
        !explained.by.is_empty() && explained.by.iter().all(expired)
    }
}

/// Why an endpoint is not wanted any longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Its last day has passed.
    Expired,
    /// It was disabled, at that place.
    Disabled(String),
}

/// What a catalog says of packets.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The endpoints that ask for some of them.
    pub by: Vec<Origin>,
    /// Those that no endpoint asks for.
    pub unmanaged: PacketSet,
    /// Endpoints that are not wanted any longer, by their ids.
    pub ended: BTreeMap<String, Ended>,
}

impl Explained {
    /// Reports whether no endpoint asks for some of the packets.
    pub fn is_unmanaged(&self) -> bool {
        !self.unmanaged.is_empty()
    }
}

/// The changes of a pair: what is newly allowed first, then what no longer is, then what is not known; of each kind
/// the one with the most addresses first.
pub(super) fn changes(
    pair: Pair<'_>,
    difference: &Difference,
    catalog: &[&RuleSet],
    limit: Limit,
) -> Result<Vec<Change>, ScopeTooLarge> {
    let either = difference.may_open.intersect(&difference.may_close);
    let kinds = [
        (Effect::Added, difference.added.clone()),
        (Effect::Removed, difference.removed.clone()),
        (Effect::MayOpen, difference.may_open.subtract(&either)),
        (Effect::MayClose, difference.may_close.subtract(&either)),
        (Effect::MayEither, either),
    ];
    let mut rows: Vec<(Effect, Row)> = Vec::new();
    for (effect, packets) in kinds {
        let mut of_kind = packets.rows();
        of_kind.sort_by_cached_key(|row| (Reverse(size(&row.peer)), row.peer.clone(), row.source.clone()));
        rows.extend(of_kind.into_iter().map(|row| (effect, row)));
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sets: Vec<PacketSet> = rows.iter().map(|(_, row)| row.packets()).collect();
    let (old, new) = (Deciding::of(pair.old, &sets, limit)?, Deciding::of(pair.new, &sets, limit)?);
    let explained = explain(&sets, catalog, limit)?;
    let changes = rows.into_iter().zip(explained).enumerate().map(|(at, ((effect, row), explained))| {
        let (allowing, stopping) = match effect {
            Effect::Added | Effect::MayOpen => (vec![&new], vec![&old]),
            Effect::Removed | Effect::MayClose => (vec![&old], vec![&new]),
            Effect::MayEither => (vec![&new, &old], vec![&new, &old]),
        };
        let rules = |sides: Vec<&Deciding<'_>>, action| {
            unique(sides.into_iter().flat_map(|side| side.rules(at, action)))
        };
        let mut stopped_by = rules(stopping, Action::Deny);
        // That no rule lets a packet pass is no news; a rule that stops it is.
        stopped_by.retain(|origin| !matches!(origin, Origin::System(_)));
        Change { effect, row, allowed_by: rules(allowing, Action::Allow), stopped_by, explained }
    });
    Ok(changes.collect())
}

/// How much a row opens or closes: every name or group is more than some.
fn size(peer: &RowPeer) -> (bool, Option<AddressCount>) {
    match peer {
        RowPeer::Addrs(addrs) => (false, Some(addrs.count())),
        RowPeer::Names(names, _) => (names.contains(&NamePattern::Any), None),
        RowPeer::Groups(groups, _) => (groups.iter().any(|group| group == "*"), None),
    }
}

/// The rules of a side that decide packets of each row.
struct Deciding<'a> {
    set: Option<&'a RuleSet>,
    rules: Vec<BTreeSet<u32>>,
}

impl<'a> Deciding<'a> {
    fn of(set: Option<&'a RuleSet>, rows: &[PacketSet], limit: Limit) -> Result<Self, ScopeTooLarge> {
        let deciding = |set: &RuleSet| set.deciding(rows, None, limit).map_err(|size| set.too_large(size));
        Ok(Self { set, rules: set.map(deciding).transpose()?.unwrap_or_default() })
    }

    fn rules(&self, row: usize, action: Action) -> Vec<Origin> {
        let rule = |decision: &u32| {
            let index = usize::try_from(*decision).ok()?.checked_sub(1)?;
            self.set?.rules.get(index).filter(|rule| rule.action == action)
        };
        let decisions = self.rules.get(row).into_iter().flatten();
        decisions.filter_map(rule).map(|rule| rule.origin.clone()).collect()
    }
}

/// Each origin once: one line of a file can stand for many rules.
fn unique(origins: impl IntoIterator<Item = Origin>) -> Vec<Origin> {
    let mut seen = BTreeSet::new();
    origins.into_iter().filter(|origin| seen.insert(identity(origin))).collect()
}

/// What tells one origin from another.
fn identity(origin: &Origin) -> (String, usize) {
    match origin {
        Origin::Endpoint(why) => (format!("endpoint {}", why.endpoint), 0),
        Origin::Implied(need) => (need.id().to_owned(), 0),
        Origin::File(place) => (format!("file {}", place.source.name()), place.span.start),
        Origin::System(words) => (format!("system {words}"), 0),
    }
}

/// What a catalog's rule sets say of each row; nothing where no catalog is given.
fn explain(
    rows: &[PacketSet],
    catalog: &[&RuleSet],
    limit: Limit,
) -> Result<Vec<Option<Explained>>, ScopeTooLarge> {
    if catalog.is_empty() {
        return Ok(rows.iter().map(|_| None).collect());
    }
    let deciding = catalog.iter().map(|set| Deciding::of(Some(set), rows, limit));
    let deciding = deciding.collect::<Result<Vec<Deciding<'_>>, _>>()?;
    let allowed = catalog.iter().map(|set| Ok(set.allows_within(limit)?.at_least));
    let allowed = allowed.collect::<Result<Vec<PacketSet>, ScopeTooLarge>>()?;
    let allowed = Set::union_all(&allowed);
    let of_row = |(at, packets): (usize, &PacketSet)| {
        let by = unique(deciding.iter().flat_map(|side| side.rules(at, Action::Allow)));
        Some(Explained { by, unmanaged: packets.subtract(&allowed), ended: BTreeMap::new() })
    };
    Ok(rows.iter().enumerate().map(of_row).collect())
}
