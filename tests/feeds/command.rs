//! `egressor catalog import` as people run it: what is refused, what is noted, what stays.

use crate::run::{Run, egressor, with_body};
use serde_json::Value;
use std::path::Path;

const AWS: [&str; 8] = ["catalog", "import", "aws", "--direction", "egress", "--port", "443/tcp", "--from"];

/// Imports the AWS feed of a file into `aws.yaml`, noting it in the lock.
fn aws(folder: &Path, from: &str, more: &[&str]) -> Run {
    let to = [from, "--out", "aws.yaml", "--lock", "egressor.lock"];
    egressor(folder, &[&AWS[..], &to[..], more].concat())
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("it is written");
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let folder = with_body("aws/everything", "feed.json");
    let first = aws(folder.path(), "feed.json", &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(
        first.stderr.contains("5 endpoints, of 2025-07-24, token 1753369986; aws.yaml written"),
        "{}",
        first.stderr
    );
    let before = (read(folder.path(), "aws.yaml"), read(folder.path(), "egressor.lock"));
    assert!(
        before.1.contains("token = \"1753369986\"\ndate = \"2025-07-24T15:13:06Z\"\nsha256 = "),
        "{}",
        before.1
    );
    let second = aws(folder.path(), "feed.json", &[]);
    assert!(second.code == 0 && second.stderr.contains("unchanged"), "{}", second.stderr);
    assert_eq!(before, (read(folder.path(), "aws.yaml"), read(folder.path(), "egressor.lock")));
    let lint = egressor(folder.path(), &["catalog", "lint", "aws.yaml"]);
    assert_eq!(lint.code, 0, "{}", lint.stderr);
}

#[test]
fn what_is_no_feed_is_refused_and_the_old_data_stays() {
    let folder = with_body("aws/everything", "feed.json");
    let sound = read(folder.path(), "feed.json");
    assert_eq!(aws(folder.path(), "feed.json", &[]).code, 0);
    let before = (read(folder.path(), "aws.yaml"), read(folder.path(), "egressor.lock"));
    let twice = sound.replacen(
        "\"syncToken\": \"1753369986\",",
        "\"syncToken\": \"1753369986\", \"syncToken\": \"1\",",
        1,
    );
    let bodies = [
        ("<!DOCTYPE html><html><body>Just a moment...</body></html>", "a web page, not data"),
        ("\u{FEFF}\n <html>", "a web page, not data"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("hello", "no JSON value stands here"),
        (&sound[..sound.len() / 2], "error[feed/syntax]"),
        (&twice, "stands here twice"),
        (&sound.replace("64.11.0.0/16", "10.0.0.0/8"), "which is no public address (private)"),
        (&sound.replace("64.11.0.0/16", "169.254.169.254/32"), "(metadata service)"),
        (&sound.replace("64.11.0.0/16", "64.11.0.1/16"), "has host bits set"),
        (&sound.replace("64.11.0.0/16", "2606:1200::/48"), "of the other address family"),
        (&sound.replace("\"prefixes\"", "\"exclude\""), "a member `exclude` that is not known"),
        (&sound.replace("1753369986", "1653369986"), "older than 1753369986"),
        (
            "{\"syncToken\": \"1800000000\", \"createDate\": \"2026-01-01-00-00-00\", \"prefixes\": [], \"ipv6_prefixes\": []}",
            "lists nothing",
        ),
    ];
    for (body, why) in bodies {
        put(folder.path(), "feed.json", body);
        let run = aws(folder.path(), "feed.json", &[]);
        assert!(run.code == 2 && run.stderr.contains(why), "{why}: {}", run.stderr);
        assert!(run.stderr.contains("nothing was written"), "{}", run.stderr);
        assert_eq!(before, (read(folder.path(), "aws.yaml"), read(folder.path(), "egressor.lock")), "{why}");
    }
}

/// The feed with so many more networks of one service.
fn grown(sound: &str, count: usize) -> String {
    let mut body: Value = serde_json::from_str(sound).expect("JSON");
    body["syncToken"] = "1800000000".into();
    let list = body["prefixes"].as_array_mut().expect("a list");
    for number in 0..count {
        let mut entry = list[3].clone();
        entry["ip_prefix"] = format!("65.{number}.0.0/16").into();
        list.push(entry);
    }
    body.to_string()
}

#[test]
fn a_large_change_is_held_back_until_it_is_accepted() {
    let folder = with_body("aws/everything", "feed.json");
    let sound = read(folder.path(), "feed.json");
    assert_eq!(aws(folder.path(), "feed.json", &[]).code, 0);
    let before = (read(folder.path(), "aws.yaml"), read(folder.path(), "egressor.lock"));
    put(folder.path(), "feed.json", &grown(&sound, 9));
    let run = aws(folder.path(), "feed.json", &[]);
    assert!(run.code == 2 && run.stderr.contains("IPv4 addresses came at once"), "{}", run.stderr);
    assert_eq!(before, (read(folder.path(), "aws.yaml"), read(folder.path(), "egressor.lock")));
    let run = aws(folder.path(), "feed.json", &["--max-change", "1000"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    put(folder.path(), "feed.json", &sound.replace("1753369986", "1800000001"));
    let run = aws(folder.path(), "feed.json", &[]);
    assert!(run.code == 2 && run.stderr.contains("went at once"), "{}", run.stderr);
    let run = aws(folder.path(), "feed.json", &["--accept"]);
    assert!(run.code == 0 && run.stderr.contains("warning[feed/quarantined]"), "{}", run.stderr);
    assert!(read(folder.path(), "egressor.lock").contains("1800000001"));
}

#[test]
fn what_is_accepted_is_told_as_a_warning_and_impossible_addresses_are_never_accepted() {
    let folder = with_body("aws/everything", "feed.json");
    let sound = read(folder.path(), "feed.json");
    put(folder.path(), "feed.json", &sound.replace("64.11.0.0/16", "10.0.0.0/8"));
    let run = aws(folder.path(), "feed.json", &["--accept"]);
    assert!(run.code == 0 && run.stderr.contains("warning[feed/address]"), "{}", run.stderr);
    put(folder.path(), "feed.json", &sound.replace("64.11.0.0/16", "0.0.0.0/0"));
    let run = aws(folder.path(), "feed.json", &["--accept"]);
    assert!(run.code == 2 && run.stderr.contains("no host can have it"), "{}", run.stderr);
    put(folder.path(), "feed.json", &sound.replacen("\"region\"", "\"excluded\": true, \"region\"", 1));
    assert_eq!(aws(folder.path(), "feed.json", &[]).code, 2);
    assert_eq!(aws(folder.path(), "feed.json", &["--accept"]).code, 0);
}

#[test]
fn what_chooses_nothing_is_an_error_with_a_suggestion() {
    let folder = with_body("aws/everything", "aws.json");
    let feed =
        ["catalog", "import", "aws", "--from", "aws.json", "--direction", "egress", "--port", "443/tcp"];
    for (flags, says) in [
        (&["--service", "CLOUDFRNT"][..], "did you mean `CLOUDFRONT`?"),
        (&["--service", "nothing-like-it"], "there are AMAZON, CLOUDFRONT, EC2, S3"),
        (&["--region", "eu-centrall-1"], "did you mean `eu-central-1`?"),
        (&["--category", "Optimize"], "the feed `aws` knows no category"),
        (&["--service", "EC2", "--region", "us-east-1"], "all of what was asked for"),
        (&["--publish", "s3.example.com"], "name it with `--lock FILE`"),
        (&["--verified", "2026-01-01"], "says its day itself"),
        (&["--id", "Not An Id"], "`--id`"),
    ] {
        let run = egressor(folder.path(), &[&feed[..], flags].concat());
        assert!(run.code == 2 && run.stderr.contains(says), "{flags:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{flags:?}");
    }
    for (arguments, says) in [
        (&["catalog", "import", "awz"][..], "did you mean `aws`?"),
        (&["catalog", "import", "azure"], "the file has another address each week"),
        (&["catalog", "import", "aws", "--from", "aws.json"], "say which with `--port 443/tcp`"),
        (
            &["catalog", "import", "aws", "--from", "aws.json", "--port", "443/tcp"],
            "`--direction ingress` when",
        ),
        (&["catalog", "import", "aws", "--from", "aws.json", "--port", "443"], "names no protocol"),
        (&["catalog", "import", "aws", "--from", "missing.json"], "it does not exist"),
        (
            &["catalog", "import", "aws", "--from", "http://feed.example/x"],
            "use `https`, or say `--allow-http`",
        ),
        (
            &["catalog", "import", "aws", "--from", "https://user:pass@feed.example/x"],
            "with a user or a password",
        ),
    ] {
        let run = egressor(folder.path(), arguments);
        assert!(run.code == 2 && run.stderr.contains(says), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.contains("pass@"), "{}", run.stderr);
    }
}

#[test]
fn a_feed_without_a_day_needs_one() {
    let folder = with_body("fastly/everything", "feed.json");
    let own =
        ["catalog", "import", "fastly", "--from", "feed.json", "--direction", "egress", "--port", "443/tcp"];
    let run = egressor(folder.path(), &own);
    assert!(run.code == 2 && run.stderr.contains("say it with `--verified 2026-11-22`"), "{}", run.stderr);
    let out = [&own[..], &["--out", "f.yaml"]].concat();
    let run = egressor(folder.path(), &[&out[..], &["--verified", "2026-11-05"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    // The same body is still of that day.
    let run = egressor(folder.path(), &out);
    assert!(run.code == 0 && run.stderr.contains("of 2026-11-05; f.yaml unchanged"), "{}", run.stderr);
}

#[test]
fn a_file_that_is_no_catalog_is_not_replaced_unasked() {
    let folder = with_body("aws/everything", "feed.json");
    put(folder.path(), "aws.yaml", "my notes\n");
    let run = aws(folder.path(), "feed.json", &[]);
    assert!(run.code == 2 && run.stderr.contains("is no catalog that can be read"), "{}", run.stderr);
    assert_eq!(read(folder.path(), "aws.yaml"), "my notes\n");
    assert_eq!(aws(folder.path(), "feed.json", &["--accept"]).code, 0);
}

#[test]
fn a_broken_lock_stops_the_import() {
    let folder = with_body("aws/everything", "feed.json");
    put(folder.path(), "egressor.lock", "<<<<<<< ours\n");
    let run = aws(folder.path(), "feed.json", &[]);
    assert!(run.code == 2 && run.stderr.contains("merge conflict"), "{}", run.stderr);
    assert!(!folder.path().join("aws.yaml").exists());
}

#[test]
fn published_addresses_of_a_host_come_before_answers_of_the_dns() {
    let folder = with_body("github/packages-by-name", "feed.json");
    let own = [
        "catalog",
        "import",
        "github",
        "--from",
        "feed.json",
        "--verified",
        "2026-11-01",
        "--port",
        "443/tcp",
    ];
    let more = [
        "--service",
        "packages",
        "--category",
        "addresses",
        "--lock",
        "egressor.lock",
        "--publish",
        "registry.example.com",
    ];
    let run = egressor(folder.path(), &[&own[..], &more[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lock = read(folder.path(), "egressor.lock");
    assert!(lock.contains("name = \"registry.example.com\""), "{lock}");
    assert!(lock.contains("{ address = \"68.50.6.33\", first_seen = \"2026-11-01T00:00:00Z\", last_seen = \"2026-11-01T00:00:00Z\", published = \"feed github\" }"), "{lock}");
    let again = egressor(folder.path(), &[&own[..], &more[..]].concat());
    assert_eq!((again.code, lock), (0, read(folder.path(), "egressor.lock")));
}

#[test]
fn one_feed_less_another_notes_both() {
    let folder = with_body("google/everything", "goog.json");
    let cloud = with_body("google-cloud/one-region", "cloud.json");
    std::fs::copy(cloud.path().join("cloud.json"), folder.path().join("cloud.json")).expect("a copy");
    let own =
        ["catalog", "import", "google", "--from", "goog.json", "--direction", "egress", "--port", "443/tcp"];
    let more = ["--except", "cloud.json", "--lock", "egressor.lock"];
    let run = egressor(folder.path(), &[&own[..], &more[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("\"66.30.16.0/23\"") && !run.stdout.contains("66.30.18.0"), "{}", run.stdout);
    let lock = read(folder.path(), "egressor.lock");
    assert!(
        lock.contains("name = \"google\"") && lock.contains("name = \"google-except-google-cloud\""),
        "{lock}"
    );
    // Half of what is taken out would be taken out too little.
    let body = read(folder.path(), "cloud.json");
    put(folder.path(), "cloud.json", &body[..body.len() - 4]);
    let run = egressor(folder.path(), &[&own[..], &more[..]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    put(folder.path(), "cloud.json", "[1]");
    let run = egressor(folder.path(), &[&own[..], &more[..], &["--accept"]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
}

#[test]
fn standard_input_and_json_work() {
    let folder = with_body("aws/everything", "feed.json");
    let run = egressor(folder.path(), &[&AWS[..], &["feed.json", "--format", "json"]].concat());
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(document["schema"], "egressor/catalog-import/v1");
    assert_eq!((&document["status"], &document["endpoints"]), (&"written".into(), &5.into()));
    assert!(document["catalog"].as_str().is_some_and(|text| text.contains("schema: egressor/catalog/v1")));
    let run = egressor(folder.path(), &[&AWS[..], &["-", "--format", "json"]].concat());
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((run.code, &document["status"]), (2, &Value::Null));
    assert!(document["findings"].to_string().contains("`-` is empty"), "{document}");
}

#[cfg(not(feature = "fetch"))]
#[test]
fn without_the_feature_a_url_says_how_to_build_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&AWS[..7], &[&AWS[..], &["https://feed.example/x"]].concat()] {
        let run = egressor(folder.path(), arguments);
        assert!(run.code == 2 && run.stderr.contains("--features fetch"), "{}", run.stderr);
    }
}
