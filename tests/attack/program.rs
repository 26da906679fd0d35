//! Running the program with a bound on its memory.

use std::path::Path;
use std::process::{Command, Output};

/// The address space in KiB that adversarial input may take: what the limits promise, and the program itself.
const MEMORY: u32 = 3_000_000;

/// The program in a folder, which the kernel stops when it asks for more memory or time than any input may take.
pub(crate) fn egressor(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY}; ulimit -t 300; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_egressor"))
        .args(arguments)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs")
}
