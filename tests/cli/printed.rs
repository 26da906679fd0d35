//! What is printed on a terminal, in a pipe and in CI: colours, links, pages, widths, progress; and that no word of a
//! file is obeyed by a terminal.
//!
//! `tests/widths` holds what some commands print on terminals of several widths; `UPDATE=1` writes it anew.

use crate::run::{egressor, egressor_in};
use crate::terminal::{Terminal, no_terminal};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const RULES: &str = "*filter\n:OUTPUT DROP [0:0]\n\
    -A OUTPUT -d 192.0.2.0/25 -p tcp -m tcp --dport 443 -m comment --comment one -j ACCEPT\n\
    -A OUTPUT -d 198.51.100.0/24 -p tcp -m multiport --dports 80,443,8080,8443,9000:9100 -j ACCEPT\n\
    -A OUTPUT -d 203.0.113.64/26 -p tcp -m tcp --dport 443 -j ACCEPT\n\
    -A OUTPUT -d 203.0.113.1/32 -p udp -m udp --dport 53 -j ACCEPT\n\
    -A OUTPUT -d 0.0.0.0/0 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n";

fn rules() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("old"), "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n").expect("a file");
    fs::write(folder.path().join("new"), RULES).expect("a file");
    let twice = "-A OUTPUT -d 192.0.2.7/32 -p tcp -m tcp --dport 443 -j ACCEPT\n-A OUTPUT -d 0.0.0.0/0 -j ACCEPT\nCOMMIT\n";
    fs::write(folder.path().join("untidy"), RULES.replace("COMMIT\n", twice)).expect("a file");
    folder
}

/// Whether a text holds an escape sequence.
fn has_escape(text: &str) -> bool {
    text.contains('\u{1b}')
}

#[test]
fn colours_are_where_a_terminal_and_its_owner_want_them() {
    let folder = rules();
    let diff = ["diff", "old", "new"];
    let on = |env: &[(&str, &str)], flags: &[&str]| {
        let terminal = Terminal { rows: 50, columns: 80, folder: folder.path(), env };
        terminal.egressor(&[diff.as_slice(), flags].concat()).map(|run| has_escape(&run.stdout))
    };
    let Some(by_default) = on(&[], &[]) else { return no_terminal(9) };
    assert!(by_default);
    for (env, flags, wanted) in [
        (&[("NO_COLOR", "1")][..], &[][..], false),
        (&[("NO_COLOR", "")], &[], true),
        (&[("CLICOLOR", "0")], &[], false),
        (&[("TERM", "dumb")], &[], false),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], &[], false),
        (&[("NO_COLOR", "1")], &["--color", "always"], true),
        (&[], &["--color", "never"], false),
        (&[("NO_COLOR", "1")], &["--nonsense"], false),
        (&[], &["--nonsense", "--color=never"], false),
        (&[], &["--nonsense"], true),
    ] {
        // A link is an escape sequence too.
        let flags = [flags, ["--hyperlinks", "never"].as_slice()].concat();
        assert_eq!(on(env, &flags), Some(wanted), "{env:?} {flags:?}");
    }
}

#[test]
fn a_pipe_gets_colours_only_by_force() {
    let folder = rules();
    assert!(!has_escape(&egressor_in(folder.path(), &["diff", "old", "new"]).stdout));
    assert!(has_escape(&egressor_in(folder.path(), &["diff", "old", "new", "--color", "always"]).stdout));
    let forced = |name: &str, value: &str| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_egressor"));
        program
            .args(["diff", "old", "new"])
            .current_dir(folder.path())
            .env_remove("NO_COLOR")
            .env(name, value);
        has_escape(&String::from_utf8(program.output().expect("the program runs").stdout).expect("text"))
    };
    assert!(forced("CLICOLOR_FORCE", "1") && !forced("CLICOLOR_FORCE", "0") && !forced("CLICOLOR", "1"));
}

#[cfg(unix)]
fn script(folder: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    path.display().to_string()
}

