//! The action, step by step.

use crate::forge::Forge;
use crate::runner::{Outcome, Runner};
use crate::support::{EGRESSOR, TOKEN, dump, has_tools, named, program, root};
use serde_json::{Value, json};
use std::fs;

const NARROW: &[(&str, u16, &str)] = &[("192.0.2.0/24", 443, "web")];
const WIDE: &[(&str, u16, &str)] = &[("192.0.2.0/24", 443, "web"), ("198.51.100.0/24", 22, "ticket 4711")];

/// A runner with two files of rules.
fn runner(forge: &Forge) -> Runner {
    let runner = Runner::new(&forge.url);
    runner.file("old.rules", &dump(NARROW));
    runner.file("new.rules", &dump(WIDE));
    runner
}

fn diff(runner: &Runner, args: &str, more: &[(&str, &str)]) -> Outcome {
    let inputs: Vec<(&str, &str)> = [("args", args)].into_iter().chain(more.iter().copied()).collect();
    runner.action("", &inputs)
}

#[test]
fn one_comment_is_made_then_updated_and_says_so_when_nothing_differs() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = runner(&forge);
    // Others wrote before, one of them with the mark, and so much that it takes pages.
    for at in 0..250 {
        forge.state().comment("somebody", &format!("comment {at}"));
    }
    forge.state().comment("mallory", "<!-- egressor review: default -->\nall is well");

    let first = diff(&runner, "old.rules\nnew.rules", &[]);
    assert_eq!(first.code, 1, "{}", first.log);
    assert!(first.log.contains("A comment was made."), "{}", first.log);
    let body = forge.state().ours()[0].body.clone();
    assert!(
        body.starts_with("<!-- egressor review: default -->\n### Firewall rules: **BROADENED**"),
        "{body}"
    );
    assert!(body.contains("198.51.100.0/24"), "{body}");
    let head = "a".repeat(40);
    let note = format!("Commit {head}, [this run](https://github.example/o/r/actions/runs/42).\n");
    assert!(body.ends_with(&note), "{body}");
    assert!(first.summary.contains("198.51.100.0/24"), "{}", first.summary);

    let second = diff(&runner, "new.rules\nold.rules", &[]);
    assert_eq!(second.code, 1, "{}", second.log);
    let third = diff(&runner, "old.rules\nold.rules", &[]);
    assert_eq!(third.code, 0, "{}", third.log);
    let state = forge.state();
    let [ours] = state.ours()[..] else { panic!("{:?}", state.ours()) };
    assert!(ours.body.contains("**EQUAL**") && !ours.body.contains("198.51.100.0/24"), "{}", ours.body);
    assert_eq!((state.asked("POST"), state.asked("PATCH")), (1, 2));
    assert_eq!(state.comments[250].body, "<!-- egressor review: default -->\nall is well", "not ours");
}

#[test]
fn comments_with_keys_of_their_own_stand_beside_each_other() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = runner(&forge);
    for key in ["prod", "staging", "prod"] {
        assert_eq!(diff(&runner, "old.rules\nnew.rules", &[("key", key)]).code, 1);
    }
    assert_eq!(forge.state().ours().len(), 2);
    let bad = diff(&runner, "old.rules\nnew.rules", &[("key", "a --> b")]);
    assert!(bad.code == 2 && forge.state().ours().len() == 2, "{}", bad.log);
}

#[test]
fn exit_codes_are_those_of_egressor_and_a_failure_is_told_in_the_comment() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = runner(&forge);
    let mut cases = vec![
        ("old.rules\nnew.rules", "any", 1),
        ("old.rules\nnew.rules", "broadening", 1),
        ("new.rules\nold.rules", "broadening", 0),
        ("old.rules\nnew.rules", "never", 0),
        ("old.rules\nmissing.rules", "never", 2),
        ("old.rules\nnew.rules\n--no-such-flag", "never", 2),
        ("old.rules\nnew.rules", "sometimes", 2),
    ];
    // What decides about exit codes cannot be given twice.
    cases.push(("old.rules\nnew.rules\n--fail-on\nnever", "any", 2));
    cases.push(("old.rules\nmissing.rules\n--exit-code-style\nterraform", "any", 2));
    for (args, fail_on, code) in cases {
        let outcome = diff(&runner, args, &[("fail-on", fail_on)]);
        assert_eq!(outcome.code, code, "{args} {fail_on}: {}", outcome.log);
        assert_eq!(outcome.outputs["exit-code"], code.to_string());
        let state = forge.state();
        let told = &state.ours()[0].body;
        assert_eq!(told.contains("**NOT COMPARED**"), code == 2, "{args}: {told}");
        assert_eq!(outcome.summary.contains("**NOT COMPARED**"), code == 2, "{}", outcome.summary);
        assert!(code != 2 || told.contains("\n    error"), "{told}");
    }
    // A program that dies said nothing of the rules.
    let dies = program(&runner.folder().join("dies"), "#!/bin/sh\n[ $1 = --version ] || kill -9 $$\n");
    let outcome = diff(&runner, "old.rules\nnew.rules", &[("binary", &dies), ("fail-on", "never")]);
    assert_eq!(outcome.code, 2, "{}", outcome.log);
    // A program that says something else of each form did not either.
    let torn = "#!/bin/sh\ncase \"$*\" in *sarif*) echo '{\"runs\":[]}'; exit 1;; esac\necho text\n";
    let torn = program(&runner.folder().join("torn"), torn);
    let outcome = diff(&runner, "old.rules\nnew.rules", &[("binary", &torn)]);
    assert_eq!(outcome.code, 2, "{}", outcome.log);
    assert!(outcome.summary.contains("**NOT COMPARED**"), "{}", outcome.summary);
}

