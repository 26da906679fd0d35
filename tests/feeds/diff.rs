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
