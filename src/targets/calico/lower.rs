//! From a policy to `GlobalNetworkPolicy` objects: one for the pods of each component, both directions together, and the
//! sets of long lists.

use super::expression;
use super::model::{self, Object, RuleModel, Set};
use super::say::{self, Saying};
use crate::diag::{Code, Finding};
use crate::policy::{Direction, Origin, Pods};
use crate::syntax::kubernetes::selector::{Selector, Test};
use crate::targets::clusters::component::{self, Spoken};
use crate::targets::clusters::kubernetes::{self, RULES_MAX, too_large};
use crate::targets::told::provenance;
use crate::targets::{Artifact, Lowered, Wanted};
use std::collections::BTreeMap;

/// The policy as objects for the template.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let named = wanted.options.get(super::EDITION) == Some("enterprise");
    let order = wanted.options.get(super::ORDER).and_then(|order| order.parse().ok()).unwrap_or(500);
    let say = |set: &_, rule: &_| say::say(set, rule, named);
    let components = component::speak(wanted.policy, "GlobalNetworkPolicy", &mut lowered, say);
    let (mut policies, mut sets) = (Vec::new(), BTreeMap::new());
    for (pods, spoken) in &components {
        let (objects, cut) = objects(pods, spoken, order, &mut sets);
        if cut {
            let message =
                format!("comments or annotations of the policies for `{}` were shortened", pods.group());
            lowered.findings.push(Finding::new(Code::TargetText, message));
        }
        policies.extend(objects);
    }
    lowered
        .findings
        .extend(policies.iter().filter_map(|object| too_large(&object.name, object.apply_bytes())));
    if !policies.is_empty() {
        let sets: Vec<Set> = sets.into_values().collect();
        let model = serde_json::json!({ "sets": sets, "set_label": model::SET_LABEL, "policies": policies });
        lowered.artifacts =
            vec![Artifact { path: "calico.yaml".to_owned(), template: super::TEMPLATE, model: model.into() }];
    }
    lowered
}

/// Rules of an object, each with its direction and its reasons.
type Part<'a> = Vec<(Direction, RuleModel, Vec<&'a Origin>)>;

/// The objects for some pods, and whether a comment or an annotation had to be cut.
fn objects(
    pods: &Pods,
    spoken: &[Spoken<'_, Saying>],
    order: u32,
    sets: &mut BTreeMap<String, Set>,
) -> (Vec<Object>, bool) {
    let ways = component::ways(spoken);
    // Policies of the same order that only allow add up, so what is too much for one object goes to the next.
    let mut parts: Vec<Part<'_>> = vec![Vec::new()];
    let mut bytes = 0_usize;
    for (direction, statement) in
        ways.iter().flat_map(|(direction, rules)| rules.iter().map(move |rule| (*direction, rule)))
    {
        let rule = model::rule(direction, statement, sets);
        let more = rule.bytes();
        if bytes > 0 && bytes.saturating_add(more) > RULES_MAX {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes = bytes.saturating_add(more);
        parts.last_mut().into_iter().for_each(|part| {
            part.push((direction, rule.clone(), statement.origins.clone()));
        });
    }
    let (name, count) = (kubernetes::global_name_of(pods), parts.len());
    let mut selector = Selector::of_labels(&pods.labels);
    selector.require("projectcalico.org/namespace".to_owned(), Test::In([pods.namespace.clone()].into()));
    let mut cut = false;
    let objects = (1_usize..).zip(parts).map(|(number, part)| {
        let origins = part.iter().flat_map(|(_, _, origins)| origins.iter().copied());
        cut |= origins.clone().any(provenance::is_cut);
        let (annotations, too_long) = provenance::annotations(origins);
        cut |= too_long;
        let mut notes = vec![format!("the pods {}", pods.group())];
        if count > 1 {
            notes.push(format!("part {number} of {count}: policies that only allow add up"));
        }
        let types = ways.iter().map(|(direction, _)| match direction {
            Direction::Egress => "Egress",
            Direction::Ingress => "Ingress",
        });
        let way = |direction: &Direction| {
            let own = part.iter().filter(|(of, _, _)| of == direction);
            model::way(*direction, own.map(|(_, rule, _)| rule.clone()).collect())
        };
        Object {
            name: if number == 1 { name.clone() } else { format!("{name}.{number}") },
            annotations,
            notes,
            order,
            selector: expression::write(&selector),
            types: types.collect(),
            ways: ways.iter().filter_map(|(direction, _)| way(direction)).collect(),
        }
    });
    let objects = objects.collect();
    (objects, cut)
}
