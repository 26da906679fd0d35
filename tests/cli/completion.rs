//! What shells complete, asked of the shells themselves.

use crate::real;
use crate::run::{Run, egressor_in};
use crate::terminal::{Terminal, no_terminal};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is offered at the end of a line of words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let run = egressor_in(folder, &[&["__complete", "fish", "--", "egressor"], words].concat());
    assert!(run.code == 0 && run.stderr.is_empty(), "{words:?}: {run:?}");
    run.stdout.lines().skip(1).map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// A catalog whose names are hostile to shells and terminals, as far as a catalog may have such names at all.
fn hostile_files(folder: &Path) {
    let catalog = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/github.yaml"))
        .expect("a catalog");
    fs::write(folder.join("good.yaml"), &catalog).expect("a file");
    for (at, name) in
        ["$(touch x)", "`touch x`", "a\\nb", "\\e[31mred", "a;touch x", "'|touch x'"].iter().enumerate()
    {
        let text = catalog.replacen("  - id: ", &format!("  - id: \"{name}\"\n    x: "), 1);
        fs::write(folder.join(format!("bad{at}.yaml")), text).expect("a file");
    }
    let rules = "*filter\n:OUTPUT DROP [0:0]\n:$(touch\u{20}x) - [0:0]\n:`touch - [0:0]\nCOMMIT\n";
    fs::write(folder.join("rules"), rules).expect("a file");
    fs::write(
        folder.join("egressor.yaml"),
        "env: {\"$(touch x)\": {}, \"a\\nb\": {}, \"\\e[31m\": {}, plain: {}}\n",
    )
    .expect("a file");
}

#[test]
fn values_follow_from_the_line_and_from_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let init = [
        "init",
        "--region",
        "us",
        "--owner",
        "t",
        "--ticket",
        "T-1",
        "--expires",
        "never",
        "--catalog",
        "castai",
    ];
    assert_eq!(egressor_in(at, &init).code, 0);
    let has = |words: &[&str], wanted: &str| {
        let offered = offered(at, words);
        assert!(offered.iter().any(|word| word == wanted), "{words:?}: {offered:?}");
    };
    has(&["generate", "--region", ""], "us");
    has(&["generate", "--without", "implied/d"], "implied/dns");
    has(&["generate", "--component", ""], "agent");
    has(&["generate", "--no-feature", "sec"], "security");
    has(&["catalog", "show", "node"], "node-logs");
    has(&["catalog", "show", "--catalog", "github", "github/"], "github/registry");
    has(&["generate", "--set", "dns"], "dns_servers=");
    has(&["generate", "--set", "squid.tls="], "squid.tls=splice");
    has(&["generate", "--set=squid.tls="], "--set=squid.tls=splice");
    has(&["lock", "--only", ""], "api.cast.ai");
    has(&["diff", "--envelope", "git"], "github");
    has(&["catalog", "diff", "git"], "github");
    has(&["targets", "--model", "man"], "manifest");
    assert!(
        offered(at, &["generate", "--catalog", "github", "--region", ""]).is_empty(),
        "github has no regions"
    );
    fs::write(at.join("rules"), "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n").expect("a file");
    has(&["check", "192.0.2.1", "rules", "--scope", "fil"], "filter/OUTPUT");
    let text = fs::read_to_string(at.join("egressor.yaml")).expect("the project");
    fs::write(at.join("egressor.yaml"), format!("{text}env:\n  staging: {{}}\n  production: {{}}\n"))
        .expect("a file");
    has(&["generate", "--env", "st"], "staging");
}

#[test]
fn what_is_broken_offers_less_and_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    hostile_files(folder.path());
    fs::create_dir(folder.path().join("folder")).expect("a folder");
    for catalog in ["bad0.yaml", "missing.yaml", "folder", "/dev/zero", "rules"] {
        assert!(
            offered(
                folder.path(),
                &["generate", "--project", "none", "--catalog", catalog, "--without", "git"]
            )
            .is_empty()
        );
    }
    for words in [
        &["generate", "--region", ""][..],
        &["nonsense", ""],
        &["generate", "--nonsense", ""],
        &["--env", "x", "--env", ""],
    ] {
        offered(folder.path(), words);
    }
}

#[test]
fn no_name_of_a_file_becomes_a_command_or_reaches_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    hostile_files(folder.path());
    let mut lines: Vec<Vec<String>> = vec![
        vec!["generate".into(), "--env".into(), String::new()],
        vec!["check".into(), "h".into(), "rules".into(), "--scope".into(), String::new()],
    ];
    for at in 0..6 {
        let catalog = format!("bad{at}.yaml");
        lines.push(["catalog", "show", "--catalog", &catalog, ""].map(str::to_owned).into());
    }
    for words in &lines {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for word in offered(folder.path(), &words) {
            let plain = word.chars().all(|char| char.is_ascii_alphanumeric() || "._/:=@,+%-".contains(char));
            assert!(plain, "{words:?} offers {word:?}");
        }
    }
    assert!(offered(folder.path(), &["generate", "--env", ""]).contains(&"plain".to_owned()));
}

