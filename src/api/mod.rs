//! The library: a small layer over everything else, and the only part of the crate that is stable.
//!
//! Everything here takes and gives values of its own and of the standard library, so that neither a dependency nor the
//! inside of the program shows. What is wrong with an input is a [`Refused`] with all of its findings.

mod catalog;
mod difference;
mod finding;
mod policy;
mod project;
mod target;

pub use catalog::{Catalog, Lock};
pub use difference::{Change, Difference, Effect, Verdict};
pub use finding::{Finding, Refused, Severity};
pub use policy::{Answer, Decision, Direction, Policy};
pub use project::{File, Generated, Project};
pub use target::Target;
