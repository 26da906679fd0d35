//! Which traffic one rule set allows and another does not.

use super::cover::{Kind, covered};
use super::unchanged::changed;
use crate::packet::{Differing, Limit, Overlay, PacketMap, PacketSet, Set};
use crate::policy::{Fate, Pair, Rule, RuleSet, ScopeTooLarge, Unknowns, differing, is_plain};
use std::cell::RefCell;

/// How unmodelled matches are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doubt {
    /// As unknowns: what they leave open is told apart from what is sure.
    #[default]
    Unknown,
    /// As letting pass whatever they can, on both sides.
    Upper,
    /// As letting pass only what is sure, on both sides.
    Lower,
}

/// What differs between two rule sets.
// INVARIANT: `added`, `removed` and the unknown sets are disjoint, but `may_open` and `may_close` can overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Packets that the new rules surely allow and the old ones surely do not.
    pub added: PacketSet,
    /// Packets that the old rules surely allow and the new ones surely do not.
    pub removed: PacketSet,
    /// Packets that may be newly allowed, as unmodelled matches decide.
    pub may_open: PacketSet,
    /// Packets that may be no longer allowed, as unmodelled matches decide.
    pub may_close: PacketSet,
    /// Kinds of peers that were left aside, because only one side speaks about them.
    pub uncompared: Vec<Uncompared>,
    /// Whether unmodelled matches combined to more functions than are told apart, so that bounds alone were compared.
    pub coarse: bool,
}

/// A kind of peers of which only one side speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncompared {
    /// The kind.
    pub kind: Kind,
    /// Whether it is the new rules that speak about it.
    pub in_new: bool,
    /// Whether they may allow any of it.
    pub allows: bool,
}

impl Difference {
    /// What may differ and is not known to.
    pub fn unknown(&self) -> PacketSet {
        self.may_open.union(&self.may_close)
    }

    /// Reports whether nothing differs, and nothing may.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.may_open.is_empty()
            && self.may_close.is_empty()
    }
}

/// How one packet differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Class {
    #[default]
    Same,
    Added,
    Removed,
    MayOpen,
    MayClose,
    MayEither,
}

/// Where two lists are too large as a whole, their changes are looked at alone if they are less than this part of the
/// rules: more of them would be too large again, and be so slowly.
const PART: usize = 8;

/// Compares the rule sets of a pair. A side that is not there allows nothing. Rules that combine to more cases than
/// the limit are an error, never a guess.
///
/// Where all rules are plain, one walk through both lists tells. Where some are not, or the lists are too large for that,
/// only packets of rules that stand on one side alone can fare differently, so only the rules that may decide some of
/// those are evaluated.
pub fn compare(pair: Pair<'_>, doubt: Doubt, limit: Limit) -> Result<Difference, ScopeTooLarge> {
    let (old_rules, new_rules) = (opening(pair.old, None), opening(pair.new, None));
    let refused = match plainly(pair, [&old_rules, &new_rules], limit) {
        Ok(Some(difference)) => return Ok(difference),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    let (old, new) = match (pair.old, pair.new, &refused) {
        (Some(old), Some(new), _) if old.default == new.default && old.universe == new.universe => (old, new),
        (_, _, Some(error)) => return Err(error.clone()),
        (_, _, None) => return evaluate(pair, [&old_rules, &new_rules], doubt, limit, None),
    };
    let (only_old, only_new) = changed(old, new);
    let all = old_rules.len().saturating_add(new_rules.len());
    if let Some(error) = refused
        && only_old.len().saturating_add(only_new.len()) > all / PART
    {
        return Err(error);
    }
    if only_old.is_empty() && only_new.is_empty() {
        return Ok(Difference::default());
    }
    let mut region = Overlay::default();
    for rule in only_old.iter().chain(&only_new) {
        // Both sides speak about the same peers, so a rule matches the same on either.
        old.lay(&mut region, &rule.matches, &true);
    }
    let region = region.join(|a, b| *a || *b, limit).map_err(|size| new.too_large(size))?;
    let (old_rules, new_rules) = (opening(pair.old, Some(&region)), opening(pair.new, Some(&region)));
    if let Some(difference) = plainly(pair, [&old_rules, &new_rules], limit)? {
        let (added, removed) = (difference.added.within(&region), difference.removed.within(&region));
        return Ok(Difference { added, removed, ..difference });
    }
    evaluate(pair, [&old_rules, &new_rules], doubt, limit, Some(&region))
}

/// What differs between plain rules of sets that speak about the same peers; nothing where they are not such.
fn plainly(pair: Pair<'_>, rules: [&[&Rule]; 2], limit: Limit) -> Result<Option<Difference>, ScopeTooLarge> {
    let one_sided = pair.old.zip(pair.new).is_some_and(|(old, new)| covered(old) != covered(new));
    if one_sided || !rules.iter().all(|rules| is_plain(rules)) {
        return Ok(None);
    }
    let Some(set) = pair.new.or(pair.old) else { return Ok(Some(Difference::default())) };
    let [old_rules, new_rules] = rules;
    let differing = differing([(pair.old, old_rules), (pair.new, new_rules)], limit);
    let Differing { added, removed } = differing.map_err(|size| set.too_large(size))?;
    Ok(Some(Difference { added, removed, ..Difference::default() }))
}

/// The rules of a set, or those of them that may decide some packet of a region.
fn opening<'a>(set: Option<&'a RuleSet>, region: Option<&PacketSet>) -> Vec<&'a Rule> {
    let Some(set) = set else { return Vec::new() };
    set.rules.iter().filter(|rule| region.is_none_or(|region| set.may_decide(rule, region))).collect()
}

