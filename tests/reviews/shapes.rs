//! What holds of each workflow, action, template and script as a text: pinned, least rights, nothing in a shell that
//! somebody else wrote.

use crate::support::{folder, has_tools, root, runs, tool, write, yaml};
use crate::verdicts::Verdicts;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ACTIONS: &[&str] = &["action.yml", "review/refresh/action.yml"];

fn workflows() -> Vec<PathBuf> {
    let folder = root().join("examples/05_github");
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "yml")).collect();
    found.sort();
    assert!(found.len() >= 3, "{found:?}");
    found
}

/// Every step of an action or of the jobs of a workflow.
fn steps(document: &Value) -> Vec<Value> {
    let jobs = document["jobs"].as_object().into_iter().flatten().map(|(_, job)| &job["steps"]);
    let all = jobs.chain([&document["runs"]["steps"]]);
    all.filter_map(Value::as_array).flatten().cloned().collect()
}

/// The scripts: files that begin as one.
fn scripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("review")).expect("a folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file() && fs::read_to_string(path).is_ok_and(|text| text.starts_with("#!")))
        .collect();
    found.sort();
    assert!(found.len() >= 9, "{found:?}");
    found
}

#[test]
fn every_action_of_others_is_pinned_by_a_commit_with_its_version_beside_it() {
    let mut seen = BTreeSet::new();
    for path in ACTIONS.iter().map(|path| root().join(path)).chain(workflows()) {
        let text = fs::read_to_string(&path).expect("a file");
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.trim_start().trim_start_matches("- ").starts_with("uses:"))
            .collect();
        let used = steps(&yaml(&path)).iter().filter(|step| step.get("uses").is_some()).count();
        assert_eq!(lines.len(), used, "{}", path.display());
        for line in lines {
            let (_, rest) = line.split_once("uses: ").expect("a use");
            let (name, rest) = rest.split_once('@').unwrap_or_else(|| panic!("not pinned: {line}"));
            let (hash, version) = rest.split_once(" # ").unwrap_or_else(|| panic!("no version: {line}"));
            assert!(hash.len() == 40 && hash.chars().all(|char| char.is_ascii_hexdigit()), "{line}");
            // Ours is what the reader fills in: a commit that does not exist until then.
            assert_eq!(name.starts_with("OWNER/egressor"), hash.chars().all(|char| char == '0'), "{line}");
            assert!(name.starts_with("OWNER/") || version.starts_with('v'), "{line}");
            seen.insert((name.to_owned(), hash.to_owned()));
        }
    }
    let names: BTreeSet<&String> = seen.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), seen.len(), "one commit of each: {seen:?}");
}

#[test]
fn no_expression_reaches_a_shell_and_each_workflow_has_no_more_rights_than_it_uses() {
    for path in ACTIONS.iter().map(|path| root().join(path)).chain(workflows()) {
        for step in steps(&yaml(&path)) {
            let run = step["run"].as_str().unwrap_or_default();
            assert!(!run.contains("${{"), "{}: {run}", path.display());
        }
    }
    for path in workflows() {
        let workflow = yaml(&path);
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{}", path.display());
        // `pull_request_target` and `workflow_run` give the rights of the repository to what a fork brings.
        let on = workflow["on"].as_object().expect("events");
        let known = ["pull_request", "schedule", "workflow_dispatch"];
        assert!(on.keys().all(|event| known.contains(&event.as_str())), "{}", path.display());
        for (_, job) in workflow["jobs"].as_object().expect("jobs") {
            assert!(job["timeout-minutes"].is_u64());
            let rights = job["permissions"].as_object().expect("rights");
            let text = fs::read_to_string(&path).expect("a file");
            let writes: BTreeSet<&str> =
                rights.iter().filter(|(_, right)| *right == "write").map(|(name, _)| name.as_str()).collect();
            let mut needed = BTreeSet::from(["pull-requests"]);
            if text.contains("sarif: true") {
                needed.insert("security-events");
            }
            if text.contains("/refresh@") {
                needed.insert("contents");
            }
            assert_eq!(writes, needed, "{}", path.display());
            for step in steps(&workflow) {
                if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@")) {
                    assert_eq!(step["with"]["persist-credentials"], false, "{}", path.display());
                }
            }
        }
    }
}

