//! Service tags of Azure on the whole way: from a feed to rules, and from rules with and without the list beside.

use crate::existing::{document, folder, run};
use serde_json::{Value, json};
use tempfile::TempDir;

fn tag(name: &str, region: &str, blocks: &[&str], features: &Value) -> Value {
    json!({"name": name, "id": name, "properties": {"changeNumber": 1, "region": region, "regionId": 0,
        "platform": "Azure", "systemService": "", "addressPrefixes": blocks, "networkFeatures": features}})
}

fn feed(tags: &[Value]) -> String {
    json!({"changeNumber": 359, "cloud": "Public", "values": tags}).to_string()
}

const STORAGE: [&str; 4] = ["20.60.0.0/24", "20.60.2.0/24", "20.60.4.0/25", "2603:1060::/48"];
const WEST: [&str; 2] = ["20.60.2.0/24", "20.60.4.0/25"];

fn tags() -> Vec<Value> {
    let all = json!(["API", "NSG", "UDR", "FW"]);
    vec![
        tag("Storage", "", &STORAGE, &all),
        tag("Storage.WestEurope", "westeurope", &WEST, &all),
        tag("Sql", "", &["20.61.0.0/24", "20.61.2.0/24"], &json!(["API", "NSG"])),
        tag("Kusto", "", &["20.62.0.0/24", "20.62.2.0/24"], &json!(null)),
        tag("Batch", "", &["20.63.0.0/24", "20.63.2.0/24"], &json!(["API"])),
    ]
}