#[test]
fn nothing_that_files_branches_or_titles_say_is_run() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let mut runner = runner(&forge);
    let evil = "$(touch pwned) `touch pwned` '; touch pwned; ' ${{ github.token }} ::set-output name=a::b ##[add-mask]x";
    let names = [
        "$(touch pwned).rules",
        "; touch pwned #.rules",
        "`touch pwned`.rules",
        "-n.rules",
        "' touch pwned '.rules",
    ];
    runner.event["pull_request"]["title"] = json!(evil);
    runner.event["pull_request"]["head"]["ref"] = json!(evil);
    runner.event["pull_request"]["head"]["sha"] = json!(format!("{evil}\nexit-code=0"));
    for name in names {
        runner.file(name, &dump(&[("198.51.100.0/24", 22, &evil.replace('\'', ""))]));
        let args = format!("old.rules\n./{name}\n\n");
        let outcome = diff(&runner, &args, &[("sarif", "true"), ("formats", "html\njson\nhuman")]);
        assert_eq!(outcome.code, 1, "{name}: {}", outcome.log);
        assert!(outcome.summary.contains("touch pwned"), "it is told: {}", outcome.summary);
        for line in outcome.log.lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "a command: {line}");
        }
    }
    // Nor does what a program says begin a line of Markdown, whatever ends its lines.
    let says = "#!/bin/sh\n[ $1 = --version ] && exit\nprintf 'one\\r::error::two\\r# three\\n@four\\n' >&2\nexit 2\n";
    let says = program(&runner.folder().join("says"), says);
    let outcome = diff(&runner, "old.rules\nnew.rules", &[("binary", &says)]);
    assert!(outcome.summary.contains("\n    one ::error::two # three\n    @four\n"), "{}", outcome.summary);
    assert!(!outcome.log.contains('\r'), "{}", outcome.log);
    // As a file that does not exist, its name is in an error.
    for name in names {
        let args = format!("old.rules\n./missing {name} ::error::x ##[error]y");
        let outcome = diff(&runner, &args, &[]);
        assert_eq!(outcome.code, 2, "{}", outcome.log);
        let commands =
            outcome.log.lines().filter(|line| line.trim_start().starts_with("::") || line.contains("##["));
        assert_eq!(commands.count(), 0, "{}", outcome.log);
    }
    for place in [runner.folder().to_owned(), root().join("review")] {
        assert_eq!(named(&place, "pwned"), Vec::<std::path::PathBuf>::new());
    }
}

#[test]
fn a_run_for_a_fork_has_a_summary_and_says_why_there_is_no_more() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    forge.state().read_only = true;
    let mut runner = runner(&forge);
    for fork in [json!({"full_name": "mallory/r"}), Value::Null] {
        runner.event["pull_request"]["head"]["repo"] = fork;
        let outcome = diff(&runner, "old.rules\nnew.rules", &[("sarif", "true")]);
        assert_eq!(outcome.code, 1, "the verdict is the same: {}", outcome.log);
        assert!(outcome.summary.contains("198.51.100.0/24"), "{}", outcome.summary);
        assert!(
            outcome.summary.contains("No comment: the token may not write one (403)"),
            "{}",
            outcome.summary
        );
        assert!(
            outcome.summary.contains("Nothing was sent to code scanning: a run for a fork"),
            "{}",
            outcome.summary
        );
        assert!(outcome.used.is_empty(), "{:?}", outcome.used);
    }
    assert!(forge.state().ours().is_empty());
}

