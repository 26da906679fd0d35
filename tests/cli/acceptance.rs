//! What the requirements of the first catalog ask for, one test for each.

use crate::run::{Files, egressor, generated, rules};
use egressor::catalog::{Catalog, Selection, load, select};
use egressor::compile::{Answers, Input, Variables, compile};
use egressor::diag::Source;
use egressor::packet::{NameSet, Set};
use egressor::policy::{Direction, Policy};
use egressor::targets::{Ingress, PeerKind, Scoping, Speech};
use std::collections::BTreeSet;
use std::sync::Arc;

fn all(files: &Files) -> String {
    files.names().iter().map(|name| files.text(name)).collect()
}

#[test]
fn one_regions_output_holds_no_name_of_the_other_and_both_need_a_flag() {
    let us = all(&generated(&["--region", "us", "--feature", "security", "--without", "images-ghcr"]));
    assert!(us.contains("api.cast.ai") && !us.contains(".eu.cast.ai") && !us.contains("prod-eu"), "{us}");
    let eu = all(&generated(&["--region", "eu", "--feature", "security", "--without", "images-ghcr"]));
    for name in ["api.cast.ai", "grpc.cast.ai", "kvisor.prod-master.cast.ai"] {
        assert!(!eu.replace(".eu.cast.ai", "").contains(name), "{name} in the EU output");
    }
    assert!(eu.contains("api.eu.cast.ai"));
    let both = egressor(&["generate", "--region", "us", "--region", "eu", "-t", "squid", "--out", "-"]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("selection/region"), "{}", both.stderr);
    assert_eq!(egressor(&["generate", "-t", "squid", "--out", "-"]).code, 2, "no region at all");
    let explicit = egressor(&["generate", "--all-regions", "-t", "squid", "--out", "-"]);
    assert_eq!(explicit.code, 0, "{}", explicit.stderr);
    assert!(explicit.stdout.contains(" api.cast.ai") && explicit.stdout.contains(" api.eu.cast.ai"));
}

#[test]
fn address_targets_hold_the_dedicated_addresses_for_the_vendors_hosts_only() {
    let files = generated(&["--region", "us"]);
    for name in ["aws-security-group.tf", "gcp-firewall.tf", "iptables.rules", "network-policy.yaml"] {
        let text = rules(&files.text(name));
        assert!(text.contains("104.16.81.56/32") && text.contains("104.16.82.56/32"), "{name}");
        assert!(!text.contains("104.16.0.0"), "{name} is never widened to the network");
    }
    // A rule for a dedicated address is for the vendor's own endpoints and no others.
    for line in files.text("iptables.rules").lines().filter(|line| line.contains("104.16.8")) {
        assert!(
            line.contains("castai/api") && !line.contains("registry") && !line.contains("helm"),
            "{line}"
        );
        assert!(!line.contains("node-binaries") && !line.contains("node-logs"), "{line}");
    }
}

#[test]
fn an_image_namespace_is_never_part_of_a_name() {
    let files = generated(&["--region", "us"]);
    for name in files.names() {
        assert!(!rules(&files.text(&name)).contains("us-docker.pkg.dev/castai-hub"), "{name}");
    }
    assert!(files.text("squid.conf").contains("dstdomain -n us-docker.pkg.dev\n"));
}

#[test]
fn a_host_that_two_endpoints_need_stands_once_with_both_purposes_and_a_finding_for_each() {
    let files = generated(&["--region", "us"]);
    let squid = files.text("squid.conf");
    assert_eq!(rules(&squid).matches("storage.googleapis.com").count(), 1);
    assert!(
        squid.contains("castai/node-binaries: Node binaries")
            && squid.contains("castai/node-logs: Upload of node")
    );
    let findings = |what: &str| files.stderr.lines().filter(|line| line.contains(what)).count();
    assert_eq!(
        findings("`storage.googleapis.com` of `castai/node-binaries` is shared"),
        1,
        "{}",
        files.stderr
    );
    assert_eq!(findings("`storage.googleapis.com` of `castai/node-logs` is shared"), 1);
    assert!(files.stderr.contains("risk/upload") && files.stderr.contains("`castai/node-logs` sends data"));
}

#[test]
fn squid_output_is_minimal_bound_to_443_and_ends_with_a_deny() {
    let squid = rules(
        &generated(&["--region", "us", "-t", "squid", "--feature", "security,telemetry,cpvpa"])
            .text("squid.conf"),
    );
    let names: Vec<&str> = squid.lines().filter_map(|line| line.split(" dstdomain -n ").nth(1)).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "no name twice: {names:?}");
    assert!(
        squid.lines().filter(|line| line.contains("dstdomain")).all(|line| line.contains("dstdomain -n "))
    );
    let allows: Vec<&str> = squid.lines().filter(|line| line.starts_with("http_access allow")).collect();
    assert!(!allows.is_empty() && allows.iter().all(|line| line.contains("443") && line.contains("CONNECT")));
    assert_eq!(squid.trim_end().lines().last(), Some("http_access deny all"));
}

