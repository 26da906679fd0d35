//! Kubernetes as the judge: the schemas of several versions of its API, and `kubectl`.

use crate::egressor_itself::{equal, generate, lock};
use crate::policies;
use crate::terraform::written;
use crate::tools::{home, must, python, run, write};
use crate::verdicts::Verdicts;
use egressor::diag::{Source, any_error};
use egressor::targets::find;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Deserializer, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const JUDGE: &str = "Kubernetes schemas, kubectl";

/// What the schemas find wrong with each file.
fn problems(home: &Path, files: &[PathBuf]) -> BTreeMap<PathBuf, Vec<String>> {
    serde_json::from_str(&must(python(home, "clouds", "manifests.py").args(files), "")).unwrap()
}

/// Lets `kubectl` read a file and print it, with a label that changes nothing for rules. It prints one object after the
/// other, which become a `List` here.
fn printed(home: &Path, file: &Path, out: &Path) -> Result<PathBuf, String> {
    let mut kubectl = Command::new(home.join("clouds/bin/kubectl"));
    kubectl
        .args(["label", "--local", "judged=yes", "-o", "json", "-f"])
        .arg(file)
        .env("KUBECONFIG", "/dev/null");
    let ran = run(&mut kubectl, "");
    if ran.code != 0 {
        return Err(ran.err);
    }
    let objects = Deserializer::from_str(&ran.out).into_iter::<Value>();
    let objects: Vec<Value> = objects.collect::<Result<_, _>>().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects});
    let name = file.with_extension("json").file_name().unwrap().to_str().unwrap().to_owned();
    Ok(write(out, &name, &serde_json::to_string_pretty(&list).unwrap()))
}

#[test]
fn what_is_written_is_valid_and_means_the_same_once_kubectl_has_read_it() {
    const RANDOM: usize = 12;
    let Some(home) = home(JUDGE, 2 * (RANDOM + 3)) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "written");
    let kept = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, more) in [
        ("us", &["--region=us"][..]),
        ("all", &["--all-regions", "--include-superseded"]),
        ("closed", &["--region=eu", "--set", "kubernetes.default_deny=yes"]),
    ] {
        let folder = kept.path().join(name);
        generate("network-policy", &lock(), more, &folder);
        fs::rename(folder.join("network-policy.yaml"), folder.join(format!("{name}.yaml"))).unwrap();
        files.push(folder.join(format!("{name}.yaml")));
    }
    let target = find("network-policy").unwrap();
    let mut runner = TestRunner::deterministic();
    let strategy = policies::policies(target.speech());
    let random = (0..RANDOM * 4).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    let random = random.filter_map(|policy| written(target, &policy, &[])).take(RANDOM);
    files
        .extend((0..).zip(random).map(|(number, text)| write(kept.path(), &format!("{number}.yaml"), &text)));
    assert_eq!(files.len(), RANDOM + 3);
    for (file, problems) in problems(&home, &files) {
        verdicts.case(problems.is_empty(), || format!("{}: {problems:?}", file.display()));
        let same = printed(&home, &file, &kept.path().join("printed"))
            .and_then(|printed| equal(&[&file], &[&printed], &[]));
        verdicts.case(same.is_ok(), || format!("{}: {}", file.display(), same.unwrap_err()));
    }
    verdicts.close();
}

/// A policy that the API server takes, and changes of it that it refuses: what stands there, and what takes its place.
const TAKEN: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: ns, labels: \
                     {a: b}}\nspec:\n  podSelector: {matchLabels: {app: x}, matchExpressions: [{key: k, operator: In, \
                     values: [v]}]}\n  policyTypes: [Egress]\n  egress:\n    - to: [{ipBlock: {cidr: 104.16.0.0/16, \
                     except: [104.16.81.0/24]}}]\n      ports: [{protocol: TCP, port: 443, endPort: 444}]\n";
