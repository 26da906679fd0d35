//! Firewall rules in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.

use super::hcl::{Reader, network, targets};
use super::lift::{Spoken, lift};
use super::list::tell_apart;
use crate::diag::Source;
use crate::policy::Direction;
use crate::syntax::hcl::{Block, Kind, Module, Value};
use crate::syntax::terraform::{Asked, recognizes};
use crate::targets::clouds::gcp_network::{Stated, stages};
use crate::targets::clouds::terraform::{FIREWALL, is_beside};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads states and plans with firewall rules in them.
#[derive(Debug)]
pub(super) struct GcpFirewallState;

const BLOCKS: [&str; 2] = ["allow", "deny"];

impl Importer for GcpFirewallState {
    fn name(&self) -> &'static str {
        "gcp-firewall-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source.text(), &[FIREWALL])
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (before, after) = both(sources);
        meaning(after, &before.map(|before| spoken(&before.blocks)).unwrap_or_default())
    }

    fn import_before(&self, sources: &[Arc<Source>]) -> Option<Imported> {
        let (before, after) = both(sources);
        Some(meaning(before?, &spoken(&after.blocks)))
    }
}

/// The rules before, where one of the files is a plan, and after.
fn both(sources: &[Arc<Source>]) -> (Option<Stated>, Stated) {
    let asked = Asked { types: &[FIREWALL], blocks: &BLOCKS, beside: is_beside };
    let (before, mut after) = stages(sources, asked, with_blocks);
    // Networks are told apart by the rules of both stages, so that both call them the same.
    let count = before.as_ref().map_or(0, |before| before.blocks.len());
    let mut blocks: Vec<Block> = before.iter().flat_map(|before| before.blocks.iter().cloned()).collect();
    blocks.append(&mut after.blocks);
    tell_apart(&mut blocks);
    after.blocks = blocks.split_off(count);
    (before.map(|before| Stated { blocks, ..before }), after)
}

/// What the rules mean. The other stage of a plan tells more scopes: where a plan deletes the last rule about one, the
/// network's implied rules decide, and egress opens.
fn meaning(stated: Stated, more: &BTreeSet<Spoken>) -> Imported {
    let mut reader = Reader { findings: stated.findings, exist: true, ..Reader::default() };
    let module = Module { blocks: stated.blocks, ..Module::default() };
    reader.module(&module);
    let spoken = spoken(&module.blocks).union(more).cloned().collect();
    let Reader { firewalls, mut findings, .. } = reader;
    let policy = lift(&firewalls, &spoken, &mut findings);
    Imported { policy, findings }
}

/// What rules are about, also when they are disabled.
fn spoken(blocks: &[Block]) -> BTreeSet<Spoken> {
    let mut spoken = BTreeSet::new();
    for block in blocks.iter().filter(|block| block.is_resource(FIREWALL)) {
        let direction = block.get("direction").and_then(Value::as_text);
        let direction =
            if direction.as_deref() == Some("EGRESS") { Direction::Egress } else { Direction::Ingress };
        let (network, targets) = (network(block.get("network")), targets(block));
        if targets.is_empty() {
            spoken.insert((network, direction, None));
        } else {
            spoken.extend(targets.into_iter().map(|target| (network.clone(), direction, Some(target))));
        }
    }
    spoken
}

/// The block with its lists of objects as the blocks that they are in HCL.
fn with_blocks(mut block: Block) -> Block {
    let says = |kind: &&str| matches!(block.get(kind).map(|list| &list.kind), Some(Kind::List(items)) if !items.is_empty());
    let certain = BLOCKS.iter().any(says);
    for kind in BLOCKS {
        let Some(list) = block.attributes.remove(kind) else { continue };
        // A rule either allows or denies: where one of them is there, the other turns out to be empty.
        if certain && list.unknown().is_some() {
            continue;
        }
        let place = list.place.clone();
        let inner = |attributes: BTreeMap<String, Value>, uncertain: Vec<String>| Block {
            uncertain,
            attributes,
            ..Block::new(kind, &[], place.clone())
        };
        match list.kind {
            Kind::Null => {}
            Kind::List(items) => block.blocks.extend(items.into_iter().map(|item| match item.kind {
                Kind::Map(fields) => inner(fields, Vec::new()),
                // Which services are meant is not known, and so neither is whether there are any.
                kind => inner(
                    any(&item.place),
                    vec![Value { place: item.place, kind }.unknown().unwrap_or("a service").to_owned()],
                ),
            })),
            kind => {
                let text = Value { place: place.clone(), kind }.unknown().unwrap_or("services").to_owned();
                block.blocks.push(inner(any(&place), vec![text]));
            }
        }
    }
    block
}

/// Every service.
fn any(place: &crate::diag::Place) -> BTreeMap<String, Value> {
    let all = Value { place: place.clone(), kind: Kind::String("all".to_owned()) };
    BTreeMap::from([("protocol".to_owned(), all)])
}
