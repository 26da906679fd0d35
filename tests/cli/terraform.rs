//! Existing Terraform: plans before and after, files of two clouds, folders with what belongs to them, variables.

use crate::run::{Run, egressor_in};
use egressor::report::{diff_schema, policy_schema};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with files.
fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    egressor_in(folder.path(), arguments)
}

/// A document of the command, in its published shape.
fn document(folder: &TempDir, arguments: &[&str]) -> Value {
    let run = run(folder, &[arguments, &["--format", "json"]].concat());
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let schema = if arguments[0] == "diff" { diff_schema() } else { policy_schema() };
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    document
}

fn scopes(document: &Value) -> Vec<String> {
    let one = |scope: &Value| {
        format!(
            "{} {}",
            scope["scope"].as_str().expect("a name"),
            scope["direction"].as_str().expect("a way")
        )
    };
    document["scopes"].as_array().expect("scopes").iter().map(one).collect()
}

/// The rows of a list of a scope, as `PROTOCOL/PORTS PEERS`.
fn rows(document: &Value, scope: &str, list: &str) -> Vec<String> {
    let scopes = document["scopes"].as_array().expect("scopes");
    let name = |it: &&Value| {
        format!(
            "{} {}",
            it["scope"].as_str().unwrap_or_default(),
            it["direction"].as_str().unwrap_or_default()
        ) == scope
    };
    let found = scopes.iter().find(name).unwrap_or_else(|| panic!("no {scope} in {document}"));
    let list = found.get(list).unwrap_or_else(|| &found["allows"][list]);
    let texts = |row: &Value, key: &str| {
        let items = row[key].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(",")
    };
    let row = |row: &Value| {
        let protocol = row["protocol"].as_str().unwrap_or_default();
        format!("{protocol}/{} {}{}", texts(row, "ports"), texts(row, "cidrs"), texts(row, "groups"))
    };
    list.as_array().expect("rows").iter().map(row).collect()
}

fn messages(document: &Value, code: &str) -> Vec<String> {
    let findings = document["findings"].as_array().expect("findings");
    let of = findings.iter().filter(|finding| finding["code"] == code);
    of.map(|finding| finding["message"].as_str().expect("a message").to_owned()).collect()
}

/// A resource of a plan: its address and module, and what it says before and after; and what is only known then.
struct Resource {
    module: &'static str,
    kind: &'static str,
    name: &'static str,
    actions: &'static [&'static str],
    before: Value,
    after: Value,
    unknown: Value,
}

impl Resource {
    fn stays(kind: &'static str, name: &'static str, values: Value) -> Self {
        Self::changes(kind, name, &["no-op"], values.clone(), values)
    }

    fn changes(
        kind: &'static str,
        name: &'static str,
        actions: &'static [&'static str],
        before: Value,
        after: Value,
    ) -> Self {
        Self { module: "", kind, name, actions, before, after, unknown: json!({}) }
    }

    fn address(&self) -> String {
        let module = if self.module.is_empty() { String::new() } else { format!("{}.", self.module) };
        format!("{module}{}.{}", self.kind, self.name)
    }

    fn shown(&self, values: &Value) -> Value {
        json!({"address": self.address(), "mode": "managed", "type": self.kind, "name": self.name,
            "values": values, "sensitive_values": {}})
    }
}

fn module(resources: &[Resource], state: fn(&Resource) -> &Value) -> Value {
    let of = |module: &str| -> Vec<Value> {
        let resources = resources.iter().filter(|it| it.module == module && !state(it).is_null());
        resources.map(|it| it.shown(state(it))).collect()
    };
    let mut children: Vec<&str> = resources.iter().map(|it| it.module).filter(|it| !it.is_empty()).collect();
    children.dedup();
    let children: Vec<Value> =
        children.into_iter().map(|child| json!({"address": child, "resources": of(child)})).collect();
    json!({"root_module": {"resources": of(""), "child_modules": children}})
}

fn plan(resources: &[Resource]) -> Value {
    let change = |it: &Resource| {
        json!({"address": it.address(), "module_address": it.module, "mode": "managed", "type": it.kind,
            "name": it.name, "change": {"actions": it.actions, "before": it.before, "after": it.after,
            "after_unknown": it.unknown, "before_sensitive": {}, "after_sensitive": {}}})
    };
    json!({"format_version": "1.2", "terraform_version": "1.11.4",
        "planned_values": module(resources, |it| &it.after),
        "resource_changes": resources.iter().map(change).collect::<Vec<_>>(),
        "prior_state": {"format_version": "1.0", "terraform_version": "1.11.4",
            "values": module(resources, |it| &it.before)},
        "configuration": {"root_module": {}}})
}

