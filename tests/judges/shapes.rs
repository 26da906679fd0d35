//! The vendors' own clients as judges of the shape of data: botocore's model of EC2, and Google's typed client.

use crate::egressor_itself::{equal, generate, lock};
use crate::terraform::Terraform;
use crate::tools::{home, must, python, write};
use crate::verdicts::Verdicts;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const JUDGE: &str = "botocore, Google's client";

/// Files of the corpus that are outside of their API's shape on purpose, and why.
const ODD: [(&str, &str); 13] = [
    ("services.json", "a protocol is a number"),
    ("unknown-peer.json", "a field of a later API"),
    ("unknown-fields.json", "fields of a later API"),
    ("no-permissions.json", "null in place of nothing"),
    ("rules.json", "null in place of nothing"),
    ("one-group.json", "a part of an answer"),
    ("two-answers", "several answers in one file"),
    ("nothing-spelt.json", "spelt otherwise"),
    ("twice-a-key.json", "a key comes twice"),
    ("cut-off.json", "the end is missing"),
    ("refused.json", "refused by the reader"),
    ("rules-refused.json", "refused by the reader"),
    ("list-problems", "refused by the reader"),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    paths
}

#[test]
fn the_files_of_the_corpus_have_the_shape_that_the_apis_answer_with() {
    let Some(home) = home(JUDGE, 60) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "corpus");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for (what, folder) in [("answers", "aws-security-group-describe"), ("firewalls", "gcp-firewall-list")] {
        let mut command = python(&home, "clouds", "shapes.py");
        command.arg(what).args(files(&corpus.join(folder)));
        let found: BTreeMap<PathBuf, Vec<String>> = serde_json::from_str(&must(&mut command, "")).unwrap();
        assert!(found.len() >= 15);
        for (path, problems) in found {
            let odd = ODD.iter().any(|(name, _)| path.components().any(|part| part.as_os_str() == *name));
            if !odd {
                verdicts.case(problems.is_empty(), || format!("{}: {problems:?}", path.display()));
            }
        }
    }
    verdicts.close();
}

#[test]
fn google_s_client_takes_the_rules_and_writes_what_means_the_same() {
    let Some(home) = home(JUDGE, 2) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "firewall");
    let kept = tempfile::tempdir().unwrap();
    let terraform = Terraform::with_schemas(&home);
    for region in ["us", "eu"] {
        let folder = kept.path().join(region);
        let settings = ["--set", "gcp.network=default", "--set", "gcp.target_tags=agents"];
        generate(
            "gcp-firewall",
            &lock(),
            &[&[&*format!("--region={region}")][..], &settings].concat(),
            &folder,
        );
        let (plan, _) = terraform.plan(&folder, &[]).unwrap();
        let list = must(python(&home, "clouds", "shapes.py").arg("firewall").arg(plan), "");
        let list = write(&folder, "list.json", &list);
        // A list holds all rules of a network, and so also tells of instances without the tag.
        let same = equal(&[&folder.join("gcp-firewall.tf")], &[&list], &["--scope=default/tag:*"]);
        verdicts.case(same.is_ok(), || same.unwrap_err());
    }
    verdicts.close();
}
