//! `egressor completions`: the script with which a shell completes commands, options and their values.

use super::Exit;
use super::args::{Cli, CompletionsArgs};
use super::output::Output;
use clap::CommandFactory as _;

pub(super) fn run(args: &CompletionsArgs, output: Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "egressor", &mut script);
    output.finish(&String::from_utf8_lossy(&script), Exit::Same)
}
