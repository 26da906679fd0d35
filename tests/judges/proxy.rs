//! kubectl as the judge of the variables of a proxy: what its Kustomize and its `set env` make of what is written.

use crate::egressor_itself::{equal, generate, lock};
use crate::tools::{home, must, write};
use crate::verdicts::Verdicts;
use egressor::catalog::{Catalog, SHIPPED, load};
use egressor::diag::Source;
use serde_json::{Deserializer, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const JUDGE: &str = "Kustomize, kubectl set env";

const PROXY: [&str; 8] = [
    "--region=us",
    "--feature=security",
    "--set=proxy=http://10.9.8.7:3128",
    "--set=pod_cidr=10.4.0.0/14",
    "--set=service_cidr=10.96.0.0/12",
    "--set=api_server=172.16.0.2/32",
    "--set=api_server_names=k8s.corp.example",
    "--set=no_proxy=mirror.example.com,192.0.2.0/24",
];

/// A container that a chart puts beside those of a component, and that takes no variables.
const SIDECAR: &str = "somebody-elses";

fn castai() -> Catalog {
    let (id, text) = SHIPPED[0];
    load(&Arc::new(Source::new(id, text))).0.unwrap()
}

/// The workloads of the catalog as a cluster has them: with variables of their own, and a container beside the known ones.
fn workloads() -> Vec<(String, Value)> {
    let catalog = castai();
    let components = catalog.document.components.value.0.values();
    let workloads = components.filter_map(|component| {
        let workload = &component.value.workload.as_ref()?.value;
        let (kind, name) = (workload.kind.value.as_str(), workload.name.value.as_str());
        let known = workload.containers.value.0.iter().map(|container| container.value.as_str().to_owned());
        let containers = known.chain([SIDECAR.to_owned()]).map(|name| {
            json!({"name": name, "image": "i", "env": [{"name": "API_URL", "value": "https://api.example"}]})
        });
        let labels = json!({"app.kubernetes.io/name": name});
        let object = json!({
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": component.value.namespace.as_ref()?.value.as_str()},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": containers.collect::<Vec<_>>()},
                },
            },
        });
        Some((format!("{}-{name}", kind.to_lowercase()), object))
    });
    workloads.collect()
}

/// The variables of each container, by workload and container.
fn variables(objects: &[Value]) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for object in objects {
        for container in object["spec"]["template"]["spec"]["containers"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let env = container["env"].as_array().into_iter().flatten();
            let env = env.map(|one| (text(&one["name"]), text(&one["value"]))).collect();
            found.insert(format!("{} {}", text(&object["metadata"]["name"]), text(&container["name"])), env);
        }
    }
    found
}

fn kubectl(home: &Path) -> Command {
    let mut kubectl = Command::new(home.join("clouds/bin/kubectl"));
    kubectl.env("KUBECONFIG", "/dev/null");
    kubectl
}

/// The objects of a text in YAML, as `kubectl` reads them.
fn objects(home: &Path, file: &Path) -> Vec<Value> {
    let mut kubectl = kubectl(home);
    kubectl.args(["label", "--local", "judged=yes", "-o", "json", "-f"]).arg(file);
    let text = must(&mut kubectl, "");
    Deserializer::from_str(&text).into_iter::<Value>().collect::<Result<_, _>>().unwrap()
}

/// What the Kustomize patch makes of the workloads.
fn patched(home: &Path, out: &Path, kept: &Path) -> PathBuf {
    let folder = kept.join("kustomize");
    let list: Vec<Value> = workloads().into_iter().map(|(_, object)| object).collect();
    write(&folder, "base.json", &json!({"apiVersion": "v1", "kind": "List", "items": list}).to_string());
    fs::copy(out.join("proxy-patch.yaml"), folder.join("proxy-patch.yaml")).unwrap();
    write(&folder, "kustomization.yaml", "resources: [base.json]\npatches: [{path: proxy-patch.yaml}]\n");
    let text = must(kubectl(home).arg("kustomize").arg(&folder), "");
    write(kept, "patched.yaml", &text)
}

/// What the commands make of the workloads: the script is run as it is written, with a `kubectl` that changes files.
fn commanded(home: &Path, out: &Path, kept: &Path) -> Vec<PathBuf> {
    let (bin, cluster) = (kept.join("bin"), kept.join("cluster"));
    let files: Vec<PathBuf> = workloads()
        .into_iter()
        .map(|(name, object)| write(&cluster, &format!("{name}.json"), &object.to_string()))
        .collect();
    let shim = write(
        &bin,
        "kubectl",
        "#!/bin/sh\nset -eu\nfile=\"$CLUSTER/$(echo \"$4\" | tr / -).json\"\nshift 4\n\
         \"$REAL\" set env --local -f \"$file\" -o json \"$@\" > \"$file.new\"\nmv \"$file.new\" \"$file\"\n",
    );
    must(Command::new("chmod").arg("+x").arg(&shim), "");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut script = Command::new("sh");
    script.arg("-eu").arg(out.join("proxy-set-env.sh")).env("PATH", path).env("KUBECONFIG", "/dev/null");
    script.env("CLUSTER", &cluster).env("REAL", home.join("clouds/bin/kubectl"));
    must(&mut script, "");
    files
}

#[test]
fn the_patch_and_the_commands_set_what_the_file_of_variables_says_in_the_known_containers_and_no_other() {
    let count: usize =
        variables(&workloads().into_iter().map(|(_, object)| object).collect::<Vec<_>>()).len();
    let Some(home) = home(JUDGE, 2 * count + 2) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "written");
    let kept = tempfile::tempdir().unwrap();
    let out = kept.path().join("out");
    generate("proxy-env", &lock(), &PROXY, &out);
    let env = fs::read_to_string(out.join("proxy.env")).unwrap();
    let pairs = env.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('=').unwrap());
    let said: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(said.len(), 3);
    let patched = patched(&home, &out, kept.path());
    let commanded = commanded(&home, &out, kept.path());
    let of_patch = variables(&objects(&home, &patched));
    let of_commands: Vec<Value> = commanded
        .iter()
        .map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        .collect();
    for found in [&of_patch, &variables(&of_commands)] {
        assert_eq!(found.len(), count);
        for (container, set) in found {
            let mut expected = BTreeMap::from([("API_URL".to_owned(), "https://api.example".to_owned())]);
            if !container.ends_with(SIDECAR) {
                expected.extend(said.clone());
            }
            verdicts.case(*set == expected, || format!("{container}: {set:?}"));
        }
    }
    // And what was made of them reads as what was written.
    let env = out.join("proxy.env");
    let files: Vec<&Path> = commanded.iter().map(PathBuf::as_path).collect();
    for made in [&[patched.as_path()][..], &files] {
        let same = equal(&[&env], made, &[]);
        verdicts.case(same.is_ok(), || same.unwrap_err());
    }
    verdicts.close();
}