#[cfg(unix)]
#[test]
fn long_results_are_shown_in_the_pager_of_the_environment_and_nowhere_else() {
    let folder = rules();
    let pager = script(folder.path(), "pager", "echo \"PAGED $1 $LESS\"; cat > paged");
    let other = script(folder.path(), "other", "echo OTHER; cat > /dev/null");
    let quits = script(folder.path(), "quits", "exit 3");
    let quoted = format!("'{pager}' word");
    let run = |env: &[(&str, &str)], rows: u32, words: &str| {
        let _ = fs::remove_file(folder.path().join("paged"));
        let terminal = Terminal { rows, columns: 100, folder: folder.path(), env };
        let run = terminal.egressor(&words.split(' ').collect::<Vec<_>>())?;
        Some((run, folder.path().join("paged").exists()))
    };
    let Some((run_paged, was_paged)) = run(&[("PAGER", &quoted)], 10, "diff old new") else {
        return no_terminal(14);
    };
    assert!(was_paged && run_paged.stdout.contains("PAGED word FRX"), "{}", run_paged.stdout);
    assert_eq!(run_paged.code, 1, "the exit code is that of the command");
    let again = |env: &[(&str, &str)], rows, words| run(env, rows, words).expect("a terminal");
    for (env, rows, words, wanted) in [
        (&[("PAGER", pager.as_str())][..], 100, "diff old new", false),
        (&[("PAGER", &pager)], 100, "diff old new --paging always", true),
        (&[("PAGER", &pager)], 10, "diff old new --no-pager", false),
        (&[("PAGER", &pager)], 10, "diff old new --paging never", false),
        (&[("PAGER", &pager), ("CI", "true")], 10, "diff old new", false),
        (&[("PAGER", &pager)], 10, "diff old new --format json", false),
        (&[("PAGER", &other), ("EGRESSOR_PAGER", &pager)], 10, "diff old new", true),
        (&[("PAGER", &pager), ("EGRESSOR_PAGER", "")], 10, "diff old new", false),
        (&[("PAGER", "cat")], 10, "diff old new", false),
        (&[], 10, "diff old new", false),
        (&[("PAGER", "/nonexistent/pager")], 10, "diff old new", false),
        (&[("PAGER", "touch injected; cat")], 10, "diff old new", false),
        (&[("PAGER", "$(touch injected)")], 10, "diff old new", false),
    ] {
        let (run, was_paged) = again(env, rows, words);
        assert_eq!((run.code, was_paged), (1, wanted), "{env:?} {words}: {}", run.stdout);
        assert!(was_paged || run.stdout.contains("203.0.113.64/26"), "{env:?} {words}: {}", run.stdout);
    }
    assert!(!folder.path().join("injected").exists(), "a shell has read the name of the pager");
    let (run, _) = again(&[("PAGER", &quits)], 10, "explain --paging always");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "a pager that quits is no error");
    let piped = std::process::Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(["explain", "--paging", "always"])
        .current_dir(folder.path())
        .env("PAGER", &other)
        .output()
        .expect("the program runs");
    assert!(!String::from_utf8_lossy(&piped.stdout).contains("OTHER"), "a pipe is never paged");
}

#[test]
fn files_and_pages_are_links_where_a_terminal_takes_them() {
    let folder = rules();
    fs::write(folder.path().join("bad rules"), "*filter\n-A OUTPUT --dprt 1\nCOMMIT\n").expect("a file");
    let run = |env: &[(&str, &str)], words: &[&str]| {
        let terminal = Terminal { rows: 50, columns: 100, folder: folder.path(), env };
        terminal.egressor(&[words, ["--color", "never"].as_slice()].concat()).map(|run| run.stdout)
    };
    let Some(said) = run(&[], &["show", "bad rules"]) else { return no_terminal(6) };
    assert!(
        said.contains("\u{1b}]8;;file:///") && said.contains("/bad%20rules\u{1b}\\bad rules:2:"),
        "{said:?}"
    );
    let said = run(&[], &["catalog", "show", "--catalog", "github", "registry"]).expect("a terminal");
    assert!(said.contains("\u{1b}]8;;https://") && !said.contains("]8;;http:"), "{said:?}");
    for env in [&[("TERM", "dumb")][..], &[("CI", "true")], &[("TERM", "linux")], &[("TERM", "")]] {
        let said = run(env, &["show", "bad rules"]).expect("a terminal");
        assert!(!said.contains("]8;;"), "{env:?}: {said:?}");
    }
    assert!(!run(&[], &["show", "bad rules", "--hyperlinks", "never"]).expect("a terminal").contains("]8;;"));
    assert!(!has_escape(&egressor_in(folder.path(), &["show", "bad rules"]).stderr), "a pipe gets no links");
}

#[test]
fn work_that_takes_long_says_so_on_a_terminal_and_leaves_nothing_behind() {
    let folder = rules();
    // Somebody writes to this pipe after a while.
    let wait = "mkfifo slow; (sleep 2; cat new > slow) & exec \"$0\" show slow --no-pager";
    let run = |env: &[(&str, &str)], line: &str| {
        let terminal = Terminal { rows: 50, columns: 60, folder: folder.path(), env };
        let _ = fs::remove_file(folder.path().join("slow"));
        terminal.run(&["sh", "-c", line, env!("CARGO_BIN_EXE_egressor")], &[])
    };
    let Some(said) = run(&[("NO_COLOR", "1")], wait) else { return no_terminal(3) };
    assert!(said.stdout.contains("\rreading slow (1 s)"), "{:?}", said.stdout);
    let (before, after) = said.stdout.rsplit_once("\r\u{1b}[2K").expect("the line is cleared");
    assert!(!before.contains("allows exactly") && after.contains("allows exactly"), "{:?}", said.stdout);
    for flag in ["--quiet", "--format json"] {
        let said = run(&[("NO_COLOR", "1")], &format!("{wait} {flag}")).expect("a terminal");
        assert!(!said.stdout.contains("reading slow"), "{:?}", said.stdout);
    }
}

