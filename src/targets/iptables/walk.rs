//! From chains that jump to each other to one list of rules of which the first that matches decides.
//!
//! A rule that is reached through a jump matches what the jump matches and what it matches itself. RETURN and goto
//! take packets out of the rest of a chain. Both are computed on products of sets, so the list holds a line of the
//! file more than once only where the line is reached by different packets.

use super::chains::{Chain, Chains};
use super::spec::{End, Interface, Placed, Spec};
use super::unmodelled::{Condition, INTERFACE};
use super::verdict::Verdict;
use crate::diag::{Code, Finding, Place, Span, bound};
use crate::packet::{AddrSet, TransportSet};
use crate::policy::{Action, Direction, Origin, Rule, Unmodelled};
use crate::targets::packet_filters::region::{Links, Region};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A built-in chain of the filter table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hook {
    /// Packets that pass through.
    Forward,
    /// Packets to this host.
    Input,
    /// Packets from this host.
    Output,
}

impl Hook {
    /// Every built-in chain.
    pub(super) const ALL: [Self; 3] = [Self::Forward, Self::Input, Self::Output];

    /// The name of the chain.
    pub(super) fn chain(self) -> &'static str {
        match self {
            Self::Forward => "FORWARD",
            Self::Input => "INPUT",
            Self::Output => "OUTPUT",
        }
    }

    /// Which way its packets open connections.
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Input => Direction::Ingress,
            Self::Forward | Self::Output => Direction::Egress,
        }
    }
}

/// How much work a table may be before it is refused as too tangled: this much, and more for each rule.
const WORK: usize = 50_000_000;
/// The work that every rule may add.
const WORK_PER_RULE: usize = 100;
/// How deep chains may jump. The nft back end allows 16.
const DEPTH: usize = 128;

/// Names the chains that jump in a circle. Nothing else can be done with a table that has one.
pub(super) fn find_loop(chains: &Chains) -> Option<(&Chain, &Placed)> {
    // Depth first, with the way to here on a stack of its own: `false` while a chain is on the way, `true` behind it.
    let mut done: BTreeMap<usize, bool> = BTreeMap::new();
    for (start, _) in chains.iter() {
        let mut stack = vec![(start, 0_usize)];
        while let Some((index, next)) = stack.pop() {
            if next == 0 && done.get(&index) == Some(&true) {
                continue;
            }
            done.insert(index, false);
            let Some(chain) = chains.at(index) else { continue };
            let jumps = chain.rules.iter().enumerate().skip(next);
            let target = jumps.filter_map(|(at, rule)| match &chains.spec(rule)?.verdict {
                Verdict::Jump(name) | Verdict::Goto(name) => {
                    chains.find(name).map(|(target, _)| (at, rule, target))
                }
                _ => None,
            });
            let mut target = target.filter(|(_, _, target)| done.get(target) != Some(&true));
            match target.next() {
                Some((_, rule, target)) if done.contains_key(&target) => return Some((chain, rule)),
                Some((at, _, target)) => {
                    stack.push((index, at.saturating_add(1)));
                    stack.push((target, 0));
                }
                None => {
                    done.insert(index, true);
                }
            }
        }
    }
    None
}

/// The rules that packets of a built-in chain meet, in order.
pub(super) fn flatten(chains: &Chains, hook: Hook, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let mut walk = Walk {
        chains,
        hook,
        rules: Vec::with_capacity(chains.find(hook.chain()).map_or(0, |(_, chain)| chain.rules.len() + 1)),
        seen: BTreeMap::new(),
        regions: vec![None; chains.specs()],
        named: BTreeSet::new(),
        work_left: bound::of(chains.iter().fold(WORK, |work, (_, chain)| {
            work.saturating_add(chain.rules.len().saturating_mul(WORK_PER_RULE))
        })),
        stopped: None,
        findings,
    };
    if let Some((index, _)) = chains.find(hook.chain()) {
        walk.chain(index, vec![Region::ALL], 0);
    }
    if let Some(span) = walk.stopped {
        // What was read so far would be taken for the whole.
        walk.rules.clear();
        walk.emit_unknown(&[Region::ALL], "rules that were not unfolded", span);
    }
    walk.rules
}

struct Walk<'a, 'f> {
    chains: &'a Chains,
    hook: Hook,
    rules: Vec<Rule>,
    /// The packets that each chain was already entered with. What decided them then decides them again.
    seen: BTreeMap<usize, BTreeSet<Region>>,
    /// What the specs that lines share match, found when they are first met.
    regions: Vec<Option<Region>>,
    /// The conditions that were named.
    named: BTreeSet<Span>,
    work_left: usize,
    /// Where it was given up.
    stopped: Option<Span>,
    findings: &'f mut Vec<Finding>,
}

