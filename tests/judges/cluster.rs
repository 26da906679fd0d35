//! The rules of other policies of a cluster as the judge: those of Cilium, Calico and `OpenShift`.

use crate::egressor_itself::{generate, lock};
use crate::terraform::{hostile_texts, some_policies, written};
use crate::tools::{home, must, python, write};
use crate::verdicts::Verdicts;
use egressor::diag::{Source, any_error};
use egressor::targets::find;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const JUDGE: &str = "rules of Cilium, Calico, OpenShift";

/// The targets, with the settings that change what is written.
const TARGETS: [(&str, &[&str]); 4] = [
    ("cilium", &[]),
    ("calico", &[]),
    ("calico", &["--set", "calico.edition=enterprise"]),
    ("openshift-egress-firewall", &[]),
];

/// What is wrong with each file.
fn problems(home: &Path, files: &[PathBuf]) -> BTreeMap<PathBuf, Vec<String>> {
    serde_json::from_str(&must(python(home, "clouds", "policies.py").args(files), "")).unwrap()
}

#[test]
fn what_is_written_is_valid() {
    const RANDOM: usize = 12;
    let Some(home) = home(JUDGE, TARGETS.len() * (RANDOM + 1)) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "written");
    let kept = tempfile::tempdir().unwrap();
    let (mut files, texts) = (Vec::new(), hostile_texts());
    for (number, (name, more)) in TARGETS.into_iter().enumerate() {
        let folder = kept.path().join(number.to_string());
        for (region, flags) in
            [("us", &["--region=us"][..]), ("all", &["--all-regions", "--include-superseded"])]
        {
            let folder = folder.join(region);
            generate(name, &lock(), &[flags, more].concat(), &folder);
            files.push(folder.join(format!("{name}.yaml")));
        }
        let target = find(name).unwrap();
        let random = some_policies(target, &texts, RANDOM);
        let random = random.iter().filter_map(|policy| written(target, policy, &texts)).take(RANDOM);
        files
            .extend((0..).zip(random).map(|(number, text)| write(&folder, &format!("{number}.yaml"), &text)));
    }
    for (file, problems) in problems(&home, &files) {
        verdicts.case(problems.is_empty(), || format!("{}: {problems:?}", file.display()));
    }
    verdicts.close();
}

/// Objects that are taken, and changes of them that are refused: what stands there, and what takes its place.
const CILIUM: &str = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: np, namespace: ns}\nspec:\n  \
                      endpointSelector: {matchLabels: {app: x}}\n  egress:\n    - toFQDNs: [{matchName: a.example.com}]\n      \
                      toPorts: [{ports: [{port: \"443\", protocol: TCP}]}]\n    - toCIDRSet: [{cidr: 192.0.2.0/24}]\n    - \
                      toEntities: [world]\n      icmps: [{fields: [{family: IPv4, type: 8}]}]\n";
const CALICO: &str = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: np}\nspec:\n  order: 1\n  \
                      selector: app == 'x'\n  types: [Egress]\n  egress:\n    - {action: Allow, protocol: TCP, destination: \
                      {nets: [192.0.2.0/24], ports: [443]}}\n    - {action: Allow, protocol: ICMP, icmp: {type: 8}}\n";
const FIREWALL: &str = "apiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\nmetadata: {name: default, namespace: ns}\nspec:\n  \
                        egress:\n    - {type: Allow, to: {dnsName: a.example.com}, ports: [{port: 443, protocol: TCP}]}\n    \
                        - {type: Deny, to: {cidrSelector: 0.0.0.0/0}}\n";
const REFUSED: [(&str, &str, &str); 24] = [
    (CILIUM, "matchName: a", "matchName: \"*\", matchPattern: a"),
    (CILIUM, "matchName: a.example.com", "matchName: \"*.example.com\""),
    (CILIUM, "matchName: a.example.com", "matchName: https://a.example.com"),
    (CILIUM, "port: \"443\"", "port: 443"),
    (CILIUM, "port: \"443\"", "port: \"99999\""),
    (CILIUM, "protocol: TCP", "protocol: tcp"),
    (CILIUM, "192.0.2.0/24", "192.0.2.0"),
    (CILIUM, "toCIDRSet: [", "toEntities: [world]\n      toCIDRSet: ["),
    (CILIUM, "[world]", "[everyone]"),
    (CILIUM, "icmps:", "toPorts: [{ports: [{port: \"1\"}]}]\n      icmps:"),
    (CILIUM, "toEntities:", "toEntity:"),
    (CILIUM, "name: np", "name: Np"),
    (CALICO, "{action: Allow, protocol: TCP", "{action: allow, protocol: TCP"),
    (CALICO, "[Egress]", "[Egres]"),
    (CALICO, "protocol: TCP", "protocol: TCPX"),
    (CALICO, "protocol: TCP, ", ""),
    (CALICO, "192.0.2.0/24", "999.1.1.1/99"),
    (CALICO, "[443]", "[\"80-90\"]"),
    (CALICO, "nets:", "net:"),
    (CALICO, "protocol: ICMP, ", ""),
    (FIREWALL, "type: Allow", "type: allow"),
    (FIREWALL, "dnsName: a.example.com", "dnsName: https://a"),
    (FIREWALL, "name: default", "name: other"),
    (FIREWALL, "protocol: TCP", "protocol: tcp"),
];

#[test]
fn what_is_refused_there_is_refused_here() {
    let Some(home) = home(JUDGE, REFUSED.len() + 3) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "refused");
    let kept = tempfile::tempdir().unwrap();
    let mut texts = vec![(CILIUM.to_owned(), true), (CALICO.to_owned(), true), (FIREWALL.to_owned(), true)];
    texts.extend(REFUSED.into_iter().map(|(text, old, new)| {
        assert!(text.contains(old), "{old}");
        (text.replacen(old, new, 1), false)
    }));
    let files: Vec<PathBuf> = (0..)
        .zip(&texts)
        .map(|(number, (text, _))| write(kept.path(), &format!("{number:03}.yaml"), text))
        .collect();
    let found = problems(&home, &files);
    for (file, (text, taken)) in files.iter().zip(&texts) {
        assert_eq!(found[file].is_empty(), *taken, "{text}\n{:?}", found[file]);
        let source = Arc::new(Source::new("policy.yaml", text.clone()));
        let importers =
            ["cilium", "calico", "openshift-egress-firewall"].map(|name| find(name).unwrap().importers()[0]);
        let importer = importers.into_iter().find(|importer| importer.recognizes(&source)).unwrap();
        let read = importer.import(&[source]);
        verdicts.case(any_error(&read.findings) != *taken, || format!("{text}\n{:?}", read.findings));
    }
    verdicts.close();
}