/// Imports a feed, with more flags, and gives the catalog.
fn imported(folder: &TempDir, more: &[&str]) -> String {
    let all = ["catalog", "import", "azure", "--from", "feed.json", "--verified", "2026-11-02"];
    let ways = ["--direction", "egress", "--port", "443/tcp", "--out", "azure.yaml"];
    let run = run(folder, &[&all[..], &ways[..], more].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::fs::read_to_string(folder.path().join("azure.yaml")).expect("a catalog")
}

fn with_feed(tags: &[Value]) -> TempDir {
    folder(&[("feed.json", feed(tags))])
}

/// Writes a target with tags below `tags/` and without below `cidrs/`.
fn generated(folder: &TempDir, target: &str, more: &[&str]) -> [String; 2] {
    let exact = format!("{target}.service_tags=exact");
    let all = ["generate", "--catalog", "azure.yaml", "-t", target];
    for ways in [&["--out", "tags", "--set", exact.as_str()][..], &["--out", "cidrs"][..]] {
        let run = run(folder, &[&all[..], ways, more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    ["tags", "cidrs"].map(|kind| {
        std::fs::read_to_string(folder.path().join(kind).join(format!("{target}.tf"))).expect("rules")
    })
}

#[test]
fn a_feed_becomes_rules_that_name_tags_and_are_equal_to_addresses_with_the_list_beside() {
    let folder = with_feed(&tags());
    imported(&folder, &[]);
    // Of both families, so the firewall has only the region's.
    for (target, tag, other) in [
        ("azure-nsg", "= \"Storage\"", "= \"Storage.WestEurope\""),
        ("azure-firewall", "\"Storage.WestEurope\",", "\"Storage\","),
    ] {
        let [tags, cidrs] = generated(&folder, target, &[]);
        assert!(tags.contains(tag) && !tags.contains(other) && !tags.contains("20.60.2.0/24"), "{tags}");
        assert!(cidrs.contains("20.60.2.0/24") && !cidrs.contains(tag), "{cidrs}");
        assert!(
            tags.lines().any(|line| line.starts_with("# ") && line.contains("as of change 359")),
            "{tags}"
        );
        let (rules, list) = (format!("tags/{target}.tf"), format!("tags/{target}.service-tags.json"));
        let cidrs = format!("cidrs/{target}.tf");
        // The folder has the list beside the rules; the feed itself does as well.
        let both = document(&folder, &["diff", "tags", &cidrs]);
        assert_eq!(both["verdict"], "equal", "{target}: {both}");
        assert_eq!(document(&folder, &["diff", &cidrs, "tags"])["verdict"], "equal");
        let alone = document(&folder, &["diff", &rules, &cidrs]);
        assert_eq!(alone["verdict"], "unknown", "{target}: {alone}");
        assert!(alone["scopes"][0]["unmodelled"].to_string().contains("Storage"), "{alone}");
        for beside in [list.as_str(), "feed.json"] {
            let shown = document(&folder, &["show", &rules, beside]);
            assert_eq!(shown["scopes"][0]["exact"], true, "{target}: {shown}");
            let of = document(&folder, &["show", &cidrs]);
            assert_eq!(shown["scopes"][0]["allows"]["at_least"].to_string().matches("cidrs").count(), 1);
            assert_eq!(cidr_lists(&shown), cidr_lists(&of));
            let note = shown["findings"].to_string();
            assert!(
                note.contains("read/service-tags") && note.contains("as of change 359 of the cloud Public")
            );
        }
        std::fs::remove_dir_all(folder.path().join("tags")).expect("removed");
    }
}

fn cidr_lists(shown: &Value) -> Vec<Value> {
    let rows = shown["scopes"][0]["allows"]["at_least"].as_array().expect("rows");
    rows.iter().map(|row| row["cidrs"].clone()).collect()
}

#[test]
fn a_newer_list_beside_old_rules_tells_what_the_tag_means_now() {
    let folder = with_feed(&tags());
    imported(&folder, &["--service", "Sql"]);
    generated(&folder, "azure-nsg", &[]);
    let newer = tag("Sql", "", &["20.61.0.0/24", "20.61.2.0/24", "20.61.9.0/24"], &json!(["NSG"]));
    let newer = feed(&[newer]).replace("359", "360");
    std::fs::write(folder.path().join("now.json"), newer).expect("written");
    let rules = std::fs::read_to_string(folder.path().join("tags/azure-nsg.tf")).expect("rules");
    std::fs::create_dir(folder.path().join("now")).expect("a folder");
    std::fs::write(folder.path().join("now/azure-nsg.tf"), rules).expect("written");
    std::fs::rename(folder.path().join("now.json"), folder.path().join("now/list.json")).expect("moved");
    let now = document(&folder, &["diff", "cidrs", "now"]);
    assert_eq!(now["verdict"], "broadened", "{now}");
    assert!(now["scopes"][0]["added"].to_string().contains("20.61.9.0/24"), "{now}");
}

#[test]
fn a_catalog_says_which_tags_it_has_whole_and_where_rules_take_them() {
    let folder = with_feed(&tags());
    let catalog = imported(&folder, &[]);
    for (name, used_in) in [("Storage", Some("[nsg, firewall]")), ("Sql", Some("[nsg]")), ("Kusto", None)] {
        let (_, of_tag) = catalog.split_once(&format!("      name: \"{name}\"\n")).expect(name);
        let of_tag: Vec<&str> = of_tag.lines().take(4).collect();
        assert_eq!(of_tag[..2], ["      cloud: \"Public\"", "      change: \"359\""]);
        let said = used_in.map(|kinds| format!("      used_in: {kinds}"));
        assert_eq!(of_tag[2].strip_prefix("      used_in").map(|_| of_tag[2].to_owned()), said, "{name}");
    }
    assert!(!catalog.contains("name: \"Batch\""), "no rule takes it: {catalog}");
    assert_eq!(catalog.matches("service_tag:").count(), 5, "Storage has two families: {catalog}");
}

/// What a person takes out of a tag makes the tag mean more than the catalog.
#[test]
fn a_catalog_that_lost_a_part_of_a_tag_is_refused() {
    let folder = with_feed(&tags());
    let catalog = imported(&folder, &["--service", "Storage"]);
    let digest = catalog.lines().find(|line| line.contains("digest:")).expect("a digest");
    for (from, to) in [
        ("      - \"20.60.4.0/25\"\n", ""),
        ("      - \"20.60.4.0/25\"\n", "      - \"20.60.4.0/26\"\n"),
        ("      - \"20.60.4.0/25\"\n", "      - \"20.60.4.0/24\"\n"),
        ("      name: \"Storage\"\n", "      name: \"Sql\"\n"),
        ("      change: \"359\"\n", "      change: \"360\"\n"),
        ("      cloud: \"Public\"\n", "      cloud: \"China\"\n"),
        (digest, "      digest: \"\""),
        (digest, ""),
    ] {
        let changed = catalog.replacen(from, to, 1);
        assert_ne!(changed, catalog);
        std::fs::write(folder.path().join("changed.yaml"), changed).expect("written");
        let refused =
            run(&folder, &["generate", "--catalog", "changed.yaml", "-t", "azure-nsg", "--out", "-"]);
        assert_eq!(refused.code, 2, "{from} as {to}: {}", refused.stderr);
    }
}

#[test]
fn a_tag_of_which_the_import_leaves_something_out_is_no_tag() {
    let cut = with_feed(&tags());
    let except = feed(&[tag("Sql", "", &["20.60.4.0/25"], &json!(null))]);
    std::fs::write(cut.path().join("less.json"), except).expect("written");
    let catalog = imported(&cut, &["--service", "Storage", "--except", "less.json"]);
    assert!(!catalog.contains("20.60.4.0/25") && !catalog.contains("service_tag"), "{catalog}");
    // In two places neither is all of it.
    let mut twice = tags();
    twice.push(tag("Sql", "westeurope", &["20.61.4.0/24"], &json!(null)));
    let catalog = imported(&with_feed(&twice), &["--service", "Sql"]);
    assert!(catalog.contains("20.61.4.0/24") && !catalog.contains("service_tag"), "{catalog}");
}

#[test]
fn two_catalogs_of_two_lists_leave_addresses_and_say_so() {
    let folder = with_feed(&tags());
    let first = imported(&folder, &["--service", "Sql", "--id", "sql"]);
    std::fs::write(folder.path().join("sql.yaml"), first).expect("written");
    std::fs::write(folder.path().join("feed.json"), feed(&tags()).replace("359", "360")).expect("written");
    imported(&folder, &["--service", "Kusto", "--id", "kusto", "--accept"]);
    let all = ["generate", "-v", "--catalog", "azure.yaml", "--catalog", "sql.yaml", "-t", "azure-nsg"];
    let exact = ["--set", "azure-nsg.service_tags=exact", "--out", "-"];
    let run = run(&folder, &[&all[..], &exact[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("20.61.0.0/24") && !run.stdout.contains("\"Sql\""), "{}", run.stdout);
    assert!(run.stderr.contains("as of several changes, 359 of Public, 360 of Public"), "{}", run.stderr);
}
