//! From a policy to NetworkPolicy objects: one plan for the pods of each component, both directions together.

use super::model::Object;
use super::objects::{self, Plan};
use super::say::{self, Saying};
use crate::diag::{Code, Finding};
use crate::policy::{Direction, Pods};
use crate::targets::clusters::component::{self, Spoken};
use crate::targets::clusters::kubernetes::too_large;
use crate::targets::{Artifact, Lowered, Model, Wanted};
use std::collections::{BTreeMap, BTreeSet};

/// The policy as objects for the template.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let components = component::speak(wanted.policy, "NetworkPolicy", &mut lowered, say::say);
    let mut policies: Vec<Object> = Vec::new();
    for (pods, spoken) in &components {
        let (objects, cut) = objects::objects(&Plan { pods, ways: component::ways(spoken) });
        if cut {
            let message =
                format!("comments or annotations of the policies for `{}` were shortened", pods.group());
            lowered.findings.push(Finding::new(Code::TargetText, message));
        }
        policies.extend(objects);
    }
    if wanted.options.get(super::DEFAULT_DENY) == Some("yes") {
        policies.extend(default_denies(&components));
    }
    let names = policies.iter().map(|object| (format!("{}/{}", object.namespace, object.name), object));
    lowered.findings.extend(names.filter_map(|(name, object)| too_large(&name, object.apply_bytes())));
    if !policies.is_empty() {
        let model = Model::of(&BTreeMap::from([("policies", policies)]));
        lowered.artifacts =
            vec![Artifact { path: "network-policy.yaml".to_owned(), template: super::TEMPLATE, model }];
    }
    lowered
}

/// One for each namespace, in the directions that its policies speak about.
fn default_denies(components: &BTreeMap<&Pods, Vec<Spoken<'_, Saying>>>) -> Vec<Object> {
    let mut namespaces: BTreeMap<&str, BTreeSet<Direction>> = BTreeMap::new();
    for (pods, spoken) in components {
        let directions = spoken.iter().map(|spoken| spoken.set.scope.direction);
        namespaces.entry(&pods.namespace).or_default().extend(directions);
    }
    namespaces
        .into_iter()
        .map(|(namespace, directions)| objects::default_deny(namespace, directions))
        .collect()
}
