//! From a policy to the model of the file.

use super::spell::{self, Spelt};
use super::{COMMENT, names};
use crate::diag::{Code, Finding, Severity};
use crate::packet::{AddrSet, IcmpMatch, PacketSet, PeerSet, Prefix, Protocol, Set, TransportSet};
use crate::policy::{Direction, Need, Origin, RuleSet};
use crate::targets::packet_filters::accepted::{Accepted, Comments, Service};
use crate::targets::packet_filters::region::Family;
use crate::targets::packet_filters::spread::{Vocabulary, lines};
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Artifact, Loss, Lowered, Model, Wanted};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The file, as its template sees it.
#[derive(Debug, Serialize)]
struct File {
    /// The name of the table.
    table: String,
    /// The sets that rules look into.
    sets: Vec<NamedSet>,
    /// The chains, egress first.
    chains: Vec<Chain>,
}

/// A set of addresses.
#[derive(Debug, Serialize)]
struct NamedSet {
    /// The name.
    name: String,
    /// `ipv4_addr` or `ipv6_addr`.
    kind: &'static str,
    /// The blocks, in order, neither overlapping nor adjacent.
    elements: Vec<String>,
}

/// A chain at a hook. What it does not accept is dropped by its policy.
#[derive(Debug, Serialize)]
struct Chain {
    /// `output` or `input`.
    hook: &'static str,
    /// The name.
    name: String,
    /// The rules, in order.
    rules: Vec<Line>,
}

/// A rule. Every absent field is unconstrained.
#[derive(Debug, Default, Serialize)]
struct Line {
    /// `ip` or `ip6`, where addresses are named.
    family: Option<&'static str>,
    /// A block that `saddr` must be in.
    source: Option<String>,
    /// A set that `saddr` must be in.
    source_set: Option<String>,
    /// A block that `daddr` must be in.
    destination: Option<String>,
    /// A set that `daddr` must be in.
    destination_set: Option<String>,
    /// `iifname` or `oifname`.
    interface: Option<&'static str>,
    /// States of the connection.
    states: Vec<&'static str>,
    /// Protocol, ports, types.
    service: Option<Spelt>,
    /// `accept` or `reject`.
    verdict: &'static str,
    /// The words of what a reject answers with.
    with: Vec<&'static str>,
    /// What it is for.
    comment: Arc<str>,
}

/// What one rule can name.
const VOCABULARY: Vocabulary = Vocabulary {
    services: spell::services,
    lacks: "words",
    help: "extension headers of IPv6 are the protocol of no packet, and the ICMP types of the other family have no words",
};

/// A comment is limited in bytes, so it is kept to characters of one byte.
const COMMENT_ROOM: Room = Room { limit: COMMENT, allowed: |char| char.is_ascii() };

/// The types of neighbour discovery: router and neighbour solicitation and advertisement.
const NEIGHBOUR_DISCOVERY: [u8; 4] = [133, 134, 135, 136];

/// What one rule of the file chooses beside its blocks: family, near end, service, and why, in words.
type Group = (Family, Option<Prefix>, Service, Arc<str>);

/// The policy as one file. A direction that the policy says nothing about has no chain, and stays as it is.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    if wanted.policy.sets.is_empty() {
        return lowered;
    }
    let table = wanted.options.get("nftables.table").unwrap_or("egressor").to_owned();
    if names::is_key_word(&table) {
        let message = format!("`{table}` is a word of nft itself, so no table can have it as its name");
        lowered.findings.push(Finding::new(Code::VariableInvalid, message));
        return lowered;
    }
    let mut sets: Vec<&RuleSet> = wanted.policy.sets.iter().collect();
    sets.sort_by_key(|set| set.scope.direction);
    let mut file = File { table, sets: Vec::new(), chains: Vec::new() };
    for set in sets {
        let chain = chain(set, wanted, &mut file.sets, &mut lowered);
        file.chains.push(chain);
    }
    let path = "egressor.nft".to_owned();
    lowered.artifacts.push(Artifact { path, template: "nftables.nft.tera", model: Model::of(&file) });
    lowered
}

