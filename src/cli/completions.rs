//! `egressor completions`: the script with which a shell completes commands, options and their values.

use super::Exit;
use super::args::{Cli, CompletionsArgs};
use super::complete::{Asking, script};
use super::output::Output;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub(super) fn run(args: &CompletionsArgs, output: Output) -> Exit {
    let asking = match args.shell {
        Shell::Bash => Some(Asking::Bash),
        Shell::Zsh => Some(Asking::Zsh),
        Shell::Fish => Some(Asking::Fish),
        // Their scripts hold the commands and options, and do not ask what values there are.
        _ => None,
    };
    if let Some(shell) = asking {
        return output.finish(script(shell), Exit::Same);
    }
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "egressor", &mut script);
    output.finish(&String::from_utf8_lossy(&script), Exit::Same)
}