/// What `terraform show -json` prints of the state before or after.
fn state(resources: &[Resource], of: fn(&Resource) -> &Value) -> String {
    json!({"format_version": "1.0", "terraform_version": "1.11.4", "values": module(resources, of)})
        .to_string()
}

const RULE: &str = "aws_vpc_security_group_egress_rule";

fn group() -> Resource {
    Resource::stays("aws_security_group", "g", json!({"id": "sg-1", "name": "g"}))
}

fn rule(port: u16, cidr: &str) -> Value {
    json!({"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": port, "to_port": port,
        "cidr_ipv4": cidr})
}

fn firewall(direction: &str, tag: Option<&str>, allow: bool, cidr: &str) -> Value {
    let services = json!([{"protocol": "tcp", "ports": ["443"]}]);
    let empty = json!([]);
    let (allowed, denied) =
        if allow { (services, empty) } else { (empty, json!([{"protocol": "all", "ports": []}])) };
    let (source, destination) =
        if direction == "EGRESS" { (json!([]), json!([cidr])) } else { (json!([cidr]), json!([])) };
    json!({"name": "f", "network": "projects/p/global/networks/n", "direction": direction, "priority": 1000,
        "disabled": false, "allow": allowed, "deny": denied, "source_ranges": source,
        "destination_ranges": destination, "target_tags": tag.map(|tag| vec![tag])})
}

fn edited() -> Vec<Resource> {
    let mut deleted = Resource::changes(RULE, "m", &["delete"], rule(25, "198.51.100.0/24"), Value::Null);
    deleted.module = "module.mail";
    vec![
        group(),
        Resource::stays(RULE, "same", rule(53, "172.16.0.53/32")),
        Resource::changes(RULE, "port", &["update"], rule(80, "192.0.2.0/24"), rule(443, "192.0.2.0/24")),
        Resource::changes(RULE, "all", &["delete", "create"], rule(22, "10.0.0.0/8"), rule(22, "10.0.0.0/9")),
        deleted,
    ]
}

#[test]
fn a_plan_alone_is_compared_with_the_state_before_it() {
    let folder = folder(&[("plan.json", plan(&edited()).to_string())]);
    let changed = document(&folder, &["diff", "plan.json"]);
    assert_eq!(changed["verdict"], "changed");
    assert_eq!(rows(&changed, "sg-1 egress", "added"), ["tcp/443 192.0.2.0/24"]);
    let removed = ["tcp/22 10.128.0.0/9", "tcp/25 198.51.100.0/24", "tcp/80 192.0.2.0/24"];
    let mut found = rows(&changed, "sg-1 egress", "removed");
    found.sort();
    assert_eq!(found, removed);
    let human = run(&folder, &["diff", "plan.json"]);
    assert_eq!(human.code, 1, "{}", human.stderr);
    assert!(human.stdout.contains("plan.json (before)"), "{}", human.stdout);
    assert_eq!(run(&folder, &["diff", "plan.json", "--fail-on", "never"]).code, 0);
}

#[test]
fn each_state_of_a_plan_can_be_shown_asked_and_judged() {
    let folder = folder(&[
        ("plan.json", plan(&edited()).to_string()),
        ("state.json", state(&edited(), |it| &it.before)),
    ]);
    let rows = |arguments: &[&str]| rows(&document(&folder, arguments), "sg-1 egress", "at_least");
    let after = rows(&["show", "plan.json"]);
    assert!(after.contains(&"tcp/443 192.0.2.0/24".to_owned()), "{after:?}");
    let before = rows(&["show", "plan.json", "--before"]);
    assert!(before.contains(&"tcp/80 192.0.2.0/24".to_owned()), "{before:?}");
    for (question, after, before) in [("192.0.2.1:443", 0, 1), ("192.0.2.1:80", 1, 0)] {
        assert_eq!(run(&folder, &["check", question, "plan.json"]).code, after, "{question}");
        assert_eq!(run(&folder, &["check", question, "plan.json", "--before"]).code, before, "{question}");
    }
    assert_eq!(
        run(&folder, &["lint", "plan.json"]).code,
        run(&folder, &["lint", "plan.json", "--before"]).code
    );
    for command in [&["show"][..], &["lint"], &["check", "192.0.2.1"], &["diff"]] {
        let run = run(&folder, &[command, &["state.json", "--before"]].concat());
        assert_eq!(run.code, 2, "{command:?}");
        assert!(run.stderr.contains("no plan is among state.json"), "{}", run.stderr);
    }
}

