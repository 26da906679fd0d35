//! External readers: what a program answers is taken to the letter or not at all, whatever the program does.

use crate::run::{Run, egressor, egressor_in, quickstart_lock};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ANSWER: &str = r#"{"schema": "egressor/answer/v1", "format": "mine", "scopes": [
  {"scope": "s", "direction": "egress", "covers": ["ipv4", "ipv6"], "default": "deny", "rules": [
    {"action": "deny", "protocol": "tcp", "cidrs": ["192.0.2.9/32"], "place": {"file": "a.mine", "line": 1}},
    {"action": "allow", "protocol": "tcp", "cidrs": ["192.0.2.0/24"], "ports": ["443"], "place": {"file": "a.mine", "line": 2}}
  ]}], "findings": []}"#;

/// A folder with a file `a.mine` of three lines, and a program in the language of the shell.
fn folder(script: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.mine"), "one\ntwo\nthree").expect("a file");
    std::fs::write(folder.path().join("read.sh"), script).expect("a script");
    folder
}

/// A program that reads its input and prints an answer.
fn answering(answer: &str) -> TempDir {
    let folder = folder("cat >/dev/null; cat answer.json");
    std::fs::write(folder.path().join("answer.json"), answer).expect("an answer");
    folder
}

fn show_in(folder: &Path) -> Run {
    egressor_in(folder, &["show", "a.mine", "--reader", "*.mine=sh read.sh"])
}

#[test]
fn a_program_says_what_a_file_means_with_order_and_places() {
    let folder = answering(ANSWER);
    let run = show_in(folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("192.0.2.0-192.0.2.8") || run.stdout.contains("192.0.2.0/29"),
        "{}",
        run.stdout
    );
    let asks = |question: &str| {
        egressor_in(folder.path(), &["check", question, "a.mine", "--reader", "a.*=sh read.sh"])
    };
    let (open, shut) = (asks("192.0.2.8:443"), asks("192.0.2.9:443"));
    assert!(open.code == 0 && open.stdout.contains("a.mine:2: two"), "{}", open.stdout);
    assert!(shut.code == 1 && shut.stdout.contains("a.mine:1: one"), "{}", shut.stdout);
    let json =
        egressor_in(folder.path(), &["show", "a.mine", "--format", "json", "--reader", "*=sh read.sh"]);
    assert!(json.stdout.contains("\"format\": \"external:mine\""), "{}", json.stdout);
}

