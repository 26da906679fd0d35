//! The job of GitLab, as the example includes it.

use crate::forge::Forge;
use crate::support::{EGRESSOR, TOKEN, commit, copy, dump, folder, git, has_tools, named, root, write, yaml};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

struct Job {
    folder: tempfile::TempDir,
    /// The commit of the scripts, and the one that the merge request is for.
    commits: [String; 2],
}

/// The lines of a script, in order.
fn lines(script: &Value) -> Vec<String> {
    script.as_array().expect("a list").iter().map(|line| line.as_str().expect("a line").to_owned()).collect()
}

impl Job {
    /// A project with rules on its main branch and others here, and the scripts as a repository of their own.
    fn new(old: &str, new: &str) -> Self {
        let folder = folder();
        let scripts = folder.path().join("scripts");
        copy(&root().join("review"), &scripts.join("review"));
        let scripts = commit(&scripts);
        let project = folder.path().join("project");
        write(&project.join("out/iptables.rules"), old);
        let base = commit(&project);
        write(&project.join("out/iptables.rules"), new);
        git(&project, &["commit", "--quiet", "--allow-empty", "--all", "--message", "change"]);
        fs::create_dir(folder.path().join("temp")).expect("a folder");
        Self { folder, commits: [scripts, base] }
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Runs the script as GitLab's runner does, with the variables of the template, of the example and of the pipeline.
    fn run(&self, api: &str, more: &[(&str, &str)]) -> (i32, String) {
        let template = yaml(&root().join("review/gitlab.yml"));
        let example = yaml(&root().join("examples/06_gitlab/gitlab-ci.yml"));
        let job = &template["egressor-review"];
        assert_eq!(job["extends"], ".egressor-scripts");
        let own = &example["egressor-review"];
        let mut script = lines(&template[".egressor-scripts"]["before_script"]);
        // The first entry of the example stands for those of the template.
        script.extend(
            own["before_script"]
                .as_array()
                .expect("a list")
                .iter()
                .skip(1)
                .map(|line| line.as_str().unwrap().to_owned()),
        );
        script.extend(lines(&job["script"]));
        let path = self.folder.path().join("script.sh");
        write(&path, &format!("set -eo pipefail\n{}\n", script.join("\n")));
        let mut command = Command::new("bash");
        command.arg(&path).current_dir(self.project()).env_clear();
        for variables in [&job["variables"], &own["variables"]] {
            for (name, value) in variables.as_object().expect("variables") {
                command.env(name, value.as_str().expect("text"));
            }
        }
        let output = command
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path().join("temp"))
            .env("EGRESSOR_REPOSITORY", self.folder.path().join("scripts"))
            .env("EGRESSOR_COMMIT", &self.commits[0])
            .env("EGRESSOR_TOKEN", TOKEN)
            .env("REVIEW_BINARY", EGRESSOR)
            .env("CI_API_V4_URL", api)
            .env("CI_PROJECT_ID", "3")
            .env("CI_PROJECT_DIR", self.project())
            .env("CI_MERGE_REQUEST_IID", "7")
            .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", &self.commits[1])
            .env("CI_MERGE_REQUEST_TITLE", "$(touch pwned)")
            .env("CI_COMMIT_REF_NAME", "`touch pwned`")
            .env("CI_COMMIT_SHA", "a".repeat(40))
            .env("CI_JOB_URL", "https://gitlab.example/o/r/-/jobs/1")
            .envs(more.iter().copied())
            .output()
            .expect("bash runs");
        // A runner cleans the folder before the next job.
        let _ = fs::remove_dir_all(self.project().join("base"));
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().expect("it ends"), String::from_utf8_lossy(&said).into_owned())
    }

    fn report(&self, name: &str) -> String {
        fs::read_to_string(self.project().join("egressor-review").join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

const NARROW: &[(&str, u16, &str)] = &[("192.0.2.0/24", 443, "web")];
const WIDE: &[(&str, u16, &str)] = &[("192.0.2.0/24", 443, "web"), ("198.51.100.0/24", 22, "$(touch pwned)")];

#[test]
fn one_note_is_kept_and_the_exit_code_is_that_of_egressor() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    for at in 0..120 {
        forge.state().comment("mallory", &format!("<!-- egressor review: default -->\n{at}"));
    }
    let job = Job::new(&dump(NARROW), &dump(WIDE));
    let (code, said) = job.run(&forge.url, &[]);
    assert_eq!(code, 1, "{said}");
    let body = forge.state().ours()[0].body.clone();
    assert!(body.contains("**BROADENED**") && body.contains("198.51.100.0/24"), "{body}");
    assert!(body.contains("[this job](https://gitlab.example/o/r/-/jobs/1)"), "{body}");
    assert!(!said.contains(TOKEN), "{said}");
    // The other way round it closes only.
    let job = Job::new(&dump(WIDE), &dump(NARROW));
    assert_eq!(job.run(&forge.url, &[]).0, 0);
    let job = Job::new(&dump(WIDE), &dump(WIDE));
    assert_eq!(job.run(&forge.url, &[]).0, 0);
    let state = forge.state();
    let [ours] = state.ours()[..] else { panic!("{:?}", state.ours()) };
    assert!(ours.body.contains("**EQUAL**"), "{}", ours.body);
    assert_eq!((state.asked("POST"), state.asked("PUT")), (1, 2));
    assert_eq!(named(job.folder.path(), "pwned"), Vec::<PathBuf>::new());
}

#[test]
fn the_reports_are_artifacts_of_which_gitlab_takes_one() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let job = Job::new(&dump(NARROW), &dump(WIDE));
    assert_eq!(job.run(&forge.url, &[("REVIEW_COMMENT", "false")]).0, 1);
    assert!(forge.state().requests.is_empty());
    assert!(
        job.report("report.html").starts_with("<!DOCTYPE html>")
            || job.report("report.html").starts_with("<!doctype html>")
    );
    let issues: Value = serde_json::from_str(&job.report("codequality.json")).expect("JSON");
    let issues = issues.as_array().expect("a list");
    assert!(!issues.is_empty());
    let mut prints = std::collections::BTreeSet::new();
    for issue in issues {
        let keys: Vec<&String> = issue.as_object().expect("an issue").keys().collect();
        assert_eq!(keys, ["description", "check_name", "fingerprint", "severity", "location"]);
        let severity = issue["severity"].as_str().expect("a word");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        let path = issue["location"]["path"].as_str().expect("a path");
        assert!(["out/iptables.rules", "base/out/iptables.rules"].contains(&path), "{path}");
        assert!(issue["location"]["lines"]["begin"].as_u64().expect("a line") >= 1);
        assert!(prints.insert(issue["fingerprint"].as_str().expect("a print")));
    }
    // What the template promises to keep is there.
    let template = yaml(&root().join("review/gitlab.yml"));
    let kept = template["egressor-review"]["artifacts"]["reports"]["codequality"].as_str().expect("a path");
    assert!(job.project().join(kept).exists());
    // A failure has a report too, and an empty list of issues would say that all is well.
    let job = Job::new(&dump(NARROW), "*filter\n-A NOWHERE -j\n");
    let (code, said) = job.run(&forge.url, &[]);
    assert_eq!(code, 2, "{said}");
    let issues: Value = serde_json::from_str(&job.report("codequality.json")).expect("JSON");
    assert!(!issues.as_array().expect("a list").is_empty());
    assert!(forge.state().ours()[0].body.contains("**NOT COMPARED**"));
}