/// What some commands print on terminals of several widths.
#[test]
fn what_is_printed_is_as_wide_as_the_terminal_and_no_address_is_broken() {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/widths");
    let folder = rules();
    for (name, words) in [
        ("targets", "targets"),
        ("catalog-list", "catalog list --catalog github"),
        ("catalog-show", "catalog show --catalog github registry"),
        ("show", "show new"),
        ("diff", "diff old new"),
        ("check", "check 203.0.113.70:443 new"),
        ("lint", "lint untidy"),
    ] {
        for columns in [40, 80, 120, 200] {
            let env = [("NO_COLOR", "1"), ("TERM", "dumb"), ("EGRESSOR_TODAY", "2026-11-23")];
            let terminal = Terminal { rows: 1000, columns, folder: folder.path(), env: &env };
            let Some(run) = terminal.egressor(&words.split(' ').collect::<Vec<_>>()) else {
                return no_terminal(28);
            };
            let path = kept.join(format!("{name}-{columns}.txt"));
            if std::env::var_os("UPDATE").is_some() {
                fs::create_dir_all(&kept).expect("a folder");
                fs::write(&path, &run.stdout).expect("a file");
            }
            assert_eq!(run.stdout, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
            for line in run.stdout.lines() {
                // A single word may be too wide, and is on a line of its own.
                let words = line.split_whitespace().count();
                let is_drawn =
                    line.contains(" | ") || line.trim_start().starts_with("-->") || line.contains('^');
                let wide = line.chars().count() > usize::try_from(columns).expect("a number");
                assert!(!wide || words <= 2 || is_drawn, "{name} at {columns}: {line}");
            }
        }
    }
}

#[test]
fn what_is_printed_in_a_pipe_does_not_depend_on_any_terminal() {
    let folder = rules();
    for words in
        [&["diff", "old", "new"][..], &["show", "new"], &["catalog", "list"], &["targets"], &["lint", "new"]]
    {
        let plain = egressor_in(folder.path(), words);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_egressor"))
            .args(words)
            .current_dir(folder.path())
            .envs([("COLUMNS", "40"), ("LINES", "5"), ("PAGER", "false"), ("TERM", "xterm")])
            .env_remove("NO_COLOR")
            .output()
            .expect("the program runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), plain.stdout, "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), plain.stderr, "{words:?}");
    }
}

/// What terminals obey: colours, titles, links, the clipboard, the cursor, eight-bit sequences, and what hides or turns text.
const OBEYED: &str = "\u{1b}[5mX\u{1b}]0;title\u{7}\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\\u{1b}]52;c;eA==\u{7}\u{9b}31mY\u{8}\u{202e}Z\u{7f}";

fn is_clean(text: &str) -> bool {
    let control = |char: char| char.is_control() && char != '\n';
    !text.chars().any(|char| control(char) || char == '\u{202e}')
}

