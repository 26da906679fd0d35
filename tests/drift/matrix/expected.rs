//! How a pair should differ, point by point, and whether `egressor diff` says the same.

use super::probe::{Lock, Passes, Probe};
use super::written::{Written, kind_of};
use egressor::drift::{Doubt, Kind, Verdict};
use egressor::ops::{DiffRequest, Project, Side, diff};
use egressor::packet::{Limit, PacketSet, Set};
use egressor::policy::Direction;
use std::collections::BTreeSet;

/// Of addresses that one file writes beside the names of their hosts, one that only names hosts says nothing.
pub(crate) const ADDRESSES_ASIDE: &str =
    "addresses beside the names of their hosts, where rules know names only";

/// How one packet should fare.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Fares {
    Same,
    Added,
    Removed,
    Unknown,
}

/// What a pair should differ in.
pub(crate) struct Expected {
    /// How every probe fares.
    pub(crate) fares: Vec<Fares>,
    /// The words for why.
    pub(crate) why: BTreeSet<String>,
    /// The words for what only one of the two speaks about, so that it is not compared.
    pub(crate) aside: BTreeSet<String>,
    /// A difference that neither declared.
    pub(crate) unexplained: Option<String>,
}

/// What a pair should differ in, one way.
pub(crate) fn expected(
    old: &Written,
    new: &Written,
    direction: Direction,
    probes: &[Probe],
    lock: &Lock,
) -> Expected {
    let both = old.knows.get(&direction).zip(new.knows.get(&direction));
    let (of_old, of_new) = (old.allows(direction), new.allows(direction));
    let names = |set: &PacketSet| !set.peer_names().is_empty();
    let addrs = |set: &PacketSet| !set.peer_addrs().is_empty();
    let speaks = |kinds: &BTreeSet<Kind>| kinds.contains(&Kind::V4) || kinds.contains(&Kind::V6);
    // One side lets hosts pass by name and the other by address: addresses take the place of names.
    let turned =
        |one: &PacketSet, other: &PacketSet| both.is_some() && names(one) && !names(other) && addrs(other);
    let (turned_old, turned_new) = (turned(&of_old, &of_new), turned(&of_new, &of_old));
    // Both name hosts, and one has their addresses, too: they stand beside the names on either side.
    let beside = names(&of_old)
        && names(&of_new)
        && (addrs(&of_old) || addrs(&of_new))
        && old.target != new.target
        && both.is_some_and(|(a, b)| speaks(a) && speaks(b));
    let covered = |kinds: &BTreeSet<Kind>, turned: bool| -> BTreeSet<Kind> {
        let all = [Kind::V4, Kind::V6].into_iter().filter(|_| turned);
        kinds.iter().copied().filter(|kind| !turned || *kind != Kind::Names).chain(all).collect()
    };
    let kinds = both.map(|(a, b)| (covered(a, turned_old), covered(b, turned_new)));
    let alike = kinds.as_ref().is_none_or(|(a, b)| !a.is_disjoint(b));
    let passes = |turned: bool, set: &PacketSet, probe: &Probe| match (turned, beside) {
        (true, _) => probe.by_name(set, lock, true),
        (false, true) => probe.by_name(set, lock, false),
        (false, false) => probe.passes(set),
    };
    let lost = |side: &Written, probe: &Probe| -> Vec<String> {
        let lost = side.lost.iter().filter(|(way, ..)| *way == direction);
        let here = lost.filter(|(_, packets, _)| probe.by_name(packets, lock, true) != Passes::Never);
        here.map(|(.., words)| words.clone()).collect()
    };
    let mut expected =
        Expected { fares: Vec::new(), why: BTreeSet::new(), aside: BTreeSet::new(), unexplained: None };
    for probe in probes {
        let kind = kind_of(&probe.far);
        if (turned_old || turned_new) && kind == Kind::Names {
            expected.fares.push(Fares::Same);
            continue;
        }
        let one_sided = kinds.as_ref().is_some_and(|(a, b)| a.contains(&kind) != b.contains(&kind));
        let (before, after) = (passes(turned_old, &of_old, probe), passes(turned_new, &of_new, probe));
        let differs = match (before, after) {
            (Passes::Surely, Passes::Surely) | (Passes::Never, Passes::Never) => None,
            _ if one_sided => Some(Fares::Unknown),
            (Passes::Surely, Passes::Never) => Some(Fares::Removed),
            (Passes::Never, Passes::Surely) => Some(Fares::Added),
            (Passes::Perhaps, _) | (_, Passes::Perhaps) => Some(Fares::Unknown),
        };
        let aside = one_sided && alike;
        expected.fares.push(differs.filter(|_| !aside).unwrap_or(Fares::Same));
        if differs.is_some() {
            let mut words = [lost(old, probe), lost(new, probe)].concat();
            let silent = |side: &Written| {
                side.names_only && side.knows.get(&direction).is_some_and(|kinds| !kinds.contains(&kind))
            };
            if words.is_empty() && aside && kind != Kind::Names && (silent(old) || silent(new)) {
                words.push(ADDRESSES_ASIDE.to_owned());
            }
            if words.is_empty() && expected.unexplained.is_none() {
                let message = format!("{direction} {probe:?}: {before:?} and {after:?}, declared by neither");
                expected.unexplained = Some(message);
            }
            if aside { &mut expected.aside } else { &mut expected.why }.extend(words);
        }
    }
    expected
}

