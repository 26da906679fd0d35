//! What each command does, as a function. Nothing here prints.

mod diff;
pub mod files;
mod generate;
mod lock;
mod project;
mod prove;
mod scopes;
mod show;
mod wanted;

pub use diff::{DiffRequest, Diffed, Side, diff};
pub use generate::{Generated, Request, catalogs, generate};
pub use lock::{LockRequest, Locked, lock};
pub use project::Project;
pub use prove::{File, Proven, prove};
pub use show::{Shown, show};
