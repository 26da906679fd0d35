//! What a policy asks of a target that filters by address and service, and what such a target cannot say.

use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, PacketSet, PeerSet, Set, TransportSet};
use crate::policy::{Origin, RuleSet, Scope, Traffic};
use crate::syntax::text;
use crate::targets::Loss;
use std::collections::BTreeMap;

/// Addresses and services that one rule asks for.
#[derive(Debug, Clone)]
pub(in crate::targets) struct Demand<'a> {
    pub(in crate::targets) addrs: AddrSet,
    pub(in crate::targets) transport: TransportSet,
    pub(in crate::targets) origin: &'a Origin,
}

/// What was asked and cannot be said, collected by reason.
#[derive(Debug, Clone, Default)]
pub(in crate::targets) struct Unsaid {
    missing: BTreeMap<(Scope, &'static str), Missing>,
}

/// The packets that are missing, and who asks for them.
type Missing = (Vec<PacketSet>, Vec<String>);

/// What the rules of a set ask for, with everything that is no plain peer address put aside.
pub(in crate::targets) fn demands<'a>(set: &'a RuleSet, unsaid: &mut Unsaid) -> Vec<Demand<'a>> {
    let everything = TransportSet::full();
    let mut demands = Vec::new();
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let transport = rule.matches.transport.set().unwrap_or(&everything);
        let peers = rule.matches.peer.set().unwrap_or(&set.universe);
        if rule.matches.source.set().is_some() {
            let packets = set.packets(&rule.matches);
            unsaid.add(&set.scope, "rules here cannot name the near end", &packets, &rule.origin);
            continue;
        }
        let unnamed = PeerSet { addrs: AddrSet::default(), ..peers.clone() };
        if !unnamed.is_empty() && rule.matches.peer.set().is_some() {
            let packets = PacketSet::product(None, &unnamed, transport, &true);
            unsaid.add(&set.scope, "rules here name peers by address only", &packets, &rule.origin);
        }
        if !peers.addrs.is_empty() {
            let demand =
                Demand { addrs: peers.addrs.clone(), transport: transport.clone(), origin: &rule.origin };
            demands.push(demand);
        }
    }
    demands
}

impl Unsaid {
    /// Adds packets that are asked for and not said, and why.
    pub(in crate::targets) fn add(
        &mut self,
        scope: &Scope,
        why: &'static str,
        packets: &PacketSet,
        origin: &Origin,
    ) {
        if packets.is_empty() {
            return;
        }
        let (missing, ids) = self.missing.entry((scope.clone(), why)).or_default();
        missing.push(packets.clone());
        ids.push(text::one_line(&id(origin)));
    }

    /// Adds what a demand asks of some addresses and services.
    pub(in crate::targets) fn part(
        &mut self,
        scope: &Scope,
        why: &'static str,
        demand: &Demand<'_>,
        transport: &TransportSet,
    ) {
        let packets = PacketSet::product(None, &PeerSet::from(demand.addrs.clone()), transport, &true);
        self.add(scope, why, &packets, demand.origin);
    }

    /// Takes back what other rules of the scope say after all: addresses and services that are written.
    pub(in crate::targets) fn said<'a>(
        &mut self,
        scope: &Scope,
        written: impl Iterator<Item = (&'a AddrSet, TransportSet)>,
    ) {
        if self.missing.keys().all(|(of, _)| of != scope) {
            return;
        }
        let products = written.map(|(addrs, transport)| {
            PacketSet::product(None, &PeerSet::from(addrs.clone()), &transport, &true)
        });
        let written = PacketSet::union_all(&products.collect::<Vec<_>>());
        for ((of, _), (missing, _)) in &mut self.missing {
            if of == scope {
                *missing = vec![PacketSet::union_all(missing).subtract(&written)];
            }
        }
        self.missing.retain(|_, (missing, _)| missing.iter().any(|missing| !missing.is_empty()));
    }

    /// The losses, and one finding for each reason.
    pub(in crate::targets) fn finish(self) -> (Vec<Loss>, Vec<Finding>) {
        let mut findings = Vec::new();
        let losses = self.missing.into_iter().map(|((scope, why), (missing, mut ids))| {
            ids.sort();
            ids.dedup();
            let more = ids.len().saturating_sub(3);
            ids.truncate(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let who = format!("`{}`{more}", ids.join("`, `"));
            let message = format!("part of what {who} needs is left out: {why}");
            let finding = Finding::new(Code::TargetCannotSay, message);
            findings.push(if let ([only], "") = (ids.as_slice(), more.as_str()) {
                finding.endpoint(only.clone())
            } else {
                finding
            });
            let why = format!("left out of {}, for {who}: {why}", scope.direction);
            Loss { scope, excess: PacketSet::default(), missing: PacketSet::union_all(&missing), why }
        });
        (losses.collect(), findings)
    }
}

/// The endpoint or need that asks for a rule.
pub(in crate::targets) fn id(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(why) => why.endpoint.clone(),
        Origin::Implied(need) => need.id().to_owned(),
        Origin::File(place) => place.source.name().to_owned(),
        Origin::System(words) => words.clone(),
    }
}