#[test]
fn a_plan_is_equal_to_itself_and_its_states_differ_as_files_of_them_do() {
    let files = [
        ("plan.json", plan(&edited()).to_string()),
        ("before.json", state(&edited(), |it| &it.before)),
        ("after.json", state(&edited(), |it| &it.after)),
    ];
    let folder = folder(&files);
    assert_eq!(document(&folder, &["diff", "plan.json", "plan.json"])["verdict"], "equal");
    let same = document(&folder, &["diff", "plan.json", "after.json"]);
    assert_eq!(same["verdict"], "equal", "beside another file, a plan stands for the state after it");
    let lists = |document: &Value| ["added", "removed"].map(|list| rows(document, "sg-1 egress", list));
    let (there, back) = (
        lists(&document(&folder, &["diff", "before.json", "after.json"])),
        lists(&document(&folder, &["diff", "after.json", "before.json"])),
    );
    let [added, removed] = lists(&document(&folder, &["diff", "plan.json"]));
    assert_eq!(there, [added.clone(), removed.clone()]);
    assert_eq!(back, [removed, added]);
}

#[test]
fn who_names_the_project_compares_the_plan_with_it() {
    let folder = folder(&[("plan.json", plan(&edited()).to_string())]);
    let lock = crate::run::quickstart_lock();
    for arguments in [
        &["diff", "plan.json", "--region", "us"][..],
        &["diff", "plan.json", "--project", "--region", "us"],
        &["diff", "--old", "plan.json", "--region", "us"],
    ] {
        let run = run(&folder, &[arguments, &["--lock", &lock]].concat());
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.contains("the project") && !run.stdout.contains("(before)"), "{}", run.stdout);
    }
    let both = run(&folder, &["diff", "plan.json", "--before", "--region", "us", "--lock", &lock]);
    assert!(both.stdout.contains("(before)"), "{}", both.stdout);
    assert_eq!(run(&folder, &["diff", "plan.json", "--before", "--project"]).code, 2);
}

#[test]
fn what_only_the_apply_tells_is_a_bound_with_its_address() {
    let mut unknown = Resource::changes(RULE, "new", &["create"], Value::Null, rule(443, "192.0.2.0/24"));
    unknown.after["cidr_ipv4"].take();
    unknown.unknown = json!({"cidr_ipv4": true, "id": true});
    let folder = folder(&[("plan.json", plan(&[group(), unknown]).to_string())]);
    let changed = document(&folder, &["diff", "plan.json"]);
    assert_eq!(changed["verdict"], "unknown");
    assert_eq!(rows(&changed, "sg-1 egress", "unknown").len(), 2, "any address and any group, at port 443");
    let text = changed["scopes"][0]["unmodelled"][0]["text"].as_str().expect("a text");
    assert_eq!(text, "aws_vpc_security_group_egress_rule.new.cidr_ipv4");
    assert_eq!(run(&folder, &["diff", "plan.json"]).code, 1);
}

#[test]
fn a_plan_with_a_part_missing_is_refused_and_never_read_as_a_smaller_one() {
    let whole = plan(&edited());
    let damage: [(&str, fn(&mut Value)); 6] = [
        ("no `planned_values`", |plan| {
            drop(plan.as_object_mut().expect("an object").remove("planned_values"))
        }),
        ("no `resource_changes`", |plan| {
            drop(plan.as_object_mut().expect("an object").remove("resource_changes"))
        }),
        ("not in the `prior_state`", |plan| {
            drop(plan.as_object_mut().expect("an object").remove("prior_state"))
        }),
        ("has no values", |plan| {
            let one = &mut plan["planned_values"]["root_module"]["resources"][1];
            one.as_object_mut().expect("an object").remove("values");
        }),
        ("not among the `planned_values`", |plan| {
            plan["planned_values"]["root_module"]["resources"].as_array_mut().expect("a list").truncate(1);
        }),
        ("does not say what becomes", |plan| plan["resource_changes"][2]["change"]["actions"] = json!([])),
    ];
    for (says, damage) in damage {
        let mut plan = whole.clone();
        damage(&mut plan);
        let folder = folder(&[("plan.json", plan.to_string())]);
        for arguments in [&["diff", "plan.json"][..], &["show", "plan.json"]] {
            let run = run(&folder, arguments);
            assert_eq!(run.code, 2, "{says}: {arguments:?}\n{}", run.stdout);
            assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
        }
    }
    let folder =
        folder(&[("x.tfstate", json!({"version": 4, "serial": 1, "x": "aws_security_group"}).to_string())]);
    assert_eq!(run(&folder, &["show", "x.tfstate"]).code, 2);
}

