//! What one rule set answers, from the same sets that `show` prints.

use super::{Answered, Deciding, Question, Verdict, Whom, addresses};
use crate::ops::Shown;
use crate::packet::{AddrSet, Limit, PacketSet, PeerSet, Set};
use crate::policy::{Action, Origin, RuleSet, ScopeTooLarge, Step};

/// A question to be put to rule sets.
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    /// Where it comes from.
    pub(super) from: Option<&'a AddrSet>,
    /// The addresses of the host.
    pub(super) known: Option<&'a AddrSet>,
    /// The rules, which know their format.
    pub(super) shown: &'a Shown,
    /// How much may be looked at.
    pub(super) limit: Limit,
}

impl Asked<'_> {
    /// The answer of one of them.
    pub(super) fn of(&self, set: &RuleSet) -> Result<Answered, ScopeTooLarge> {
        let mut notes = Vec::new();
        let by_address = matches!(self.question.whom, Whom::Host(..)) && addresses::only(set);
        let addresses = self.known.filter(|_| by_address);
        let peers = match addresses {
            Some(addresses) => PeerSet::from(addresses.clone()),
            None => self.question.peers(),
        };
        let transport = self.question.transport();
        let whole = PacketSet::product(self.from, &peers, &transport, &true);
        let allows = set.allows_among(&whole, self.limit)?;
        let spoken = PacketSet::product(self.from, &peers.intersect(&set.universe), &transport, &true);
        let asked = spoken.union(&allows.at_most);
        let silent = whole.subtract(&asked);
        notes.extend(addresses::note(self.question, by_address, addresses));
        if !silent.is_empty() && by_address == addresses.is_some() {
            notes.push(not_spoken(&silent));
        }
        let allowed = allows.at_least.within(&asked);
        let possible = allows.at_most.within(&asked).subtract(&allowed);
        let denied = asked.subtract(&allowed).subtract(&possible);
        let verdict = match (denied.is_empty(), possible.is_empty() && !asked.is_empty()) {
            (false, _) => Verdict::Denied,
            (true, false) => Verdict::Unknown,
            (true, true) => Verdict::Allowed,
        };
        let deciding = self.deciding(set, &asked);
        Ok(Answered {
            scope: set.scope.clone(),
            verdict,
            addresses: addresses.cloned(),
            allowed,
            possible,
            denied,
            deciding,
            notes,
        })
    }

    fn deciding(&self, set: &RuleSet, asked: &PacketSet) -> Vec<Deciding> {
        let explain = |step: Step| {
            let rule = set.rule(step.decision);
            let origin = match rule {
                Some(rule) => rule.origin.clone(),
                None => {
                    Origin::System(system_default(self.shown.format_of(&set.scope), step.action).to_owned())
                }
            };
            let unmodelled = rule.map(|rule| rule.unmodelled.clone()).unwrap_or_default();
            Deciding { action: step.action, certain: step.certain, origin, unmodelled, packets: step.packets }
        };
        set.trace(asked).into_iter().map(explain).collect()
    }
}

fn not_spoken(silent: &PacketSet) -> String {
    let addrs = silent.peer_addrs();
    match (addrs.v4.is_empty(), addrs.v6.is_empty()) {
        (false, true) => "the rules do not speak about IPv4".to_owned(),
        (true, false) => "the rules do not speak about IPv6".to_owned(),
        (false, false) => "the rules do not speak about addresses".to_owned(),
        (true, true) => "the rules do not speak about names".to_owned(),
    }
}

/// What happens where no rule decides, in the words of the system.
fn system_default(format: &str, action: Action) -> &'static str {
    match action {
        Action::Allow => "no rule matches, and the default allows",
        Action::Deny if format == "project" => "no endpoint of the selection asks for it",
        Action::Deny if format.starts_with("aws-security-group") => {
            "a security group denies what none of its rules allows"
        }
        Action::Deny if format.starts_with("aws-network-acl") => {
            "the last rule of a network ACL, `*`, denies what no other allows"
        }
        Action::Deny if format.starts_with("gcp-firewall") => "the network's implied rule denies all ingress",
        Action::Deny if format.starts_with("network-policy") => {
            "pods that a policy selects are denied what no policy allows"
        }
        Action::Deny if format.starts_with("squid") => {
            "when no line matches, Squid does the opposite of the last one"
        }
        Action::Deny => "no rule matches, and the default denies",
    }
}