#[test]
fn a_comment_that_cannot_be_kept_changes_no_verdict() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let mut runner = runner(&forge);
    let verdict = |runner: &Runner, more: &[(&str, &str)]| {
        let outcome = diff(runner, "old.rules\nnew.rules", more);
        assert_eq!(outcome.code, 1, "{}", outcome.log);
        assert!(outcome.summary.contains("No comment: "), "{}", outcome.summary);
    };
    verdict(&runner, &[("token", "another")]);
    verdict(&runner, &[("token", "")]);
    forge.state().broken = Some("<html>not JSON");
    verdict(&runner, &[]);
    forge.state().broken = None;
    runner.environment.insert("GITHUB_API_URL".to_owned(), "http://127.0.0.1:9".to_owned());
    verdict(&runner, &[]);
    runner.environment.clear();
    runner.event = json!({"repository": {"default_branch": "main"}});
    verdict(&runner, &[]);
    assert!(forge.state().comments.is_empty());
    // It was not asked for.
    let outcome = diff(&runner, "old.rules\nnew.rules", &[("comment", "false")]);
    assert!(outcome.code == 1 && !outcome.summary.contains("No comment"), "{}", outcome.summary);
    // A word that is neither is no "no".
    assert_eq!(diff(&runner, "old.rules\nold.rules", &[("comment", "yes")]).code, 2);
}

#[test]
fn a_report_of_two_hundred_kilobytes_is_cut_and_says_so() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = runner(&forge);
    let row = "| + | `filter/OUTPUT` egress | `tcp/443` | `198.51.100.0/24` | 256 | 😀 |";
    let long = format!(
        "#!/bin/sh\ncase \"$*\" in *sarif*) echo '{{\"runs\":[]}}'; exit 1;; esac\n[ $1 = --version ] && exit\n\
         printf '### Firewall rules\\n\\n|  | a | b | c | d | e |\\n|---|---|---|---|---|---|\\n'\n\
         yes '{row}' | head -n 20000\nexit 1\n"
    );
    let long = program(&runner.folder().join("long"), &long);
    let outcome = diff(&runner, "old.rules\nnew.rules", &[("binary", &long)]);
    assert_eq!(outcome.code, 1, "{}", outcome.log);
    let whole = fs::metadata(format!("{}/report.md", outcome.outputs["reports"])).expect("a report").len();
    assert!(whole > 1_000_000, "{whole}");
    let state = forge.state();
    let body = &state.ours()[0].body;
    assert!(body.len() > 60_000 && body.len() <= 65_536, "{}", body.len());
    let notice = body.lines().rev().nth(2).expect("lines");
    assert!(notice.contains("lines are left out here") && body.contains("[this run]"), "{notice}");
    assert!(body.lines().filter(|line| line.starts_with("| +")).all(|line| line == row));
    assert!(outcome.summary.contains("lines are left out here") && outcome.summary.len() > 900_000);
}

#[test]
fn the_report_for_code_scanning_is_json_whose_results_all_stand_somewhere() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = runner(&forge);
    runner.file("infra/rules/new rules.rules", &dump(WIDE));
    runner.file("infra/old.rules", &dump(&[("203.0.113.0/24", 80, "gone")]));
    let more =
        [("sarif", "true"), ("working-directory", "infra"), ("formats", "html\njson\nhuman"), ("key", "k")];
    let outcome = diff(&runner, "old.rules\nrules/new rules.rules", &more);
    assert_eq!(outcome.code, 1, "{}", outcome.log);
    let [(name, given)] = outcome.used.as_slice() else { panic!("{:?}", outcome.used) };
    assert_eq!(
        (name.as_str(), &given["category"]),
        ("github/codeql-action/upload-sarif", &json!("egressor-k"))
    );
    let path = given["sarif_file"].as_str().expect("a path");
    let log: Value = serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let mut places: Vec<&str> = Vec::new();
    for result in results {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        places.push(uri.as_str().unwrap_or_else(|| panic!("{result}")));
    }
    places.sort_unstable();
    places.dedup();
    assert_eq!(places, ["infra/old.rules", "infra/rules/new%20rules.rules"]);
    // Absolute names become relative to the repository, and traffic that no rule allows stands in the first file.
    let absolute = runner.workspace().join("infra/old.rules").display().to_string();
    let args = format!(
        "{absolute}\n--region\nus\n--lock\n{}/examples/01_quickstart/egressor.lock",
        root().display()
    );
    let outcome = diff(&runner, &args, &[("sarif", "true")]);
    assert_eq!(outcome.code, 1, "{}", outcome.log);
    let path = outcome.used[0].1["sarif_file"].as_str().expect("a path").to_owned();
    let log: Value = serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(results.len() > 10);
    for result in results {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "infra/old.rules", "{result}");
    }
    for file in ["report.md", "report.html", "report.json", "report.txt"] {
        assert!(
            fs::metadata(format!("{}/{file}", outcome.outputs["reports"])).is_ok() == (file == "report.md")
        );
    }
    // Nothing is sent of a comparison that failed: it would close what is open.
    let outcome = diff(&runner, "missing.rules\nnew.rules", &[("sarif", "true")]);
    assert!(outcome.code == 2 && outcome.used.is_empty(), "{:?}", outcome.used);
    assert!(outcome.summary.contains("Nothing was sent to code scanning: there is no comparison."));
    assert_eq!(diff(&runner, "old.rules\nnew.rules", &[("formats", "pdf")]).code, 2);
}

