//! Existing rules that a change request is made against.

use super::limit::too_large;
use super::show;
use super::wanted::{rules, target_of};
use crate::compile::{Input, compile};
use crate::diag::{Code, Finding, any_error};
use crate::packet::Limit;
use crate::policy::{Action, Need, Policy};
use crate::targets::{Options, PeerKind, Target, Wanted};
use std::collections::BTreeSet;
use std::path::PathBuf;

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

/// Reads existing rules, where any are given.
pub(super) fn against(
    paths: &[PathBuf],
    targets: &[&'static dyn Target],
) -> (Option<Existing>, Vec<Finding>) {
    if paths.is_empty() {
        return (None, Vec::new());
    }
    if targets.iter().all(|target| target.speech().peers != PeerKind::Both) {
        let message = "`--against` tells a change request what exists, and none is asked for";
        let help = "add `-t change-request`, or compare with `egressor diff`";
        return (None, vec![Finding::new(Code::SelectionUnknown, message).help(help)]);
    }
    let mut shown = show(paths);
    let limit = Limit::default();
    for set in &shown.policy.sets {
        if let Err(error) = set.allows_within(limit).and_then(|_| set.deciders_at_most(limit)) {
            shown.findings.push(too_large(&error));
        }
    }
    let existing = (!any_error(&shown.findings))
        .then(|| Existing { policy: shown.policy, target: target_of(&shown.format) });
    (existing, shown.findings)
}

/// The existing rules without what files of their kind have to let pass besides what is asked, such as neighbour
/// discovery: nobody is to be asked to remove that.
pub(super) fn tolerate(existing: Existing, input: Input<'_>) -> Against {
    let Existing { mut policy, target } = existing;
    let Some(target) = target else { return Against { policy: Some(policy), needs: BTreeSet::new() } };
    let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
    let wanted = compile(input, target.speech(), &needs).policy;
    let options = Options::new(target.options(), input.variables.all());
    let lowered = target.lower(&Wanted { policy: &wanted, needs: &needs, options: &options });
    for set in &mut policy.sets {
        let of_direction = lowered.losses.iter().filter(|loss| loss.scope.direction == set.scope.direction);
        let denied = of_direction.flat_map(|loss| rules(&loss.excess, Action::Deny, &loss.why));
        let denied: Vec<_> = denied.collect();
        set.rules.splice(0..0, denied);
    }
    Against { policy: Some(policy), needs }
}