#[test]
fn hosts_that_the_page_does_not_name_are_there_and_can_be_left_out_by_id() {
    let squid = generated(&["--region", "us", "-t", "squid"]).text("squid.conf");
    assert!(squid.contains(" github.com") && squid.contains(" release-assets.githubusercontent.com"));
    let without = ["--region", "us", "-t", "squid", "--without", "helm-archive,helm-assets-cdn"];
    let squid = rules(&generated(&without).text("squid.conf"));
    assert!(!squid.contains(" github.com") && !squid.contains("release-assets"));
}

fn castai() -> [Catalog; 1] {
    let (catalog, _) = load(&Arc::new(Source::new("castai", egressor::catalog::SHIPPED[0].1)));
    [catalog.expect("the shipped catalog")]
}

/// What a selection means for a target that says names.
fn meaning(selection: &Selection) -> (BTreeSet<String>, Policy) {
    let catalogs = castai();
    let (variables, wrong) = Variables::parse(["control_plane_cidr=10.0.0.0/28"], &catalogs);
    assert!(wrong.is_empty());
    let (selected, wrong) = select(&catalogs, selection);
    assert!(wrong.is_empty(), "{wrong:?}");
    let speech = Speech { peers: PeerKind::Names, scoping: Scoping::Host, ingress: Ingress::ByPeer };
    let answers = Answers::default();
    let input = Input { selected: &selected, answers: &answers, variables: &variables };
    let ids = selected[0].endpoints.iter().map(|endpoint| endpoint.id.value.to_string()).collect();
    (ids, compile(input, speech, &BTreeSet::new()).policy)
}

fn selection(literal: bool) -> Selection {
    let features = ["security", "telemetry", "istio-gke", "cpvpa"].map(str::to_owned).to_vec();
    let features = if literal { Vec::new() } else { features };
    Selection { regions: vec!["us".to_owned()], features, literal, ..Selection::default() }
}

#[test]
fn literal_is_exactly_the_documented_list_and_the_rest_is_what_we_added() {
    let (literal, _) = meaning(&selection(true));
    let documented = [
        "api",
        "grpc",
        "kvisor-api-grpc",
        "registry",
        "helm-index",
        "helm-assets",
        "node-binaries",
        "node-logs",
        "istio-webhook",
    ];
    assert_eq!(literal, documented.map(str::to_owned).into());
    let (today, _) = meaning(&selection(false));
    let added: Vec<&str> = today.difference(&literal).map(String::as_str).collect();
    assert_eq!(
        added,
        [
            "helm-archive",
            "helm-assets-cdn",
            "images-cpvpa",
            "images-ghcr",
            "kvisor-grpc",
            "kvisor-internal",
            "telemetry",
            "webhook-8443",
            "webhook-9443"
        ]
    );
    assert_eq!(literal.difference(&today).collect::<Vec<_>>(), ["kvisor-api-grpc"]);
}

#[test]
fn the_pages_later_revision_changes_the_kvisor_host_and_adds_one_webhook() {
    // What both revisions of the page list: the endpoints that have either of them as a source.
    let later = |endpoint: &egressor::catalog::EndpointDocument| {
        endpoint.sources.value.0.iter().any(|source| source.value.as_str() == "page-later")
    };
    let first = |endpoint: &egressor::catalog::EndpointDocument| {
        endpoint.sources.value.0.iter().any(|source| source.value.as_str() == "page")
    };
    let catalogs = castai();
    let without = |keep: &dyn Fn(&egressor::catalog::EndpointDocument) -> bool| -> Selection {
        let dropped = catalogs[0].endpoints().filter(|endpoint| !keep(endpoint));
        Selection {
            without: dropped.map(|endpoint| endpoint.id.value.to_string()).collect(),
            superseded: true,
            ..selection(false)
        }
    };
    let istio =
        |endpoint: &egressor::catalog::EndpointDocument| endpoint.id.value.as_str() == "istio-webhook";
    let (_, old) = meaning(&without(&|endpoint| first(endpoint)));
    let (_, new) = meaning(&without(&|endpoint| later(endpoint) || istio(endpoint)));
    let of = |policy: &Policy, direction| {
        let set = policy.sets.iter().find(|set| set.scope.direction == direction).expect("a rule set");
        set.allows().at_least
    };
    let (old_out, new_out) = (of(&old, Direction::Egress), of(&new, Direction::Egress));
    let names = |names: &NameSet| {
        names
            .patterns()
            .into_iter()
            .flat_map(|(names, _)| names)
            .map(|name| name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&old_out.subtract(&new_out).peer_names()), ["=api-grpc.cast.ai"]);
    assert_eq!(names(&new_out.subtract(&old_out).peer_names()), ["=kvisor.prod-master.cast.ai"]);
    let (old_in, new_in) = (of(&old, Direction::Ingress), of(&new, Direction::Ingress));
    assert!(old_in.subtract(&new_in).is_empty());
    let added = new_in.subtract(&old_in).rows();
    assert_eq!(added.len(), 1, "{added:?}");
    assert!(format!("{:?}", added[0].transport).contains("9443"), "{added:?}");
}

