//! `egressor man`: manual pages, from the same commands that the command line is read with.

mod page;
mod texts;

use super::Exit;
use super::args::{Cli, ManArgs};
use super::output::Output;
use crate::diag::{Code, Finding, suggest_or_list};
use crate::ops::write::replace_one;
use crate::resolve::Timestamp;
use clap::{Command, CommandFactory as _};
use page::page;

pub(super) fn run(args: &ManArgs, output: Output) -> Exit {
    match made(args) {
        Ok(Made::Page(text)) => output.finish(&text, Exit::Same),
        Ok(Made::Folder(count)) => {
            output.status(&format!("{count} pages were written"));
            Exit::Same
        }
        Err(finding) => {
            output.findings(&[finding]);
            Exit::Failed
        }
    }
}

enum Made {
    Page(String),
    /// How many pages were written.
    Folder(usize),
}

fn made(args: &ManArgs) -> Result<Made, Finding> {
    let root = commands();
    let day = day()?;
    let Some(folder) = &args.out else {
        let command = args.command.iter().try_fold(&root, |of, name| below(of, name))?;
        return Ok(Made::Page(page(command, &root, &day)));
    };
    let commands = all(&root);
    for command in &commands {
        replace_one(&folder.join(format!("{}.1", page::name(command))), &page(command, &root, &day))?;
    }
    Ok(Made::Folder(commands.len()))
}

/// The commands, with what they take from the command above them.
fn commands() -> Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

fn below<'a>(of: &'a Command, name: &str) -> Result<&'a Command, Finding> {
    let known = || of.get_subcommands().filter(|command| !command.is_hide_set());
    known().find(|command| command.get_name() == name).ok_or_else(|| {
        let help = suggest_or_list(name, "known are", known().map(Command::get_name));
        Finding::new(Code::SelectionUnknown, format!("unknown command `{name}`")).help(help)
    })
}

/// A command and all below it.
fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    std::iter::once(command).chain(below.flat_map(all)).collect()
}

/// The day that pages bear: that of `SOURCE_DATE_EPOCH`, which is how a build says which day it is of, and none otherwise,
/// so that the same program prints the same page.
fn day() -> Result<String, Finding> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(String::new()) };
    let seconds = text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        let message = format!("`SOURCE_DATE_EPOCH` is `{}`, and not a number of seconds", text.display());
        Finding::new(Code::VariableInvalid, message)
    })?;
    let time = Timestamp::from_unix(seconds).to_string();
    Ok(time.split('T').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_texts_with_examples_and_every_text_a_command() {
        let root = commands();
        let names: Vec<String> = all(&root).into_iter().map(page::words).collect();
        for name in &names {
            let texts = texts::of(name);
            assert!(texts.is_some_and(|texts| !texts.examples.is_empty()), "`{name}` has no examples");
        }
        for texts in texts::TEXTS {
            assert!(names.iter().any(|name| name == texts.command), "there is no `{}`", texts.command);
        }
    }

    #[test]
    fn a_page_has_all_sections_and_no_markup_is_left() {
        let root = commands();
        for command in all(&root) {
            let text = page(command, &root, "");
            for section in [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "OPTIONS",
                "EXIT STATUS",
                "FILES",
                "ENVIRONMENT",
                "EXAMPLES",
            ] {
                let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")]
                    .iter()
                    .any(|line| text.contains(line));
                assert!(heading, "{}: {section}", page::name(command));
            }
            assert!(text.contains(".SH \"SEE ALSO\"\n"), "{}", page::name(command));
            assert!(!text.contains('`'), "{text}");
        }
    }
}
