//! Who asks for what: the demands by their addresses, so that each rule finds its own without a look at all of them.

use super::lower::Rule;
use crate::packet::{Prefix, TransportSet};
use crate::policy::{Direction, Origin};
use crate::targets::asked::demand::Demand;
use std::collections::{BTreeMap, BTreeSet};

/// Demands of one direction for the same services, by their blocks.
type Blocks = BTreeMap<Prefix, Vec<usize>>;

/// All demands, numbered.
pub(super) struct Asking<'a> {
    origins: Vec<&'a Origin>,
    by_service: BTreeMap<(Direction, &'a TransportSet), Blocks>,
}

impl<'a> Asking<'a> {
    /// These demands.
    pub(super) fn of(asked: &'a [(Direction, Demand<'a>)]) -> Self {
        let mut by_service: BTreeMap<_, Blocks> = BTreeMap::new();
        for (number, (direction, demand)) in asked.iter().enumerate() {
            let blocks = by_service.entry((*direction, &demand.transport)).or_default();
            for block in demand.addrs.prefixes() {
                blocks.entry(block).or_default().push(number);
            }
        }
        Self { origins: asked.iter().map(|(_, demand)| demand.origin).collect(), by_service }
    }

    /// Why a packet of any of these rules is needed; they are of one direction and service.
    pub(super) fn for_any(&self, rules: &[&Rule]) -> Vec<&'a Origin> {
        let Some(first) = rules.first() else { return Vec::new() };
        let packets = first.service.packets();
        let mut numbers: BTreeSet<usize> = BTreeSet::new();
        for ((direction, transport), blocks) in &self.by_service {
            if *direction == first.direction && !transport.intersect(&packets).is_empty() {
                numbers.extend(rules.iter().flat_map(|rule| meeting(blocks, rule.prefix)));
            }
        }
        numbers.into_iter().filter_map(|number| self.origins.get(number).copied()).collect()
    }
}

/// The demands of blocks that share an address with this one: those that hold it, and those inside it.
fn meeting(blocks: &Blocks, prefix: Prefix) -> impl Iterator<Item = usize> {
    let holding = prefix.holders().filter_map(|holder| blocks.get(&holder));
    // In order, a block comes before those inside it, and those before what lies behind it.
    let inside = blocks.range(prefix..=Prefix::host(prefix.last())).map(|(_, numbers)| numbers);
    holding.chain(inside).flatten().copied()
}