#[test]
fn an_answer_is_there_before_anyone_waits_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for words in [&["generate", "--region", ""][..], &["catalog", "show", ""], &["explain", ""]] {
        let best = (0..5).map(|_| {
            let start = Instant::now();
            offered(folder.path(), words);
            start.elapsed()
        });
        // A release takes a tenth of this build, and the limit for people is 20 ms of that.
        let best = best.min().unwrap_or_default();
        assert!(best < Duration::from_millis(400), "{words:?} took {best:?}");
    }
}

/// The lines that are typed, and what must be printed once they are run: the shell has completed them, or there is
/// nothing to print.
const TYPED: [(&str, &str); 4] = [
    ("egressor expl\tverify/mism\t", "an artifact that does not mean what was asked"),
    ("egressor catalog sh\t--catalog git\trelease-as\t --form\tjs\t", "\"id\": \"github/release-assets\""),
    ("egressor generate --region us --set squid.tls=spl\t -t squi\t--out - ", "ssl_bump splice"),
    ("egressor show some-f\t", "OUTPUT (egress) allows exactly"),
];

/// What a shell prints when lines are typed into it.
fn typed(shell: &[&str], begins: &str) -> Option<Run> {
    let folder = tempfile::tempdir().expect("a folder");
    hostile_files(folder.path());
    fs::remove_file(folder.path().join("egressor.yaml")).expect("it was there");
    fs::write(folder.path().join("some-file"), "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n").expect("a file");
    let name = shell[0];
    let script = egressor_in(folder.path(), &["completions", name]);
    assert_eq!(script.code, 0, "{}", script.stderr);
    fs::write(folder.path().join("script"), script.stdout).expect("a file");
    let program = Path::new(env!("CARGO_BIN_EXE_egressor")).parent().expect("a folder").display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let home = folder.path().display().to_string();
    let terminal = Terminal {
        rows: 200,
        columns: 200,
        folder: folder.path(),
        env: &[
            ("PATH", &path),
            ("HOME", &home),
            ("NO_COLOR", "1"),
            ("TERM", "dumb"),
            ("INPUTRC", "/dev/null"),
        ],
    };
    // Each line is typed once the one before has ended.
    let mut types = vec![(String::new(), begins.to_owned())];
    for (at, (line, _)) in TYPED.iter().enumerate() {
        types.push((format!("END-OF-{at}"), format!("{line}; echo END-OF''-{}\n", at + 1)));
    }
    types.push((format!("END-OF-{}", TYPED.len()), "exit\n".to_owned()));
    let types: Vec<(&str, &str)> = types.iter().map(|(wait, text)| (wait.as_str(), text.as_str())).collect();
    let run = terminal.run(shell, &types);
    assert!(!folder.path().join("x").exists(), "a name was run as a command");
    run
}

fn completes(shell: &[&str], begins: &str) {
    if Command::new(shell[0]).arg("-c").arg("exit 0").output().is_err() {
        return real::skipped(shell[0], TYPED.len(), "it is not installed");
    }
    let Some(run) = typed(shell, begins) else { return no_terminal(TYPED.len()) };
    for (line, printed) in TYPED {
        assert!(run.stdout.contains(printed), "{} does not complete {line:?}:\n{}", shell[0], run.stdout);
    }
}

#[test]
fn bash_completes_what_the_program_offers() {
    completes(&["bash", "--norc", "--noprofile", "-i"], "source ./script; echo END-OF''-0\n");
}

#[test]
fn zsh_completes_what_the_program_offers() {
    completes(
        &["zsh", "-f", "-i"],
        "autoload -Uz compinit; compinit -D -u; source ./script; echo END-OF''-0\n",
    );
}

#[test]
fn fish_completes_what_the_program_offers() {
    if Command::new("fish").arg("-c").arg("exit 0").output().is_err() {
        return real::skipped("fish", 4, "it is not installed");
    }
    let folder = tempfile::tempdir().expect("a folder");
    hostile_files(folder.path());
    let script = egressor_in(folder.path(), &["completions", "fish"]);
    fs::write(folder.path().join("script"), script.stdout).expect("a file");
    let program = Path::new(env!("CARGO_BIN_EXE_egressor")).parent().expect("a folder").display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    for (line, offered) in [
        ("egressor expl", "explain"),
        ("egressor explain verify/mism", "verify/mismatch"),
        ("egressor catalog show --catalog github release-as", "release-assets"),
        ("egressor generate --set squid.tls=spl", "squid.tls=splice"),
        ("egressor show rul", "rules"),
        ("egressor generate --env ", "plain"),
    ] {
        let output = Command::new("fish")
            .args(["--no-config", "-c", "source ./script; complete -C $argv[1]", line])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("HOME", folder.path())
            .output()
            .expect("fish runs");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let found = stdout.lines().any(|line| line.split('\t').next() == Some(offered));
        assert!(found, "{line:?} offers {stdout:?} {}", String::from_utf8_lossy(&output.stderr));
        assert!(!stdout.contains('\u{1b}') && !stdout.contains('$'), "{stdout:?}");
    }
    assert!(!folder.path().join("x").exists(), "a name was run as a command");
}
