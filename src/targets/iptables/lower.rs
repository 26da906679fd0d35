//! From a policy to the model of the two `iptables-restore` files.

use super::line::{Accepted, Key};
use super::region::Family;
use super::spell::{self, Service, Test};
use super::{CHAIN_NAME, COMMENT};
use crate::diag::{Code, Finding, Severity};
use crate::packet::{AddrSet, IcmpMatch, PacketSet, PeerSet, Prefix, Protocol, Set, TransportSet};
use crate::policy::{Direction, Need, Origin, Rule, RuleSet};
use crate::syntax::text::one_line;
use crate::targets::absorb::absorb;
use crate::targets::reason::{Room, reason};
use crate::targets::{Artifact, Loss, Lowered, Model, Wanted};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file, as its template sees it.
#[derive(Debug, Serialize)]
struct File {
    /// The tool that loads it.
    restore: &'static str,
    /// The chains, egress first.
    chains: Vec<Chain>,
}

/// A chain of our own with the built-in one that it hangs from. What neither accepts stops: the policy is DROP.
#[derive(Debug, Serialize)]
struct Chain {
    /// `OUTPUT` or `INPUT`.
    hook: &'static str,
    /// The name.
    name: String,
    /// The rules, in order.
    rules: Vec<Line>,
}

/// A rule. Every absent field is unconstrained.
#[derive(Debug, Default, Serialize)]
struct Line {
    /// `-s`.
    source: Option<String>,
    /// `-d`.
    destination: Option<String>,
    /// `-i`.
    in_interface: Option<&'static str>,
    /// `-o`.
    out_interface: Option<&'static str>,
    /// `-p`.
    protocol: Option<String>,
    /// Matches of modules.
    tests: Vec<Test>,
    /// What it is for.
    #[serde(serialize_with = "as_text")]
    comment: Arc<str>,
    /// `ACCEPT` or `REJECT`.
    target: &'static str,
    /// `--reject-with`.
    reject_with: Option<&'static str>,
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// A comment is limited in bytes, so it is kept to characters of one byte.
const COMMENT_ROOM: Room = Room { limit: COMMENT, allowed: |char| char.is_ascii() };

/// The types of neighbour discovery: router and neighbour solicitation and advertisement.
const NEIGHBOUR_DISCOVERY: [u8; 4] = [133, 134, 135, 136];

/// The policy as two files, one for each family. The one without rules is there too: without it, everything would pass.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    if wanted.policy.sets.is_empty() {
        return lowered;
    }
    let mut sets: Vec<&RuleSet> = wanted.policy.sets.iter().collect();
    sets.sort_by_key(|set| set.scope.direction);
    for (family, path, restore) in [
        (Family::V4, "iptables.rules", "iptables-restore"),
        (Family::V6, "ip6tables.rules", "ip6tables-restore"),
    ] {
        let chains = sets.iter().map(|set| chain(set, family, wanted, &mut lowered)).collect();
        lowered.artifacts.push(Artifact {
            path: path.to_owned(),
            template: "iptables.rules.tera",
            model: Model::of(&File { restore, chains }),
        });
    }
    lowered
}

