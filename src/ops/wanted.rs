//! What a target would say of a project: what is wanted, less what the target cannot say.

use super::Project;
use crate::catalog::Selection;
use crate::compile::{Input, Variables, compile};
use crate::diag::{Code, Finding};
use crate::drift::Ended;
use crate::packet::{AddrSet, Constraint, NonEmpty, PacketSet, PeerSet, Row, TransportSet};
use crate::policy::{Action, Match, Need, Origin, Policy, Rule, RuleSet, Traffic};
use crate::targets::{Loss, OptionKind, Options, Scoping, Speech, TARGETS, Target, Wanted};
use std::collections::{BTreeMap, BTreeSet};

/// The target whose files are of this format, of several the first.
pub(super) fn target_of(format: &str) -> Option<&'static dyn Target> {
    let format = format.split(" + ").next().unwrap_or_default();
    let reads = |target: &&dyn Target| target.importers().iter().any(|importer| importer.name() == format);
    TARGETS.iter().copied().find(reads)
}

/// What the target's own files would mean, so that a file that was just generated does not differ from its project.
pub(super) fn wanted(project: &Project, target: &dyn Target) -> (Policy, Vec<Finding>) {
    let needs = needs(project, target);
    let given: BTreeMap<String, String> = project
        .settings_for(target.name())
        .iter()
        .filter_map(|setting| setting.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .chain(literal(project, target))
        .collect();
    let options = Options::new(target.options(), &given);
    let (policy, findings) = project.wanted(&[(target.speech_with(&options), needs.clone())]);
    let lowered = target.lower(&Wanted { policy: &policy, needs: &needs, options: &options });
    let sets = policy.sets.into_iter().map(|set| less(set, &lowered.losses)).collect();
    (Policy::new(sets), findings)
}

/// The same for what is selected.
pub(super) fn told_by(
    target: &dyn Target,
    input: Input<'_>,
    selection: &Selection,
) -> (Policy, Vec<Finding>) {
    let off = |need: &Need| selection.without.iter().any(|name| name == need.id());
    let needs: BTreeSet<Need> = target.needs().iter().copied().filter(|need| !off(need)).collect();
    let options = Options::new(target.options(), input.variables.all());
    let compiled = compile(input, target.speech_with(&options), &needs);
    let wanted = Wanted { policy: &compiled.policy, needs: &needs, options: &options };
    let losses = target.lower(&wanted).losses;
    let sets = compiled.policy.sets.into_iter().map(|set| less(set, &losses)).collect();
    (Policy::new(sets), compiled.findings)
}

/// What all endpoints of the project's catalogs ask for, wherever and for whomever, to explain traffic with: also those
/// that are disabled or have expired.
pub(super) fn explaining(project: &Project, target: &dyn Target) -> Policy {
    let past = Selection { disabled: true, ..Selection::default() };
    everything(project, past, speech(project, target), needs(project, target)).0
}

/// The endpoints of the project's catalogs that are not wanted any longer, and why.
pub(super) fn ended(project: &Project) -> BTreeMap<String, Ended> {
    let (catalogs, _) = super::catalogs(&project.catalogs);
    let (variables, _) = Variables::parse(project.settings.iter().map(String::as_str), &catalogs);
    let today = project.selection.today;
    let mut ended = BTreeMap::new();
    for (catalog, endpoint) in
        catalogs.iter().flat_map(|catalog| catalog.endpoints().map(move |endpoint| (catalog, endpoint)))
    {
        let last = variables.last_day(catalog, endpoint);
        if let Some(place) = catalog.disabled(endpoint) {
            let line = place.source.line_column(place.span.start).0;
            let place = format!("{}:{line}", place.source.name());
            ended.insert(catalog.full_id(endpoint), Ended::Disabled(place));
        } else if last.zip(today).is_some_and(|(last, today)| today > last) {
            ended.insert(catalog.full_id(endpoint), Ended::Expired);
        }
    }
    ended
}

/// What a catalog approves, whoever uses it. What is disabled or has expired is approved no longer.
pub(super) fn approved(catalogs: &Project, target: &dyn Target) -> (Policy, Vec<Finding>) {
    let speech = Speech { scoping: Scoping::Host, ..speech(catalogs, target) };
    let present = Selection { today: catalogs.selection.today, ..Selection::default() };
    // The settings are the project's, whose catalogs may have variables that these have not.
    let (loaded, _) = super::catalogs(&catalogs.catalogs);
    let known = |setting: &&String| {
        let wrong = Variables::parse([setting.as_str()], &loaded).1;
        !wrong.iter().any(|finding| finding.code == Code::SelectionUnknown)
    };
    let settings = catalogs.settings.iter().filter(known).cloned().collect();
    let catalogs = Project { settings, ..catalogs.clone() };
    everything(&catalogs, present, speech, BTreeSet::new())
}

fn everything(
    project: &Project,
    selection: Selection,
    speech: Speech,
    needs: BTreeSet<Need>,
) -> (Policy, Vec<Finding>) {
    let selection = Selection {
        all_regions: true,
        superseded: true,
        features: super::catalogs(&project.catalogs)
            .0
            .iter()
            .flat_map(|catalog| catalog.document.features.value.0.keys().map(|id| id.as_str().to_owned()))
            .collect(),
        ..selection
    };
    // Both ways to an endpoint are explained, through a proxy and past it.
    let both = "proxy_and_direct=yes".to_owned();
    let settings = project.settings.iter().cloned().chain(std::iter::once(both)).collect();
    Project { selection, settings, ..project.clone() }.wanted(&[(speech, needs)])
}

fn needs(project: &Project, target: &dyn Target) -> BTreeSet<Need> {
    let off = |need: &Need| project.selection.without.iter().any(|name| name == need.id());
    target.needs().iter().copied().filter(|need| !off(need)).collect()
}

/// How a target speaks under the settings of a project.
pub(super) fn speech(project: &Project, target: &dyn Target) -> Speech {
    let settings = project.settings_for(target.name());
    let given = settings.iter().filter_map(|setting| setting.split_once('='));
    let given = given.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    target.speech_with(&Options::new(target.options(), &given))
}

/// The settings that `--literal` stands for.
fn literal(project: &Project, target: &dyn Target) -> Vec<(String, String)> {
    let specs = target.options().iter().filter(|spec| spec.key.ends_with(".literal"));
    let yes = |kind: OptionKind| kind.refuses("yes").is_none();
    let on = specs.filter(|spec| project.selection.literal && yes(spec.kind));
    on.map(|spec| (spec.key.to_owned(), "yes".to_owned())).collect()
}

/// A rule set with its losses as rules of their own, each with its reason.
fn less(mut set: RuleSet, losses: &[Loss]) -> RuleSet {
    let of_scope = || losses.iter().filter(|loss| loss.scope == set.scope);
    let denied = of_scope().flat_map(|loss| rules(&loss.missing, Action::Deny, &loss.why));
    let allowed = of_scope().flat_map(|loss| rules(&loss.excess, Action::Allow, &loss.why));
    let rules: Vec<Rule> = denied.chain(allowed).collect();
    set.rules.splice(0..0, rules);
    set
}

pub(super) fn rules(packets: &PacketSet, action: Action, why: &str) -> Vec<Rule> {
    let rule = |row: &Row| {
        let source: Constraint<AddrSet> = match row.source.clone().map(NonEmpty::new) {
            None => Constraint::Any,
            Some(source) => Constraint::Only(source?),
        };
        let peer: Constraint<PeerSet> = Constraint::only(row.peer.peers())?;
        let transport: Constraint<TransportSet> = Constraint::only(row.transport.services())?;
        let origin = Origin::System(why.to_owned());
        let matches = Match { source, peer, transport };
        Some(Rule { action, matches, traffic: Traffic::New, unmodelled: Vec::new(), origin })
    };
    packets.rows().iter().filter_map(rule).collect()
}