#[test]
fn nothing_that_is_wrong_with_an_answer_is_an_empty_policy() {
    for (from, to, said) in [
        ("egressor/answer/v1", "egressor/answer/v2", "v2"),
        ("\"format\": \"mine\", ", "", "the key `format` is missing"),
        ("\"default\": \"deny\", ", "", "the key `default` is missing"),
        ("\"action\": \"deny\", ", "", "the key `action` is missing"),
        (
            "\"protocol\": \"tcp\", \"cidrs\": [\"192.0.2.9/32\"]",
            "\"cidrs\": [\"192.0.2.9/32\"]",
            "`protocol` is missing",
        ),
        ("\"cidrs\": [\"192.0.2.9/32\"], ", "", "exactly one of cidrs, names and groups"),
        ("[\"192.0.2.9/32\"]", "[]", "the list is empty"),
        ("[\"192.0.2.9/32\"]", "null", "is needed, not nothing"),
        ("[\"192.0.2.9/32\"]", "[\"192.0.2.9/24\"]", "host bits"),
        ("[\"192.0.2.9/32\"]", "\"192.0.2.9/32\"", "a list is needed"),
        ("[\"192.0.2.9/32\"]", "[\"192.0.2.9/32\"], \"names\": [\"=x.example\"]", "exactly one of"),
        ("\"cidrs\": [\"192.0.2.9/32\"]", "\"names\": [\"=x.example\"]", "does not cover"),
        ("[\"443\"]", "[\"65536\"]", "65536"),
        ("[\"443\"]", "[443]", "a port or a range of ports is needed"),
        ("[\"443\"]", "[\"443-80\"]", "443"),
        ("\"tcp\", \"cidrs\": [\"192.0.2.0/24\"]", "\"tcpp\", \"cidrs\": [\"192.0.2.0/24\"]", "tcpp"),
        ("\"line\": 2", "\"line\": 4", "has 3 lines and no line 4"),
        ("\"line\": 2", "\"line\": 0", "there is no line 0"),
        ("\"line\": 2", "\"line\": -1", "there is no line -1"),
        ("\"file\": \"a.mine\", \"line\": 2", "\"file\": \"/etc/passwd\", \"line\": 2", "none of the files"),
        (", \"place\": {\"file\": \"a.mine\", \"line\": 2}", "", "the key `place` is missing"),
        ("\"findings\": []", "\"extra\": []", "unknown key `extra`"),
        ("\"findings\": []", "\"findings\": [{\"severity\": \"bad\", \"message\": \"x\"}]", "`bad`"),
        (
            "\"findings\": []",
            "\"findings\": [{\"severity\": \"error\", \"message\": \"not mine\"}]",
            "reader/says",
        ),
        ("\"scopes\": [", "\"scopes\": [], \"scopes\": [", "twice"),
        ("\"findings\": []}", "\"findings\": []", "the text ends"),
        ("\"findings\": []}", "\"findings\": []}{}", "after the end"),
    ] {
        let answer = ANSWER.replacen(from, to, 1);
        assert_ne!(answer, ANSWER, "{from}");
        let run = show_in(answering(&answer).path());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{to}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{to}: {}", run.stderr);
    }
    for (answer, said) in [
        ("", "reader/answer"),
        ("null", "reader/answer"),
        ("[]", "reader/answer"),
        ("{}", "the key `scopes` is missing"),
        (r#"{"schema": "egressor/answer/v1", "format": "mine", "scopes": []}"#, "the list is empty"),
        ("\u{0}", "reader/answer"),
    ] {
        let run = show_in(answering(answer).path());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{answer}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{answer}: {}", run.stderr);
    }
    let scopes =
        ANSWER.split_once('[').and_then(|(_, rest)| rest.rsplit_once("], \"findings\"")).expect("scopes").0;
    let twice = ANSWER.replace(scopes, &format!("{scopes}, {scopes}"));
    let run = show_in(answering(&twice).path());
    assert!(run.code == 2 && run.stderr.contains("is given twice"), "{}", run.stderr);
}

#[test]
fn a_condition_that_cannot_be_said_makes_bounds_and_is_named() {
    let condition = "\"unmodelled\": [{\"text\": \"on em0\", \"why\": \"interfaces are not known\"}], \"ports\": [\"443\"]";
    let folder = answering(&ANSWER.replace("\"ports\": [\"443\"]", condition));
    let run = egressor_in(folder.path(), &["check", "192.0.2.1:443", "a.mine", "--reader", "*=sh read.sh"]);
    assert!(run.code == 1 && run.stdout.contains("unknown (possible match)"), "{}", run.stdout);
    assert!(run.stdout.contains("if `on em0`, which is not modelled"), "{}", run.stdout);
}

#[test]
fn a_program_that_misbehaves_is_ended_and_its_answer_not_used() {
    let deep = "cat >/dev/null; awk 'BEGIN { for (i = 0; i < 1000000; i++) printf \"[\" }'";
    let large = "cat >/dev/null; head -c 100000000 /dev/zero";
    let cases = [
        ("exit 3", "exit status: 3", 5),
        ("cat >/dev/null; cat answer.json; exit 3", "exit status: 3", 5),
        ("cat >/dev/null; cat answer.json; kill -9 $$", "signal: 9", 5),
        ("cat >/dev/null", "reader/answer", 5),
        ("cat >/dev/null; printf '\\377\\376'", "not UTF-8", 5),
        (
            "cat >/dev/null; while :; do echo 0123456789012345678901234567890123456789; done",
            "more than 32 MiB",
            10,
        ),
        (large, "more than 32 MiB", 10),
        (deep, "nested deeper than 128", 10),
        ("cat >/dev/null; cat answer.json; sleep 600", "after 10 seconds", 15),
        ("sleep 600", "after 10 seconds", 15),
        ("cat >/dev/null; exec >&-; sleep 600", "after 10 seconds", 15),
        ("while :; do echo noise >&2; done", "after 10 seconds", 15),
    ];
    // Those that are waited for are waited for at once.
    std::thread::scope(|threads| {
        for (script, said, seconds) in cases {
            threads.spawn(move || {
                let folder = folder(script);
                std::fs::write(folder.path().join("answer.json"), ANSWER).expect("an answer");
                let start = Instant::now();
                let run = show_in(folder.path());
                assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{script}: {}", run.stderr);
                assert!(run.stderr.contains(said), "{script}: {}", run.stderr);
                assert!(
                    start.elapsed() < Duration::from_secs(seconds * 4),
                    "{script}: {:?}",
                    start.elapsed()
                );
                assert!(run.stderr.len() < 4_000, "{script}: {}", run.stderr);
            });
        }
    });
}

#[test]
fn a_program_that_does_not_read_its_file_has_not_read_it() {
    let folder = folder("exec <&-; cat answer.json");
    std::fs::write(folder.path().join("answer.json"), ANSWER).expect("an answer");
    std::fs::write(folder.path().join("a.mine"), "line\n".repeat(100_000)).expect("a large file");
    let run = show_in(folder.path());
    assert!(run.code == 2 && run.stderr.contains("did not read its input"), "{}", run.stderr);
}

#[test]
fn nothing_of_the_group_of_a_program_outlives_it() {
    // Children that hold the output open, and children of those.
    let script = "cat >/dev/null; cat answer.json; for i in 1 2 3 4; do (sleep 300 & sleep 300 & echo $! >>pids; wait) & echo $! >>pids; done; sleep 0.2";
    let folder = folder(script);
    std::fs::write(folder.path().join("answer.json"), ANSWER).expect("an answer");
    let start = Instant::now();
    let run = show_in(folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        start.elapsed() < Duration::from_secs(9),
        "it is not waited for what was left: {:?}",
        start.elapsed()
    );
    let pids = std::fs::read_to_string(folder.path().join("pids")).expect("their numbers");
    assert!(pids.lines().count() >= 4, "{pids}");
    for pid in pids.lines() {
        let status = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
        let state = status
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or("gone")
            .to_owned();
        assert!(matches!(state.as_str(), "gone" | "Z" | "X"), "{pid} lives: {status}");
    }
}

#[test]
fn a_program_gets_no_environment_but_path_and_language() {
    let folder = folder("cat >/dev/null; env >seen; cat answer.json");
    std::fs::write(folder.path().join("answer.json"), ANSWER).expect("an answer");
    assert_eq!(show_in(folder.path()).code, 0);
    let seen = std::fs::read_to_string(folder.path().join("seen")).expect("what it saw");
    let names: Vec<&str> =
        seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    // A shell sets some itself.
    let own = ["PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.contains(&"PATH") && names.iter().all(|name| own.contains(name)), "{names:?}");
}

#[test]
fn what_a_program_says_is_shown_without_secrets_and_control_characters() {
    let script = "cat >/dev/null; printf 'bad \\033[31mline\\007 \\n api_token=hunter2canary\\n' >&2; exit 1";
    let run = show_in(folder(script).path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("it said: bad \\u{1b}[31mline"), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2canary") && !run.stderr.contains('\u{1b}'), "{}", run.stderr);
    // The same holds for what it says in an answer.
    let finding =
        r#"{"severity": "warning", "message": "a\u001b[2Jb\u202e https://user:hunter2canary@host/"}"#;
    let run =
        show_in(answering(&ANSWER.replace("\"findings\": []", &format!("\"findings\": [{finding}]"))).path());
    assert!(run.code == 0 && run.stderr.contains("reader/says"), "{}", run.stderr);
    assert!(
        !run.stderr.contains("hunter2canary") && !run.stderr.contains(['\u{1b}', '\u{202e}']),
        "{}",
        run.stderr
    );
}

#[test]
fn the_command_is_started_without_a_shell() {
    let folder = answering(ANSWER);
    for command in [
        "sh read.sh; touch evil",
        "sh read.sh && touch evil",
        "$(touch evil)",
        "`touch evil`",
        "sh read.sh > evil",
    ] {
        let run = egressor_in(folder.path(), &["show", "a.mine", "--reader", &format!("*={command}")]);
        assert!(!folder.path().join("evil").exists(), "{command}: {}", run.stderr);
    }
    let none = egressor_in(folder.path(), &["show", "a.mine", "--reader", "*=no-such-program-anywhere"]);
    assert!(
        none.code == 2 && none.stderr.contains("cannot be started: it does not exist"),
        "{}",
        none.stderr
    );
    for wrong in ["x", "=sh", "*=", "*=  "] {
        assert_eq!(egressor_in(folder.path(), &["show", "a.mine", "--reader", wrong]).code, 2, "{wrong}");
    }
}

#[test]
fn no_file_of_a_project_starts_a_program() {
    let folder = folder("touch started; cat >/dev/null; cat answer.json");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("answer.json", ANSWER);
    let project = "schema: egressor/project/v1\nregion: us\ncomponents: all\nfeatures: default\nvariables: {dns_servers: unset}\n";
    for key in ["reader: \"*=sh read.sh\"", "readers: [\"*=sh read.sh\"]", "readers: {a.mine: sh read.sh}"] {
        write("egressor.yaml", &format!("{project}{key}\n"));
        for command in [["show", "a.mine"], ["diff", "a.mine"], ["lint", "a.mine"]] {
            assert_eq!(egressor_in(folder.path(), &command).code, 2, "{key}");
        }
        assert_eq!(egressor_in(folder.path(), &["generate"]).code, 2, "{key}");
    }
    std::fs::remove_file(folder.path().join("egressor.yaml")).expect("it goes");
    write("own/x.tera", "x\n");
    for reader in ["\"sh read.sh\"", "program sh read.sh", "sh", "./read.sh", "[program, sh]", "program"] {
        let manifest = format!(
            "schema: egressor/artifact/v1\nname: own\nsummary: x\npeers: addresses\ncomment: \"#\"\nvalue: word\n\
             files: [{{path: a.mine, template: x.tera}}]\nreader: {reader}\n"
        );
        write("own/artifact.yaml", &manifest);
        let lock = quickstart_lock();
        let run = egressor_in(
            folder.path(),
            &[
                "generate",
                "--region",
                "us",
                "--lock",
                &lock,
                "--artifact-dir",
                "own",
                "-t",
                "own",
                "--out",
                "-",
            ],
        );
        assert_eq!(run.code, 2, "{reader}: {}", run.stdout);
        if reader == "program" {
            assert!(run.stderr.contains("reader/missing"), "{}", run.stderr);
            assert!(run.stderr.contains("--reader 'a.mine=PROGRAM'"), "{}", run.stderr);
        }
    }
    assert!(!folder.path().join("started").exists(), "nothing was started");
}

#[test]
fn files_of_several_readers_are_no_one_rule_set() {
    let folder = answering(ANSWER);
    std::fs::write(folder.path().join("b.rules"), "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n").expect("a file");
    let run = egressor_in(folder.path(), &["show", "a.mine", "b.rules", "--reader", "*.mine=sh read.sh"]);
    assert!(run.code == 2 && run.stderr.contains("`b.rules` is not read by `sh read.sh`"), "{}", run.stderr);
    let two = ["show", "a.mine", "b.rules", "--reader", "*.mine=sh read.sh", "--reader", "*.rules=cat"];
    let run = egressor_in(folder.path(), &two);
    assert!(run.code == 2 && run.stderr.contains("different programs"), "{}", run.stderr);
}

fn example(name: &str) -> PathBuf {
    Path::new(ROOT).join("examples/09_external_reader").join(name)
}

#[test]
fn the_example_proves_an_artifact_and_refuses_one_that_says_more() {
    let (lock, reader) = (quickstart_lock(), format!("pf.conf=python3 {}", example("pf.py").display()));
    let own = tempfile::tempdir().expect("a folder");
    for name in ["artifact.yaml", "pf.conf.tera"] {
        std::fs::copy(example("pf-artifact").join(name), own.path().join(name)).expect("a copy");
    }
    let folder = own.path().display().to_string();
    let all = [
        "generate",
        "--region",
        "us",
        "--lock",
        &lock,
        "--artifact-dir",
        &folder,
        "-t",
        "pf",
        "--out",
        "-",
        "--reader",
        &reader,
    ];
    let run = egressor(&all);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("pass out quick inet proto tcp to 104.16.81.56/32 port 443:443"),
        "{}",
        run.stdout
    );
    let template = std::fs::read_to_string(own.path().join("pf.conf.tera")).expect("the template");
    for (from, to, said) in [
        ("block log all", "block in log all", "excess"),
        ("pass out quick inet6", "block out quick inet6", "missing"),
        ("set skip on lo", "set skip on em0", "verify/unread"),
        (
            "block log all",
            "block log all\npass out quick proto tcp to 203.0.113.0/24",
            "excess tcp 203.0.113.0/24",
        ),
        ("block log all", "block log all\nanchor \"x\"", "`anchor` is not understood"),
    ] {
        let other = template.replacen(from, to, 1);
        assert_ne!(other, template, "{from}");
        std::fs::write(own.path().join("pf.conf.tera"), other).expect("a template");
        let run = egressor(&all);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{to}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{to}: {}", run.stderr);
    }
}

#[test]
fn the_example_reader_refuses_what_it_does_not_understand() {
    let reader = format!("*=python3 {}", example("pf.py").display());
    let folder = tempfile::tempdir().expect("a folder");
    for (text, said) in [
        ("anchor \"x\"\n", "`anchor` is not understood"),
        ("pass out proto tcp to example.com port 443\n", "example.com"),
        ("pass out proto tcp to 192.0.2.1/24\n", "host bits"),
        ("pass out to <nobody>\n", "the table <nobody> is not defined"),
        ("pass out to $nobody\n", "the macro $nobody is not defined"),
        ("pass out proto tcp to any port 443 rdr-to 192.0.2.1\n", "`rdr-to` is not understood"),
        ("pass out inet6 to 192.0.2.1\n", "no address of the rule is of `inet6`"),
        ("pass out proto tcp to any port 99999\n", "99999"),
        ("block all \\", "goes on"),
        ("table <t> persist file \"/etc/t\"\npass out to <t>\n", "file"),
    ] {
        std::fs::write(folder.path().join("pf.conf"), text).expect("a file");
        let run = egressor_in(folder.path(), &["show", "pf.conf", "--reader", &reader]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{text}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{text}: {}", run.stderr);
    }
}

#[test]
fn lint_tells_a_rule_of_a_foreign_format_that_no_packet_reaches() {
    let shadow = ANSWER.replace("\"cidrs\": [\"192.0.2.9/32\"]", "\"cidrs\": [\"192.0.0.0/16\"]");
    let folder = answering(&shadow);
    let run = egressor_in(folder.path(), &["lint", "a.mine", "--reader", "*=sh read.sh"]);
    assert!(run.code == 1 && run.stderr.contains("lint/shadowed"), "{}", run.stderr);
}

#[test]
fn a_change_request_is_made_against_rules_that_a_program_reads() {
    let folder = answering(ANSWER);
    let lock = quickstart_lock();
    let run = egressor_in(
        folder.path(),
        &[
            "generate",
            "--region",
            "us",
            "--lock",
            &lock,
            "-t",
            "change-request",
            "--against",
            "a.mine",
            "--reader",
            "*=sh read.sh",
            "--out",
            "out",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let csv = std::fs::read_to_string(folder.path().join("out/change-request.csv")).expect("the request");
    assert!(csv.contains("192.0.2.0/29") && csv.contains("remove"), "{csv}");
}
