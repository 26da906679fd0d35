//! The objects of an artifact, and their names.

use super::model::{self, Object};
use super::say::Saying;
use super::split;
use crate::policy::{Direction, Pods};
use crate::targets::clusters::component;
use crate::targets::clusters::kubernetes;
use crate::targets::told::provenance;
use std::collections::BTreeSet;

/// A rule for an object, with where it came from.
pub(super) type Statement<'a> = component::Statement<'a, Saying>;

/// What one NetworkPolicy is to say, before it is split.
#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    /// The pods.
    pub(super) pods: &'a Pods,
    /// The rules of each direction that is spoken about.
    pub(super) ways: Vec<(Direction, Vec<Statement<'a>>)>,
}

/// The objects of a plan, and whether a comment or an annotation had to be cut.
pub(super) fn objects(plan: &Plan<'_>) -> (Vec<Object>, bool) {
    let name = kubernetes::name_of(plan.pods);
    let mut cut = false;
    let parts = split::pack(plan);
    let count = parts.len();
    let objects = (1_usize..).zip(parts).map(|(number, part)| {
        let origins = part.iter().flat_map(|(_, statement)| statement.origins.iter().copied());
        cut |= origins.clone().any(provenance::is_cut);
        let (annotations, too_long) = provenance::annotations(origins);
        cut |= too_long;
        let mut notes = vec![format!("the pods {}", plan.pods.group())];
        if count > 1 {
            notes.push(format!("part {number} of {count}: policies for the same pods add up"));
        }
        Object {
            name: if number == 1 { name.clone() } else { format!("{name}.{number}") },
            namespace: plan.pods.namespace.clone(),
            annotations,
            notes,
            pods: kubernetes::labels(&plan.pods.labels),
            types: types(plan.ways.iter().map(|(direction, _)| *direction)),
            ways: model::ways(&part),
        }
    });
    let objects = objects.collect();
    (objects, cut)
}

/// A policy that denies every pod of a namespace what no other policy allows.
pub(super) fn default_deny(namespace: &str, directions: impl IntoIterator<Item = Direction>) -> Object {
    Object {
        // No component can have this name: theirs have a hash behind the dot, or no dot.
        name: "egressor.default-deny".to_owned(),
        namespace: namespace.to_owned(),
        annotations: Vec::new(),
        notes: vec![format!("every pod of {namespace}: what no policy allows is denied")],
        pods: Vec::new(),
        types: types(directions),
        ways: Vec::new(),
    }
}

fn types(directions: impl IntoIterator<Item = Direction>) -> Vec<&'static str> {
    let directions: BTreeSet<Direction> = directions.into_iter().collect();
    let name = |direction| match direction {
        Direction::Egress => "Egress",
        Direction::Ingress => "Ingress",
    };
    directions.into_iter().map(name).collect()
}