impl Walk<'_, '_> {
    /// Follows the packets that enter a chain.
    fn chain(&mut self, index: usize, mut reach: Vec<Region>, depth: usize) {
        let seen = self.seen.entry(index).or_default();
        reach.retain(|region| seen.insert(region.clone()));
        let Some(chain) = self.chains.at(index) else { return };
        if depth > DEPTH {
            return self.stop(format!("chains jump more than {DEPTH} deep"), chain.span, None);
        }
        for rule in &chain.rules {
            if reach.is_empty() || self.stopped.is_some() {
                return;
            }
            let Some(spec) = self.chains.spec(rule) else { continue };
            let Some(region) = self.region(rule, spec) else { continue };
            for region in among(self.hook, spec, region) {
                self.step(rule, spec, region, &mut reach, depth);
            }
        }
    }

    /// Follows the packets that meet a rule, those of one product.
    fn step(&mut self, rule: &Placed, spec: &Spec, region: Region, reach: &mut Vec<Region>, depth: usize) {
        let work = reach.iter().fold(0, |work: usize, reach| work.saturating_add(reach.work(&region)));
        let Some(left) = self.work_left.checked_sub(work) else {
            let message = "the jumps between chains unfold to too many rules".to_owned();
            return self.stop(message, rule.span, Some(bound::FLAG));
        };
        self.work_left = left;
        if spec.verdict == Verdict::Continue {
            return;
        }
        let is_whole = reach.first() == Some(&Region::ALL) && reach.len() == 1;
        if let Some(action) = spec.verdict.action().filter(|_| is_whole) {
            // Every packet meets the rule, which stays as it is.
            self.name(spec);
            self.emit(region, action, rule.span);
            return;
        }
        let hits: Vec<Region> = reach.iter().filter_map(|reach| reach.meet(&region)).collect();
        if hits.is_empty() {
            return;
        }
        self.name(spec);
        match &spec.verdict {
            Verdict::Continue => {}
            Verdict::Accept => self.emit_all(hits, Action::Allow, rule.span),
            Verdict::Deny => self.emit_all(hits, Action::Deny, rule.span),
            Verdict::Unknown(target) => self.emit_unknown(&hits, &format!("-j {target}"), rule.span),
            Verdict::Return => *reach = self.rest(reach, &region),
            Verdict::Jump(target) => self.enter(target, hits, depth),
            Verdict::Goto(target) => {
                self.enter(target, hits, depth);
                *reach = self.rest(reach, &region);
            }
        }
    }

    fn enter(&mut self, target: &str, hits: Vec<Region>, depth: usize) {
        if let Some((index, _)) = self.chains.find(target) {
            self.chain(index, hits, depth.saturating_add(1));
        }
    }

    /// The packets that stay in a chain behind a rule that takes `region` out.
    fn rest(&self, reach: &[Region], region: &Region) -> Vec<Region> {
        reach.iter().flat_map(|reach| reach.without(region, self.chains.family)).collect()
    }

    fn emit_all(&mut self, regions: Vec<Region>, action: Action, span: Span) {
        for region in regions {
            self.emit(region, action, span);
        }
    }

    fn emit(&mut self, mut region: Region, action: Action, span: Span) {
        let unmodelled = std::mem::take(&mut region.unmodelled);
        if let Some((matches, traffic)) = region.into_match(self.chains.family) {
            let origin = Origin::File(Place { source: Arc::clone(&self.chains.source), span });
            self.rules.push(Rule { action, matches, traffic, unmodelled, origin });
        }
    }

    /// Something that may do either: an allow that may not happen, and behind it a deny that may not happen.
    fn emit_unknown(&mut self, regions: &[Region], what: &str, span: Span) {
        let why = "what takes the packet decides whether it passes";
        let doubt = |text: String| {
            let doubtful =
                Region { unmodelled: vec![Unmodelled { text, why: why.to_owned() }], ..Region::ALL };
            regions.iter().filter_map(|region| region.meet(&doubtful)).collect::<Vec<_>>()
        };
        self.emit_all(doubt(what.to_owned()), Action::Allow, span);
        self.emit_all(doubt(format!("not ({what})")), Action::Deny, span);
        if self.named.insert(span) {
            let message = format!("`{what}` is not modelled: {why}");
            self.findings.push(Finding::new(Code::ReadUnmodelled, message).at(&self.chains.source, span));
        }
    }

