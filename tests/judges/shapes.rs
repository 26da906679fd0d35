//! The vendors' own clients as judges of the shape of data: botocore's model of EC2, and Google's typed client.

use crate::egressor_itself::{equal, generate, lock};
use crate::terraform::{Terraform, hostile_texts, some_policies, written_with};
use crate::tools::{home, must, python, write};
use crate::verdicts::Verdicts;
use egressor::diag::{Severity, Source};
use egressor::targets::find;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const JUDGE: &str = "botocore, Google's client";

/// Files of the corpus that are outside of their API's shape on purpose, and why.
const ODD: [(&str, &str); 17] = [
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
    ("no-list", "refused by the reader"),
    ("permissions", "what the command line takes, which is no answer"),
    ("permissions-no-way", "what the command line takes, which is no answer"),
    ("permissions-strange", "what the command line takes, which is no answer"),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    paths
}

/// What a judge says of each file.
fn check<T: AsRef<Path>>(home: &Path, what: &str, files: &[T]) -> BTreeMap<PathBuf, Vec<String>> {
    let mut command = python(home, "clouds", "shapes.py");
    command.arg(what);
    if what == "strict" {
        command.arg(home.join("schemas/compute.json"));
    }
    command.args(files.iter().map(AsRef::as_ref));
    serde_json::from_str(&must(&mut command, "")).unwrap()
}

#[test]
fn the_files_of_the_corpus_have_the_shape_that_the_apis_answer_with() {
    let Some(home) = home(JUDGE, 60) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "corpus");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for (what, folder) in [
        ("answers", "aws-security-group-describe"),
        ("firewalls", "gcp-firewall-list"),
        ("strict", "gcp-firewall-list"),
        ("firewalls", "gcp-network-policy-list"),
        ("strict", "gcp-network-policy-list"),
    ] {
        let files = files(&corpus.join(folder));
        let found = check(&home, what, &files);
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
fn what_is_written_for_the_aws_command_line_has_the_shape_that_ec2_takes() {
    const RANDOM: usize = 16;
    let Some(home) = home(JUDGE, RANDOM + 6) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "permissions");
    let target = find("aws-security-group").unwrap();
    let texts = hostile_texts();
    let kept = tempfile::tempdir().unwrap();
    let wanted = some_policies(target, &texts, RANDOM);
    let form = [("aws.form", "ip-permissions")];
    let written: Vec<String> =
        wanted.iter().flat_map(|policy| written_with(target, policy, &texts, &form)).take(RANDOM).collect();
    assert_eq!(written.len(), RANDOM);
    let damaged = [
        ("\"IpProtocol\"", "\"Protocol\""),
        ("\"CidrIp\"", "\"Cidr\""),
        ("\"Description\": \"", "\"Description\": 1, \"x\": \""),
        ("\"IpRanges\": [", "\"IpRanges\": [\"10.0.0.0/8\", "),
        ("\"FromPort\": ", "\"FromPort\": \"1\", \"x\": "),
    ];
    let whole = written.iter().find(|text| damaged.iter().all(|(old, _)| text.contains(old))).unwrap();
    let damaged: Vec<String> = damaged.iter().map(|(old, new)| whole.replacen(old, new, 1)).collect();
    let paths: Vec<PathBuf> = (0..)
        .zip(written.iter().chain(&damaged))
        .map(|(number, text)| write(kept.path(), &format!("{number:03}.json"), text))
        .collect();
    let found = check(&home, "permissions", &paths);
    for (number, path) in paths.iter().enumerate() {
        let right = found[path].is_empty() == (number < RANDOM);
        verdicts.case(right, || format!("{:?}\n{}", found[path], fs::read_to_string(path).unwrap()));
    }
    verdicts.close();
}

/// A rule as Google's API has it, and changes of it that its schemas refuse.
const RULE: &str = r#"[{"name": "allow-api", "network": "https://www.googleapis.com/compute/v1/projects/p/global/networks/default",
  "direction": "EGRESS", "priority": 1000, "destinationRanges": ["104.16.81.56/32"], "disabled": false,
  "allowed": [{"IPProtocol": "tcp", "ports": ["443"]}], "logConfig": {"enable": true, "metadata": "INCLUDE_ALL_METADATA"}}]"#;
const REFUSED: [(&str, &str); 10] = [
    ("\"destinationRanges\"", "\"destinationRange\""),
    ("\"priority\": 1000", "\"priority\": 1000, \"destination_ranges\": [\"10.0.0.0/8\"]"),
    ("\"ports\": [", "\"port\": ["),
    ("\"allow-api\"", "\"Allow_api\""),
    ("\"EGRESS\"", "\"OUT\""),
    ("\"priority\": 1000", "\"priority\": \"high\""),
    ("[\"443\"]", "[443]"),
    ("[\"443\"]", "\"443\""),
    ("[\"104.16.81.56/32\"]", "\"104.16.81.56/32\""),
    ("INCLUDE_ALL_METADATA", "EVERYTHING"),
];

#[test]
fn what_the_schemas_of_google_s_api_refuse_is_no_rule_here() {
    let Some(home) = home(JUDGE, REFUSED.len() + 1) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "strict");
    let kept = tempfile::tempdir().unwrap();
    let damaged = REFUSED.iter().map(|(old, new)| {
        assert_eq!(RULE.matches(old).count(), 1, "{old}");
        RULE.replace(old, new)
    });
    let texts: Vec<String> = [RULE.to_owned()].into_iter().chain(damaged).collect();
    let paths: Vec<PathBuf> = (0..)
        .zip(&texts)
        .map(|(number, text)| write(kept.path(), &format!("{number:03}.json"), text))
        .collect();
    let found = check(&home, "strict", &paths);
    let importers = find("gcp-firewall").unwrap().importers();
    let mut meant = None;
    for (path, text) in paths.iter().zip(&texts) {
        assert_eq!(found[path].is_empty(), text == RULE, "{text}\n{:?}", found[path]);
        let source = Arc::new(Source::new("list.json", text.clone()));
        let reader = importers.iter().find(|importer| importer.recognizes(&source));
        let read = reader.map(|reader| reader.import(&[source]));
        let rows = read.as_ref().map(|read| {
            read.policy
                .sets
                .iter()
                .map(|set| (set.scope.clone(), set.allows().at_most.rows()))
                .collect::<Vec<_>>()
        });
        // A rule that is read all the same means what it meant.
        let same = rows == meant;
        meant = meant.or(rows);
        let told =
            read.is_none_or(|read| read.findings.iter().any(|finding| finding.severity >= Severity::Warning));
        let right = if text == RULE { !told } else { told || same };
        verdicts.case(right, || text.clone());
    }
    verdicts.close();
}

#[test]
fn google_s_client_takes_the_rules_and_writes_what_means_the_same() {
    let Some(home) = home(JUDGE, 4) else { return };
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
        // The same list by the schemas of the API, in which a key that is not there is an error.
        let problems = check(&home, "strict", &[&list]);
        verdicts.case(problems[&list].is_empty(), || format!("{problems:?}"));
        // A list holds all rules of a network, and so also tells of instances without the tag.
        let same = equal(&[&folder.join("gcp-firewall.tf")], &[&list], &["--scope=default/tag:*"]);
        verdicts.case(same.is_ok(), || same.unwrap_err());
    }
    verdicts.close();
}
