//! The egressor binary.

fn main() -> std::process::ExitCode {
    egressor::cli::run()
}
