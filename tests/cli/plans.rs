//! Terraform plans: the states before and after them.

use crate::existing::{RULE, Resource, document, folder, group, messages, plan, rows, rule, run, state};
use serde_json::{Value, json};

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
        assert!(run.stderr.contains("no plan is among `state.json`"), "{}", run.stderr);
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
        &["diff", "plan.json", "--with-project", "--region", "us"],
        &["diff", "--old", "plan.json", "--region", "us"],
    ] {
        let run = run(&folder, &[arguments, &["--lock", &lock]].concat());
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.contains("the project") && !run.stdout.contains("(before)"), "{}", run.stdout);
    }
    let both = run(&folder, &["diff", "plan.json", "--before", "--region", "us", "--lock", &lock]);
    assert!(both.stdout.contains("(before)"), "{}", both.stdout);
    assert_eq!(run(&folder, &["diff", "plan.json", "--before", "--with-project"]).code, 2);
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

type Damage = fn(&mut Value);

fn without(object: &mut Value, key: &str) {
    object.as_object_mut().expect("an object").remove(key);
}

#[test]
fn a_plan_with_a_part_missing_is_refused_and_never_read_as_a_smaller_one() {
    let whole = plan(&edited());
    let damage: [(&str, Damage); 6] = [
        ("no `planned_values`", |plan| {
            without(plan, "planned_values");
        }),
        ("no `resource_changes`", |plan| {
            without(plan, "resource_changes");
        }),
        ("not in the `prior_state`", |plan| {
            without(plan, "prior_state");
        }),
        ("has no values", |plan| {
            without(&mut plan["planned_values"]["root_module"]["resources"][1], "values");
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
    let firewall = |after| {
        Resource::changes("aws_networkfirewall_firewall", "a", &["update"], json!({"id": "fw-1"}), after)
    };
    let policy = Resource::stays("google_compute_firewall_policy_rule", "p", json!({"id": "p"}));
    let folder =
        folder(&[("plan.json", plan(&[group(), firewall(json!({"id": "fw-2"})), policy]).to_string())]);
    let said = messages(&document(&folder, &["diff", "plan.json"]), "read/not-compared");
    for part in [
        "the plan changes `aws_networkfirewall_firewall.a`, which also decides",
        "`aws_networkfirewall_firewall.a` also decides",
        "`google_compute_firewall_policy_rule.p` also decides",
    ] {
        assert_eq!(said.iter().filter(|message| message.contains(part)).count(), 1, "{part}: {said:?}");
    }
    assert!(
        run(&folder, &["diff", "plan.json"])
            .stderr
            .contains("the plan changes `aws_networkfirewall_firewall.a`")
    );
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
    assert_eq!(document(&folder, &["diff", "plan.json"])["verdict"], "equal");
}
