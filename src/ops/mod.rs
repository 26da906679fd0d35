//! What each command does, as a function. Nothing here prints.

pub mod files;
mod generate;
mod lock;
mod prove;
mod show;

pub use generate::{Generated, Request, catalogs, generate};
pub use lock::{LockRequest, Locked, lock};
pub use prove::{File, Proven, prove};
pub use show::{Shown, show};
