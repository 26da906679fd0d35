//! From a policy to `EgressFirewall` objects: one for each namespace, the API server and the DNS first, the denial of the
//! rest last.

use super::say::{self, Peer, Saying};
use crate::diag::{Code, Finding};
use crate::policy::{Need, Origin};
use crate::targets::clusters::component::{self, Statement};
use crate::targets::clusters::kubernetes::{annotation_bytes, too_large};
use crate::targets::told::provenance::{self, Annotation};
use crate::targets::{Artifact, Lowered, Wanted};
use serde::Serialize;

/// The most rules of an egress firewall.
pub(super) const RULES_MAX: usize = 8_000;

/// What the last rules deny.
const REST: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// An `EgressFirewall` for the template.
#[derive(Debug, Clone, Serialize)]
struct Object {
    namespace: String,
    annotations: Vec<Annotation>,
    /// Comment lines above the object.
    notes: Vec<String>,
    rules: Vec<RuleModel>,
    /// The blocks that the last rules deny.
    denied: [&'static str; 2],
}

/// One rule that allows. What it restricts is said by fields of their own, so that a list which is empty by mistake
/// becomes a file that does not read back, and not one that allows everything.
#[derive(Debug, Clone, Serialize)]
struct RuleModel {
    notes: Vec<String>,
    by_name: bool,
    name: String,
    by_block: bool,
    block: String,
    by_port: bool,
    ports: Vec<PortModel>,
}

/// A protocol, with one port or all.
#[derive(Debug, Clone, Serialize)]
struct PortModel {
    protocol: &'static str,
    by_number: bool,
    number: u16,
}

/// The policy as objects for the template.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let components = component::speak(wanted.policy, "EgressFirewall", &mut lowered, say::say);
    let mut objects = Vec::new();
    for (pods, spoken) in &components {
        let mut rules: Vec<&Statement<'_, Saying>> = spoken.iter().flat_map(|spoken| &spoken.rules).collect();
        rules.sort_by_key(|rule| !rule.origins.iter().any(|origin| comes_first(origin)));
        let count = rules.len() + REST.len();
        if count > RULES_MAX {
            let message = format!(
                "the egress firewall of `{}` needs {count} rules, of which {} deny the rest; at most {RULES_MAX} are allowed",
                pods.namespace,
                REST.len()
            );
            lowered.findings.push(Finding::new(Code::TargetLimit, message));
        }
        let origins = || rules.iter().flat_map(|rule| rule.origins.iter().copied());
        let (annotations, too_long) = provenance::annotations(origins());
        if too_long || origins().any(provenance::is_cut) {
            let message = format!("comments or annotations for `{}` were shortened", pods.namespace);
            lowered.findings.push(Finding::new(Code::TargetText, message));
        }
        let object = Object {
            namespace: pods.namespace.clone(),
            annotations,
            notes: vec![format!("every pod of {}", pods.namespace)],
            rules: rules.iter().map(|rule| model(rule)).collect(),
            denied: REST,
        };
        let bytes = serde_json::to_string(&object.rules).map_or(usize::MAX, |text| text.len());
        let bytes = bytes.saturating_add(annotation_bytes(&object.annotations));
        lowered.findings.extend(too_large(&format!("{}/default", object.namespace), bytes));
        objects.push(object);
    }
    if !objects.is_empty() {
        let model = serde_json::json!({ "firewalls": objects });
        let path = "openshift-egress-firewall.yaml".to_owned();
        lowered.artifacts = vec![Artifact { path, template: super::TEMPLATE, model: model.into() }];
    }
    lowered
}

/// What a pod cannot do without, whatever else is amiss.
fn comes_first(origin: &Origin) -> bool {
    matches!(origin, Origin::Implied(Need::ApiServer | Need::Dns))
}

fn model(statement: &Statement<'_, Saying>) -> RuleModel {
    let Saying { peer, ports } = &statement.saying;
    let (name, block) = match peer {
        Peer::Name(name) => (name.clone(), String::new()),
        Peer::Block(block) => (String::new(), block.to_string()),
    };
    let port = |(protocol, number): &(&'static str, Option<u16>)| PortModel {
        protocol,
        by_number: number.is_some(),
        number: number.unwrap_or_default(),
    };
    RuleModel {
        notes: statement.origins.iter().flat_map(|origin| provenance::comments(origin)).collect(),
        by_name: matches!(peer, Peer::Name(_)),
        name,
        by_block: matches!(peer, Peer::Block(_)),
        block,
        by_port: ports.is_some(),
        ports: ports.iter().flatten().map(port).collect(),
    }
}