    /// Names what a rule asks for that is not modelled.
    fn name(&mut self, spec: &Spec) {
        if spec.conditions.is_empty() && spec.input.is_none() && spec.output.is_none() {
            return;
        }
        let (_, interface) = links(self.hook, spec);
        for condition in spec.conditions.iter().chain(&interface) {
            if self.named.insert(condition.span) {
                let message = format!("`{}` is not modelled: {}", condition.text, condition.why);
                self.findings.push(
                    Finding::new(Code::ReadUnmodelled, message).at(&self.chains.source, condition.span),
                );
            }
        }
    }

    /// What a rule matches of the packets of this hook; nothing when it cannot match any.
    fn region(&mut self, rule: &Placed, spec: &Spec) -> Option<Region> {
        let Some((end, block)) = rule.address else { return region(self.hook, spec) };
        let known = self.regions.get_mut(rule.spec)?;
        if known.is_none() {
            *known = region(self.hook, spec);
        }
        let mut region = known.clone()?;
        let is_peer = (end == End::Source) == (self.hook == Hook::Input);
        let slot = if is_peer { &mut region.peer } else { &mut region.source };
        *slot = Some(AddrSet::block(block));
        Some(region)
    }

    fn stop(&mut self, message: String, span: Span, help: Option<&str>) {
        if self.stopped.replace(span).is_none() {
            let finding = Finding::new(Code::ReadRefused, message).at(&self.chains.source, span);
            self.findings.push(Finding { help: help.map(str::to_owned), ..finding });
        }
    }
}

/// What a rule matches, in parts that share no packet where its set has members with services.
fn among(hook: Hook, spec: &Spec, region: Region) -> Vec<Region> {
    let Some(among) = &spec.among else { return vec![region] };
    let is_peer = (among.end == End::Source) == (hook == Hook::Input);
    let part = |(addrs, services): &(AddrSet, TransportSet)| {
        let (peer, source) = if is_peer { (Some(addrs), None) } else { (None, Some(addrs)) };
        let (peer, source) = (peer.cloned(), source.cloned());
        region.meet(&Region { peer, source, transport: Some(services.clone()), ..Region::ALL })
    };
    among.products.iter().filter_map(part).collect()
}

/// What a spec matches of the packets of a hook; nothing when it cannot match any.
fn region(hook: Hook, spec: &Spec) -> Option<Region> {
    let (source, peer) = match hook {
        Hook::Input => (&spec.destination, &spec.source),
        Hook::Forward | Hook::Output => (&spec.source, &spec.destination),
    };
    let (links, interface) = links(hook, spec);
    let possible = !links.is_empty() && !spec.is_impossible();
    let mut unmodelled: Vec<Unmodelled> =
        spec.conditions.iter().chain(&interface).map(Condition::to_unmodelled).collect();
    unmodelled.sort();
    unmodelled.dedup();
    possible.then(|| Region {
        source: source.clone(),
        peer: peer.clone(),
        transport: spec.transport.clone(),
        states: spec.states,
        links,
        unmodelled,
    })
}

/// Which interfaces a rule matches at a hook, and what of it is not modelled.
fn links(hook: Hook, spec: &Spec) -> (Links, Vec<Condition>) {
    let (has_input, has_output) = match hook {
        Hook::Forward => (true, true),
        Hook::Input => (true, false),
        Hook::Output => (false, true),
    };
    let mut links = Links::ALL;
    let mut conditions = Vec::new();
    for (interface, flag, is_there) in [(&spec.input, "-i", has_input), (&spec.output, "-o", has_output)] {
        let Some(Interface { name, negated, span }) = interface else { continue };
        let only = match (name.as_str(), is_there) {
            ("+", _) => Links::ALL,
            (_, false) => Links::ALL.complement(),
            ("lo", true) => Links::LOOPBACK,
            (_, true) => {
                let bang = if *negated { "! " } else { "" };
                conditions.push(Condition::new(format!("{bang}{flag} {name}"), INTERFACE, *span));
                let is_wild = name.strip_suffix('+').is_some_and(|stem| "lo".starts_with(stem));
                // Whether it is negated is in the condition; a name of another interface is surely not `lo`.
                links = if *negated || is_wild { links } else { links.and(Links::NETWORK) };
                continue;
            }
        };
        links = links.and(if *negated { only.complement() } else { only });
    }
    (links, conditions)
}
