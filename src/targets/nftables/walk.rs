//! From chains that jump to each other to one list of rules of which the first that matches decides.
//!
//! Several base chains may hang from one hook, and a packet passes only if all of them accept it. What one accepts
//! enters the next, with what it took to get there, as if it had jumped; what the last accepts is allowed. Their order
//! does not matter for what passes, so those that accept little come first.

use super::chains::{Chain, Chains};
use super::hook::Hook;
use super::rule::{Spec, Verdict};
use crate::diag::{Code, Finding, Place, Span, bound};
use crate::policy::{Action, Origin, Rule, Unmodelled};
use crate::targets::packet_filters::region::{Family, Region};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much work a ruleset may be before it is refused as too tangled: this much, and more for each rule.
const WORK: usize = 50_000_000;
/// The work that every rule may add.
const WORK_PER_RULE: usize = 100;
/// How deep chains may jump. The kernel allows 16.
const DEPTH: usize = 64;

/// The rules that packets of a family meet at a hook, in order; none when nothing hangs from it.
pub(super) fn flatten(
    chains: &Chains,
    hook: Hook,
    family: Family,
    named: &mut BTreeSet<(Span, String)>,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Rule>> {
    let mut bases: Vec<&Chain> = chains.bases(hook, family).filter_map(|index| chains.at(index)).collect();
    let first = *bases.first()?;
    let stops = |chain: &&Chain| {
        let drops = chain.base.as_ref().is_some_and(|base| base.drops);
        drops || may_stop(chains, chain)
    };
    // A chain that stops nothing has no say where another one does not accept everything.
    if bases.iter().any(stops) {
        bases.retain(stops);
    } else {
        bases.truncate(1);
    }
    bases.sort_by_key(|chain| accepting(chain));
    let rules = chains
        .iter()
        .fold(WORK, |work, (_, chain)| work.saturating_add(chain.rules.len().saturating_mul(WORK_PER_RULE)));
    let mut walk = Walk {
        chains,
        hook,
        family,
        rules: Vec::new(),
        seen: BTreeMap::new(),
        named,
        work_left: bound::of(rules),
        stopped: false,
        findings,
    };
    if bases.len() > DEPTH {
        walk.stop(format!("more than {DEPTH} chains at one hook"), first, first.span, None);
    } else {
        walk.bases(&bases, vec![Region::ALL], first, first.span, 0);
    }
    if walk.stopped {
        // What was read so far would be taken for the whole.
        walk.rules.clear();
        walk.emit_unknown(&[Region::ALL], "rules that were not unfolded", first, first.span, &[]);
    }
    Some(walk.rules)
}

/// How many rules of a chain accept.
fn accepting(chain: &Chain) -> usize {
    chain.rules.iter().filter(|rule| rule.verdict == Verdict::Accept).count()
}

/// Reports whether a rule of the chain, or of one that it jumps to, may stop a packet.
fn may_stop(chains: &Chains, chain: &Chain) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![chain];
    while let Some(chain) = open.pop() {
        for rule in &chain.rules {
            match &rule.verdict {
                Verdict::Deny | Verdict::Unknown(_) => return true,
                Verdict::Jump(name) | Verdict::Goto(name) => {
                    let target = chain.find(name).filter(|target| seen.insert(*target));
                    open.extend(target.and_then(|target| chains.at(target)));
                }
                Verdict::Accept | Verdict::Return => {}
            }
        }
    }
    false
}

struct Walk<'a, 'f> {
    chains: &'a Chains,
    hook: Hook,
    family: Family,
    rules: Vec<Rule>,
    /// The packets that each chain was already entered with, with as many base chains to come. What decided them then
    /// decides them again.
    seen: BTreeMap<(usize, usize), BTreeSet<Region>>,
    /// The conditions that were named.
    named: &'f mut BTreeSet<(Span, String)>,
    work_left: usize,
    /// Whether it was given up.
    stopped: bool,
    findings: &'f mut Vec<Finding>,
}

