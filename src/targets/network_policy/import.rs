//! The importer: manifests in YAML or JSON, as written by people, by this target, or by `kubectl get -o`.

use super::admin;
use super::admin::lift::AdminRead;
use super::lift::{self, Read};
use super::manifest::{self, Manifests};
use crate::diag::{Code, Finding, Source};
use crate::targets::clusters::kubernetes::{PolicyForm, left_aside, words};
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads NetworkPolicy objects.
#[derive(Debug)]
pub(super) struct NetworkPolicyManifests;

impl Importer for NetworkPolicyManifests {
    fn name(&self) -> &'static str {
        "network-policy"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        if let Some(form) = PolicyForm::of(text) {
            return form == PolicyForm::Kubernetes;
        }
        // A list of what runs, as `kubectl get deployments -o yaml` prints it, or of a mesh is about something else.
        let has = |kinds: &[&str]| words(text, "kind").any(|kind| kinds.contains(&kind));
        has(&["List"]) && text.contains("items") && !has(&OTHERS)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let read: Vec<(&Arc<Source>, Manifests)> =
            sources.iter().map(|source| (source, manifest::read(source))).collect();
        let mut findings: Vec<Finding> =
            read.iter().flat_map(|(_, manifests)| manifests.findings.clone()).collect();
        let policies: Vec<Read<'_>> = read
            .iter()
            .flat_map(|(source, manifests)| {
                manifests.policies.iter().map(|manifest| Read { manifest, source })
            })
            .collect();
        findings.extend(twice(&policies));
        let admin: Vec<AdminRead<'_>> = read
            .iter()
            .flat_map(|(source, manifests)| {
                manifests.admin.iter().map(|manifest| AdminRead { manifest, source })
            })
            .collect();
        findings.extend(admin_twice(&admin));
        let policy = if admin.is_empty() {
            lift::lift(&policies, &mut findings)
        } else {
            admin::lift::lift(&admin, &policies, &mut findings)
        };
        findings.extend(left_aside(read.iter().flat_map(|(_, manifests)| &manifests.others)));
        Imported { policy, findings }
    }
}

/// The kinds of objects that run something, and those of a mesh.
const OTHERS: [&str; 9] = [
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "ReplicaSet",
    "Pod",
    "Job",
    "CronJob",
    "ServiceEntry",
    "Sidecar",
];

/// The same of the administrator's policies, which have no namespace.
fn admin_twice(policies: &[AdminRead<'_>]) -> Vec<Finding> {
    let mut seen: BTreeMap<&str, AdminRead<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for read in policies {
        if let Some(first) = seen.insert(&read.manifest.name, *read) {
            let (line, _) = first.source.line_column(first.manifest.span.start);
            let (name, file) = (&read.manifest.name, first.source.name());
            let message = format!(
                "`{name}` stands already in `{file}` at line {line}: the later would replace the former"
            );
            findings.push(Finding::new(Code::ReadRefused, message).at(read.source, read.manifest.span));
        }
    }
    findings
}

/// Two objects of one name: the later would replace the former, so their union is not what the cluster gets.
fn twice(policies: &[Read<'_>]) -> Vec<Finding> {
    let mut seen: BTreeMap<(&str, &str), Read<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for read in policies {
        let Some(name) = &read.manifest.name else { continue };
        let key = (read.manifest.namespace.as_str(), name.as_str());
        if let Some(first) = seen.insert(key, *read) {
            let (line, _) = first.source.line_column(first.manifest.span.start);
            let message = format!(
                "`{}/{name}` stands already in `{}` at line {line}: the later would replace the former",
                read.manifest.namespace,
                first.source.name()
            );
            findings.push(Finding::new(Code::ReadRefused, message).at(read.source, read.manifest.span));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str, cidr: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\nspec:\n  podSelector: {{}}\n  policyTypes: [Egress]\n  egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]\n"
        )
    }

    fn import(texts: &[String]) -> Imported {
        let source = |text: &String| Arc::new(Source::new("x.yaml", text.as_str()));
        NetworkPolicyManifests.import(&texts.iter().map(source).collect::<Vec<_>>())
    }

    #[test]
    fn files_add_up_unless_one_would_replace_the_other() {
        let read = import(&[policy("a", "192.0.2.0/25"), policy("b", "192.0.2.128/25")]);
        assert!(read.findings.is_empty());
        let whole = import(&[policy("c", "192.0.2.0/24")]);
        assert_eq!(read.policy.sets[0].allows(), whole.policy.sets[0].allows());
        let read = import(&[policy("a", "192.0.2.0/25"), policy("a", "192.0.2.128/25")]);
        assert_eq!(read.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::ReadRefused]);
    }

    #[test]
    fn policies_that_select_each_other_without_end_are_refused() {
        let rules = vec!["{}"; 4_000].join(", ");
        let wide = policy("wide", "192.0.2.0/24").replace("egress: [", &format!("egress: [{rules}, "));
        let narrow = (0..300).map(|index| {
            let selector = format!("podSelector: {{matchLabels: {{a: n{index}}}}}");
            policy(&format!("n{index}"), "192.0.2.0/24").replace("podSelector: {}", &selector)
        });
        let text = narrow.chain([wide]).collect::<Vec<_>>().join("---\n");
        let read = import(&[text]);
        assert_eq!(read.findings.first().map(|finding| finding.code), Some(Code::ReadTooLarge));
    }

    #[test]
    fn a_text_is_recognised_by_the_kind_of_an_object_in_it() {
        let recognizes = |text: &str| NetworkPolicyManifests.recognizes(&Source::new("x", text));
        for text in [
            "kind: NetworkPolicy\n",
            "\u{FEFF}kind: \"NetworkPolicy\"",
            "a: b\n---\n# c\n  kind:   NetworkPolicy # x",
            "{\"apiVersion\":\"v1\",\"items\":[],\"kind\":\"List\"}",
            "{kind: NetworkPolicyList}",
        ] {
            assert!(recognizes(text), "{text}");
        }
        for text in [
            "kind: Deployment",
            "kind: List",
            "NetworkPolicy",
            "mankind: NetworkPolicy",
            "kind: CiliumNetworkPolicy",
            "",
            "kind",
        ] {
            assert!(!recognizes(text), "{text}");
        }
    }
}
