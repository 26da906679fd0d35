//! From a policy to the model of the file.

use super::{DOCUMENT, SCHEMA};
use crate::diag::{Code, Finding};
use crate::packet::Set;
use crate::policy::RuleSet;
use crate::syntax::text::one_line;
use crate::targets::plain::{self, KINDS, PlainRow};
use crate::targets::{Artifact, Lowered, Model, Wanted};
use serde::Serialize;
use std::collections::BTreeSet;

/// The file, as its template sees it.
#[derive(Debug, Serialize)]
struct File {
    /// What the file says that it is.
    schema: &'static str,
    /// The scopes, in order.
    scopes: Vec<Scope>,
}

/// What rules are attached to.
#[derive(Debug, Serialize)]
struct Scope {
    /// The name.
    name: String,
    /// `egress` or `ingress`.
    direction: &'static str,
    /// The kinds of peers that it speaks about: what is not allowed among them is denied.
    covers: Vec<&'static str>,
    /// What is allowed, in order.
    rules: BTreeSet<PlainRow>,
}

/// The policy as one file.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    if wanted.policy.sets.is_empty() {
        return lowered;
    }
    let scopes = wanted.policy.sets.iter().map(scope).collect();
    let file = File { schema: SCHEMA, scopes };
    lowered.findings.extend(too_long(&file));
    let path = "egressor.json".to_owned();
    lowered.artifacts.push(Artifact { path, template: "json.json.tera", model: Model::of(&file) });
    lowered
}

/// Says so when the text may become longer than programs read. The template puts each rule on a line of its own, which
/// never doubles it.
fn too_long(file: &File) -> Option<Finding> {
    let characters = serde_json::to_vec(file).map_or(usize::MAX, |text| text.len().saturating_mul(2));
    let message = format!("the document may have {characters} characters, {DOCUMENT} are read");
    (characters > DOCUMENT).then(|| Finding::new(Code::TargetLimit, message))
}

fn scope(set: &RuleSet) -> Scope {
    let rules = plain::rows(set);
    let speaks = |word: &&'static str| {
        let kind = plain::kind(word).unwrap_or_default();
        let named = set.rules.iter().filter_map(|rule| rule.matches.peer.set());
        !set.universe.intersect(&kind).is_empty()
            || named.into_iter().any(|peers| !peers.intersect(&kind).is_empty())
    };
    Scope {
        name: one_line(&set.scope.name),
        direction: set.scope.direction.as_str(),
        covers: KINDS.iter().copied().filter(speaks).collect(),
        rules,
    }
}