fn chain(set: &RuleSet, family: Family, wanted: &Wanted<'_>, lowered: &mut Lowered) -> Chain {
    let (hook, suffix) = match set.scope.direction {
        Direction::Egress => ("OUTPUT", "OUT"),
        Direction::Ingress => ("INPUT", "IN"),
    };
    let prefix = wanted.options.get("iptables.prefix").unwrap_or("EGRESSOR");
    let name = format!("{prefix}-{suffix}");
    if name.len() > CHAIN_NAME {
        let message =
            format!("the chain name `{name}` has {} characters, {CHAIN_NAME} are allowed", name.len());
        lowered.findings.push(Finding::new(Code::TargetLimit, message));
    }
    let mut rules = implied(set, family, wanted, lowered);
    let mut lines: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (number, rule) in set.rules.iter().enumerate() {
        spread(set, (number, rule), family, &mut lines, lowered);
    }
    let lines = lines.into_iter().map(|(key, rules)| Accepted { key, rules }).collect();
    // Thousands of lines are there for the same reasons, which are put into words once.
    let mut comments: BTreeMap<Vec<usize>, Arc<str>> = BTreeMap::new();
    rules.extend(absorb(lines).into_iter().map(|Accepted { key: (peer, source, service), rules: why }| {
        let origins = why.iter().filter_map(|number| set.rules.get(*number)).map(|rule| &rule.origin);
        let known = comments.get(&why).cloned();
        let comment = known.unwrap_or_else(|| reason(origins, COMMENT_ROOM).0.into());
        comments.entry(why).or_insert_with(|| Arc::clone(&comment));
        let (peer, source) = (peer.map(|prefix| prefix.to_string()), source.map(|prefix| prefix.to_string()));
        let (source, destination) = match set.scope.direction {
            Direction::Egress => (source, peer),
            Direction::Ingress => (peer, source),
        };
        Line { source, destination, ..accept(&service, comment) }
    }));
    if wanted.options.get("iptables.reject") == Some("reject") {
        rules.extend(reject(family));
    }
    Chain { hook, name, rules }
}

/// The rules that hold for every connection.
fn implied(set: &RuleSet, family: Family, wanted: &Wanted<'_>, lowered: &mut Lowered) -> Vec<Line> {
    let mut rules = Vec::new();
    let note = |need: Need| reason([&Origin::Implied(need)], COMMENT_ROOM).0;
    if wanted.needs.contains(&Need::Loopback) {
        let (in_interface, out_interface) = match set.scope.direction {
            Direction::Egress => (None, Some("lo")),
            Direction::Ingress => (Some("lo"), None),
        };
        rules.push(Line { in_interface, out_interface, ..accept(&Service::Any, note(Need::Loopback)) });
    }
    if !wanted.needs.contains(&Need::ReturnTraffic) {
        return rules;
    }
    let tracked =
        Test { module: "conntrack".to_owned(), option: "--ctstate", value: "RELATED,ESTABLISHED".to_owned() };
    rules.push(Line { tests: vec![tracked], ..accept(&Service::Any, note(Need::ReturnTraffic)) });
    if family == Family::V6 {
        // Its packets are no replies to connection tracking, and without them no reply finds its way.
        let why = "IPv6 cannot deliver replies without neighbour discovery";
        let mut excess = TransportSet::default();
        for kind in NEIGHBOUR_DISCOVERY {
            let icmp = IcmpMatch { kind, code: None };
            let note = format!("{}: {why}", Need::ReturnTraffic.id());
            rules.push(accept(&Service::Icmp(Protocol::ICMPV6, icmp), note));
            excess = Set::union(&excess, &TransportSet::icmp(Protocol::ICMPV6, icmp));
        }
        let peers = PeerSet::from(AddrSet::all_v6());
        let excess = PacketSet::product(None, &peers, &excess, &true).subtract(&set.allows().at_least);
        if !excess.is_empty() {
            let why = format!("ICMPv6 types 133 to 136 pass to and from every address: {why}");
            let finding = Finding::new(Code::TargetCannotSay, why.clone());
            lowered.findings.push(Finding { severity: Severity::Note, ..finding });
            let missing = PacketSet::default();
            lowered.losses.push(Loss { scope: set.scope.clone(), excess, missing, why });
        }
    }
    rules
}

