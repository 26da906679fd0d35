//! How two policies differ.

mod change;
mod compare;
mod cover;
mod in_step;
mod rewritten;
mod unchanged;
mod verdict;
mod verify;
mod whole;

pub use change::{Change, Effect, Ended, Explained};
pub use compare::{Difference, Doubt, Uncompared, compare};
pub use cover::Kind;
pub use verdict::Verdict;
pub use verify::{Mismatch, verify};
pub use whole::{Drift, ScopeDrift, Terms, drift};