/// Compares what these rules do with the packets of a region, or with all.
fn evaluate(
    pair: Pair<'_>,
    rules: [&[&Rule]; 2],
    doubt: Doubt,
    limit: Limit,
    region: Option<&PacketSet>,
) -> Result<Difference, ScopeTooLarge> {
    let unknowns = RefCell::new(Unknowns::default());
    let fates = |set: Option<&RuleSet>, rules: &[&Rule]| {
        let Some(set) = set else { return Ok(PacketMap::default()) };
        let fates = set.fates(rules.iter().copied(), &unknowns, limit).map_err(|size| set.too_large(size))?;
        Ok(region.map_or_else(|| fates.clone(), |region| fates.within(region)))
    };
    let [old_rules, new_rules] = rules;
    let (old, new) = (fates(pair.old, old_rules)?, fates(pair.new, new_rules)?);
    let coarse = unknowns.borrow().is_full();
    let classes = old.zip(&new, |old, new| match doubt {
        Doubt::Unknown if coarse => by_bounds(*old, *new),
        Doubt::Unknown => by_function(*old, *new, &mut unknowns.borrow_mut()),
        Doubt::Upper => sure(old.most, new.most),
        Doubt::Lower => sure(old.least, new.least),
    });
    let (classes, uncompared) = restrict(&classes, pair, &old, &new);
    let mut sets = classes.by_value();
    let mut take = |class| sets.remove(&class).unwrap_or_default();
    let (added, removed, either) = (take(Class::Added), take(Class::Removed), take(Class::MayEither));
    let (may_open, may_close) = (take(Class::MayOpen).union(&either), take(Class::MayClose).union(&either));
    let coarse = coarse && doubt == Doubt::Unknown;
    Ok(Difference { added, removed, may_open, may_close, uncompared, coarse })
}

fn by_function(old: Fate, new: Fate, unknowns: &mut Unknowns) -> Class {
    if old.function == new.function {
        return Class::Same;
    }
    let surely = by_bounds(old, new);
    if matches!(surely, Class::Added | Class::Removed) {
        return surely;
    }
    let opens = unknowns.may_open(old.function, new.function);
    let closes = unknowns.may_open(new.function, old.function);
    match (opens, closes) {
        (true, true) => Class::MayEither,
        (true, false) => Class::MayOpen,
        (false, true) => Class::MayClose,
        (false, false) => Class::Same,
    }
}

fn by_bounds(old: Fate, new: Fate) -> Class {
    match (old.least, old.most, new.least, new.most) {
        (_, false, true, _) => Class::Added,
        (true, _, _, false) => Class::Removed,
        (true, _, true, _) | (_, false, _, false) => Class::Same,
        (_, false, _, true) | (false, true, true, _) => Class::MayOpen,
        (_, true, _, false) | (true, _, false, _) => Class::MayClose,
        (false, true, false, true) => Class::MayEither,
    }
}

fn sure(old: bool, new: bool) -> Class {
    match (old, new) {
        (false, true) => Class::Added,
        (true, false) => Class::Removed,
        (true, true) | (false, false) => Class::Same,
    }
}

/// Leaves aside the kinds of peers that only one side speaks about. Where both speak of something and never of the
/// same, nothing can be compared, so all that either may allow is unknown.
fn restrict(
    classes: &PacketMap<Class>,
    pair: Pair<'_>,
    old: &PacketMap<Fate>,
    new: &PacketMap<Fate>,
) -> (PacketMap<Class>, Vec<Uncompared>) {
    let (Some(old_set), Some(new_set)) = (pair.old, pair.new) else { return (classes.clone(), Vec::new()) };
    let (in_old, in_new) = (covered(old_set), covered(new_set));
    if in_old == in_new {
        return (classes.clone(), Vec::new());
    }
    let mut uncompared = Vec::new();
    let mut aside = PacketSet::default();
    for kind in Kind::ALL {
        let newly = in_new.contains(&kind);
        if newly != in_old.contains(&kind) {
            let packets = kind.packets();
            let fates = if newly { new } else { old };
            let allows = !fates.zip(&packets, |fate, of_kind| fate.most && *of_kind).is_default();
            aside = aside.union(&packets);
            uncompared.push(Uncompared { kind, in_new: newly, allows });
        }
    }
    let nothing_in_common = !in_old.iter().any(|kind| in_new.contains(kind));
    let kept = classes.zip(&aside, |class, aside| match class {
        Class::Same => Class::Same,
        _ if !*aside => *class,
        _ if !nothing_in_common => Class::Same,
        Class::Added | Class::MayOpen => Class::MayOpen,
        Class::Removed | Class::MayClose => Class::MayClose,
        Class::MayEither => Class::MayEither,
    });
    (kept, uncompared)
}
