//! The bodies of the targets: those that the tests run, too.

#[path = "../../tests/attack/bodies.rs"]
mod bodies;

pub use bodies::{names, run};
