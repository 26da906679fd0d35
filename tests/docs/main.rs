//! The documents say what is so.

#![cfg(test)]

mod blocks;
mod keys;
mod links;
mod made;
mod pages;
#[path = "../common/real.rs"]
mod real;
mod run;

use egressor::targets::TARGETS;
use std::fmt::Write as _;
use std::path::Path;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

/// The rows that the registry stands for.
fn rows() -> String {
    let rows = TARGETS.iter().map(|target| {
        let reads: Vec<String> =
            target.importers().iter().map(|importer| format!("`{}`", importer.name())).collect();
        format!("| `{}` | {} | {} |\n", target.name(), target.summary(), reads.join(", "))
    });
    format!("| target | writes | reads |\n|---|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn the_table_of_targets_in_the_readme_is_that_of_the_registry() {
    let wrong = made::check("README.md", &[made::Made { mark: "targets", below: "", text: rows() }]);
    assert!(wrong.is_empty(), "{wrong:?}");
    let mut text = "| target | writes |\n|---|---|\n".to_owned();
    for target in TARGETS {
        let _ = writeln!(text, "| [`{0}`]({0}.md) | {1} |", target.name(), target.summary());
    }
    let wrong = made::check("docs/targets/README.md", &[made::Made { mark: "targets", below: "", text }]);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_commands_of_the_readme_are_run_by_ci_and_by_the_tests() {
    let readme = file("README.md");
    let main_job = "generate --region us --lock examples/01_quickstart/egressor.lock --out out";
    assert!(readme.contains(&format!("cargo run -- {main_job}\n")));
    assert!(readme.contains("\ncargo test\n"));
    let ci = file(".ci/run");
    assert!(ci.contains("generate --region us --lock examples/01_quickstart/egressor.lock --out"));
    assert!(ci.contains("cargo test --locked"));
}

#[test]
fn every_command_of_the_table_exists() {
    let readme = file("README.md");
    let commands =
        readme.lines().filter_map(|line| line.strip_prefix("| `egressor ")?.split(['`', ' ']).next());
    let commands: Vec<&str> = commands.collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_egressor"))
            .args([command, "--help"])
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{command}");
    }
}

#[test]
fn the_line_that_the_readme_shows_is_the_one_that_is_written() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock");
    let lock = lock.display().to_string();
    let arguments = ["generate", "--region", "us", "--lock", &lock, "-t", "iptables", "--out", "-", "-q"];
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_egressor")).args(arguments).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let shown = file("README.md");
    let line = shown.lines().find(|line| line.starts_with("-A EGRESSOR-OUT")).expect("a rule is shown");
    assert!(text.lines().any(|written| written == line), "{line}\n{text}");
}

#[test]
fn the_comment_of_the_drift_example_is_the_one_that_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments =
        "diff examples/02_drift_in_ci/host.rules --region us --lock examples/01_quickstart/egressor.lock";
    assert!(
        file("examples/02_drift_in_ci/README.md").contains(&format!("$ egressor {arguments} 2> /dev/null\n"))
    );
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(arguments.split(' '))
        .args(["--format", "markdown", "-q"])
        .current_dir(root)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1), "the sides differ");
    let printed = String::from_utf8(output.stdout).expect("text");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root.join("examples/02_drift_in_ci/comment.md"), &printed).expect("it is written");
    }
    assert_eq!(
        file("examples/02_drift_in_ci/comment.md"),
        printed,
        "run the tests with UPDATE=1 to write it anew"
    );
}

fn run(arguments: &[String]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_list_of_the_example_of_an_artifact_of_ones_own_is_the_one_that_is_printed() {
    let folder = "examples/03_custom_template";
    let arguments = format!(
        "generate --region us --lock examples/01_quickstart/egressor.lock --artifact-dir {folder}/panos-edl -t panos-edl --out - -q"
    );
    assert!(
        file(&format!("{folder}/README.md")).contains(&format!("$ egressor {arguments} > panos-edl.txt\n"))
    );
    let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    let (code, printed, said) = run(&arguments);
    assert_eq!(code, Some(0), "{said}");
    let path = format!("{folder}/panos-edl.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path), &printed).expect("it is written");
    }
    assert_eq!(file(&path), printed, "run the tests with UPDATE=1 to write it anew");
    assert!(printed.contains("\n104.16.81.56/32 # castai/api"));
}

#[test]
fn the_page_of_catalogs_names_every_shipped_one() {
    let page = file("docs/catalogs.md");
    for (id, _) in egressor::catalog::SHIPPED {
        assert!(page.contains(&format!("| `{id}` |")), "{id}");
    }
}

#[test]
fn the_page_of_reviews_names_codes_verdicts_and_flags_that_exist() {
    let page = file("docs/review.md");
    let words: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let codes = words.iter().filter(|word| word.contains('/') && !word.contains([' ', '.']));
    let unknown: Vec<_> = codes.clone().filter(|code| egressor::diag::Code::parse(code).is_none()).collect();
    assert!(codes.count() >= 6 && unknown.is_empty(), "{unknown:?}");
    let schema = egressor::report::diff_schema().to_string();
    for word in ["broadened", "narrowed", "equal", "rewritten_rules"] {
        assert!(words.contains(&word) && schema.contains(&format!("\"{word}\"")), "{word}");
    }
    assert!(
        words.contains(&"effect")
            && egressor::report::catalog_diff_schema().to_string().contains("\"effect\"")
    );
    for command in words.iter().filter_map(|word| word.strip_prefix("egressor ")) {
        let plain = command.split(' ').filter(|word| !word.chars().all(|char| char.is_ascii_uppercase()));
        let mut arguments: Vec<String> = plain.map(str::to_owned).collect();
        arguments.push("--help".to_owned());
        let (code, printed, said) = run(&arguments);
        assert_eq!(code, Some(0), "{command}: {said}");
        let flags = command.split(' ').filter(|word| word.starts_with("--"));
        assert!(flags.into_iter().all(|flag| printed.contains(flag)), "{command}");
    }
}

#[test]
fn every_key_of_a_manifest_is_documented() {
    let page = file("docs/custom-artifacts.md");
    let schema = egressor::artifact::manifest_schema();
    for key in schema["properties"].as_object().expect("keys").keys() {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
    let model = egressor::artifact::model_schema();
    for key in model["properties"]
        .as_object()
        .expect("keys")
        .keys()
        .filter(|key| !["name", "summary"].contains(&key.as_str()))
    {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}