#[test]
fn the_token_is_in_the_requests_and_nowhere_else() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = runner(&forge);
    // Neither egressor nor any argument of a program gets it.
    let spy = format!(
        "#!/bin/bash\nenv >>{0}/spied\nfor p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline >>{0}/spied 2>/dev/null; done\nexec {EGRESSOR} \"$@\"\n",
        runner.folder().display()
    );
    let spy = program(&runner.folder().join("spy"), &spy);
    let curl = format!(
        "#!/bin/bash\nprintf '%s\\n' \"$@\" >>{}/spied\nexec {} \"$@\"\n",
        runner.folder().display(),
        which("curl")
    );
    program(&runner.folder().join("bin/curl"), &curl);
    let mut runner = runner;
    runner.programs.push(runner.folder().join("bin"));
    let outcome = diff(&runner, "old.rules\nnew.rules", &[("binary", &spy)]);
    assert_eq!(outcome.code, 1, "{}", outcome.log);
    assert_eq!(forge.state().ours().len(), 1);
    let spied = fs::read_to_string(runner.folder().join("spied")).expect("spied");
    assert!(spied.contains("REVIEW_ARGS") && spied.contains("/comments?per_page"), "{spied}");
    assert!(!spied.contains(TOKEN) && !outcome.log.contains(TOKEN) && !outcome.summary.contains(TOKEN));
    // The folder with the header is gone.
    let left =
        fs::read_dir(runner.folder().join("temp")).expect("a folder").map(|entry| entry.expect("one").path());
    for path in left.filter(|path| path.is_dir()) {
        assert!(named(&path, "header").is_empty(), "{}", path.display());
    }
}

#[test]
fn the_example_of_a_review_compares_what_was_before_with_what_comes() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    let runner = Runner::new(&forge.url);
    runner.file("base/out/iptables.rules", &dump(WIDE));
    runner.file("out/iptables.rules", &dump(NARROW));
    let closes = runner.job("examples/05_github/review.yml");
    assert_eq!(closes.code, 0, "{}", closes.log);
    runner.file("base/out/iptables.rules", &dump(NARROW));
    runner.file("out/iptables.rules", &dump(WIDE));
    let opens = runner.job("examples/05_github/review.yml");
    assert_eq!(opens.code, 1, "{}", opens.log);
    let used: Vec<&str> = opens.used.iter().map(|(name, _)| name.as_str()).collect();
    let others = ["actions/checkout", "github/codeql-action/upload-sarif", "actions/upload-artifact"];
    assert_eq!(used, [others[0], others[0], others[1], others[2]]);
    assert_eq!(opens.used[1].1["ref"], "b".repeat(40), "the base of the pull request");
    let reports = opens.used[3].1["path"].as_str().expect("a path");
    let mut kept: Vec<String> = fs::read_dir(reports)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    kept.sort();
    assert_eq!(kept, ["exit-code", "report.html", "report.md", "report.sarif"]);
    assert!(forge.state().ours()[0].body.contains("**BROADENED**"));
}

#[test]
fn the_example_of_a_plan_fails_for_what_the_plan_opens() {
    if !has_tools(1) {
        return;
    }
    let forge = Forge::start();
    for (plan, code) in [("plan-widen", 1), ("plan-delete", 0)] {
        let mut runner = Runner::new(&forge.url);
        runner.file("infra/main.tf", "");
        let plan = root().join("tests/corpus/aws-network-firewall-state").join(plan).join("plan.json");
        let terraform = format!("#!/bin/sh\n[ \"$1\" != show ] || cat {}\n", plan.display());
        program(&runner.folder().join("bin/terraform"), &terraform);
        runner.programs.push(runner.folder().join("bin"));
        let outcome = runner.job("examples/05_github/terraform.yml");
        assert_eq!(outcome.code, code, "{}", outcome.log);
        assert!(outcome.summary.contains("plan.json"), "{}", outcome.summary);
    }
    let state = forge.state();
    let [ours] = state.ours()[..] else { panic!("{:?}", state.ours()) };
    assert!(ours.body.starts_with("<!-- egressor review: infra -->"), "{}", ours.body);
}

/// Where a program is.
fn which(program: &str) -> String {
    let path = std::env::var("PATH").expect("a path");
    let found =
        path.split(':').map(|folder| format!("{folder}/{program}")).find(|path| fs::metadata(path).is_ok());
    found.expect("it is installed")
}
