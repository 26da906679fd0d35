//! The step of Atlantis, as the example has it, with plans of the corpus.

use crate::support::{EGRESSOR, folder, has_tools, named, program, root, yaml};
use std::path::PathBuf;
use std::process::Command;

/// The steps of a workflow that Atlantis does not know by itself.
fn steps(workflow: &str) -> Vec<String> {
    let config = yaml(&root().join("examples/08_atlantis/repos.yaml"));
    let steps = config["workflows"][workflow]["plan"]["steps"].as_array().expect("steps").clone();
    assert_eq!(steps[..2], ["init", "plan"]);
    steps.iter().filter_map(|step| step["run"].as_str()).map(str::to_owned).collect()
}

/// Runs a workflow with a plan: how it ends, and what Atlantis would put between fences.
fn run(workflow: &str, plan: &str, approved: &str) -> (i32, String) {
    let folder = folder();
    let plan = root().join("tests/corpus").join(plan);
    assert!(plan.exists(), "{}", plan.display());
    let terraform = format!(
        "#!/bin/sh\n[ \"$1 $2\" = 'show -json' ] && [ \"$3\" = \"$PLANFILE\" ] && exec cat {}\n",
        plan.display()
    );
    program(&folder.path().join("bin/terraform"), &terraform);
    let path =
        format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let [step] = steps(workflow).try_into().expect("one step");
    let step = step
        .replace("/opt/egressor", &root().display().to_string())
        .replace("/etc/egressor/approved.yaml", approved);
    let output = Command::new("sh")
        .args(["-c", &step])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("TMPDIR", folder.path())
        .env("PLANFILE", "/a plan's $(touch pwned) file")
        .env("REVIEW_EGRESSOR", EGRESSOR)
        .env("HEAD_BRANCH_NAME", "$(touch pwned)")
        .env("EGRESSOR_TODAY", "2026-11-23")
        .output()
        .expect("sh runs");
    assert_eq!(named(folder.path(), "pwned"), Vec::<PathBuf>::new());
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "the plan is not left behind: {left:?}");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    (output.status.code().expect("it ends"), text)
}

#[test]
fn a_plan_stops_when_it_opens_what_nobody_approved_and_goes_on_when_it_does_not() {
    if !has_tools(1) {
        return;
    }
    let create = "aws-network-firewall-state/plan-widen/plan.json";
    let delete = "azure-nsg-state/plan-delete/plan.json";
    let (code, said) = run("firewall-rules", create, "castai");
    assert!(code == 1 && said.contains("outside-envelope"), "{said}");
    let (code, said) = run("firewall-comment", create, "castai");
    assert!(code == 0 && said.contains("BROADENED"), "{said}");
    let readme = std::fs::read_to_string(root().join("examples/08_atlantis/README.md")).expect("the README");
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    assert!(said.starts_with(shown), "{said}");
    let (code, said) = run("firewall-comment", delete, "castai");
    assert!(code == 0 && !said.contains("error["), "{said}");
    assert!(!said.contains("```") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_plan_that_cannot_be_told_stops() {
    if !has_tools(1) {
        return;
    }
    let plans = ["azure-nsg-state/plan-create", "aws-security-group-state/README.md"];
    let workflows = ["firewall-rules", "firewall-comment"];
    for (workflow, plan) in workflows.iter().flat_map(|workflow| plans.map(|plan| (workflow, plan))) {
        let (code, said) = run(workflow, plan, "castai");
        assert!(code == 2, "{workflow}: {said}");
    }
    let (code, said) =
        run("firewall-rules", "aws-network-firewall-state/plan-widen/plan.json", "/nonexistent.yaml");
    assert!(code == 2, "{said}");
}
