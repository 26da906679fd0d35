//! Files of two clouds, folders with what completes their files, and scopes that one side has no rules for.

use crate::existing::{
    AWS, RULE, Resource, document, firewall, folder, group, messages, plan, rows, rule, run, scopes, state,
};
use serde_json::json;

/// Resources of two clouds.
fn clouds() -> Vec<Resource> {
    vec![
        group(),
        Resource::stays(RULE, "one", rule(443, "192.0.2.0/24")),
        Resource::changes(
            "google_compute_firewall",
            "f",
            &["update"],
            firewall("INGRESS", None, true, "10.0.0.0/8"),
            firewall("INGRESS", None, true, "10.0.0.0/9"),
        ),
    ]
}

#[test]
fn a_state_of_two_clouds_is_one_document() {
    let folder =
        folder(&[("plan.json", plan(&clouds()).to_string()), ("s.json", state(&clouds(), |it| &it.after))]);
    for file in ["plan.json", "s.json"] {
        let shown = document(&folder, &["show", file]);
        assert_eq!(shown["format"], "aws-security-group-state + gcp-firewall-state");
        assert_eq!(scopes(&shown), ["n ingress", "sg-1 egress", "sg-1 ingress"]);
    }
    let changed = document(&folder, &["diff", "plan.json"]);
    assert_eq!(changed["verdict"], "narrowed");
    assert_eq!(rows(&changed, "n ingress", "removed"), ["tcp/443 10.128.0.0/9"]);
    let denied = |scope: &str, way: &str| {
        run(&folder, &["check", "203.0.113.1:1", "s.json", "--scope", scope, "--direction", way]).stdout
    };
    assert!(denied("sg-1", "egress").contains("a security group denies"), "{}", denied("sg-1", "egress"));
    assert!(denied("n", "ingress").contains("the network's implied rule"), "{}", denied("n", "ingress"));
    assert_eq!(run(&folder, &["lint", "s.json"]).code, 0);
}

const GCP: &str = "locals {\n  cidr = \"192.0.2.0/24\"\n}\nresource \"google_compute_firewall\" \"f\" {\n  \
                   network = \"n\"\n  direction = \"EGRESS\"\n  destination_ranges = [local.cidr]\n  deny {\n    \
                   protocol = \"all\"\n  }\n}\nmodule \"more\" {\n  source = \"./more\"\n}\n";

#[test]
fn a_folder_of_two_clouds_is_one_document_and_unlike_files_are_not() {
    let folder = folder(&[
        ("infra/aws.tf", AWS.to_owned()),
        ("infra/gcp.tf", GCP.to_owned()),
        ("infra/state/terraform.tfstate", state(&[group()], |it| &it.after)),
        ("infra/state/terraform.tfstate.backup", state(&[group()], |it| &it.after)),
        ("fw.rules", "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n".to_owned()),
        ("squid.conf", "http_access deny all\n".to_owned()),
    ]);
    let shown = document(&folder, &["show", "infra"]);
    assert_eq!(shown["format"], "aws-security-group-hcl + aws-security-group-state + gcp-firewall-hcl");
    assert_eq!(scopes(&shown), ["n egress", "sg-1 egress", "sg-1 ingress"]);
    assert_eq!(
        rows(&shown, "sg-1 egress", "at_least"),
        ["tcp/443 192.0.2.0/24"],
        "a local of the other file"
    );
    let module = messages(&shown, "read/not-compared");
    assert_eq!(module.iter().filter(|message| message.contains("module.more")).count(), 1, "{module:?}");
    assert!(module.iter().any(|message| message.contains("terraform.tfstate.backup` was left aside")));
    for files in [["fw.rules", "squid.conf"], ["fw.rules", "infra/aws.tf"]] {
        let run = run(&folder, &["show", files[0], files[1]]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("the files are of different formats"), "{}", run.stderr);
    }
}

