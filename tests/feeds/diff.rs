//! Two dates of a feed, as its vendor serves it and as it was imported.

use crate::run::{egressor, with_body};
use serde_json::Value;

#[test]
fn two_dates_of_a_feed_are_compared_as_traffic() {
    let folder = with_body("aws/everything", "old.json");
    let old = std::fs::read_to_string(folder.path().join("old.json")).expect("a body");
    let new = old.replace("1753369986", "1753999999").replace("\"64.11.0.0/16\"", "\"64.11.0.0/17\"");
    std::fs::write(folder.path().join("new.json"), &new).expect("it is written");
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "new.json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stdout.contains("~ cloudfront-global  (narrowed)"), "{}", run.stdout);
    assert!(run.stdout.contains("addresses: 64.11.128.0/17 -> (none)"), "{}", run.stdout);
    for (name, text) in [("old", &old), ("new", &new)] {
        std::fs::write(folder.path().join("feed.json"), text).expect("it is written");
        let out = format!("{name}.yaml");
        let flags = ["--direction", "egress", "--port", "443/tcp", "--out", &out];
        let run = egressor(
            folder.path(),
            &[&["catalog", "import", "aws", "--from", "feed.json"], &flags[..]].concat(),
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let run = egressor(folder.path(), &["catalog", "diff", "old.yaml", "new.yaml"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stdout.contains("~ cloudfront-global  (narrowed)"), "{}", run.stdout);
    assert!(run.stdout.contains("- tcp/443"), "{}", run.stdout);
}

#[test]
fn entries_that_change_no_packet_are_one_line() {
    let folder = with_body("aws/everything", "old.json");
    let old = std::fs::read_to_string(folder.path().join("old.json")).expect("a body");
    let mut new: Value = serde_json::from_str(&old).expect("JSON");
    let split = |block: &str, region: &str, service: &str| serde_json::json!({"ip_prefix": block, "region": region, "service": service, "network_border_group": region});
    let list = new["prefixes"].as_array_mut().expect("a list");
    list.retain(|item| {
        !["64.10.0.0/24", "64.12.4.0/24"].contains(&item["ip_prefix"].as_str().expect("a text"))
    });
    list.extend(["64.10.0.0/25", "64.10.0.128/25"].map(|block| split(block, "eu-central-1", "AMAZON")));
    list.extend(["64.12.4.0/25", "64.12.4.128/25"].map(|block| split(block, "us-east-1", "S3")));
    std::fs::write(folder.path().join("new.json"), new.to_string()).expect("it is written");
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "new.json"]);
    let line = "2 entries change without changing a packet: amazon-eu-central-1, s3-us-east-1\n";
    assert!(run.stdout.contains(line) && run.stdout.contains("\nEQUAL\n"), "{}", run.stdout);
    assert!(!run.stdout.contains('~'), "{}", run.stdout);
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "new.json", "--format", "markdown"]);
    assert!(run.stdout.contains(line.trim()), "{}", run.stdout);
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "old.json"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "new.json", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(document["entries"][0]["effect"], "equal", "{document}");
}

#[test]
fn a_feed_that_cannot_be_read_is_compared_with_nothing() {
    let folder = with_body("aws/everything", "old.json");
    let old = std::fs::read_to_string(folder.path().join("old.json")).expect("a body");
    std::fs::write(folder.path().join("new.json"), old.replace("\"64.11.0.0/16\"", "\"10.0.0.0/8\""))
        .expect("it is written");
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "new.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains("feed/address"), "{}", run.stderr);
}

/// Changes in the shape of the web service: what an id already had is said again, as a list that begins earlier does.
const CHANGES: &str = r#"[
  {"id": 9, "endpointSetId": 99, "disposition": "Add", "version": "2026110100", "impact": "AddedUrl",
   "current": {"expressRoute": "false", "serviceArea": "Common", "category": "Default", "required": "true", "tcpPorts": "443"},
   "add": {"effectiveDate": "20261201", "urls": ["new.office.test"]}},
  {"id": 7, "endpointSetId": 9, "disposition": "Change", "version": "2026100100",
   "add": {"effectiveDate": "20261101", "ips": ["75.125.0.0/24"]}, "remove": {"urls": ["smtp.office365.test"]}},
  {"id": 8, "endpointSetId": 11, "disposition": "Change", "version": "2026100100",
   "previous": {"udpPorts": "3478-3481"}, "current": {"udpPorts": "3478-3480"}},
  {"id": 10, "endpointSetId": 46, "disposition": "Remove", "version": "2026110100"},
  {"id": 3, "endpointSetId": 1, "disposition": "Change", "version": "2026090100", "add": {"effectiveDate": "20260901", "ips": ["75.120.18.10/31"]}}
]"#;

#[test]
fn a_list_of_changes_is_compared_as_what_it_makes_of_the_earlier_state() {
    let folder = with_body("microsoft365/sets", "old.json");
    std::fs::write(folder.path().join("changes.json"), CHANGES).expect("it is written");
    let run = egressor(folder.path(), &["catalog", "diff", "old.json", "changes.json", "-v"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for line in [
        "entries: 1 added, 2 removed, 2 changed",
        "  + common-99  egress; new.office.test; 443/tcp",
        "  - common-46-below  ",
        "  - exchange-9  ",
        "  ~ exchange-9-below  (broadened)",
        "addresses: (none) -> 75.125.0.0/24",
        "  ~ skype-11  (narrowed)",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    assert!(run.stderr.contains("what is added to `99` takes effect on 20261201"), "{}", run.stderr);
    let (mut refused, sound) =
        (0, ["\"Add\"", "\"urls\"", "\"current\"", "\"remove\"", "\"endpointSetId\"", "\"serviceArea\""]);
    for word in sound {
        let broken = CHANGES.replacen(word, "\"x-mistyped\"", 1);
        std::fs::write(folder.path().join("changes.json"), broken).expect("it is written");
        let run = egressor(folder.path(), &["catalog", "diff", "old.json", "changes.json"]);
        refused += usize::from(run.code == 2 && run.stdout.is_empty());
    }
    assert_eq!(refused, sound.len());
}