#[test]
fn no_word_of_a_file_is_obeyed_by_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let put = |name: &str, text: String| fs::write(at.join(name), text).expect("a file");
    put(
        "rules",
        format!(
            "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 192.0.2.1/32 -m comment --comment \"{OBEYED}\" -j ACCEPT\n\
         -A OUTPUT -m owner --uid-owner \"{OBEYED}\" -j ACCEPT\nCOMMIT\n"
        ),
    );
    put("old", "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n".to_owned());
    put("bad", format!("*filter\n-A OUTPUT {OBEYED}\nCOMMIT\n"));
    put(
        "squid.conf",
        format!("acl {OBEYED} dstdomain a.example\nhttp_access allow {OBEYED}\nhttp_access deny all\n"),
    );
    put(
        "net.yaml",
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\n  annotations: {{a: \"{}\"}}\nspec:\n  podSelector: {{matchLabels: {{a: \"{}\"}}}}\n  policyTypes: [Egress]\n  egress: []\n",
            escaped(),
            escaped()
        ),
    );
    put("catalog.yaml", catalog().replace("purpose: The API", &format!("purpose: \"{}\"", escaped())));
    put(
        "main.tf",
        format!(
            "resource \"aws_vpc_security_group_egress_rule\" \"x\" {{\n  # {OBEYED}\n  description = \"{}\"\n  security_group_id = \"sg-1\"\n  cidr_ipv4 = \"192.0.2.0/24\"\n  ip_protocol = \"-1\"\n}}\n",
            escaped()
        ),
    );
    put("list", format!("192.0.2.0/24 # {OBEYED}\n{OBEYED}\n"));
    put("egressor.lock", format!("version = 1\n# {OBEYED}\n[[host]]\nname = \"{}\"\n", escaped()));
    for words in [
        vec!["show", "rules"],
        vec!["show", "bad"],
        vec!["show", "squid.conf"],
        vec!["show", "net.yaml"],
        vec!["show", "main.tf"],
        vec!["diff", "old", "rules"],
        vec!["diff", "old", "rules", "-v", "--witness"],
        vec!["diff", "old", "bad"],
        vec!["diff", "old", "rules", "--format", "markdown"],
        vec!["check", "192.0.2.1:443", "rules"],
        vec!["check", "192.0.2.1:443", "rules", "-v"],
        vec!["lint", "rules", "-v"],
        vec!["lint", "squid.conf"],
        vec!["lint", "main.tf"],
        vec!["merge", "list"],
        vec!["generate", "--catalog", "catalog.yaml"],
        vec!["generate", "--catalog", "catalog.yaml", "-t", "squid", "--out", "-", "--lock", "/dev/null"],
        vec!["catalog", "list", "--catalog", "catalog.yaml"],
        vec!["catalog", "show", "--catalog", "catalog.yaml"],
        vec!["catalog", "lint", "--catalog", "catalog.yaml"],
        vec!["catalog", "diff", "catalog.yaml", "castai"],
        vec!["generate", "--catalog", OBEYED],
        vec!["generate", "--region", OBEYED],
        vec!["generate", "-t", OBEYED],
        vec![OBEYED],
        vec!["generate", "--set", OBEYED],
        vec!["explain", OBEYED],
        vec!["targets", "--model", OBEYED],
        vec!["check", OBEYED, "rules"],
        vec!["lock", "--region", "us", "--only", OBEYED],
        vec!["catalog", "show", OBEYED],
        vec!["catalog", "import", OBEYED],
        vec!["init", "--region", OBEYED, "--project", "new.yaml"],
        vec!["generate", &format!("--{OBEYED}")],
    ] {
        let run = egressor_in(at, &words);
        assert!(is_clean(&run.stdout), "{words:?} prints {:?}", run.stdout);
        assert!(is_clean(&run.stderr), "{words:?} says {:?}", run.stderr);
        // Where colours are taken, none but ours.
        let run = egressor_in(at, &[words.as_slice(), &["--color", "always"]].concat());
        let text = format!("{}{}", run.stdout, run.stderr);
        for bad in ["\u{1b}[5m", "\u{1b}]", "\u{9b}", "\u{7}", "\u{8}", "\u{202e}", "\u{7f}"] {
            assert!(!text.contains(bad), "{words:?} prints {bad:?}: {text:?}");
        }
    }
}

/// The same, as a string of YAML, HCL and TOML may hold it.
fn escaped() -> String {
    let mut text = String::new();
    for char in OBEYED.chars() {
        if char == '\\' {
            text.push_str("\\\\");
        } else if char.is_control() || char == '\u{202e}' {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04X}", u32::from(char));
        } else {
            text.push(char);
        }
    }
    text
}

fn catalog() -> String {
    let case =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/catalog-word.case"));
    let case = case.expect("a case");
    let catalog = case
        .split_once("-- acme.yaml --\n")
        .expect("a catalog")
        .1
        .split("\n-- stderr")
        .next()
        .expect("a catalog");
    catalog.replace("actve", "active")
}

#[test]
fn every_code_is_listed_in_groups_and_every_page_is_whole() {
    let all = egressor(&["explain"]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diag/code.rs"))
        .expect("the table");
    let ids = source.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let id = words.get(1)?.strip_prefix('"')?.strip_suffix('"')?;
        (line.starts_with("    ")
            && id.contains('/')
            && matches!(words.get(2), Some(&("Error" | "Warning" | "Note"))))
        .then_some(id)
    });
    let ids: Vec<&str> = ids.collect();
    assert_eq!(ids.len(), egressor::diag::CODES.len());
    for id in ids {
        assert_eq!(
            all.stdout.lines().filter(|line| line.split_whitespace().next() == Some(id)).count(),
            1,
            "{id}"
        );
        let page = egressor(&["explain", id]);
        for part in ["such as: ", "what to do: "] {
            assert!(page.stdout.lines().any(|line| line.starts_with(part)), "{id}: {}", page.stdout);
        }
    }
    for group in ["catalog", "verify", "proxy"] {
        assert!(all.stdout.lines().any(|line| line == group), "{group}");
    }
}
