//! Existing rules that a change request is made against.

use super::limit::too_large;
use super::wanted::rules;
use super::{Request, show_with};
use crate::compile::{Input, compile};
use crate::diag::{Code, Finding, any_error, suggest_or_list};
use crate::packet::{Limit, PacketSet, TransportSet};
use crate::policy::{Action, Direction, Need, Origin, Policy};
use crate::syntax::glob::fits;
use crate::targets::{Options, PeerKind, Scoping, Target, Wanted};
use std::collections::BTreeSet;

/// The existing rules, and what such rules need besides endpoints.
#[derive(Debug, Clone, Default)]
pub(super) struct Against {
    /// The rules; none when none were given.
    pub(super) policy: Option<Policy>,
    /// What rules of their kind need besides endpoints.
    pub(super) needs: BTreeSet<Need>,
}

/// Existing rules with the target that writes such files.
pub(super) struct Existing {
    policy: Policy,
    target: Option<&'static dyn Target>,
}

/// Reads existing rules, where any are given, and keeps the scopes that are meant.
pub(super) fn against(
    request: &Request,
    targets: &[&'static dyn Target],
) -> (Option<Existing>, Vec<Finding>) {
    if request.against.is_empty() {
        return (None, Vec::new());
    }
    if targets.iter().all(|target| target.speech().peers != PeerKind::Both) {
        let message = "`--against` tells a change request what exists, and none is asked for";
        let help = "add `-t change-request`, or compare with `egressor diff`";
        return (None, vec![Finding::new(Code::SelectionUnknown, message).help(help)]);
    }
    let mut shown = show_with(&request.against, false, &request.readers);
    shown.findings.extend(choose(&mut shown.policy, &request.against_scopes));
    let limit = Limit::default();
    for set in &shown.policy.sets {
        if let Err(error) = set.allows_within(limit).and_then(|_| set.deciders_at_most(limit)) {
            shown.findings.push(too_large(&error));
        }
    }
    let target = shown.target();
    let existing = (!any_error(&shown.findings)).then_some(Existing { policy: shown.policy, target });
    (existing, shown.findings)
}

/// Keeps the scopes whose names fit. A pattern that nothing fits is an error, and a direction that none is left of is told:
/// comparing with nothing asks for all of it anew.
fn choose(policy: &mut Policy, patterns: &[String]) -> Vec<Finding> {
    let names: Vec<&str> = policy.sets.iter().map(|set| set.scope.name.as_str()).collect();
    let wrong = patterns.iter().filter(|pattern| !names.iter().any(|name| fits(pattern, name)));
    let mut findings: Vec<Finding> = wrong
        .map(|pattern| {
            let message = format!("no scope is called `{pattern}`");
            let help = suggest_or_list(pattern, "scopes are", names.iter().copied());
            Finding::new(Code::SelectionUnknown, message).help(help)
        })
        .collect();
    if patterns.is_empty() || !findings.is_empty() {
        return findings;
    }
    let directions = |policy: &Policy| -> BTreeSet<Direction> {
        policy.sets.iter().map(|set| set.scope.direction).collect()
    };
    let before = directions(policy);
    policy.sets.retain(|set| patterns.iter().any(|pattern| fits(pattern, &set.scope.name)));
    findings.extend(before.difference(&directions(policy)).map(|direction| {
        let message = format!("no scope for {direction} is meant, so all of it is asked for");
        Finding::new(Code::ReadNotCompared, message)
    }));
    findings
}

/// The existing rules without what files of their kind have to let pass besides what is asked, such as neighbour
/// discovery: nobody is to be asked to remove that.
pub(super) fn tolerate(existing: Existing, input: Input<'_>) -> Against {
    let Existing { mut policy, target } = existing;
    let Some(target) = target else { return Against { policy: Some(policy), needs: BTreeSet::new() } };
    let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
    let options = Options::new(target.options(), input.variables.all());
    let speech = target.speech_with(&options);
    let wanted = compile(input, speech, &needs).policy;
    let lowered = target.lower(&Wanted { policy: &wanted, needs: &needs, options: &options });
    // Pods have resolvers and the like of their own, which a request for the whole host does not ask for.
    let of_pods = speech.scoping != Scoping::Host;
    let own = if of_pods { implied(&wanted) } else { Vec::new() };
    for set in &mut policy.sets {
        let of_direction = lowered.losses.iter().filter(|loss| loss.scope.direction == set.scope.direction);
        let denied = of_direction.flat_map(|loss| rules(&loss.excess, Action::Deny, &loss.why));
        let own = own.iter().filter(|(direction, _)| *direction == set.scope.direction);
        let own = own.flat_map(|(_, packets)| rules(packets, Action::Deny, "what pods need besides"));
        let denied: Vec<_> = denied.chain(own).collect();
        set.rules.splice(0..0, denied);
    }
    let needs = if of_pods { BTreeSet::new() } else { needs };
    Against { policy: Some(policy), needs }
}

/// What rules need besides endpoints. The way to the proxy is asked for like an endpoint, so it is not among that.
fn implied(wanted: &Policy) -> Vec<(Direction, PacketSet)> {
    let rules = wanted.sets.iter().flat_map(|set| set.rules.iter().map(move |rule| (set, rule)));
    rules
        .filter(|(_, rule)| matches!(rule.origin, Origin::Implied(need) if need != Need::Proxy))
        .map(|(set, rule)| {
            let peers = rule.matches.peer.set().unwrap_or(&set.universe);
            let everything = TransportSet::full();
            let services = rule.matches.transport.set().unwrap_or(&everything);
            (set.scope.direction, PacketSet::product(None, peers, services, &true))
        })
        .collect()
}
