//! From a policy to `CiliumNetworkPolicy` objects: one for the pods of each component, both directions together.

use super::model::{self, Object, RuleModel};
use super::say::{self, Peers, Saying};
use crate::diag::{Code, Finding};
use crate::policy::{Direction, Pods};
use crate::targets::clusters::component::{self, Spoken, Statement};
use crate::targets::clusters::kubernetes::{self, RULES_MAX, too_large};
use crate::targets::told::provenance;
use crate::targets::{Artifact, Lowered, Wanted};

/// The most blocks of one rule; a rule with more is split.
const BLOCKS_MAX: usize = 1_000;

/// The policy as objects for the template.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let components = component::speak(wanted.policy, "CiliumNetworkPolicy", &mut lowered, say::say);
    let mut policies = Vec::new();
    for (pods, spoken) in &components {
        lowered.findings.extend(blind(pods, spoken));
        let (objects, cut) = objects(pods, spoken);
        if cut {
            let message =
                format!("comments or annotations of the policies for `{}` were shortened", pods.group());
            lowered.findings.push(Finding::new(Code::TargetText, message));
        }
        policies.extend(objects);
    }
    let names = policies.iter().map(|object| (format!("{}/{}", object.namespace, object.name), object));
    lowered.findings.extend(names.filter_map(|(name, object)| too_large(&name, object.apply_bytes())));
    if !policies.is_empty() {
        let model = serde_json::json!({ "policies": policies });
        lowered.artifacts =
            vec![Artifact { path: "cilium.yaml".to_owned(), template: super::TEMPLATE, model: model.into() }];
    }
    lowered
}

/// Names that Cilium will not learn the addresses of, for want of a rule that looks into the DNS.
fn blind(pods: &Pods, spoken: &[Spoken<'_, Saying>]) -> Option<Finding> {
    let mut sayings = spoken.iter().flat_map(|spoken| &spoken.rules).map(|rule| &rule.saying);
    let names = sayings.clone().any(|saying| matches!(saying.peers, Peers::Names(_)));
    if !names || sayings.any(|saying| saying.dns) {
        return None;
    }
    let message = format!(
        "`{}` is allowed names, and no rule of its policy lets Cilium see the answers of the DNS to learn their addresses",
        pods.group()
    );
    let help = "let the catalog need DNS, or see to a rule with `rules.dns` in another policy for these pods";
    Some(Finding::new(Code::TargetNotEnforceable, message).help(help))
}

/// The objects for some pods, and whether a comment or an annotation had to be cut.
fn objects(pods: &Pods, spoken: &[Spoken<'_, Saying>]) -> (Vec<Object>, bool) {
    let ways = component::ways(spoken);
    let directions: Vec<Direction> = ways.iter().map(|(direction, _)| *direction).collect();
    let pieces = ways.iter().flat_map(|(direction, rules)| {
        rules.iter().flat_map(split).map(move |statement| (*direction, statement))
    });
    // Policies for the same pods add up, so what is too much for one object goes to the next.
    let mut parts: Vec<Vec<(Direction, Statement<'_, Saying>, RuleModel)>> = vec![Vec::new()];
    let mut bytes = 0_usize;
    for (direction, statement) in pieces {
        let model = model::rule(&statement);
        let more = model.bytes();
        if bytes > 0 && bytes.saturating_add(more) > RULES_MAX {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes = bytes.saturating_add(more);
        parts
            .last_mut()
            .into_iter()
            .for_each(|part| part.push((direction, statement.clone(), model.clone())));
    }
    let (name, count) = (kubernetes::name_of(pods), parts.len());
    let mut cut = false;
    let objects = (1_usize..).zip(parts).map(|(number, part)| {
        let origins = part.iter().flat_map(|(_, statement, _)| statement.origins.iter().copied());
        cut |= origins.clone().any(provenance::is_cut);
        let (annotations, too_long) = provenance::annotations(origins);
        cut |= too_long;
        let mut notes = vec![format!("the pods {}", pods.group())];
        if count > 1 {
            notes.push(format!("part {number} of {count}: policies for the same pods add up"));
        }
        let ways = directions.iter().map(|direction| {
            let own = part.iter().filter(|(of, _, _)| of == direction);
            model::way(*direction, own.map(|(_, _, rule)| rule.clone()).collect())
        });
        Object {
            name: if number == 1 { name.clone() } else { format!("{name}.{number}") },
            namespace: pods.namespace.clone(),
            annotations,
            notes,
            pods: kubernetes::labels(&pods.labels),
            ways: ways.collect(),
        }
    });
    let objects = objects.collect();
    (objects, cut)
}

/// A rule as rules with few enough blocks each.
fn split<'a>(statement: &Statement<'a, Saying>) -> Vec<Statement<'a, Saying>> {
    let Peers::Blocks(blocks) = &statement.saying.peers else { return vec![statement.clone()] };
    let piece = |blocks: &[_]| {
        let saying = Saying { peers: Peers::Blocks(blocks.to_vec()), ..statement.saying.clone() };
        Statement { saying, origins: statement.origins.clone() }
    };
    blocks.chunks(BLOCKS_MAX).map(piece).collect()
}
