//! Every command in a document is run, and prints what stands below it.
//!
//! A `console` block holds commands behind `$ ` and what they print, both streams as a terminal shows them. A command that
//! fails is followed by `$ echo $?`. A `sh` block holds commands alone, which succeed. `yaml file=NAME` (or any other
//! language) makes a file. The blocks of a document run in order, in a folder of their own.

use crate::blocks::{Block, blocks, documents, root, shown};
use crate::made::WRITING;
use crate::real;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The words behind `sh` of commands that are not run here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("network", "it asks the DNS or fetches something"),
    ("root", "it changes the rules or the services of the machine"),
    ("cloud", "it needs an account"),
    ("cluster", "it needs a cluster"),
    ("service", "it needs a program that runs, such as a proxy"),
    ("slow", "it takes minutes or hours"),
    ("build", "it builds or installs, which `.ci/run` does"),
];

/// Documents with a test of their own.
const ELSEWHERE: &[(&str, &str)] = &[
    ("docs/ci.md", "tests/reviews/documents.rs"),
    ("docs/install.md", "tests/packages/install.rs"),
    ("examples/04_project/README.md", "tests/example_project.rs"),
];

/// What a line of a block that is not marked must not begin with.
const PROGRAMS: &[&str] = &[
    "$",
    "aws",
    "az",
    "calicoctl",
    "cargo",
    "cd",
    "curl",
    "docker",
    "egressor",
    "envoy",
    "gcloud",
    "git",
    "haproxy",
    "ip6tables",
    "ip6tables-restore",
    "ip6tables-save",
    "ipset",
    "iptables",
    "iptables-restore",
    "iptables-save",
    "kubectl",
    "nft",
    "oc",
    "podman",
    "squid",
    "sudo",
    "terraform",
    "tinyproxy",
];

/// The day on which the documents are read.
const TODAY: &str = "2026-11-23";

#[derive(PartialEq)]
enum Kind {
    Console,
    Shell,
    NotRun,
    File(String),
    Text,
}

fn kind(block: &Block) -> Result<Kind, String> {
    let words: Vec<&str> = block.info.split_whitespace().collect();
    match words.as_slice() {
        ["console"] | ["console", "needs", _] => Ok(Kind::Console),
        ["sh"] => Ok(Kind::Shell),
        ["sh", why] if NOT_RUN.iter().any(|(word, _)| word == why) => Ok(Kind::NotRun),
        ["sh" | "bash" | "shell" | "console", ..] => Err(format!(
            "`{}` is no kind of block: commands are run (`console`, `sh`), or marked with why they are not: {}",
            block.info,
            NOT_RUN.iter().map(|(word, why)| format!("`sh {word}` ({why})")).collect::<Vec<_>>().join(", ")
        )),
        [_, file] if file.starts_with("file=") => Ok(Kind::File(file["file=".len()..].to_owned())),
        _ => {
            let first = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
            match block.text.lines().find(|line| PROGRAMS.contains(&first(line).as_str())) {
                Some(line) => {
                    Err(format!("`{line}` is a command in a block of `{}`: make it `console`", block.info))
                }
                None => Ok(Kind::Text),
            }
        }
    }
}

