//! The documents say what is so.

#![cfg(test)]

use egressor::targets::TARGETS;
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
    let text = file("README.md");
    let (before, rest) = text.split_once("<!-- targets -->\n").expect("the table begins");
    let (table, after) = rest.split_once("<!-- /targets -->").expect("the table ends");
    if std::env::var_os("UPDATE").is_some() && table != rows() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        std::fs::write(path, format!("{before}<!-- targets -->\n{}<!-- /targets -->{after}", rows()))
            .expect("it is written");
        return;
    }
    assert_eq!(table, rows(), "run the tests with UPDATE=1 to write it anew");
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
    assert!(file("examples/02_drift_in_ci/README.md").contains(&format!("egressor {arguments}\n")));
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
