//! Completion scripts, as the shells that they are for run them.

use crate::real::skipped;
use crate::run::{EGRESSOR, command, printed, said, works};
use std::path::{Path, PathBuf};
use std::process::Command;

fn script(shell: &str) -> String {
    printed(command(EGRESSOR).args(["completions", shell]))
}

/// The shell, which finds the program by its name, as the script does.
fn shell(name: &str) -> Command {
    let folder = Path::new(EGRESSOR).parent().expect("a folder").display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let mut shell = command(name);
    shell.env("PATH", path);
    shell
}

/// The script of a shell in a file of that name.
fn written(shell: &str, name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, script(shell)).expect("it is written");
    (folder, path)
}

#[test]
fn each_shell_has_a_script_and_a_misspelt_one_is_refused() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        // Some hold the words, the others ask for them.
        let words: &[&str] = match shell {
            "elvish" | "powershell" => &["generate", "catalog", "exit-code-style"],
            _ => &["__complete"],
        };
        for word in words {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let refused = command(EGRESSOR).args(["completions", "bsh"]).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("'bash'"), "{}", said(&refused));
}

#[test]
fn bash_completes_commands_options_and_values() {
    if !works("bash", &["--version"]) {
        skipped("bash", 1, "it is not installed");
        return;
    }
    let (_folder, path) = written("bash", "egressor.bash");
    printed(command("bash").arg("-n").arg(&path));
    let complete = |words: &[&str]| {
        let body = r#"
            source "$1"; shift
            function_name=$(complete -p egressor | sed 's/.*-F \([^ ]*\) .*/\1/')
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
            "$function_name" egressor "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        printed(shell("bash").args(["-c", body, "bash"]).arg(&path).args(words))
    };
    assert_eq!(complete(&["egressor", "gen"]), "generate\n");
    assert_eq!(complete(&["egressor", "catalog", "di"]), "diff\n");
    assert_eq!(complete(&["egressor", "diff", "--exit"]), "--exit-code-style\n");
    assert_eq!(complete(&["egressor", "diff", "--fail-on", "b"]), "broadening\n");
}

#[test]
fn fish_completes_commands_and_says_what_they_do() {
    if !works("fish", &["--version"]) {
        skipped("fish", 1, "it is not installed");
        return;
    }
    let (_folder, path) = written("fish", "egressor.fish");
    let home = tempfile::tempdir().expect("a folder");
    let complete = |line: &str| {
        let body = format!("source {}; complete --do-complete '{line}'", path.display());
        printed(shell("fish").env("HOME", home.path()).args(["--no-config", "-c", &body]))
    };
    assert_eq!(
        complete("egressor gen"),
        "generate\tWrite rules for every target from the catalog and the lock\n"
    );
    assert!(
        complete("egressor diff --fail-on b").starts_with("--fail-on=broadening\t")
            || complete("egressor diff --fail-on b").starts_with("broadening\t")
    );
}

#[test]
fn zsh_completes_commands_at_its_prompt() {
    if !works("zsh", &["-f", "-c", "zmodload zsh/zpty"]) {
        skipped("zsh", 1, "it is not installed");
        return;
    }
    let (folder, path) = written("zsh", "_egressor");
    printed(command("zsh").arg("-n").arg(&path));
    // A shell of its own at a terminal of its own: the word is typed, and the key pressed.
    let body = r#"
        zmodload zsh/zpty
        zpty shell "TERM=dumb zsh -f -i"
        zpty -w shell "unsetopt zle_bracketed_paste 2>/dev/null; PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; print ready''made"
        while zpty -r shell line; do [[ $line == *readymade* && $line != *print* ]] && break; done
        zpty -w -n shell $'egressor gen\t--version\n'
        while zpty -r shell line; do print -r -- "$line"; [[ $line == *generate* ]] && break; done
        zpty -d shell"#;
    let zsh = ["20", "zsh", "-f", "-c", body, "zsh"];
    let shown = printed(shell("timeout").args(zsh).arg(folder.path()).env("HOME", folder.path()));
    assert!(shown.contains("egressor generate"), "{shown}");
}
