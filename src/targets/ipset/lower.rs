//! From a policy to a set for each direction and family.

use super::member::Member;
use super::{ELEMENTS, MAX_ELEMENTS, NAME, SET_NAME, TEMPLATE};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Prefix, Set as _};
use crate::policy::{Direction, RuleSet};
use crate::syntax::ipset::{COMMENT, is_plain};
use crate::targets::asked::blocks::{Blocks, outermost};
use crate::targets::asked::demand::{Demand, Unsaid, demands};
use crate::targets::packet_filters::ip_sets::{ENDS, OWN};
use crate::targets::packet_filters::region::Family;
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Artifact, Lowered, Wanted};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is said behind a member.
const WHY: Room = Room { limit: COMMENT, allowed: is_plain };

/// The policy as sets. One without members is there too: rules look into it, and what was in it before must go.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let mut unsaid = Unsaid::default();
    let max = wanted.options.get(MAX_ELEMENTS).and_then(|max| max.parse().ok()).unwrap_or(ELEMENTS.max);
    let infix = wanted.options.get(NAME).map(|name| format!("-{name}")).unwrap_or_default();
    let (mut sets, mut uses) = (Vec::new(), Vec::new());
    for (end, direction, family) in ENDS {
        let name = format!("{}{infix}{end}", OWN.trim_end_matches('-'));
        for set in wanted.policy.sets.iter().filter(|set| set.scope.direction == direction) {
            let members = members(set, family, &mut unsaid);
            lowered.findings.extend(too_many(&name, &members, max));
            sets.push(model(&name, family, max, &members, &mut lowered));
            uses.push(rule(&name, direction, family));
        }
    }
    let (losses, findings) = unsaid.finish();
    lowered.losses = losses;
    lowered.findings.extend(findings);
    if sets.is_empty() || crate::diag::any_error(&lowered.findings) {
        return lowered;
    }
    let model = json!({ "advice": advice(uses), "sets": sets });
    lowered.artifacts.push(Artifact {
        path: "sets.ipset".to_owned(),
        template: TEMPLATE,
        model: model.into(),
    });
    lowered
}

/// What a rule set asks of a family, by service.
fn members<'a>(set: &'a RuleSet, family: Family, unsaid: &mut Unsaid) -> BTreeMap<Member, Blocks<'a>> {
    let mut by_member: BTreeMap<Member, Blocks<'a>> = BTreeMap::new();
    // What is no plain address is told once.
    let mut of_both = Unsaid::default();
    let demands = demands(set, if family == Family::V4 { unsaid } else { &mut of_both });
    for demand in demands {
        let addrs = family.part(&demand.addrs);
        if addrs.is_empty() {
            continue;
        }
        let (members, rest) = Member::of(&demand.transport, family);
        let why = "members of a set name ports of TCP, UDP, SCTP and UDP-Lite, types of the family's ICMP, and whole protocols by number";
        unsaid.part(&set.scope, why, &Demand { addrs: addrs.clone(), ..demand.clone() }, &rest);
        for member in members {
            let blocks = by_member.entry(member).or_default();
            for block in blocks_of(&addrs) {
                blocks.entry(block).or_default().push(demand.origin);
            }
        }
    }
    for blocks in by_member.values_mut() {
        *blocks = outermost(std::mem::take(blocks));
    }
    let written =
        |(member, blocks): (&Member, &Blocks<'a>)| (AddrSet::of(blocks.keys().copied()), member.packets());
    let written: Vec<_> = by_member.iter().map(written).collect();
    unsaid.said(&set.scope, written.iter().map(|(addrs, packets)| (addrs, packets.clone())));
    by_member
}

/// The blocks of a set. No member holds every address, so two halves stand for all.
fn blocks_of(addrs: &AddrSet) -> Vec<Prefix> {
    let halves = |prefix: Prefix| {
        if prefix.len() > 0 {
            return vec![prefix];
        }
        let upper = AddrSet::block(prefix)
            .subtract(&Prefix::containing(prefix.addr(), 1).map(AddrSet::block).unwrap_or_default());
        Prefix::containing(prefix.addr(), 1).into_iter().chain(upper.prefixes()).collect()
    };
    addrs.prefixes().into_iter().flat_map(halves).collect()
}

/// Refuses more members than a set takes, with the arithmetic.
fn too_many(name: &str, members: &BTreeMap<Member, Blocks<'_>>, max: usize) -> Option<Finding> {
    let count = |(member, blocks): (&Member, &Blocks<'_>)| member.count().saturating_mul(blocks.len());
    let total: usize = members.iter().map(count).fold(0, usize::saturating_add);
    let largest = members.iter().max_by_key(|(member, blocks)| count((member, blocks)));
    let (member, blocks) = largest.filter(|_| total > max)?;
    let message = format!(
        "the set `{name}` would have {total} members where it takes {max}: {} blocks with {} each for `{}`",
        blocks.len(),
        member.count(),
        member.words().first().map_or("", String::as_str)
    );
    let help = format!("set `{MAX_ELEMENTS}` higher, or select fewer endpoints");
    Some(Finding::new(Code::TargetLimit, message).help(help))
}

fn model(
    name: &str,
    family: Family,
    max: usize,
    members: &BTreeMap<Member, Blocks<'_>>,
    lowered: &mut Lowered,
) -> Value {
    let next = format!("{name}+");
    if next.len() > SET_NAME.max {
        let message =
            format!("the set name `{next}` has {} characters, {} are allowed", next.len(), SET_NAME.max);
        lowered.findings.push(Finding::new(Code::TargetLimit, message));
    }
    let mut elements = Vec::new();
    for (member, blocks) in members {
        let words = member.words();
        for (block, origins) in blocks {
            let (why, _) = reason(origins.iter().copied(), WHY);
            elements.extend(
                words.iter().map(|word| json!({ "block": block.to_string(), "service": word, "why": why })),
            );
        }
    }
    let family = if family == Family::V4 { "inet" } else { "inet6" };
    json!({ "name": name, "next": next, "family": family, "room": max.to_string(), "elements": elements })
}

/// The rule that looks into a set.
fn rule(name: &str, direction: Direction, family: Family) -> String {
    let tool = if family == Family::V4 { "iptables" } else { "ip6tables" };
    let (chain, ends) = match direction {
        Direction::Egress => ("OUTPUT", "dst,dst"),
        Direction::Ingress => ("INPUT", "src,dst"),
    };
    format!("  {tool} -A {chain} -m set --match-set {name} {ends} -j ACCEPT")
}

/// What is to be done with the sets.
fn advice(uses: Vec<String>) -> Vec<String> {
    let mut lines = vec![
        "Load it with: ipset -exist restore < FILE".to_owned(),
        "Each set is filled beside the old one, which it then replaces at once.".to_owned(),
        "A set lets nothing pass by itself. These rules look into them, at address and port alike:"
            .to_owned(),
    ];
    lines.extend(uses);
    lines.push("Replies, loopback and neighbour discovery need rules of their own, and the policy of the chain must be DROP.".to_owned());
    lines
}
