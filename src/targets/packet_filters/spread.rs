//! What rules ask of one address family, as the lines of a packet filter: one for each pair of blocks and service.

use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, PacketSet, PeerSet, Prefix, Set, TransportSet};
use crate::policy::{Origin, Rule, RuleSet};
use crate::syntax::text::one_line;
use crate::targets::asked::absorb::absorb;
use crate::targets::packet_filters::accepted::{Accepted, Key, Service};
use crate::targets::packet_filters::region::Family;
use crate::targets::{Loss, Lowered};

/// What the lines of a filter can name.
#[derive(Debug)]
pub(in crate::targets) struct Vocabulary {
    /// The services that stand for a set, and what of it has no words.
    pub(in crate::targets) services: fn(&TransportSet, Family) -> (Vec<Service>, TransportSet),
    /// What is missing where a service cannot be named: `option`.
    pub(in crate::targets) lacks: &'static str,
    /// What cannot be named, for people.
    pub(in crate::targets) help: &'static str,
}

/// The lines that say what the rules of a set ask of a family, none needless. What has no words is a loss.
pub(in crate::targets) fn lines(
    set: &RuleSet,
    family: Family,
    vocabulary: &Vocabulary,
    lowered: &mut Lowered,
) -> Vec<Accepted> {
    let mut lines: Vec<(Key, usize)> = Vec::new();
    for (number, rule) in set.rules.iter().enumerate() {
        let peers = &rule.matches.peer.set().unwrap_or(&set.universe).addrs;
        // A rule whose end is of the other family says nothing here; it must not become a rule for every address.
        let Some(peers) = blocks(peers, family) else { continue };
        let sources = rule.matches.source.set().map_or(Some(vec![None]), |sources| blocks(sources, family));
        let Some(sources) = sources else { continue };
        let full = TransportSet::full();
        let (services, unsaid) = (vocabulary.services)(rule.matches.transport.set().unwrap_or(&full), family);
        if !unsaid.is_empty() {
            lose(set, rule, family, &unsaid, vocabulary, lowered);
        }
        for peer in &peers {
            for source in &sources {
                for service in &services {
                    lines.push(((*peer, *source, service.clone()), number));
                }
            }
        }
    }
    // One rule gives its lines in order, so this sorts a few runs and no more.
    lines.sort();
    let mut accepted: Vec<Accepted> = Vec::with_capacity(lines.len());
    for (key, number) in lines {
        match accepted.last_mut().filter(|last| last.key == key) {
            Some(last) => last.rules.push(number),
            None => accepted.push(Accepted { key, rules: vec![number] }),
        }
    }
    absorb(accepted)
}

/// Tells what a rule asks for and no rule of the set can say.
fn lose(
    set: &RuleSet,
    rule: &Rule,
    family: Family,
    unsaid: &TransportSet,
    vocabulary: &Vocabulary,
    lowered: &mut Lowered,
) {
    let missing = packets(set, rule, family, |transport| transport.intersect(unsaid));
    // What one rule cannot say, another may: `any protocol` holds what has no words of its own.
    let said = |transport: &TransportSet| transport.subtract(&(vocabulary.services)(transport, family).1);
    let said: Vec<PacketSet> = set.rules.iter().map(|rule| packets(set, rule, family, said)).collect();
    let missing = missing.subtract(&PacketSet::union_all(&said));
    if missing.is_empty() {
        return;
    }
    let (rules, who) = (family.as_str(), label(&rule.origin));
    let message = format!("{rules} rules cannot name all that `{who}` asks for");
    lowered.findings.push(Finding::new(Code::TargetCannotSay, message).help(vocabulary.help));
    let why = format!("{rules} rules have no {} for some services of {who}", vocabulary.lacks);
    lowered.losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
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

/// Who asked for a rule.
fn label(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(justification) => one_line(&justification.endpoint),
        Origin::Implied(need) => need.id().to_owned(),
        Origin::File(place) => one_line(place.source.name()),
        Origin::System(text) => one_line(text),
    }
}
