//! How far a reader goes with a text that stands for more than it says: one factor for all of their limits.
//!
//! The limits lie far above what anyone writes and below what fills a machine. Whoever has more than that says so once,
//! for the whole run, so the factor belongs to the process and not to each of the readers. It changes no meaning: a text
//! is read whole or refused. Nesting has limits of its own, which follow from the stack and cannot be raised.

use std::sync::atomic::{AtomicU32, Ordering};

static TIMES: AtomicU32 = AtomicU32::new(1);

/// The flag that raises the limits, for messages.
pub const FLAG: &str = "if it is meant, raise the limit with `--limits-times 8`";

/// Multiplies every limit from now on. The command line does this before anything is read.
pub fn multiply(times: u32) {
    TIMES.store(times, Ordering::Relaxed);
}

/// A limit as it holds in this run.
pub fn of(limit: usize) -> usize {
    let times = usize::try_from(TIMES.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
    limit.saturating_mul(times)
}
