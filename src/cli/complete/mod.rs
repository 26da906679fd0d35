//! What may stand next on a command line, for the completion of shells.
//!
//! The scripts of [`script`] ask for it with the hidden subcommand `__complete`. It looks at the project file and at
//! catalogs as the command itself would, and at nothing else: no network, no program. Whatever is broken gives fewer
//! candidates and no message, for there is nobody to read one.

mod line;
mod script;
mod values;

pub(super) use script::{Asking, script};

use super::Exit;
use super::args::Cli;
use super::output::Output;
use crate::syntax::text::one_line;
use clap::{Args, CommandFactory as _};
use line::{Asked, Wanted};
use std::ffi::OsString;

/// What a script says of the line that is written.
#[derive(Debug, Args)]
pub(super) struct CompleteArgs {
    /// The shell that asks
    #[arg(value_enum)]
    shell: Asking,
    /// For bash, the line up to the cursor and the characters that break words; for others, its words
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    line: Vec<OsString>,
}

/// What may stand in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    value: String,
    help: String,
}

/// What a shell does beside offering the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Nothing.
    Words,
    /// No space follows a candidate: more of the word is to come.
    Open,
    /// It offers files.
    Files,
    /// It offers folders.
    Folders,
}

/// Prints what may stand at the end of the line: first what to do beside, then a candidate a line.
pub(super) fn run(args: &CompleteArgs, output: Output) -> Exit {
    let line: Vec<String> = args.line.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (words, breaks) = match (args.shell, line.as_slice()) {
        (Asking::Bash, [line, breaks]) => (line::split(line), breaks.as_str()),
        (Asking::Bash, [line]) => (line::split(line), ""),
        _ => (line, ""),
    };
    let (beside, candidates) = candidates(&words);
    let current = words.last().map(String::as_str).unwrap_or_default();
    // What stands before the last break is not replaced by bash, so it is no part of what is offered to it.
    let kept = current.rfind(|char| breaks.contains(char)).map_or(0, |at| at.saturating_add(1));
    let mut text = match beside {
        Beside::Words => "words\n",
        Beside::Open => "open\n",
        Beside::Files => "files\n",
        Beside::Folders => "folders\n",
    }
    .to_owned();
    for candidate in candidates.iter().filter(|candidate| is_plain(&candidate.value)) {
        text.push_str(candidate.value.get(kept..).unwrap_or_default());
        if args.shell != Asking::Bash && !candidate.help.is_empty() {
            text.push('\t');
            text.push_str(&one_line(&candidate.help));
        }
        text.push('\n');
    }
    output.finish(&text, Exit::Same)
}

// INVARIANT: a candidate means itself to every shell. A catalog may come from somebody else, and what it calls its
// endpoints must not become a command of whoever presses a key.
fn is_plain(value: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || "._/:=@,+%-".contains(char);
    !value.is_empty() && value.chars().all(plain)
}

/// What may stand in the place of the last of the words. The first is the name of the program.
fn candidates(words: &[String]) -> (Beside, Vec<Candidate>) {
    let mut root = Cli::command();
    root.build();
    let Some(([_, before @ ..], current)) = words.split_last().map(|(last, before)| (before, last)) else {
        return (Beside::Words, Vec::new());
    };
    let asked = Asked::of(&root, before, current);
    let (beside, mut candidates) = match &asked.wanted {
        Wanted::Subcommand => (Beside::Words, subcommands(asked.command)),
        Wanted::Flag => (Beside::Words, flags(asked.command)),
        Wanted::Value { arg, .. } => values::of(arg, &asked),
        Wanted::Nothing => (Beside::Words, Vec::new()),
    };
    let (before, part) = asked.split();
    candidates.retain(|candidate| candidate.value.starts_with(part));
    for candidate in &mut candidates {
        candidate.value.insert_str(0, before);
    }
    (beside, candidates)
}

fn subcommands(command: &clap::Command) -> Vec<Candidate> {
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    let about = |command: &clap::Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    shown.map(|command| Candidate { value: command.get_name().to_owned(), help: about(command) }).collect()
}

fn flags(command: &clap::Command) -> Vec<Candidate> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let help = |arg: &clap::Arg| arg.get_help().map(ToString::to_string).unwrap_or_default();
    let flag = |arg: &clap::Arg| Some(Candidate { value: format!("--{}", arg.get_long()?), help: help(arg) });
    shown.filter_map(flag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(line: &str) -> Vec<String> {
        candidates(&line::split(line)).1.into_iter().map(|candidate| candidate.value).collect()
    }

    #[test]
    fn what_may_follow_depends_on_what_is_there() {
        assert_eq!(offered("egressor gen"), ["generate"]);
        assert_eq!(offered("egressor catalog sh"), ["show"]);
        assert_eq!(offered("egressor generate --regi"), ["--region"]);
        assert_eq!(offered("egressor --project none generate -t ipt"), ["iptables"]);
        assert_eq!(offered("egressor generate -t squid,ipt"), ["squid,iptables"]);
        assert_eq!(offered("egressor generate --format=j"), ["--format=json"]);
        assert_eq!(offered("egressor generate --set aws.form=pre"), ["aws.form=prefix-lists"]);
        assert_eq!(offered("egressor explain verify/mis"), ["verify/mismatch"]);
        assert_eq!(offered("egressor catalog import microsoft"), ["microsoft365"]);
        assert_eq!(offered("egressor --project none catalog list --catalog github --region "), [""; 0]);
        assert!(
            offered("egressor --project none catalog list --catalog castai --region ")
                .contains(&"us".to_owned())
        );
        assert_eq!(offered("egressor generate -- --regi"), [""; 0]);
        assert_eq!(offered("egressor __comp"), [""; 0]);
        assert_eq!(offered(""), [""; 0]);
    }

    #[test]
    fn a_flag_for_files_offers_files_and_one_for_folders_offers_folders() {
        let beside = |line: &str| candidates(&line::split(line)).0;
        assert_eq!(beside("egressor generate --lock "), Beside::Files);
        assert_eq!(beside("egressor generate --out "), Beside::Folders);
        assert_eq!(beside("egressor show "), Beside::Files);
        assert_eq!(beside("egressor generate --set "), Beside::Open);
        assert_eq!(beside("egressor generate --region "), Beside::Words);
    }

    #[test]
    fn what_means_something_to_a_shell_is_not_offered() {
        for value in ["$(touch x)", "`id`", "a b", "a\nb", "\u{1b}[31m", "a;b", "", "~x", "*", "a'b", "é"] {
            assert!(!is_plain(value), "{value}");
        }
        for value in ["acme/node-logs", "aws.form=ip-permissions", "verify/mismatch", "a.b:443,c@d+e%f"] {
            assert!(is_plain(value), "{value}");
        }
    }
}
