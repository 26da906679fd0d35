//! What each command does, as a function. Nothing here prints.

mod against;
mod beside;
mod catalog_diff;
mod catalog_import;
mod catalogs;
mod check;
mod custom;
mod diff;
pub mod files;
mod forms;
mod generate;
mod limit;
mod lint;
mod lock;
mod merge;
mod open;
mod project;
mod prove;
mod shipped;
mod show;
mod wanted;

pub use catalog_diff::{CatalogDiffRequest, CatalogDiffed, catalog_diff};
pub use catalog_import::{ImportRequest, ImportStatus, Imported, catalog_import};
pub use catalogs::catalogs;
pub use check::{Answered, CheckRequest, Checked, Deciding, Question, Verdict, Whom, check};
pub use diff::{DiffRequest, Diffed, Side, diff};
pub use generate::{Generated, OUT, Request, generate};
pub use limit::too_large;
pub use lint::{LintRequest, Linted, lint};
pub use lock::{HostChange, LockMode, LockRequest, Locked, lock};
pub use merge::{Merge, merge};
pub use open::{Opened, find, open};
pub use project::{Artifact, Project};
pub use prove::{File, Proven, prove};
pub use shipped::shipped;
pub use show::{Shown, show, show_before};