#[test]
fn what_also_decides_about_packets_is_named_and_its_changes_are_warned_of() {
    let acl = |after| Resource::changes("aws_network_acl", "a", &["update"], json!({"id": "acl-1"}), after);
    let policy = Resource::stays("google_compute_network_firewall_policy_rule", "p", json!({"id": "p"}));
    let folder = folder(&[("plan.json", plan(&[group(), acl(json!({"id": "acl-2"})), policy]).to_string())]);
    let said = messages(&document(&folder, &["diff", "plan.json"]), "read/not-compared");
    for part in [
        "the plan changes `aws_network_acl.a`, which also decides",
        "`aws_network_acl.a` also decides",
        "`google_compute_network_firewall_policy_rule.p` also decides",
    ] {
        assert_eq!(said.iter().filter(|message| message.contains(part)).count(), 1, "{part}: {said:?}");
    }
    assert!(run(&folder, &["diff", "plan.json"]).stderr.contains("the plan changes `aws_network_acl.a`"));
}

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

const AWS: &str = "resource \"aws_vpc_security_group_egress_rule\" \"r\" {\n  security_group_id = \"sg-1\"\n  \
                   ip_protocol = \"tcp\"\n  from_port = 443\n  to_port = 443\n  cidr_ipv4 = local.cidr\n}\n";
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
    assert_eq!(alone["format"], "iptables-save", "sets alone are in a known form, and say nothing");
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

/// A folder with a variable, its default, and files of variables.
fn variables(more: &[(&str, &str)]) -> TempDir {
    let declared = "variable \"cidr\" {\n  default = \"192.0.2.0/24\"\n}\n";
    let mut files = vec![
        ("infra/main.tf".to_owned(), AWS.replace("local.cidr", "var.cidr")),
        ("infra/variables.tf".to_owned(), declared.to_owned()),
    ];
    files.extend(more.iter().map(|(name, cidr)| ((*name).to_owned(), format!("cidr = \"{cidr}\"\n"))));
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    folder(&files)
}

#[test]
fn files_of_variables_override_defaults_in_the_order_that_terraform_has() {
    let cidr = |folder: &TempDir, files: &[&str]| {
        rows(&document(folder, &[&["show"], files].concat()), "sg-1 egress", "at_least")
    };
    assert_eq!(cidr(&variables(&[]), &["infra"]), ["tcp/443 192.0.2.0/24"]);
    let plain = ("infra/terraform.tfvars", "10.1.0.0/16");
    assert_eq!(cidr(&variables(&[plain]), &["infra"]), ["tcp/443 10.1.0.0/16"]);
    let auto = [("infra/b.auto.tfvars", "10.3.0.0/16"), plain, ("infra/a.auto.tfvars", "10.2.0.0/16")];
    assert_eq!(cidr(&variables(&auto), &["infra"]), ["tcp/443 10.3.0.0/16"]);
    for named in ["infra/prod.tfvars", "envs/prod.tfvars"] {
        let folder = variables(&[auto[0], plain, (named, "10.4.0.0/16")]);
        assert_eq!(cidr(&folder, &["infra", named]), ["tcp/443 10.4.0.0/16"], "{named}");
        assert_eq!(cidr(&folder, &[named, "infra"]), ["tcp/443 10.4.0.0/16"], "{named}");
        assert_eq!(
            cidr(&folder, &["infra"]),
            ["tcp/443 10.3.0.0/16"],
            "Terraform does not read it by itself"
        );
    }
    let files = ["infra/main.tf", "infra/variables.tf", "infra/terraform.tfvars"];
    assert_eq!(cidr(&variables(&[plain]), &files), ["tcp/443 10.1.0.0/16"]);
    let unknown = variables(&[]);
    std::fs::write(unknown.path().join("infra/terraform.tfvars"), "cidrr = \"10.0.0.0/8\"\n")
        .expect("a file");
    assert!(run(&unknown, &["show", "infra"]).stderr.contains("`cidrr` is no variable"));
    std::fs::write(unknown.path().join("infra/x.auto.tfvars.json"), "{}").expect("a file");
    assert_eq!(run(&unknown, &["show", "infra"]).code, 2, "values that are not read are not left out");
}

