//! What rules allow and no selected endpoint asks for.

use crate::diag::{Code, Finding, Span};
use crate::ops::{Project, too_large};
use crate::packet::{Limit, PacketMap, PacketSet, Set};
use crate::policy::{Decision, Origin, Policy, RuleSet, Scope, ScopeTooLarge, Statement};
use crate::report::rows_in_words;
use crate::targets::{Loss, Options, Target, Wanted};
use std::collections::{BTreeMap, BTreeSet};

/// A finding for each statement that allows something unexplained, and for each default that does.
pub(super) fn findings(
    policy: &Policy,
    statements: &[Statement<'_>],
    target: Option<&'static dyn Target>,
    project: &Project,
    limit: Limit,
) -> Vec<Finding> {
    let Some(target) = target else { return Vec::new() };
    let needs: BTreeSet<_> = target.needs().iter().copied().collect();
    let settings = project.settings_for(target.name());
    let settings = settings.iter().filter_map(|setting| setting.split_once('='));
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let options = Options::new(target.options(), &settings);
    let (wanted, findings) = project.wanted(&[(target.speech_with(&options), needs.clone())]);
    // What is to be known of the catalog is told when rules are generated.
    let mut findings: Vec<Finding> = findings.into_iter().filter(Finding::is_error).collect();
    if !findings.is_empty() {
        return findings;
    }
    // A target may have to let pass a little more than is asked, such as neighbour discovery.
    let losses = target.lower(&Wanted { policy: &wanted, needs: &needs, options: &options }).losses;
    let mut by_statement: BTreeMap<(&str, Span), PacketSet> = BTreeMap::new();
    for set in &policy.sets {
        let judged = unexplained(set, &wanted, &losses, limit);
        let (unexplained, deciders) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                findings.push(too_large(&error));
                continue;
            }
        };
        for (decision, packets) in deciders.within(&unexplained).by_value() {
            if let Some(Origin::File(place)) = set.rule(decision).map(|rule| &rule.origin) {
                let known = by_statement.entry((place.source.name(), place.span)).or_default();
                *known = known.union(&packets);
            }
        }
        let by_rules = deciders
            .map(|decision| set.rule(*decision).is_some_and(|rule| matches!(rule.origin, Origin::File(_))));
        let by_default = unexplained.subtract(&by_rules);
        if !by_default.is_empty() {
            let (name, direction) = (&set.scope.name, set.scope.direction);
            let message =
                format!("the default of `{name}` {direction} allows {}", rows_in_words(&by_default));
            findings.push(Finding::new(Code::LintUnexplained, message));
        }
    }
    for statement in statements {
        let key = (statement.place.source.name(), statement.place.span);
        let Some(packets) = by_statement.get(&key) else { continue };
        let message = format!("no endpoint of the catalog explains {}", rows_in_words(packets));
        let finding = Finding::new(Code::LintUnexplained, message);
        findings.push(finding.at(&statement.place.source, statement.place.span));
    }
    findings
}

/// What a scope may allow and nobody asks for, and which rules let it pass.
fn unexplained(
    set: &RuleSet,
    wanted: &Policy,
    losses: &[Loss],
    limit: Limit,
) -> Result<(PacketSet, PacketMap<Decision>), ScopeTooLarge> {
    let asked = asked_for(wanted, losses, set, limit)?;
    Ok((set.allows_within(limit)?.at_most.subtract(&asked), set.deciders_at_most(limit)?))
}

/// What is asked for in a scope: by the scope of that name, else by any of that direction.
fn asked_for(
    wanted: &Policy,
    losses: &[Loss],
    set: &RuleSet,
    limit: Limit,
) -> Result<PacketSet, ScopeTooLarge> {
    let named = wanted.sets.iter().any(|wanted| wanted.scope == set.scope);
    let is_meant = |scope: &Scope| {
        if named { *scope == set.scope } else { scope.direction == set.scope.direction }
    };
    let meant = wanted.sets.iter().filter(|wanted| is_meant(&wanted.scope));
    let asked = meant.map(|wanted| Ok(wanted.allows_within(limit)?.at_least));
    let more = losses.iter().filter(|loss| is_meant(&loss.scope)).map(|loss| Ok(loss.excess.clone()));
    Ok(PacketSet::union_all(&asked.chain(more).collect::<Result<Vec<_>, _>>()?))
}
