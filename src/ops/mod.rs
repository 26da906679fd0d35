//! What each command does, as a function. Nothing here prints.

mod against;
mod check;
mod diff;
pub mod files;
mod generate;
mod lint;
mod lock;
mod project;
mod prove;
mod scopes;
mod show;
mod wanted;

pub use check::{Answered, CheckRequest, Checked, Deciding, Question, Verdict, Whom, check};
pub use diff::{DiffRequest, Diffed, Side, diff};
pub use generate::{Generated, Request, catalogs, generate};
pub use lint::{LintRequest, Linted, lint};
pub use lock::{LockRequest, Locked, lock};
pub use project::Project;
pub use prove::{File, Proven, prove};
pub use show::{Shown, show};