#[test]
fn a_scope_that_two_forms_order_differently_is_refused() {
    let rules =
        vec![Resource::stays("google_compute_firewall", "f", firewall("EGRESS", None, false, "0.0.0.0/0"))];
    let folder = folder(&[
        ("main.tf", GCP.replace("local.cidr", "\"192.0.2.0/24\"")),
        ("s.json", state(&rules, |it| &it.after)),
    ]);
    let run = run(&folder, &["show", "main.tf", "s.json"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("`n` egress stands in gcp-firewall-hcl and in gcp-firewall-state"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_completes_the_files_of_a_folder_is_read_with_them() {
    let entries = json!({"Entries": [{"Cidr": "198.51.100.0/24"}]}).to_string();
    let groups = json!({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [], "IpPermissionsEgress": [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": "pl-0a1"}]}]}]});
    let hcl = AWS.replace("cidr_ipv4 = local.cidr", "prefix_list_id = \"pl-0a1\"");
    let script = "iptables -P OUTPUT DROP\niptables -A OUTPUT -p tcp -m set --match-set s dst -j ACCEPT\n";
    let sets = "create s hash:net family inet\nadd s 198.51.100.0/24\n";
    let folder = folder(&[
        ("aws/groups.json", groups.to_string()),
        ("aws/pl-0a1.json", entries.clone()),
        ("tf/main.tf", hcl),
        ("tf/pl-0a1.json", entries),
        ("fw/rules.sh", script.to_owned()),
        ("fw/sets.ipset", sets.to_owned()),
    ]);
    for (name, format, scope) in [
        ("aws", "aws-security-group-describe", "sg-1 egress"),
        ("tf", "aws-security-group-hcl", "sg-1 egress"),
        ("fw", "iptables-commands", "filter/OUTPUT egress"),
    ] {
        let shown = document(&folder, &["show", name]);
        assert_eq!(shown["format"], format);
        let rows = rows(&shown, scope, "at_least");
        assert!(rows.len() == 1 && rows[0].ends_with(" 198.51.100.0/24"), "{name}: {rows:?}");
    }
    let alone = document(&folder, &["show", "fw/sets.ipset"]);
    assert_eq!(alone["format"], "ipset-save", "sets alone are in a known form");
    let asked = messages(&alone, "read/refused");
    assert!(
        asked.len() == 1 && asked[0].contains("`s`"),
        "the rules that look into them are asked for: {asked:?}"
    );
}

#[test]
fn a_tag_that_no_rule_targets_is_compared_with_the_rules_of_its_network() {
    let everyone =
        || Resource::stays("google_compute_firewall", "all", firewall("EGRESS", None, false, "10.0.0.0/8"));
    let tagged = |tag, cidr| {
        Resource::stays("google_compute_firewall", "t", firewall("EGRESS", Some(tag), false, cidr))
    };
    let old = [everyone(), tagged("web", "0.0.0.0/0"), tagged("db", "192.0.2.0/24")];
    let new = [everyone()];
    let files = [("old.json", state(&old, |it| &it.after)), ("new.json", state(&new, |it| &it.after))];
    let folder = folder(&files);
    let changed = document(&folder, &["diff", "old.json", "new.json"]);
    assert_eq!(changed["verdict"], "broadened", "the rules that denied are gone");
    assert_eq!(rows(&changed, "n/tag:db egress", "added"), ["any/ 192.0.2.0/24"]);
    assert_eq!(rows(&changed, "n/tag:web egress", "removed"), [""; 0]);
    assert!(rows(&changed, "n/tag:web egress", "added").iter().all(|row| !row.contains("10.0.0.0")));
    let back = document(&folder, &["diff", "new.json", "old.json"]);
    assert_eq!(back["verdict"], "narrowed");
    let said = messages(&changed, "read/defaulted");
    assert!(
        said.iter().any(|it| it.contains("`n/tag:db` egress has no rules of its own in `new.json`")),
        "{said:?}"
    );
}

#[test]
fn a_rule_that_moves_to_another_tag_changes_what_both_tags_may() {
    let one = |tag, way| {
        Resource::stays("google_compute_firewall", "t", firewall(way, Some(tag), true, "192.0.2.0/24"))
    };
    let (web, db) = ([one("web", "INGRESS")], [one("db", "INGRESS")]);
    let folder = folder(&[("a.json", state(&web, |it| &it.after)), ("b.json", state(&db, |it| &it.after))]);
    let changed = document(&folder, &["diff", "a.json", "b.json"]);
    assert_eq!(changed["verdict"], "changed");
    assert_eq!(rows(&changed, "n/tag:db ingress", "added"), ["tcp/443 192.0.2.0/24"]);
    assert_eq!(rows(&changed, "n/tag:web ingress", "removed"), ["tcp/443 192.0.2.0/24"]);
}

#[test]
fn a_tag_is_compared_alike_in_configuration_and_in_lists() {
    let object = |name: &str, tag: Option<&str>, cidr: &str| {
        json!({"name": name, "network": "n", "direction": "EGRESS", "priority": 1000, "denied": [{"IPProtocol": "all"}],
            "destinationRanges": [cidr], "targetTags": tag.map(|tag| vec![tag])})
    };
    let block = |name: &str, tag: &str, cidr: &str| {
        format!(
            "resource \"google_compute_firewall\" \"{name}\" {{\n  network = \"n\"\n  direction = \"EGRESS\"\n  \
                 destination_ranges = [\"{cidr}\"]\n{tag}  deny {{\n    protocol = \"all\"\n  }}\n}}\n"
        )
    };
    let (all, web) = (object("a", None, "10.0.0.0/8"), object("w", Some("web"), "192.0.2.0/24"));
    let everyone = block("a", "", "10.0.0.0/8");
    let tagged = block("w", "  target_tags = [\"web\"]\n", "192.0.2.0/24");
    let folder = folder(&[
        ("old.json", json!([all, web]).to_string()),
        ("new.json", json!([all]).to_string()),
        ("old.tf", format!("{everyone}{tagged}")),
        ("new.tf", everyone),
        ("none.tf", block("x", "  target_tags = [\"db\"]\n", "198.51.100.0/24")),
    ]);
    for (old, new) in
        [("old.json", "new.json"), ("old.tf", "new.tf"), ("old.json", "new.tf"), ("old.tf", "new.json")]
    {
        let changed = document(&folder, &["diff", old, new]);
        assert_eq!(rows(&changed, "n/tag:web egress", "added"), ["any/ 192.0.2.0/24"], "{old} {new}");
        assert_eq!(changed["verdict"], "broadened", "{old} {new}");
    }
    // Where no rule at all is about a tag and none is for everyone, egress is allowed by the implied rule.
    let changed = document(&folder, &["diff", "old.tf", "none.tf"]);
    assert_eq!(rows(&changed, "n egress", "added"), ["any/ 10.0.0.0/8"]);
    assert_eq!(rows(&changed, "n/tag:db egress", "removed"), ["any/ 198.51.100.0/24"]);
}
