//! The objects of an artifact, and their names.

use super::model::{self, Object};
use super::names;
use super::provenance;
use super::say::Saying;
use super::split;
use crate::packet::Prefix;
use crate::policy::{Direction, Origin, Pods};
use crate::targets::absorb::Allowing;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A rule for an object, with where it came from.
#[derive(Debug, Clone)]
pub(super) struct Statement<'a> {
    /// What it says.
    pub(super) saying: Saying,
    /// Why.
    pub(super) origins: Vec<&'a Origin>,
}

impl Allowing for Statement<'_> {
    fn blocks(&self) -> Option<Vec<Prefix>> {
        let peers = self.saying.peers.as_ref().filter(|peers| peers.pods.is_empty())?;
        Some(peers.blocks.clone())
    }

    fn covers(&self, other: &Self) -> bool {
        self.saying.covers(&other.saying)
    }

    fn take(&mut self, other: Self) {
        self.origins.extend(other.origins);
    }
}

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
    let name = name_of(plan.pods);
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
            pods: model::labels(&plan.pods.labels),
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

/// A name that depends on nothing but the pods: `egressor-castai-agent` for pods chosen by their name alone, else
/// with a hash of all labels, so that no two are the same.
fn name_of(pods: &Pods) -> String {
    let plain = pods.labels.get("app.kubernetes.io/name").filter(|_| pods.labels.len() == 1);
    if let Some(name) = plain.filter(|name| names::is_namespace(name)) {
        return format!("egressor-{name}");
    }
    let mut readable = String::from("egressor");
    for value in pods.labels.values() {
        let clean = value
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' });
        let clean: String = clean.collect();
        let clean = clean.trim_matches('-');
        // Room is left for the hash and the number of a part.
        if !clean.is_empty() && readable.len() + clean.len() < names::OBJECT_NAME_MAX - 32 {
            readable.push('-');
            readable.push_str(clean);
        }
    }
    let digest = Sha256::digest(pods.group().as_bytes());
    readable.push('.');
    for byte in digest.iter().take(4) {
        // Writing to a string does not fail.
        let _ = write!(readable, "{byte:02x}");
    }
    readable
}
