//! Requests for a network team.

use crate::run::{Files, egressor, egressor_in, generated, quickstart_lock};
use egressor::syntax::csv;
use std::collections::BTreeMap;

const PROJECT: [&str; 12] = [
    "--region",
    "us",
    "--set",
    "control_plane_cidr=172.16.0.0/28",
    "--set",
    "owner=platform",
    "--set",
    "ticket=NET-7",
    "--set",
    "expires=2027-01-31",
    "--set",
    "change.requested_by=me",
];

type Record = BTreeMap<String, String>;

fn request(more: &[&str]) -> (Files, Vec<Record>) {
    let files = generated(&[&PROJECT[..], &["-t", "change-request"], more].concat());
    let records = records(&files.text("change-request.csv"));
    (files, records)
}

fn records(text: &str) -> Vec<Record> {
    let mut rows = csv::parse(text).unwrap().into_iter();
    let titles: Vec<String> = rows.next().unwrap().into_iter().map(|cell| cell.text).collect();
    rows.map(|row| titles.iter().cloned().zip(row.into_iter().map(|cell| cell.text)).collect()).collect()
}

fn of<'a>(records: &'a [Record], endpoint: &str) -> &'a Record {
    let found: Vec<&Record> = records.iter().filter(|row| row["endpoint or rule"] == endpoint).collect();
    assert_eq!(found.len(), 1, "one row for {endpoint}");
    found[0]
}

#[test]
fn there_is_one_row_for_each_endpoint_and_direction_with_what_a_reviewer_asks() {
    let (files, records) = request(&[]);
    let mut ids: Vec<(&str, &str)> =
        records.iter().map(|row| (row["endpoint or rule"].as_str(), row["direction"].as_str())).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(ids.contains(&("castai/webhook-9443", "ingress")) && ids.contains(&("castai/api", "egress")));
    let api = of(&records, "castai/api");
    let expected = [
        ("action", "add"),
        ("request id", "NET-7"),
        ("destination FQDN", "api.cast.ai"),
        ("destination CIDR", "104.16.81.56/32; 104.16.82.56/32"),
        ("address provenance", "dedicated"),
        ("protocol", "tcp"),
        ("port", "443"),
        ("application", "https"),
        ("upload", "no"),
        ("owner", "platform"),
        ("requested by", "me"),
        ("expires", "2027-01-31"),
        ("verified on", "2026-11-22 (document-review)"),
        ("rollback", "remove the rule for castai/api"),
    ];
    for (title, cell) in expected {
        assert_eq!(api[title], cell, "{title}");
    }
    assert!(api["risk"].contains("CDN addresses: Cloudflare anycast"), "{api:?}");
    assert!(
        api["source zone or selector"].contains("agent (castai-agent app.kubernetes.io/name=castai-agent)")
    );
    let logs = of(&records, "castai/node-logs");
    assert_eq!(logs["upload"], "yes");
    assert!(
        logs["risk"].contains("shared host") && logs["risk"].contains("data leaves the network"),
        "{logs:?}"
    );
    assert_eq!(of(&records, "castai/webhook-9443")["source CIDR"], "172.16.0.0/28");
    assert!(records.iter().all(|row| row["generated"].contains("Digest of catalog")));
    assert!(files.text("change-request.md").contains("| castai/api | add | egress |"));
}

#[test]
fn an_existing_rule_file_tells_what_is_added_kept_changed_and_removed() {
    let rules = generated(&[&PROJECT[..], &["-t", "iptables"]].concat());
    let text = rules.text("iptables.rules");
    // One endpoint less, half of another, and a rule that nobody asks for.
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            !(line.starts_with("-A") && line.contains("castai/registry:") && !line.contains(" + "))
        })
        .filter(|line| !line.starts_with("-A EGRESSOR-OUT -d 140.82.112.0/20 "))
        .collect();
    let extra = "-A EGRESSOR-OUT -d 192.0.2.9/32 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT";
    let existing = lines.join("\n").replacen("COMMIT", extra, 1) + "\n";
    std::fs::write(rules.out.join("host.rules"), existing).unwrap();
    let path = rules.out.join("host.rules").display().to_string();
    let (files, records) = request(&["--against", &path]);
    assert_eq!(of(&records, "castai/api")["action"], "keep");
    let changed = of(&records, "castai/helm-archive");
    assert_eq!(changed["action"], "modify");
    assert!(changed["change"].contains("140.82.112.0/20"), "{changed:?}");
    let removed: Vec<&Record> = records.iter().filter(|row| row["action"] == "remove").collect();
    assert_eq!(removed.len(), 1, "{removed:?}");
    assert_eq!(
        (removed[0]["destination CIDR"].as_str(), removed[0]["port"].as_str()),
        ("192.0.2.9/32", "22")
    );
    assert!(removed[0]["endpoint or rule"].contains("host.rules:"), "{removed:?}");
    assert!(files.text("change-request.md").contains("- remove: 1\n"));
    // Against nothing that allows anything, all of it is new.
    std::fs::write(rules.out.join("empty.rules"), "*filter\n:OUTPUT DROP [0:0]\n:INPUT DROP [0:0]\nCOMMIT\n")
        .unwrap();
    let path = rules.out.join("empty.rules").display().to_string();
    let (_, records) = request(&["--against", &path]);
    assert_eq!(of(&records, "castai/api")["action"], "add");
    assert!(records.iter().all(|row| row["action"] != "remove"));
}