#[test]
fn a_module_that_is_called_does_not_rest_on_its_defaults() {
    let call = "module \"sg\" {\n  source = \"./modules/sg\"\n  cidr = \"0.0.0.0/0\"\n}\n";
    let module = format!(
        "variable \"cidr\" {{\n  default = \"10.0.0.0/8\"\n}}\n{}",
        AWS.replace("local.cidr", "var.cidr")
    );
    let folder = folder(&[("infra/main.tf", call.to_owned()), ("infra/modules/sg/main.tf", module)]);
    for path in ["infra", "./infra", "infra/modules/../../infra"] {
        let shown = document(&folder, &["show", path]);
        assert_eq!(shown["scopes"][0]["unmodelled"][0]["text"], "var.cidr", "{path}");
    }
    let alone = document(&folder, &["show", "infra/modules/sg"]);
    assert_eq!(rows(&alone, "sg-1 egress", "at_least"), ["tcp/443 10.0.0.0/8"]);
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

/// What a value is that nobody may see, as an address and as a text.
const CANARY: &str = "203.0.113.77/32";

/// Runs every command in every form on files, and looks for the canary.
fn never_shows(folder: &TempDir, files: &[&str], canary: &str) {
    let lock = crate::run::quickstart_lock();
    let mut diff = vec!["diff"];
    diff.extend(files.first());
    let against = ["diff", files[0], "other.json"];
    for (command, forms) in [
        (vec![&["show", "-v"], files].concat(), &["human", "json"][..]),
        (vec![&["show", "-v", "--before"], files].concat(), &["human", "json"]),
        (vec![&["check", "203.0.113.9:443", "-v"], files].concat(), &["human", "json"]),
        (vec![&["lint", "-v", "--region", "us", "--lock", &lock], files].concat(), &["human", "json"]),
        (vec![&diff[..], &["-v", "--witness"]].concat(), &["human", "json", "markdown", "sarif"]),
        (vec![&against[..], &["-v", "--witness"]].concat(), &["human", "json", "markdown", "sarif"]),
    ] {
        for form in forms {
            let run = run(folder, &[&command[..], &["--format", form]].concat());
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(!told.is_empty(), "{command:?}");
            assert!(!told.contains(canary), "{command:?} {form}:\n{told}");
        }
    }
}

#[test]
fn sensitive_values_are_bounds_and_appear_nowhere() {
    let mut resources = vec![
        group(),
        Resource::changes(RULE, "s", &["update"], rule(443, "192.0.2.0/24"), rule(443, CANARY)),
        Resource::stays("random_password", "p", json!({"result": CANARY})),
    ];
    resources.push(Resource::stays(RULE, "wrong", rule(443, "no-cidr")));
    for pretty in [false, true] {
        let mut plan = plan(&resources);
        plan["variables"] = json!({"v": {"value": CANARY}});
        plan["resource_changes"][1]["change"]["after_sensitive"] = json!({"cidr_ipv4": true});
        plan["planned_values"]["root_module"]["resources"][1]["sensitive_values"] =
            json!({"cidr_ipv4": true});
        let mut state = json!({"version": 4, "serial": 1, "lineage": "l", "outputs": {"o": {"value": CANARY}},
            "resources": [{"mode": "managed", "type": RULE, "name": "s", "instances": [{"attributes":
                rule(443, CANARY), "sensitive_attributes": [[{"type": "get_attr", "value": "cidr_ipv4"}]]}]}]});
        let text = |value: &Value| {
            if pretty { serde_json::to_string_pretty(value).expect("text") } else { value.to_string() }
        };
        let other = text(&json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
            {"mode": "managed", "type": "aws_security_group", "name": "g", "instances": [
                {"attributes": {"id": "sg-1"}}]}]}));
        let broken = |text: String| text.replace("no-cidr", "192.0.2.0/29");
        state["check_results"] = json!(CANARY);
        let folder = folder(&[
            ("wrong.json", text(&plan)),
            ("plan.json", broken(text(&plan))),
            ("s.tfstate", text(&state)),
            ("cut.json", text(&plan).replace(CANARY, &format!("{CANARY}\t"))),
            ("other.json", other),
        ]);
        for file in ["wrong.json", "plan.json", "s.tfstate", "cut.json"] {
            never_shows(&folder, &[file], "203.0.113.77");
        }
        let changed = document(&folder, &["diff", "plan.json"]);
        assert_eq!(changed["verdict"], "unknown", "what it was is known, what it will be is not to be told");
        let shown = document(&folder, &["show", "s.tfstate"]);
        assert_eq!(shown["scopes"][0]["exact"], false);
        assert_eq!(
            shown["scopes"][0]["unmodelled"][0]["text"],
            format!("{RULE}.s.cidr_ipv4, sensitive in s.tfstate")
        );
    }
}

