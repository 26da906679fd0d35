//! The importer: policies of Calico in YAML or JSON, as written by people, by this target, or by `kubectl get -o`.

use super::manifest::{self, Manifests, Tier};
use super::say::universe;
use super::sets::Sets;
use crate::diag::{Code, Finding, Source};
use crate::targets::clusters::kubernetes::{PolicyForm, left_aside, twice};
use crate::targets::clusters::selecting::{self, Voice};
use crate::targets::clusters::tiers::{self, Step};
use crate::targets::{Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads `GlobalNetworkPolicy` and NetworkPolicy objects of Calico, with the network sets that they choose from.
#[derive(Debug)]
pub(super) struct CalicoPolicies;

/// The tiers that always exist, and their order.
const TIERS: [(&str, f64); 3] =
    [("adminnetworkpolicy", 1_000.0), ("default", 1_000_000.0), ("baselineadminnetworkpolicy", 10_000_000.0)];

impl Importer for CalicoPolicies {
    fn name(&self) -> &'static str {
        "calico-policy"
    }

    fn recognizes(&self, source: &Source) -> bool {
        PolicyForm::of(source.text()) == Some(PolicyForm::Calico)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (sets, of_sets) = Sets::read(sources);
        let mut all = Manifests::default();
        for source in sources {
            manifest::read(source, &sets, &mut all);
        }
        let mut findings = std::mem::take(&mut all.findings);
        // What is wrong with a whole text was found in it already.
        let new: Vec<Finding> = of_sets.into_iter().filter(|finding| !findings.contains(finding)).collect();
        findings.extend(new);
        findings.extend(twice(&all.names));
        let tiers = tiers(&all, &mut findings);
        let place = |name: &str| tiers.iter().position(|(known, _)| known == name).unwrap_or(usize::MAX);
        all.policies.sort_by(|a, b| {
            let key = |order: Option<f64>| order.unwrap_or(f64::INFINITY);
            let order = key(a.order).total_cmp(&key(b.order));
            place(&a.tier).cmp(&place(&b.tier)).then(order).then_with(|| a.name.cmp(&b.name))
        });
        let mut voices: Vec<Voice<Step>> = Vec::new();
        for policy in all.policies {
            let rank = place(&policy.tier);
            voices.extend(policy.voices.into_iter().map(|voice| Voice { rank, ..voice }));
        }
        let denies: Vec<bool> = tiers.iter().map(|(_, tier)| tier.denies).collect();
        let every = universe();
        let combine = |voices: &[&Voice<Step>]| tiers::combine(voices, &denies, &every);
        let policy = selecting::lift(&voices, &every, combine, &mut findings);
        findings.extend(left_aside(&all.others));
        Imported { policy, findings }
    }
}

/// The tiers of the policies in their order. Where two of them have none that is known, which comes first is not known.
fn tiers(all: &Manifests, findings: &mut Vec<Finding>) -> Vec<(String, Tier)> {
    let used: BTreeSet<&str> = all.policies.iter().map(|policy| policy.tier.as_str()).collect();
    let mut tiers: BTreeMap<&str, Tier> = BTreeMap::new();
    for name in &used {
        let known = TIERS.into_iter().find(|(known, _)| known == name);
        let known = known.map(|(_, order)| Tier { order: Some(order), denies: true });
        let given = all.tiers.get(*name).copied();
        if known.is_none() && given.is_none() && used.len() > 1 {
            let message =
                format!("when the tier `{name}` is tried is not in the files: give its Tier object, too");
            let place = all.policies.iter().find(|policy| policy.tier == *name).map(|policy| &policy.place);
            let finding = Finding::new(Code::ReadRefused, message);
            findings.push(match place {
                Some(place) => finding.at(&place.source, place.span),
                None => finding,
            });
        }
        tiers.insert(name, given.or(known).unwrap_or(Tier { order: None, denies: true }));
    }
    let mut tiers: Vec<(String, Tier)> =
        tiers.into_iter().map(|(name, tier)| (name.to_owned(), tier)).collect();
    tiers.sort_by(|(_, a), (_, b)| {
        a.order.unwrap_or(f64::INFINITY).total_cmp(&b.order.unwrap_or(f64::INFINITY))
    });
    tiers
}