const REFUSED: [(&str, &str); 50] = [
    ("104.16.0.0/16,", "104.16.81.56,"),
    ("104.16.0.0/16,", "104.16.0.0/33,"),
    ("104.16.0.0/16,", "999.1.1.1/8,"),
    ("104.16.0.0/16,", "\" 104.16.0.0/16\","),
    ("104.16.0.0/16,", "\"\","),
    ("cidr: 104.16.0.0/16, ", ""),
    ("[104.16.81.0/24]", "[104.16.0.0/16]"),
    ("[104.16.81.0/24]", "[104.0.0.0/8]"),
    ("[104.16.81.0/24]", "[10.0.0.0/24]"),
    ("[104.16.81.0/24]", "[\"2001:db8::/32\"]"),
    ("[104.16.81.0/24]", "[104.16.81.1]"),
    ("{ipBlock: {cidr: 104.16.0.0/16, except: [104.16.81.0/24]}}", "{}"),
    ("[104.16.81.0/24]}}", "[104.16.81.0/24]}, podSelector: {}}"),
    ("[104.16.81.0/24]}}", "[104.16.81.0/24]}, namespaceSelector: {}}"),
    ("port: 443, endPort: 444", "port: 0"),
    ("port: 443, endPort: 444", "port: -1"),
    ("port: 443, endPort: 444", "port: 65536"),
    ("port: 443, endPort: 444", "port: \"443\""),
    ("port: 443, endPort: 444", "port: HTTPS"),
    ("port: 443, endPort: 444", "port: a-name-that-is-too-long"),
    ("port: 443, endPort: 444", "port: a--b"),
    ("port: 443, endPort: 444", "port: -a"),
    ("endPort: 444", "endPort: 442"),
    ("endPort: 444", "endPort: 65536"),
    ("endPort: 444", "endPort: 0"),
    ("port: 443, endPort", "port: https, endPort"),
    ("port: 443, endPort", "endPort"),
    ("protocol: TCP", "protocol: tcp"),
    ("protocol: TCP", "protocol: ICMP"),
    ("[Egress]", "[Egres]"),
    ("[Egress]", "[egress]"),
    ("[Egress]", "[Egress, Ingress, Egress]"),
    ("name: np", "name: Np"),
    ("name: np", "name: a_b"),
    ("name: np", "name: a..b"),
    ("name: np", "name: -a"),
    ("{name: np, ", "{"),
    ("namespace: ns", "namespace: a.b"),
    ("namespace: ns", "namespace: Ns"),
    ("{a: b}", "{a/b/c: b}"),
    ("{a: b}", "{a: b c}"),
    ("{a: b}", "{-a: b}"),
    ("{a: b}", "{a: b-}"),
    ("app: x", "app: x y"),
    ("app: x", "A..B/app: x"),
    ("operator: In", "operator: in"),
    ("operator: In", "operator: Exists"),
    (", values: [v]", ""),
    ("values: [v]", "values: [v w]"),
    ("key: k", "key: k k"),
];

#[test]
fn what_the_api_server_refuses_is_refused() {
    let Some(home) = home(JUDGE, REFUSED.len()) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "refused");
    let kept = tempfile::tempdir().unwrap();
    let long = format!("name: {}", "a".repeat(254));
    let label = format!("{{a: {}}}", "b".repeat(64));
    let more = [("name: np", &*long), ("{a: b}", &*label)];
    let refused = REFUSED.into_iter().chain(more);
    let mut texts = vec![TAKEN.to_owned()];
    texts.extend(refused.map(|(old, new)| {
        assert_eq!(TAKEN.matches(old).count(), 1, "{old}");
        TAKEN.replace(old, new)
    }));
    let files: Vec<PathBuf> = (0..)
        .zip(&texts)
        .map(|(number, text)| write(kept.path(), &format!("{number:03}.yaml"), text))
        .collect();
    let found = problems(&home, &files);
    for (file, text) in files.iter().zip(&texts) {
        let taken = text == TAKEN;
        assert_eq!(found[file].is_empty(), taken, "{text}\n{:?}", found[file]);
        let source = Arc::new(Source::new("policy.yaml", text.clone()));
        let read = find("network-policy").unwrap().importers()[0].import(&[source]);
        verdicts.case(any_error(&read.findings) != taken, || format!("{text}\n{:?}", read.findings));
    }
    verdicts.close();
}

#[test]
fn what_the_schemas_refuse_is_refused_and_what_kubectl_prints_is_read_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/network-policy");
    let cases = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = cases.filter(|case| case.is_dir()).flat_map(|case| fs::read_dir(case).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    let Some(home) = home(JUDGE, files.len()) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "corpus");
    let kept = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for (file, problems) in problems(&home, &files) {
        let source = Arc::new(Source::new("corpus.yaml", fs::read_to_string(&file).unwrap()));
        let read = find("network-policy").unwrap().importers()[0].import(&[source]);
        if any_error(&read.findings) {
            // The API refuses more than its schemas do, and so does the reader.
            refused += 1;
            continue;
        }
        verdicts.case(problems.is_empty(), || format!("{} is read, but {problems:?}", file.display()));
        // Not every file holds only what `kubectl` can print without a server.
        if let Ok(printed) = printed(&home, &file, kept.path()) {
            let same = equal(&[&file], &[&printed], &[]);
            verdicts.case(same.is_ok(), || same.unwrap_err());
        }
    }
    assert!(refused > 0);
    verdicts.close();
}