#[test]
fn without_a_token_that_writes_there_is_no_note_and_the_same_verdict() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let job = Job::new(&dump(NARROW), &dump(WIDE));
    for (token, words) in
        [("", "a pipeline of a fork gets none"), ("another", "the token is not taken (401)")]
    {
        let (code, said) = job.run(&forge.url, &[("EGRESSOR_TOKEN", token)]);
        assert!(code == 1 && said.contains(words), "{said}");
    }
    forge.state().read_only = true;
    let (code, said) = job.run(&forge.url, &[]);
    assert!(code == 1 && said.contains("may not write one (403)"), "{said}");
    forge.state().broken = Some("<html>not JSON");
    let (code, said) = job.run(&forge.url, &[]);
    assert!(code == 1 && said.contains("not told as JSON"), "{said}");
    forge.state().broken = None;
    let (code, said) = job.run(&forge.url, &[("CI_MERGE_REQUEST_IID", "")]);
    assert!(code == 1 && said.contains("not about a merge request"), "{said}");
    assert!(forge.state().comments.is_empty());
}

#[test]
fn what_is_run_is_a_commit_and_no_name_that_may_move() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let job = Job::new(&dump(NARROW), &dump(WIDE));
    for name in ["main", "v1", "", "a".repeat(39).as_str(), &"0".repeat(40)] {
        let (code, said) = job.run(&forge.url, &[("EGRESSOR_COMMIT", name)]);
        assert!(code != 0 && code != 1, "{name}: {said}");
    }
    assert!(forge.state().requests.is_empty());
}