#[test]
fn keys_are_those_that_github_gitlab_and_atlantis_know() {
    let only = |value: &Value, known: &[&str], what: &str| {
        for key in value.as_object().unwrap_or_else(|| panic!("{what}: {value}")).keys() {
            assert!(known.contains(&key.as_str()), "{what}: {key}");
        }
    };
    // https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
    for path in ACTIONS {
        let action = yaml(&root().join(path));
        only(&action, &["name", "author", "description", "inputs", "outputs", "runs", "branding"], path);
        for (name, input) in action["inputs"].as_object().expect("inputs") {
            only(input, &["description", "required", "default", "deprecationMessage"], name);
            assert!(
                input["description"].is_string()
                    && (input["default"].is_string() != (input["required"] == true))
            );
        }
        only(&action["runs"], &["using", "steps"], path);
        for step in steps(&action) {
            only(
                &step,
                &[
                    "name",
                    "id",
                    "if",
                    "uses",
                    "with",
                    "run",
                    "shell",
                    "env",
                    "working-directory",
                    "continue-on-error",
                ],
                path,
            );
            assert_eq!(step.get("run").is_some(), step["shell"] == "bash", "{step}");
        }
    }
    // https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
    for path in workflows() {
        let workflow = yaml(&path);
        let what = path.display().to_string();
        only(&workflow, &["name", "on", "permissions", "concurrency", "jobs"], &what);
        for (_, job) in workflow["jobs"].as_object().expect("jobs") {
            only(job, &["runs-on", "timeout-minutes", "permissions", "steps"], &what);
        }
        for step in steps(&workflow) {
            only(&step, &["name", "id", "if", "uses", "with", "run", "working-directory"], &what);
        }
    }
    // https://docs.gitlab.com/ci/yaml/
    let template = yaml(&root().join("review/gitlab.yml"));
    only(&template, &[".egressor-scripts", "egressor-review"], "the template");
    let job = ["extends", "stage", "image", "rules", "variables", "before_script", "script", "artifacts"];
    for job_of in [&template[".egressor-scripts"], &template["egressor-review"]] {
        only(job_of, &job, "the template");
    }
    only(
        &template["egressor-review"]["artifacts"],
        &["when", "name", "expose_as", "paths", "reports"],
        "artifacts",
    );
    only(&template["egressor-review"]["artifacts"]["reports"], &["codequality"], "reports");
    let example = yaml(&root().join("examples/06_gitlab/gitlab-ci.yml"));
    only(&example, &["include", "egressor-review"], "the example");
    only(&example["egressor-review"], &job, "the example");
    for (name, _) in example["egressor-review"]["variables"].as_object().expect("variables") {
        let known = template["egressor-review"]["variables"].get(name).is_some();
        assert!(known || name == "GIT_DEPTH", "{name} is no variable of the template");
    }
    // https://www.runatlantis.io/docs/custom-workflows, https://www.runatlantis.io/docs/server-side-repo-config
    let atlantis = yaml(&root().join("examples/08_atlantis/repos.yaml"));
    only(&atlantis, &["repos", "workflows"], "atlantis");
    only(&atlantis["repos"][0], &["id", "workflow", "allowed_overrides", "allow_custom_workflows"], "a repo");
    for (_, workflow) in atlantis["workflows"].as_object().expect("workflows") {
        only(workflow, &["plan"], "a workflow");
        only(&workflow["plan"], &["steps"], "a stage");
    }
}

#[test]
fn every_script_stops_at_the_first_failure_and_says_what_it_is_for() {
    for path in scripts() {
        let text = fs::read_to_string(&path).expect("a script");
        assert!(text.starts_with("#!/usr/bin/env bash\n# "), "{}", path.display());
        assert!(text.lines().any(|line| line == "set -euo pipefail"), "{}", path.display());
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("a file").permissions());
        assert_eq!(mode & 0o111, 0o111, "{}", path.display());
    }
}

