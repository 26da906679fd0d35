//! The egressor binary.

/// What memory is taken from where the C library is musl, whose allocator is made to be small and not to be fast.
#[cfg(target_env = "musl")]
#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    egressor::cli::run()
}
