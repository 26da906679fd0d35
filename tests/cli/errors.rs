//! What is said about bad input, judged by a checklist: what is wrong, where, why, and what to do.
//!
//! Each file in `tests/errors` is a case: the command line, then the files of its folder, then what is printed on standard
//! error and the exit code. `UPDATE=1` writes the last two anew; read them before they are committed. A head of a file
//! is `-- NAME --`, or `-- NAME HOW --` for what is no plain text: `dir`, `hex` or `link:TARGET`. Two names mean
//! something else: `env` holds variables, `stdin` what is typed.

use crate::terminal::{Terminal, no_terminal};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A case that was read.
struct Case {
    name: String,
    path: PathBuf,
    /// The command line and the files, as they stand in the case.
    given: String,
    command: Vec<String>,
    files: Vec<(String, String, String)>,
    /// What is printed, and the exit code.
    wanted: String,
}

const WANTED: &str = "-- stderr --\n";

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the cases").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(case).collect()
}

fn case(path: PathBuf) -> Case {
    let text = fs::read_to_string(&path).expect("a case");
    let (given, wanted) =
        text.split_once(WANTED).map_or((text.as_str(), ""), |(given, wanted)| (given, wanted));
    let (line, mut rest) = given.split_once('\n').expect("a command line");
    let mut files = Vec::new();
    while let Some(after) = rest.strip_prefix("-- ") {
        let (head, body) = after.split_once(" --\n").expect("the end of a head");
        let end = body.find("\n-- ").map_or(body.len(), |at| at + 1);
        let end = if body.starts_with("-- ") { 0 } else { end };
        let (name, how) = head.split_once(' ').unwrap_or((head, ""));
        files.push((name.to_owned(), how.to_owned(), body[..end].to_owned()));
        rest = &body[end..];
    }
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let command = line.split(' ').map(str::to_owned).collect();
    Case { name, given: given.to_owned(), command, files, wanted: wanted.to_owned(), path }
}

impl Case {
    /// The folder of the case, as it stands before the run.
    fn lay(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("a folder");
        for (name, how, text) in &self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            match how.as_str() {
                _ if name == "env" || name == "stdin" => {}
                "" => fs::write(path, text).expect("a file"),
                "dir" => fs::create_dir_all(path).expect("a folder"),
                "hex" => {
                    let digit = |char: char| char.to_digit(16).expect("a digit");
                    let digits: Vec<u32> = text.trim().chars().map(digit).collect();
                    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte");
                    fs::write(path, digits.chunks(2).map(byte).collect::<Vec<u8>>()).expect("a file");
                }
                how => link(how.strip_prefix("link:").expect("a kind of file"), &path),
            }
        }
    }

    fn special(&self, wanted: &str) -> &str {
        self.files.iter().find(|(name, ..)| name == wanted).map_or("", |(.., text)| text.as_str())
    }

    fn env(&self) -> Vec<(&str, &str)> {
        self.special("env").lines().filter_map(|line| line.split_once('=')).collect()
    }

    /// The arguments, and whether standard output is full.
    fn arguments(&self) -> (Vec<&str>, bool) {
        let all: Vec<&str> = self.command.iter().skip(1).map(String::as_str).collect();
        match all.as_slice() {
            [arguments @ .., ">", "/dev/full"] => (arguments.to_vec(), true),
            _ => (all, false),
        }
    }

    /// What is printed on standard error, and the exit code.
    fn run(&self, folder: &Path) -> (String, i32) {
        let (arguments, is_full) = self.arguments();
        let mut program = Command::new(env!("CARGO_BIN_EXE_egressor"));
        program.args(arguments).current_dir(folder).stdin(Stdio::piped()).stderr(Stdio::piped());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "EGRESSOR_TODAY", "EGRESSOR_PAGER", "COLUMNS"] {
            program.env_remove(name);
        }
        program.envs(self.env());
        program.stdout(match fs::OpenOptions::new().write(true).open("/dev/full") {
            Ok(full) if is_full => Stdio::from(full),
            Ok(_) | Err(_) => Stdio::piped(),
        });
        let mut child = program.spawn().expect("the program runs");
        // Who does not read what is typed has closed its end.
        let _ = child.stdin.take().expect("standard input").write_all(self.special("stdin").as_bytes());
        let output = child.wait_with_output().expect("the program ends");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(
            output.stdout.is_empty(),
            "{} prints a result: {}",
            self.name,
            String::from_utf8_lossy(&output.stdout)
        );
        (stderr, output.status.code().expect("it ends by itself"))
    }
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).expect("a link");
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) {}

/// Every file below a folder with its text.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(snapshot(&path));
        }
        all.insert(path.clone(), fs::read(&path).ok());
    }
    all
}