#[test]
fn two_sensitive_values_are_never_taken_for_the_same_where_that_is_not_known() {
    let both =
        [group(), Resource::changes(RULE, "s", &["update"], rule(443, "10.0.0.1/32"), rule(443, CANARY))];
    let mut changed = plan(&both);
    for (state, path) in [("before", "prior_state"), ("after", "planned_values")] {
        changed["resource_changes"][1]["change"][format!("{state}_sensitive")] = json!({"cidr_ipv4": true});
        let values = if path == "prior_state" { &mut changed[path]["values"] } else { &mut changed[path] };
        values["root_module"]["resources"][1]["sensitive_values"] = json!({"cidr_ipv4": true});
    }
    let mut same = changed.to_string().replace("10.0.0.1/32", CANARY);
    let folder = folder(&[("changed.json", changed.to_string()), ("same.json", std::mem::take(&mut same))]);
    assert_eq!(document(&folder, &["diff", "changed.json"])["verdict"], "unknown");
    assert_eq!(document(&folder, &["diff", "same.json"])["verdict"], "equal");
}

#[test]
fn sensitive_variables_are_bounds_and_appear_nowhere() {
    let declared = format!(
        "variable \"cidr\" {{\n  sensitive = true\n  default = \"{CANARY}\"\n}}\nvariable \"plain\" {{\n  default = \"10.0.0.0/8\"\n}}\n"
    );
    let uses = [
        "var.cidr",
        "\"${var.cidr}\"",
        "local.indirect",
        "sensitive(\"203.0.113.77/32\")",
        "tostring(sensitive(\"203.0.113.77/32\"))",
        "lower(var.cidr)",
    ];
    let other = state(&[group(), Resource::stays(RULE, "r", rule(443, "192.0.2.0/24"))], |it| &it.after);
    for used in uses {
        let main =
            format!("{}locals {{\n  indirect = \"${{var.cidr}}\"\n}}\n", AWS.replace("local.cidr", used));
        let folder = folder(&[
            ("main.tf", main.clone()),
            ("variables.tf", declared.clone()),
            ("a.tfvars", format!("cidr = \"{CANARY}\"\n")),
            ("b.tfvars", "cidr = \"203.0.113.78/32\"\n".to_owned()),
            ("broken.tfvars", format!("cidr = \"{CANARY}\" }}\n")),
            ("one.tf", format!("{declared}{main}")),
            ("other.json", other.clone()),
        ]);
        never_shows(&folder, &["one.tf"], "203.0.113.77");
        for values in ["a.tfvars", "broken.tfvars"] {
            never_shows(&folder, &["main.tf", "variables.tf", values], "203.0.113.77");
        }
        let shown = document(&folder, &["show", "main.tf", "variables.tf", "a.tfvars"]);
        assert_eq!(shown["scopes"][0]["exact"], false, "{used}");
        let diff = |new: &str| {
            let old =
                ["diff", "--old", "main.tf", "variables.tf", "a.tfvars", "--new", "main.tf", "variables.tf"];
            document(&folder, &[&old[..], &[new]].concat())["verdict"].clone()
        };
        assert_eq!(diff("a.tfvars"), "equal", "{used}");
        let differs = if used.contains("sensitive(") { "equal" } else { "unknown" };
        assert_eq!(diff("b.tfvars"), differs, "{used}: the other value may be the same, or not");
    }
}

#[test]
fn a_plan_with_thousands_of_rules_is_read() {
    let mut resources = vec![group()];
    for index in 0..2000_u32 {
        let cidr = format!("10.{}.{}.0/24", index / 256, index % 256);
        let mut one = Resource::stays(RULE, "many", rule(443, &cidr));
        one.name = Box::leak(format!("r{index}").into_boxed_str());
        resources.push(one);
    }
    let folder = folder(&[("plan.json", plan(&resources).to_string())]);
    let started = std::time::Instant::now();
    assert_eq!(document(&folder, &["diff", "plan.json"])["verdict"], "equal");
    // Unoptimised and beside other tests; a release build takes a small part of a second.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
