//! Values that Terraform marks as sensitive appear nowhere.

use crate::existing::{AWS, RULE, Resource, document, folder, group, plan, rule, run, state};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a value is that nobody may see, as an address and as a text.
const CANARY: &str = "203.0.113.77/32";

/// Runs every command in every form on files, and looks for the canary.
fn never_shows(folder: &TempDir, files: &[&str], canary: &str) {
    let lock = crate::run::quickstart_lock();
    let mut diff = vec!["diff"];
    diff.extend(files.first());
    let against = ["diff", files[0], "other.json"];
    for (command, forms) in [
        ([&["show", "-v"], files].concat(), &["human", "json"][..]),
        ([&["show", "-v", "--before"], files].concat(), &["human", "json"]),
        ([&["check", "203.0.113.9:443", "-v"], files].concat(), &["human", "json"]),
        ([&["lint", "-v", "--region", "us", "--lock", &lock], files].concat(), &["human", "json"]),
        ([&diff[..], &["-v", "--witness"]].concat(), &["human", "json", "markdown", "sarif"]),
        ([&against[..], &["-v", "--witness"]].concat(), &["human", "json", "markdown", "sarif"]),
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