#[test]
fn shellcheck_has_nothing_to_say() {
    if !runs("shellcheck") {
        crate::real::skipped("shellcheck", scripts().len(), "it is not installed");
        return;
    }
    let mut verdicts = Verdicts::of("shellcheck", "reviews");
    let mut judge = |path: &Path| {
        let output =
            Command::new("shellcheck").args(["-x", "-s", "bash"]).arg(path).output().expect("it runs");
        verdicts.case(output.status.success(), || String::from_utf8_lossy(&output.stdout).into_owned());
    };
    for path in scripts() {
        judge(&path);
    }
    // What stands in YAML is a script too.
    let folder = folder();
    let gitlab = yaml(&root().join("review/gitlab.yml"));
    let lines = |script: &Value| {
        let lines = script.as_array().expect("lines").iter().map(|line| line.as_str().expect("text"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let mut texts = vec![
        lines(&gitlab[".egressor-scripts"]["before_script"])
            + "\n"
            + &lines(&gitlab["egressor-review"]["script"]),
    ];
    for path in ACTIONS {
        texts.extend(
            steps(&yaml(&root().join(path))).iter().filter_map(|step| Some(step["run"].as_str()?.to_owned())),
        );
    }
    for (at, text) in texts.iter().enumerate() {
        let path = folder.path().join(format!("{at}.sh"));
        write(&path, &format!("{text}\n"));
        judge(&path);
    }
    verdicts.close();
}

#[test]
fn actionlint_and_the_published_schemas_take_the_files() {
    let Some(actionlint) = tool("actionlint", 6) else { return };
    let Some(schemas) = tool("check-jsonschema", 7).filter(|_| has_tools(1)) else { return };
    let mut verdicts = Verdicts::of("actionlint", "reviews");
    // The actions stand where `./` finds them, so that inputs and outputs are checked too.
    let folder = folder();
    crate::support::git(folder.path(), &["init", "--quiet"]);
    for path in ACTIONS {
        write(&folder.path().join(path), &fs::read_to_string(root().join(path)).expect("an action"));
    }
    for path in workflows() {
        let text = fs::read_to_string(&path).expect("a workflow");
        let none = "0".repeat(40);
        let local = text
            .replace(&format!("OWNER/egressor@{none}"), "./")
            .replace(&format!("OWNER/egressor/review/refresh@{none}"), "./review/refresh");
        assert_ne!(local, text);
        let name = folder.path().join(".github/workflows").join(path.file_name().expect("a name"));
        write(&name, &local);
        let output = Command::new(&actionlint)
            .arg("-no-color")
            .arg(&name)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        verdicts.case(output.status.success(), || String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // It can fail.
    let bad = folder.path().join(".github/workflows/bad.yml");
    let text = fs::read_to_string(folder.path().join(".github/workflows/review.yml")).expect("a workflow");
    write(&bad, &text.replace("fail-on:", "fail_on:"));
    let output = Command::new(&actionlint).arg(&bad).current_dir(folder.path()).output().expect("it runs");
    verdicts.case(!output.status.success(), || "a misspelt input is taken".to_owned());
    verdicts.close();

    let mut verdicts = Verdicts::of("check-jsonschema", "reviews");
    let mut judge = |schema: &str, path: PathBuf| {
        // GitLab's own tag, `!reference`, is no YAML that others read.
        let transform: &[&str] =
            if schema.ends_with("gitlab-ci") { &["--data-transform", "gitlab-ci"] } else { &[] };
        let output = Command::new(&schemas)
            .args(["--builtin-schema", schema])
            .args(transform)
            .arg(&path)
            .output()
            .expect("it runs");
        verdicts.case(output.status.success(), || String::from_utf8_lossy(&output.stdout).into_owned());
    };
    for path in ACTIONS {
        judge("vendor.github-actions", root().join(path));
    }
    for path in workflows() {
        judge("vendor.github-workflows", path);
    }
    for path in ["review/gitlab.yml", "examples/06_gitlab/gitlab-ci.yml"] {
        judge("vendor.gitlab-ci", root().join(path));
    }
    verdicts.close();
}
