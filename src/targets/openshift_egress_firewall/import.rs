//! The importer: egress firewalls in YAML or JSON, as written by people, by this target, or by `oc get -o`.

use super::rules::{self, Manifests};
use crate::diag::Source;
use crate::policy::Policy;
use crate::targets::clusters::kubernetes::{PolicyForm, left_aside, twice};
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads `EgressFirewall` and `EgressNetworkPolicy` objects.
#[derive(Debug)]
pub(super) struct EgressFirewalls;

impl Importer for EgressFirewalls {
    fn name(&self) -> &'static str {
        "openshift-egress-firewall"
    }

    fn recognizes(&self, source: &Source) -> bool {
        PolicyForm::of(source.text()) == Some(PolicyForm::EgressFirewall)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut all = Manifests::default();
        for source in sources {
            rules::read(source, &mut all);
        }
        let mut findings = all.findings;
        findings.extend(twice(&all.names));
        findings.extend(left_aside(&all.others));
        Imported { policy: Policy::new(all.sets), findings }
    }
}
