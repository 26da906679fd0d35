//! The command line: arguments in, text and an exit code out.

mod args;
mod catalog;
mod catalog_args;
mod catalog_diff;
mod catalog_entry;
mod catalog_import;
mod catalog_import_args;
mod check;
mod complete;
mod completions;
mod diff;
mod diff_args;
mod duration;
mod explain;
mod generate;
mod init;
mod links;
mod lint;
mod lock;
mod lock_args;
mod man;
mod merge;
mod models;
mod output;
mod pager;
mod progress;
mod read;
mod safe;
mod screen;
mod settle;

use crate::diag::{Code, Finding, bound};
use args::{Cli, Command, Format};
use catalog_args::CatalogCommand;
use clap::{Parser as _, ValueEnum as _};
use output::Output;
use std::process::ExitCode;

/// How a run ended, as an exit code: `diff`, `cargo` and linters agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All is as it should be.
    Same = 0,
    /// Something differs, or a check found something.
    Different = 1,
    /// The command could not be carried out.
    Failed = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Same => Self::SUCCESS,
            Exit::Different => Self::from(1),
            Exit::Failed => Self::from(2),
        }
    }
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Failed } else { Exit::Same };
            output::usage(&error);
            return code.into();
        }
    };
    bound::multiply(cli.common.limits_times);
    let output = Output::new(&cli.common);
    if matches!(cli.common.format, Format::Markdown | Format::Html | Format::Sarif)
        && !matches!(
            cli.command,
            Command::Diff(_) | Command::Lock(_) | Command::Catalog(CatalogCommand::Diff(_))
        )
    {
        let word = cli.common.format.to_possible_value().map(|word| word.get_name().to_owned());
        let message = format!("`--format {}` is not for this command", word.unwrap_or_default());
        let help = "this command prints `human` and `json` only";
        output.findings(&[Finding::new(Code::SelectionUnknown, message).help(help)]);
        return Exit::Failed.into();
    }
    let common = &cli.common;
    let exit = match cli.command {
        Command::Init(args) => init::run(&args, common, output),
        Command::Generate(args) => generate::run(&args, common, output),
        Command::Lock(args) => lock::run(&args, common, output),
        Command::Catalog(CatalogCommand::Diff(args)) => return catalog_diff::run(&args, output),
        Command::Catalog(command) => catalog::run(&command, common, output),
        Command::Targets(args) => match &args.model {
            Some(name) => models::model(name, output),
            None if args.schema => output.json(&crate::report::targets_schema(), Exit::Same),
            None => read::targets(common, output),
        },
        Command::Show(args) => read::show(&args, output),
        Command::Check(args) => check::run(&args, common, output),
        Command::Lint(args) => lint::run(&args, common, output),
        Command::Diff(args) => return diff::run(&args, common, output),
        Command::Merge(args) => merge::run(&args, output),
        Command::Explain { code } => explain::run(code.as_deref(), output),
        Command::Complete(args) => complete::run(&args, output),
        Command::Completions(args) => completions::run(&args, output),
        Command::Man(args) => man::run(&args, output),
    };
    exit.into()
}