/// Puts what a rule asks of one family into lines: one for each pair of blocks and service.
fn spread(
    set: &RuleSet,
    (number, rule): (usize, &Rule),
    family: Family,
    lines: &mut BTreeMap<Key, Vec<usize>>,
    lowered: &mut Lowered,
) {
    let peers = &rule.matches.peer.set().unwrap_or(&set.universe).addrs;
    // A rule whose end is of the other family says nothing here; it must not become a rule for every address.
    let Some(peers) = blocks(peers, family) else { return };
    let sources = match rule.matches.source.set() {
        None => vec![None],
        Some(sources) => match blocks(sources, family) {
            None => return,
            Some(blocks) => blocks,
        },
    };
    let full = TransportSet::full();
    let (services, unsaid) = spell::services(rule.matches.transport.set().unwrap_or(&full), family);
    let loss = (!unsaid.is_empty()).then(|| unsaid_services(set, rule, family, &unsaid));
    if let Some(loss) = loss.filter(|loss| !loss.missing.is_empty()) {
        let message =
            format!("{} rules cannot name all that `{}` asks for", family.as_str(), label(&rule.origin));
        let help = "protocol 0, extension headers of IPv6, ICMP type 255 and the ICMP types of the other family have no option";
        lowered.findings.push(Finding::new(Code::TargetCannotSay, message).help(help));
        lowered.losses.push(loss);
    }
    for peer in &peers {
        for source in &sources {
            for service in &services {
                lines.entry((*peer, *source, service.clone())).or_default().push(number);
            }
        }
    }
}

fn unsaid_services(set: &RuleSet, rule: &Rule, family: Family, unsaid: &TransportSet) -> Loss {
    let missing = packets(set, rule, family, |transport| transport.intersect(unsaid));
    // What one rule cannot say, another may: `any protocol` holds what has no option of its own.
    let said: Vec<PacketSet> = set
        .rules
        .iter()
        .map(|rule| {
            packets(set, rule, family, |transport| transport.subtract(&spell::services(transport, family).1))
        })
        .collect();
    Loss {
        scope: set.scope.clone(),
        excess: PacketSet::default(),
        missing: missing.subtract(&PacketSet::union_all(&said)),
        why: format!("{} rules have no option for some services of {}", family.as_str(), label(&rule.origin)),
    }
}

/// The packets of one family that a rule asks for, some of its services only.
fn packets(
    set: &RuleSet,
    rule: &Rule,
    family: Family,
    part: impl Fn(&TransportSet) -> TransportSet,
) -> PacketSet {
    let peers = rule.matches.peer.set().unwrap_or(&set.universe);
    let peers = PeerSet::from(family.part(&peers.addrs));
    let transport = rule.matches.transport.set().cloned().unwrap_or_else(TransportSet::full);
    PacketSet::product(rule.matches.source.set(), &peers, &part(&transport), &true)
}

/// The blocks of a family, `None` for all of it; nothing when the set has none.
fn blocks(addrs: &AddrSet, family: Family) -> Option<Vec<Option<Prefix>>> {
    let part = family.part(addrs);
    if part.is_empty() {
        return None;
    }
    if part == family.all() {
        return Some(vec![None]);
    }
    Some(part.prefixes().into_iter().map(Some).collect())
}

fn accept(service: &Service, comment: impl Into<Arc<str>>) -> Line {
    Line {
        protocol: service.protocol(),
        tests: service.test().into_iter().collect(),
        comment: comment.into(),
        target: "ACCEPT",
        ..Line::default()
    }
}

/// The last rules of a chain that tells the sender. A TCP client hears only a reset.
fn reject(family: Family) -> [Line; 2] {
    let prohibited = match family {
        Family::V4 => "icmp-admin-prohibited",
        Family::V6 => "icmp6-adm-prohibited",
    };
    let line = |protocol: Option<&str>, with| Line {
        protocol: protocol.map(str::to_owned),
        comment: "everything else is refused".into(),
        target: "REJECT",
        reject_with: Some(with),
        ..Line::default()
    };
    [line(Some("tcp"), "tcp-reset"), line(None, prohibited)]
}

/// Who asked for a rule.
fn label(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(justification) => one_line(&justification.endpoint),
        Origin::Implied(need) => need.id().to_owned(),
        Origin::File(place) => one_line(place.source.name()),
        Origin::System(text) => one_line(text),
    }
}
