//! The importer: policies of Cilium in YAML or JSON, as written by people, by this target, or by `kubectl get -o`.
//!
//! A denial wins over whatever any policy allows.
//! <https://docs.cilium.io/en/stable/security/policy/language/#deny-policies>

use super::manifest::{self, Manifests};
use super::say::universe;
use crate::diag::{Code, Finding, Source};
use crate::policy::{Action, Rule};
use crate::targets::clusters::kubernetes::{PolicyForm, left_aside, twice};
use crate::targets::clusters::selecting::{self, Voice};
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy` objects.
#[derive(Debug)]
pub(super) struct CiliumPolicies;

impl Importer for CiliumPolicies {
    fn name(&self) -> &'static str {
        "cilium-policy"
    }

    fn recognizes(&self, source: &Source) -> bool {
        PolicyForm::of(source.text()) == Some(PolicyForm::Cilium)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (groups, mut of_groups) = manifest::cidr_groups(sources);
        let mut all = Manifests::default();
        for source in sources {
            manifest::read(source, &groups, &mut all);
        }
        let mut findings = std::mem::take(&mut all.findings);
        // What is wrong with a whole text was found in it already.
        of_groups.retain(|finding| !findings.contains(finding));
        findings.extend(of_groups);
        findings.extend(twice(&all.names));
        let policy = selecting::lift(&all.voices, &universe(), combine, &mut findings);
        findings.extend(left_aside(&all.others));
        if all.names_and_dns == (true, false) {
            let message = "names are allowed, and no rule here lets Cilium see the answers of the DNS to learn their addresses";
            findings.push(Finding::new(Code::ReadNeverMatches, message));
        }
        Imported { policy, findings }
    }
}

/// Denials first, and then what is allowed; the rest is denied when any policy isolates.
fn combine(voices: &[&Voice<Rule>]) -> (Vec<Rule>, Action) {
    let of = |action| {
        let rules = voices.iter().flat_map(|voice| &voice.rules);
        rules.filter(move |rule| rule.action == action).cloned()
    };
    let default = if voices.iter().any(|voice| voice.isolates) { Action::Deny } else { Action::Allow };
    (of(Action::Deny).chain(of(Action::Allow)).collect(), default)
}