/// What the checklist has against a text. `files` are those that a line may be in.
fn against(case: &Case, said: &str, code: i32) -> Vec<String> {
    let mut wrong = Vec::new();
    let first = said.lines().next().unwrap_or_default();
    let is_usage = first.starts_with("error: ");
    if !(is_usage || first.starts_with("error[") && first.contains("]: ")) {
        wrong.push(format!("the first line is no error: {first}"));
    }
    if code != 2 {
        wrong.push(format!("the exit code is {code}"));
    }
    let names_word = first.contains('`') || said.contains("--> ") || (is_usage && said.contains('\''));
    let names_what_is_missing = ["error[selection/region]", "error[lock/missing]"];
    let lacks = names_what_is_missing.iter().any(|head| first.starts_with(head))
        || first.contains("standard output")
        || first.contains("standard input")
        || said.contains("were not provided");
    if !names_word && !lacks {
        wrong.push("no word of the input is quoted, and no place is shown".to_owned());
    }
    let of_text = [
        "rules-",
        "catalog-",
        "overlay-",
        "lock-syntax",
        "lock-version",
        "lock-key",
        "project-",
        "template-s",
        "template-fi",
    ];
    let about_all =
        ["unknown-format", "file/", "-> read/too-large", "evidence/", "no plan is", "too many cases"];
    if of_text.iter().any(|head| case.name.starts_with(head))
        && !about_all.iter().any(|word| said.contains(word))
        && !said.contains("--> ")
    {
        wrong.push("no file and line is named".to_owned());
    }
    if !["help: ", "tip: ", "try '--help'"].iter().any(|word| said.contains(word)) {
        wrong.push("nothing says what to do".to_owned());
    }
    for word in [
        "Os {", "Error(", "Err(", "Some(", "None,", "panicked", "os error", "kind:", "unwrap", "&str",
        "String",
    ] {
        let of_input = case.given.contains(word);
        if said.contains(word) && !of_input {
            wrong.push(format!("`{word}` is no word for people"));
        }
    }
    let letter = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphabetic() || char == '_');
    let is_path = |at: usize| letter(said[..at].chars().next_back()) && letter(said[at + 2..].chars().next());
    if said.match_indices("::").any(|(at, _)| is_path(at)) {
        wrong.push("a path of Rust is no word for people".to_owned());
    }
    if said.chars().any(|char| char.is_control() && char != '\n') {
        wrong.push("a control character is printed".to_owned());
    }
    wrong
}

#[test]
fn every_error_says_what_is_wrong_where_why_and_what_to_do() {
    let update = std::env::var_os("UPDATE").is_some();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        case.lay(folder.path());
        let before = snapshot(folder.path());
        let (said, code) = case.run(folder.path());
        count += 1;
        let is = format!("{said}-- exit {code} --\n");
        if update {
            fs::write(&case.path, format!("{}{WANTED}{is}", case.given)).expect("the case");
        } else if is != case.wanted {
            wrong.push(format!("{} says\n{is}and not\n{}", case.name, case.wanted));
        }
        if snapshot(folder.path()) != before {
            wrong.push(format!("{}: something was written", case.name));
        }
        wrong.extend(
            against(&case, &said, code).into_iter().map(|why| format!("{}: {why}\n{said}", case.name)),
        );
    }
    assert!(count >= 60, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_error_is_wider_than_a_terminal_of_a_hundred_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut script = String::new();
    let mut names = Vec::new();
    for case in cases().iter().filter(|case| !case.arguments().1 && case.special("stdin").is_empty()) {
        case.lay(&folder.path().join(&case.name));
        let env: Vec<String> = case.env().iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        let words: Vec<String> = case.arguments().0.iter().map(|word| format!("'{word}'")).collect();
        let (name, env, words) = (&case.name, env.join(" "), words.join(" "));
        // No case holds a quote. All of them run in one terminal, for making one takes longer than a run.
        // Writing to a string cannot fail.
        let _ = writeln!(script, "(cd '{name}' && {env} \"$0\" {words}; echo \"END $?\")");
        names.push(case.name.clone());
    }
    fs::write(folder.path().join("script"), script).expect("a file");
    let env = [("NO_COLOR", "1"), ("TERM", "dumb")];
    let terminal = Terminal { rows: 50, columns: 100, folder: folder.path(), env: &env };
    let command = ["sh", "-c", ". ./script", env!("CARGO_BIN_EXE_egressor")];
    let Some(run) = terminal.run(&command, &[]) else { return no_terminal(names.len()) };
    let said: Vec<&str> = run.stdout.split_inclusive("END 2\n").collect();
    assert_eq!(said.len(), names.len(), "{}", run.stdout);
    for (name, said) in names.iter().zip(said) {
        for line in said.lines() {
            // A line of the usage is as long as its flags are, and one of a file as long as it is there.
            let is_list = line.trim_start().starts_with("[possible values") || line.contains(" | ");
            assert!(line.chars().count() <= 100 || is_list, "{name}: {line}");
        }
    }
}
