//! Long output in the pager of whoever sits at the terminal.

use crate::syntax::words::split_shell;
use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Shows a text in the pager that `EGRESSOR_PAGER`, or else `PAGER`, names. Reports whether it was shown: without such a
/// variable nothing is run, and what cannot be run is no error.
pub(super) fn page(text: &str) -> bool {
    let named = std::env::var("EGRESSOR_PAGER").or_else(|_| std::env::var("PAGER")).unwrap_or_default();
    let Some((program, arguments)) = command(&named) else { return false };
    let mut pager = Command::new(program);
    pager.args(arguments).stdin(Stdio::piped());
    // As git has them: quit when all fits the screen, let colours through, and leave the text where it is.
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if std::env::var_os(name).is_none_or(|value| value == OsStr::new("")) {
            pager.env(name, value);
        }
    }
    let Ok(mut child) = pager.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Whoever quits early has seen enough.
        let _ = input.write_all(text.as_bytes());
    }
    let _ = child.wait();
    true
}

/// The words of a pager's command line: no shell reads them, so nothing in them is expanded. Nothing where the pager is
/// none, or `cat`, or more than words.
fn command(named: &str) -> Option<(String, Vec<String>)> {
    let words = split_shell(named, 0).ok()?;
    let mut words = words.into_iter().map(|word| word.text.into_owned());
    let program = words.next().filter(|program| !program.is_empty() && program != "cat")?;
    Some((program, words.collect()))
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_pager_is_a_program_and_its_arguments() {
        let words = |text| command(text).map(|(program, arguments)| [vec![program], arguments].concat());
        assert_eq!(words("less -R"), Some(vec!["less".to_owned(), "-R".to_owned()]));
        assert_eq!(words("'my pager' --title 'a b'").unwrap_or_default(), ["my pager", "--title", "a b"]);
        for text in ["", " ", "cat", "''", "less | cat", "$(touch x)", "less; touch x", "'"] {
            assert_eq!(words(text), None, "{text}");
        }
    }
}
