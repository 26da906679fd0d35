//! What is told about a `NO_PROXY`: the sample of a vendor's page has five defects, and all of them are found.

use crate::run::{egressor, egressor_in};
use egressor::targets::{Client, NoProxy};
use serde_json::Value;

/// The sample of the page, with the blocks filled in as they are separated there: not at all.
const SAMPLE: &str =
    "localhost,10.0.0.0/1410.96.0.0/12,*.cluster.local,googleapis.com,metadata.google.internal";

fn lint(name: &str, text: &str) -> (i32, Vec<(String, String)>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    let run = egressor_in(folder.path(), &["lint", name, "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = document["findings"].as_array().unwrap();
    let codes = findings.iter().map(|finding| (text(finding, "code"), text(finding, "message"))).collect();
    (run.code, codes, run.stdout)
}

fn env(no_proxy: &str) -> String {
    format!("HTTP_PROXY=http://p.example:1\nHTTPS_PROXY=http://p.example:1\nNO_PROXY={no_proxy}\n")
}

fn assert_five_defects(findings: &[(String, String)]) {
    let found =
        |code: &str, words: &str| findings.iter().any(|(of, text)| of == code && text.contains(words));
    assert!(found("proxy/never-matches", "a comma is missing"), "{findings:?}");
    assert!(found("proxy/disagreement", "`*.cluster.local` means"), "{findings:?}");
    assert!(found("proxy/direct-egress", "`googleapis.com` sends `storage.googleapis.com`"), "{findings:?}");
    assert!(found("proxy/direct-egress", "every bucket"), "{findings:?}");
    assert!(found("proxy/lacks", "169.254.169.254"), "{findings:?}");
    assert!(found("proxy/lacks", "no entry covers `.svc`"), "{findings:?}");
    assert!(found("proxy/lacks", "the host of the API server"), "{findings:?}");
}

#[test]
fn all_five_defects_of_the_pages_sample_are_found_in_a_file_of_variables() {
    let (code, findings, _) = lint("proxy.env", &env(SAMPLE));
    assert_eq!(code, 1);
    assert_five_defects(&findings);
}

#[test]
fn and_in_a_manifest_with_the_placeholders_of_the_page() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/corpus/proxy-env/sample-yaml/sample.yaml"
    ));
    let (code, findings, _) = lint("deployment.yaml", &text.unwrap());
    assert_eq!(code, 1);
    assert_five_defects(&findings);
    assert!(
        findings.iter().any(|(code, text)| code == "proxy/url" && text.contains("https://")),
        "{findings:?}"
    );
}

#[test]
fn each_defect_goes_with_its_cause() {
    let repaired = "localhost,127.0.0.0/8,::1,10.0.0.0/14,10.96.0.0/12,svc,cluster.local,169.254.169.254,\
                    metadata.google.internal,api.k8s.example";
    let (code, findings, _) = lint("proxy.env", &env(repaired));
    let amiss: Vec<_> = findings.iter().filter(|(code, _)| code != "proxy/decision").collect();
    // curl does not read HTTP_PROXY in upper case, whatever the list holds.
    assert!(amiss.iter().all(|(_, text)| text.contains("`http_proxy` in lower case")), "{amiss:?}");
    assert_eq!(code, 0, "{amiss:?}");
}

#[test]
fn decisions_are_told_for_both_clients_and_a_difference_is_a_finding() {
    let list = NoProxy::parse(SAMPLE);
    let way = |client, host| list.direct(client, host, 443).is_some();
    assert!(way(Client::Go, "x.svc.cluster.local") && !way(Client::Curl, "x.svc.cluster.local"));
    assert!(way(Client::Go, "storage.googleapis.com") && way(Client::Curl, "storage.googleapis.com"));
    assert!(!way(Client::Go, "10.96.0.1") && !way(Client::Curl, "10.96.0.1"));
    let (_, findings, _) = lint("proxy.env", &env(SAMPLE));
    let told = "`kubernetes.default.svc.cluster.local`: Go goes directly by `*.cluster.local`, curl goes to the proxy";
    assert!(findings.iter().any(|(code, text)| code == "proxy/decision" && text == told), "{findings:?}");
}

#[test]
fn check_answers_with_direct_and_names_the_entry() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.env"), env(SAMPLE)).unwrap();
    let ask = |question: &str| egressor_in(folder.path(), &["check", question, "p.env", "-q"]);
    let direct = ask("storage.googleapis.com:443");
    assert_eq!(direct.code, 0);
    assert!(direct.stdout.contains("allowed by direct") && direct.stdout.contains("p.env:3: googleapis.com"));
    let unknown = ask("x.svc.cluster.local:443");
    assert_eq!(unknown.code, 1);
    assert!(unknown.stdout.contains("Go and curl read it differently"), "{}", unknown.stdout);
    assert_eq!(ask("api.vendor.example:443").code, 1);
    assert_eq!(ask("p.example:1").code, 0, "the proxy itself is reached directly");
}

#[test]
fn a_password_is_in_no_output() {
    let text = env("svc").replace("http://", "http://user:hunter2@");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.env"), text).unwrap();
    std::fs::write(folder.path().join("q.env"), env("svc")).unwrap();
    for arguments in [
        &["lint", "p.env", "-v"][..],
        &["lint", "p.env", "--format", "json"],
        &["show", "p.env"],
        &["show", "p.env", "--format", "json"],
        &["check", "p.example:1", "p.env"],
        &["check", "p.example:1", "p.env", "--format", "json"],
        &["diff", "p.env", "q.env", "--format", "json"],
        &["diff", "q.env", "p.env", "--format", "markdown"],
        &["diff", "q.env", "p.env", "--format", "sarif"],
        &["diff", "p.env", "q.env", "-v"],
    ] {
        let run = egressor_in(folder.path(), arguments);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter2"), "{arguments:?}");
    }
    let wrong = "proxy=http://user:hunter2@pro xy";
    let run = egressor(&["generate", "--region", "us", "-t", "proxy-env", "--set", wrong]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}

/// Whether a host is reached directly does not depend on the way the question is asked.
#[test]
fn the_list_and_the_policy_that_is_read_agree() {
    use crate::support::{importer, source};
    use egressor::packet::{Hostname, Packet, Peer, Protocol};
    let values =
        [SAMPLE, "*", "*,a.example", ".a.example,a.example:8443", "a.example b,10.0.0.0/8", "0.0.0.0/0"];
    for value in values {
        let list = NoProxy::parse(value);
        let read = importer("proxy-env").import(&[source("p.env", &env(value))]);
        let allows = read.policy.sets[0].allows();
        for host in ["a.example", "x.a.example", "storage.googleapis.com", "x.cluster.local", "z.example"] {
            let name: Hostname = host.parse().unwrap();
            let packet = Packet {
                source: "192.0.2.77".parse().unwrap(),
                peer: Peer::Name(&name, "/"),
                protocol: Protocol::TCP,
                detail: 443,
            };
            let by_client = Client::ALL.map(|client| list.direct(client, host, 443).is_some());
            assert_eq!(allows.at_least.at(&packet), by_client == [true, true], "{value} {host}");
            assert_eq!(allows.at_most.at(&packet), by_client != [false, false], "{value} {host}");
        }
    }
}
