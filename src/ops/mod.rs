//! What each command does, as a function. Nothing here prints.

mod catalogs;
mod check;
mod diff;
pub mod files;
mod generate;
mod lint;
mod lock;
mod open;
mod project;
mod prove;
mod scopes;
mod show;
mod wanted;

pub use catalogs::catalogs;
pub use check::{Answered, CheckRequest, Checked, Deciding, Question, Verdict, Whom, check};
pub use diff::{DiffRequest, Diffed, Side, diff};
pub use generate::{Generated, OUT, Request, generate};
pub use lint::{LintRequest, Linted, lint};
pub use lock::{LockRequest, Locked, lock};
pub use open::{Opened, find, open};
pub use project::{Artifact, Project};
pub use prove::{File, Proven, prove};
pub use show::{Shown, show};
