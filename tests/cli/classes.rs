//! The classes of a change that a reviewer asks about, each with the word by which it is found.

use crate::run::{egressor, egressor_in, generated, quickstart_lock};
use serde_json::Value;

const PROJECT: [&str; 8] = [
    "--region",
    "us",
    "--set",
    "control_plane_cidr=172.16.0.0/28",
    "--set",
    "owner=platform",
    "--set",
    "expires=2027-01-31",
];

/// The comparison of an edited iptables file with its project: exit code and document.
fn against_project(edit: impl Fn(&str) -> String, more: &[&str]) -> (i32, Value) {
    let files = generated(&[&PROJECT[..], &["-t", "iptables"]].concat());
    let path = files.out.join("iptables.rules");
    std::fs::write(&path, edit(&files.text("iptables.rules"))).expect("an edit");
    let (path, lock) = (path.display().to_string(), quickstart_lock());
    let run =
        egressor(&[&["diff", &path, "--lock", &lock, "--format", "json"][..], &PROJECT[..], more].concat());
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stderr)))
}

fn codes(document: &Value) -> Vec<&str> {
    document["findings"].as_array().expect("findings").iter().filter_map(|it| it["code"].as_str()).collect()
}

fn without(text: &str, part: &str) -> String {
    text.lines()
        .filter(|line| !(line.starts_with("-A") && line.contains(part)))
        .fold(String::new(), |all, line| all + line + "\n")
}

#[test]
fn added_and_missing_traffic_narrows_or_broadens() {
    let (code, less) = against_project(|text| without(text, "castai/grpc"), &[]);
    assert_eq!((code, less["verdict"].as_str()), (1, Some("broadened")), "the project would open more");
    assert!(codes(&less).contains(&"drift/missing"), "{less}");
    let more = "-A EGRESSOR-OUT -d 192.0.2.9/32 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT";
    let (code, wider) = against_project(|text| text.replace("COMMIT", more), &[]);
    assert_eq!((code, wider["verdict"].as_str()), (1, Some("narrowed")), "the project would close some");
}

#[test]
fn what_no_entry_explains_is_unmanaged_and_what_one_explains_is_excess() {
    let rule = |peer: &str| format!("-A EGRESSOR-OUT -d {peer} -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT");
    let (_, unmanaged) = against_project(|text| text.replace("COMMIT", &rule("192.0.2.9/32")), &[]);
    assert!(codes(&unmanaged).contains(&"drift/unmanaged"), "{unmanaged}");
    // An endpoint that is not selected would explain it.
    let (_, excess) = against_project(str::to_owned, &["--without", "castai/helm-archive"]);
    assert!(codes(&excess).contains(&"drift/excess"), "{excess}");
    assert!(!codes(&excess).contains(&"drift/unmanaged"), "{excess}");
}

#[test]
fn a_new_reason_is_no_traffic_and_is_counted() {
    let files = generated(&[&PROJECT[..], &["-t", "iptables"]].concat());
    let old = files.text("iptables.rules");
    std::fs::write(files.out.join("new.rules"), old.replace("owner platform", "owner network"))
        .expect("an edit");
    let run = egressor_in(&files.out, &["diff", "iptables.rules", "new.rules", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((run.code, document["verdict"].as_str()), (0, Some("equal")));
    assert!(document["rewritten_rules"].as_u64().expect("a count") > 0, "{document}");
}

#[test]
fn a_rule_past_its_day_is_expired() {
    let files = generated(&[&PROJECT[..], &["-t", "iptables"]].concat());
    let path = files.out.join("iptables.rules").display().to_string();
    let on = |day: &str| egressor(&["lint", &path, "--today", day]).stderr.contains("lint/expired");
    assert!(!on("2027-01-31") && on("2027-02-01"), "the last day counts");
}

#[test]
fn a_lock_gives_the_same_bytes_again_and_an_address_outside_the_pin_never_reaches_a_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(quickstart_lock()).expect("the lock");
    std::fs::write(folder.path().join("egressor.lock"), &text).expect("a copy");
    let arguments =
        [&["generate", "-t", "iptables,squid", "--locked", "--out", "-", "-q"][..], &PROJECT[..]].concat();
    let first = egressor_in(folder.path(), &arguments);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(first.stdout, egressor_in(folder.path(), &arguments).stdout);
    assert_eq!(std::fs::read_to_string(folder.path().join("egressor.lock")).expect("the lock"), text);
    // The vendor dedicates addresses to this host; another answer is not taken in their place.
    assert!(first.stdout.contains("-d 104.16.81.56/32") && !first.stdout.contains("104.16.0.0/13 -p"));
}