#[test]
fn names_are_compared_with_names() {
    let squid = generated(&[&PROJECT[..], &["-t", "squid", "--without", "castai/grpc"]].concat());
    let path = squid.out.join("squid.conf").display().to_string();
    let (_, records) = request(&["--against", &path]);
    assert_eq!(of(&records, "castai/api")["action"], "keep");
    assert_eq!(of(&records, "castai/grpc")["action"], "add");
}

#[test]
fn against_is_refused_where_nothing_is_asked_or_the_scope_is_not_clear() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n";
    std::fs::write(folder.path().join("a.rules"), rules).unwrap();
    let run =
        egressor_in(folder.path(), &["generate", "--region", "us", "-t", "squid", "--against", "a.rules"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("add `-t change-request`"), "{}", run.stderr);
    let policies = generated(&[&PROJECT[..], &["-t", "network-policy"]].concat());
    let path = policies.out.join("network-policy.yaml").display().to_string();
    let lock = quickstart_lock();
    let run = egressor(
        &[&["generate", "--lock", &lock, "-t", "change-request", "--against", &path][..], &PROJECT[..]]
            .concat(),
    );
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("several scopes for egress"), "{}", run.stderr);
    assert!(run.stderr.contains("--against-scope NAME"), "{}", run.stderr);
}

#[test]
fn of_several_existing_scopes_the_one_that_is_named_is_meant() {
    let policies = generated(&[&PROJECT[..], &["-t", "network-policy"]].concat());
    let path = policies.out.join("network-policy.yaml").display().to_string();
    let pinner = "castai-agent/app.kubernetes.io/name=castai-pod-pinner";
    let request_of = |component: &str, scope: &str| {
        let more = ["--component", component, "--against", &path, "--against-scope", scope];
        request(&more).1
    };
    let own = request_of("pod-pinner", pinner);
    for endpoint in ["castai/grpc", "castai/api", "castai/webhook-8443"] {
        assert_eq!(of(&own, endpoint)["action"], "keep", "{endpoint}");
    }
    assert!(own.iter().all(|row| row["action"] != "remove"), "{own:?}");
    // Another component's policy lacks what this one needs, and has nothing to say of what comes in.
    let other = request_of("pod-pinner", "*=castai-agent");
    assert_eq!(of(&other, "castai/api")["action"], "keep");
    assert_eq!(of(&other, "castai/webhook-8443")["action"], "add");
    let lock = quickstart_lock();
    let wrong = ["-t", "change-request", "--against", &path, "--against-scope", "castai-pod-piner"];
    let run = egressor(&[&["generate", "--lock", &lock][..], &wrong, &PROJECT[..]].concat());
    assert!(run.code == 2 && run.stderr.contains("no scope is called `castai-pod-piner`"), "{}", run.stderr);
}

const PROXY: [&str; 2] = ["--set", "proxy=http://10.9.8.7:3128"];

#[test]
fn with_a_proxy_the_request_is_for_the_way_to_it_and_for_names_at_it() {
    let (files, records) = request(&PROXY);
    let hop = of(&records, "implied/proxy");
    let expected = [
        ("action", "add"),
        ("direction", "egress"),
        ("destination CIDR", "10.9.8.7/32"),
        ("address provenance", "given"),
        ("protocol", "tcp"),
        ("port", "3128"),
        ("application", "http proxy"),
        ("owner", "platform"),
        ("ticket", "NET-7"),
        ("request id", "NET-7"),
        ("expires", "2027-01-31"),
        ("business justification", "connections to the endpoints are handed to the outbound proxy"),
    ];
    for (title, cell) in expected {
        assert_eq!(hop[title], cell, "{title}");
    }
    assert!(hop["component"].contains("agent; ") && !hop["component"].contains("node"), "{hop:?}");
    let api = of(&records, "castai/api");
    assert_eq!(
        (api["destination FQDN"].as_str(), api["destination CIDR"].as_str(), api["via"].as_str()),
        ("api.cast.ai", "", "proxy http://10.9.8.7:3128")
    );
    // No direct way is asked for, and what comes in does not come through the proxy.
    for row in records
        .iter()
        .filter(|row| row["direction"] == "egress" && row["endpoint or rule"] != "implied/proxy")
    {
        assert_eq!(row["destination CIDR"], "", "{row:?}");
    }
    assert_eq!(of(&records, "castai/webhook-9443")["via"], "");
    assert!(files.text("change-request.md").contains("- via: proxy http:"));
    assert!(
        files.stderr.contains("`node` needs `castai/registry` and does not take the variables"),
        "{}",
        files.stderr
    );
}

