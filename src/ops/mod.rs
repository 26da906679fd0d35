//! What each command does, as a function. Nothing here prints.

mod prove;

pub use prove::{File, Proven, prove};