impl<'a> Walk<'a, '_> {
    /// Follows packets into the base chains that are left, which `by` let in at `span`.
    fn bases(&mut self, bases: &[&'a Chain], reach: Vec<Region>, by: &Chain, span: Span, depth: usize) {
        let Some((chain, rest)) = bases.split_first() else {
            return self.emit(reach, Action::Allow, by, span);
        };
        self.chain(chain, reach.clone(), rest, depth);
        let place = chain.base.as_ref().map_or(chain.span, |base| base.span);
        if chain.base.as_ref().is_some_and(|base| base.drops) {
            self.emit(reach, Action::Deny, chain, place);
        } else {
            self.bases(rest, reach, chain, place, depth);
        }
    }

    /// Follows the packets that enter a chain.
    fn chain(&mut self, chain: &'a Chain, mut reach: Vec<Region>, bases: &[&'a Chain], depth: usize) {
        if depth > DEPTH {
            return self.stop(format!("chains jump more than {DEPTH} deep"), chain, chain.span, None);
        }
        for spec in &chain.rules {
            if reach.is_empty() || self.stopped {
                return;
            }
            let regions: Vec<Region> =
                spec.patterns.iter().flat_map(|pattern| pattern.regions(self.hook, self.family)).collect();
            let hits = self.hits(&reach, &regions, chain, spec);
            if hits.is_empty() {
                continue;
            }
            self.name(&regions, chain, spec);
            match &spec.verdict {
                Verdict::Accept => self.bases(bases, hits, chain, spec.span, depth.saturating_add(1)),
                Verdict::Deny => self.emit(hits, Action::Deny, chain, spec.span),
                Verdict::Unknown(what) => self.emit_unknown(&hits, what, chain, spec.span, bases),
                Verdict::Return => reach = self.rest(reach, &regions, chain, spec),
                Verdict::Jump(target) => self.enter(chain, target, hits, bases, depth),
                Verdict::Goto(target) => {
                    self.enter(chain, target, hits, bases, depth);
                    reach = self.rest(reach, &regions, chain, spec);
                }
            }
        }
    }

    /// The packets of both, unless that is too much work.
    fn hits(&mut self, reach: &[Region], regions: &[Region], chain: &Chain, spec: &Spec) -> Vec<Region> {
        let works = reach.iter().flat_map(|reach| regions.iter().map(|region| reach.work(region)));
        if !self.affords(works.fold(0, usize::saturating_add), chain, spec) {
            return Vec::new();
        }
        reach.iter().flat_map(|reach| regions.iter().filter_map(|region| reach.meet(region))).collect()
    }

    fn affords(&mut self, work: usize, chain: &Chain, spec: &Spec) -> bool {
        let left = self.work_left.checked_sub(work);
        if let Some(left) = left {
            self.work_left = left;
        } else {
            let message = "the jumps between chains unfold to too many rules".to_owned();
            self.stop(message, chain, spec.span, Some(bound::FLAG));
        }
        left.is_some()
    }

    fn enter(
        &mut self,
        chain: &'a Chain,
        target: &str,
        mut hits: Vec<Region>,
        bases: &[&'a Chain],
        depth: usize,
    ) {
        let Some(index) = chain.find(target) else { return };
        let seen = self.seen.entry((index, bases.len())).or_default();
        hits.retain(|region| seen.insert(region.clone()));
        if let Some(target) = self.chains.at(index).filter(|_| !hits.is_empty()) {
            self.chain(target, hits, bases, depth.saturating_add(1));
        }
    }

    /// The packets that stay in a chain behind a rule that takes some out.
    fn rest(&mut self, reach: Vec<Region>, regions: &[Region], chain: &Chain, spec: &Spec) -> Vec<Region> {
        let mut left = reach;
        for region in regions {
            let work = left.iter().fold(0_usize, |work, reach| work.saturating_add(reach.work(region)));
            if !self.affords(work, chain, spec) {
                return Vec::new();
            }
            left = left.iter().flat_map(|reach| reach.without(region, self.family)).collect();
        }
        left
    }

    fn emit(&mut self, regions: Vec<Region>, action: Action, chain: &Chain, span: Span) {
        for mut region in regions {
            let unmodelled = std::mem::take(&mut region.unmodelled);
            let Some((matches, traffic)) = region.into_match(self.family) else { continue };
            let origin = Origin::File(Place { source: Arc::clone(&chain.source), span });
            self.rules.push(Rule { action, matches, traffic, unmodelled, origin });
        }
    }

    /// Something that may do either: an allow that may not happen, and behind it a deny that may not happen.
    fn emit_unknown(
        &mut self,
        regions: &[Region],
        what: &str,
        chain: &Chain,
        span: Span,
        bases: &[&'a Chain],
    ) {
        let why = "what takes the packet decides whether it passes";
        let doubt = |text: String| {
            let doubtful =
                Region { unmodelled: vec![Unmodelled { text, why: why.to_owned() }], ..Region::ALL };
            regions.iter().filter_map(|region| region.meet(&doubtful)).collect::<Vec<_>>()
        };
        self.bases(bases, doubt(what.to_owned()), chain, span, 0);
        self.emit(doubt(format!("not ({what})")), Action::Deny, chain, span);
        if self.named.insert((span, what.to_owned())) {
            let message = format!("`{what}` is not modelled: {why}");
            self.findings.push(Finding::new(Code::ReadUnmodelled, message).at(&chain.source, span));
        }
    }

    /// Names what a rule asks for that is not modelled.
    fn name(&mut self, regions: &[Region], chain: &Chain, spec: &Spec) {
        for condition in regions.iter().flat_map(|region| &region.unmodelled) {
            if self.named.insert((spec.span, condition.text.clone())) {
                let message = format!("`{}` is not modelled: {}", condition.text, condition.why);
                self.findings.push(Finding::new(Code::ReadUnmodelled, message).at(&chain.source, spec.span));
            }
        }
    }

    fn stop(&mut self, message: String, chain: &Chain, span: Span, help: Option<&str>) {
        if !std::mem::replace(&mut self.stopped, true) {
            let finding = Finding::new(Code::ReadRefused, message).at(&chain.source, span);
            self.findings.push(Finding { help: help.map(str::to_owned), ..finding });
        }
    }
}
