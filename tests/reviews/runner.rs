//! Runs the steps of an action or of a job as GitHub's runner does, as far as reviews use it.

use crate::support::{EGRESSOR, TOKEN, folder, root, write, yaml};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A runner with a workspace, for a pull request of a repository.
pub(crate) struct Runner {
    folder: tempfile::TempDir,
    pub(crate) event: Value,
    api: String,
    /// The egressor that is there already, where a step names no other.
    pub(crate) binary: String,
    /// The folders at the front of the PATH.
    pub(crate) programs: Vec<PathBuf>,
    /// More of the environment, and what is there in place of what GitHub sets.
    pub(crate) environment: BTreeMap<String, String>,
}

/// How an action or a job ended.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) log: String,
    pub(crate) summary: String,
    pub(crate) outputs: BTreeMap<String, String>,
    /// What was used of others, by its name, with what it was given.
    pub(crate) used: Vec<(String, Map<String, Value>)>,
}

impl Runner {
    pub(crate) fn new(api: &str) -> Self {
        let folder = folder();
        for name in ["workspace", "temp", "home"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let repository = json!({"full_name": "o/r"});
        let event = json!({
            "pull_request": {
                "number": 7,
                "title": "$(touch pwned)",
                "head": {"sha": "a".repeat(40), "ref": "$(touch pwned)", "repo": repository},
                "base": {"sha": "b".repeat(40), "ref": "main", "repo": repository},
            },
            "repository": {"default_branch": "main"},
        });
        let (programs, environment) = (Vec::new(), BTreeMap::new());
        Self { folder, event, api: api.to_owned(), binary: EGRESSOR.to_owned(), programs, environment }
    }

    /// The folder that holds all others.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What was checked out.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Writes a file of the workspace.
    pub(crate) fn file(&self, name: &str, text: &str) {
        write(&self.workspace().join(name), text);
    }

    /// Runs the action in a folder of the repository.
    pub(crate) fn action(&self, folder: &str, inputs: &[(&str, &str)]) -> Outcome {
        let given: Map<String, Value> =
            inputs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        self.composite(folder, &given)
    }

    fn composite(&self, folder: &str, given: &Map<String, Value>) -> Outcome {
        let place = root().join(folder);
        let action = yaml(&place.join("action.yml"));
        let mut inputs = Map::new();
        let known = action["inputs"].as_object().expect("inputs");
        for name in given.keys() {
            assert!(known.contains_key(name), "no input is called {name}");
        }
        for (name, input) in known {
            let value = given.get(name).or(input.get("default"));
            let value = value.unwrap_or_else(|| panic!("{name} is required"));
            inputs.insert(name.clone(), json!(self.text(value, &json!({"github": self.github()}))));
        }
        if !given.contains_key("binary") && !given.contains_key("version") {
            inputs.insert("binary".to_owned(), json!(self.binary));
        }
        let mut outcome = self.steps(&action["runs"]["steps"], &json!(inputs), Some(&place));
        let steps = json!({"steps": outcome.outputs.remove("").map_or(json!({}), |text| {
            serde_json::from_str::<Value>(&text).expect("JSON")
        })});
        for (name, output) in action["outputs"].as_object().into_iter().flatten() {
            outcome.outputs.insert(name.clone(), self.text(&output["value"], &steps));
        }
        outcome
    }

    /// Runs the only job of a workflow.
    pub(crate) fn job(&self, workflow: &str) -> Outcome {
        let workflow = yaml(&root().join(workflow));
        let jobs = workflow["jobs"].as_object().expect("jobs");
        let job = jobs.values().next().expect("a job");
        assert_eq!(jobs.len(), 1);
        let mut outcome = self.steps(&job["steps"], &json!({}), None);
        outcome.outputs.remove("");
        outcome
    }

    fn github(&self) -> Value {
        json!({
            "token": TOKEN,
            "event": self.event,
            "workspace": self.workspace().display().to_string(),
        })
    }

    /// Runs steps one after the other. The output without a name is what all steps gave.
    fn steps(&self, steps: &Value, inputs: &Value, action: Option<&Path>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut outputs = Map::new();
        for (at, step) in steps.as_array().expect("steps").iter().enumerate() {
            let context = json!({"inputs": inputs, "github": self.github(), "steps": outputs});
            let condition = step["if"].as_str().unwrap_or("success()");
            if (outcome.code != 0 && !condition.contains("always()")) || !holds(condition, &context) {
                continue;
            }
            let given = self.map(&step["with"], &context);
            let id = step["id"].as_str().map_or_else(|| format!("step-{at}"), str::to_owned);
            let mut code = 0;
            if let Some(text) = step["run"].as_str() {
                assert!(!text.contains("${{"), "a value gets into a shell: {text}");
                code = self.shell(step, text, &context, action, &mut outcome, &mut outputs, &id);
            } else {
                let uses = step["uses"].as_str().expect("a step runs or uses");
                let (name, _) = uses.split_once('@').expect("pinned");
                if let Some(folder) = name.strip_prefix("OWNER/egressor") {
                    let inner = self.composite(folder.trim_matches('/'), &given);
                    code = inner.code;
                    outcome.log += &inner.log;
                    outcome.summary += &inner.summary;
                    outcome.used.extend(inner.used);
                    outputs.insert(id, json!({"outputs": inner.outputs}));
                } else {
                    outcome.used.push((name.to_owned(), given));
                }
            }
            if outcome.code == 0 && step["continue-on-error"] != json!(true) {
                outcome.code = code;
            }
        }
        outcome.outputs.insert(String::new(), json!(outputs).to_string());
        outcome
    }

    #[expect(clippy::too_many_arguments, reason = "what a step knows of what is around it")]
    fn shell(
        &self,
        step: &Value,
        text: &str,
        context: &Value,
        action: Option<&Path>,
        outcome: &mut Outcome,
        outputs: &mut Map<String, Value>,
        id: &str,
    ) -> i32 {
        let temp = self.folder.path().join("temp");
        let files = tempfile::tempdir_in(&temp).expect("a folder");
        let path = |name: &str| files.path().join(name);
        write(&path("event.json"), &self.event.to_string());
        write(&path("step.sh"), text);
        write(&path("output"), "");
        write(&path("summary"), "");
        let below = step.get("working-directory").map_or_else(|| ".".to_owned(), |it| self.text(it, context));
        // An action says which shell; a job gets this one, which does not heed a pipe's first parts.
        let shell: &[&str] = match step["shell"].as_str() {
            Some("bash") => &["--noprofile", "--norc", "-eo", "pipefail"],
            None if action.is_none() => &["-e"],
            other => panic!("shell: {other:?}"),
        };
        let mut command = Command::new("bash");
        let system = std::env::var("PATH").unwrap_or_default();
        let front: Vec<String> = self.programs.iter().map(|path| path.display().to_string()).collect();
        command
            .args(shell)
            .arg(path("step.sh"))
            .current_dir(self.workspace().join(below))
            .env_clear()
            .env("PATH", front.into_iter().chain([system]).collect::<Vec<_>>().join(":"))
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", &temp)
            .env("RUNNER_TEMP", &temp)
            .env("GITHUB_WORKSPACE", self.workspace())
            .env("GITHUB_EVENT_PATH", path("event.json"))
            .env("GITHUB_OUTPUT", path("output"))
            .env("GITHUB_STEP_SUMMARY", path("summary"))
            .env("GITHUB_API_URL", &self.api)
            .env("GITHUB_SERVER_URL", "https://github.example")
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_RUN_ID", "42")
            .env("GITHUB_SHA", "c".repeat(40))
            .env("GITHUB_HEAD_REF", "$(touch pwned)")
            .env("GITHUB_REF_NAME", "`touch pwned`");
        if let Some(action) = action {
            command.env("GITHUB_ACTION_PATH", action);
        }
        command.envs(&self.environment);
        command.envs(
            self.map(&step["env"], context)
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned())),
        );
        let output = command.output().expect("bash runs");
        outcome.log += &String::from_utf8_lossy(&output.stdout);
        outcome.log += &String::from_utf8_lossy(&output.stderr);
        let summary = fs::read(path("summary")).expect("a summary");
        assert!(summary.len() <= 1 << 20, "the summary is refused");
        outcome.summary += &String::from_utf8_lossy(&summary);
        let mut said = Map::new();
        for line in fs::read_to_string(path("output")).expect("outputs").lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no output: {line}"));
            said.insert(name.to_owned(), json!(value));
        }
        outputs.insert(id.to_owned(), json!({"outputs": said}));
        output.status.code().expect("it ends by itself")
    }

    /// A map with its expressions worked out.
    fn map(&self, map: &Value, context: &Value) -> Map<String, Value> {
        let entries = map.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), json!(self.text(value, context)))).collect()
    }

    /// A value as text, with its expressions worked out.
    #[expect(clippy::unused_self, reason = "all of the runner's words are asked of it")]
    fn text(&self, value: &Value, context: &Value) -> String {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut parts = text.split("${{");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").expect("an expression ends");
            out += &worth(expression.trim(), context);
            out += rest;
        }
        out
    }
}

/// Whether a condition holds: comparisons, joined by `&&`.
fn holds(condition: &str, context: &Value) -> bool {
    condition.split("&&").map(str::trim).all(|part| match part {
        "always()" | "success()" => true,
        _ => match (part.split_once("=="), part.split_once("!=")) {
            (Some((one, other)), _) => worth(one.trim(), context) == worth(other.trim(), context),
            (_, Some((one, other))) => worth(one.trim(), context) != worth(other.trim(), context),
            _ => panic!("condition: {part}"),
        },
    })
}

/// What a name or a literal stands for; nothing is empty text, as it is to GitHub.
fn worth(expression: &str, context: &Value) -> String {
    if let Some(text) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return text.to_owned();
    }
    let plain = |char: char| char.is_ascii_alphanumeric() || "._-".contains(char);
    assert!(expression.chars().all(plain), "expression: {expression}");
    let found = expression.split('.').fold(context, |value, name| &value[name]);
    match found {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
