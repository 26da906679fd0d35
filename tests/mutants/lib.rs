//! The layers that mutants are made in, as a crate that builds in seconds.

pub mod diag;
pub mod drift;
pub mod packet;
pub mod policy;
