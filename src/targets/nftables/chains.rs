//! The chains of the tables that are read, each with its rules understood.

use super::hook::Hook;
use super::members::Sets;
use super::model::{Base, Ruleset, TableFamily};
use super::rule::{self, Spec, Verdict};
use crate::diag::{Code, Finding, Source, Span};
use crate::targets::packet_filters::region::Family;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A chain.
#[derive(Debug)]
pub(super) struct Chain {
    /// Its name.
    pub(super) name: String,
    /// Where it hangs.
    pub(super) base: Option<Base>,
    /// Its rules, in order.
    pub(super) rules: Vec<Spec>,
    /// Where it is named.
    pub(super) span: Span,
    /// The places of the chains that its rules jump to, by name.
    index: Arc<BTreeMap<String, usize>>,
    /// Which packets its table is about.
    family: TableFamily,
    /// The file.
    pub(super) source: Arc<Source>,
}

/// Every chain of every table that is read.
#[derive(Debug, Default)]
pub(super) struct Chains {
    list: Vec<Chain>,
}

impl Chain {
    /// Reports whether packets of the family pass it.
    pub(super) fn is_of(&self, family: Family) -> bool {
        match self.family {
            TableFamily::Inet => true,
            TableFamily::Ip => family == Family::V4,
            TableFamily::Ip6 => family == Family::V6,
            TableFamily::Other(_) => false,
        }
    }

    /// The place of the chain of that name in the same table.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }
}

impl Chains {
    /// The chain at a place.
    pub(super) fn at(&self, index: usize) -> Option<&Chain> {
        self.list.get(index)
    }

    /// Every chain, with its place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Chain)> {
        self.list.iter().enumerate()
    }

    /// The chains that filter packets of a family at a hook.
    pub(super) fn bases(&self, hook: Hook, family: Family) -> impl Iterator<Item = usize> + '_ {
        let filters = move |chain: &Chain| {
            chain.is_of(family) && chain.base.as_ref().and_then(Base::filters) == Some(hook)
        };
        self.iter().filter(move |(_, chain)| filters(chain)).map(|(index, _)| index)
    }

    /// Adds the chains of a file.
    pub(super) fn read(&mut self, ruleset: &Ruleset<'_>, findings: &mut Vec<Finding>) {
        let source = &ruleset.source;
        let mut leave = |message: String, span: Span| {
            let help = "packets that it drops, redirects or marks are not part of the comparison";
            findings.push(Finding::new(Code::ReadNotCompared, message).help(help).at(source, span));
        };
        for table in &ruleset.tables {
            if let TableFamily::Other(name) = table.family {
                leave(format!("the table `{}` of the family {name} is not read", table.name), table.span);
            } else if table.is_dormant {
                leave(format!("the table `{}` is switched off, so it does nothing", table.name), table.span);
            }
        }
        let is_read = |family: TableFamily| !matches!(family, TableFamily::Other(_));
        for table in ruleset.tables.iter().filter(|table| is_read(table.family) && !table.is_dormant) {
            let start = self.list.len();
            let index = table.index.iter().map(|(name, at)| (name.clone(), start.saturating_add(*at)));
            let index: Arc<BTreeMap<String, usize>> = Arc::new(index.collect());
            let sets = Sets::new(table);
            for chain in &table.chains {
                let mut rules = Vec::new();
                for line in &chain.rules {
                    match rule::parse(&line.tokens, line.span, &sets) {
                        Ok(specs) => rules.extend(specs),
                        Err(refusal) => {
                            findings.push(
                                Finding::new(Code::ReadRefused, refusal.message).at(source, refusal.span),
                            );
                        }
                    }
                }
                if let Some(base) = chain.base.as_ref().filter(|base| base.filters().is_none()) {
                    let message = format!(
                        "the chain `{}` of the type {} at the hook {} is not read",
                        chain.name, base.kind, base.hook
                    );
                    if base.drops || !chain.rules.is_empty() {
                        findings.push(Finding::new(Code::ReadNotCompared, message).at(source, base.span));
                    }
                }
                self.list.push(Chain {
                    name: chain.name.clone(),
                    base: chain.base.clone(),
                    rules,
                    span: chain.span,
                    index: Arc::clone(&index),
                    family: table.family,
                    source: Arc::clone(source),
                });
            }
        }
    }

    /// Names the jumps to chains that are not there, and the rules that cannot match.
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        for (chain, rule) in
            self.list.iter().flat_map(|chain| chain.rules.iter().map(move |rule| (chain, rule)))
        {
            if rule.patterns.is_empty() {
                let message = "a rule that no packet matches";
                findings.push(Finding::new(Code::ReadNotCompared, message).at(&chain.source, rule.span));
            }
            let (Verdict::Jump(target) | Verdict::Goto(target)) = &rule.verdict else { continue };
            let message = match chain.find(target).and_then(|index| self.at(index)) {
                None => format!("there is no chain `{target}` in the table"),
                Some(chain) if chain.base.is_some() => {
                    format!("`{target}` hangs from the kernel, and no rule can jump there")
                }
                Some(_) => continue,
            };
            findings.push(Finding::new(Code::ReadRefused, message).at(&chain.source, rule.span));
        }
    }

    /// Names a chain that jumps in a circle.
    pub(super) fn find_loop(&self) -> Option<(&Chain, &Spec)> {
        // Depth first, with the way to here on a stack of its own: `false` while a chain is on the way, `true` behind it.
        let mut done: BTreeMap<usize, bool> = BTreeMap::new();
        for (start, _) in self.iter() {
            let mut stack = vec![(start, 0_usize)];
            while let Some((index, next)) = stack.pop() {
                if next == 0 && done.get(&index) == Some(&true) {
                    continue;
                }
                done.insert(index, false);
                let Some(chain) = self.at(index) else { continue };
                let jumps = chain.rules.iter().enumerate().skip(next);
                let target = jumps.filter_map(|(at, rule)| match &rule.verdict {
                    Verdict::Jump(name) | Verdict::Goto(name) => {
                        chain.find(name).map(|target| (at, rule, target))
                    }
                    Verdict::Accept | Verdict::Deny | Verdict::Return | Verdict::Unknown(_) => None,
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
}