/// Runs a command in a folder, after one that ended with a code, as a terminal shows it.
fn bash(command: &str, code: i32, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_egressor")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-c", &format!("exec 2>&1; (exit {code})\n{command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("EGRESSOR_TODAY", TODAY)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("COLUMNS")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("a shell");
    let text = String::from_utf8(output.stdout).expect("text");
    let text = text.replace(&folder.display().to_string(), "/work");
    (
        output.status.code().unwrap_or(-1),
        if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" },
    )
}

/// Runs a document. Gives how many commands ran, its text as it should be, and what is wrong beyond outputs.
fn run(document: &str) -> (usize, String, Vec<String>) {
    let text = fs::read_to_string(root().join(document)).expect("a document");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["catalog", "docs", "examples", "tests"] {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).expect("a link");
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (mut count, mut wrong, mut changes) = (0, Vec::new(), Vec::new());
    for block in blocks(&text) {
        let place = format!("{document}:{}", block.line);
        match kind(&block).expect("another test says so") {
            Kind::Text | Kind::NotRun => {}
            Kind::File(name) => {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, &block.text).expect("a file");
            }
            Kind::Shell => {
                let (code, printed) = bash(&format!("set -e\n{}", block.text), 0, folder.path());
                count += 1;
                if code != 0 {
                    wrong.push(format!("{place}: exit {code}\n{}{printed}", block.text));
                }
            }
            Kind::Console => {
                if let Some(program) = block.info.strip_prefix("console needs ")
                    && !bash(&format!("command -v {program}"), 0, folder.path()).1.contains('/')
                {
                    real::skipped(program, 1, &place);
                    continue;
                }
                let commands = shown(&block).expect("another test says so");
                let (mut code, mut printed) = (0, String::new());
                for (at, shown) in commands.iter().enumerate() {
                    let (ended, output) = bash(&shown.command, code, folder.path());
                    code = ended;
                    count += 1;
                    let is_said =
                        commands.get(at + 1).is_some_and(|next| next.command.starts_with("echo $?"));
                    if code != 0 && !is_said {
                        wrong.push(format!(
                            "{place}: exit {code}, which no `$ echo $?` shows\n{}{output}",
                            shown.command
                        ));
                    }
                    printed.extend([shown.written.as_str(), output.as_str()]);
                }
                if printed != block.text {
                    changes.push((block.body, printed));
                }
            }
        }
    }
    for (body, printed) in changes.into_iter().rev() {
        lines.splice(body, printed.lines().map(str::to_owned));
    }
    let made: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    (count, made, wrong)
}

/// The first line in which two texts differ.
fn difference(old: &str, new: &str) -> String {
    let at = old.lines().zip(new.lines()).position(|(old, new)| old != new);
    let at = at.unwrap_or_else(|| old.lines().count().min(new.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    format!("line {}\n  stands: {}\n  printed: {}", at + 1, line(old), line(new))
}

#[test]
fn every_command_of_the_documents_runs_and_prints_what_is_shown() {
    let update = std::env::var_os("UPDATE").is_some();
    let _alone = update.then(|| WRITING.lock().unwrap_or_else(PoisonError::into_inner));
    let documents: Vec<String> = documents();
    let chosen = std::env::var("DOCS").unwrap_or_default();
    let (next, ran, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(document) = documents.get(next.fetch_add(1, Ordering::Relaxed)) {
            if ELSEWHERE.iter().any(|(name, _)| name == document) || !document.contains(&chosen) {
                continue;
            }
            let (count, made, mut said) = run(document);
            ran.fetch_add(count, Ordering::Relaxed);
            let text = fs::read_to_string(root().join(document)).expect("a document");
            if text != made && update {
                fs::write(root().join(document), &made).expect("it is written");
            } else if text != made {
                said.push(format!("{document}: {}", difference(&text, &made)));
            }
            wrong.lock().expect("a lock").extend(said);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(worker);
        }
    });
    let wrong = wrong.into_inner().expect("a lock");
    assert!(wrong.is_empty(), "{}\nrun the tests with UPDATE=1 to write outputs anew", wrong.join("\n\n"));
    let ran = ran.into_inner();
    assert!(ran >= 150 || !chosen.is_empty(), "only {ran} commands were run");
}

#[test]
fn every_block_with_a_command_is_run_or_says_why_not() {
    let mut wrong = Vec::new();
    let (mut run, mut not_run) = (0, 0);
    for document in documents().iter().filter(|name| ELSEWHERE.iter().all(|(elsewhere, _)| name != elsewhere))
    {
        let text = fs::read_to_string(root().join(document)).expect("a document");
        for block in blocks(&text) {
            let checked = kind(&block).and_then(|kind| {
                if kind == Kind::Console {
                    shown(&block)?;
                }
                Ok(kind)
            });
            match checked {
                Ok(Kind::Console | Kind::Shell) => run += 1,
                Ok(Kind::NotRun) => not_run += 1,
                Ok(_) => {}
                Err(why) => wrong.push(format!("{document}:{}: {why}", block.line)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run > 3 * not_run, "{run} blocks are run, {not_run} are not");
    for (document, test) in ELSEWHERE {
        assert!(root().join(document).exists() && root().join(test).exists(), "{document}");
    }
}