fn chain(set: &RuleSet, wanted: &Wanted<'_>, sets: &mut Vec<NamedSet>, lowered: &mut Lowered) -> Chain {
    let hook = match set.scope.direction {
        Direction::Egress => "output",
        Direction::Ingress => "input",
    };
    let name = match wanted.options.get("nftables.prefix") {
        Some(prefix) => format!("{prefix}-{hook}"),
        None => hook.to_owned(),
    };
    let mut rules = implied(set, wanted, lowered);
    let mut comments = Comments::new(set, COMMENT_ROOM);
    for family in [Family::V4, Family::V6] {
        // What differs in its blocks only is one rule, which looks them up.
        let mut groups: BTreeMap<Group, Vec<Option<Prefix>>> = BTreeMap::new();
        for Accepted { key: (peer, source, service), rules } in lines(set, family, &VOCABULARY, lowered) {
            groups.entry((family, source, service, comments.of(&rules))).or_default().push(peer);
        }
        rules.extend(groups.into_iter().map(|(group, peers)| line(set, group, &peers, sets)));
    }
    if wanted.options.get("nftables.reject") == Some("reject") {
        let line = |service: Option<Spelt>, with: &[&'static str]| Line {
            service,
            verdict: "reject",
            with: with.to_vec(),
            comment: "everything else is refused".into(),
            ..Line::default()
        };
        let tcp = spell::spelt(&Service::Protocol(Protocol::TCP));
        rules.extend([line(tcp, &["tcp", "reset"]), line(None, &["icmpx", "type", "admin-prohibited"])]);
    }
    Chain { hook, name, rules }
}

/// One rule, and the set that it needs where it names several blocks.
fn line(
    set: &RuleSet,
    (family, source, service, comment): Group,
    peers: &[Option<Prefix>],
    sets: &mut Vec<NamedSet>,
) -> Line {
    let (word, kind, version, all) = match family {
        Family::V4 => ("ip", "ipv4_addr", "v4", "0.0.0.0/0"),
        Family::V6 => ("ip6", "ipv6_addr", "v6", "::/0"),
    };
    let blocks: Option<Vec<Prefix>> = peers.iter().copied().collect();
    let (mut one, mut many) = (None, None);
    match blocks.map(|blocks| AddrSet::of(blocks).prefixes()) {
        // `meta nfproto` would say the same, but nft leaves it out of what it lists where a protocol seems to say so too.
        None => one = source.is_none().then(|| all.to_owned()),
        Some(blocks) if blocks.len() == 1 => one = blocks.first().map(ToString::to_string),
        Some(blocks) => {
            let name = format!("{}_{version}_{}", set.scope.direction.as_str(), sets.len().saturating_add(1));
            let elements = blocks.iter().map(ToString::to_string).collect();
            sets.push(NamedSet { name: name.clone(), kind, elements });
            many = Some(name);
        }
    }
    let base = Line {
        family: Some(word),
        service: spell::spelt(&service),
        verdict: "accept",
        comment,
        ..Line::default()
    };
    let source = source.map(|source| source.to_string());
    match set.scope.direction {
        Direction::Egress => Line { source, destination: one, destination_set: many, ..base },
        Direction::Ingress => Line { source: one, source_set: many, destination: source, ..base },
    }
}

/// The rules that hold for every connection.
fn implied(set: &RuleSet, wanted: &Wanted<'_>, lowered: &mut Lowered) -> Vec<Line> {
    let mut rules = Vec::new();
    let note = |need: Need| reason([&Origin::Implied(need)], COMMENT_ROOM).0;
    let accept = |comment: String| Line { verdict: "accept", comment: comment.into(), ..Line::default() };
    if wanted.needs.contains(&Need::Loopback) {
        let interface = match set.scope.direction {
            Direction::Egress => "oifname",
            Direction::Ingress => "iifname",
        };
        rules.push(Line { interface: Some(interface), ..accept(note(Need::Loopback)) });
    }
    if !wanted.needs.contains(&Need::ReturnTraffic) {
        return rules;
    }
    rules.push(Line { states: vec!["established", "related"], ..accept(note(Need::ReturnTraffic)) });
    // Its packets are no replies to connection tracking, and without them no reply finds its way.
    let why = "IPv6 cannot deliver replies without neighbour discovery";
    let note = format!("{}: {why}", Need::ReturnTraffic.id());
    rules.push(Line { service: Some(spell::icmpv6(&NEIGHBOUR_DISCOVERY)), ..accept(note) });
    let types =
        NEIGHBOUR_DISCOVERY.map(|kind| TransportSet::icmp(Protocol::ICMPV6, IcmpMatch { kind, code: None }));
    let peers = PeerSet::from(AddrSet::all_v6());
    let excess = set.not_allowed_of(&PacketSet::product(None, &peers, &Set::union_all(&types), &true));
    if !excess.is_empty() {
        let why = format!("ICMPv6 types 133 to 136 pass to and from every address: {why}");
        let finding = Finding::new(Code::TargetCannotSay, why.clone());
        lowered.findings.push(Finding { severity: Severity::Note, ..finding });
        lowered.losses.push(Loss { scope: set.scope.clone(), excess, missing: PacketSet::default(), why });
    }
    rules
}