/// What came of a pair.
pub(crate) struct Compared {
    pub(crate) verdict: Verdict,
    pub(crate) why: BTreeSet<String>,
    pub(crate) aside: BTreeSet<String>,
    pub(crate) wrong: Vec<String>,
}

/// Compares a pair the way `egressor diff` does, and holds it against what is expected. The words for why it is not equal.
pub(crate) fn compared(
    old: &Written,
    new: &Written,
    project: &Project,
    probes: &[Probe],
    lock: &Lock,
) -> Compared {
    let request = DiffRequest {
        old: Side::Files(vec![old.folder.clone()]),
        new: Side::Files(vec![new.folder.clone()]),
        project: project.clone(),
        explain: false,
        maps: Vec::new(),
        scopes: Vec::new(),
        ignore: None,
        doubt: Doubt::Unknown,
        envelope: Vec::new(),
        limit: Limit::default(),
        readers: Vec::new(),
    };
    let diffed = diff(&request);
    let pair = format!("{} and {}", old.target, new.target);
    assert!(diffed.compared, "{pair}: {:#?}", diffed.findings);
    let verdict = diffed.drift.verdict();
    let mut compared = Compared { verdict, why: BTreeSet::new(), aside: BTreeSet::new(), wrong: Vec::new() };
    let mut differs = false;
    for direction in [Direction::Egress, Direction::Ingress] {
        let of = |part: fn(&egressor::drift::Difference) -> PacketSet| {
            let scopes = diffed.drift.scopes.iter().filter(|scope| scope.direction == direction);
            PacketSet::union_all(&scopes.map(|scope| part(&scope.difference)).collect::<Vec<_>>())
        };
        let found = [
            of(|it| it.added.clone()),
            of(|it| it.removed.clone()),
            of(egressor::drift::Difference::unknown),
        ];
        let expected = expected(old, new, direction, probes, lock);
        compared.wrong.extend(expected.unexplained.map(|text| format!("{pair}: {text}")));
        compared.why.extend(expected.why);
        compared.aside.extend(expected.aside);
        let mut wrong = None;
        for (probe, expected) in probes.iter().zip(expected.fares) {
            let [added, removed, unknown] = found.each_ref().map(|set| probe.is_in(set));
            let found = match (added, removed, unknown) {
                (true, false, false) => Some(Fares::Added),
                (false, true, false) => Some(Fares::Removed),
                (false, false, true) => Some(Fares::Unknown),
                (false, false, false) => Some(Fares::Same),
                _ => None,
            };
            differs |= found != Some(Fares::Same);
            if found != Some(expected) && wrong.is_none() {
                wrong = Some(format!("{pair}, {direction} {probe:?}: {found:?}, and {expected:?} expected"));
            }
        }
        compared.wrong.extend(wrong);
    }
    if (verdict == Verdict::Equal) == differs {
        compared.wrong.push(format!("{pair}: the verdict is {verdict}"));
    }
    compared
}