#[test]
fn the_gke_module_takes_the_union_and_literal_gives_the_pages_two_lines() {
    let union = egressor(&[
        "generate",
        "--region",
        "us",
        "-t",
        "gke-module",
        "--feature",
        "istio-gke",
        "--no-feature",
        "webhooks",
        "--out",
        "-",
    ]);
    assert_eq!(union.code, 0, "{}", union.stderr);
    let text = rules(&union.stdout);
    assert!(text.contains("add_master_webhook_firewall_rules = true"), "{text}");
    assert!(text.contains(r#"firewall_inbound_ports            = ["8443", "9443", "15017"]"#), "{text}");
    assert!(union.stdout.contains(r#"# Not ["15017"] alone"#), "the comment says why");
    let literal = egressor(&["generate", "--region", "us", "-t", "gke-module", "--literal", "--out", "-"]);
    assert_eq!(literal.code, 0, "{}", literal.stderr);
    let lines: Vec<&str> = literal.stdout.lines().collect();
    assert_eq!(
        lines,
        ["add_master_webhook_firewall_rules = true", r#"firewall_inbound_ports            = ["15017"]"#]
    );
}

#[test]
fn each_components_policy_holds_what_it_needs_and_what_is_not_enforceable_is_listed() {
    let files = generated(&["--region", "us", "-t", "network-policy"]);
    let text = files.text("network-policy.yaml");
    let policy = |name: &str| {
        let selector = format!("{{\"app.kubernetes.io/name\": \"{name}\"}}");
        text.split("\n---\n").find(|object| object.contains(&selector)).unwrap_or_else(|| panic!("{name}"))
    };
    assert!(policy("castai-pod-pinner").contains("castai/grpc"));
    assert!(!policy("castai-agent").contains("castai/grpc"));
    assert!(
        !text
            .contains("podSelector:\n    matchLabels: {\"app.kubernetes.io/name\": \"castai-spot-handler\"}")
    );
    assert!(files.stderr.contains("target/not-enforceable") && files.stderr.contains("castai-spot-handler"));
    for id in ["castai/registry", "castai/node-binaries", "castai/node-logs"] {
        let told = text
            .lines()
            .any(|line| line.starts_with('#') && line.contains("Cannot say") && line.contains(id));
        assert!(told, "{id} is listed as not enforceable");
        assert!(!rules(&text).contains(id), "{id} has no rule");
    }
}

#[test]
fn more_rules_than_a_security_group_takes_are_refused_with_the_arithmetic() {
    let run = egressor(&[
        "generate",
        "--region",
        "us",
        "-t",
        "aws-security-group",
        "--component",
        "pod-pinner",
        "--set",
        "aws.max_rules=1",
    ]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("target/limit") && run.stderr.contains('2') && run.stderr.contains('1'),
        "{}",
        run.stderr
    );
}

#[test]
fn every_rule_carries_id_purpose_source_owner_ticket_and_expiry() {
    let set = ["--set", "owner=platform-networking", "--set", "expires=2027-06-30", "--set", "ticket=NET-42"];
    let mut arguments = vec!["--region", "us", "--component", "pod-pinner"];
    arguments.extend_from_slice(&set);
    let files = generated(&arguments);
    let dedicated = |text: &str, near: &str| -> String {
        let lines: Vec<&str> = text.lines().collect();
        let at =
            lines.iter().position(|line| line.contains(near)).unwrap_or_else(|| panic!("{near} in {text}"));
        lines[at.saturating_sub(10)..(at + 4).min(lines.len())].join("\n")
    };
    for (name, near) in [
        ("aws-security-group.tf", "104.16.81.56/32"),
        ("gcp-firewall.tf", "104.16.81.56/32"),
        ("iptables.rules", "104.16.81.56/32"),
        ("squid.conf", "dstdomain -n api.cast.ai"),
        ("network-policy.yaml", "104.16.81.56/32"),
    ] {
        let rule = dedicated(&files.text(name), near);
        let page = "docs.cast.ai/docs/communication-requirements";
        for word in ["castai/api", "Deliver state", "platform-networking", "2027-06-30", "NET-42", page] {
            assert!(rule.contains(word), "{name} lacks {word}:\n{rule}");
        }
    }
}
