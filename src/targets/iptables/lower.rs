//! From a policy to the model of the two `iptables-restore` files.

use super::sets::{self, Collected};
use super::spell::{self, Test};
use super::{CHAIN_NAME, COMMENT};
use crate::diag::{Code, Finding, Severity};
use crate::packet::{AddrSet, IcmpMatch, PacketSet, PeerSet, Prefix, Protocol, Set, TransportSet};
use crate::policy::{Direction, Need, Origin, RuleSet};
use crate::targets::packet_filters::accepted::{Accepted, Comments, Service};
use crate::targets::packet_filters::region::Family;
use crate::targets::packet_filters::spread::{Vocabulary, lines};
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Artifact, Loss, Lowered, Model, Runs, Wanted};
use serde::Serialize;
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
    /// The set that the far end must be in.
    set: Option<String>,
    /// `dst` or `src`, where a set is looked into.
    set_end: Option<&'static str>,
    /// `-i`.
    in_interface: Option<&'static str>,
    /// `-o`.
    out_interface: Option<&'static str>,
    /// `-p`.
    protocol: Option<String>,
    /// Matches of modules.
    tests: Vec<Test>,
    /// What it is for.
    comment: Arc<str>,
    /// `ACCEPT` or `REJECT`.
    target: &'static str,
    /// `--reject-with`.
    reject_with: Option<&'static str>,
}

/// What one rule can name.
const VOCABULARY: Vocabulary = Vocabulary {
    services: spell::services,
    lacks: "option",
    help: "protocol 0, extension headers of IPv6, ICMP type 255 and the ICMP types of the other family have no option",
};

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
    let mut collected = Collected::default();
    for (family, path, restore) in [
        (Family::V4, "iptables.rules", "iptables-restore"),
        (Family::V6, "ip6tables.rules", "ip6tables-restore"),
    ] {
        let mut runs = Runs::default();
        let mut written = Written { collected: &mut collected, runs: &mut runs };
        let chains = sets.iter().map(|set| chain(set, family, wanted, &mut written, &mut lowered)).collect();
        lowered.artifacts.push(Artifact {
            path: path.to_owned(),
            template: "iptables.rules.tera",
            model: Model::with_runs(&File { restore, chains }, runs),
        });
    }
    collected.finish(&mut lowered);
    lowered
}

/// What stands beside the rules of a file.
struct Written<'a> {
    /// The sets that rules look into.
    collected: &'a mut Collected,
    /// The blocks of rules that differ in nothing else.
    runs: &'a mut Runs,
}

fn chain(
    set: &RuleSet,
    family: Family,
    wanted: &Wanted<'_>,
    written: &mut Written<'_>,
    lowered: &mut Lowered,
) -> Chain {
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
    let lines = lines(set, family, &VOCABULARY, lowered);
    let mut comments = Comments::new(set, COMMENT_ROOM);
    let line = |peer: Option<String>, (source, service): Beside, comment: Arc<str>| {
        let source = source.map(|prefix| prefix.to_string());
        let (source, destination) = match set.scope.direction {
            Direction::Egress => (source, peer),
            Direction::Ingress => (peer, source),
        };
        Line { source, destination, ..accept(&service, comment) }
    };
    let one = |peer: Option<Prefix>| peer.map(|prefix| prefix.to_string());
    if wanted.options.get("iptables.form") == Some("ipset") {
        rules.extend(sets::grouped(lines, &mut comments).into_iter().map(|group| {
            if let [peer] = group.peers.as_slice() {
                return line(one(*peer), (group.source, group.service), group.comment);
            }
            let end = match set.scope.direction {
                Direction::Egress => "dst",
                Direction::Ingress => "src",
            };
            let name = written.collected.add(&name, family, &group.peers, lowered);
            let line = line(None, (group.source, group.service), group.comment);
            Line { set: Some(name), set_end: Some(end), ..line }
        }));
    } else {
        for run in alike(lines, &mut comments) {
            let peer = match run.peers.as_slice() {
                [] => None,
                [only] => Some(only.to_string()),
                _ => Some(written.runs.add(run.peers)),
            };
            rules.push(line(peer, run.beside, run.comment));
        }
    }
    if wanted.options.get("iptables.reject") == Some("reject") {
        rules.extend(reject(family));
    }
    Chain { hook, name, rules }
}

/// What a line chooses besides its far end.
type Beside = (Option<Prefix>, Service);

/// Lines in a row that differ in the block of their far end only.
struct Run {
    /// The blocks; none is every address.
    peers: Vec<Prefix>,
    beside: Beside,
    comment: Arc<str>,
}

fn alike(lines: Vec<Accepted>, comments: &mut Comments<'_>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for Accepted { key: (peer, source, service), rules } in lines {
        let comment = comments.of(&rules);
        let last = runs.last_mut().filter(|last| {
            let is_like = last.beside.0 == source && last.beside.1 == service && last.comment == comment;
            is_like && !last.peers.is_empty()
        });
        match (last, peer) {
            (Some(last), Some(peer)) => last.peers.push(peer),
            _ => runs.push(Run { peers: peer.into_iter().collect(), beside: (source, service), comment }),
        }
    }
    runs
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
        let excess = set.not_allowed_of(&PacketSet::product(None, &peers, &excess, &true));
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