#[test]
fn a_direct_way_beside_the_proxy_is_asked_for_only_where_it_was_asked() {
    let (_, both) = request(&[&PROXY[..], &["--set", "proxy_and_direct=yes"]].concat());
    let api = of(&both, "castai/api");
    assert_eq!(api["destination CIDR"], "104.16.81.56/32; 104.16.82.56/32");
    assert_eq!(api["via"], "proxy http://10.9.8.7:3128, or directly");
    of(&both, "implied/proxy");
    let (_, bypassed) = request(&[&PROXY[..], &["--set", "no_proxy=api.cast.ai"]].concat());
    let api = of(&bypassed, "castai/api");
    assert_eq!(
        (api["destination CIDR"].as_str(), api["via"].as_str()),
        ("104.16.81.56/32; 104.16.82.56/32", "")
    );
    let (_, off) = request(&[&PROXY[..], &["--without", "implied/proxy"]].concat());
    assert!(off.iter().all(|row| row["endpoint or rule"] != "implied/proxy"));
    let (_, none) = request(&[]);
    assert!(none.iter().all(|row| row["via"].is_empty() && row["endpoint or rule"] != "implied/proxy"));
}

#[test]
fn a_proxy_that_is_known_by_name_is_asked_for_by_name_and_its_password_is_nowhere() {
    let set = "proxy=http://me:hunter2@proxy.corp.example:3128";
    let (files, records) = request(&["--set", set]);
    let hop = of(&records, "implied/proxy");
    assert_eq!(
        (hop["destination FQDN"].as_str(), hop["destination CIDR"].as_str()),
        ("proxy.corp.example", "")
    );
    let (_, records) = request(&["--set", set, "--set", "proxy_address=10.1.1.1"]);
    assert_eq!(of(&records, "implied/proxy")["destination CIDR"], "10.1.1.1/32");
    for name in ["change-request.csv", "change-request.md"] {
        assert!(!files.text(name).contains("hunter2") && !files.stderr.contains("hunter2"), "{name}");
    }
}

#[test]
fn existing_direct_rules_are_to_be_removed_once_a_proxy_stands_before_them() {
    let rules = generated(&[&PROJECT[..], &["-t", "iptables"]].concat());
    let path = rules.out.join("iptables.rules").display().to_string();
    let (_, records) = request(&[&PROXY[..], &["--against", &path]].concat());
    assert_eq!(of(&records, "implied/proxy")["action"], "add");
    let gone =
        |row: &&Record| row["action"] == "remove" && row["destination CIDR"].contains("104.16.81.56/32");
    assert_eq!(records.iter().filter(gone).count(), 1, "{records:?}");
    let api = of(&records, "castai/api");
    assert_eq!(
        (api["action"].as_str(), api["change"].as_str()),
        ("add", "the existing rules cannot speak of it")
    );
    // Rules that were written for the proxy have the way to it already.
    let rules = generated(&[&PROJECT[..], &PROXY, &["-t", "iptables"]].concat());
    let path = rules.out.join("iptables.rules").display().to_string();
    let (_, records) = request(&[&PROXY[..], &["--against", &path]].concat());
    assert_eq!(of(&records, "implied/proxy")["action"], "keep");
    assert!(records.iter().all(|row| row["action"] != "remove"), "{records:?}");
}

#[test]
fn no_cell_is_a_formula_whatever_the_catalog_says() {
    let folder = tempfile::tempdir().unwrap();
    let shipped =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/castai.yaml")).unwrap();
    let catalog = shipped.replace("purpose: \"Node binaries\"", "purpose: \"=HYPERLINK('http://x','y')\"");
    let catalog =
        catalog.replace("risk: \"a rule for the host reaches every bucket\"", "risk: \"@SUM(1), \\\"x\\\"\"");
    std::fs::write(folder.path().join("c.yaml"), catalog).unwrap();
    let lock = quickstart_lock();
    let arguments = ["--catalog", "c.yaml", "--lock", &lock, "-t", "change-request", "--out", "out"];
    let run = egressor_in(folder.path(), &[&["generate"][..], &PROJECT[..], &arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = std::fs::read_to_string(folder.path().join("out/change-request.csv")).unwrap();
    let starts = text.split("\",\"").map(|cell| cell.trim_start_matches('"'));
    assert!(starts.clone().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    assert!(text.contains("\"'=HYPERLINK"), "it is marked as a text");
    assert_eq!(
        of(&records(&text), "castai/node-binaries")["business justification"],
        "=HYPERLINK('http://x','y')"
    );
}

#[test]
fn a_request_means_what_squid_is_told() {
    // Both speak of names; what they ask of names is the same.
    let read = |name: &str, importer: &str| {
        let files = generated(&[&PROJECT[..], &["-t", "change-request,squid"]].concat());
        let source = crate::support::source(name, &files.text(name));
        let read = crate::support::importer(importer).import(&[source]);
        let set = read.policy.sets.into_iter().find(|set| set.scope.direction.as_str() == "egress").unwrap();
        set.allows().at_least
    };
    let (request, squid) = (read("change-request.csv", "change-request"), read("squid.conf", "squid-conf"));
    // Squid cannot see a path under CONNECT, and allows the host instead.
    assert!(request.peer_names().is_subset(&squid.peer_names()));
}
